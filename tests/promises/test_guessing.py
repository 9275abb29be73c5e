"""Guessing codes: ten thousand wrong ones open nothing, are slowed, and stand in nobody's way.

Whoever guesses has many accounts, and knows the locator of a code. What is counted is how often the
line does the costly work that a guess wants of it; how long taps of somebody else take meanwhile is
printed, and judged by nobody.
"""

import asyncio
import random
import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from stdnum import damm

from handlers.buttons import Verb
from handlers.guessing import FOR_ALL, MINUTE
from sandbox.client import Json
from tests.exchange import enters, sends
from tests.journeys.stage import Stage, Talk, find, offers, running_stage
from tests.promises import steps

ACCOUNTS = 12
TAPS = 30
AT_ONCE = 50
"""So many are typed at once; the next ones follow when these are taken in."""

PATIENCE = 60.0
"""Seconds for one tap: how fast it is says more of the machine than of the line."""


class Costly:
    """Stands before Argon2id and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        real = Argon2id

        def counted(**given: Any) -> Any:
            self.count += 1
            return real(**given)

        monkeypatch.setattr("crypto.receipt.Argon2id", counted)


def wrong(code: str, dice: random.Random) -> str:
    """Almost the code, or no code at all: never the code itself."""
    digits = code.replace(" ", "")
    match dice.randrange(4):
        case 0:  # one digit mistyped
            at = dice.randrange(len(digits))
            other = dice.choice([digit for digit in "0123456789" if digit != digits[at]])
            return digits[:at] + other + digits[at + 1 :]
        case 1:  # two neighbours have changed places
            places = [at for at in range(len(digits) - 1) if digits[at] != digits[at + 1]]
            at = dice.choice(places)
            return digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        case 2:  # the right locator
            return checked(digits[:8] + _digits(dice, 19))
        case _:
            return checked(_digits(dice, 27))


def checked(digits: str) -> str:
    return digits + str(damm.calc_check_digit(digits))


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(count))


async def guess(stage: Stage, guessers: list[Talk], codes: list[str]) -> None:
    """All of them type, as fast as the line takes it in."""
    for start in range(0, len(codes), AT_ONCE):
        acts: list[Json] = [
            {"person": guessers[number % ACCOUNTS].person.id, "do": "send", "text": code}
            for number, code in enumerate(codes[start : start + AT_ONCE])
        ]
        await stage.sandbox.batch(acts)
        await taken_in(stage)


async def taken_in(stage: Stage) -> None:
    while (await stage.sandbox.state())["pending"] > AT_ONCE // 2:  # noqa: ASYNC110 - it is asked
        await asyncio.sleep(0.05)


async def taps_of(talk: Talk, during: "asyncio.Task[None] | None" = None) -> list[float]:
    """How long somebody waits who answers questions, tap by tap."""
    seconds: list[float] = []
    while len(seconds) < TAPS or (during is not None and not during.done()):
        card = await talk.card()
        key = find(card, Verb.BACK if len(seconds) % 2 else Verb.SKIP)
        begun = time.perf_counter()
        await talk.person.tap_data(key.data or "", card.id, PATIENCE)
        seconds.append(time.perf_counter() - begun)
    return seconds


@pytest.mark.ordeal
@pytest.mark.timeout(1800)
async def test_ten_thousand_wrong_codes_open_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, full: bool
) -> None:
    dice = random.Random(int(request.config.getoption("--seed")))
    costly = Costly(monkeypatch)
    async with running_stage(tmp_path) as stage:
        code = await sends(await stage.person("ru"), {})
        somebody = await stage.person("ru")
        await somebody.begin()
        await somebody.answer("yes")
        guessers = [await stage.person("ru") for _ in range(ACCOUNTS)]
        for talk in guessers:
            await talk.person.send("/start")
            await talk.press(Verb.CODE, "ru")
        quiet = await taps_of(somebody)
        before = costly.count
        codes = [wrong(code, dice) for _ in range(10_000 if full else 500)]
        began = stage.hands()
        guessing = asyncio.create_task(guess(stage, guessers, codes))
        meanwhile = await taps_of(somebody, guessing)
        await guessing
        minutes = 1 + (stage.hands() - began) // MINUTE
        print(
            f"{len(codes)} wrong codes: {costly.count - before} were tried; a tap of somebody else "
            f"took {statistics.median(quiet) * 1000:.0f} ms before and "
            f"{statistics.median(meanwhile) * 1000:.0f} ms meanwhile"
        )
        assert FOR_ALL / 2 <= costly.count - before <= FOR_ALL * minutes
        for talk in guessers:
            card = await talk.alone()  # what they typed is gone from the chat
            assert steps.secrets_on(card) == set()
            assert offers(card, Verb.LANGUAGES)
        # Afterwards the code opens, for whoever has it.
        await stage.pass_time(timedelta(minutes=2))
        assert offers(await enters(await stage.person("ru"), code), Verb.CODES)


async def test_a_slip_costs_nothing_and_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costly = Costly(monkeypatch)
    async with running_stage(tmp_path) as stage:
        code = await sends(await stage.person("ru"), {})
        before = costly.count
        guest = await stage.person("ru")
        digit = "1" if code[-1] != "1" else "2"
        for _ in range(5):
            assert "Какая-то цифра" in (await enters(guest, code[:-1] + digit)).text
        assert costly.count == before
        assert offers(await enters(guest, code), Verb.CODES)
        assert costly.count == before + 1
