"""What holds a patient's photo must not print it."""

from __future__ import annotations

from typing import Any

import msgspec


class Unprinted(msgspec.Struct, frozen=True):
    """A struct whose fields stand in no repr: msgspec's own shows them all, to logs, to Rich and to tracebacks."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []
