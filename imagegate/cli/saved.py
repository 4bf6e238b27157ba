"""Saved answers of an API: a body, a whole response as `curl -i` writes it, or a HAR file of many."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

import msgspec

from imagegate.cli import inputs
from imagegate.cli.inputs import STDIN, Misuse, shortened
from imagegate.cli.output import complain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# A HAR file holds the photos that were sent, and is held whole.
LARGEST_FILE: Final = 1 << 28
CHUNK: Final = 1 << 20
# No browser saves so many; 20 MB of empty ones would keep a terminal busy for minutes.
MOST_ENTRIES: Final = 100_000
MOST_COMPLAINTS: Final = 100
LONGEST_HEADERS: Final = 1 << 20
# As much of a response's head as curl itself reads (MAX_HTTP_RESP_HEADER_SIZE), and as many heads, of redirects
# and proxies, as it follows.
LONGEST_HEAD: Final = 300 << 10
MOST_HEADS: Final = 64
STATUSES: Final = range(100, 1000)

# RFC 9112, section 4, but for the line ends, which may have lost their CR.
_HEAD: Final = re.compile(rb"HTTP/[0-9.]{1,3} ([1-9][0-9]{2})[^\r\n]*+\r?\n((?:[^\r\n]++\r?\n)*+)\r?\n")


class Answer(NamedTuple):
    """One saved answer.

    Attributes:
        source: The file's name, in a HAR file with a JSON Pointer behind it; None where there is no file.
        status: None or 0 where there was no answer, or where it is not known.
        headers: Names and values.
        body: As it was saved; None where there is no file.
    """

    source: str | None
    status: int | None
    headers: Sequence[tuple[str, str]]
    body: bytes | None


class _Header(msgspec.Struct):
    name: str
    value: str


class _Content(msgspec.Struct):
    text: str | None = None
    encoding: str | None = None


class _Response(msgspec.Struct):
    status: int
    headers: msgspec.Raw = msgspec.Raw(b"[]")
    content: _Content = msgspec.field(default_factory=_Content)


class _Entry(msgspec.Struct, gc=False):
    """Of an entry (HAR 1.2) what came back; what was sent is not even decoded."""

    response: msgspec.Raw


class _Log(msgspec.Struct):
    entries: list[_Entry]


class _Har(msgspec.Struct):
    log: _Log


class Saved(NamedTuple):
    """What was saved: one answer, or the many of a HAR file."""

    answers: Iterable[Answer]
    is_har: bool


def saved(name: str | None, status: int | None, lines: Sequence[str]) -> Saved:
    """The answers of a file, or the one that the options describe.

    Args:
        name: A HAR file, a response or a body; "-" is standard input; None if there is only a status.
        status: What --status says; it counts before the file's own.
        lines: What each --header says; these count before the file's own.

    Raises:
        Misuse: The file cannot be read, or the options do not fit it.
    """
    headers = [_header(line) for line in lines]
    if name is None:
        if status is None:
            raise Misuse("give FILE, or --status, or both")
        return Saved([Answer(None, status, headers, None)], is_har=False)
    data = _contents(name).removeprefix(codecs.BOM_UTF8)
    try:
        har = msgspec.json.decode(data, type=_Har)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        own = _response(name, data)
        status = own.status if status is None else status
        return Saved([own._replace(status=status, headers=[*headers, *own.headers])], is_har=False)
    if headers or status is not None:
        raise Misuse("--status and --header are of one answer, and a HAR file has many")
    if len(har.log.entries) > MOST_ENTRIES:
        raise Misuse(f"{shortened(name)} has more than {MOST_ENTRIES:,} entries")
    return Saved(_entries(name, har), is_har=True)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise Misuse("--header must be 'Name: value'")
    return name.strip(), value.strip()


def _contents(name: str) -> bytes:
    inputs.refuse_unusable_files([name])
    try:
        if name == STDIN:
            data = _read(inputs.standard_input())
        else:
            with Path(name).open("rb") as file:
                data = _read(file)
    except OSError as error:
        raise Misuse(f"{shortened(name)}: {error.strerror or type(error).__name__}") from None
    if len(data) > LARGEST_FILE:
        raise Misuse(f"{shortened(name)} is longer than {LARGEST_FILE >> 20} MiB")
    return data


def _read(file: BinaryIO) -> bytes:
    """Read a file to its end, or past LARGEST_FILE; in parts, as read() reserves all the memory it is asked for."""
    return b"".join(islice(iter(partial(file.read, CHUNK), b""), LARGEST_FILE // CHUNK + 1))


def _response(name: str, data: bytes) -> Answer:
    """A body, behind the headers where `curl -i` saved them; of several in a row, as of redirects, the last."""
    status, headers, end = None, [], 0
    for _ in range(MOST_HEADS):
        found = _HEAD.match(data, end, end + LONGEST_HEAD)
        if found is None:
            break
        status = int(found[1])
        lines = found[2].decode("latin-1").splitlines()
        headers = [(field.strip(), value.strip()) for field, _, value in (line.partition(":") for line in lines)]
        end = found.end()
    return Answer(name, status, headers, data[end:])


def _entries(name: str, har: _Har) -> Iterator[Answer]:
    """The answers of a HAR file, each under its JSON Pointer in it; its address may hold secrets, or be a photo."""
    unread = 0
    for index, entry in enumerate(har.log.entries):
        source = f"{name}#/log/entries/{index}"
        try:
            answer = _answer(source, entry.response)
        except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, RecursionError):
            unread += 1
            if unread <= MOST_COMPLAINTS:
                complain(f"{shortened(source)}: cannot be read")
        else:
            yield answer
    if unread > MOST_COMPLAINTS:
        complain(f"{shortened(name)}: {unread - MOST_COMPLAINTS:,} more entries cannot be read")


def _answer(source: str, raw: msgspec.Raw) -> Answer:
    """The answer in an entry's response."""
    response = msgspec.json.decode(raw, type=_Response)
    content = (response.content.text or "").encode("utf-8", "surrogatepass")
    body = base64.b64decode(content, validate=True) if response.content.encoding == "base64" else content
    lines = (
        msgspec.json.decode(response.headers, type=list[_Header]) if len(response.headers) <= LONGEST_HEADERS else []
    )
    status = response.status if response.status in STATUSES else None
    return Answer(source, status, [(line.name, line.value) for line in lines], body)
