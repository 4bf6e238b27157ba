"""Pictures in archives, read where they lie: nothing is ever unpacked to disk."""

from __future__ import annotations

import sys
import tarfile
import threading
import weakref
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import BinaryIO, Final, Self

from imagegate.intake import read_bounded
from imagegate.policy import Policy
from imagegate.scanning.item import Content, Item, Unopened, failed, held, read

ENCRYPTED: Final = 0x1  # APPNOTE.TXT 4.4.4, general purpose bit 0
UTF8_NAME: Final = 0x800  # bit 11
# Of the others LZMA lets the archive say how much memory it takes.
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Longer names, and other facts of a member, are read whole before it.
LONGEST_HEADER: Final = 1 << 20
_WHOLE_HEADERS: Final = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


def _zip(name: str, file: BinaryIO, _: Policy, skipped: Counter[str]) -> Iterator[Item]:
    """Each entry is read by whoever checks it; the archive is closed when the last of them has been."""
    try:
        archive = zipfile.ZipFile(file)
    except BaseException:
        file.close()
        raise
    weakref.finalize(archive, file.close)
    lock = threading.Lock()
    for entry in archive.infolist():
        inner = _parts(_zip_name(entry))
        if entry.is_dir():
            continue
        if _is_hidden(inner):
            skipped["hidden"] += 1
            continue
        source = "/".join([name, *inner])
        if reason := _closed(entry):
            yield failed(source, reason)
        else:
            yield Item(source, partial(_read_entry, archive, entry, lock))


def _closed(entry: zipfile.ZipInfo) -> str:
    """Why an entry cannot be read; "" where it can."""
    if entry.flag_bits & ENCRYPTED:
        return "Encrypted"
    return "" if entry.compress_type in METHODS else "Compressed by a method that is not supported"


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, lock: threading.Lock, policy: Policy) -> Content:
    """Entries share the archive's file: reading from it is locked by zipfile itself, opening and closing are not."""
    try:
        with lock:
            file = archive.open(entry)
        try:
            return read(file, policy)
        finally:
            with lock:
                file.close()
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - zlib and zipfile fail in many ways
        raise Unopened(f"The entry is damaged ({type(error).__name__})") from None


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Its name; many programs write UTF-8 without the flag that says so, which zipfile reads as code page 437."""
    if entry.flag_bits & UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename


class _Member(tarfile.TarInfo):
    """The header of a member; where tarfile would end quietly, or read whatever length a header claims, it raises."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _WHOLE_HEADERS and member.size > LONGEST_HEADER:
            raise tarfile.ReadError("a header is too long")
        return member

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            # Two empty blocks are the end of an archive (POSIX pax); all else is none.
            if type(error).__name__ == "EOFHeaderError":
                raise
            raise tarfile.ReadError("cut short, or damaged") from None


def _tar(compression: str, name: str, file: BinaryIO, policy: Policy, skipped: Counter[str]) -> Iterator[Item]:
    """A stream: each member is read in passing, no more of it than the policy takes."""
    with file, tarfile.open(fileobj=file, mode=f"r|{compression}", tarinfo=_Member) as archive:  # type: ignore[call-overload]
        while (member := archive.next()) is not None:
            archive.members = []  # It would keep them all.
            inner = _parts(member.name)
            if member.isdir():
                continue
            if _is_hidden(inner):
                skipped["hidden"] += 1
            elif not member.isreg():
                skipped[_KINDS.get(member.type, "link")] += 1
            else:
                yield held("/".join([name, *inner]), read_bounded(archive.extractfile(member), policy))


_KINDS: Final = MappingProxyType({tarfile.FIFOTYPE: "named pipe", tarfile.CHRTYPE: "device", tarfile.BLKTYPE: "device"})


def _parts(name: str) -> list[str]:
    """A name's parts within the archive: of an absolute one, or of one that climbs out, what is harmless."""
    return [part for part in name.split("/") if part not in {"", ".", ".."}]


def _is_hidden(parts: list[str]) -> bool:
    return any(part.startswith(".") for part in parts)


_ZSTD: Final = {".tar.zst": partial(_tar, "zst")} if sys.version_info >= (3, 14) else {}
# Ending of a file's name to what gives its pictures.
KINDS: Final[Mapping[str, Callable[[str, BinaryIO, Policy, Counter[str]], Iterator[Item]]]] = MappingProxyType(
    {".zip": _zip, ".tar": partial(_tar, ""), ".tar.gz": partial(_tar, "gz"), ".tgz": partial(_tar, "gz"), **_ZSTD}
)
