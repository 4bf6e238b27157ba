"""How many pictures a scan has before it, counted beside it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Self


class Count:
    """The number of files below some paths: an estimate for a bar, for files come and go.

    Attributes:
        total: The number; None until all are counted, and where there are no paths to count in.
    """

    def __init__(self, paths: Iterable[str] | None) -> None:
        self.total: int | None = None
        self._paths = None if paths is None else list(paths)
        self._over = threading.Event()
        # A folder that answers slowly must not keep the command from ending.
        self._thread = threading.Thread(target=self._count, name="imagegate-count", daemon=True)

    def __enter__(self) -> Self:
        if self._paths is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _count(self) -> None:
        total = 0
        for _ in _files(self._paths or []):
            if self._over.is_set():
                return
            total += 1
        self.total = total


def _files(paths: list[str]) -> Iterator[str]:
    """The files of a scan in any order: what is not sorted need not be held."""
    folders = []
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - a Path for each of a million files costs more than the listing
            folders.append(path)
        else:
            yield path
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as listing:
            for entry in listing:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file():
                    yield entry.path
