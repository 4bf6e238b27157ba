"""A request's body to what its JSON says, strictly: whatever two parsers could read differently is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, TypeAlias

from imagegate.request import joined
from imagegate.stepwise import end_of
from imagegate.words import Phrase

Body: TypeAlias = str | bytes | bytearray | memoryview | Mapping[str, Any]

# RFC 8259, section 9, lets a parser set such limits. Python's own for nesting depends on how deep its caller stands,
# and a list of empty objects takes 25 times the memory of its text. A request of 500 pictures has some 5,000 values.
MOST_NESTED: Final = 100
MOST_VALUES: Final = 100_000
CHUNK: Final = 1 << 20

# What tells of the structure, and where in it the constants stand that JSON does not have; both outside of texts.
_MARKS: Final = re.compile(r'["\[\]{},]')
_CONSTANTS: Final = re.compile(r'"|-?Infinity|NaN')
# Pieces of a text, and of JSON up to half a surrogate pair.
_TEXT: Final = re.compile(r'(?:[^"\\]++|\\.){0,65536}+', re.DOTALL)
_WHOLE_PAIRS: Final = re.compile(
    r"(?:[^\\]++|\\(?:[^u]|u(?![dD][89a-fA-F])|u[dD][89abAB]..\\u[dD][c-fC-F]..)){0,65536}+", re.DOTALL
)
# How messages of the json module begin.
_REASONS: Final = {
    "Expecting value": Phrase("a value is expected"),
    "Expecting property name": Phrase("a name in double quotes is expected"),
    "Expecting ':'": Phrase("a colon is expected"),
    "Expecting ','": Phrase("a comma or a closing bracket is expected"),
    "Illegal trailing comma": Phrase("there is a comma too many"),
    "Extra data": Phrase("something stands behind the end"),
    "Invalid control character": Phrase("there is a control character that is not escaped"),
    "Invalid \\": Phrase("there is an escape that JSON does not have"),
    "Unterminated string": Phrase("a text has no end"),
}
_TYPES: Final = {
    dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null",
}  # fmt: skip


class Malformed(Exception):  # noqa: N818 - no error: check_payload() makes a finding of it
    """The body is not JSON, or not JSON that every parser reads alike.

    Attributes:
        message: Why, and where; nothing of the body.
        pointer: JSON Pointer to the object at fault, of known names alone.
    """

    def __init__(self, message: Phrase, pointer: str = "") -> None:
        super().__init__(message, pointer)
        self.message = message
        self.pointer = pointer


def size_of(body: Body, enough: float) -> int:
    """Length of a body in bytes of UTF-8, for which nothing is copied.

    Args:
        body: A mapping counts as the text of its strings, which is the least that it can be.
        enough: What is longer need not be counted to its end.
    """
    if isinstance(body, Mapping):
        return _least_size(body, enough)
    if not isinstance(body, str):
        return memoryview(body).nbytes
    if body.isascii():
        return len(body)
    starts = range(0, len(body), CHUNK)
    return sum(len(body[start : start + CHUNK].encode("utf-8", "surrogatepass")) for start in starts)


def as_text(body: Body) -> str:
    """The JSON text; that of a mapping as a client would send it.

    Raises:
        Malformed: It is not UTF-8, or JSON cannot hold what the mapping holds.
    """
    if isinstance(body, str):
        return body
    if isinstance(body, Mapping):
        return _written(body)
    view = memoryview(body)
    data = view if view.c_contiguous else view.tobytes()
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        # A view of wider items is sliced by items, so of its bytes.
        before = str(bytes(data)[: error.start], "utf-8")
        raise _malformed(Phrase("the text is not UTF-8"), before, len(before)) from None


def parse(text: str, names: Collection[str] = ()) -> Any:
    """What the text says. Of whole numbers only the type is kept.

    Args:
        text: The JSON text (RFC 8259).
        names: The names that a pointer in an error may hold.

    Raises:
        Malformed: It is not JSON; or it has a byte order mark, an object with a key twice, half a surrogate pair, NaN
            or Infinity, or is nested too deeply.
    """
    if not text or text.isspace():
        raise Malformed(Phrase("The body is empty."))
    if text.startswith("\ufeff"):
        raise _malformed(Phrase("there is a byte order mark, which JSON must not have"), text, 0)
    _refuse_excess(text)
    repeated: list[_Repeated] = []

    def collected(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            repeated.append(value := _Repeated(value))
        return value

    try:
        # Python refuses to convert whole numbers of thousands of digits, and nobody asks for their value.
        value = json.loads(text, object_pairs_hook=collected, parse_int=len, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _malformed(_reason(error.msg), text, error.pos) from None
    except _Constant:
        reason = Phrase("NaN and Infinity are no JSON numbers")
        raise _malformed(reason, text, _position_of_constant(text)) from None
    _refuse_half_pairs(text)
    if repeated:
        pointer = next(_repeated(value, frozenset(names)), "")
        where = pointer or Phrase("the root")
        raise Malformed(Phrase("The object at {where}, or one within it, has a key twice.", where=where), pointer)
    return value


def type_of(value: object) -> str:
    """The JSON type of a parsed value; "integer" for a whole number."""
    return _TYPES.get(type(value), "object")


class _Repeated(dict[str, Any]):
    """An object with a key twice."""


class _Constant(ValueError):  # noqa: N818 - parse() makes Malformed of it
    """NaN or Infinity."""


def _malformed(reason: str, text: str, position: int) -> Malformed:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    message = Phrase(
        "The body is not valid JSON at line {line:,}, column {column:,}: {reason}.",
        line=line,
        column=column,
        reason=reason,
    )
    return Malformed(message)


def _reason(message: str) -> Phrase:
    """Why Python could not read it, in our words: its own are English, and may repeat the body."""
    return next((said for start, said in _REASONS.items() if message.startswith(start)), Phrase("it cannot be parsed"))


def _refuse_constant(_: str) -> Any:
    raise _Constant


def _position_of_constant(text: str) -> int:
    """Where the first of them stands that is not within a string; that one is where Python stopped."""
    return next(_outside(_CONSTANTS, text)).start()


def _refuse_excess(text: str) -> None:
    """Too many values or too deep a nesting; a body of a few pictures is told from its commas and brackets alone."""
    opening = text.count("[") + text.count("{")
    if opening <= MOST_NESTED and opening + text.count(",") < MOST_VALUES:
        return
    depth, values = 0, 1
    for match in _outside(_MARKS, text):
        mark = match[0]
        values += mark in {",", "[", "{"}
        depth += (mark in {"[", "{"}) - (mark in {"]", "}"})
        if depth > MOST_NESTED:
            raise _malformed(Phrase("the nesting is deeper than {most} levels", most=MOST_NESTED), text, match.start())
        if values > MOST_VALUES:
            raise _malformed(Phrase("there are more than {most:,} values", most=MOST_VALUES), text, match.start())


def _refuse_half_pairs(text: str) -> None:
    """No UTF-8 can hold half a surrogate pair, and what parsers make of one differs (RFC 8259, section 8.2)."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise _malformed(Phrase("there is half a surrogate pair"), text, error.start) from None
    if "\\ud" not in text and "\\uD" not in text:
        return
    end = end_of(_WHOLE_PAIRS, text, 0)
    if end < len(text):
        raise _malformed(Phrase("there is half a surrogate pair"), text, end)


