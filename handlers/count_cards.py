"""What a member sees in Telegram of the counts: the sentences, the chart, and what it shows.

Pure: what may be shown in, cards out. Every figure is one of `intake.figures`, every sentence one
of `intake.count_story`, as at the desk.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from handlers.buttons import Verb
from handlers.charts import Chart, Column
from handlers.layout import Pen, bold, card, faint, shortened, text
from handlers.ports import Card
from intake import count_words as words
from intake.count_story import Sentence, percent_of, rounding, story
from intake.counting import REQUESTS
from intake.counts import Shown
from intake.figures import Figure, Month, Reader, months

LATEST: Final = 13
"""Months on the chart: the last beside the same one a year ago."""

LONGEST: Final = 3_900
"""Units of a card, which holds 4,096; the rest is for headings."""

LONGEST_LEGEND: Final = 700
"""Units of the months under the chart, where 1,024 fit in all."""

LONGEST_NAME: Final = 140


def not_hers(pen: Pen) -> Card:
    return _card(pen, text(pen.say("Your role does not open the counts: coordinators do.")))


def nothing_yet(pen: Pen, shown: Shown, reader: Reader, ends: datetime | None = None) -> Card:
    """Before the first month is shown. `ends`: when the line closes, where that is near."""
    say = pen.say
    first = say("The first month, {month}, is shown from {day} on.").format(
        month=reader.month(shown.next_month), day=f"{shown.next_from:%d.%m.%Y}"
    )
    return _card(
        pen,
        text(say("There are no counts to show yet.")),
        text(first),
        _ending(pen, ends),
        faint(rounding(shown.rules, reader)),
    )


def told(
    pen: Pen, shown: Shown, reader: Reader, ends: datetime | None = None, *, charted: bool
) -> Card:
    """The sentences, and folded under them how each is defined. `charted`: the chart follows."""
    say, sentences = pen.say, story(shown, reader)
    lines = [f"{number}. {sentence.text}" for number, sentence in enumerate(sentences, 1)]
    note = rounding(shown.releases[-1].rules, reader)
    ending = _ending(pen, ends)
    room = LONGEST - _units(note) - _units(ending)
    lines = _fitting(lines, room)
    room -= sum(_units(line) + 2 for line in lines)
    definitions = [*_fitting(_definitions(sentences), room), note]
    return _card(
        pen,
        bold(say("The counts")),
        *(text(line) for line in lines),
        "" if lines else text(say("Of these months nothing can be said in a sentence.")),
        ending,
        _folded(say("How it is counted"), definitions),
        "" if charted else text(say("The chart could not be sent. Again: /counts")),
    )


def chart(shown: Shown, reader: Reader) -> Chart:
    """Requests and the organisation's first share, over the last year."""
    latest = months(shown, reader)[-LATEST:]
    share = next(iter(latest[-1].shares), None)
    return Chart(
        title=shown.organisation,
        period=reader.period(latest[0].month, latest[-1].month),
        bars=reader.say(words.BASES[REQUESTS]),
        share=share.label if share else "",
        unit=share.table_label if share else "",
        hidden=reader.say(words.HIDDEN),
        columns=tuple(_column(month, share, reader, first=month is latest[0]) for month in latest),
    )


def legend(shown: Shown, reader: Reader) -> str:
    """Under the chart: whose and of when it is, and folded the same figures to be read aloud."""
    latest = months(shown, reader)[-LATEST:]
    share = next(iter(latest[-1].shares), None)
    heads = [reader.say(words.BASES[REQUESTS]), *([share.label] if share else [])]
    lines = [_line(month, share, reader) for month in reversed(latest)]
    period = reader.period(latest[0].month, latest[-1].month)
    return "\n".join(
        [
            faint(shortened(f"{shown.organisation}, {period}", LONGEST_NAME)),
            _folded(shortened("; ".join(heads), LONGEST_NAME), _fitting(lines, LONGEST_LEGEND)),
        ]
    )


def _ending(pen: Pen, ends: datetime | None) -> str:
    """Whoever is asked for figures knows whom to ask for signatures."""
    if ends is None:
        return ""
    words = pen.say(
        "The roster ends on {day}, and the line closes then: ask the organisation to extend it."
    )
    return text(words.format(day=f"{ends:%d.%m.%Y}"))


def _column(month: Month, share: Figure | None, reader: Reader, *, first: bool) -> Column:
    part = _part(month, share)
    return Column(
        month=reader.month(month.month)[:3],
        year=month.month[:4] if first or month.month.endswith("-01") else "",
        count=month.total(REQUESTS).count,
        percent=part.percent if part else None,
        below=part.below if part else None,
    )


def _line(month: Month, share: Figure | None, reader: Reader) -> str:
    count, hidden = month.total(REQUESTS).count, reader.say(words.HIDDEN)
    shown = [hidden if count is None else str(count)]
    if share is not None:
        part = _part(month, share)
        shown.append((percent_of(part) if part else None) or hidden)
    return f"{reader.month(month.month)}: {'; '.join(shown)}"


def _part(month: Month, share: Figure | None) -> Figure | None:
    """The month's figure of the same share."""
    return next((one for one in month.shares if share and one.cell == share.cell), None)


def _definitions(sentences: Sequence[Sentence]) -> list[str]:
    """Each definition once, behind the numbers of its sentences."""
    numbers: dict[str, list[str]] = {}
    for number, sentence in enumerate(sentences, 1):
        numbers.setdefault(sentence.definition, []).append(str(number))
    return [f"{', '.join(of)}. {words}" for words, of in numbers.items() if words]


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """The first of them that fit whole, with a sign where some do not."""
    kept: list[str] = []
    for line in lines:
        room -= _units(line) + 2
        if room < 0:
            return [*kept, "…"]
        kept.append(line)
    return kept


def _folded(heading: str, lines: Iterable[str]) -> str:
    inside = "\n".join([bold(heading), *(text(line) for line in lines)])
    return f"<blockquote expandable>{inside}</blockquote>"


def _units(words: str) -> int:
    """As Telegram counts them."""
    return len(words.encode("utf-16-le", "replace")) // 2


def _card(pen: Pen, *paragraphs: str) -> Card:
    return card(paragraphs, [[pen.plain_key(pen.say("Hide"), Verb.HIDE)]])
