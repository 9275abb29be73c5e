"""HTML and entities as Telegram reads them."""

from typing import Any

import pytest

from sandbox.cards import to_html
from sandbox.entities import parse, units
from sandbox.errors import ApiError

REFUSED = [
    ("<abac>", 'Unsupported start tag "abac" at byte offset 0'),
    ("🏟<x>", 'Unsupported start tag "x" at byte offset 4'),
    ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("a</b>", "Unexpected end tag at byte offset 1"),
    ("<i>a</em>", 'Unmatched end tag at byte offset 4, expected "</i>", found "</em>"'),
    ("<i>a</i   ", "Unclosed end tag at byte offset 4"),
    ("<b", 'Unclosed start tag "b" at byte offset 0'),
    ("<i   =a>x</i>", 'Empty attribute name in the tag "i" at byte offset 0'),
    ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ('<a href="x>y</a>', "Unclosed start tag at byte offset 0"),
    ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
]

KINDS = [
    ("<b>x</b>", "bold"),
    ("<strong>x</strong>", "bold"),
    ("<i>x</i>", "italic"),
    ("<u>x</u>", "underline"),
    ("<s>x</s>", "strikethrough"),
    ("<code>x</code>", "code"),
    ("<pre>x</pre>", "pre"),
    ("<blockquote>x</blockquote>", "blockquote"),
    ("<blockquote expandable>x</blockquote>", "expandable_blockquote"),
    ('<span class="tg-spoiler">x</span>', "spoiler"),
    ("<tg-spoiler>x</tg-spoiler>", "spoiler"),
]


@pytest.mark.parametrize(("source", "words"), REFUSED)
def test_broken_markup_is_refused_with_the_place(source: str, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(source, "HTML", None)
    assert refused.value.description == f"Bad Request: can't parse entities: {words}"


@pytest.mark.parametrize(("source", "kind"), KINDS)
def test_each_tag_becomes_its_entity(source: str, kind: str) -> None:
    assert parse(source, "HTML", None) == ("x", [{"type": kind, "offset": 0, "length": 1}])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;&gt;&amp;&quot;", '<>&"'),
        ("&laquo; &Or; &", "&laquo; &Or; &"),
        ("&#1071;&#x44f;", "Яя"),
        ("  a  b \n", "a  b"),
        ("a\r\nb\tc", "a\nb c"),
        ("<B>x</B>", "x"),
        ("<b>x</>", "x"),
    ],
)
def test_texts_come_out_as_telegram_keeps_them(source: str, text: str) -> None:
    assert parse(source, "HTML", None)[0] == text


def test_offsets_count_utf16_units() -> None:
    text, entities = parse("😀<b>я😀</b>", "HTML", None)
    assert units(text) == 5
    assert entities == [{"type": "bold", "offset": 2, "length": 3}]


def test_nested_entities_come_outer_first_and_empty_ones_not_at_all() -> None:
    _, entities = parse("<b>a<i>b</i></b><u></u>", "HTML", None)
    assert [(e["type"], e["offset"], e["length"]) for e in entities] == [
        ("bold", 0, 2),
        ("italic", 1, 1),
    ]


def test_neighbours_of_one_kind_become_one() -> None:
    assert parse("<b>a</b><b>b</b>", "HTML", None)[1] == [
        {"type": "bold", "offset": 0, "length": 2}
    ]


def test_a_link_needs_an_address() -> None:
    assert parse('<a href="https://example.org">x</a>', "HTML", None)[1] == [
        {"type": "text_link", "url": "https://example.org/", "offset": 0, "length": 1}
    ]
    assert parse('<a href="nowhere">x</a>', "HTML", None)[1] == []


def test_a_language_of_code_belongs_to_its_block() -> None:
    _, entities = parse('<pre><code class="language-python">x</code></pre>', "HTML", None)
    assert entities == [{"type": "pre", "language": "python", "offset": 0, "length": 1}]


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("/start now", "bot_command", "/start"),
        ("see /help@some_bot", "bot_command", "/help@some_bot"),
        ("ask @somebody", "mention", "@somebody"),
        ("a #tag", "hashtag", "#tag"),
        ("at https://example.org/x now", "url", "https://example.org/x"),
        ("to a@example.org", "email", "a@example.org"),
        ("call +1 234 567 89 01", "phone_number", "+1 234 567 89 01"),
    ],
)
def test_telegram_finds_some_entities_by_itself(text: str, kind: str, part: str) -> None:
    found = parse(text, None, None)[1]
    assert found == [{"type": kind, "offset": text.index(part), "length": len(part)}]


def test_nothing_is_found_inside_code() -> None:
    assert [e["type"] for e in parse("<code>/start</code>", "HTML", None)[1]] == ["code"]


def test_a_card_gives_its_html_back() -> None:
    source = 'a <b>b<i>c😀</i></b> <a href="https://example.org/">d</a> &lt;'
    text, entities = parse(source, "HTML", None)
    assert to_html(text, entities) == source


def test_given_entities_are_kept() -> None:
    given: list[dict[str, Any]] = [{"type": "bold", "offset": 0, "length": 1}]
    assert parse("x", None, given) == ("x", given)
