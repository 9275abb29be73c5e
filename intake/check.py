"""What cannot work in a form, told to the person who edits it, with its line and a remedy.

Checks the parts against each other; their shape is checked in `intake.schema`, conditions in
`intake.building`, and whether every question can be reached in `intake.reach`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final

from intake.building import hours_of
from intake.case import Level
from intake.check_counts import check_counts
from intake.check_question import check_question
from intake.check_words import CARD, REVIEW_LINE, Wording, length
from intake.lined import Fault, Source
from intake.questions import Kind
from intake.schema import FormIn, QuestionIn

_DAY: Final = frozenset(range(24))

LONGEST_CONTACT: Final = 11
"""Characters of a choice's id on a key beside the inbox secret, a language and an hour."""


def check_form(form: FormIn, source: Source) -> list[Fault]:
    """Every fault of a form whose shape is right, conditions aside."""
    return [*_faults(form, source)]


def _faults(form: FormIn, source: Source) -> Iterator[Fault]:
    wording = Wording(tuple(form.languages), source)
    yield from wording.languages()
    yield from _texts(form, wording)
    yield from _duplicates(form, source)
    for place, question in enumerate(form.questions):
        yield from check_question(question, place, set(form.topics), wording)
    yield from _first(form, source)
    yield from _review(form, source)
    yield from _urgency(form, source, wording)
    yield from _routing(form, source, wording)
    yield from _contact(form, source)
    yield from check_counts(form, source, wording)


def _texts(form: FormIn, wording: Wording) -> Iterator[Fault]:
    for name, words in form.topics.items():
        yield from wording.check(words, "topics", name, most=60)
    for name in type(form.texts).model_fields:
        if name != "hidden":
            most = 60 if name == "unsaid" else CARD
            yield from wording.check(getattr(form.texts, name), "texts", name, most=most)
    for place, words in enumerate(form.texts.hidden):
        yield from wording.check(words, "texts", "hidden", place, most=200)


def _duplicates(form: FormIn, source: Source) -> Iterator[Fault]:
    yield from _twice((q.id for q in form.questions), source, "questions")
    yield from _twice((rule.id for rule in form.urgency.rules), source, "urgency", "rules")


def _twice(ids: Iterable[str], source: Source, *path: str) -> Iterator[Fault]:
    seen: Counter[str] = Counter()
    for place, name in enumerate(ids):
        seen[name] += 1
        if seen[name] > 1:
            line = source.line(*path, place, "id")
            yield Fault(line, f"'{name}' is used twice; give one of them another id")


def _first(form: FormIn, source: Source) -> Iterator[Fault]:
    if form.questions[0].when is not None:
        yield Fault(
            source.line("questions", 0, "when"),
            "the first question must be asked always; delete 'when'",
        )


def _review(form: FormIn, source: Source) -> Iterator[Fault]:
    """All answers stand on one card before sending, the longest ones too."""
    for language in form.languages:
        total = sum(_review_length(question, language) for question in form.questions)
        if total > CARD:
            yield Fault(
                source.line("questions"),
                f"the review of all answers in '{language}' may come to {total} characters and a "
                f"card holds {CARD}; shorten labels, choices or limits of texts",
            )


def _review_length(question: QuestionIn, language: str) -> int:
    choices = sorted(length(c.label, language) + 2 for c in question.choices.values())
    most = question.most or len(choices)
    longest = choices[-1:] if question.kind is not Kind.MANY else choices[-most:]
    return length(question.label, language) + sum(longest) + (question.limit or 0) + REVIEW_LINE


def _urgency(form: FormIn, source: Source, wording: Wording) -> Iterator[Fault]:
    urgency = form.urgency
    for place, rule in enumerate(urgency.rules):
        path = ("urgency", "rules", place)
        yield from wording.check(rule.reason, *path, "reason", most=200)
        if (rule.points is None) == (rule.straight is None):
            message = f"rule '{rule.id}' needs either 'points' or 'straight', and not both"
            yield Fault(source.line(*path), message)
    yield from wording.check(urgency.waiting.reason, "urgency", "waiting", "reason", most=200)
    yield from _thresholds(urgency.levels, source)
    yield from _targets(urgency.targets, source)


