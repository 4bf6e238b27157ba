"""Request: where an API's JSON request holds its pictures and which fields it must have, as a policy says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

# The types of JSON Schema (draft 2020-12, section 6.1.1).
JsonType: TypeAlias = Literal["object", "array", "string", "number", "integer", "boolean"]

EVERY: Final = "*"
MISSING: Final = object()

# What Legit.Health and Neolens document, and what people call it who document nothing.
_USUAL: Final = (
    "/media", "/media/*", "/media/*/data",  # Legit.Health
    "/payload/contentAttachment/data", "/payload/*/contentAttachment/data",  # Legit.Health, newer
    "/image_data",  # Neolens
    "/image", "/images/*",
)  # fmt: skip


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the JSON request of one API looks like.

    A pointer is a JSON Pointer (RFC 6901) in which the token `*` stands for every index of an array, and no other token
    for any: what an API documents of one item of a list holds for all.

    Attributes:
        content_types: Media types that are taken, without parameters.
        images: Pointers to the pictures: Base64 text or data: URIs. At least one must lead to a picture.
        media_type: Name of the field beside a picture that declares its media type; "" where the API has none.
        other_types: Media types of what is no picture, though it may stand where pictures do: a PDF. It is not judged,
            unless it begins as a JPEG or a PNG does.
        required: Pointer to the type, or types, of a field that must be there; the last field of a pointer is asked for
            only in parents that are there, as by `required` in a JSON Schema.
        remote: Pointers to what says where a picture lies instead: a URL, a bucket. It counts as a picture, but is
            neither fetched nor judged, and fields beside it are not required. Where `images` has the pointer too, only
            text that begins with http:// or https:// is meant; where `images` leads on from it, the pictures within
            count in its stead.
        alternative: Another shape of the request; it is meant where the request has its pictures' first field, and not
            the one of this shape.

    Raises:
        ValueError: For an unknown key, or a value that cannot be meant; the message names the key.
        TypeError: For a value of the wrong type; the message names the key.
    """

    content_types: tuple[str, ...] = ("application/json",)
    images: tuple[str, ...] = _USUAL
    media_type: str = ""
    other_types: tuple[str, ...] = ()
    required: Mapping[str, tuple[JsonType, ...]] = {}
    remote: tuple[str, ...] = ()
    alternative: Request | None = None

    def __post_init__(self) -> None:
        """Refuse by name what cannot be meant; keep copies that cannot be changed."""
        if not isinstance(self.media_type, str):
            raise TypeError(f"request.media_type must be a string, got {type(self.media_type).__name__}")
        checked = {
            "content_types": tuple(kind.lower() for kind in _checked_texts("content_types", self.content_types)),
            "images": _checked_pointers("images", self.images),
            "other_types": tuple(kind.lower() for kind in _checked_texts("other_types", self.other_types)),
            "required": MappingProxyType(_checked_required(self.required)),
            "remote": _checked_pointers("remote", self.remote),
            "alternative": None if self.alternative is None else request_of(self.alternative),
        }
        if not checked["images"]:
            raise ValueError("request.images must name at least one field")
        for field, value in checked.items():
            msgspec.structs.force_setattr(self, field, value)

    def to_dict(self) -> dict[str, Any]:
        """What differs from the default, as plain containers."""
        plain: dict[str, Any] = {
            "content_types": list(self.content_types),
            "images": list(self.images),
            "media_type": self.media_type,
            "other_types": list(self.other_types),
            "required": {pointer: list(types) for pointer, types in self.required.items()},
            "remote": list(self.remote),
        }
        if self.alternative is not None:
            plain["alternative"] = self.alternative.to_dict()
        default = Request()
        return {key: value for key, value in plain.items() if getattr(self, key) != getattr(default, key)}

    def __reduce__(self) -> tuple[Callable[[Any], Request], tuple[dict[str, Any]]]:
        """Pickle as plain tables: a view that cannot be changed cannot be pickled."""
        return request_of, (self.to_dict(),)

    def shape_of(self, body: Mapping[str, Any]) -> Request:
        """This shape or an alternative, whichever the pictures of a request are in; this one where none is."""
        return next((shape for shape in self._shapes() if _roots(shape) & body.keys()), self)

    def names(self) -> set[str]:
        """Every name in the pointers: no other name of a body is ever said."""
        pointers = (pointer for shape in self._shapes() for pointer in (*shape.images, *shape.required, *shape.remote))
        return {token for pointer in pointers for token in tokens_of(pointer)}

    def _shapes(self) -> Iterator[Request]:
        shape: Request | None = self
        while shape is not None:
            yield shape
            shape = shape.alternative


