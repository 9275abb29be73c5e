"""`tropa reply`, `templates`: answer the person, after seeing exactly what he will see.

What was written and not sent is kept sealed, and is there at the next `tropa reply`.
"""

from typing import Annotated

import typer
from rich.panel import Panel
from rich.text import Text

from desk.answering import preview, unfilled
from desk.casework import Casework
from desk.desk import Desk, desk_of
from desk.errors import DeskError
from desk.opened import Opened, open_with
from desk.queue_view import SHORT
from desk.safe import plain
from desk.templates import FACTS, facts, fill, find_template, load_topics
from desk.words import contact, reply_state, sign
from desk.working import CaseArgument, Json, TextFile, Yes, at_work, done_json, find_case, text_of
from intake.case import ContactRule
from intake.warnings import suspicious
from intake.wire import CaseFile


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the groups."""
    app.command("reply")(reply)
    app.command("templates")(templates)


def reply(
    context: typer.Context,
    case: CaseArgument,
    file: TextFile = "",
    template: Annotated[
        str, typer.Option("--template", metavar="NAME", help="A ready text: tropa templates.")
    ] = "",
    codeword: Annotated[
        bool | None,
        typer.Option(
            "--codeword/--no-codeword", help="Repeat his codeword; else with the first reply alone."
        ),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Answer the person: shows what he will see, and asks before it is sent."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        opened = open_with(casework, _as_it_is(desk, casework, find_case(casework, case)))
        text = _text(desk, casework, opened, file, template)
        done = _send(desk, casework, opened, text, codeword, yes)
    if as_json:
        desk.tell_json(done_json(done))
    else:
        _tell_sent(desk, done)


def templates(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="One of them, to read it; none: the list.")
    ] = "",
    language: Annotated[
        str, typer.Option("--language", help="In this language, two letters; else in yours.")
    ] = "",
    as_json: Json = False,
) -> None:
    """The ready texts for replies, by topic."""
    desk = desk_of(context)
    code = language or desk.settings.language
    topics = load_topics(desk.home)
    if name:
        found = find_template(topics, name)
        text = found.text.text(code)
        if as_json:
            desk.tell_json({"id": found.id, "topic": found.topic, "text": text})
        else:
            desk.out.print(Text(plain(text)))
        return
    if as_json:
        desk.tell_json(
            [
                {"id": one.id, "topic": one.topic, "title": one.title.text(code)}
                for topic in topics
                for one in topic.templates
            ]
        )
        return
    for topic in topics:
        desk.out.print(Text(plain(topic.title.text(code)), style="bold"))
        for one in topic.templates:
            desk.out.print(Text(f"  {one.id:<20} {plain(one.title.text(code))}"))


def _as_it_is(desk: Desk, casework: Casework, known: CaseFile) -> CaseFile:
    """The case as the server has it now; what the volunteer has not read yet is told of."""
    whole = casework.fetch(known.header.id)
    if len(whole.records) > len(known.records):
        desk.warn(
            "Something was added since you read this case: tropa open {case}",
            case=known.header.id[:SHORT],
        )
    return whole


def _text(desk: Desk, casework: Casework, opened: Opened, file: str, template: str) -> str:
    """What was asked for: a template, a file, what was kept before, or what is typed now.

    Gaps that are left are asked for one by one. Never on the command's line: a shell keeps that.
    """
    one = opened.case.header.id
    kept = "" if file or template else casework.letters.load(one)
    if template:
        text = _filled(desk, casework, opened, template)
    elif kept:
        desk.err.print(desk.say("This is what you wrote before and did not send."), style="dim")
        text = kept
    else:
        hint = desk.say("Type the answer. End with Ctrl-D on a line of its own.")
        text = text_of(desk, file, hint)
    gaps = unfilled(text)
    return fill(text, {gap: said for gap in gaps if (said := desk.read_line(gap))}).text


def _filled(desk: Desk, casework: Casework, opened: Opened, template: str) -> str:
    language = opened.language
    found = find_template(load_topics(desk.home), template)
    known = facts(
        opened.contents, opened.form, language, casework.roster.organisation, desk.clock()
    )
    filled = fill(found.text.text(language), known)
    if filled.missing:
        desk.warn("This case does not tell: {gaps}.", gaps=", ".join(filled.missing))
    if filled.unknown:
        desk.warn(
            "No case tells, so write it yourself: {gaps}. What a case may tell: {facts}.",
            gaps=", ".join(filled.unknown),
            facts=", ".join(FACTS),
        )
    return filled.text


def _send(
    desk: Desk,
    casework: Casework,
    opened: Opened,
    text: str,
    codeword: bool | None,
    yes: bool,
) -> CaseFile:
    """Show it and ask; what is not sent is kept, sealed."""
    one = opened.case.header.id
    if unfilled(text):
        # Shown as it stands: whoever fills the gaps must see them.
        desk.err.print(Panel(Text(plain(text)), expand=False))
        _keep(desk, casework, one, text)
    letter = casework.letter(opened.contents, text, codeword)
    desk.err.print(
        Panel(
            Text(plain(preview(letter, opened.language))),
            title=desk.say("What the person will see"),
            title_align="left",
            expand=False,
        )
    )
    rule = ContactRule.parse(opened.case.header.contact)
    desk.err.print(f"{desk.say('When to write')}: {contact(desk.language, rule)}", style="dim")
    for found in suspicious(text):
        desk.warn(
            "There may be {what} in it: {passage}",
            what=sign(desk.language, found.sign),
            passage=found.passage,
        )
    if not yes and not desk.confirm(desk.say("Send this answer? [y/N]")):
        _keep(desk, casework, one, text)
        raise DeskError("Not sent.")
    try:
        return casework.reply(opened.case, text, codeword)
    except DeskError:
        _keep(desk, casework, one, text)
        raise


def _keep(desk: Desk, casework: Casework, case: str, text: str) -> None:
    if not casework.letters.load(case):
        casework.letters.save(case, text)
    desk.warn("What you wrote is kept here, sealed: tropa reply {case}", case=case[:SHORT])


def _tell_sent(desk: Desk, done: CaseFile) -> None:
    short = done.header.id[:SHORT]
    if done.replies:
        state = reply_state(desk.language, max(done.replies, key=lambda one: one.number).state)
        desk.tell("Case {case} is answered: {state}.", case=short, state=state)
    else:
        desk.tell("Case {case} is answered.", case=short)