def _thresholds(levels: Mapping[Level, int], source: Source) -> Iterator[Fault]:
    if Level.P3 in levels:
        yield Fault(source.line("urgency", "levels", "P3"), "P3 is what remains; delete this line")
    order = [level for level in Level if level in levels]
    for above, below in pairwise(order):
        if levels[above] <= levels[below]:
            yield Fault(
                source.line("urgency", "levels", below),
                f"{above} must need more points than {below}; change one of them",
            )


def _targets(targets: Mapping[Level, int], source: Source) -> Iterator[Fault]:
    missing = [level for level in Level if level not in targets]
    for level in missing:
        yield Fault(source.line("urgency", "targets"), f"the target for {level} is missing; add it")
    order = [level for level in Level if level in targets]
    for above, below in pairwise(order):
        if targets[above] > targets[below]:
            yield Fault(
                source.line("urgency", "targets", below),
                f"{above} must not wait longer than {below}; change one of them",
            )


def _routing(form: FormIn, source: Source, wording: Wording) -> Iterator[Fault]:
    routing = form.routing
    for name, words in routing.skills.items():
        yield from wording.check(words, "routing", "skills", name, most=60)
    known = ", ".join(routing.skills)
    if routing.otherwise not in routing.skills:
        line = source.line("routing", "otherwise")
        yield Fault(line, f"'{routing.otherwise}' is not a skill; use one of {known}")
    for place, route in enumerate(routing.rules):
        path = ("routing", "rules", place)
        if route.skill not in routing.skills:
            line = source.line(*path, "skill")
            yield Fault(line, f"'{route.skill}' is not a skill; use one of {known}")
        if route.country is not None:
            yield from _refers(form, source, route.country, Kind.ONE, *path, "country")
    if routing.languages is not None:
        yield from _refers(form, source, routing.languages, Kind.MANY, "routing", "languages")


def _refers(
    form: FormIn, source: Source, name: str, kind: Kind, *path: str | int
) -> Iterator[Fault]:
    if not any(question.id == name and question.kind is kind for question in form.questions):
        yield Fault(source.line(*path), f"'{name}' is not a question of kind '{kind.value}'")


def _contact(form: FormIn, source: Source) -> Iterator[Fault]:
    contact = form.contact
    if contact is None:
        return
    yield from _refers(form, source, contact.question, Kind.ONE, "contact", "question")
    if contact.offset is not None:
        yield from _refers(form, source, contact.offset, Kind.HOUR, "contact", "offset")
    if contact.codeword is not None:
        yield from _refers(form, source, contact.codeword, Kind.TEXT, "contact", "codeword")
    choices = {c for q in form.questions if q.id == contact.question for c in q.choices}
    yield from _contact_ids(form, contact.question, source)
    for choice, window in contact.windows.items():
        yield from _window(choice, window, choices, contact.offset, source)


def _contact_ids(form: FormIn, name: str, source: Source) -> Iterator[Fault]:
    for place, question in enumerate(form.questions):
        for choice in question.choices if question.id == name else ():
            if len(choice) > LONGEST_CONTACT:
                message = f"'{choice}' has more than {LONGEST_CONTACT} characters"
                yield Fault(
                    source.line("questions", place, "choices", choice),
                    f"{message}; the keys that change it after sending need a shorter id",
                )


def _window(
    choice: str, window: str, choices: set[str], offset: str | None, source: Source
) -> Iterator[Fault]:
    line = source.line("contact", "windows", choice)
    if choice not in choices:
        yield Fault(line, f"'{choice}' is not a choice of the question of contact")
    hours = [int(hour) for hour in window.split("-")]
    if max(hours) > 24 or hours[0] == 24 or hours[0] == hours[1]:
        yield Fault(line, f"'{window}' is not a window of hours; write it like 10-18 or 22-6")
    elif offset is None and hours_of(window) != _DAY:
        message = "hours need to know the person's clock; add 'offset' with a question of kind hour"
        yield Fault(line, message)
