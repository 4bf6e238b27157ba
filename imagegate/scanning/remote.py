"""Pictures in buckets and on servers: whatever fsspec opens, with the extra `imagegate[remote]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any, BinaryIO, Final

from imagegate.policy import Policy
from imagegate.scanning import item
from imagegate.scanning.filtering import Filter
from imagegate.scanning.item import Content, Peeked

_MARK: Final = "://"
# A server of pages has no folders; to ask for one would load the picture as if it were a page of links.
_WITHOUT_FOLDERS: Final = ("http://", "https://")


def is_url(location: object) -> bool:
    """Whether fsspec is to open it; a path object never is."""
    return isinstance(location, str) and _MARK in location


def require(url: str) -> Any:
    """The file system of a URL, without its cache of listings.

    Raises:
        ImportError: fsspec, or what it needs for this kind of URL, is not installed.
        ValueError: There is no such kind of URL.
    """
    try:
        import fsspec  # noqa: PLC0415 - it is in an extra

        system, _ = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise ImportError(
            f"source: {url.partition(_MARK)[0]}:// needs more: pip install 'imagegate[remote]'"
        ) from error
    except ValueError:
        raise ValueError(f"source: {url.partition(_MARK)[0]}:// is no kind of URL that fsspec opens") from None
    return system


def files(url: str, chosen: Filter) -> Iterator[tuple[str, Callable[[], BinaryIO]]]:
    """Name and opener of each file that a URL stands for: itself, those below it, or those that it matches."""
    system = require(url)
    if url.startswith(_WITHOUT_FOLDERS):
        yield url, partial(system.open, url, "rb")
        return
    path = system._strip_protocol(url)  # noqa: SLF001 - how fsspec's own documents turn a URL into a path
    try:
        for each in _found(system, path, chosen):
            yield url if each == path else system.unstrip_protocol(each), partial(system.open, each, "rb")
    except Exception as error:  # noqa: BLE001 - every store has errors of its own
        yield url, partial(_fail, _reason(error))


def read(file: Peeked, policy: Policy) -> Content:
    """Read a file, no more of it than the policy takes, and close it."""
    try:
        with closing(file):
            return item.read(file, policy)
    except Exception as error:  # noqa: BLE001 - every store has errors of its own
        raise item.Unopened(_reason(error)) from None


def _found(system: Any, path: str, chosen: Filter) -> Iterator[str]:
    from fsspec.core import has_magic  # noqa: PLC0415 - it is in an extra

    if has_magic(path) and not system.exists(path):
        matches = system.glob(path, detail=True)
        if not matches:
            raise item.Unopened("No file matches")
        base = path[: min(path.find(mark) for mark in "*?[" if mark in path)].rpartition("/")[0]
        for match in sorted(match for match, facts in matches.items() if facts["type"] == "file"):
            if chosen.takes_path(_inner_parts(match, base)):
                yield match
        return
    kind = system.info(path)["type"]
    if kind == "directory":
        yield from _walk(system, path, path, chosen)
    elif kind == "file":
        yield path
    else:
        raise item.Unopened("Not a regular file")


def _walk(system: Any, folder: str, base: str, chosen: Filter) -> Iterator[str]:
    """As folders on disk: sorted by name, without hidden ones and those behind a link."""
    for facts in sorted(system.ls(folder, detail=True), key=lambda facts: str(facts["name"])):
        path = str(facts["name"]).rstrip("/")
        if path == folder.rstrip("/"):
            continue  # Stores without folders mark them by an empty file of that name.
        kind = _kind(system, path, facts)
        if not chosen.takes_path(_inner_parts(path, base), is_folder=kind == "directory"):
            continue
        if kind == "directory":
            yield from _walk(system, path, base, chosen)
        elif kind == "file":
            yield path
        else:
            chosen.skipped[kind] += 1


def _inner_parts(path: str, base: str) -> list[str]:
    return path.strip("/").removeprefix(base.strip("/")).strip("/").split("/")


def _kind(system: Any, path: str, facts: Mapping[str, Any]) -> str:
    """Of a link, which only local stores have, that of what it leads to."""
    if facts.get("islink") and system.isdir(path):
        return "link to a folder"
    is_file = system.isfile(path) if facts.get("islink") else facts["type"] == "file"
    return "file" if is_file else "directory" if facts["type"] == "directory" else "no regular file"


def _fail(reason: str) -> BinaryIO:
    raise item.Unopened(reason)


def _reason(error: Exception) -> str:
    """In the system's words; of a store's own error only its kind, for its text may hold keys."""
    if isinstance(error, item.Unopened):
        return str(error.strerror)
    if isinstance(error, FileNotFoundError):
        return "No such file or directory"
    if isinstance(error, PermissionError):
        return "Permission denied"
    return f"The store failed: {type(error).__name__}"
