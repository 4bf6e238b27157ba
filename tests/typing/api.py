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


def every_request(text: str) -> list[imagegate.Report]:
    """Every kind of body, and what its report is asked."""
    first: imagegate.PayloadReport = imagegate.check_payload(text)
    reports = [
        first,
        imagegate.check_payload(text.encode(), policy="default", content_type="application/json", lang="en"),
        imagegate.check_payload({"media": [text]}, policy=imagegate.Policy()),
    ]
    status, headers, body = first.to_error("problem", request_id="1")
    pointers: tuple[str, ...] = first.pointers
    told = [first.ok, first.status + status, headers, body, first.to_json(), [f.pointer for f in first.findings]]
    return [image for report in reports for image in report.images] if told or pointers else []


def every_explanation(report: imagegate.Report) -> str:
    """Every kind of body and headers, and what an explanation is asked."""
    errors: list[imagegate.ApiError] = [
        imagegate.explain(429),
        imagegate.explain(None, None, None),
        imagegate.explain(429, "{}", {"Retry-After": "30"}, api="telesoft", report=report, lang="en"),
        imagegate.explain(429, b"{}", [("Retry-After", "30")]),
        imagegate.explain(429, {"error": {}}, {"Retry-After": 30}),
    ]
    first = errors[0]
    wait: float | None = first.retry_after
    agrees: bool | None = first.agrees
    told = f"{first.status} {first.api} {first.code} {first.cause} {first.fault} {first.advice} {first.request_id}"
    return f"{told} {first.retryable and wait} {agrees} {first.to_dict()} {first.to_json()}"


def every_table() -> list[str]:
    """The catalogues."""
    known = [cause.title for cause in imagegate.CAUSES.values()] + [rule.id for rule in imagegate.RULES]
    return known + [policy.to_toml() for policy in imagegate.PROFILES.values()]


def every_record(folder: Path) -> int:
    """A scan."""
    imagegate.warmup()
    with imagegate.scan([folder, "s3://clinic/a.jsonl"], workers=2, policy="default", column="photo") as records:
        return sum(record.ok for record in records) + records.skipped["hidden"]
