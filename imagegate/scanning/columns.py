"""Records without nesting: one row a picture, with the same typed columns in CSV, Parquet, Arrow and pandas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args, get_type_hints

import msgspec

from imagegate.header import Header
from imagegate.header.model import UNREPORTED
from imagegate.measurements import Measurements

if TYPE_CHECKING:
    import pyarrow as pa
else:
    from imagegate.scanning.extras import pyarrow as pa

Cell: TypeAlias = bool | int | float | str | None
Kind: TypeAlias = type[bool] | type[int] | type[float] | type[str]

# Rows that are held at once, some 10 KB each as Python has them: enough that Parquet's columns compress well.
BATCH: Final = 2_000

_PLAIN: Final[Mapping[str, Kind]] = {
    "source": str,
    "ok": bool,
    "status": int,
    "profile": str,
    "error": str,
    "size": int,
    "sha256": str,
    "phash": str,
}
# Column to the severity of the findings whose causes it lists.
_CAUSES: Final[Mapping[str, str]] = {"rejections": "reject", "warnings": "warn"}
# The stages of a report's timings, in the order of the flow.
_STAGES: Final = ("intake", "header", "decode", "measure", "rules")
_NESTED: Final = ("findings", "versions")
_SEPARATOR: Final = ";"


def _kinds(struct: type) -> dict[str, Kind]:
    """The fields of a struct; what may be None is of the kind that it is otherwise."""
    hints = get_type_hints(struct)
    return {name: (get_args(hint) or (hint,))[0] for name, hint in hints.items() if name not in UNREPORTED}


_HEADER: Final = _kinds(Header)
_MEASUREMENTS: Final = _kinds(Measurements)

# Name to type of each column, in order; in any of them a cell can be None. The header's width and height are as
# stored, those of the measurements as seen.
COLUMNS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        **_PLAIN,
        **dict.fromkeys(_CAUSES, str),
        **_MEASUREMENTS,
        **{f"header_{name}": kind for name, kind in _HEADER.items()},
        **dict.fromkeys(_NESTED, str),
        **{f"seconds_{stage}": float for stage in _STAGES},
    }
)


def row(record: Mapping[str, Any]) -> dict[str, Cell]:
    """The values of a record's object (`Record.to_dict()`), by column; None where there is none."""
    measurements, header = record["measurements"] or {}, record["header"] or {}
    return {
        **{name: record[name] for name in _PLAIN},
        **{column: _codes(record, severity) for column, severity in _CAUSES.items()},
        **{name: measurements.get(name) for name in _MEASUREMENTS},
        **{f"header_{name}": header.get(name) for name in _HEADER},
        **{name: msgspec.json.encode(record[name]).decode() for name in _NESTED},
        **{f"seconds_{stage}": record["timings"].get(stage) for stage in _STAGES},
    }


def arrow_schema() -> pa.Schema:
    """The columns as Arrow knows them: int64, double, bool and string, all nullable.

    Raises:
        ImportError: pyarrow is not installed.
    """
    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    return pa.schema([pa.field(name, kinds[kind]) for name, kind in COLUMNS.items()])


def arrow_batches(records: Iterable[Mapping[str, Any]]) -> Iterator[pa.RecordBatch]:
    """The objects of records as batches of up to `BATCH` rows; no more than one batch is held."""
    schema = arrow_schema()
    rows = map(row, records)
    while batch := list(islice(rows, BATCH)):
        yield pa.RecordBatch.from_pylist(batch, schema=schema)


def _codes(record: Mapping[str, Any], severity: str) -> str:
    found = (finding["cause"] for finding in record["findings"] if finding["severity"] == severity)
    return _SEPARATOR.join(dict.fromkeys(found))
