"""Where `tropa-server` begins."""

import gc


def main() -> None:
    """The console command."""
    # What is loaded stays to the end: to look through it for what may go, while it is loaded and
    # once more at the end, would take two fifths of the time that a short command takes.
    gc.disable()
    from bot.cli import main as begin

    gc.freeze()
    gc.enable()
    begin()
