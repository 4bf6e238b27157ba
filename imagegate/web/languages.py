"""The languages that a request asks for."""

from __future__ import annotations

from typing import Final

from imagegate.words import choose

# Browsers send some 50 characters; 64 KiB, as long as a head may be, would hold up the loop for 30 ms.
LONGEST: Final = 1000


def asked_language(value: str) -> str:
    """The one of `words.LANGUAGES` that an Accept-Language value likes best; what goes beyond LONGEST is not read."""
    return choose(value if len(value) <= LONGEST else value[:LONGEST].rpartition(",")[0])
