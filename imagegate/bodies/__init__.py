"""Error bodies: one file a dialect, each renders the rejections of a report as an API would answer them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from imagegate.bodies import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from imagegate.causes import Finding

Answer: TypeAlias = tuple[int, dict[str, str], dict[str, Any]]

BODIES: Final[Mapping[str, Callable[[int, Sequence[Finding], str | None], Answer]]] = MappingProxyType(
    {"problem": problem.render}
)
