"""Where the machine code of the kernels lies, and how much of it is there.

Found out from files alone: to import Numba takes half a second, and somebody waits to be told what happens.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

_HOME: Final = Path(os.path.abspath(__file__)).parent  # noqa: PTH100 - as Numba does; Path.resolve follows links
_FOLDERS: Final = (_HOME / "kernels", _HOME / "measure")
_KERNEL: Final = re.compile(rb"^@kernel$|= kernel\(", re.MULTILINE)


@cache
def source_stamp() -> bytes:
    """Digest of all that kernels are made of.

    Numba looks at the file of each alone, and would go on with machine code in which a kernel of another file is as it
    was before.
    """
    return hashlib.sha256(b"".join(file.read_bytes() for folder in _FOLDERS for file in _sources(folder))).digest()


@cache
def total() -> int:
    """Number of kernels."""
    return sum(len(_KERNEL.findall(file.read_bytes())) for folder in _FOLDERS for file in _sources(folder))


def done() -> int:
    """Number of kernels whose machine code for this processor is on disk."""
    pattern = f"*.py{sys.version_info[0]}{sys.version_info[1]}{getattr(sys, 'abiflags', '')}.nbi"
    indexes = [index for folder in _FOLDERS if (place := place_of(folder)) for index in place.glob(pattern)]
    if not indexes:  # as of the first command, which has most to wait for
        return 0
    marks = (_mark(version("numba")), source_stamp(), _mark(_processor()))
    return sum(all(mark in data for mark in marks) for data in map(Path.read_bytes, indexes))


def is_needed() -> bool:
    """Whether anything is compiled at all."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in {"", "0"}


def is_writable() -> bool:
    """Whether what is compiled can be kept."""
    return all(any(map(_can_be_written, _places(folder))) for folder in _FOLDERS)


def place_of(folder: Path) -> Path | None:
    """Where the kernels of a folder are kept: the first place that can be written to, else the first that has any."""
    places = _places(folder)
    return next(filter(_can_be_written, places), next((place for place in places if any(place.glob("*.nbi"))), None))


def _places(folder: Path) -> list[Path]:
    """Numba's own, in its order: NUMBA_CACHE_DIR, beside the source, the user's cache."""
    name = f"{folder.name}_{hashlib.sha1(str(folder).encode()).hexdigest()}"  # noqa: S324 - Numba's choice
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    return [*([Path(chosen, name)] if chosen else []), folder / "__pycache__", _user_cache() / name]


def _user_cache() -> Path:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - as Numba does; Path.home raises where there is none
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"), "numba", "Cache")
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "numba"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache"), "numba")


def _can_be_written(place: Path) -> bool:
    """Permissions do not tell of a read-only file system, and root passes them all."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError:
        return False
    return True


def _sources(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.py"))


def _processor() -> str:
    """Numba's name of it; machine code for another processor is not used."""
    chosen = os.environ.get("NUMBA_CPU_NAME")
    if chosen and chosen != "host":
        return chosen
    # A tenth of what Numba takes, and Numba needs it too.
    from llvmlite.binding import get_host_cpu_name  # noqa: PLC0415

    return str(get_host_cpu_name())


def _mark(text: str) -> bytes:
    """A short text as it stands in a pickle."""
    return b"\x8c" + bytes([len(text)]) + text.encode()