def _roots(shape: Request) -> set[str]:
    """The first fields on the way to pictures."""
    return {tokens_of(pointer)[0] for pointer in (*shape.images, *shape.remote)}


def request_of(value: Any) -> Request:
    """A Request, or the one that a table of TOML says.

    Raises:
        ValueError, TypeError: As for Request.
    """
    if isinstance(value, Request):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"request must be a table, got {type(value).__name__}")
    unknown = sorted(set(value) - set(Request.__struct_fields__))
    if unknown:
        raise ValueError(f"request: unknown key {unknown[0]!r}; known: {', '.join(Request.__struct_fields__)}")
    return Request(**value)


def tokens_of(pointer: str) -> list[str]:
    """The names of a pointer (RFC 6901, section 4)."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def joined(pointer: str, token: str | int) -> str:
    """The pointer one step further (RFC 6901, section 3)."""
    return f"{pointer}/{str(token).replace('~', '~0').replace('/', '~1')}"


def places(pointer: str, body: object) -> Iterator[tuple[str, Any, Any]]:
    """Every place that a pointer leads to, in the order of the body.

    Yields:
        The pointer to it with indices for each `*`, what is there, and the array or object that it is in. Where only
        the last field is missing from an object, MISSING is there.
    """
    *way, last = tokens_of(pointer)
    return _places(way, last, "", body)


def _places(way: list[str], last: str, pointer: str, parent: Any) -> Iterator[tuple[str, Any, Any]]:
    if way:
        for step, value in _steps(pointer, parent, way[0]):
            yield from _places(way[1:], last, step, value)
        return
    found = False
    for step, value in _steps(pointer, parent, last):
        found = True
        yield step, value, parent
    if not found and isinstance(parent, dict) and last != EVERY:
        yield joined(pointer, last), MISSING, parent


def _steps(pointer: str, value: Any, token: str) -> Iterator[tuple[str, Any]]:
    if token == EVERY:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield joined(pointer, index), item
    elif isinstance(value, dict) and token in value:
        yield joined(pointer, token), value[token]


def _checked_texts(field: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, (tuple, list)):
        raise TypeError(f"request.{field} must be a list of strings, got {type(value).__name__}")
    for text in value:
        if not isinstance(text, str):
            raise TypeError(f"request.{field} must be a list of strings, got one with {type(text).__name__}")
    return tuple(value)


def _checked_pointers(field: str, value: Any) -> tuple[str, ...]:
    return tuple(_checked_pointer(field, pointer) for pointer in _checked_texts(field, value))


def _checked_pointer(field: str, pointer: Any) -> str:
    valid = isinstance(pointer, str) and pointer.startswith("/")
    if not valid or "~" in pointer.replace("~0", "").replace("~1", ""):
        raise ValueError(f"request.{field}: {pointer!r} is not a JSON Pointer such as '/images/*/data'")
    return str(pointer)


def _checked_required(value: Any) -> dict[str, tuple[JsonType, ...]]:
    if not isinstance(value, Mapping):
        raise TypeError(f"request.required must be a table, got {type(value).__name__}")
    return {_checked_pointer("required", pointer): _checked_types(pointer, types) for pointer, types in value.items()}


def _checked_types(pointer: str, types: Any) -> tuple[JsonType, ...]:
    listed = (types,) if isinstance(types, str) else types
    known = get_args(JsonType)
    if not isinstance(listed, (tuple, list)) or not listed or any(name not in known for name in listed):
        choices = ", ".join(map(repr, known))
        raise ValueError(f"request.required.{pointer} must be one or several of {choices}, got {types!r}")
    return tuple(listed)
