"""Filter: which of the files that a scan finds are scanned; the others are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from imagegate.scanning.images import has_image_name, is_image

HIDDEN: Final = "hidden"
EXCLUDED: Final = "excluded"
NOT_AN_IMAGE: Final = "not an image"

Patterns: TypeAlias = str | Iterable[str]


class _Pattern(NamedTuple):
    """The parts of a pattern, from the source on; with `folders_only`, it matches no file."""

    parts: tuple[str, ...]
    folders_only: bool


class Filter:
    """Which of the files that a scan finds are scanned.

    It applies to what is found in a folder, an archive or a store, or by a glob. A file that was named itself is
    always scanned.

    Attributes:
        skipped: Number of files and folders that were skipped so far, by reason.
    """

    def __init__(
        self,
        *,
        include: Patterns = (),
        exclude: Patterns = (),
        strict: bool = False,
        own: Iterable[Path] = (),
    ) -> None:
        """Check the patterns.

        Args:
            include: Patterns of the files to scan; without any, all are.
            exclude: Patterns of the files and folders to skip; they take precedence.
            strict: Scan files that are not images, too.
            own: Files that the scan itself writes; they are neither scanned nor counted.

        Raises:
            TypeError, ValueError: A pattern cannot be used; the message names the argument.
        """
        self.skipped: Counter[str] = Counter()
        self._include = [_pattern("include", text) for text in _texts("include", include)]
        self._exclude = [_pattern("exclude", text) for text in _texts("exclude", exclude)]
        if not isinstance(strict, bool):
            raise TypeError(f"strict must be True or False, got {type(strict).__name__}")
        self._strict = strict
        self._own = [path.resolve() for path in own]
        self._own_names = tuple(path.name for path in self._own)

    def is_own(self, path: str) -> bool:
        """Whether the scan itself writes this file."""
        return bool(self._own) and path.endswith(self._own_names) and Path(path).resolve() in self._own

    def selects(self, parts: Sequence[str], *, is_folder: bool = False) -> bool:
        """Whether the patterns select a file, or leave a folder to be entered.

        Args:
            parts: The parts of its path, relative to the source.
            is_folder: Whether it is a folder.
        """
        if any(_covers(pattern, parts, is_folder=is_folder) for pattern in self._exclude):
            return False
        return is_folder or not self._include or any(_covers(pattern, parts) for pattern in self._include)

    def takes_path(self, parts: Sequence[str], *, is_folder: bool = False) -> bool:
        """Whether no part of a path is hidden and the patterns select it; counts it otherwise."""
        if any(part.startswith(".") for part in parts):
            self.skipped[HIDDEN] += 1
            return False
        if self.selects(parts, is_folder=is_folder):
            return True
        self.skipped[EXCLUDED] += 1
        return False

    def takes_file(self, name: str, head: Callable[[], bytes]) -> bool:
        """Whether a file is to be scanned because it is an image; counts it otherwise.

        Args:
            name: Its name; with the extension of an image, nothing of the file is read.
            head: Reads its first `images.HEAD` bytes. A file that cannot be read is scanned: its record says why.
        """
        if self._strict or has_image_name(name):
            return True
        try:
            taken = is_image(head())
        except Exception:  # noqa: BLE001 - archives and stores fail in many ways
            return True
        if not taken:
            self.skipped[NOT_AN_IMAGE] += 1
        return taken


def matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a glob; `**` stands for any number of parts."""
    *_, whole = _matching(parts, pattern)
    return whole


def _matching(parts: Sequence[str], pattern: Sequence[str]) -> Iterator[bool]:
    """For each beginning of a path, the empty one first, whether it matches a glob.

    All ways through the pattern are followed at once: to try one after the other takes the cube of the number of parts,
    and a name in an archive has 32,000 of them.
    """
    reached = _with_stars({0}, pattern)
    yield len(pattern) in reached
    for part in parts:
        waiting = {index for index in reached if index < len(pattern)}
        stars = {index for index in waiting if pattern[index] == "**"}
        passed = {index + 1 for index in waiting - stars if fnmatchcase(part, pattern[index])}
        reached = _with_stars(stars | passed, pattern)
        yield len(pattern) in reached


def _with_stars(reached: set[int], pattern: Sequence[str]) -> set[int]:
    """Places in a pattern, with those behind each `**` at them, which may stand for nothing."""
    for index, part in enumerate(pattern):
        if part == "**" and index in reached:
            reached.add(index + 1)
    return reached


def _texts(name: str, patterns: Any) -> list[Any]:
    texts = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(texts, Iterable) or isinstance(texts, (bytes, bytearray, memoryview)):
        raise TypeError(f"{name} must be a pattern or an iterable of patterns, got {type(patterns).__name__}")
    return list(texts)


def _pattern(name: str, text: Any) -> _Pattern:
    """A pattern as .gitignore reads it: without a slash before its end, it matches at any level."""
    if not isinstance(text, str):
        raise TypeError(f"{name}: a pattern must be a str, got {type(text).__name__}")
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if not parts:
        raise ValueError(f"{name}: a pattern must name a file or folder, as in '*.jpg' or '2024/**'")
    if "/" not in text.rstrip("/"):
        parts = ["**", *parts]
    return _Pattern(tuple(parts), text.endswith("/"))


def _covers(pattern: _Pattern, parts: Sequence[str], *, is_folder: bool = False) -> bool:
    """Whether a pattern matches a path, or a folder above it."""
    last = len(parts) if is_folder or not pattern.folders_only else len(parts) - 1
    return any(islice(_matching(parts, pattern.parts), 1, last + 1))
