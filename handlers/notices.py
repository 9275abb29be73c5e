"""The short lines that tell why something was removed or could not be done."""

from collections.abc import Mapping
from typing import Final

from handlers.texts import mark

SAVE_FAILED: Final = mark("That could not be kept just now. Please tap again in a minute.")
FAILED: Final = mark("Something went wrong. Please tap again; if it stays so, send /start.")
OLD: Final = mark("This button is out of date.")
NOT_NOW: Final = mark("What you typed was removed: please use the buttons here.")
CODE_INSIDE: Final = mark("A code was removed: you need none here, you are in already.")
CODE_AT_INTERVIEW: Final = mark(
    "A code was removed. To use it, first send or erase the answers that are open here."
)

_VIDEO: Final = mark("A video was removed. Please send no videos here.")
_FILE: Final = mark("A file was removed. Please send no files here.")
_PLACE: Final = mark("A location was removed. Never send where you are.")
_OTHER: Final = mark("A message was removed: nothing of this kind can be taken here.")

_REMOVED: Final[Mapping[str, str]] = {
    "photo": mark("A photo was removed. Please send no photos here."),
    "video": _VIDEO,
    "animation": _VIDEO,
    "video_note": _VIDEO,
    "document": _FILE,
    "audio": _FILE,
    "voice": mark("A voice message was removed. Please type instead."),
    "location": _PLACE,
    "venue": _PLACE,
    "contact": mark("A contact was removed. Please send no phone numbers."),
    "sticker": mark("A sticker was removed. Please use the buttons."),
    "edited": mark("A changed message was removed. Please type it anew."),
}


def removed(kind: str) -> str:
    """Why a message of this kind was removed (an English sentence, to be said)."""
    return _REMOVED.get(kind, _OTHER)
