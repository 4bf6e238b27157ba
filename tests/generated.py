"""The tables of the documents that are made from the code: `python -m tests.generated` writes them anew."""

from __future__ import annotations

import pathlib
import re

from benchmarks.speed.record import read
from benchmarks.speed.tables import summary
from imagegate.causes import CAUSES
from imagegate.measure import Measurements
from imagegate.metrics import METRICS
from imagegate.scanning.output import COLUMNS

ROOT = pathlib.Path(__file__).parent.parent


def causes() -> str:
    """The catalogue as a Markdown table."""
    rows = ["| status | cause | by default | what is wrong | advice |", "|---|---|---|---|---|"]
    rows += [
        f"| {cause.status} | `{cause.code}` | {cause.severity} | {cause.title} | {cause.advice} |"
        for cause in CAUSES.values()
    ]
    return "\n".join(rows)


def speed() -> str:
    """The recorded results of the benchmark, in short."""
    return summary(read())


def isolation() -> str:
    """The recorded cost of isolation."""
    return (ROOT / "benchmarks" / "results" / "isolation.md").read_text(encoding="utf-8").strip()


def metrics() -> str:
    """The rows of a Markdown table of all numbers."""
    return "\n".join(f"| `{metric.name}` | {metric.unit} | {metric.meaning} |" for metric in METRICS.values())


def columns() -> str:
    """The columns of a scan's CSV and Parquet, and where their values stand in the JSON object."""
    rows = ["| column | type | in a record's JSON |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| `{name}` | {kind} | {_place(name)} |" for name, kind in COLUMNS.items())])


def _place(column: str) -> str:
    notes = {
        "rejections": "causes of the `findings` that reject, separated by `;`",
        "warnings": "causes of the `findings` that warn, separated by `;`",
        **dict.fromkeys(("findings", "timings", "versions"), f"`{column}`, as JSON"),
    }
    if column in notes:
        return notes[column]
    if column in Measurements.__struct_fields__:
        return f"`measurements.{column}`"
    return f"`{column.replace('header_', 'header.', 1)}`"


BLOCKS = {
    "README.md": {"causes": causes, "speed": speed},
    "docs/limits.md": {"metrics": metrics},
    "docs/isolation.md": {"isolation": isolation},
    "docs/scan.md": {"columns": columns},
}


def filled(document: str) -> str:
    """A document with each of its generated blocks as it must be."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for name, make in BLOCKS[document].items():
        pattern = re.compile(rf"(<!-- {name}: [^>]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise ValueError(f"{document} must have one block named {name!r}")
        start, end = pattern.findall(text)[0]
        text = pattern.sub(f"{start}{make()}\n{end}".replace("\\", r"\\"), text)
    return text


if __name__ == "__main__":
    for document in BLOCKS:
        (ROOT / document).write_text(filled(document), encoding="utf-8")
