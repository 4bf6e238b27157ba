"""JSON Pointers (RFC 6901), and the same place written `payload[0].contentAttachment.data`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# RFC 6901, section 4; no array has more items than nine digits count.
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
# What needs no quotes in FHIRPath; all other names stand between its backticks.
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEP: Final = re.compile(
    r"\[(?P<index>0|[1-9][0-9]{0,8})\]|(?:^|\.)(?:`(?P<quoted>(?:[^`\\]++|\\.)*+)`|(?P<name>[^\s.\[\]`()/]++))",
    re.DOTALL,
)
_TO_QUOTE: Final = re.compile(r"([`\\])")
_QUOTED: Final = re.compile(r"\\(.)", re.DOTALL)
# Of four million names in one path a list of 200 MB is made.
LONGEST: Final = 1 << 17


def steps(pointer: str) -> list[str | int]:
    """The names and indices that a pointer goes through."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    return [int(name) if _INDEX.fullmatch(name) else name for name in names]


def pointer_through(names: Iterable[str | int]) -> str:
    """The pointer that goes through these."""
    return "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)


def dotted(pointer: str) -> str:
    """The path as Telesoft, google.rpc and FHIRPath write it; "" for the whole body."""
    return "".join(map(_written, steps(pointer))).removeprefix(".")


def pointer_of(path: object) -> str | None:
    """The pointer of a dotted path; None where it is none, has more than names and indices, or exceeds LONGEST."""
    if not isinstance(path, str) or not path or len(path) > LONGEST:
        return None
    names, end = [], 0
    while end < len(path):
        step = _STEP.match(path, end)
        if step is None:
            return None
        names.append(_read(step))
        end = step.end()
    return pointer_through(names)


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _IDENTIFIER.fullmatch(step) else "." + "`" + _TO_QUOTE.sub(r"\\\1", step) + "`"


def _read(step: re.Match[str]) -> str:
    if step["quoted"] is not None:
        return _QUOTED.sub(r"\1", step["quoted"])
    return step["index"] or step["name"]
