"""Small real files to attach, made byte by byte: nothing binary is kept in the tree."""

import base64
import struct
import zlib


def png(width: int = 320, height: int = 200) -> bytes:
    """A PNG with a soft gradient."""
    rows = b"".join(
        b"\x00" + bytes(v for x in range(width) for v in _shade(x, y, width, height))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _shade(x: int, y: int, width: int, height: int) -> tuple[int, int, int]:
    return 120 + 90 * y // height, 150 + 60 * x // width, 190 - 60 * y // height


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def text() -> bytes:
    return b"A small text file.\n"


def webp() -> bytes:
    """The smallest lossless WebP: one transparent point."""
    return base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")


def video() -> bytes:
    """An MP4 that holds its type and no picture: enough to be received, not to be played."""
    kind = b"ftypisom" + struct.pack(">I", 512) + b"isomiso2mp41"
    return struct.pack(">I", len(kind) + 4) + kind + struct.pack(">I", 8) + b"mdat"


def voice(frames: int = 50) -> bytes:
    """One second of silence: Opus frames of 20 ms in Ogg (RFC 7845)."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 0) + struct.pack("<I", 0)
    silence = b"\xf8\xff\xfe"
    pages = [_page(head, 0, 0, 2, [len(head)]), _page(tags, 1, 0, 0, [len(tags)])]
    body = silence * frames
    pages.append(_page(body, 2, 960 * frames, 4, [len(silence)] * frames))
    return b"".join(pages)


def _page(body: bytes, number: int, granule: int, flags: int, laces: list[int]) -> bytes:
    """An Ogg page (RFC 3533); its checksum covers the page with the checksum field zero."""
    head = b"OggS" + struct.pack("<BBqIII", 0, flags, granule, 1, number, 0)
    page = head + bytes([len(laces), *laces]) + body
    return page[:22] + struct.pack("<I", _ogg_crc(page)) + page[26:]


def _ogg_crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc
