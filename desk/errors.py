"""What a command cannot do, told as one sentence that says what to do next.

The sentence is a gettext id with named gaps, so that it can be shown in another language.
"""


class DeskError(Exception):
    """`msgid` is the English sentence; `values` fill its gaps and never hold what a person said."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid.format(**values))
        self.msgid = msgid
        self.values = values


class Stopped(KeyboardInterrupt):
    """Ctrl-C, and what came of it was told already."""
