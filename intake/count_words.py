"""What the tables of the counts are called, and how each figure is defined; in English.

Names of the organisation's own tables and answers come with its form. The translations stand in
`locales/*/counts.po`, for the server and the desk alike.
"""

from typing import Final

from intake.case import Level
from intake.counting import (
    ANSWERS,
    BROKEN,
    CLOSINGS,
    KEPT,
    LANGUAGE,
    LONGER,
    OUTCOME,
    PROMISE,
    REQUESTS,
    URGENCY,
    WAITED,
)
from intake.records import Outcome

AGE: Final = "age"
SKILL: Final = "skill"
DUE: Final = "due"
LATE, SOON, LATER = "late", "soon", "later"

BASES: Final = {
    REQUESTS: "Requests",
    ANSWERS: "First answers",
    CLOSINGS: "Closed for the first time",
    "waiting": "Requests that wait",
}

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""As they stand beside a year: November 2026."""

SHARE: Final = "Share of all requests"
HIDDEN: Final = "hidden"
ABOUT: Final = "about {count}"
AT_LEAST: Final = "at least {count}"
OF: Final = "{count} of {whole}"
FEW_OF: Final = "fewer than {count} of {whole}"

ASKED: Final = "{label}: {count} asked for help ({period})."
SHARE_NOW: Final = "{label}: about {percent} of all requests in {month} ({of})."
SHARE_SINCE: Final = (
    "{label}: about {percent} of all requests in {month} ({of}), against {before} in {then} "
    "({of_before})."
)
LARGEST: Final = (
    "{label}, the largest part: {cell}, about {percent} ({count} of {whole}; {period})."
)
HALF_ANSWERED: Final = (
    "Half of the first answers came within: {within} ({month}, {answers} answers)."
)
IN_TIME: Final = "About {percent} of the first answers came in time ({of}, {month})."
TOLD: Final = "{label}: {figures} ({period})."

TABLES: Final = {
    LANGUAGE: "Language of the chat",
    URGENCY: "Urgency",
    WAITED: "Time to the first answer",
    PROMISE: "First answer in time",
    OUTCOME: "Outcome",
    AGE: "Waiting for",
    SKILL: "Waiting, by the skill wanted",
    DUE: "Promised first answers",
}

CELLS: Final = {
    URGENCY: {level.value.lower(): level.value for level in Level},
    WAITED: {
        "h6": "up to 6 hours",
        "h24": "up to a day",
        "d3": "up to 3 days",
        "d7": "up to a week",
        LONGER: "longer than a week",
    },
    PROMISE: {KEPT: "in time", BROKEN: "too late"},
    OUTCOME: {
        Outcome.INFORMED.value: "Informed",
        Outcome.REFERRED.value: "Referred to others",
        Outcome.LEGAL_HELP.value: "Legal help given",
        Outcome.SAFE.value: "Reached safety",
        Outcome.ASYLUM_FILED.value: "Asylum filed",
        Outcome.ASYLUM_GRANTED.value: "Asylum granted",
        Outcome.UNREACHABLE.value: "Cannot be reached any more",
        Outcome.WITHDREW.value: "Does not want help any more",
        Outcome.NOT_ELIGIBLE.value: "Not what we can help with",
        Outcome.HOSTILE.value: "Suspected hostile",
        Outcome.DUPLICATE.value: "Duplicate",
    },
    DUE: {LATE: "overdue", SOON: "due within a day", LATER: "due later"},
}

MEANINGS: Final = {
    REQUESTS: (
        "A request counts once, when it is sent, in that month. What the person writes later does "
        "not count. Somebody who asks twice counts twice; nobody can tell. What is erased later "
        "stays counted."
    ),
    ANSWERS: "The first reply to a request counts, in the month it is given; later ones do not.",
    CLOSINGS: (
        "Closing a case counts with its outcome, the first time, in that month; what is erased "
        "without having been closed does not."
    ),
    WAITED: "From the hour in which the request came until the first reply, in classes.",
    PROMISE: "In time: before the hour that the urgency of the request promised.",
    "waiting": (
        "Open requests in which it is our turn, counted once a day. One that waits longer than a "
        "week stands in the total and under that alone."
    ),
}

SEVERAL: Final = "One request can stand in several lines: they do not add up to the whole."

ROUNDING: Final = (
    "Every figure is moved at random by a little and rounded to {rounding}; what could stand for "
    "fewer than {smallest}, and what would betray it, is hidden. A month is counted until it "
    "ends, shown {days} days later, and never changed."
)


def sentences() -> list[str]:
    """Everything here that is translated."""
    cells = [word for table in CELLS.values() for word in table.values()]
    names = [*BASES.values(), *TABLES.values(), *cells, *MEANINGS.values(), *MONTHS]
    told = [ASKED, SHARE_NOW, SHARE_SINCE, LARGEST, HALF_ANSWERED, IN_TIME, TOLD]
    return [*names, *told, SHARE, HIDDEN, ABOUT, AT_LEAST, OF, FEW_OF, SEVERAL, ROUNDING]
