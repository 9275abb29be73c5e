"""Lists of words for several people: every subset that is large enough, and every mistake."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import generate_mnemonics

from crypto.errors import BadFormat, BadKey, BadWords
from crypto.shares import Gathering, RecoveryList, book, join, split
from tests.crypto.samples import secret, stream

SEED = secret("recovery")
LISTS = split(SEED, 5, 3, stream("set"))
WORDS = LISTS[1].words


def told(words: list[str] | str) -> str:
    text = words if isinstance(words, str) else " ".join(words)
    with pytest.raises(BadWords) as caught:
        RecoveryList.parse(text)
    return str(caught.value)


def other(word: str) -> str:
    """The next word of the book."""
    return book()[(book().index(word) + 1) % len(book())]


@pytest.mark.parametrize(("lists", "needed"), [(2, 2), (3, 2), (5, 3), (6, 4), (7, 7), (16, 2)])
def test_as_many_as_are_needed_give_the_seed_and_fewer_do_not(lists: int, needed: int) -> None:
    made = split(SEED, lists, needed, stream("numbers"))
    assert len(made) == lists
    for some in combinations(made, needed):
        assert join(some) == SEED
    for size in range(needed):
        for few in combinations(made, size):
            with pytest.raises(BadWords, match="too few"):
                join(few)


@settings(max_examples=25)
@given(
    st.binary(min_size=32, max_size=32).filter(any),
    st.lists(st.integers(0, 4), min_size=3, max_size=5, unique=True),
)
def test_any_seed_comes_back_from_typed_words_in_any_order(seed: bytes, which: list[int]) -> None:
    made = split(seed, 5, 3, stream("any"))
    gathering = Gathering()
    for number in which:
        gathering.add(" ".join(made[number].words))
    assert gathering.missing == 0
    assert gathering.numbers == sorted(number + 1 for number in which)
    assert gathering.seed() == seed


@pytest.mark.parametrize(("lists", "needed"), [(1, 1), (5, 1), (5, 0), (2, 3), (17, 3), (0, 0)])
def test_numbers_that_make_no_sense_are_refused(lists: int, needed: int) -> None:
    with pytest.raises(BadFormat, match="at most 16 lists, of which at least 2"):
        split(SEED, lists, needed, stream("x"))


def test_zeros_are_split_by_nobody() -> None:
    with pytest.raises(BadKey):
        split(bytes(32), 3, 2, stream("x"))


def test_a_list_knows_its_number_and_how_many_are_needed_and_shows_nothing() -> None:
    for number, one in enumerate(LISTS, start=1):
        assert (one.number, one.needed, len(one.words)) == (number, 3, 33)
        assert repr(one) == "<RecoveryList>"
    assert len({one.set_name for one in LISTS}) == 1


@pytest.mark.parametrize(
    "typed",
    [
        " ".join(f"{number}. {word.upper()}," for number, word in enumerate(WORDS, 1)),
        "\n".join(f"{number:2} {word}" for number, word in enumerate(WORDS, 1)),
        "\ufeff" + "\u00a0".join(WORDS) + "\u200b\r\n",
        "; ".join(WORDS),
    ],
)
def test_numbers_lines_and_signs_between_words_are_no_matter(typed: str) -> None:
    assert RecoveryList.parse(typed).words == WORDS


@pytest.mark.parametrize("place", range(33))
def test_one_wrong_word_is_found_wherever_it_stands(place: int) -> None:
    wrong = [*WORDS[:place], other(WORDS[place]), *WORDS[place + 1 :]]
    message = told(wrong)
    assert f"word {place + 1} is wrong" in message
    assert f"“{WORDS[place]}” would fit" in message
    typed = [*WORDS[:place], WORDS[place] + "x", *WORDS[place + 1 :]]
    message = told(typed)
    assert f"word {place + 1} is not in the list" in message
    assert WORDS[place] in message.split("near to it: ")[1]
    assert typed[place] not in message


def test_a_word_cut_to_its_first_four_letters_is_named_first() -> None:
    for place, word in enumerate(WORDS):
        cut = [*WORDS[:place], word[:4], *WORDS[place + 1 :]]
        if word[:4] not in book():
            near = told(cut).split("near to it: ")[1].split(", ")
            assert near[0] == word
            assert len(near) == len(set(near)) <= 3


@pytest.mark.parametrize("place", range(32))
def test_neighbours_that_changed_places_are_found(place: int) -> None:
    first, second = WORDS[place : place + 2]
    message = told([*WORDS[:place], second, first, *WORDS[place + 2 :]])
    assert f"words {place + 1} and {place + 2} have changed places" in message


@pytest.mark.parametrize("place", range(33))
def test_a_word_too_few_and_one_too_many_are_found(place: int) -> None:
    missing = told([*WORDS[:place], *WORDS[place + 1 :]])
    assert "33 words, and one is missing: word " in missing
    twice = told([*WORDS[: place + 1], WORDS[place], *WORDS[place + 1 :]])
    assert f"word {place + 2} is one too many" in twice


def test_where_several_are_wrong_no_single_one_is_blamed() -> None:
    for first, second in combinations(range(0, 33, 4), 2):
        words = list(WORDS)
        words[first], words[second] = other(words[first]), other(other(words[second]))
        assert "several are wrong" in told(words)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "33 words, not 0"),
        (" ".join(WORDS[:20]), "33 words, not 20"),
        (" ".join([*WORDS[:12], "ababab", *WORDS[14:]]), "not 32, and word 13 is not in the list"),
        (" ".join(["слово", *WORDS[1:]]), "the words are English, look at the keyboard layout"),
        (" ".join(["qqqq", *WORDS[1:]]), "word 1 is not in the list: look at its spelling"),
    ],
)
def test_other_mistakes_are_told(typed: str, says: str) -> None:
    assert says in told(typed)


def test_lists_of_another_kind_are_no_mistake_of_typing() -> None:
    for options in (
        {"extendable": False, "iteration_exponent": 0},
        {"extendable": True, "iteration_exponent": 1},
    ):
        made = generate_mnemonics(1, [(2, 3)], SEED, **options)
        assert "another kind" in told(made[0][0])
    grouped = generate_mnemonics(2, [(2, 3), (2, 2)], SEED, iteration_exponent=0)
    assert "another kind" in told(grouped[1][0])
    single = generate_mnemonics(1, [(1, 1)], SEED, iteration_exponent=0)
    assert "another kind" in told(single[0][0])


def test_the_same_list_twice_and_a_list_of_another_set_are_refused_and_leave_no_trace() -> None:
    gathering = Gathering()
    assert gathering.missing is None
    gathering.add(" ".join(LISTS[0].words))
    assert gathering.missing == 2
    with pytest.raises(BadWords, match="list 1 was given already"):
        gathering.add(" ".join(LISTS[0].words))
    stranger = split(SEED, 5, 3, stream("another set"))[1]
    with pytest.raises(BadWords) as caught:
        gathering.add(" ".join(stranger.words))
    assert stranger.set_name in str(caught.value)
    assert LISTS[0].set_name in str(caught.value)
    gathering.add(" ".join(LISTS[1].words))
    gathering.add(" ".join(LISTS[4].words))
    assert gathering.seed() == SEED


def test_two_sets_of_one_name_are_told_apart_at_the_latest_by_what_they_give() -> None:
    """The name has 15 bits: two sets in some thousands share it."""
    twin = split(secret("another recovery"), 5, 3, stream("set"))
    gathering = Gathering()
    gathering.add(" ".join(LISTS[0].words))
    with pytest.raises(BadWords, match="another list 1 was given"):
        gathering.add(" ".join(twin[0].words))
    gathering.add(" ".join(LISTS[1].words))
    gathering.add(" ".join(twin[2].words))
    with pytest.raises(BadWords, match="different sets"):
        gathering.seed()
