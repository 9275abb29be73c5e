"""A recovery seed as lists of words for several people (SLIP-39), and the seed back from some.

Any `needed` of the lists give the seed; fewer say nothing of it. Lists are judged one by one as
they are typed, because the people who hold them sit there and can look again. Like
`crypto.keyfile` this is the desk's alone: the server never imports it.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final, Self

from shamir_mnemonic import EncryptedMasterSecret, MnemonicError, Share, rs1024, split_ems
from shamir_mnemonic.constants import CUSTOMIZATION_STRING_EXTENDABLE, MAX_SHARE_COUNT
from shamir_mnemonic.shamir import ShareGroup, recover_ems
from shamir_mnemonic.wordlist import WORDLIST

from crypto.errors import BadFormat, BadWords
from crypto.kdf import SECRET_BYTES, Random, check_secret, draw
from crypto.secret import Hidden
from crypto.words import check_words, read_words

LIST_WORDS: Final = 33
MOST_LISTS: Final = MAX_SHARE_COUNT
FEWEST_NEEDED: Final = 2
"""With one, each list would be the whole key, and its copies would be on many papers."""

SET_WORDS: Final = 2
"""The first words are drawn for a set, stand in all of its lists, and are no secret."""

COMMON_WORDS: Final = 3
"""So many words are the same in all lists of a set; the third says that there is one group."""

_EXPONENT: Final = 0
"""SLIP-39 stretches a passphrase. There is none, and the seed has 256 random bits: there is
nothing to guess, so the least work is enough."""

_NO_PASSPHRASE: Final = b""
"""With one, a wrong passphrase would give another key without a word of warning; and it would be
one more thing that can be forgotten."""


class RecoveryList(Hidden):
    """One list: its words, its number from 1, and how many of its set are needed."""

    __slots__ = ("_share", "needed", "number")

    def __init__(self, share: Share) -> None:
        self._share = share
        self.number: int = share.index + 1
        self.needed: int = share.member_threshold

    @classmethod
    def parse(cls, text: str) -> Self:
        """From typed words; `BadWords` says what is wrong, and where that can be known."""
        words = read_words(text)
        _check(words)
        try:
            share = Share.from_mnemonic(" ".join(words))
        except MnemonicError:
            raise _not_ours() from None
        alone = (share.group_index, share.group_threshold, share.group_count) == (0, 1, 1)
        if not (alone and share.extendable and share.iteration_exponent == _EXPONENT):
            raise _not_ours()
        if share.member_threshold < FEWEST_NEEDED or len(share.value) != SECRET_BYTES:
            raise _not_ours()
        return cls(share)

    @property
    def words(self) -> list[str]:
        """The 33 words, for paper."""
        return list(self._share.words())

    @property
    def share(self) -> Share:
        """As the library takes it."""
        return self._share

    @property
    def set_name(self) -> str:
        """The words by which a set is told from another."""
        return " ".join(self.words[:SET_WORDS])


class Gathering(Hidden):
    """Lists of one set, as they come in."""

    __slots__ = ("_lists",)

    def __init__(self) -> None:
        self._lists: list[RecoveryList] = []

    def add(self, text: str) -> RecoveryList:
        """One more list; `BadWords` where it is wrong in itself or does not go with the others."""
        new = RecoveryList.parse(text)
        for known in self._lists:
            if known.share.group_parameters() != new.share.group_parameters():
                raise BadWords(
                    "this list is of another set: it begins with “{this}”, the others with “{set}”",
                    this=new.set_name,
                    set=known.set_name,
                    mendable=False,
                )
            if known.number == new.number and known.words == new.words:
                raise BadWords("list {number} was given already", number=new.number, mendable=False)
            if known.number == new.number:
                raise BadWords(
                    "this is a list {number} and another list {number} was given: they are of "
                    "different sets",
                    number=new.number,
                    mendable=False,
                )
        self._lists.append(new)
        return new

    @property
    def numbers(self) -> list[int]:
        """Which lists are there."""
        return sorted(known.number for known in self._lists)

    @property
    def missing(self) -> int | None:
        """How many more are needed; None as long as no list has told."""
        if not self._lists:
            return None
        return max(0, self._lists[0].needed - len(self._lists))

    def seed(self) -> bytes:
        """The 32 bytes, once nothing is missing."""
        return join(self._lists)


def split(seed: bytes, lists: int, needed: int, random: Random) -> list[RecoveryList]:
    """`lists` lists, of which any `needed` give the seed back; `BadFormat` for other numbers.

    The library draws the polynomials from the system by itself (`secrets`, which is where the
    desk's own randomness comes from); only the name of the set is drawn from `random`.
    """
    check_numbers(lists, needed)
    name = int.from_bytes(draw(random, 12)) & 0x7FFF
    secret = EncryptedMasterSecret.from_master_secret(
        check_secret(seed, "a recovery seed"), _NO_PASSPHRASE, name, True, _EXPONENT
    )
    (group,) = split_ems(1, [(needed, lists)], secret)
    return [RecoveryList(share) for share in group]


def check_numbers(lists: int, needed: int) -> None:
    """`BadFormat` unless a seed can be split like that."""
    if not FEWEST_NEEDED <= needed <= lists <= MOST_LISTS:
        raise BadFormat(
            f"a key is split into at most {MOST_LISTS} lists, of which at least {FEWEST_NEEDED} "
            "are needed"
        )


def join(lists: Iterable[RecoveryList]) -> bytes:
    """The seed; `BadWords` where the lists are too few or do not fit together."""
    group = ShareGroup()
    given = list(lists)
    # The library takes exactly as many as are needed.
    for one in given[: given[0].needed if given else 0]:
        group.add(one.share)
    try:
        seed = recover_ems({0: group} if group else {}).decrypt(_NO_PASSPHRASE)
    except MnemonicError:
        raise BadWords(
            "these lists do not give a key: there are too few, or they are of different sets"
        ) from None
    return check_secret(bytes(seed), "the seed in these lists")


def _check(words: Sequence[str]) -> None:
    """`BadWords` unless there are 33 words of the book that fit together."""
    known = all(word in _INDEX for word in words)
    if known and len(words) == LIST_WORDS - 1:
        _tell_missing([_INDEX[word] for word in words])
    if known and len(words) == LIST_WORDS + 1:
        _tell_added([_INDEX[word] for word in words])
    check_words(words, LIST_WORDS, book())
    indices = [_INDEX[word] for word in words]
    if not _whole(indices) and not _old_style(indices):
        _tell_wrong(indices)


def _not_ours() -> BadWords:
    return BadWords(
        "these words are a list of another kind, not one of a recovery key of Tropa", mendable=False
    )


def book() -> tuple[str, ...]:
    """The 1,024 words that lists come of."""
    return tuple(WORDLIST)


_INDEX: Final = {word: index for index, word in enumerate(WORDLIST)}
_CHECKS: Final = 3
_BITS: Final = 10


def _old_style(indices: Sequence[int]) -> bool:
    """Whole, but by the checksum of lists that are not ours: said of itself, not as a mistake."""
    return bool(rs1024.verify_checksum(indices, b"shamir"))


def _whole(indices: Sequence[int]) -> bool:
    return bool(rs1024.verify_checksum(indices, CUSTOMIZATION_STRING_EXTENDABLE))


def _syndrome(indices: Sequence[int]) -> int:
    """Zero for a whole list; otherwise what the wrong words add up to (30 bits).

    The checksum is linear: what a change of one word adds does not depend on the other words.
    """
    data, given = list(indices[:-_CHECKS]), indices[-_CHECKS:]
    sums = rs1024.create_checksum(data, CUSTOMIZATION_STRING_EXTENDABLE)
    result = 0
    for mine, theirs in zip(sums, given, strict=True):
        result = result << _BITS | (mine ^ theirs)
    return result


def _repairs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Each (place, word) that alone makes the list whole. The code tells up to three wrong words
    from none, so that where two are wrong no single one passes for the mistake."""
    tried = ((place, _repaired(indices, place)) for place in range(len(indices)))
    return [(place, word) for place, word in tried if word is not None]


def _repaired(indices: Sequence[int], place: int) -> int | None:
    """The word that makes the list whole when it stands at this place; None if there is none."""
    here = _syndrome(indices)
    effects = [here ^ _syndrome(_changed(indices, place, 1 << bit)) for bit in range(_BITS)]
    change = _solve(here, effects)
    return None if change is None else indices[place] ^ change


def _changed(indices: Sequence[int], place: int, by: int) -> list[int]:
    return [index ^ by if at == place else index for at, index in enumerate(indices)]


def _solve(target: int, effects: Sequence[int]) -> int | None:
    """Which of the effects (a bit for each) add up to the target; None where none do."""
    rows: list[tuple[int, int]] = []
    for bit, effect in enumerate(effects):
        row = _reduced((effect, 1 << bit), rows)
        if row[0]:
            rows.append(row)
    rest, change = _reduced((target, 0), rows)
    return None if rest else change


def _reduced(row: tuple[int, int], rows: Sequence[tuple[int, int]]) -> tuple[int, int]:
    value, made_of = row
    for known, parts in rows:
        if value ^ known < value:
            value, made_of = value ^ known, made_of ^ parts
    return value, made_of


def _tell_wrong(indices: Sequence[int]) -> None:
    repairs = _repairs(indices)
    if len(repairs) == 1:
        place, word = repairs[0]
        raise BadWords(
            "the words do not fit together: word {place} is wrong; “{word}” would fit there",
            place=place + 1,
            word=WORDLIST[word],
        )
    swaps = [
        pair for pair in combinations(range(len(indices)), 2) if _whole(_swapped(indices, *pair))
    ]
    if len(swaps) == 1:
        first, second = swaps[0]
        raise BadWords(
            "the words do not fit together: words {first} and {second} have changed places",
            first=first + 1,
            second=second + 1,
        )
    raise BadWords("the words do not fit together: several are wrong or out of order")


def _swapped(indices: Sequence[int], first: int, second: int) -> list[int]:
    swapped = list(indices)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    return swapped


def _tell_missing(indices: Sequence[int]) -> None:
    gaps = [
        place
        for place in range(LIST_WORDS)
        if _repaired([*indices[:place], 0, *indices[place:]], place) is not None
    ]
    if len(gaps) == 1:
        raise BadWords(
            "there must be {count} words, and one is missing: word {place}",
            count=LIST_WORDS,
            place=gaps[0] + 1,
        )


def _tell_added(indices: Sequence[int]) -> None:
    extra = [
        place for place in range(len(indices)) if _whole([*indices[:place], *indices[place + 1 :]])
    ]
    # A word that was typed twice can be left out at either place; the second is the slip.
    if extra and len({indices[place] for place in extra}) == 1:
        raise BadWords(
            "there must be {count} words, and word {place} is one too many",
            count=LIST_WORDS,
            place=extra[-1] + 1,
        )
