"""From the shape of a form file to the `Form` in use: conditions compiled, values given types."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from intake.condition import Condition, ConditionError, Subject, compile_condition, is_reserved
from intake.lined import Fault, Path, Source
from intake.questions import (
    Choice,
    Contact,
    Counted,
    Counts,
    Form,
    Kind,
    Question,
    Route,
    Routing,
    Rule,
    Share,
    Sum,
    Texts,
    Urgency,
)
from intake.schema import (
    EVERY,
    ChoiceIn,
    ContactIn,
    CountedIn,
    CountsIn,
    FormIn,
    QuestionIn,
    TextsIn,
    WordsIn,
)
from intake.words import Words

Conditions = Mapping[Path, Condition]
"""Compiled conditions by the path at which they stand in the file."""


def compile_conditions(shape: FormIn, source: Source) -> tuple[Conditions, list[Fault]]:
    """Every condition of the form, and a fault for each that cannot be understood."""
    subjects = {q.id: Subject(q.kind.value, tuple(q.choices)) for q in shape.questions}
    compiled: dict[Path, Condition] = {}
    terms: dict[str, Condition] = {}
    faults = []
    for path, text in _conditions(shape):
        try:
            condition = compile_condition(text, subjects, terms)
        except ConditionError as error:
            faults.append(Fault(source.line(*path), str(error)))
            continue
        compiled[path] = condition
        if path[0] == "terms":
            terms[str(path[1])] = condition
    faults += _term_names(shape, source)
    faults += _looking_ahead(shape, compiled, source)
    return compiled, faults


def _conditions(shape: FormIn) -> Iterator[tuple[Path, str]]:
    for name, text in shape.terms.items():
        yield ("terms", name), text
    for place, question in enumerate(shape.questions):
        if question.when is not None:
            yield ("questions", place, "when"), question.when
        for part, derive in enumerate(question.derive):
            yield ("questions", place, "derive", part, "when"), derive.when
    for place, rule in enumerate(shape.urgency.rules):
        yield ("urgency", "rules", place, "when"), rule.when
    for place, route in enumerate(shape.routing.rules):
        yield ("routing", "rules", place, "when"), route.when
    if shape.contact is not None and shape.contact.never_when is not None:
        yield ("contact", "never_when"), shape.contact.never_when
    for place, share in enumerate(shape.counts.shares if shape.counts else ()):
        yield ("counts", "shares", place, "when"), share.when


def _term_names(shape: FormIn, source: Source) -> Iterator[Fault]:
    ids = {question.id for question in shape.questions}
    for name in shape.terms:
        if name in ids or is_reserved(name):
            yield Fault(source.line("terms", name), f"'{name}' means something else; rename it")


def _looking_ahead(shape: FormIn, compiled: Conditions, source: Source) -> Iterator[Fault]:
    """A condition of a question may look only at what was asked before it.

    Then one pass in order settles what is asked, and no two questions wait for each other.
    """
    order = {question.id: place for place, question in enumerate(shape.questions)}
    for path, condition in compiled.items():
        if path[0] != "questions":
            continue
        place = int(path[1])
        late = [name for name in condition.mentions if order[name] >= place]
        if late:
            yield Fault(
                source.line(*path),
                f"'{late[0]}' is not asked before '{shape.questions[place].id}'; "
                "a condition can only look back, so move one of the two",
            )


def assemble(shape: FormIn, conditions: Conditions, digest: str) -> Form:
    """The form; `shape` and `conditions` have been found without fault."""
    languages = tuple(shape.languages)
    questions = tuple(
        _question(question, place, conditions, languages)
        for place, question in enumerate(shape.questions)
    )
    return Form(
        digest=digest,
        languages=languages,
        topics={name: _words(words, languages) for name, words in shape.topics.items()},
        questions=questions,
        by_id={question.id: question for question in questions},
        texts=_texts(shape.texts, languages),
        urgency=_urgency(shape, conditions, languages),
        routing=_routing(shape, conditions, languages),
        contact=_contact(shape.contact, conditions) if shape.contact else None,
        counts=_counts(shape.counts, {q.id: q for q in questions}, conditions, languages)
        if shape.counts
        else None,
    )


def _words(words: WordsIn, languages: tuple[str, ...]) -> Words:
    return Words({language: words.get(language, words.get(EVERY, "")) for language in languages})


def _question(
    question: QuestionIn, place: int, conditions: Conditions, languages: tuple[str, ...]
) -> Question:
    path = ("questions", place)
    low, high = question.low or 0, 9 if question.high is None else question.high
    if question.kind == "date":
        low = -365 if question.earliest is None else question.earliest
        high = 3 * 365 if question.latest is None else question.latest
    return Question(
        id=question.id,
        kind=question.kind,
        topic=question.topic,
        ask=_words(question.ask, languages),
        label=_words(question.label, languages),
        choices={
            name: _choice(name, choice, languages) for name, choice in question.choices.items()
        },
        when=conditions.get((*path, "when")),
        derive=tuple(
            (conditions[(*path, "derive", part, "when")], derive.value)
            for part, derive in enumerate(question.derive)
        ),
        skip=question.skip,
        most=question.most or 0,
        low=low,
        high=high,
        limit=question.limit or 0,
    )


def _choice(name: str, choice: ChoiceIn, languages: tuple[str, ...]) -> Choice:
    return Choice(
        id=name,
        label=_words(choice.label, languages),
        alone=choice.alone,
        does=choice.does,
        text=_words(choice.text, languages) if choice.text else None,
        after=_words(choice.after, languages) if choice.after else None,
    )


def _texts(texts: TextsIn, languages: tuple[str, ...]) -> Texts:
    return Texts(
        safety=_words(texts.safety, languages),
        safety_more=_words(texts.safety_more, languages),
        privacy=_words(texts.privacy, languages),
        help=_words(texts.help, languages),
        closing=_words(texts.closing, languages),
        closed=_words(texts.closed, languages),
        unsaid=_words(texts.unsaid, languages),
        hidden=tuple(_words(line, languages) for line in texts.hidden),
    )


def _urgency(shape: FormIn, conditions: Conditions, languages: tuple[str, ...]) -> Urgency:
    urgency = shape.urgency
    return Urgency(
        rules=tuple(
            Rule(
                id=rule.id,
                when=conditions[("urgency", "rules", place, "when")],
                reason=_words(rule.reason, languages),
                points=rule.points or 0,
                level=rule.straight,
            )
            for place, rule in enumerate(urgency.rules)
        ),
        thresholds=tuple(sorted(urgency.levels.items())),
        targets={level: timedelta(hours=hours) for level, hours in urgency.targets.items()},
        waiting_points=urgency.waiting.points,
        waiting_every=timedelta(hours=urgency.waiting.hours),
        waiting_most=urgency.waiting.most,
        waiting_reason=_words(urgency.waiting.reason, languages),
    )


def _routing(shape: FormIn, conditions: Conditions, languages: tuple[str, ...]) -> Routing:
    routing = shape.routing
    return Routing(
        skills={name: _words(words, languages) for name, words in routing.skills.items()},
        routes=tuple(
            Route(conditions[("routing", "rules", place, "when")], route.skill, route.country)
            for place, route in enumerate(routing.rules)
        ),
        otherwise=routing.otherwise,
        languages=routing.languages,
    )


def _contact(contact: ContactIn, conditions: Conditions) -> Contact:
    return Contact(
        question=contact.question,
        offset=contact.offset,
        windows={choice: hours_of(window) for choice, window in contact.windows.items()},
        never_when=conditions.get(("contact", "never_when")),
        codeword=contact.codeword,
    )


def _counts(
    counts: CountsIn,
    questions: Mapping[str, Question],
    conditions: Conditions,
    languages: tuple[str, ...],
) -> Counts:
    return Counts(
        questions=tuple(
            _counted(table, questions[table.of], languages) for table in counts.questions
        ),
        shares=tuple(
            Share(
                share.id,
                conditions[("counts", "shares", place, "when")],
                _words(share.label, languages),
                _words(share.meaning, languages),
            )
            for place, share in enumerate(counts.shares)
        ),
        sums=tuple(
            Sum(total.id, total.of, tuple(total.cells), _words(total.label, languages))
            for total in counts.sums
        ),
    )


def _counted(table: CountedIn, question: Question, languages: tuple[str, ...]) -> Counted:
    """Choices that no group names stand for themselves, before the groups."""
    group_of = {choice: name for name, group in table.groups.items() for choice in group.of}
    alone = {name: one.label for name, one in question.choices.items() if name not in group_of}
    groups = {name: _words(group.label, languages) for name, group in table.groups.items()}
    return Counted(
        id=table.id or question.id,
        question=question.id,
        label=_words(table.label, languages) if table.label else question.label,
        many=question.kind is Kind.MANY,
        cells=alone | groups,
        cell_of={choice: group_of.get(choice, choice) for choice in question.choices},
        alone=tuple(name for name, one in question.choices.items() if one.alone),
        told=table.told,
    )


def hours_of(window: str) -> frozenset[int]:
    """The hours of a window such as 10-18 (18 excluded) or 22-6 (over midnight)."""
    first, last = (int(hour) for hour in window.split("-"))
    span = (last - first) % 24 or 24 * (last != first)
    return frozenset((first + hour) % 24 for hour in range(span))
