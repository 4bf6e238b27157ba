"""Rejections inside a 200: some APIs say in the body of a success that the picture would not do.

Each parser takes a decoded body. It gives None where the body is not of its API; else the rejection under the code that
ERRORS lists it by, or no code where the picture was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from imagegate.bodies import ParsedBody
from imagegate.errors import BY_CODE

OK: Final = 200
RUNNING: Final = "running"
ERROR: Final = "error"

# Where each generation of Legit.Health's API keeps a flag that says why: what failed first tells most.
_FLAGS: Final = (
    ("quality.acceptable", ("quality", "acceptable")),
    ("quality.acceptable", ("metrics", "quality", "isValid")),
    ("hasEnoughQuality", ("metrics", "hasEnoughQuality")),
    ("domain.isDermatological", ("domain", "isDermatological")),
    ("domain.isDermatological", ("metrics", "domain", "isValid")),
    ("isDermatologyDomain", ("metrics", "isDermatologyDomain")),
    ("isValid", ("isValid",)),
)


def legit_health(body: object) -> ParsedBody | None:
    """The first picture that is not valid; `pointer` is where the request has it, for pictures come in its order."""
    judged = list(_validities(body))
    if not judged:
        return None
    for pointer, validity in judged:
        code = next((code for code, path in _FLAGS if _at(validity, *path) is False), "")
        if code:
            return ParsedBody(code=code, status=OK, pointer=pointer)
    return ParsedBody(status=OK)


def perfect_corp(body: object) -> ParsedBody | None:
    """A task: running, done, or failed with a code of the engine's."""
    task = _at(body, "data")
    match _at(task, "task_status"):
        case "success":
            return ParsedBody(status=OK)
        case "running":
            return ParsedBody(code=RUNNING, status=OK)
        case "error":
            return ParsedBody(code=_known("perfect_corp", _at(task, "error")), status=OK)
    return None


def glamar(body: object) -> ParsedBody | None:
    """An output whose `error` is a documented sentence. Without that or its 422, any body with an output would pass."""
    output = _at(body, "output")
    error, code = _at(output, "error"), _at(output, "status_code")
    if not isinstance(error, str) or not (code == 422 or ("glamar", error) in BY_CODE):  # noqa: PLR2004 - as documented
        return None
    return ParsedBody(code=_known("glamar", error), status=OK)


INSIDE: Final[Mapping[str, Callable[[object], ParsedBody | None]]] = MappingProxyType(
    {"legit_health": legit_health, "perfect_corp": perfect_corp, "glamar": glamar}
)


def _validities(body: object) -> Iterator[tuple[str | None, Any]]:
    """Each verdict on a picture, and the picture's place in the request where that is documented."""
    whole = _at(body, "mediaValidity")
    if isinstance(whole, dict):
        yield None, whole
    for index, item in enumerate(_items(body, "imagingAnalysis")):
        validity = _at(item, "mediaValidity")
        if isinstance(validity, dict):
            yield f"/payload/{index}/contentAttachment/data", validity
    for item in _items(body, "imagingStudySeries"):
        validity = _at(item, "media", "validity")
        if isinstance(validity, dict):
            yield None, validity


def _items(body: object, name: str) -> list[Any]:
    found = _at(body, name)
    return found if isinstance(found, list) else []


def _at(value: object, *path: str) -> Any:
    """What stands at the end of a path of names; None where the path breaks off."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _known(api: str, code: object) -> str:
    """A documented code as it is; any other is some error, and may hold anything."""
    return code if isinstance(code, str) and (api, code) in BY_CODE else ERROR
