"""What holds a patient's photo must not print it."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

# How a data: URI and JPEG, PNG, GIF and WebP begin in Base64, also URL-safe and encoded twice.
_PICTURE: Final = re.compile(r"\s*(?:data:|/9j/|_9j_|iVBOR|R0lGOD|UklGR|LzlqL|aVZCT1)")
# No name has so many letters in a row.
_LETTERS: Final = re.compile(r"[A-Za-z0-9+]{48,}+")
# What is longer is no name of a profile or a dialect.
LONGEST_NAME: Final = 60


def may_be_a_photo(name: str) -> bool:
    """Whether what was given as a name may be a photo's Base64 by mistake, so that no error may repeat it.

    It begins as a picture's Base64 does, or has so long a run of letters as no name has.
    """
    # Both cases, as a digest that serves as a name has only one.
    mixed = (run[0] not in (run[0].lower(), run[0].upper()) for run in _LETTERS.finditer(name))
    return _PICTURE.match(name) is not None or any(mixed)


def echoed(value: object) -> str:
    """What was given as a name, as an error repeats it: what is long or no text may be a photo by mistake."""
    if not isinstance(value, str):
        return type(value).__name__
    return repr(value) if len(value) <= LONGEST_NAME else f"a text of {len(value):,} characters"


class Unprinted(msgspec.Struct, frozen=True):
    """A struct whose fields stand in no repr: msgspec's own shows them all, to logs, to Rich and to tracebacks."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []
