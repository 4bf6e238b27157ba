"""scan(): a record for every picture of a folder, checked by a bounded pool of threads."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from imagegate.gate import check
from imagegate.intake import read_bounded
from imagegate.policy import resolve
from imagegate.versions import versions
from imagegate.words import choose
from imagegate.workers import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

    from imagegate.policy import Policy
    from imagegate.report import Report

# Pictures under way for each worker: a slow one must not leave the others idle, and what waits is but a path.
WINDOW: Final = 4


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan says of one file.

    Attributes:
        source: The file's path, as it was given or found.
        size: Its length in bytes; None where it could not be read.
        sha256: SHA-256 of the bytes that were checked, in hexadecimal; None where they were not read: the file could
            not be, or is longer than the policy takes and was judged by its length alone.
        report: The verdict; None where the file could not be read.
        error: What kept the file from being read or judged; None where nothing did. Such a record counts as rejected.
    """

    source: str
    size: int | None = None
    sha256: str | None = None
    report: Report | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the picture passes; what could not be read does not."""
        return self.report is not None and self.report.ok

    @property
    def status(self) -> int | None:
        """What the API would answer: 200, 400 or 422; None where the file could not be read."""
        return None if self.report is None else self.report.status

    def to_dict(self) -> dict[str, Any]:
        """The report's object and what is known of the file, as plain containers that JSON can hold.

        A name that is not UTF-8 has its odd bytes written as escapes.
        """
        source = self.source.encode("utf-8", "backslashreplace").decode()
        verdict = _no_verdict(source) if self.report is None else self.report.to_dict(source)
        return verdict | {
            "size": self.size,
            "sha256": self.sha256,
            "timings": {} if self.report is None else dict(self.report.timings),
            "versions": dict(versions()),
            "error": self.error,
        }


class Scan(Iterator[Record]):
    """The records of a scan, in the order of its source, made as they are asked for.

    Whoever stops before the end closes it, by `close()` or a `with` block: pictures under way are finished, others
    are not begun.
    """

    def __init__(self, records: Generator[Record]) -> None:
        self._records = records

    def __next__(self) -> Record:
        return next(self._records)

    def close(self) -> None:
        """Stop; there are no more records then."""
        self._records.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def scan(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    policy: Policy | str | None = None,
    workers: int | None = None,
    lang: str = "en",
) -> Scan:
    """Check the pictures of a folder, or those that a stream of paths names.

    A folder stands for every regular file below it, sorted by name; left out are hidden files and folders (their
    names begin with a dot) and folders behind a symbolic link. A file's extension is no evidence, so whatever is
    no picture is rejected as such. Each file is read once; memory holds the pictures under way, one a worker.

    Args:
        source: A file or folder, or an iterable of them, read as the scan goes on.
        policy: What the API takes: None for the default, a profile's name, or a Policy.
        workers: Threads; None for one a processor.
        lang: Language tag or Accept-Language value of messages and advice, as for `check`.

    Returns:
        An iterator of records, in the order of the source whatever the number of workers. A file that cannot be
        read is a record with an `error`, as is a missing one that an iterable names.

    Raises:
        TypeError, ValueError: An argument cannot be used; the message names it. For what an iterable yields, when
            it is reached.
        OSError: A single `source` does not exist or cannot be opened.
    """
    job = partial(_record, policy=resolve(policy), lang=choose(lang))
    return Scan(_records(files_of(source), job, _checked_workers(workers)))


def files_of(source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """The files that a scan of `source` reads, in its order; arguments as `scan`."""
    if isinstance(source, (str, os.PathLike)):
        path = _checked_path(source)
        if stat.S_ISDIR(path.stat().st_mode):
            os.scandir(path).close()
        return _expanded([path])
    if isinstance(source, (bytes, bytearray, memoryview)) or not isinstance(source, Iterable):
        raise TypeError(f"source must be a path or an iterable of paths, got {type(source).__name__}")
    return _expanded(map(_checked_path, source))


def _checked_path(path: object) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"source: a path must be a str or os.PathLike, got {type(path).__name__}")
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"source: a path must be text, got {type(text).__name__}")
    if not text or "\0" in text:
        raise ValueError("source: a path must not be empty or hold a null character")
    return Path(text)


def _checked_workers(workers: int | None) -> int:
    if workers is None:
        return cores()
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise TypeError(f"workers must be a whole number, got {type(workers).__name__}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    return workers


def _expanded(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _walk(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Files below a folder; of the lists of names only those on the way to the file are held."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        yield Path(folder)  # A folder is no file, so its record tells of it.
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry)
        elif _is_file(entry):
            yield Path(entry)


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a regular file or a link to one; a broken link counts, so that its record tells of it."""
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True


def _records(paths: Iterator[Path], job: Callable[[Path], Record], workers: int) -> Generator[Record]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="imagegate-scan")
    under_way: deque[Future[Record]] = deque()
    try:
        for path in paths:
            under_way.append(pool.submit(job, path))
            if len(under_way) >= WINDOW * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _record(path: Path, *, policy: Policy, lang: str) -> Record:
    try:
        size, data = _read(path, policy)
        report = check(path if data is None else data, policy=policy, lang=lang)
    except Exception as error:  # noqa: BLE001 - one picture must not end the scan of all others
        return Record(source=str(path), error=_reason(error))
    digest = None if data is None else hashlib.sha256(data).hexdigest()
    return Record(source=str(path), size=size, sha256=digest, report=report)


def _read(path: Path, policy: Policy) -> tuple[int, memoryview | None]:
    """A file's length and its bytes; None for these where it is longer than the policy takes."""
    mode = path.stat().st_mode
    # Opening a pipe would wait for whoever writes to it.
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "The folder cannot be listed" if stat.S_ISDIR(mode) else "Not a regular file")
    longest = max(policy.ceiling("file_size"), policy.ceiling("base64_length"))
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > longest:
            return size, None
        data = read_bounded(file, policy)
    # A file may have grown since; of what is too long, no part is hashed as if it were the whole.
    return max(size, data.nbytes), data if data.nbytes <= longest else None


def _reason(error: Exception) -> str:
    """In the system's words; of an error that nobody foresaw only its kind, for its text could hold anything."""
    if isinstance(error, MemoryError):
        return "Not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"Internal error: {type(error).__name__}"


def _no_verdict(source: str) -> dict[str, Any]:
    """A report's object where there is no report."""
    return {
        "source": source,
        "ok": False,
        "status": None,
        "profile": None,
        "lang": None,
        "header": None,
        "measurements": None,
        "findings": [],
    }
