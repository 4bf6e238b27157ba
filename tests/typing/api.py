"""The public names as a typed program uses them: checked by mypy --strict, never run."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import imagegate

if TYPE_CHECKING:
    from pathlib import Path


def every_way_in(path: Path) -> list[imagegate.Report]:
    """Every kind of input, and every argument."""
    policy = imagegate.Policy(name="own", limits={"blur_radius": {"max": 2.0}}, severities={"glare": "reject"})
    return [
        imagegate.check("aGVsbG8="),
        imagegate.check(b"...", policy="default"),
        imagegate.check(path, policy=policy, detail=True, lang="en"),
        imagegate.check(path, policy=imagegate.Policy(isolation="process", worker_memory=1 << 28, worker_seconds=5)),
        imagegate.check(io.BytesIO(b"...")),
        imagegate.check(Image.new("RGB", (2, 2))),
        imagegate.check(np.zeros((2, 2), np.uint8)),
    ]


def every_answer(report: imagegate.Report) -> str:
    """What a report is asked."""
    first: imagegate.Finding = report.findings[0]
    cause: imagegate.Cause = first.cause
    died: bool = first.decoder_failure
    status, headers, body = report.to_error("problem", request_id="1")
    try:
        report.raise_for_status()
    except imagegate.ImageRejected as rejected:
        return rejected.report.to_json()
    measurements: imagegate.Measurements | None = report.measurements
    numbers = 0.0 if measurements is None else measurements.blur_radius + measurements.luma_p98
    return f"{report.ok} {died} {report.status + status} {cause.code} {first.advice} {headers} {body} {numbers}"


def every_table() -> list[str]:
    """The catalogues."""
    known = [cause.title for cause in imagegate.CAUSES.values()] + [rule.id for rule in imagegate.RULES]
    return known + [policy.to_toml() for policy in imagegate.PROFILES.values()]


def every_record(folder: Path) -> int:
    """A scan."""
    imagegate.warmup()
    with imagegate.scan([folder, "s3://clinic/a.jsonl"], workers=2, policy="default", column="photo") as records:
        return sum(record.ok for record in records) + records.skipped["hidden"]
