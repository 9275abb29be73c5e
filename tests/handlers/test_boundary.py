"""At the door: what is taken of an update, and what never gets in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.boundary import Blocked, Command, InGroup, StrayTap, Tap, Text, Thing, read

Json = dict[str, Any]

PRIVATE: Json = {"id": 5, "type": "private", "first_name": "Пётр", "username": "petr"}
GROUP: Json = {"id": -7, "type": "supergroup", "title": "Друзья"}
USER: Json = {"id": 5, "is_bot": False, "first_name": "Пётр", "language_code": "ru-RU"}


def message(chat: Json = PRIVATE, **content: Any) -> Json:
    return {"message_id": 3, "date": 1, "chat": chat, "from": USER, **content}


def update(**body: Any) -> Json:
    return {"update_id": 1, **body}


CASES: list[tuple[Json, object]] = [
    (update(message=message(text="привет")), Text(1, 5, 3, "привет", "ru")),
    (update(message=message(text="/Start now")), Command(1, 5, 3, "start", "ru", "now")),
    (update(message=message(text="/start@other_bot")), Command(1, 5, 3, "start", "ru")),
    (update(message=message(text="/Take@bot  Ab  cd ")), Command(1, 5, 3, "take", "ru", "Ab  cd ")),
    (update(message=message(text="/ start")), Text(1, 5, 3, "/ start", "ru")),
    (update(message=message(text="/")), Text(1, 5, 3, "/", "ru")),
    (update(message=message(text="/1")), Text(1, 5, 3, "/1", "ru")),
    (update(message=message(photo=[], caption="c")), Thing(1, 5, 3, "photo", "ru")),
    (update(message=message(animation={}, document={})), Thing(1, 5, 3, "animation", "ru")),
    (update(message=message(of_next_year={})), Thing(1, 5, 3, "other", "ru")),
    (update(edited_message=message(text="/start")), Thing(1, 5, 3, "edited", "ru")),
    (update(message=message(GROUP, text="помогите")), InGroup(1, -7, 3, "ru")),
    (update(message=message(GROUP, new_chat_members=[])), None),
    (update(message=message(GROUP, text="x", **{"from": {"is_bot": True}})), None),
    (update(edited_message=message(GROUP, text="x")), None),
    (update(message=message({"id": -8, "type": "channel"}, text="x")), None),
    (update(channel_post=message(text="x")), None),
    (update(business_message=message(text="x")), None),
    (
        update(my_chat_member={"chat": PRIVATE, "new_chat_member": {"status": "kicked"}}),
        Blocked(1, 5),
    ),
    (update(my_chat_member={"chat": PRIVATE, "new_chat_member": {"status": "member"}}), None),
    (update(my_chat_member={"chat": GROUP, "new_chat_member": {"status": "kicked"}}), None),
    (
        update(callback_query={"id": "9", "from": USER, "message": message(), "data": "d"}),
        Tap(1, 5, "9", 3, "d", "ru"),
    ),
    (
        update(callback_query={"id": "9", "from": USER, "message": message()}),
        Tap(1, 5, "9", 3, "", "ru"),
    ),
    (update(callback_query={"id": "9", "from": USER, "inline_message_id": "A"}), StrayTap(1, "9")),
    (update(callback_query={"id": "9", "from": USER, "message": message(GROUP)}), StrayTap(1, "9")),
    (update(callback_query={"id": 9, "from": USER, "message": message()}), None),
    (update(callback_query={"id": "\ud800", "from": USER, "message": message()}), None),
    (update(message=message(text="x") | {"message_id": True}), None),
    (update(message=message({"id": 2**60, "type": "private"}, text="x")), None),
    ({"update_id": "1", "message": message(text="x")}, None),
    ({"message": message(text="x")}, None),
    ({}, None),
]


@pytest.mark.parametrize(("given_update", "event"), CASES)
def test_an_update_becomes_what_it_asks_for(given_update: Json, event: object) -> None:
    assert read(given_update) == event


def test_names_stay_outside() -> None:
    event = read(update(message=message(text="привет")))
    assert "Пётр" not in repr(event)
    assert "petr" not in repr(event)


_names = st.sampled_from(
    ["update_id", "message", "edited_message", "callback_query", "my_chat_member", "chat", "id",
     "from", "text", "type", "message_id", "data", "language_code", "new_chat_member", "status"]
)  # fmt: skip
_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(PRIVATE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(_names, _values, max_size=6))
def test_nothing_that_arrives_makes_it_fail(body: Json) -> None:
    read({**body, "update_id": 1})
