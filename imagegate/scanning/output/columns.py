"""The columns of CSV and Parquet: a record without nesting, one row a picture."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args, get_type_hints

import msgspec

from imagegate.header import Header
from imagegate.header.model import UNREPORTED
from imagegate.measure import Measurements

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind: TypeAlias = Literal["text", "integer", "number", "boolean"]

_KINDS: Final[Mapping[type, Kind]] = {str: "text", int: "integer", float: "number", bool: "boolean"}
_PLAIN: Final[Mapping[str, Kind]] = {
    "source": "text",
    "ok": "boolean",
    "status": "integer",
    "profile": "text",
    "error": "text",
    "size": "integer",
    "sha256": "text",
}
# Column to the severity of the findings whose causes it lists.
_CAUSES: Final[Mapping[str, str]] = {"rejections": "reject", "warnings": "warn"}
_NESTED: Final = ("findings", "timings", "versions")
_SEPARATOR: Final = ";"


def _kinds(struct: type) -> dict[str, Kind]:
    """The fields of a struct; what may be None is of the kind that it is otherwise."""
    hints = get_type_hints(struct)
    return {name: _KINDS[(get_args(hint) or (hint,))[0]] for name, hint in hints.items() if name not in UNREPORTED}


_HEADER: Final = _kinds(Header)
_MEASUREMENTS: Final = _kinds(Measurements)

COLUMNS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        **_PLAIN,
        **dict.fromkeys(_CAUSES, "text"),
        **_MEASUREMENTS,
        **{f"header_{name}": kind for name, kind in _HEADER.items()},
        **dict.fromkeys(_NESTED, "text"),
    }
)


def row(record: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a record's object, by column; None where there is none."""
    measurements, header = record["measurements"] or {}, record["header"] or {}
    return {
        **{name: record[name] for name in _PLAIN},
        **{column: _codes(record, severity) for column, severity in _CAUSES.items()},
        **{name: measurements.get(name) for name in _MEASUREMENTS},
        **{f"header_{name}": header.get(name) for name in _HEADER},
        **{name: msgspec.json.encode(record[name]).decode() for name in _NESTED},
    }


def _codes(record: Mapping[str, Any], severity: str) -> str:
    found = (finding["cause"] for finding in record["findings"] if finding["severity"] == severity)
    return _SEPARATOR.join(dict.fromkeys(found))
