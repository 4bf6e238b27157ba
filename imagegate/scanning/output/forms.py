"""The forms of an output: what a line of JSON for each record becomes in the end."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from imagegate.scanning.cells import csv_row
from imagegate.scanning.columns import COLUMNS, arrow_batches, arrow_schema, row


def form_of(path: Path) -> Callable[[Iterator[bytes], BinaryIO], None]:
    """What writes the form that a name asks for.

    Raises:
        ValueError: The name ends in no form that is known, or in one whose extra is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMS:
        raise ValueError(f"must end in {', '.join(_FORMS)}")
    if suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ValueError("Parquet needs pyarrow: pip install 'imagegate[parquet]'")
    return _FORMS[suffix]


def _to_jsonl(lines: Iterator[bytes], file: BinaryIO) -> None:
    file.writelines(lines)


def _to_csv(lines: Iterator[bytes], file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    text.writelines(csv_row(cells) for cells in chain([COLUMNS], (row(record).values() for record in _records(lines))))
    text.detach()


def _to_parquet(lines: Iterator[bytes], file: BinaryIO) -> None:
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    with parquet.ParquetWriter(file, arrow_schema()) as table:
        for batch in arrow_batches(_records(lines)):
            table.write_batch(batch)


def _records(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    return map(msgspec.json.decode, lines)


_FORMS: Final[Mapping[str, Callable[[Iterator[bytes], BinaryIO], None]]] = {
    ".jsonl": _to_jsonl,
    ".csv": _to_csv,
    ".parquet": _to_parquet,
}
