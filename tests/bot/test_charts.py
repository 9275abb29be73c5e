"""Charts as they are really drawn: in a process that ends, knows nothing and leaves nothing."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.charts import COMMAND, ENVIRONMENT, Charts
from handlers.charts import Chart, Column

MONTHS = ("ноя", "дек", "янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя")
CHART = Chart(
    title="Тропа",
    period="ноябрь 2025 – ноябрь 2026",
    bars="Запросы",
    share="Военные, которые хотят уйти",
    unit="Доля всех запросов",
    hidden="скрыто",
    columns=tuple(
        Column(month, "", 100 + 10 * at if at else None, 3 * at if at > 1 else None, 7)
        for at, month in enumerate(MONTHS)
    ),
)
BARS = Chart(
    "Trail", "November 2026", "Requests", "", "", "hidden", (Column("Nov", "2026", 12_345),)
)
NOTHING = Chart(
    "Trail",
    "November 2026",
    "Requests",
    "Soldiers",
    "of all",
    "hidden",
    (Column("Nov", "2026", None),),
)
STRICT = (*COMMAND[:1], "-W", "error", *COMMAND[1:])
"""A sign that the font lacks, a file that cannot be written aloud: whatever it warns of ends it."""


async def drawn(chart: Chart) -> Image.Image:
    made = await Charts(STRICT)(chart)
    assert made is not None
    image = Image.open(io.BytesIO(made))
    image.load()
    return image


def test_a_chart_goes_to_the_process_and_arrives_whole() -> None:
    assert Chart.from_json(CHART.to_json()) == CHART


@pytest.mark.parametrize("chart", [CHART, BARS, NOTHING])
async def test_a_chart_is_as_large_as_telegram_leaves_it(chart: Chart) -> None:
    image = await drawn(chart)
    assert image.width == 1080
    assert 500 < image.height <= 1280


async def test_a_hidden_month_looks_like_no_value(tmp_path: Path) -> None:
    """The first column has no patch as dark as a bar, the second has."""
    image = (await drawn(CHART)).convert("L")
    width = image.width // len(MONTHS)
    places = [(38 + at * width, 240, 38 + (at + 1) * width, 570) for at in range(2)]
    dark = [sum(image.crop(place).histogram()[:100]) for place in places]
    assert dark[0] < dark[1] / 4


async def test_a_name_is_not_read_as_a_formula() -> None:
    await drawn(Chart("$x_{$", "$", "\\frac$1$", "$$", "$", "$", BARS.columns))


async def test_whatever_goes_wrong_there_is_no_chart_and_the_operator_hears_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "tropa")
    fails = (sys.executable, "-c", "raise SystemExit(3)")
    waits = (sys.executable, "-c", "import time; time.sleep(600)")
    assert await Charts(fails)(CHART) is None
    assert await Charts(("/nowhere/python",))(CHART) is None
    assert await Charts(waits, seconds=0.5)(CHART) is None
    assert [line.partition(":")[0] for line in caplog.messages] == [
        "a chart cannot be drawn",
        "a chart cannot be drawn",
        "a chart was not drawn within 0 seconds",
    ]


async def test_the_process_is_given_nothing_of_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETURN_KEY", "secret")
    told = (sys.executable, "-I", "-c", "import os; print(' '.join(os.environ))")
    names = await Charts(told)(CHART)
    assert names is not None
    assert set(names.decode().split()) <= {*ENVIRONMENT, "LC_CTYPE"}


def test_drawing_leaves_no_file_anywhere(tmp_path: Path) -> None:
    """Promise 1: also where a home and a folder for temporary files are there to be written to."""
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), str(tmp_path))
    done = subprocess.run(
        COMMAND,
        input=CHART.to_json(),
        capture_output=True,
        env={**ENVIRONMENT, **places},
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout.startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == []


def test_the_server_itself_never_holds_the_library() -> None:
    look = (
        "import sys, bot.cli, handlers.coordinators;"
        "print({'matplotlib', 'numpy', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "set()"
