"""The JSON Schema of reports, made from the tables; `python -m imagegate.schema` writes imagegate/report.schema.json.

The document describes `Report.to_dict()`. A line of a scan is the same object with a few keys more: it is described by
the same document at "#/$defs/record". `PayloadReport.to_dict()` is described at "#/$defs/payload".
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias, get_args, get_type_hints

import msgspec

from imagegate.causes import CAUSES, Status
from imagegate.header import FORMATS, Header
from imagegate.header.model import UNREPORTED
from imagegate.measurements import Measurements
from imagegate.metrics import METRICS, Metric

Schema: TypeAlias = dict[str, Any]

PATH: Final = Path(__file__).with_name("report.schema.json")

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
STATUSES: Final = get_args(Status)

TEXT: Final = {"type": "string"}
FILLED: Final = {"type": "string", "minLength": 1}
SECONDS: Final = {"type": "number", "minimum": 0}
NUMBER_OR_NULL: Final = {"type": ["number", "null"]}
# RFC 6901, section 3.
POINTER: Final = {"type": "string", "pattern": "^(/([^~/]|~[01])*)*$"}

# Where a picture comes without a file, its header says what it was handed over as.
FORMAT_NAMES: Final = (*FORMATS, "array", "pil")
# The least each whole number of the header can be, where that is not 0.
LEAST: Final = {"width": 1, "height": 1, "orientation": 1, "bit_depth": 1, "channels": 1, "frames": 1, "scans": 1}
MOST: Final = {"orientation": 8, "channels": 4}


def schema() -> Schema:
    """The whole document (JSON Schema, draft 2020-12)."""
    return {
        "$schema": DIALECT,
        "title": "imagegate: the report on one picture",
        "description": "What Report.to_dict() gives; a line of a scan is #/$defs/record, what "
        "PayloadReport.to_dict() gives is #/$defs/payload. NaN is null.",
        "$ref": "#/$defs/report",
        "$defs": {
            "report": _closed(_picture(), required=[*_picture()], **_judged()),
            "record": _record(),
            "payload": _closed(_payload(), required=[*_payload()], **_judged()),
            "shared": _shared(),
            "header": _header(),
            "measurements": _measurements(),
            "finding": _finding(),
        },
    }


def write() -> None:
    """Write the document where it ships."""
    PATH.write_bytes(encoded())


def encoded() -> bytes:
    """The document as it ships."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n"


def _shared() -> Schema:
    """What the reports on a picture and on a request, and a scan's record, have in common."""
    return _object(
        {
            "source": {"type": ["string", "null"], "description": "Where it came from."},
            "ok": {"type": "boolean", "description": "Whether it passes; warnings do not keep it from passing."},
            "status": {"enum": [200, *STATUSES, None]},
            "profile": {"type": ["string", "null"]},
            "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
        },
        closed=False,
    )


def _picture() -> Schema:
    return {"header": _or_null("#/$defs/header"), "measurements": _or_null("#/$defs/measurements")}


def _payload() -> Schema:
    """The pictures of a request: the `source` of each is its JSON Pointer."""
    return {"images": {"type": "array", "items": {"$ref": "#/$defs/report"}}}


def _closed(extra: Schema, **rules: Any) -> Schema:
    """The shared keys and these, and no others."""
    return {"$ref": "#/$defs/shared", "properties": extra, "unevaluatedProperties": False, **rules}


def _judged() -> Schema:
    """`ok`, `status` and the findings say the same."""
    rejected = {"contains": {"type": "object", "properties": {"severity": {"const": "reject"}}}}
    named = {"profile": TEXT}
    return {
        "if": {"properties": {"findings": rejected}},
        "then": {"properties": {**named, "ok": {"const": False}, "status": {"enum": [*STATUSES]}}},
        "else": {"properties": {**named, "ok": {"const": True}, "status": {"const": 200}}},
    }


def _record() -> Schema:
    """A line of a scan: the report, flat, with what is known of the file; `error` where it could not be read."""
    extra = _picture() | {
        "size": {"type": ["integer", "null"], "minimum": 0, "description": "Length of the file in bytes."},
        "sha256": {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"},
        "phash": {
            "type": ["string", "null"],
            "pattern": "^[0-9a-f]{64}$",
            "description": "Perceptual hash of what is seen.",
        },
        "timings": {"type": "object", "additionalProperties": SECONDS, "description": "Seconds a stage."},
        "versions": {"type": "object", "additionalProperties": TEXT},
        "error": {"type": ["string", "null"], "description": "What kept the file from being read."},
    }
    failed = {"required": ["error"], "properties": {"error": TEXT}}
    nothing = {key: {"const": None} for key in ("status", "profile", "header", "measurements")}
    unread = {"properties": {"ok": {"const": False}, **nothing, "findings": {"maxItems": 0}}}
    rules: Schema = {"required": [*extra][:-1], "if": failed, "then": unread, "else": _judged()}
    return _closed(extra, **rules)


def _header() -> Schema:
    hints = get_type_hints(Header)
    for name in UNREPORTED:
        del hints[name]
    facts = {name: _fact(name, kind) for name, kind in hints.items()}
    return _object(facts | {"format": {"enum": [*FORMAT_NAMES]}})


def _fact(name: str, kind: Any) -> Schema:
    """One field of the header, by its type."""
    fact: Schema = msgspec.json.schema(kind)
    if kind is int:
        fact["minimum"] = LEAST.get(name, 0)
        fact |= {"maximum": MOST[name]} if name in MOST else {}
    return fact


def _measurements() -> Schema:
    hints = get_type_hints(Measurements)
    return _object({name: _size() if kind is int else _number(name) for name, kind in hints.items()})


def _size() -> Schema:
    return {"type": "integer", "minimum": 1, "description": "Pixels."}


def _number(name: str) -> Schema:
    """One measured number; null where it cannot be told."""
    metric = METRICS.get(name)
    return dict(NUMBER_OR_NULL) if metric is None else NUMBER_OR_NULL | _range(metric) | _described(metric)


def _range(metric: Metric) -> Schema:
    ends = {"minimum": metric.low, "maximum": metric.high}
    return {key: end for key, end in ends.items() if math.isfinite(end)}


def _described(metric: Metric) -> Schema:
    unit = f" ({metric.unit})" if metric.unit else ""
    return {"description": f"{metric.meaning}{unit}"}


def _finding() -> Schema:
    units = dict.fromkeys(metric.unit for metric in METRICS.values())
    finding = _object(
        {
            "cause": {"enum": [*CAUSES]},
            "status": {"enum": [*STATUSES]},
            "severity": {"enum": ["reject", "warn"]},
            "metric": {"enum": [*METRICS, None]},
            "value": NUMBER_OR_NULL,
            "limit": NUMBER_OR_NULL,
            "unit": {"enum": [*units, None]},
            "message": FILLED,
            "advice": FILLED,
            "pointer": POINTER,
        }
    )
    without = {key: {"const": None} for key in ("value", "limit", "unit")}
    return finding | {"if": {"properties": {"metric": {"const": None}}}, "then": {"properties": without}}


def _object(properties: Schema, *, closed: bool = True) -> Schema:
    """An object in which every key must stand; closed, no other may."""
    body: Schema = {"type": "object", "properties": properties, "required": [*properties]}
    return body | ({"additionalProperties": False} if closed else {})


def _or_null(reference: str) -> Schema:
    return {"anyOf": [{"$ref": reference}, {"type": "null"}]}


if __name__ == "__main__":
    write()
    sys.stdout.write(f"{PATH}\n")
