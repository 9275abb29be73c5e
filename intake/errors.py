"""The errors that cross the whole program, in the terms of who meets them."""


class TropaError(Exception):
    """The root. The text is a sentence that says what is wrong and what to do next."""


class LineClosed(TropaError):
    """The roster is missing, forged, rolled back or expired: nothing may come in."""


class NoRoom(Exception):
    """The case holds as much as it can. What was to be added is where it was."""


class StorageUnavailable(TropaError):
    """Nothing can be kept at the moment; what was kept before is safe."""
