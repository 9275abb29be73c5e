"""Thousands of wrong codes: they open nothing, they wait, and nobody else waits for them."""

import asyncio
import random
import time

from stdnum import damm

from handlers.buttons import Verb
from handlers.guessing import FREE
from sandbox.client import Json
from tests.exchange import code_on, enters, sends
from tests.journeys.stage import Stage, Talk, is_inbox

GUESSERS = 20
TOGETHER = 100

SLOWEST = 3.0
"""Seconds for one tap, on a machine where other tests run too; a code takes a quarter of one."""


def _codes(seed: int) -> list[str]:
    """Codes that nobody has, with check digits that fit."""
    dice = random.Random(seed)
    digits = [f"{dice.randrange(10**27):027}" for _ in range(TOGETHER)]
    return [one + damm.calc_check_digit(one) for one in digits]


async def _guess(stage: Stage, talks: list[Talk], rounds: int) -> None:
    for number in range(rounds):
        acts: list[Json] = [
            {"person": talks[place % GUESSERS].person.id, "do": "send", "text": code}
            for place, code in enumerate(_codes(number))
        ]
        await stage.sandbox.batch(acts)
        await asyncio.sleep(0.2)


async def _answers_meanwhile(talk: Talk, guessing: "asyncio.Task[None]") -> list[float]:
    taps: list[float] = []
    while not guessing.done() or len(taps) < 10:
        begun = time.perf_counter()
        await talk.press(Verb.BACK if len(taps) % 2 else Verb.SKIP)
        taps.append(time.perf_counter() - begun)
    return taps


async def test_thousands_of_wrong_codes_open_nothing_and_slow_nobody(
    stage: Stage, full: bool
) -> None:
    rounds = (10_000 if full else 300) // TOGETHER
    victim = await stage.person("ru")
    await victim.begin()
    await victim.go_through({})
    code = code_on(await victim.press(Verb.SEND))
    taps = await stage.person("ru")
    await taps.begin()
    await taps.answer("yes")
    guessers = [await stage.person("en") for _ in range(GUESSERS)]

    guessing = asyncio.create_task(_guess(stage, guessers, rounds))
    seconds = await _answers_meanwhile(taps, guessing)
    await guessing
    assert max(seconds) < SLOWEST, sorted(seconds)[-5:]
    for talk in guessers:
        card = await talk.alone()  # nothing of what they typed stays either
        assert not is_inbox(card)
    await guessers[0].person.send(code)
    card = await guessers[0].alone()
    assert "The next try is possible" in card.text  # who guessed waits, with the right one too


async def test_with_a_code_of_his_own_nobody_begins_to_guess_anew(stage: Stage) -> None:
    own = await sends(await stage.person("ru"))
    guesser = await stage.person("ru")
    for code in _codes(1)[: FREE - 1]:
        assert "никуда не ведёт" in (await enters(guesser, code)).text
    assert is_inbox(await enters(guesser, own))
    await guesser.person.block()  # so that the chat stands for nothing any more
    await guesser.person.unblock()
    card = await enters(guesser, _codes(2)[0])
    assert "Следующая попытка" in card.text
