"""Codes are tried a few times at once, then slower and slower, and not too often by everybody."""

from datetime import UTC, datetime, timedelta

from handlers.guessing import (
    CODES,
    FIRST_WAIT,
    FOR_ALL,
    FORGIVEN_AFTER,
    FREE,
    LONGEST_WAIT,
    MOMENT,
    Guessing,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ME, ANOTHER, THIRD = 1, 2, 3
NONE = timedelta(0)


def _fail(guessing: Guessing, chat: int, now: datetime) -> timedelta:
    guessing.trying(chat, now)
    guessing.tried(chat)
    guessing.wrong(chat, now)
    return guessing.wait(chat, now)


def test_a_few_wrong_codes_cost_no_wait() -> None:
    guessing = Guessing()
    waits = [_fail(guessing, ME, NOON) for _ in range(FREE)]
    assert waits == [NONE] * (FREE - 1) + [FIRST_WAIT]


def test_every_wrong_code_after_that_doubles_the_wait_up_to_an_hour() -> None:
    guessing, now, waits = Guessing(), NOON, []
    for _ in range(FREE + 12):
        wait = _fail(guessing, ME, now)
        now += wait + timedelta(minutes=1)
        waits.append(wait)
    expected = [min(FIRST_WAIT * 2**power, LONGEST_WAIT) for power in range(13)]
    assert waits[FREE - 1 :] == expected
    assert waits[-1] == LONGEST_WAIT


def test_the_wait_ends_when_it_is_over() -> None:
    guessing = Guessing()
    for _ in range(FREE):
        _fail(guessing, ME, NOON)
    assert guessing.wait(ME, NOON + FIRST_WAIT - timedelta(seconds=1)) == timedelta(seconds=1)
    assert guessing.wait(ME, NOON + FIRST_WAIT) == NONE


def test_nobody_else_waits_for_what_one_chat_guessed() -> None:
    guessing = Guessing()
    for _ in range(FREE + 5):
        _fail(guessing, ME, NOON)
    assert guessing.wait(ANOTHER, NOON) == NONE


def test_all_chats_together_try_so_often_in_a_minute() -> None:
    guessing = Guessing()
    for chat in range(FOR_ALL):
        assert guessing.wait(chat, NOON) == NONE
        guessing.trying(chat, NOON + timedelta(seconds=chat))
        guessing.tried(chat)
    late = NOON + timedelta(seconds=30)
    assert guessing.wait(ANOTHER, late) == timedelta(seconds=30)
    assert guessing.wait(ANOTHER, NOON + timedelta(minutes=1)) == NONE


def test_a_quiet_day_is_forgiving() -> None:
    guessing = Guessing()
    for _ in range(FREE + 1):
        _fail(guessing, ME, NOON)
    next_day = NOON + FORGIVEN_AFTER
    assert _fail(guessing, ME, next_day) == NONE


def test_no_queue_of_tries_comes_about() -> None:
    guessing = Guessing()
    guessing.trying(ANOTHER, NOON)
    assert guessing.wait(ME, NOON) == NONE
    guessing.trying(THIRD, NOON)
    assert guessing.wait(ME, NOON) == MOMENT
    guessing.tried(THIRD)
    assert guessing.wait(ME, NOON) == NONE


def test_one_chat_tries_one_code_at_a_time() -> None:
    """What it does not know to be wrong yet must not be a second try for the same wait."""
    guessing = Guessing()
    guessing.trying(ME, NOON)
    assert guessing.wait(ME, NOON) == MOMENT
    assert guessing.wait(ANOTHER, NOON) == NONE
    guessing.tried(ME)
    assert guessing.wait(ME, NOON) == NONE


def test_ten_thousand_guesses_of_ten_thousand_chats_stay_within_bounds() -> None:
    guessing, tried = Guessing(most=500), 0
    for number in range(10_000):
        now = NOON + timedelta(seconds=number / 100)
        if not guessing.wait(number, now):
            _fail(guessing, number, now)
            tried += 1
    assert len(guessing) <= 500
    assert tried == 2 * FOR_ALL  # in a hundred seconds


def test_a_chat_gets_a_few_new_codes_an_hour() -> None:
    guessing = Guessing(most=2)
    for number in range(CODES):
        assert guessing.making(ME, NOON + timedelta(minutes=number)) == NONE
    assert guessing.making(ME, NOON + timedelta(minutes=CODES)) == timedelta(minutes=60 - CODES)
    assert guessing.making(ANOTHER, NOON) == NONE
    assert guessing.making(ME, NOON + timedelta(minutes=60)) == NONE
