"""The forms of an output: what a line of JSON for each record becomes in the end."""

from __future__ import annotations

import csv
import importlib.util
import io
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from imagegate.scanning.output.columns import COLUMNS, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

# Rows that are held at once, some 10 KB each as Python has them: enough that Parquet's columns compress well.
ROW_GROUP: Final = 2_000


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
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows([_cell(value) for value in values.values()] for values in _rows(lines))
    text.detach()


def _cell(value: Any) -> Any:
    """JSON's words for the two truths: Python's are read by nobody else."""
    return str(value).lower() if isinstance(value, bool) else value


def _to_parquet(lines: Iterator[bytes], file: BinaryIO) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an extra
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    types = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    rows = _rows(lines)
    with parquet.ParquetWriter(file, schema) as table:
        while group := list(islice(rows, ROW_GROUP)):
            table.write_table(pa.Table.from_pylist(group, schema))


def _rows(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    return map(row, map(msgspec.json.decode, lines))


_FORMS: Final[Mapping[str, Callable[[Iterator[bytes], BinaryIO], None]]] = {
    ".jsonl": _to_jsonl,
    ".csv": _to_csv,
    ".parquet": _to_parquet,
}
