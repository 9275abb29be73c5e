"""Names that the eye takes for one another: a card of somebody else's under a colleague's name.

Letters of several alphabets look the same, and so do some digits. What is compared is a name in the
plainest signs that it could be read as; it is nothing to be shown. Pure.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

_CAPITALS: Final = str.maketrans("IІΙ", "lll")
"""Before all are made small: these are taken for another letter than the small ones."""

_SIGNS: Final = str.maketrans(
    # Cyrillic, small: also those that only the capitals of are like Latin ones.
    "авекмнорстухіјѕӏһԁԛԝпиьгʙ"
    # Greek, small.
    "αβεηικμνορτυχγ"
    # Digits, and what looks like them.
    "013з",
    "abekmhopctyxijslhdqwnubrb" + "abenikmvoptuxy" + "ol33",
)

_BETWEEN: Final = str.maketrans("", "", " -_.'")


def looks(name: str) -> str:
    """The same for names that can be taken for one another."""
    letters = unicodedata.normalize("NFKD", name.translate(_CAPITALS).casefold())
    plain = "".join(one for one in letters if not unicodedata.combining(one)).translate(_SIGNS)
    return plain.translate(_BETWEEN).replace("rn", "m").replace("vv", "w")


def taken_for(name: str, others: Iterable[str]) -> str | None:
    """The first of the `others` that it can be taken for without being it."""
    own = looks(name)
    return next((one for one in others if one != name and looks(one) == own), None)
