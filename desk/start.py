"""Where `tropa` begins. Loading the rest takes a moment, in which Ctrl-C ends it without a word."""

import gc
import signal


def main() -> None:
    """The console command."""
    patient = signal.getsignal(signal.SIGINT)
    # Whoever started it may have had it ignore Ctrl-C; that stays.
    if patient is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What is loaded stays to the end: to look through it for what may go, while it is loaded and
    # once more at the end, would take a quarter of the time that a short command takes.
    gc.disable()
    from desk.cli import main as begin

    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGINT, patient)
    begin()
