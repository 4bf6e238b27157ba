"""The pictures of a scan, moved or copied by their verdict; nothing is overwritten, and nothing is lost on the way."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imagegate.scanning.sources import is_image_file
from imagegate.unnamed import Unnamed, naming

# What os.link fails with where source and target cannot have one file in common.
_NO_LINK: Final = frozenset({errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES})


class Sorter:
    """Moves the rejected pictures and copies those that pass.

    A picture keeps its path relative to the scanned folder that it is in. What stands in the folders is always the
    picture itself: of a symbolic link the link is removed, and what it leads to is copied.
    """

    def __init__(self, paths: Sequence[Path], *, move_rejected: Path | None, copy_passed: Path | None) -> None:
        """Make ready; no folder is made before there is a picture for it.

        Args:
            paths: The files and folders that are scanned.
            move_rejected: Folder of the rejected ones; None leaves them.
            copy_passed: Folder of the copies; None makes none.

        Raises:
            ValueError: A folder is one of those that are scanned, or in one, or no folder.
        """
        self._paths = paths
        self._rejected, self._passed = move_rejected, copy_passed
        for folder in filter(None, (move_rejected, copy_passed)):
            _refuse_unusable(folder, paths)

    def sort(self, source: str, *, ok: bool, again: bool = False) -> None:
        """Move or copy one picture; for one that is there already, and for a file that is not an image, do nothing.

        Args:
            source: Its file.
            ok: Whether it passed.
            again: An earlier run has sorted it, failed or been killed: whatever has the name of its copy stays unread.

        Raises:
            FileExistsError: Another file has its place; it stays where it is.
            OSError: It could not be moved or copied, and is still where it was.
        """
        folder = self._passed if ok else self._rejected
        if folder is None or not (ok or is_image_file(source)):
            return
        target = self._target(folder, source)
        if again and ok and os.path.lexists(target):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        (_copy if ok else _move)(Path(source), target)

    def place(self, source: str, ok: bool) -> Path:  # noqa: FBT001 - as in is_gone
        """Where the file of a picture is, now that it was sorted."""
        if self._rejected is not None and self.is_gone(source, ok):
            return self._target(self._rejected, source)
        return Path(source)

    def is_gone(self, source: str, ok: bool) -> bool:  # noqa: FBT001 - a picture's source and verdict, as records have them
        """Whether a picture was moved away."""
        return self._rejected is not None and not ok and not os.path.lexists(source)

    def _target(self, folder: Path, source: str) -> Path:
        return folder / self._relative(Path(source))

    def _relative(self, source: Path) -> Path:
        for path in self._paths:
            if source != path and source.is_relative_to(path):
                relative = source.relative_to(path)
                if ".." not in relative.parts:  # as ../a.jpg is, relative to .
                    return relative
        return Path(source.name)


def _refuse_unusable(folder: Path, paths: Sequence[Path]) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    for path in paths:
        scanned = path if path.is_dir() else path.parent
        inside = folder.resolve() == scanned.resolve()
        if path.is_dir():
            inside = inside or folder.resolve().is_relative_to(scanned.resolve())
        if inside:
            raise ValueError(f"{folder} is in the folder that is scanned")


def _move(source: Path, target: Path) -> None:
    if _is_there(source, target):
        source.unlink()
        return
    if source.is_symlink() or not _linked(source, target):
        _copy(source, target)
    try:
        source.unlink()
    except OSError:
        if os.path.lexists(source):  # It stays where it is, and there alone.
            target.unlink()
        raise


def _linked(source: Path, target: Path) -> bool:
    """Give a file a second name, which takes no name that is taken; a rename would overwrite what is there."""
    _refuse_irregular(source)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    return True


def _copy(source: Path, target: Path) -> None:
    if _is_there(source, target):
        return
    _refuse_irregular(source)
    with source.open("rb") as picture, naming(target), Unnamed(target.parent) as copy:
        shutil.copyfileobj(picture, copy.file)
        copy.file.flush()
        os.fsync(copy.file.fileno())
        shutil.copystat(source, copy.path)
        _name(copy, target)
    _sync(target.parent)


def _is_there(source: Path, target: Path) -> bool:
    """Whether the target is a copy of the source, by an earlier run that was killed; raises where it is another's."""
    if not os.path.lexists(target):
        return False
    one_place = target.parent.resolve() == source.parent.resolve() or (
        target.samefile(source) and target.stat().st_nlink == 1
    )
    if one_place or not target.is_file() or target.is_symlink() or not filecmp.cmp(source, target, shallow=False):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    return True


def _name(copy: Unnamed, target: Path) -> None:
    """Give a complete copy its name, unless that has been taken meanwhile."""
    try:
        copy.link(target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        copy.replace(target)


def _refuse_irregular(source: Path) -> None:
    if not stat.S_ISREG(source.stat().st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", str(source))


def _sync(folder: Path) -> None:
    """Bring a new name to the disk before the old one is removed."""
    if os.name != "posix":
        return  # Windows opens no folders
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
