"""What is fuzzed: check() on texts, JPEGs and PNGs, and what must be so whatever arrives."""

from __future__ import annotations

import struct
import zlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import imagegate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CALLS: Final = 3  # of check(), for each picture
_STATUSES: Final = (200, 400, 422)
_DEFAULT: Final = imagegate.Policy()
# What can be saved of a damaged picture is measured: there a decoder could show what it had in memory before. Few
# pixels, because of large ones there is no more to learn.
_LENIENT: Final = imagegate.Policy(
    severities={"image_corrupt": "warn", "image_truncated": "warn"}, limits={"pixels": {"max": 1 << 20}}
)
_SIGNATURE: Final = 8  # bytes, before the first chunk of a PNG
_FRAME: Final = 12  # bytes of a chunk beside its body: length, kind and checksum


def judged(image: bytes | str) -> None:
    """Nothing but a report, and of the same bytes the same one."""
    assert imagegate.check(image, policy=_DEFAULT).status in _STATUSES
    first, again = (imagegate.check(image, policy=_LENIENT) for _ in range(2))
    assert first == again
    assert (first.measurements is None) <= (first.status == 400)


def base64(data: bytes) -> None:
    """Text in and around the alphabets of Base64."""
    judged(data.decode("latin-1"))


def png(data: bytes) -> None:
    """PNG with true checksums: no fuzzer guesses one, and behind a wrong one nothing more is read."""
    judged(with_checksums(data))


def with_checksums(data: bytes) -> bytes:
    """The chunks of a PNG, each with the checksum that it must have, as far as they go."""
    pieces, at = [data[:_SIGNATURE]], _SIGNATURE
    while at + _FRAME <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + _FRAME + length
        if end > len(data):
            break
        pieces += [data[at : end - 4], struct.pack(">I", zlib.crc32(data[at + 4 : end - 4]))]
        at = end
    return b"".join([*pieces, data[at:]])


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = MappingProxyType({"base64": base64, "jpeg": judged, "png": png})
