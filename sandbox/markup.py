"""Inline keyboards: what Telegram accepts under a message.

Reply keyboards are accepted and shown to nobody: the bot under test does not use them.
"""

from typing import Any

from sandbox.errors import bad_request
from sandbox.params import Params

MAX_BUTTONS = 100
MAX_DATA_BYTES = 64

_KINDS = ("url", "callback_data", "web_app", "copy_text", "switch_inline_query_current_chat")
_KEPT = ("text", "icon_custom_emoji_id", "style", *_KINDS)
_OTHER = ("keyboard", "remove_keyboard", "force_reply")

Markup = dict[str, Any]


def inline_keyboard(params: Params) -> Markup | None:
    """The keyboard of a call; `None` where there is none or an empty one."""
    if not params.values.get("reply_markup"):
        return None
    given = params.json("reply_markup", "can't parse reply keyboard markup JSON object")
    if not isinstance(given, dict):
        raise bad_request("object expected as reply markup")
    rows = given.get("inline_keyboard")
    if rows is None:
        if any(key in given for key in _OTHER) or not given:
            return None
        return None
    if not isinstance(rows, list):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array')
    kept = [[_button(button) for button in _row(row)] for row in rows]
    kept = [row for row in kept if row]
    if sum(map(len, kept)) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": kept} if kept else None


def _row(row: Any) -> list[Any]:
    if not isinstance(row, list):
        raise bad_request("can't parse inline keyboard: row must be an Array")
    return row


def _button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise _refusal("InlineKeyboardButton must be an Object")
    if "text" not in button:
        raise _refusal('Can\'t find field "text"')
    if not isinstance(button["text"], str):
        raise _refusal('Field "text" must be of type String')
    if not button["text"].strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if not any(button.get(kind) for kind in _KINDS):
        raise _refusal("Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not (
        0 < len(str(data).encode("utf-8", "surrogatepass")) <= MAX_DATA_BYTES
    ):
        raise bad_request("BUTTON_DATA_INVALID")
    return {key: button[key] for key in _KEPT if key in button}


def _refusal(words: str) -> Exception:
    return bad_request(f"can't parse inline keyboard button: {words}")
