"""Error bodies: one file a dialect, each renders a refusal as that API would answer it and parses what it answers."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from imagegate.bodies import problem
from imagegate.bodies.model import Answer, Dialect, ParsedBody, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BODIES", "Answer", "Dialect", "ParsedBody", "Refusal"]

BODIES: Final[Mapping[str, Dialect]] = MappingProxyType({"problem": Dialect(problem.render, problem.parse)})
