"""Output: the records of a scan in a file that is whole, or bears another name until it is.

While the scan runs, each record is a line of JSON at the end of OUT.part; the line before the first says what the scan
was asked for. In the end OUT.part becomes OUT in the form that is wanted. JSON and CSV could be appended to themselves,
Parquet cannot; one way for all three leaves one thing to get right.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from io import FileIO
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgspec

from imagegate.scanning.output.forms import form_of
from imagegate.scanning.sources import Item
from imagegate.unnamed import naming

__all__ = ["Output", "OutputRefused", "files_of"]

_BLOCK: Final = 1 << 16


class OutputRefused(ValueError):  # noqa: N818 - what happened to it
    """The records cannot be written there, or the scan cannot go on there; the message names the file and why."""


class Files(NamedTuple):
    """The names that an output has: when it is complete, until then, and while it is given its form."""

    path: Path
    part: Path
    temporary: Path


def files_of(path: str | os.PathLike[str]) -> Files:
    """The files of an output, by its name."""
    path = Path(path)
    return Files(path, path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.tmp"))


class Output:
    """The file of a scan's records.

    Attributes:
        path: What it is called when it is complete.
        part: What it is called until then.
        rest: The items that are to be scanned, after `finished`.
    """

    rest: Iterator[Item]

    def __init__(self, path: str | os.PathLike[str], settings: Mapping[str, Any], *, resume: bool = False) -> None:
        """Open it.

        Args:
            path: Ends in .jsonl, .csv or .parquet.
            settings: All that a record depends on but the picture: name to what JSON can hold. One that is left out
                is None.
            resume: Go on with what an earlier scan with the same settings left; begin where there is nothing.

        Raises:
            OutputRefused: There is such a file, or what is there cannot be gone on with.
            OSError: It cannot be opened.
        """
        self.path, self.part, self._temporary = files_of(path)
        try:
            self._form = form_of(self.path)
        except ValueError as error:
            raise OutputRefused(f"{self.path}: {error}") from None
        if self.path.exists() and not (resume and self.part.exists()):
            raise OutputRefused(f"{self.path} exists and is complete; remove it, or give another name")
        self._file = _opened(self.part, resume=resume)
        try:
            with naming(self.part):
                self._begin(settings)  # first, so that nothing is cut off a file that is no scan's
                _cut_torn_line(self._file)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def finished(
        self, items: Iterator[Item], is_gone: Callable[[str, bool], bool] = lambda *_: False
    ) -> Iterator[tuple[Item | None, dict[str, Any]]]:
        """The records of the scan that is gone on with, each beside its item; `rest` has the items after them.

        Args:
            items: The pictures of the source from its first on, in the order they had.
            is_gone: Whether the picture of a record, its source and whether it passed, is in the source no more,
                and rightly so; its item is None.

        Raises:
            OutputRefused: The source is not what it was, or the file is damaged.
        """
        self.rest = items
        for record in map(self._decoded, self._lines()):
            item = next(self.rest, None)
            if item is not None and _as_written(item.source) == record["source"]:
                yield item, record
            elif is_gone(record["source"], record["ok"]):
                self.rest = self.rest if item is None else chain([item], items)
                yield None, record
            else:
                there = "nothing more" if item is None else item.source
                raise OutputRefused(
                    f"{self.part} cannot be gone on with: the source has {there} where it had {record['source']}"
                )

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._file.fileno()

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one record's object; it is in the file when this returns, whatever becomes of the process.

        Raises:
            OSError: The disk is full, or the like; it names the file. What it left of a line, `resume` cuts off.
        """
        with naming(self.part):
            _append(self._file, record)

    def finish(self) -> None:
        """Give the file its form and its name; a kill before the end of this leaves the part as it was.

        Raises:
            OSError: The disk is full, or the like; it names the file, and the part is as it was.
        """
        try:
            with naming(self.path):
                with self._temporary.open("wb") as file:
                    self._form(self._lines(), file)
                    file.flush()
                    os.fsync(file.fileno())
                self._temporary.replace(self.path)
        finally:
            self._temporary.unlink(missing_ok=True)
        self._file.close()
        self.part.unlink()

    def _begin(self, settings: Mapping[str, Any]) -> None:
        with self.part.open("rb") as file:
            line = file.readline()
        asked = _line(settings)
        if len(line) < len(asked) and asked.startswith(line):  # new, or killed in the middle of it
            self._file.truncate(0)
            _append(self._file, settings)
            return
        then, now = self._decoded(line), msgspec.json.decode(asked)
        if not isinstance(then, dict):
            raise OutputRefused(f"{self.part} is no part of a scan; remove it to begin anew")
        changed = [name for name in {**now, **then} if then.get(name) != now.get(name)]
        if changed:
            raise OutputRefused(f"{self.part} was begun with another {' and '.join(changed)}; remove it to begin anew")

    def _lines(self) -> Iterator[bytes]:
        """The records, a line each."""
        with self.part.open("rb") as file:
            next(file)
            yield from file

    def _decoded(self, line: bytes) -> Any:
        try:
            return msgspec.json.decode(line)
        except msgspec.DecodeError:
            raise OutputRefused(f"{self.part} is damaged; remove it to begin anew") from None


def _opened(path: Path, *, resume: bool) -> FileIO:
    """Open for reading and appending, without a buffer that a kill would take along."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | (0 if resume else os.O_EXCL) | getattr(os, "O_BINARY", 0)
    try:
        file = FileIO(os.open(path, flags, 0o666), "r+")
    except FileExistsError:
        raise OutputRefused(f"{path} is of a scan that did not end; go on with it by --resume, or remove it") from None
    try:
        _lock(file)
    except BlockingIOError:
        file.close()
        raise OutputRefused(f"{path} is being written by another scan") from None
    return file


def _lock(file: FileIO) -> None:
    """Keep other scans away, where the system has such locks; the process's end lets go, whatever ends it."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has none

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except (ImportError, OSError):  # some network file systems have none either
        return


def _cut_torn_line(file: FileIO) -> None:
    """Cut off what follows the last newline: the record that was being written when the scan was killed."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        end = start + newline + 1
        if newline >= 0:
            break
    file.truncate(end)


def _append(file: FileIO, value: Mapping[str, Any]) -> None:
    left = memoryview(_line(value))
    while left:
        left = left[file.write(left) :]


def _line(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _as_written(source: str) -> str:
    """A source as its record has it: JSON takes no bytes that are not UTF-8."""
    return source.encode("utf-8", "backslashreplace").decode()
