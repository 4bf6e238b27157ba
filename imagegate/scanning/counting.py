"""How many pictures a scan has before it, counted beside it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Self

from imagegate.scanning.filtering import NOT_AN_IMAGE, Filter
from imagegate.scanning.sources import inner_parts


class Count:
    """The number of pictures below some paths: an estimate for a bar, for files come and go."""

    def __init__(self, paths: Iterable[str] | None, chosen: Filter) -> None:
        self._files: int | None = None
        self._chosen = chosen
        self._paths = None if paths is None else list(paths)
        self._over = threading.Event()
        # A folder that answers slowly must not keep the command from ending.
        self._thread = threading.Thread(target=self._count, name="imagegate-count", daemon=True)

    @property
    def total(self) -> int | None:
        """The files, less those found not to be images so far; None until all are counted, and without paths."""
        return None if self._files is None else self._files - self._chosen.skipped[NOT_AN_IMAGE]

    def __enter__(self) -> Self:
        if self._paths is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _count(self) -> None:
        total = 0
        for _ in _files(self._paths or [], self._chosen):
            if self._over.is_set():
                return
            total += 1
        self._files = total


def _files(paths: list[str], chosen: Filter) -> Iterator[str]:
    """The files of a scan in any order: what is not sorted need not be held."""
    folders = []
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - a Path for each of a million files costs more than the listing
            folders.append((path, path))
        else:
            yield path
    while folders:
        folder, base = folders.pop()
        with suppress(OSError), os.scandir(folder) as listing:
            for entry in listing:
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.name.startswith(".") or not chosen.selects(inner_parts(entry.path, base), is_folder=is_folder):
                    continue
                if is_folder:
                    folders.append((entry.path, base))
                elif entry.is_file():
                    yield entry.path
