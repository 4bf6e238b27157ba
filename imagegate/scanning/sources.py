"""What a source stands for: its pictures, one after another, each read when its turn comes."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imagegate.intake import read_bounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagegate.policy import Policy


class Content(NamedTuple):
    """A picture that was read.

    Attributes:
        size: Its length in bytes.
        image: What `imagegate.check` takes.
        data: Its bytes, where they were read; None where it is longer than the policy takes.
    """

    size: int
    image: object
    data: memoryview | None


class Item(NamedTuple):
    """One picture of a source.

    Attributes:
        source: Its name, as it was given or found.
        read: Reads it, no more of it than the policy takes. Raises OSError where it cannot be read.
    """

    source: str
    read: Callable[[Policy], Content]


def items_of(source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Iterator[Item]:
    """The pictures that a scan of `source` checks, in its order; arguments as `scan`."""
    if isinstance(source, (str, os.PathLike)):
        path = _checked_path(source)
        if stat.S_ISDIR(path.stat().st_mode):
            os.scandir(path).close()
        return map(_item, _expanded([path]))
    if isinstance(source, (bytes, bytearray, memoryview)) or not isinstance(source, Iterable):
        raise TypeError(f"source must be a path or an iterable of paths, got {type(source).__name__}")
    return map(_item, _expanded(map(_checked_path, source)))


def _checked_path(path: object) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"source: a path must be a str or os.PathLike, got {type(path).__name__}")
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"source: a path must be text, got {type(text).__name__}")
    if not text or "\0" in text:
        raise ValueError("source: a path must not be empty or hold a null character")
    return Path(text)


def _item(path: Path) -> Item:
    return Item(str(path), partial(_read, path))


def _expanded(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _walk(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Files below a folder; of the lists of names only those on the way to the file are held."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        yield Path(folder)  # A folder is no file, so its record tells of it.
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry)
        elif _is_file(entry):
            yield Path(entry)


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a regular file or a link to one; a broken link counts, so that its record tells of it."""
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True


def _read(path: Path, policy: Policy) -> Content:
    mode = path.stat().st_mode
    # Opening a pipe would wait for whoever writes to it.
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "The folder cannot be listed" if stat.S_ISDIR(mode) else "Not a regular file")
    longest = max(policy.ceiling("file_size"), policy.ceiling("base64_length"))
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > longest:
            return Content(size, path, None)
        data = read_bounded(file, policy)
    # A file may have grown since; of what is too long, no part is hashed as if it were the whole.
    kept = data if data.nbytes <= longest else None
    return Content(max(size, data.nbytes), path if kept is None else kept, kept)
