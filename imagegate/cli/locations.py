"""What `scan` was told to read: its arguments, or a list of names."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imagegate.cli.inputs import STDIN, Misuse, refuse_missing, shortened, standard_input
from imagegate.scanning import archives, remote, tables
from imagegate.scanning.sources import Location, is_glob, paths_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO


def refuse_unusable(names: Sequence[str], from_list: str | None) -> None:
    """Every PATH exists, or is a glob or a URL, which only the scan can tell; a list stands in their place."""
    if bool(names) == (from_list is not None):
        raise Misuse("give either PATH or --from-list")
    for name in names:
        if remote.is_url(name):
            _refuse_unopenable(name)
        elif not is_glob(name):
            refuse_missing(name)


def are_files_and_folders(names: Sequence[str]) -> bool:
    """Whether each of their pictures is a file: none is in an archive, a table or a store, or of a list or a glob."""
    return bool(names) and all(map(_is_file_or_folder, names))


def _is_file_or_folder(name: str) -> bool:
    if remote.is_url(name) or is_glob(name):
        return False
    return Path(name).is_dir() or not name.lower().endswith((*archives.KINDS, *tables.KINDS))


@contextmanager
def opened(names: Sequence[str], from_list: str | None) -> Iterator[Iterable[Location]]:
    """What the scan reads; of a list, one name after another as the scan goes on."""
    try:
        if from_list is None:
            yield names
        elif from_list == STDIN:
            yield _listed(standard_input(), "standard input")
        else:
            with _list_file(from_list) as file:
                yield _listed(file, shortened(from_list))
    except ImportError as error:
        raise Misuse(str(error)) from None


def _list_file(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise Misuse(f"--from-list: {shortened(name)}: {error.strerror}") from None


def _listed(file: BinaryIO, shown: str) -> Iterator[Location]:
    try:
        yield from paths_in(file)
    except ValueError as error:
        raise Misuse(f"--from-list: {shown}: {error}") from None


def _refuse_unopenable(url: str) -> None:
    try:
        remote.require(url)
    except (ImportError, ValueError) as error:
        raise Misuse(str(error)) from None