def _outside(marks: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """What is found outside of the strings in JSON text; a quote among the marks begins a string."""
    at = 0
    while (found := marks.search(text, at)) is not None:
        at = found.end()
        if found[0] == '"':
            at = end_of(_TEXT, text, at) + 1
        else:
            yield found


def _repeated(root: Any, names: frozenset[str]) -> Iterator[str]:
    """Pointers to objects with a key twice; one below a name that is not known is told by what is above that name."""
    stack = [("", root, True)]
    while stack:
        pointer, value, known = stack.pop()
        if isinstance(value, _Repeated):
            yield pointer
        for key, child in _children(value):
            if not isinstance(child, (dict, list)):
                continue
            tells = known and (isinstance(key, int) or key in names)
            stack.append((joined(pointer, key) if tells else pointer, child, tells))


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    yield from value.items() if isinstance(value, Mapping) else enumerate(value)


def _least_size(body: Mapping[str, Any], enough: float) -> int:
    """Too many values and too deep a nesting are refused, so that even what is within itself ends.

    What stands in several places is counted in each, as JSON writes it: of thirty lists that hold the next one twice, a
    billion.
    """
    size, values = 0, 1
    stack: list[tuple[Any, int]] = [(body, 1)]
    while stack and size <= enough:
        value, depth = stack.pop()
        size += 1
        if isinstance(value, str):
            size += len(value) + 1
        if not isinstance(value, (Mapping, list, tuple)):
            continue
        if depth > MOST_NESTED:
            raise Malformed(Phrase("The body is nested more deeply than {most} levels.", most=MOST_NESTED))
        values += len(value)
        if values > MOST_VALUES:
            raise Malformed(Phrase("The body has more than {most:,} values.", most=MOST_VALUES))
        for key, child in _children(value):
            size += len(key) if isinstance(key, str) else 1
            stack.append((child, depth + 1))
    return size


def _written(body: Mapping[str, Any]) -> str:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError):
        reason = Phrase("The body holds what JSON cannot: NaN, bytes, ...")
        raise Malformed(reason) from None


def _plain(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError
