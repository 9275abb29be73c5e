"""Faults on request: what networks and servers do to a bot, by count or by chance.

Kinds: `429`, `500`, `502`, `503`, `504` (answered without executing), `drop_before` (the
connection is cut and nothing was done), `drop_after` (it was done and the answer is lost),
`delay` (executed after `seconds`), `slow` (executed at once, answered after `seconds`).
"""

import random
from dataclasses import dataclass
from typing import Any

KINDS = frozenset({"429", "500", "502", "503", "504", "drop_before", "drop_after", "delay", "slow"})


@dataclass(slots=True)
class Fault:
    """One rule. `count` of None has no end; `methods` in lower case, empty for all."""

    kind: str
    count: int | None = None
    probability: float = 1.0
    methods: frozenset[str] = frozenset()
    skip: int = 0
    seconds: float = 1.0
    retry_after: int = 1

    @classmethod
    def parse(cls, data: dict[str, Any]) -> "Fault":
        """From the control API; raises ValueError in words."""
        kind = str(data.get("kind"))
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}: one of {', '.join(sorted(KINDS))}")
        count = data.get("count")
        return cls(
            kind=kind,
            count=None if count is None else int(count),
            probability=float(data.get("probability", 1.0)),
            methods=frozenset(str(name).lower() for name in data.get("methods") or ()),
            skip=int(data.get("skip", 0)),
            seconds=float(data.get("seconds", 1.0)),
            retry_after=int(data.get("retry_after", 1)),
        )


class Faults:
    """The rules in force and the die that decides."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Fault] = []
        self.struck: dict[str, int] = {}
        self._dice = random.Random(seed)  # noqa: S311 - dice of a simulation, no secret

    def add(self, fault: Fault) -> None:
        self.rules.append(fault)

    def clear(self) -> None:
        self.rules.clear()

    def seed(self, seed: int) -> None:
        self._dice.seed(seed)

    def strike(self, method: str) -> Fault | None:
        """The fault that befalls this call, if any; counts it as used."""
        for rule in self.rules:
            if rule.methods and method not in rule.methods:
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.probability < 1.0 and self._dice.random() >= rule.probability:
                continue
            self._use(rule)
            return rule
        return None

    def _use(self, rule: Fault) -> None:
        self.struck[rule.kind] = self.struck.get(rule.kind, 0) + 1
        if rule.count is not None:
            rule.count -= 1
            if rule.count <= 0:
                self.rules.remove(rule)
