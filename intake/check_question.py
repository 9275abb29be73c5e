"""What cannot work within one question of a form."""

from collections.abc import Iterator
from typing import Final

from intake.check_words import BUTTON, CARD, Wording
from intake.lined import Fault
from intake.questions import Does, Kind
from intake.schema import ChoiceIn, QuestionIn

_KEYS: Final = {
    "most": {Kind.MANY},
    "low": {Kind.NUMBER},
    "high": {Kind.NUMBER},
    "earliest": {Kind.DATE},
    "latest": {Kind.DATE},
    "limit": {Kind.TEXT},
    "choices": {Kind.ONE, Kind.MANY, Kind.DATE},
    "derive": {Kind.ONE},
}
_LONGEST_LIMIT: Final = 2000
_MOST_CHOICES: Final = 24
_LABEL: Final = 40


def check_question(
    question: QuestionIn, place: int, topics: set[str], wording: Wording
) -> Iterator[Fault]:
    """Every fault of the question at `place` (from 0) of the form."""
    check = _Check(question, place, wording)
    yield from check.keys()
    yield from check.numbers()
    yield from check.words()
    yield from check.derived()
    if question.topic not in topics:
        message = f"'{question.topic}' is not a topic; use one of {', '.join(sorted(topics))}"
        yield check.fault(message, "topic")
    for name, choice in question.choices.items():
        yield from check.choice(name, choice)


class _Check:
    def __init__(self, question: QuestionIn, place: int, wording: Wording) -> None:
        self._question = question
        self._path = ("questions", place)
        self._wording = wording

    def fault(self, message: str, *path: str | int) -> Fault:
        return Fault(self._wording.line(*self._path, *path), message)

    def keys(self) -> Iterator[Fault]:
        kind = self._question.kind
        for key, kinds in _KEYS.items():
            if key in self._question.model_fields_set and kind not in kinds:
                names = " or ".join(sorted(f"'{kind.value}'" for kind in kinds))
                yield self.fault(f"'{key}' is only for a question of kind {names}; delete it", key)
        if kind in (Kind.ONE, Kind.MANY) and len(self._question.choices) < 2:
            yield self.fault(f"'{self._question.id}' needs at least two choices", "choices")
        if len(self._question.choices) > _MOST_CHOICES:
            message = f"more than {_MOST_CHOICES} choices do not fit a card; split the question"
            yield self.fault(message, "choices")
        if kind is Kind.TEXT and self._question.limit is None:
            yield self.fault(f"'{self._question.id}' needs a 'limit' of characters")

    def numbers(self) -> Iterator[Fault]:
        question = self._question
        if question.high is not None and not (question.low or 0) < question.high <= 9:
            yield self.fault("'high' must be more than 'low' and at most 9", "high")
        if question.most is not None and not 0 < question.most <= len(question.choices):
            yield self.fault("'most' must be between 1 and the number of choices", "most")
        if question.limit is not None and not 0 < question.limit <= _LONGEST_LIMIT:
            yield self.fault(f"'limit' must be between 1 and {_LONGEST_LIMIT}", "limit")
        earliest, latest = question.earliest or 0, question.latest
        if latest is not None and latest <= earliest:
            yield self.fault("'latest' must be after 'earliest'", "latest")

    def words(self) -> Iterator[Fault]:
        question, path = self._question, self._path
        room = CARD - min(question.limit or 0, _LONGEST_LIMIT)
        yield from self._wording.check(question.ask, *path, "ask", most=room)
        yield from self._wording.check(question.label, *path, "label", most=_LABEL)

    def derived(self) -> Iterator[Fault]:
        question = self._question
        if question.derive and question.when is None:
            yield self.fault("what is asked always cannot be derived; add 'when'", "derive")
        for place, derive in enumerate(question.derive):
            if derive.value not in question.choices:
                message = f"'{derive.value}' is not a choice of '{question.id}'"
                yield self.fault(message, "derive", place, "value")

    def choice(self, name: str, choice: ChoiceIn) -> Iterator[Fault]:
        path = (*self._path, "choices", name)
        yield from self._wording.check(choice.label, *path, most=BUTTON)
        if choice.alone and self._question.kind is not Kind.MANY:
            message = "'alone' is only for a choice among several (kind 'many'); delete it"
            yield self.fault(message, "choices", name, "alone")
        if choice.does and self._question.kind is not Kind.ONE:
            message = "'does' is only for a question of kind 'one'; delete it"
            yield self.fault(message, "choices", name, "does")
        yield from self._shown(name, choice)
        for key in ("text", "after"):
            words = getattr(choice, key)
            if words is not None:
                yield from self._wording.check(words, *path, key, most=CARD)

    def _shown(self, name: str, choice: ChoiceIn) -> Iterator[Fault]:
        """The texts that what a choice does calls for, and no others."""
        offers, sends = choice.does is Does.OFFER, choice.does is Does.SEND
        if offers and choice.text is None:
            yield self.fault("'does: offer' needs a 'text' for the offer", "choices", name)
        if sends and choice.after is None:
            yield self.fault("'does: send' needs 'after', shown once it is sent", "choices", name)
        if choice.text is not None and not offers:
            yield self.fault("'text' is only for 'does: offer'; delete it", "choices", name, "text")
        if choice.after is not None and not (offers or sends):
            message = "'after' is only for 'does: offer' and 'does: send'; delete it"
            yield self.fault(message, "choices", name, "after")
