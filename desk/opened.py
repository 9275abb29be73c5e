"""A case that was opened, and how it is shown: on the terminal, on paper, for programs."""

from dataclasses import dataclass, replace
from pathlib import Path

from desk.bundle import is_bundle, read_bundle
from desk.case_view import Around, case_json, show_apart, show_case, show_faults
from desk.casework import Casework
from desk.desk import Desk
from desk.gossip import differences
from desk.held import Held
from desk.paper import as_text, pages
from desk.past import known
from desk.reading import Contents, Reading, open_case, read_case
from desk.working import at_work, find_case, is_here
from intake.questions import Form
from intake.roster import Roster
from intake.wire import CaseFile


@dataclass(frozen=True, slots=True)
class Opened:
    """`roster`: whose signatures count, the one accepted last."""

    case: CaseFile
    contents: Contents
    form: Form
    roster: Roster | None

    @property
    def language(self) -> str:
        """The person's."""
        return self.contents.language or self.case.header.language

    def reading(self, desk: Desk) -> Reading | None:
        """In the reader's language; None where no answers opened."""
        language, now = desk.settings.language, desk.clock()
        return read_case(self.case.header, self.contents, self.form, language, now)

    def around(self, *, notes: bool = True) -> Around:
        return Around(self.contents.exchange, self.case.openers, self.roster, notes)


def open_any(desk: Desk, argument: str) -> Opened:
    """The case that is meant: from a file or of this machine, else asked of the server.

    Without a server nobody is asked: such a desk works from files alone.
    """
    if is_bundle(argument):
        return open_here(desk, read_bundle(desk, Path(argument)))
    if is_here(desk, argument):
        return open_here(desk, Held(desk.home).find(argument))
    with at_work(desk) as casework:
        return open_with(casework, find_case(casework, argument))


def open_with(casework: Casework, case: CaseFile) -> Opened:
    """With the roster in force, and the form from the server where it is not here yet."""
    return Opened(case, casework.open(case), casework.form(case), casework.roster)


def open_here(desk: Desk, case: CaseFile) -> Opened:
    """With what is on this machine alone: no network is used."""
    roster = desk.trust.last_roster()
    contents = open_case(case, desk.unlock(), roster)
    contents = replace(contents, apart=differences(contents.exchange, known(desk)))
    return Opened(case, contents, desk.trust.form(case.header.form), roster)


def show(desk: Desk, opened: Opened, *, as_json: bool, paper: bool) -> None:
    """The case; what is strange about it is told beside it and makes the command fail."""
    header, faults = opened.case.header, opened.contents.faults
    reading = opened.reading(desk)
    if as_json:
        every = (*faults, *opened.contents.apart)
        desk.tell_json(case_json(desk, header, reading, every, opened.around()))
    elif reading is not None and paper:
        text = as_text(desk, reading, opened.form, opened.around())
        desk.out.file.write(pages(desk, text, header.id))
    elif reading is not None:
        show_case(desk, reading, opened.form, opened.around())
        desk.out.print()
    if faults:
        desk.failed = True
        if not as_json:
            show_faults(desk, faults, header.id)
    if opened.contents.apart and not as_json:
        show_apart(desk, opened.contents.apart)
