"""The errors that cross the whole program, in the terms of who meets them."""


class TropaError(Exception):
    """The root. The text is a sentence that says what is wrong and what to do next."""


class LineClosed(TropaError):
    """The roster is missing, forged, rolled back or expired: nothing may come in."""


class StorageUnavailable(TropaError):
    """Nothing can be kept at the moment; what was kept before is safe."""
