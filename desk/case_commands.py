"""`tropa join`, `queue`, `take`, `open`, `give-back`, `cases`: a volunteer's day.

What comes from the server is ciphertext and stays so on the disk; a case is opened in memory, for
the terminal alone.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from desk.bundle import is_bundle, read_bundle
from desk.case_view import case_json, show_case, show_faults
from desk.client import Client, Turned, checked_url
from desk.desk import SERVER, Desk, desk_of
from desk.errors import DeskError
from desk.held import Held, pick
from desk.home import read_file
from desk.link_commands import join_offline
from desk.queue_view import SHORT, hers, in_order, queue_table
from desk.reading import Contents, Reading, open_case, read_case
from desk.watch import watch
from intake.questions import Form
from intake.roster import Organisation
from intake.wire import CaseFile, Header

CaseArgument = Annotated[
    str, typer.Argument(metavar="CASE", help="The first digits of a case, or a case file.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


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
    desk.trust.pin(Organisation.from_payload(read_file(organisation)))
    desk.home.write(SERVER, json.dumps({"url": address}).encode())
    with desk.client(None) as client:
        roster = desk.current_roster(client)
        desk.form_in_use(client, roster)
    desk.tell(
        "Joined {name}: the roster is signed, epoch {epoch}.",
        name=roster.organisation,
        epoch=roster.epoch,
    )
    card = desk.card()
    if card.sealing not in [member.sealing_key for member in roster.members]:
        desk.warn("You are not on the roster yet. Send your card: tropa identity show")


def queue(
    context: typer.Context,
    as_json: Json = False,
    watching: Annotated[
        bool, typer.Option("--watch", help="Stay, refresh, and ring the bell at a new P0 or P1.")
    ] = False,
    every: Annotated[int, typer.Option(min=5, help="Seconds between two looks.")] = 30,
) -> None:
    """What waits for you, most urgent first."""
    desk = desk_of(context)
    with desk.client(desk.unlock()) as client:
        if watching:
            watch(desk, client, every)
            return
        roster = desk.current_roster(client)
        form = desk.form_in_use(client, roster)
        found = hers(client.queue())
    if as_json:
        desk.tell_json([header.model_dump(mode="json") for header in found])
    elif found:
        desk.out.print(queue_table(desk, found, form))
    else:
        desk.tell("Nothing waits for you.")


def take(
    context: typer.Context,
    case: Annotated[
        str, typer.Argument(metavar="CASE", help="Its first digits; none: the first of the queue.")
    ] = "",
) -> None:
    """Take a case: nobody else works on it until your lease ends. Take it again to renew."""
    desk = desk_of(context)
    with desk.client(desk.unlock()) as client:
        desk.current_roster(client)
        found = hers(client.queue())
        whole = _take_one(client, found, case) if case else _take_first(client, found)
        desk.trust.check_form(whole.header.form)
        Held(desk.home).keep(whole)
        desk.trust.form(whole.header.form, client.form)
    until = whole.header.leased_until
    assert until is not None
    short = whole.header.id[:SHORT]
    desk.tell("Case {case} is yours until {until:%Y-%m-%d %H:%M} UTC.", case=short, until=until)
    desk.tell("Read it: tropa open {case}", case=short)


def open_(
    context: typer.Context,
    case: CaseArgument,
    as_json: Json = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="First ask the server for what was added.")
    ] = False,
) -> None:
    """Open a case and read it. Nothing readable is written to the disk."""
    desk = desk_of(context)
    whole = read_bundle(desk, Path(case)) if is_bundle(case) else Held(desk.home).find(case)
    identity = desk.unlock()
    form = None
    if fresh:
        with desk.client(identity) as client:
            desk.current_roster(client)
            whole = _fetch_again(desk, client, whole.header.id)
            desk.trust.check_form(whole.header.form)
            Held(desk.home).keep(whole)
            form = desk.trust.form(whole.header.form, client.form)
    contents = open_case(whole, identity)
    form = form or desk.trust.form(whole.header.form)
    _print_case(desk, whole.header, contents, form, as_json)


def give_back(context: typer.Context, case: CaseArgument) -> None:
    """Give a case back to the queue and forget its file."""
    desk = desk_of(context)
    held = Held(desk.home)
    with desk.client(desk.unlock()) as client:
        desk.current_roster(client)
        known = held.ids() or [header.id for header in hers(client.queue())]
        one = pick(case, known, here=True)
        try:
            client.release(one)
        except Turned as turned:
            # The lease ended, or the case was erased: the file has no use here any more.
            if turned.reason not in ("not_held", "unknown_case"):
                raise
            held.drop(one)
            desk.warn(turned.msgid)
            desk.tell("The file of case {case} is gone from here.", case=one[:SHORT])
            return
    held.drop(one)
    desk.tell("Case {case} is back in the queue; its file is gone from here.", case=one[:SHORT])


def cases(context: typer.Context, as_json: Json = False) -> None:
    """The cases whose sealed files are on this machine."""
    desk = desk_of(context)
    held = Held(desk.home)
    found = in_order([held.load(case).header for case in held.ids()])
    if as_json:
        desk.tell_json([header.model_dump(mode="json") for header in found])
    elif found:
        desk.out.print(queue_table(desk, found, _cached_form(desk, found[0].form)))
    else:
        desk.tell("This desk holds no cases. See what waits: tropa queue")


def _fetch_again(desk: Desk, client: Client, case: str) -> CaseFile:
    """What the server has of a held case; one that was erased there is erased here as well."""
    try:
        return client.fetch(case)
    except Turned as turned:
        if turned.reason == "unknown_case":
            Held(desk.home).drop(case)
            desk.tell("The file of case {case} is gone from here.", case=case[:SHORT])
        raise


def _take_one(client: Client, found: list[Header], beginning: str) -> CaseFile:
    return client.take(pick(beginning, [header.id for header in found], here=False))


def _take_first(client: Client, found: list[Header]) -> CaseFile:
    """The first that waits; where somebody is faster, the next."""
    for header in found:
        if header.held_by is not None:
            continue
        try:
            return client.take(header.id)
        except Turned as turned:
            if turned.reason not in ("held", "unknown_case"):
                raise
    raise DeskError("Nothing waits for you.")


def _cached_form(desk: Desk, digest: str) -> Form | None:
    try:
        return desk.trust.form(digest)
    except DeskError:
        return None


def _print_case(
    desk: Desk,
    header: Header,
    contents: Contents,
    form: Form,
    as_json: bool,
) -> None:
    faults = contents.faults
    reading: Reading | None = read_case(
        header, contents, form, desk.settings.language, desk.clock()
    )
    if as_json:
        desk.tell_json(case_json(desk, header, reading, faults))
    elif reading is not None:
        show_case(desk, reading, form)
        desk.out.print()
    if faults:
        desk.failed = True
        if not as_json:
            show_faults(desk, faults, header.id)
