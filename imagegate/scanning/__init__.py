"""scan(): a record for every picture of a folder, or of a stream of paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagegate.policy import resolve
from imagegate.scanning.record import Record
from imagegate.scanning.running import records_of
from imagegate.scanning.sources import items_of
from imagegate.words import choose
from imagegate.workers import cores

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterable
    from types import TracebackType
    from typing import Self

    from imagegate.policy import Policy
    from imagegate.scanning.sources import Item

__all__ = ["Record", "Scan", "items_of", "scan", "scan_items"]


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
    return scan_items(items_of(source), policy=resolve(policy), workers=workers, lang=lang)


def scan_items(items: Iterator[Item], *, policy: Policy, workers: int | None, lang: str) -> Scan:
    """Check these pictures of a source; arguments and errors as `scan`."""
    return Scan(records_of(items, policy, workers=_checked_workers(workers), lang=choose(lang)))


def _checked_workers(workers: int | None) -> int:
    if workers is None:
        return cores()
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise TypeError(f"workers must be a whole number, got {type(workers).__name__}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    return workers
