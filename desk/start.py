"""Where `tropa` begins. Loading the rest takes a moment, in which Ctrl-C ends it without a word."""

import signal


def main() -> None:
    """The console command."""
    patient = signal.getsignal(signal.SIGINT)
    # Whoever started it may have had it ignore Ctrl-C; that stays.
    if patient is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from desk.cli import main as begin

    signal.signal(signal.SIGINT, patient)
    begin()
