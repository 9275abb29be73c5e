"""The methods about the bot itself, its texts and commands, chats and files."""

from collections.abc import Callable
from typing import Any

from sandbox.errors import bad_request
from sandbox.method import Method
from sandbox.params import Params
from sandbox.profile import TEXTS, language_code, scope_key
from sandbox.world import World

Json = dict[str, Any]


def get_me(world: World, params: Params) -> Json:
    return {
        **world.bot_user(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
    }


def get_chat(world: World, params: Params) -> Json:
    chat = world.chat(params.values.get("chat_id"))
    return {
        **chat.api,
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": True,
            "limited_gifts": True,
            "unique_gifts": True,
            "premium_subscription": True,
            "gifts_from_channels": True,
        },
    }


def leave_chat(world: World, params: Params) -> bool:
    chat = world.chat(params.values.get("chat_id"))
    if chat.private:
        raise bad_request("chat member status can't be changed in private chats")
    chat.bot_in = False
    world.log.add("left", chat.id)
    return True


def get_file(world: World, params: Params) -> Json:
    return world.files.describe(params.text("file_id"))


def log_out(world: World, params: Params) -> bool:
    world.logged_out = True
    return True


def close(world: World, params: Params) -> bool:
    return True


def set_my_commands(world: World, params: Params) -> bool:
    commands = params.json("commands", "can't parse commands JSON object")
    world.profile.set_commands(*_place(params), commands)
    return True


def get_my_commands(world: World, params: Params) -> list[Json]:
    return world.profile.get_commands(*_place(params))


def delete_my_commands(world: World, params: Params) -> bool:
    world.profile.set_commands(*_place(params), [])
    return True


def _place(params: Params) -> tuple[str, str]:
    scope = params.json("scope", "can't parse BotCommandScope JSON object")
    return scope_key(scope), language_code(params.text("language_code"))


def _setter(field: str) -> Callable[[World, Params], bool]:
    def set_text(world: World, params: Params) -> bool:
        language = language_code(params.text("language_code"))
        world.profile.set_text(field, language, params.text(field))
        return True

    return set_text


def _getter(field: str) -> Callable[[World, Params], Json]:
    def get_text(world: World, params: Params) -> Json:
        language = language_code(params.text("language_code"))
        return {field: world.profile.text(field, language)}

    return get_text


_NAMES = {
    "name": ("MyName", "BotName"),
    "description": ("MyDescription", "BotDescription"),
    "short_description": ("MyShortDescription", "BotShortDescription"),
}

METHODS = (
    Method("getMe", (), "User", get_me),
    Method("getChat", ("chat_id",), "ChatFullInfo", get_chat),
    Method("leaveChat", ("chat_id",), "Boolean", leave_chat),
    Method("getFile", ("file_id",), "File", get_file),
    Method("logOut", (), "Boolean", log_out),
    Method("close", (), "Boolean", close),
    Method("setMyCommands", ("commands", "scope", "language_code"), "Boolean", set_my_commands),
    Method("getMyCommands", ("scope", "language_code"), "Array of BotCommand", get_my_commands),
    Method("deleteMyCommands", ("scope", "language_code"), "Boolean", delete_my_commands),
    *(
        Method(f"set{_NAMES[field][0]}", (field, "language_code"), "Boolean", _setter(field))
        for field in TEXTS
    ),
    *(
        Method(f"get{_NAMES[field][0]}", ("language_code",), _NAMES[field][1], _getter(field))
        for field in TEXTS
    ),
)
