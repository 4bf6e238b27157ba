"""The forms of an output: what a line of JSON for each record becomes in the end."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

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
    table = csv.writer(text)  # Lines end as in RFC 4180: with "\n" alone Python before 3.13 leaves a "\r" unquoted.
    table.writerow(COLUMNS)
    table.writerows([_cell(value) for value in row(record).values()] for record in _records(lines))
    text.detach()


def _cell(value: Any) -> Any:
    """JSON's words for the two truths: Python's are read by nobody else."""
    return str(value).lower() if isinstance(value, bool) else value


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
