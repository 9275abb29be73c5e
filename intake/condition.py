"""The small language of `when:` in a form file, compiled once when the form is loaded.

    who is me                      who is not me             situation in (front, rear)
    region not in (ru, zone)       documents has none        case has (a337, a338)
    dependants > 0                 stay_until within 30 days
    region said                    situation unsaid          always
    abroad and (need has asylum or not stay_until said)      (`abroad`: one of the form's terms)

A comparison with an answer that was not given is false, `is not` and `not in` too: who skipped
a question did not deny anything. `not` turns a whole comparison round, and is then true.
`within N days` is true for every day up to N days from today, past days included.
Nothing here evaluates Python, and a condition cannot loop.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches

from intake.answers import Answer

Known = Mapping[str, Answer]
"""Answers that were given and hold, derived ones included; skipped questions are absent."""

Test = Callable[[Known, date], bool]

_TOKEN = re.compile(r"\s*(?:(>=|<=|[(),<>=])|([a-z0-9_]+))")
_RESERVED = frozenset({"and", "or", "not", "always"})
_LONGEST = 2000
_DEEPEST = 20


class ConditionError(ValueError):
    """The condition cannot be understood; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a condition may say about a question: its kind and the ids of its choices."""

    kind: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. `mentions`: per question, the choices and numbers it speaks of.

    `affirms`: of these the choices that speak for it, not against it.
    """

    source: str
    test: Test = field(repr=False, compare=False)
    mentions: Mapping[str, frozenset[str | int]] = field(repr=False, compare=False)
    affirms: Mapping[str, frozenset[str]] = field(repr=False, compare=False)


def compile_condition(
    source: str, subjects: Mapping[str, Subject], terms: Mapping[str, Condition]
) -> Condition:
    """Raises ConditionError in words that an editor of the form understands."""
    return _Parser(source, subjects, terms).whole()


