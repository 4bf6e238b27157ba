"""Pictures in archives, read where they lie: nothing is ever unpacked to disk."""

from __future__ import annotations

import importlib
import sys
import threading
import weakref
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, BinaryIO, Final, TypeAlias

from imagegate.intake import READ_SIZE, read_bounded
from imagegate.policy import Policy
from imagegate.scanning import tar
from imagegate.scanning.filtering import Filter
from imagegate.scanning.images import has_image_name
from imagegate.scanning.item import Content, Item, Peeked, Unopened, failed, held, read
from imagegate.scanning.tar import Stream

Unpack: TypeAlias = Callable[[str, BinaryIO, Policy, Filter], Iterator[Item]]

ENCRYPTED: Final = 0x1  # APPNOTE.TXT 4.4.4, general purpose bit 0
UTF8_NAME: Final = 0x800  # bit 11
# Of the others LZMA lets the archive say how much memory it takes.
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Bytes of a zip's list of entries, which zipfile holds: 150,000 entries with names of usual length, 130 MB of memory
# at most. No entry is read in larger pieces.
LONGEST_LIST: Final = READ_SIZE
_LOCAL_HEADER: Final = 30  # bytes before the name (APPNOTE.TXT 4.3.7)


def _zip(name: str, file: BinaryIO, policy: Policy, chosen: Filter) -> Iterator[Item]:
    """Each entry is read by whoever checks it; one without the extension of an image at once, to see what it is."""
    archive = _Zip(file)
    for entry in archive.entries:
        inner = _parts(_zip_name(entry))
        if entry.is_dir() or not chosen.takes_path(inner):
            continue
        source = "/".join([name, *inner])
        if flaw := archive.flaw(entry):
            yield failed(source, flaw)
        elif has_image_name(source):
            yield Item(source, partial(archive.read, entry))
        else:
            try:
                with archive.opened(entry) as stream:
                    item = _read_now(source, stream, policy, chosen)
            except OSError as error:
                item = failed(source, str(error.strerror))
            if item is not None:
                yield item


class _Zip:
    """A zip whose entries several threads read; its file is closed when the last of them is done."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(_Bounded(file))
        except BaseException:
            file.close()
            raise
        weakref.finalize(self._archive, file.close)
        self._lock = threading.Lock()
        self.entries = self._archive.infolist()
        self._overlapping = _overlapping(self.entries)

    def flaw(self, entry: zipfile.ZipInfo) -> str:
        """Why an entry cannot be read; "" where it can."""
        if entry.flag_bits & ENCRYPTED:
            return "Encrypted"
        if entry.compress_type not in METHODS:
            return "Compressed by a method that is not supported"
        return "Overlaps another entry" if entry.header_offset in self._overlapping else ""

    def read(self, entry: zipfile.ZipInfo, policy: Policy) -> Content:
        """Read an entry; errors as `opened`."""
        with self.opened(entry) as stream:
            return read(stream, policy)

    @contextmanager
    def opened(self, entry: zipfile.ZipInfo) -> Iterator[Stream]:
        """Open an entry. Entries share a file: zipfile locks the reading from it, not opening and closing.

        Raises:
            Unopened: The entry is damaged.
        """
        try:
            with self._lock:
                file = self._archive.open(entry)
            try:
                yield file
            finally:
                with self._lock:
                    file.close()
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - zlib and zipfile fail in many ways
            raise Unopened(f"The entry is damaged ({type(error).__name__})") from None


class _Bounded:
    """The file of a zip, which refuses to read more at once than a list of entries may have."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1, /) -> bytes:
        if size > LONGEST_LIST:
            raise Unopened(f"The list of entries has {size:,} bytes; at most {LONGEST_LIST:,} are read")
        return self._file.read(size)


def _overlapping(entries: Sequence[zipfile.ZipInfo]) -> frozenset[int]:
    """Where the entries begin that share bytes with another, as in a zip bomb (David Fifield, WOOT 2019)."""
    found = set()
    before, end = -1, -1
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            found |= {before, entry.header_offset}
        length = _LOCAL_HEADER + len(entry.orig_filename) + entry.compress_size
        if entry.header_offset + length > end:
            before, end = entry.header_offset, entry.header_offset + length
    return frozenset(found)


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Its name; many programs write UTF-8 without the flag that says so, which zipfile reads as code page 437."""
    if entry.flag_bits & UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename


def _tar(
    opened: Callable[[BinaryIO], Stream], name: str, file: BinaryIO, policy: Policy, chosen: Filter
) -> Iterator[Item]:
    """A stream: each member is read in passing, no more of it than the policy takes."""
    with file:
        for member in tar.members(opened(file)):
            inner = _parts(member.name)
            if member.kind == "folder" or not chosen.takes_path(inner):
                continue
            source = "/".join([name, *inner])
            if member.kind == "sparse file":
                yield failed(source, "A sparse file, which is not supported")
            elif member.kind != "file":
                chosen.skipped[member.kind] += 1
            elif (item := _read_now(source, member.file, policy, chosen)) is not None:
                yield item


def _read_now(source: str, stream: Stream, policy: Policy, chosen: Filter) -> Item | None:
    """The picture that a stream holds; None where it holds none."""
    file = Peeked(lambda: stream)
    return held(source, read_bounded(file, policy)) if chosen.takes_file(source, file.head) else None


def _parts(name: str) -> list[str]:
    """A name's parts within the archive: of an absolute one, or of one that climbs out, what is harmless."""
    return [part for part in name.split("/") if part not in {"", ".", ".."}]


def _as_it_is(file: BinaryIO) -> Stream:
    return file


def _zstd(file: BinaryIO) -> Stream:
    unpacked: Stream = importlib.import_module("compression.zstd").ZstdFile(file)
    return unpacked


_ZSTD: Final = {".tar.zst": partial(_tar, _zstd)} if sys.version_info >= (3, 14) else {}
# Ending of a file's name to what gives its pictures.
KINDS: Final[Mapping[str, Unpack]] = MappingProxyType(
    {
        ".zip": _zip,
        ".tar": partial(_tar, _as_it_is),
        ".tar.gz": partial(_tar, tar.Gunzipped),
        ".tgz": partial(_tar, tar.Gunzipped),
        **_ZSTD,
    }
)
