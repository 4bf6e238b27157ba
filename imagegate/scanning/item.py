"""Item: one picture of a source, to be read when its turn comes."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from imagegate.intake import read_bounded
from imagegate.policy import Policy
from imagegate.scanning.images import HEAD


class Content(NamedTuple):
    """A picture that was read.

    Attributes:
        size: Its length in bytes, of Base64 in a table that of the text; at least what was read.
        image: What `imagegate.check` takes.
        data: Its bytes, where they were read; None where it is longer than the policy takes.
    """

    size: int
    image: object
    data: memoryview | None


class Item(NamedTuple):
    """One picture of a source.

    Attributes:
        source: Its name, as it was given or found; `archive.zip/inner/name.jpg`, `table.csv:17`.
        read: Reads it, no more of it than the policy takes. Raises OSError where it cannot be read.
        held: Bytes that it holds before it is read: what comes out of a stream must be taken in order.
    """

    source: str
    read: Callable[[Policy], Content]
    held: int = 0


class Unopened(OSError):  # noqa: N818 - what became of the picture
    """What kept a picture from being read, in words that stand in its record; never a byte of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EINVAL, reason)


class Peeked:
    """A file whose first bytes can be looked at before it is read; it is opened once, when it is needed."""

    def __init__(self, opened: Callable[[], Any]) -> None:
        self._opened = opened
        self._file: Any = None
        self._head = b""

    def head(self) -> bytes:
        """The first bytes, as many as `is_image` needs."""
        file = self._opened()
        self._head = file.read(HEAD)
        self._file = file
        return self._head

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; none at the end."""
        if self._file is None:
            self._file = self._opened()
        part, self._head = self._head[:size], self._head[size:]
        return part or bytes(self._file.read(size))

    def close(self) -> None:
        """Close the file, if it was opened."""
        if self._file is not None:
            self._file.close()


def failed(source: str, reason: str) -> Item:
    """A picture that is known not to be readable."""

    def read(_: Policy) -> Content:
        raise Unopened(reason)

    return Item(source, read)


def held(source: str, data: memoryview) -> Item:
    """A picture that was read already, or the beginning of one that is longer than the policy takes."""
    return Item(source, partial(content_of, data), data.nbytes)


def content_of(data: memoryview, policy: Policy, size: int = 0) -> Content:
    """What `read_bounded` gave; of what is too long, no part is hashed as if it were the whole."""
    kept = data if data.nbytes <= longest(policy) else None
    return Content(max(size, data.nbytes), data, kept)


def read(file: Any, policy: Policy, size: int = 0) -> Content:
    """Read an open file to its end, or to one byte past what the policy takes."""
    return content_of(read_bounded(file, policy), policy, size)


def longest(policy: Policy) -> float:
    """Bytes that the policy takes of a file, which may hold the picture or its Base64 text."""
    return max(policy.ceiling("file_size"), policy.ceiling("base64_length"))