class _Parser:
    def __init__(
        self, source: str, subjects: Mapping[str, Subject], terms: Mapping[str, Condition]
    ) -> None:
        self._source = source
        self._subjects = subjects
        self._terms = terms
        self._tokens = _split(source)
        self._next = 0
        self._depth = 0
        self._turned = False
        self._mentions: dict[str, frozenset[str | int]] = {}
        self._affirms: dict[str, frozenset[str]] = {}

    def whole(self) -> Condition:
        test = self._either()
        if self._peek():
            raise ConditionError(f"'{self._peek()}' is not expected here; join with 'and' or 'or'")
        return Condition(self._source, test, self._mentions, self._affirms)

    # The grammar, loosest first: or, and, not, a comparison.

    def _either(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ConditionError("the brackets are too deep; split the condition into terms")
        tests = [self._both()]
        while self._take_if("or"):
            tests.append(self._both())
        self._depth -= 1
        return tests[0] if len(tests) == 1 else _any(tuple(tests))

    def _both(self) -> Test:
        tests = [self._negated()]
        while self._take_if("and"):
            tests.append(self._negated())
        return tests[0] if len(tests) == 1 else _all(tuple(tests))

    def _negated(self) -> Test:
        before = self._turned
        while self._take_if("not"):
            self._turned = not self._turned
        turned, test = self._turned != before, self._atom()
        self._turned = before
        return _not(test) if turned else test

    def _atom(self) -> Test:
        if self._take_if("("):
            test = self._either()
            self._expect(")")
            return test
        name = self._take("a question")
        if name == "always":
            return _true
        if name in self._subjects:
            return self._comparison(name)
        if name in self._terms:
            return self._term(name)
        raise ConditionError(
            f"'{name}' is neither a question nor a term of this form"
            + _meant(name, [*self._subjects, *self._terms])
        )

    def _term(self, name: str) -> Test:
        term = self._terms[name]
        for question, values in term.mentions.items():
            self._mention(question, *values)
        for question, choices in term.affirms.items():
            self._affirm(question, choices)
        return term.test

    def _comparison(self, name: str) -> Test:
        self._mention(name)
        word = self._take(f"'is', 'in', 'has' or the like after '{name}'")
        match word:
            case "said":
                return _said(name)
            case "unsaid":
                return _not(_said(name))
            case "is" | "in" | "not":
                return self._choice(name, word)
            case "has":
                return self._has(name)
            case ">" | "<" | ">=" | "<=" | "=":
                return self._number(name, word)
            case "within":
                return self._within(name)
        raise ConditionError(f"after '{name}' stands '{word}'; write 'is', 'in', 'has' or 'said'")

    def _choice(self, name: str, word: str) -> Test:
        self._only(name, "one", "date", hint="'has' for several choices, '>' for a number")
        if word == "not":
            self._expect("in")
            return _outside(name, self._choices(name))
        if word == "in":
            return _inside(name, self._affirm(name, self._choices(name)))
        if self._take_if("not"):
            return _outside(name, frozenset({self._one(name)}))
        return _inside(name, self._affirm(name, frozenset({self._one(name)})))

    def _has(self, name: str) -> Test:
        self._only(name, "many", hint="'is' for one choice")
        several = self._peek() == "("
        choices = self._choices(name) if several else frozenset({self._one(name)})
        return _holds(name, self._affirm(name, choices))

    def _number(self, name: str, sign: str) -> Test:
        self._only(name, "number", hint="'is' for one choice")
        bound = self._whole_number()
        self._mention(name, bound - 1, bound, bound + 1)
        return _COMPARE[sign](name, bound)

    def _within(self, name: str) -> Test:
        self._only(name, "date", hint="'is' for one choice")
        days = self._whole_number()
        self._expect("days")
        self._mention(name, days, days + 1)
        return _due(name, timedelta(days=days))

    # Words of the language.

    def _only(self, name: str, *kinds: str, hint: str) -> None:
        kind = self._subjects[name].kind
        if kind not in kinds:
            raise ConditionError(f"'{name}' is a question of kind '{kind}': use {hint}")

    def _choices(self, name: str) -> frozenset[str]:
        self._expect("(")
        found = {self._one(name)}
        while self._take_if(","):
            found.add(self._one(name))
        self._expect(")")
        return frozenset(found)

    def _one(self, name: str) -> str:
        choice = self._take(f"a choice of '{name}'")
        choices = self._subjects[name].choices
        if choice not in choices:
            raise ConditionError(
                f"'{choice}' is not a choice of '{name}'" + _meant(choice, list(choices))
            )
        self._mention(name, choice)
        return choice

    def _whole_number(self) -> int:
        word = self._take("a whole number")
        if not word.isdecimal() or len(word) > 6:
            raise ConditionError(f"'{word}' is not a whole number")
        return int(word)

    def _mention(self, name: str, *values: str | int) -> None:
        self._mentions[name] = self._mentions.get(name, frozenset()) | frozenset(values)

    def _affirm(self, name: str, choices: frozenset[str]) -> frozenset[str]:
        if not self._turned:
            self._affirms[name] = self._affirms.get(name, frozenset()) | choices
        return choices

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self, wanted: str) -> str:
        word = self._peek()
        if not word:
            raise ConditionError(f"the condition ends where {wanted} is expected")
        self._next += 1
        return word

    def _take_if(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._next += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take_if(word):
            found = self._peek() or "the end"
            raise ConditionError(f"'{word}' is expected where {found} stands")


def is_reserved(word: str) -> bool:
    """Whether a term of this name could not be told from a word of the language."""
    return word in _RESERVED


def _split(source: str) -> list[str]:
    if len(source) > _LONGEST:
        raise ConditionError("the condition is too long; split it into terms")
    source, tokens, place = source.strip(), [], 0
    while place < len(source):
        found = _TOKEN.match(source, place)
        if found is None:
            raise ConditionError(f"'{source[place:].strip()[0]}' has no meaning in a condition")
        tokens.append(found[1] or found[2])
        place = found.end()
    if not tokens:
        raise ConditionError("the condition is empty; leave 'when' out to ask always")
    return tokens


def _meant(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


# Tests are closures and not a tree that is walked: they run several times for every tap.


def _true(known: Known, today: date) -> bool:
    return True


def _not(test: Test) -> Test:
    return lambda known, today: not test(known, today)


def _any(tests: tuple[Test, ...]) -> Test:
    return lambda known, today: any(test(known, today) for test in tests)


def _all(tests: tuple[Test, ...]) -> Test:
    return lambda known, today: all(test(known, today) for test in tests)


def _said(name: str) -> Test:
    return lambda known, today: name in known


def _inside(name: str, choices: frozenset[str]) -> Test:
    return lambda known, today: known.get(name) in choices


def _outside(name: str, choices: frozenset[str]) -> Test:
    return lambda known, today: name in known and known[name] not in choices


def _holds(name: str, choices: frozenset[str]) -> Test:
    def test(known: Known, today: date) -> bool:
        answer = known.get(name)
        return isinstance(answer, tuple) and not choices.isdisjoint(answer)

    return test


def _number_test(compare: Callable[[int, int], bool]) -> Callable[[str, int], Test]:
    def build(name: str, bound: int) -> Test:
        def test(known: Known, today: date) -> bool:
            answer = known.get(name)
            return isinstance(answer, int) and compare(answer, bound)

        return test

    return build


_COMPARE: Mapping[str, Callable[[str, int], Test]] = {
    ">": _number_test(int.__gt__),
    "<": _number_test(int.__lt__),
    ">=": _number_test(int.__ge__),
    "<=": _number_test(int.__le__),
    "=": _number_test(int.__eq__),
}


def _due(name: str, span: timedelta) -> Test:
    def test(known: Known, today: date) -> bool:
        answer = known.get(name)
        return isinstance(answer, date) and answer - today <= span

    return test
