"""`tropa join`, `queue`, `take`, `open`, `give-back`, `cases`: a volunteer's day.

What comes from the server is ciphertext and stays so on the disk; a case is opened in memory, for
the terminal alone.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from desk.casework import GONE, Casework
from desk.client import Turned, checked_url
from desk.desk import SERVER, Desk, desk_of
from desk.errors import DeskError
from desk.held import Held, pick
from desk.home import SMALL, read_file
from desk.link_commands import join_offline
from desk.notices import ending_notices
from desk.notices import show as show_notices
from desk.opened import Opened, open_any, open_with, show
from desk.queue_view import SHORT, hers, in_order, queue_table
from desk.watch import watch
from desk.working import CaseArgument, Json, at_work, find_case, find_waiting, short, tell_done
from intake.case import Level
from intake.questions import Form
from intake.roster import Organisation, Roster
from intake.wire import CaseFile, Queue


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the groups."""
    app.command("join")(join)
    app.command("queue")(queue)
    app.command("take")(take)
    app.command("open")(open_)
    app.command("give-back")(give_back)
    app.command("cases")(cases)


def join(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The server's address.")],
    organisation: Annotated[
        Path | None,
        typer.Argument(metavar="ORGANISATION", help="The organisation.json you were given."),
    ] = None,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="On a machine that never goes online: without the URL."),
    ] = False,
) -> None:
    """Remember the server, and the keys whose signatures this desk believes."""
    desk = desk_of(context)
    if offline:
        join_offline(desk, organisation or Path(url))
        return
    if organisation is None:
        raise DeskError("Name the file of your organisation too: tropa join URL organisation.json")
    address = checked_url(url)
    desk.trust.pin(Organisation.from_payload(read_file(organisation, SMALL)))
    desk.home.write(SERVER, json.dumps({"url": address}).encode())
    with desk.client(None) as client:
        roster = desk.current_roster(client)
        desk.form_in_use(client, roster)
    desk.tell(
        "Joined {name}: the roster is signed, epoch {epoch}.",
        name=roster.organisation,
        epoch=roster.epoch,
    )
    if not desk.has_identity:
        desk.tell(
            "There is no identity on this machine yet: tropa identity new. With recovery lists "
            "none is needed: tropa recover"
        )
        return
    sealing = desk.card().sealing
    me = next((member for member in roster.members if member.sealing_key == sealing), None)
    show_notices(desk, ending_notices(desk, roster, () if me is None else (me,), own=True))
    if me is not None and me.opens_counts:
        desk.tell("The counts are open to you: tropa counts")
    if me is None:
        desk.warn("You are not on the roster yet. Send your card: tropa identity show")


