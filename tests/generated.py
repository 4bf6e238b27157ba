"""The tables of the documents that are made from the code: `python -m tests.generated` writes them anew."""

from __future__ import annotations

import ast
import json
import pathlib
import re
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from msgspec.structs import replace

import imagegate
from benchmarks.speed.record import read
from benchmarks.speed.tables import summary
from imagegate.bodies import BODIES, Refusal
from imagegate.calibration.binomial import photos_needed
from imagegate.causes import CAUSES
from imagegate.errors import APIS, ERRORS
from imagegate.inheritance import PROFILE_TEXTS
from imagegate.measurements import Measurements
from imagegate.metrics import METRICS
from imagegate.scanning.columns import COLUMNS
from imagegate.web.config import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parent.parent
STATED = re.compile(r"(?P<key>[\w.]+|\"[^\"]+\") = (?P<value>.+?) +# (?P<source>.+)")


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


def bodies() -> str:
    """What each dialect answers to one black picture, 200 pixels wide and 150 high, in Legit.Health's field."""
    report = imagegate.check(np.zeros((150, 200, 3), np.uint8))
    found = tuple(replace(each, pointer="/payload/0/contentAttachment/data") for each in report.rejections)
    refusal = Refusal(status=report.status, findings=found, request_id="req_7f9a2d7e8b3c")
    return "\n\n".join(_answer(api, refusal) for api in sorted(BODIES))


def _answer(api: str, refusal: Refusal) -> str:
    status, headers, body = BODIES[api].render(refusal)
    lines = [str(status), *(f"{name}: {value}" for name, value in headers.items()), "", json.dumps(body, indent=2)]
    return f"## {api}\n\n```\n" + "\n".join(lines) + "\n```"


def profiles() -> str:
    """Each profile's file: what stands at its head, and its lines with their sources."""
    return "\n\n".join(f"### `{name}`\n\n{_profile(text)}" for name, text in PROFILE_TEXTS.items())


def _profile(text: str) -> str:
    head = re.match(r"(?:# .*\n)*", text)[0]
    parts = [" ".join(line.removeprefix("# ") for line in head.splitlines())]
    if extends := re.search(r'^extends = "(\w+)"', text, re.MULTILINE):
        parts.append(f"Extends `{extends[1]}`.")
    if rows := list(_rows(text)):
        parts.append("\n".join(["| key | value | source and day |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def _rows(text: str) -> Iterator[str]:
    table = ""
    for line in text.splitlines():
        if line.startswith("["):
            table = f"{line.strip('[]')}."
        elif stated := STATED.fullmatch(line):
            yield f"| `{table}{stated['key']}` | `{stated['value']}` | {stated['source']} |"


def errors() -> str:
    """The table of what answers mean, one for each API."""
    return "\n\n".join(f"## {f'`{api}`' if api else 'Any API'}\n\n{_errors_of(api)}" for api in (*APIS, None))


def _errors_of(api: str | None) -> str:
    rows = ["| status | code | what happened | fault | retry | advice | source |", "|---|---|---|---|---|---|---|"]
    rows += [
        f"| {row.status or ''} | {f'`{row.code}`' if row.code else ''} | {row.cause} | {row.fault or ''} "
        f"| {'yes' if row.retryable else 'no'} | {row.advice} | {row.source} |"
        for row in ERRORS
        if row.api == api
    ]
    return "\n".join(rows)


def settings() -> str:
    """The settings of the service, as its struct describes them."""
    described = dict(re.findall(r"^        (\w+): (.+)$", Settings.__doc__, re.MULTILINE))
    stated = msgspec.structs.asdict(Settings(workers=1))
    shown = {name: json.dumps(value) for name, value in stated.items()} | {"workers": "one a processor"}
    rows = [f"| `{name}` | {shown[name]} | {described[name]} |" for name in stated]
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows])


def web() -> str:
    """The recorded cost of the service, and what became of it under load."""
    return (ROOT / "benchmarks" / "results" / "web.md").read_text(encoding="utf-8").partition("\n")[2].strip()


def sizing() -> str:
    """The recorded needs of the service."""
    return (ROOT / "benchmarks" / "results" / "sizing.md").read_text(encoding="utf-8").partition("\n")[2].strip()


def duplicates() -> str:
    """The recorded tables of copies and of different photos."""
    return (ROOT / "benchmarks" / "results" / "duplicates.md").read_text(encoding="utf-8").strip()


def columns() -> str:
    """The columns of a scan's CSV and Parquet, and where their values stand in the JSON object."""
    rows = ["| column | type | in a record's JSON |", "|---|---|---|"]
    kinds = {str: "text", int: "integer", float: "number", bool: "boolean"}
    return "\n".join([*rows, *(f"| `{name}` | {kinds[kind]} | {_place(name)} |" for name, kind in COLUMNS.items())])


def _place(column: str) -> str:
    notes = {
        "rejections": "causes of the `findings` that reject, separated by `;`",
        "warnings": "causes of the `findings` that warn, separated by `;`",
        **dict.fromkeys(("findings", "versions"), f"`{column}`, as JSON"),
    }
    if column in notes:
        return notes[column]
    if column in Measurements.__struct_fields__:
        return f"`measurements.{column}`"
    return f"`{column.replace('header_', 'header.', 1).replace('seconds_', 'timings.', 1)}`"


def photos() -> str:
    """How many good photos a reject rate takes for so many limits, as a Markdown table."""
    rows = ["| reject rate | 1 limit | 2 limits | 3 limits | 5 limits |", "|---|---|---|---|---|"]
    for rate in (0.005, 0.01, 0.02, 0.05, 0.1):
        counts = (f"{photos_needed(limits, rate):,}" for limits in (1, 2, 3, 5))
        rows.append(f"| {100 * rate:g} % | {' | '.join(counts)} |")
    return "\n".join(rows)


def example(app: str) -> str:
    """An example app, and how it is run."""
    code = (ROOT / "docs" / "frameworks" / f"{app}.py").read_text(encoding="utf-8").strip()
    command = re.search(r"`(.+)`", ast.get_docstring(ast.parse(code)))[1]
    return f"[frameworks/{app}.py](frameworks/{app}.py)\n\n```\n{command}\n```\n```python\n{code}\n```"


BLOCKS = {
    "README.md": {"causes": causes, "speed": speed},
    "docs/bodies.md": {"bodies": bodies},
    "docs/calibrate.md": {"photos": photos},
    "docs/deploy.md": {"sizing": sizing},
    "docs/errors.md": {"errors": errors},
    "docs/frameworks.md": {
        app: partial(example, app) for app in ("fastapi_app", "asgi_app", "flask_app", "django_app", "drf_app")
    },
    "docs/limits.md": {"metrics": metrics},
    "docs/isolation.md": {"isolation": isolation},
    "docs/serve.md": {"settings": settings, "web": web},
    "docs/profiles.md": {"profiles": profiles},
    "docs/scan.md": {"columns": columns, "duplicates": duplicates},
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
