"""Looks for planted words, numbers and keys in files, however they may be written there.

Knows nothing of Tropa: bytes are bytes. Needles are long and random enough that chance does not
produce them.
"""

import base64
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

HALVED = 20
"""Texts of this many characters and more are looked for in halves too: a page may end in them."""

Needles = Mapping[str, bytes]


def word(name: str, text: str) -> dict[str, bytes]:
    """A text as programs write texts."""
    found = {"utf-8": text.encode(), "percent": quote(text).encode()}
    found["json"] = json.dumps(text)[1:-1].encode()
    found["utf-16-le"] = text.encode("utf-16-le")
    found["utf-16-be"] = text.encode("utf-16-be")
    if len(text) >= HALVED:
        middle = len(text) // 2
        found |= {"first half": text[:middle].encode(), "last half": text[middle:].encode()}
    for coding in ("utf-8", "utf-16-le"):
        found |= {f"{coding} in {how}": made for how, made in _coded(text.encode(coding))}
    return {f"{name} ({how})": needle for how, needle in found.items()}


def key(name: str, data: bytes) -> dict[str, bytes]:
    """A key: as it is, and as programs write keys."""
    found = {"raw": data, **dict(_coded(data))}
    return {f"{name} ({how})": needle for how, needle in found.items()}


def number(name: str, value: int) -> dict[str, bytes]:
    """A number of at least five bytes: in digits, and as databases keep integers."""
    assert value >= 2**32, "a smaller number would be found by chance"
    found = word(name, str(value))
    found[f"{name} (hex digits)"] = f"{value:x}".encode()
    for length in (6, 8):
        found[f"{name} ({length} bytes, big-endian)"] = value.to_bytes(length, "big")
        found[f"{name} ({length} bytes, little-endian)"] = value.to_bytes(length, "little")
    return found


def _coded(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "hex", data.hex().encode()
    yield "HEX", data.hex().upper().encode()
    for before in range(3):
        for how, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            yield f"{how}, shifted by {before}", _inner(encode(bytes(before) + data), before, data)


def _inner(encoded: bytes, before: int, data: bytes) -> bytes:
    """The characters that depend on the data alone, whatever stands around it."""
    first = (before * 8 + 5) // 6
    last = (before + len(data)) * 8 // 6
    return encoded[first:last]


def search(files: Iterable[Path], needles: Needles) -> list[str]:
    """Each needle that is in a file, with the file's name."""
    found = []
    for path in files:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # a database server made it for a moment, and it is gone
        found += [f"{name} is in {path}" for name, needle in needles.items() if needle in data]
        name_of_file = os.fsencode(path.name)
        found += [f"{n} names {path}" for n, needle in needles.items() if needle in name_of_file]
    return found


def files_in(*folders: Path) -> list[Path]:
    """Every plain file below the folders."""
    return [
        Path(folder, name)
        for top in folders
        for folder, _, names in os.walk(top)
        for name in names
        if Path(folder, name).is_file()
    ]


def open_files(pid: int) -> list[Path]:
    """The files a process holds open, those without a name included, as far as we may look."""
    held = Path(f"/proc/{pid}/fd")
    try:
        return [entry for entry in held.iterdir() if entry.is_file()]
    except PermissionError:
        return []
