"""What a chart looks like: requests by month as bars, a share of them as a line below.

Made for a phone: figures stand at their bars and points, and there are no other axes to read them
from. A hidden month is hatched from top to bottom, so that it looks like no value at all; where a
share is known to be below something, up to there. Dark on light alone tells things apart: in grey
nothing is lost.
"""

import io
import textwrap
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from handlers.charts import Chart

WIDTH, DPI = 1080, 100
"""Pixels. What is larger than 1280 either way Telegram makes smaller, and blurs."""

INK, DIM, FAINT, LINE, OWN, SHEET = (
    "#1c2324", "#5a6464", "#b9b9b0", "#d8d5cc", "#17614f", "#fffefb",
)  # fmt: skip
"""The desk's colours."""

TITLE, HEADING, LABEL, MONTH = 31.0, 28.0, 23.0, 21.5
"""Points; 23 of them are 32 pixels, on a phone as large as small print."""

HEAD, BARS, SHARE, FOOT, GAP = 144, 520, 568, 84, 34
"""Pixels: the title, the bars, the share, in each of both the names of the months, and between."""

LEFT, RIGHT = 0.035, 0.965
"""Where everything begins and ends, in parts of the width."""

FEWEST: Final = 6
"""Columns that there is room for at least: the bars of two months would be as wide as a phone."""

BAR: Final = 0.74
"""The width of a bar, in columns."""


def png(chart: Chart) -> bytes:
    """The picture. Without pyplot, which would look for a screen and keep every figure."""
    mpl.rcParams["text.parse_math"] = False  # a dollar sign in a name is a dollar sign
    mpl.rcParams["hatch.linewidth"] = 1.3
    height = HEAD + BARS + (GAP + SHARE if chart.share else 0)
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=SHEET)
    FigureCanvasAgg(figure)
    _write(figure, 28, chart.title, TITLE, INK, bold=True)
    _write(figure, 82, chart.period, LABEL, DIM)
    _write(figure, HEAD, chart.bars, HEADING, INK, bold=True)
    _bars(_panel(figure, HEAD + 50, HEAD + BARS - FOOT), chart)
    if chart.share:
        top = HEAD + BARS + GAP
        _write(figure, top, chart.share, HEADING, INK, bold=True)
        _write(figure, top + 50, f"{chart.unit}, %", LABEL, DIM)
        _line(_panel(figure, top + 96, height - FOOT), chart)
    made = io.BytesIO()
    figure.savefig(made, format="png", facecolor=SHEET)
    return made.getvalue()


def _write(
    figure: Figure, top: float, words: str, size: float, color: str, *, bold: bool = False
) -> None:
    """A line so many pixels below the upper edge; what is too long for it is cut."""
    words = textwrap.shorten(words, int(1280 / size), placeholder="…")
    weight = "bold" if bold else "normal"
    place = 1 - top / _height(figure)
    figure.text(LEFT, place, words, size=size, weight=weight, color=color, va="top")


def _panel(figure: Figure, top: float, bottom: float) -> Axes:
    """Room for columns between two lines, in pixels below the upper edge."""
    height = _height(figure)
    place = (LEFT, 1 - bottom / height, RIGHT - LEFT, (bottom - top) / height)
    panel = figure.add_axes(place, facecolor="none")
    for side in ("left", "right", "top"):
        panel.spines[side].set_visible(False)
    panel.spines["bottom"].set_color(DIM)
    panel.set_xticks([])
    panel.set_yticks([])
    return panel


def _height(figure: Figure) -> float:
    return float(figure.get_figheight()) * DPI


def _bars(panel: Axes, chart: Chart) -> None:
    counts = [column.count for column in chart.columns]
    most = _columns(panel, chart, counts)
    size = _fitting(counts, len(chart.columns))
    for at, count in enumerate(counts):
        if count is None:
            _hidden(panel, at, most, chart.hidden)
        else:
            panel.add_patch(Rectangle((at - BAR / 2, 0), BAR, count, facecolor=OWN))
            _value(panel, at, count, str(count), size)


def _line(panel: Axes, chart: Chart) -> None:
    percents = [column.percent for column in chart.columns]
    bounds = [column.below for column in chart.columns]
    most = _columns(panel, chart, [*percents, *bounds])
    known = [float("nan") if percent is None else float(percent) for percent in percents]
    panel.plot(range(len(known)), known, color=OWN, linewidth=4, marker="o", markersize=13,
               markeredgecolor=SHEET, markeredgewidth=2.5, clip_on=False, zorder=3)  # fmt: skip
    for at, (percent, below) in enumerate(zip(percents, bounds, strict=True)):
        if percent is not None:
            _value(panel, at, percent, str(percent), LABEL, above=14)
        elif below is not None:
            _hatched(panel, at, below)
            _value(panel, at, below, f"< {below}", LABEL * 0.85)
        else:
            _hidden(panel, at, most, chart.hidden)


def _columns(panel: Axes, chart: Chart, values: Sequence[int | None]) -> float:
    """Months along the foot, and room for the largest value; returns how high the panel is."""
    most = max([1, *(value for value in values if value is not None)]) * 1.16
    panel.set_ylim(0, most)
    panel.set_xlim(-0.5, max(len(chart.columns), FEWEST) - 0.5)
    for at, column in enumerate(chart.columns):
        for words, below in ((column.month, 25), (column.year, 50)):
            panel.annotate(words, (at, 0), (0, -below), textcoords="offset points", size=MONTH,
                           color=INK, ha="center", annotation_clip=False)  # fmt: skip
    return most


def _value(panel: Axes, at: int, value: float, words: str, size: float, above: float = 5) -> None:
    panel.annotate(words, (at, value), (0, above), textcoords="offset points", size=size,
                   color=INK, ha="center", va="bottom", zorder=4)  # fmt: skip


def _hidden(panel: Axes, at: int, most: float, word: str) -> None:
    _hatched(panel, at, most)
    panel.text(at, most / 2, word, size=LABEL, color=INK, rotation=90, ha="center", va="center",
               bbox={"facecolor": SHEET, "edgecolor": "none", "pad": 3.5})  # fmt: skip


def _hatched(panel: Axes, at: int, height: float) -> None:
    place = (at - BAR / 2, 0)
    panel.add_patch(Rectangle(place, BAR, height, facecolor="none", edgecolor=FAINT, hatch="//"))


def _fitting(counts: Sequence[int | None], columns: int) -> float:
    """The size at which the longest number does not touch its neighbours."""
    digits = max(len(str(count)) for count in counts)
    room = (RIGHT - LEFT) * WIDTH / max(columns, FEWEST)
    return min(LABEL, room / digits / 0.7 * 72 / DPI)
