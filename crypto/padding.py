"""Padding to a few sizes, so that lengths say little (ISO/IEC 7816-4 marker, then Padmé sizes).

The marker is one byte 0x80, then zeros. Up to 64 KiB sizes are powers of two from 512; above,
Padmé (Nikitin et al., PETS 2019), which wastes at most 12 % and leaks O(log log n) bits.
"""

from typing import Final

from crypto.errors import BadPadding

SMALLEST: Final = 512
LARGEST_POWER: Final = 64 * 1024
_MARKER: Final = b"\x80"


def padded_size(length: int) -> int:
    """How many bytes `length` bytes take when padded; the marker always fits."""
    return _bucket(length + 1)


def is_padded_size(size: int) -> bool:
    """Whether anything padded has this many bytes."""
    return _bucket(size) == size


def pad(data: bytes) -> bytes:
    """`data`, the marker, and zeros up to the next size."""
    return (data + _MARKER).ljust(padded_size(len(data)), b"\0")


def unpad(padded: bytes, what: str = "the padded data", record: int | None = None) -> bytes:
    """What was padded. `BadPadding` unless it is exactly as `pad` would have made it."""
    data, marker, rest = padded.rpartition(_MARKER)
    if not marker or rest.strip(b"\0") or len(padded) != padded_size(len(data)):
        raise BadPadding(what, record)
    return data


def _bucket(needed: int) -> int:
    if needed <= SMALLEST:
        return SMALLEST
    if needed <= LARGEST_POWER:
        return 1 << (needed - 1).bit_length()
    exponent = needed.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1
    return (needed + mask) & ~mask
