"""scan(): a record for every picture of a folder, an archive, a table, a bucket, or of a stream of these."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from imagegate.policy import Policy, resolve
from imagegate.scanning.columns import arrow_batches, arrow_schema
from imagegate.scanning.duplicates import Duplicates
from imagegate.scanning.filtering import Filter
from imagegate.scanning.record import Record
from imagegate.scanning.running import records_of
from imagegate.scanning.sources import Item, items_of
from imagegate.words import choose
from imagegate.workers import cores

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    from imagegate.scanning.extras import pandas as pd
    from imagegate.scanning.extras import pyarrow as pa

__all__ = ["Record", "Scan", "items_of", "scan", "scan_items"]


class Scan(Iterator[Record]):
    """The records of a scan, in the order of its source, made as they are asked for.

    Whoever stops before the end closes it, by `close()` or a `with` block: pictures under way are finished, others
    are not begun.

    Attributes:
        skipped: Number of files and folders that were skipped so far, by reason: "not an image", "excluded", "hidden",
            "named pipe", "socket", "device", "link to a folder", "folder already visited", "link" (in an archive),
            "no regular file" (in an archive or a store).
    """

    def __init__(self, records: Generator[Record], skipped: Counter[str]) -> None:
        self._records = records
        self.skipped = skipped

    def __next__(self) -> Record:
        return next(self._records)

    def close(self) -> None:
        """Stop; there are no more records then."""
        self._records.close()

    def to_arrow(self) -> pa.Table:
        """The records that are still to come, as a table whose columns are those of `imagegate.scanning.columns`.

        Raises:
            ImportError: pyarrow is not installed.
        """
        return pa.Table.from_batches(arrow_batches(record.to_dict() for record in self), arrow_schema())

    def to_pandas(self) -> pd.DataFrame:
        """The records that are still to come, as a data frame with the columns and types of `to_arrow()`.

        A whole number or truth value that is missing stays so: these columns have pandas' nullable types.

        Raises:
            ImportError: pandas or pyarrow is not installed.
        """
        nullable = {"int64": pd.Int64Dtype(), "bool": pd.BooleanDtype()}
        return self.to_arrow().to_pandas(types_mapper=lambda kind: nullable.get(str(kind)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def scan(  # noqa: PLR0913 - a source, what of it is scanned, and how
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    policy: Policy | str | None = None,
    workers: int | None = None,
    column: str | None = None,
    include: str | Iterable[str] = (),
    exclude: str | Iterable[str] = (),
    strict: bool = False,
    lang: str = "en",
) -> Scan:
    """Check the pictures of a folder, an archive, a table or a bucket, or of a stream of these.

    A folder stands for every regular file below it, sorted by name; left out and counted are hidden files and folders
    (their names begin with a dot), folders behind a symbolic link, pipes and devices, and files that are not images:
    they have neither the first bytes nor the extension of one. A file that is named itself is always checked. Each
    file is read once; memory holds the pictures under way, one a worker, and the names of one folder at each level.
    docs/scan.md tells it all.

    Args:
        source: A file, folder, glob (a str such as "photos/**/*.jpg"; a path object is taken literally), archive
            (.zip, .tar, .tar.gz, .tgz), table (.jsonl, .csv, .parquet) or URL that fsspec opens; or an iterable of
            them, read as the scan goes on. Archives and tables are read in place where they are named themselves;
            those in a folder or an archive are files like any other.
        policy: What the API takes: None for the default, a profile's name, or a Policy.
        workers: Threads; None for one a processor.
        column: Of tables, the column that has the pictures.
        include: Patterns of the files to check, as "*.jpg" or "2024/**"; all files without any. Patterns are matched
            as in .gitignore, against the path relative to the folder, archive or store that the file is in.
        exclude: Patterns of the files and folders to skip; they take precedence over `include`.
        strict: Check files that are not images, too; they are rejected.
        lang: Language tag or Accept-Language value of messages and advice, as for `check`.

    Returns:
        An iterator of records, in the order of the source whatever the number of workers. A file that cannot be
        read is a record with an `error`, as is a missing one that an iterable names.

    Raises:
        TypeError, ValueError: An argument cannot be used; the message names it. For what an iterable yields, when
            it is reached.
        ImportError: A URL or a Parquet file needs an extra; the message names it. When it is reached.
        OSError: A single `source` does not exist or cannot be opened.
    """
    judge = resolve(policy)
    chosen = Filter(include=include, exclude=exclude, strict=strict)
    items = items_of(source, policy=judge, column=column, chosen=chosen)
    return scan_items(items, items.skipped, policy=judge, workers=workers, lang=lang)


def scan_items(  # noqa: PLR0913 - what a source holds, and the options of `scan`
    items: Iterator[Item],
    skipped: Counter[str],
    *,
    policy: Policy,
    workers: int | None,
    lang: str,
    duplicates: Duplicates | None = None,
) -> Scan:
    """Check these pictures of a source; arguments and errors as `scan`.

    Args:
        items: The pictures.
        skipped: What the source passes over, counted as it is read.
        policy: What the API takes.
        workers: Threads.
        lang: Language.
        duplicates: The pictures that came before, where these go on with an earlier scan.
    """
    language, threads = choose(lang), _checked_workers(workers)
    return Scan(records_of(items, policy, workers=threads, lang=language, duplicates=duplicates), skipped)


def _checked_workers(workers: int | None) -> int:
    if workers is None:
        return cores()
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise TypeError(f"workers must be a whole number, got {type(workers).__name__}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    return workers