def queue(
    context: typer.Context,
    as_json: Json = False,
    level: Annotated[Level | None, typer.Option("--level", help="Only this urgency.")] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Only this language, two letters.")
    ] = None,
    skill: Annotated[str | None, typer.Option("--skill", help="Only this skill.")] = None,
    start: Annotated[int, typer.Option("--start", min=0, help="Leave out so many first.")] = 0,
    watching: Annotated[
        bool, typer.Option("--watch", help="Stay, refresh, and ring the bell at a new P0 or P1.")
    ] = False,
    every: Annotated[int, typer.Option(min=5, help="Seconds between two looks.")] = 30,
) -> None:
    """What waits for you, most urgent first."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        if watching:
            watch(casework, every)
            return
        form = desk.form_in_use(casework.client, casework.roster)
        _known(casework.roster, form, language, skill)
        found = casework.queue(level, language, skill, start)
    if as_json:
        desk.tell_json(found.model_dump(mode="json"))
    else:
        narrow = (level, language, skill) != (None, None, None)
        _show_queue(desk, found, form, start, narrow)


def _known(roster: Roster, form: Form, language: str | None, skill: str | None) -> None:
    """A filter that nothing could ever fit is a slip, and an empty queue the wrong answer to it."""
    languages = {*form.languages, *(one for member in roster.members for one in member.languages)}
    skills = {*form.routing.skills, *(one for member in roster.members for one in member.skills)}
    if language is not None and language not in languages:
        raise DeskError(
            "There is no language {name} here. There are: {names}.",
            name=language,
            names=", ".join(sorted(languages)),
        )
    if skill is not None and skill not in skills:
        raise DeskError(
            "There is no skill {name}. There are: {names}.",
            name=skill,
            names=", ".join(sorted(skills)),
        )


def _show_queue(desk: Desk, found: Queue, form: Form, start: int, narrow: bool) -> None:
    rows = hers(found)
    if rows:
        desk.out.print(queue_table(desk, rows, form))
    if narrow and not found.cases:
        desk.tell("Nothing fits this filter.")
    elif not rows:
        desk.tell("Nothing waits for you.")
    end = start + len(found.cases)
    if end < found.matching:
        desk.tell("{n} more: tropa queue --start {end}", n=found.matching - end, end=end)
    if found.due:
        desk.out.print()
        desk.tell("Promises that are broken, or end within the hour:")
        desk.out.print(queue_table(desk, in_order(found.due), form))


def take(
    context: typer.Context,
    case: Annotated[
        str, typer.Argument(metavar="CASE", help="Its first digits; none: the first of the queue.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Take a case: nobody else works on it until your lease ends. Take it again to renew."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        whole = casework.take(find_waiting(casework, case)) if case else _take_first(casework)
    until = whole.header.leased_until
    assert until is not None
    said = desk.say(
        "Case {case} is yours until {until:%Y-%m-%d %H:%M} UTC.", case=short(whole), until=until
    )
    tell_done(desk, whole, as_json, said)
    if not as_json:
        desk.tell("Read it: tropa open {case}", case=short(whole))


def open_(
    context: typer.Context,
    case: CaseArgument,
    as_json: Json = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="First ask the server for what was added.")
    ] = False,
    paper: Annotated[
        bool, typer.Option("--print", help="As plain text in pages, for a printer.")
    ] = False,
) -> None:
    """Open a case and read it. Nothing readable is written to the disk."""
    desk = desk_of(context)
    opened = _open_fresh(desk, case) if fresh else open_any(desk, case)
    show(desk, opened, as_json=as_json, paper=paper)


def give_back(context: typer.Context, case: CaseArgument, as_json: Json = False) -> None:
    """Give a case back to the queue and forget its file."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        known = Held(desk.home).ids() or [one.id for one in casework.queue().mine]
        one = pick(case, known, here=True)
        try:
            casework.give_back(one)
        except Turned as turned:
            # The lease ended, or the case was erased: its file was put away all the same.
            if turned.reason not in GONE:
                raise
            desk.warn(turned.msgid)
            if not as_json:
                desk.tell("The file of case {case} is gone from here.", case=one[:SHORT])
            else:
                desk.tell_json({"case": one, "given_back": False})
            return
    if as_json:
        desk.tell_json({"case": one, "given_back": True})
    else:
        desk.tell("Case {case} is back in the queue; its file is gone from here.", case=one[:SHORT])


def cases(context: typer.Context, as_json: Json = False) -> None:
    """The cases whose sealed files are on this machine."""
    desk = desk_of(context)
    held = Held(desk.home)
    looked = {case: held.look(case) for case in held.ids()}
    found = in_order([file.header for file in looked.values() if file is not None])
    if as_json:
        desk.tell_json([header.model_dump(mode="json") for header in found])
    elif found:
        desk.out.print(queue_table(desk, found, _cached_form(desk, found[0].form)))
    elif not looked:
        desk.tell("This desk holds no cases. See what waits: tropa queue")
    for case, file in looked.items():
        if file is None:
            desk.failed = True
            desk.warn(
                "The file of case {case} is damaged. Fetch it again: tropa take {case}",
                case=case[:SHORT],
            )


def _open_fresh(desk: Desk, argument: str) -> Opened:
    with at_work(desk) as casework:
        one = find_case(casework, argument).header.id
        try:
            return open_with(casework, casework.fetch(one))
        except Turned as turned:
            if turned.reason == "unknown_case":
                desk.warn("The file of case {case} is gone from here.", case=one[:SHORT])
            raise


def _take_first(casework: Casework) -> CaseFile:
    """The first that waits; where somebody is faster, the next."""
    for header in in_order(casework.queue().cases):
        if header.held_by is not None:
            continue
        try:
            return casework.take(header.id)
        except Turned as turned:
            if turned.reason not in ("held", "unknown_case"):
                raise
    raise DeskError("Nothing waits for you.")


def _cached_form(desk: Desk, digest: str) -> Form | None:
    try:
        return desk.trust.form(digest)
    except DeskError:
        return None
