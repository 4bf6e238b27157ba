"""What a source stands for: its pictures, one after another, each read when its turn comes."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final, TypeAlias

from imagegate.policy import Policy, resolve
from imagegate.privacy import may_be_a_photo
from imagegate.scanning import archives, remote, tables
from imagegate.scanning.filtering import Filter, matches
from imagegate.scanning.images import HEAD, has_image_name, is_image
from imagegate.scanning.item import Content, Item, Peeked, Unopened, failed, longest, read
from imagegate.scanning.names import sorted_names
from imagegate.unnamed import PREFIX

__all__ = ["Content", "Item", "Items", "file_item", "is_glob", "items_of", "paths_in"]

Location: TypeAlias = str | os.PathLike[str]

EVERYWHERE: Final = 1 << 30  # levels of folders: more than any system has
MAGIC: Final = frozenset("*?[")
CHUNK: Final = 1 << 16
LONGEST_NAME: Final = 1 << 16
UTF8_MARK: Final = b"\xef\xbb\xbf"
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

# What is no picture and nothing that pictures could be read from, by the type in its mode.
KINDS: Final[Mapping[int, str]] = MappingProxyType(
    {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
)


class Items(Iterator[Item]):
    """The pictures of a source, in its order.

    Attributes:
        skipped: What was skipped on the way here, by reason: "hidden", "named pipe", "socket", "device",
            "link to a folder", "folder already visited", "excluded", "not an image"; in archives also "link".
    """

    def __init__(self, items: Iterator[Item], skipped: Counter[str]) -> None:
        self._items = items
        self.skipped = skipped

    def __next__(self) -> Item:
        return next(self._items)


class _Finder:
    """One way through a source. Items are apart from it, so that what nobody reads on is closed at once."""

    def __init__(self, policy: Policy, column: str | None, chosen: Filter) -> None:
        self._chosen = chosen
        self.skipped = chosen.skipped
        self._visited: set[tuple[int, int]] = set()
        self._policy = policy
        self._column = column

    def found(self, locations: Iterable[Location]) -> Iterator[Item]:
        for location in locations:
            name = _checked(location)
            if remote.is_url(location):
                yield from self._remote(name)
            else:
                yield from self._local(name, literal=isinstance(location, os.PathLike))

    def _local(self, given: str, *, literal: bool) -> Iterator[Item]:
        name = str(Path(given))
        try:
            mode = os.stat(name).st_mode  # noqa: PTH116 - no object for each of a million files
        except OSError:
            yield from self._glob(name) if is_glob(name) and not literal else [file_item(name)]
            return
        if stat.S_ISDIR(mode):
            for path in self._walk(name):
                if self._chosen.takes_file(path, partial(_head, path)):
                    yield file_item(path)
        elif self._chosen.is_own(name):
            return
        elif stat.S_ISREG(mode):
            yield from self._file(name, partial(_opened, name), partial(file_item, name))
        else:
            yield file_item(name)

    def _file(self, name: str, opened: Callable[[], BinaryIO], item: Callable[[], Item]) -> Iterator[Item]:
        """The pictures of a file that was named: an archive's, a table's, or the file itself."""
        kind = name.lower()
        unpack = next((unpack for suffix, unpack in archives.KINDS.items() if kind.endswith(suffix)), None)
        rows = next((rows for suffix, rows in tables.KINDS.items() if kind.endswith(suffix)), None)
        if unpack is not None:
            yield from _told(name, lambda: unpack(name, opened(), self._policy, self._chosen))
        elif rows is None:
            yield item()
        elif self._column is None:
            yield failed(name, "A table: say which column has the pictures")
        else:
            column = self._column
            yield from _told(name, lambda: rows(name, opened(), column, self._policy))

    def _found_file(
        self, name: str, opened: Callable[[], BinaryIO], head: Callable[[], bytes], item: Callable[[], Item]
    ) -> Iterator[Item]:
        """The pictures of a file that a glob matches: as if it was named, or none where it is not an image."""
        endings = (*archives.KINDS, *(tables.KINDS if self._column is not None else ()))
        if name.lower().endswith(endings) or self._chosen.takes_file(name, head):
            yield from self._file(name, opened, item)

    def _remote(self, url: str) -> Iterator[Item]:
        is_glob = not MAGIC.isdisjoint(url)
        for name, opened in remote.files(url, self._chosen):
            file = Peeked(opened)
            item = partial(Item, name, partial(remote.read, file))
            if name == url:
                yield from self._file(name, opened, item)
            elif is_glob:
                yield from self._found_file(name, opened, file.head, item)
            elif self._chosen.takes_file(name, file.head):
                yield item()

    def _glob(self, pattern: str) -> Iterator[Item]:
        """The files that match, `**` being any number of folders; archives and tables among them as if named."""
        parts = Path(pattern).parts
        first = next(index for index, part in enumerate(parts) if not MAGIC.isdisjoint(part))
        base, wanted = Path(*parts[:first]), parts[first:]
        depth = EVERYWHERE if "**" in wanted else len(wanted)
        count = 0
        if base.is_dir():
            # Of its own, for another glob may want other files of the same folders.
            walk = _Finder(self._policy, self._column, self._chosen)._walk  # noqa: SLF001 - its own class
            for name in walk(str(base), depth):
                if matches(Path(name).relative_to(base).parts, wanted):
                    count += 1
                    yield from self._found_file(
                        name, partial(_opened, name), partial(_head, name), partial(file_item, name)
                    )
        if not count:
            yield failed(pattern, "No file matches")

    def _walk(self, folder: str, depth: int = EVERYWHERE) -> Iterator[str]:
        """Files below a folder, sorted by name; of the names, only those still to come on the way here are held."""
        levels = [self._level(folder, folder)]  # no recursion, for folders can be nested deeper than calls
        while levels:
            for path, is_folder in levels[-1]:
                if not is_folder:
                    yield path
                elif len(levels) < depth:
                    levels.append(self._level(path, folder))
                    break
            else:
                levels.pop()

    def _level(self, folder: str, base: str) -> Iterator[tuple[str, bool]]:
        """The files and folders in a folder, and which they are; of one that cannot be listed it alone, as a file.

        Args:
            folder: The folder.
            base: The folder above it, or itself, that the patterns are relative to.
        """
        try:
            about = os.stat(folder)  # noqa: PTH116 - no object for each of a million files
            with os.scandir(folder) as listing:
                names = sorted_names(entry.name for entry in listing)
        except OSError:
            yield folder, False  # A folder is no file, so its record tells of it.
            return
        if (about.st_dev, about.st_ino) in self._visited:
            self.skipped["folder already visited"] += 1
            return
        self._visited.add((about.st_dev, about.st_ino))
        for name in names:
            if name.startswith(PREFIX):
                continue  # of a scan that runs, or was killed
            path = os.path.join(folder, name)  # noqa: PTH118 - likewise
            if self._chosen.is_own(path):
                continue
            is_folder = _is_folder(path)
            if not self._chosen.takes_path(inner_parts(path, base), is_folder=is_folder):
                continue
            if is_folder:
                yield path, is_folder
            elif reason := _no_file(path):
                self.skipped[reason] += 1
            else:
                yield path, is_folder


def items_of(
    source: Location | Iterable[Location],
    *,
    policy: Policy | None = None,
    column: str | None = None,
    chosen: Filter | None = None,
) -> Items:
    """The pictures that a scan of `source` checks, in its order; arguments and errors as `scan`.

    Args:
        source: As for `scan`.
        policy: As for `scan`.
        column: As for `scan`.
        chosen: Which of the files that are found are scanned; None for images without any pattern.
    """
    if column is not None and not isinstance(column, str):
        raise TypeError(f"column must be a name, got {type(column).__name__}")
    if isinstance(source, (str, os.PathLike)):
        _refuse_missing(source)
        source = [source]
    if isinstance(source, (bytes, bytearray, memoryview)) or not isinstance(source, Iterable):
        raise TypeError(f"source must be a path or an iterable of paths, got {type(source).__name__}")
    chosen = chosen or Filter()
    return Items(_Finder(resolve(policy), column, chosen).found(source), chosen.skipped)


def inner_parts(path: str, base: str) -> list[str]:
    """The parts of a path below a folder that it begins with."""
    return path[len(base) :].strip(os.sep).split(os.sep)  # noqa: PTH206 - no object for each of a million files


def is_glob(name: str) -> bool:
    """Whether a name stands for the files that match it; what exists stands for itself."""
    return not MAGIC.isdisjoint(name) and not os.path.lexists(name)


def paths_in(file: BinaryIO) -> Iterator[Location]:
    """The paths and URLs that a list names, one a line or, as `find -print0` writes them, each before a null.

    Blank lines, a byte-order mark and the carriage returns of Windows are no part of a name. A path is taken
    literally: it is no glob.

    Raises:
        ValueError: It is no such list.
    """
    rest = file.read(CHUNK)
    if rest.startswith(UTF16_MARKS):
        raise ValueError("the list is UTF-16; save it as UTF-8")
    separator = b"\0" if b"\0" in rest else b"\n"
    rest = rest.removeprefix(UTF8_MARK)
    while chunk := rest:
        *names, rest = chunk.split(separator)
        # What is too long for a name is refused at once: to split it again with each chunk takes quadratic time.
        yield from _listed([*names, rest] if len(rest) > LONGEST_NAME else names, separator)
        more = file.read(CHUNK)
        if not more:
            yield from _listed([rest], separator)
            return
        rest += more


def _listed(names: Iterable[bytes], separator: bytes) -> Iterator[Location]:
    for line in names:
        name = os.fsdecode(line.removesuffix(b"\r") if separator == b"\n" else line)
        if remote.is_url(name) and len(line) <= LONGEST_NAME:
            yield name
        elif len(line) > LONGEST_NAME or (may_be_a_photo(name) and not os.path.lexists(name)):
            raise ValueError("the list holds what is no name of a file")
        elif name:
            yield Path(name)


def _told(name: str, opened: Callable[[], Iterator[Item]]) -> Iterator[Item]:
    """The pictures in an archive or a table; where it breaks off, a record of its own says so."""
    try:
        yield from opened()
    except ImportError:
        raise
    except OSError as error:
        yield failed(name, error.strerror or "It cannot be read")
    except Exception as error:  # noqa: BLE001 - decompressors and readers fail in many ways; one file is one bad record
        yield failed(name, f"Damaged, or cut short ({type(error).__name__})")


def _checked(location: object) -> str:
    if not isinstance(location, (str, os.PathLike)):
        raise TypeError(f"source: a path must be a str or os.PathLike, got {type(location).__name__}")
    name = os.fspath(location)
    if not isinstance(name, str):
        raise TypeError(f"source: a path must be text, got {type(name).__name__}")
    if not name or "\0" in name:
        raise ValueError("source: a path must not be empty or hold a null character")
    return name


def _refuse_missing(source: Location) -> None:
    """A single source is there, and can be opened."""
    name = _checked(source)
    if remote.is_url(source):
        remote.require(name)
        return
    path = Path(name)
    if isinstance(source, str) and is_glob(name):
        return
    if stat.S_ISDIR(path.stat().st_mode):
        os.scandir(path).close()


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _no_file(path: str) -> str:
    """Why a path is passed over; "" for a regular file, a link to one, and what only its record can tell of."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - no object for each of a million files
    except OSError:
        return ""
    return "link to a folder" if stat.S_ISDIR(mode) else KINDS.get(stat.S_IFMT(mode), "")


def file_item(path: str) -> Item:
    """The picture in a file, whatever its name."""
    return Item(path, partial(_read, path))


def _opened(path: str) -> BinaryIO:
    return open(path, "rb")  # noqa: PTH123 - a Path interns its parts, and the table of a million of these stays


def is_image_file(path: str) -> bool:
    """Whether a file has the name or the first bytes of an image; one that cannot be read has its name alone."""
    try:
        return has_image_name(path) or (_is_regular(path) and is_image(_head(path)))
    except OSError:
        return False


def _is_regular(path: str) -> bool:
    return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - likewise


def _head(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - likewise
        return file.read(HEAD)


def _read(path: str, policy: Policy) -> Content:
    mode = os.stat(path).st_mode  # noqa: PTH116 - likewise
    # Opening a pipe would wait for whoever writes to it.
    if not stat.S_ISREG(mode):
        raise Unopened("The folder cannot be listed" if stat.S_ISDIR(mode) else "Not a regular file")
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > longest(policy):
            return Content(size, Path(path), None)
        content = read(file, policy, size)
    # What has grown since is judged by its whole length.
    return content if content.data is not None else content._replace(image=Path(path))
