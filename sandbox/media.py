"""Media that people send: the parts of a `Message` for each kind, from bytes or from a sample."""

import base64
from collections.abc import Callable
from typing import Any

from sandbox import samples
from sandbox.files import Files, dimensions

Json = dict[str, Any]


class MediaError(ValueError):
    """Something that cannot be attached; the message says why."""


def content_of(files: Files, given: Json) -> Json:
    """The content of a message from an act: `{"photo": {…}}`, `{"location": {…}}` and so on."""
    for kind, make in _KINDS.items():
        if kind in given:
            details = given[kind] if isinstance(given[kind], dict) else {}
            return make(files, details)
    raw = given.get("content")
    if isinstance(raw, dict) and raw:
        return raw
    raise MediaError(f"nothing to send: give text, content or one of {', '.join(_KINDS)}")


def _bytes(details: Json, sample: Callable[[], bytes]) -> bytes:
    data = details.get("data")
    return base64.b64decode(data) if isinstance(data, str) and data else sample()


def _caption(details: Json) -> Json:
    return {"caption": details["caption"]} if details.get("caption") else {}


def _photo(files: Files, details: Json) -> Json:
    data = _bytes(details, samples.png)
    width, height = dimensions(data) or (320, 240)
    small = files.put("photo", "thumb.png", "image/png", samples.png(90, 60)).api()
    large = files.put("photo", str(details.get("name", "photo.jpg")), "image/png", data).api()
    sizes = [{**small, "width": 90, "height": 60}, {**large, "width": width, "height": height}]
    return {"photo": sizes, **_caption(details)}


def _document(files: Files, details: Json) -> Json:
    name = str(details.get("name", "document.txt"))
    mime = str(details.get("mime", "text/plain"))
    stored = files.put("document", name, mime, _bytes(details, samples.text))
    return {"document": {**stored.api(), "file_name": name, "mime_type": mime}, **_caption(details)}


def _voice(files: Files, details: Json) -> Json:
    stored = files.put("voice", "voice.ogg", "audio/ogg", _bytes(details, samples.voice))
    seconds = int(details.get("duration", 1))
    voice = {**stored.api(), "duration": seconds, "mime_type": "audio/ogg"}
    return {"voice": voice, **_caption(details)}


def _video_note(files: Files, details: Json) -> Json:
    stored = files.put("video_note", "note.mp4", "video/mp4", _bytes(details, samples.video))
    return {"video_note": {**stored.api(), "length": 240, "duration": 1}}


def _video(files: Files, details: Json) -> Json:
    stored = files.put("video", "video.mp4", "video/mp4", _bytes(details, samples.video))
    video = {**stored.api(), "width": 320, "height": 240, "duration": 1, "mime_type": "video/mp4"}
    return {"video": video, **_caption(details)}


def _sticker(files: Files, details: Json) -> Json:
    stored = files.put("sticker", "sticker.webp", "image/webp", _bytes(details, samples.webp))
    sticker = {
        **stored.api(),
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": False,
        "is_video": False,
        "emoji": str(details.get("emoji", "🌿")),
    }
    return {"sticker": sticker}


def _location(files: Files, details: Json) -> Json:
    latitude = float(details.get("latitude", 0.0))
    return {"location": {"latitude": latitude, "longitude": float(details.get("longitude", 0.0))}}


def _contact(files: Files, details: Json) -> Json:
    contact: Json = {
        "phone_number": str(details.get("phone_number", "+10000000000")),
        "first_name": str(details.get("first_name", "Somebody")),
    }
    if "user_id" in details:
        contact["user_id"] = int(details["user_id"])
    return {"contact": contact}


_KINDS: dict[str, Callable[[Files, Json], Json]] = {
    "photo": _photo,
    "document": _document,
    "voice": _voice,
    "video_note": _video_note,
    "video": _video,
    "sticker": _sticker,
    "location": _location,
    "contact": _contact,
}
