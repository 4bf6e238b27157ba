"""A file that has no name until it is whole, so that a kill leaves nothing of it: it may hold a patient's photo."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

PREFIX: Final = ".imagegate-"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system name this file where it names none, as of a write to an open file."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


class Unnamed:
    """A new file in a folder, of the file system that it will stay on, readable by its owner alone.

    Where Linux has no files without a name (some network and layered file systems), and on other systems, its name
    begins with PREFIX, so it is hidden; there a kill leaves it behind.

    Attributes:
        file: What is written to.
        path: Where it can be found while it is open.
    """

    file: BinaryIO
    path: Path

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._named = False

    def __enter__(self) -> Self:
        try:
            handle = os.open(self._folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
            self.path = Path(f"/proc/self/fd/{handle}")
        except (AttributeError, OSError):  # not Linux, or its file system has none
            handle, name = tempfile.mkstemp(prefix=PREFIX, dir=self._folder)
            self.path, self._named = Path(name), True
        self.file = os.fdopen(handle, "w+b")
        return self

    def link(self, target: Path) -> None:
        """Give the complete file its name.

        Raises:
            FileExistsError: The name is taken.
            OSError: The file system has no links, or the like.
        """
        self.file.flush()
        # Only with a descriptor beside it does Python follow the link in /proc to the file.
        os.link(self.path, target, src_dir_fd=None if self._named else self.file.fileno())

    def replace(self, target: Path) -> None:
        """Give the complete file its name, whoever had it."""
        self.file.flush()
        if not self._named:
            part = target.with_name(f"{PREFIX}{target.name}")
            part.unlink(missing_ok=True)
            self.link(part)
            self.path, self._named = part, True
        self.file.close()  # Windows renames no open file
        self.path.replace(target)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with suppress(OSError):  # of a full disk, which was raised before
                self.file.close()
        finally:
            if self._named:
                self.path.unlink(missing_ok=True)
