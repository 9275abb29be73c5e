"""Signs in a typed text of what should not be sent: a phone, coordinates, a unit, a name.

A warning is a hint to the person, who decides; a text without one is not thereby harmless, and
nothing is ever removed from it. Russian and English.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Sign(StrEnum):
    """What a passage seems to hold."""

    PHONE = "phone"
    COORDINATES = "coordinates"
    UNIT = "unit"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A sign and the passage that gave it, to show the person what is meant."""

    sign: Sign
    passage: str


# Every repeat is bounded, so the cost grows with the length of the text alone. The worst text of
# 4,096 characters stays under 50 ms (tests/intake/test_warnings.py measures it).

_COORDINATES: Final = re.compile(
    r"""(?<![\d.,])-?\d{1,3}[.,]\d{3,10}\s{0,3}[°]?\s{0,2}[NSEWСЮВЗ]?[,;/\s]\s{0,3}
        -?\d{1,3}[.,]\d{3,10}(?!\d)
      | \d{1,3}\s?[°º]\s?\d{1,2}(?:[.,]\d{1,8})?\s?['′’]
      | \b\d{2}[A-Z]\s?[A-Z]{2}\s?\d{3,5}\s?\d{3,5}\b
      | \b[XxХх]\s?[=:]?\s?\d{5,7}\D{1,4}[YyУу]\s?[=:]?\s?\d{5,7}\b""",
    re.VERBOSE,
)
_SHORT_COORDINATES: Final = re.compile(
    r"""(?<![\d.,:/-])
        (?!(?:[12]?\d|3[01])\.(?:0\d|1[0-2]),\s{0,2}(?:[0-2]?\d|3[01])\.(?:0\d|1[0-2])\b)  # days
        -?[1-8]?\d\.\d{1,2},\s{0,2}-?(?:1[0-7]\d|[1-9]?\d)\.\d{1,2}
        (?![.,]?\d|\s?[%$€₽])
      | \b(?i:ул|улица|улице|пер|переулок|пр-т|проспект)\b\.?\s{0,3}
        [А-ЯЁ][а-яё-]{1,25},?\s{0,3}(?:д\.?\s?)?\d{1,4}\b
      | (?<!\d)(?<!\d\s)\b(?:г|гор|пос|дер)\.\s{0,2}[А-ЯЁ][а-яё-]{2,25}""",
    re.VERBOSE,
)
_PHONE: Final = re.compile(r"(?<![\d.,])\+?\d(?:[\s\-().]{0,3}\d){8,14}(?!\d)")
_SHORT_PHONE: Final = re.compile(
    r"\b(?:tel|phone|тел|телефон|номер)\b[\s.:№-]{0,4}\d[\d\s-]{4,12}\d", re.IGNORECASE
)
_UNIT: Final = re.compile(
    r"""\b(?:в\s?/\s?ч|вч|войсков\w{0,4}\s{1,3}част\w{0,3}|military\s+unit|unit)
          \s{0,3}(?:№|no\.?|number|номер|n)?\s{0,3}\d{2,6}\b
      | \bчаст[ьи]\s{0,3}(?:№|номер)?\s{0,3}\d{5}\b
      | (?<!\d)\d{1,4}(?:[\s-]{1,2}?(?:й|я|ая|ой|ый|го|му|м|ю|ую|th|st|nd|rd)|th|st|nd|rd|й|я)?
          \s{0,2}-?\s{0,2}(?:отдельн\w{0,4}\s+|гвардейск\w{0,4}\s+|guards?\s+|separate\s+)?
          (?:мотострелков\w{0,4}\s+|танков\w{0,4}\s+|штурмов\w{0,4}\s+|десантн\w{0,4}\s+
            |motor(?:ised|ized)?\s+|rifle\s+|tank\s+|assault\s+|airborne\s+)?
          (?:полк|бригад|дивизи|батальон|рот[аыеу]\b|омсб|омсбр|мсп\b|тп\b|обр[а-я]{0,3}\b
            |regiment|brigade|division|battalion|company\b)""",
    re.VERBOSE | re.IGNORECASE,
)
_INTRODUCED: Final = re.compile(
    r"""\b(?i:меня\s+зовут|моя\s+фамилия|фамилия|зовут|фио|имя|позывной|командир\w{0,3}
          |комбат\w{0,2}|my\s+name\s+is|call\s+me|name\s+is|surname|callsign|commander
          |captain|major|colonel|lieutenant|sergeant|капитан\w{0,2}|майор\w{0,2}
          |полковник\w{0,2}|лейтенант\w{0,2}|сержант\w{0,2}|рядов\w{0,3})
        [\s:,—–-]{1,4}(?P<name>[A-ZА-ЯЁ][a-zа-яё]{1,20}(?:[\s-][A-ZА-ЯЁ][a-zа-яё.]{0,20}){0,2})""",
    re.VERBOSE,
)
_SELF: Final = re.compile(
    r"""(?:^\s{0,3}|\b)(?:[Яя]|I\s{1,3}am|I['’]m)\s{1,3}(?P<name>[А-ЯЁ][а-яё]{2,20}\s{1,3}[А-ЯЁ][а-яё]{2,20}
          |[A-Z][a-z]{2,20}\s{1,3}[A-Z][a-z]{2,20})\b
      | \A\s{0,3}[А-ЯЁ][а-яё]{2,20}\s{1,3}[А-ЯЁ][а-яё]{1,20}
          (?:ов|ев|ёв|ин|ын|ский|цкий|енко|ова|ева|ёва|ина|ская|цкая)\b
      | \A\s{0,3}(?:John|James|Robert|Michael|William|David|Richard|Joseph|Thomas|Peter|Paul|Mary
          |Anna|Ivan|Alex|Alexander|Sergey|Dmitry|Andrey|Oleg|Igor)\s{1,3}[A-Z][a-z]{2,20}\b""",
    re.VERBOSE,
)
_FULL_NAME: Final = re.compile(
    r"""\b[А-ЯЁ][а-яё]{1,20}\s+[А-ЯЁ][а-яё]{1,20}(?:вич|вна|ична|инична|оглы|кызы)(?:а|у|ем|ом|ы|е|ой)?\b
      | \b[А-ЯЁ][а-яё]{2,20}\s+[А-ЯЁ]\.\s?[А-ЯЁ]\.
      | \b[А-ЯЁ]\.\s?[А-ЯЁ]\.\s?[А-ЯЁ][а-яё]{2,20}\b
      | \b[А-ЯЁ][а-яё]{2,20}(?:ов|ев|ёв|ин|ын|ский|ской|цкий|енко|ова|ева|ёва|ина|ская|цкая)
          (?:а|у|ым|ой|ого|ому)?\s+[А-ЯЁ][а-яё]{2,20}\b
      | (?<=[а-яё,]\s)[А-ЯЁ][а-яё]{2,20}\s+
          [А-ЯЁ][а-яё]{2,20}(?:ов|ев|ёв|ин|ын|ский|цкий|енко|ова|ева|ёва|ина|ская|цкая)(?:а|у|ым|ой)?\b
      | \b(?!(?:The|This|That|My|His|Her|Our|Their|Please|Dear|South|North|New|United|Military)\s)
          [A-Z][a-z]{2,20}\s+[A-Z][a-z]{1,20}(?:ov|ev|in|sky|skiy|ski|enko|ova|eva|ina|skaya)\b""",
    re.VERBOSE,
)

_PATTERNS: Final = (
    (Sign.COORDINATES, _COORDINATES),
    (Sign.COORDINATES, _SHORT_COORDINATES),
    (Sign.PHONE, _PHONE),
    (Sign.PHONE, _SHORT_PHONE),
    (Sign.UNIT, _UNIT),
    (Sign.NAME, _INTRODUCED),
    (Sign.NAME, _SELF),
    (Sign.NAME, _FULL_NAME),
)


def suspicious(text: str) -> tuple[Suspicion, ...]:
    """At most one warning for each sign, in the order of `Sign`, with its first passage."""
    found: dict[Sign, Suspicion] = {}
    for sign, pattern in _PATTERNS:
        if sign in found:
            continue
        match = pattern.search(text)
        if match is not None and not _inside(found, text, match, sign):
            found[sign] = Suspicion(sign, " ".join(match[0].split())[:60])
    return tuple(found[sign] for sign in Sign if sign in found)


def _inside(found: dict[Sign, Suspicion], text: str, match: re.Match[str], sign: Sign) -> bool:
    """Digits of coordinates are no second time a phone number."""
    other = found.get(Sign.COORDINATES)
    return sign is Sign.PHONE and other is not None and match[0].strip() in other.passage
