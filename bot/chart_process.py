"""The process that draws one chart: JSON on standard input, a PNG on standard output.

Run by `bot.charts`, so that the server never holds matplotlib. It knows nothing but the chart,
which may be shown, and leaves nothing behind: matplotlib would keep a list of fonts in a folder of
the user's or in a temporary one, but here no file can be written at all (promise 1).
"""

import os
import resource
import sys
from typing import Final

from crypto.process import lock_down
from handlers.charts import Chart

CPU_SECONDS: Final = 30


def main() -> None:
    lock_down()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # pipes are no files
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    import matplotlib as mpl

    # Where the list of fonts would lie; read and written when the rest of the library is imported.
    mpl.get_cachedir = lambda: os.devnull
    from bot.drawing import png

    sys.stdout.buffer.write(png(Chart.from_json(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
