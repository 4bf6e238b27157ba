"""The id that a proxy or an app gave a request."""

from __future__ import annotations

import re
from typing import Final

REQUEST_ID: Final = "x-request-id"
# Characters that need no care anywhere.
_GIVEN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def given_id(value: str) -> str | None:
    """The id in the header's value; None where that is none."""
    return value if _GIVEN.fullmatch(value) else None
