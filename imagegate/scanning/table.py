"""Records as rows of a table: the same columns for every picture, for CSV, Parquet, Arrow and pandas."""

from __future__ import annotations

from functools import cache
from itertools import islice
from types import MappingProxyType, UnionType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args, get_type_hints

import msgspec

from imagegate.header import Header
from imagegate.header.model import UNREPORTED
from imagegate.measure import Measurements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from imagegate.scanning.record import Record

Cell: TypeAlias = bool | int | float | str | None
CellType: TypeAlias = type[bool] | type[int] | type[float] | type[str]

# The stages of a report's timings, in the order of the flow.
STAGES: Final = ("intake", "header", "decode", "measure", "rules")
# Rows are a kilobyte each.
BATCH: Final = 1024


@cache
def columns() -> Mapping[str, CellType]:
    """Name to type of each column; in any of them a cell can be None.

    They are the keys of `Record.to_dict()`, flat: the header's are `header_...` (its width and height are as stored,
    those of the measurements as seen), the timings' `seconds_...`. `rejections` and `warnings` are the codes of the
    findings, with ";" between; `findings` and `versions` are JSON.
    """
    facts = {name: _plain(kind) for name, kind in get_type_hints(Header).items() if name not in UNREPORTED}
    return MappingProxyType(
        {"source": str, "ok": bool, "status": int, "profile": str, "rejections": str, "warnings": str}
        | {f"header_{name}": kind for name, kind in facts.items()}
        | get_type_hints(Measurements)
        | {"findings": str, "size": int, "sha256": str}
        | {f"seconds_{stage}": float for stage in STAGES}
        | {"versions": str, "error": str}
    )


def flat(record: Mapping[str, Any]) -> dict[str, Cell]:
    """A record's object (`Record.to_dict()`) as one row: every column in order, None where nothing is known."""
    cells = {
        **record,
        **{f"header_{name}": value for name, value in (record["header"] or {}).items()},
        **(record["measurements"] or {}),
        **{f"seconds_{stage}": seconds for stage, seconds in record["timings"].items()},
        "rejections": _codes(record["findings"], "reject"),
        "warnings": _codes(record["findings"], "warn"),
        "findings": _json(record["findings"]),
        "versions": _json(record["versions"]),
    }
    return {name: cells.get(name) for name in columns()}


def arrow_schema() -> pa.Schema:
    """The columns as Arrow knows them: int64, double, bool and string, all nullable.

    Raises:
        ImportError: pyarrow is not installed.
    """
    pa = _pyarrow()
    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    return pa.schema([pa.field(name, kinds[kind]) for name, kind in columns().items()])


def arrow_batches(records: Iterable[Record]) -> Iterator[pa.RecordBatch]:
    """Records as batches of up to `BATCH` rows; no more than one batch is held."""
    pa, schema = _pyarrow(), arrow_schema()
    rows = (flat(record.to_dict()) for record in records)
    while batch := list(islice(rows, BATCH)):
        yield pa.RecordBatch.from_pylist(batch, schema=schema)


def _pyarrow() -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 - it is in an extra
    except ImportError:
        raise ImportError("this needs pyarrow: pip install 'imagegate[parquet]'") from None
    return pa


def _plain(kind: Any) -> Any:
    """The type itself of a field that may be None."""
    return get_args(kind)[0] if isinstance(kind, UnionType) else kind


def _codes(findings: list[dict[str, Any]], severity: str) -> str:
    return ";".join(finding["cause"] for finding in findings if finding["severity"] == severity)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
