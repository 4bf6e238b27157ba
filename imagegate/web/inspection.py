"""What the page shows of a picture: its verdict, each number beside its limit, and where it is blurred or clipped."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any, Final

from imagegate.bodies import Answer
from imagegate.judge import Judged, judged, stated, unlimited
from imagegate.measurements import Maps
from imagegate.metrics import Metric
from imagegate.policy import RULE_OF, Policy
from imagegate.report import Report
from imagegate.words import say

_BITS: Final = 4  # a pixel: five colours


def of_report(report: Report, api: str, request_id: str) -> Answer:
    """200 whatever the verdict, for the picture was looked at; what `/v1/check` answers to a rejected one is in it."""
    body = {
        "report": report.to_dict(),
        "error": None if report.ok else report.to_error(api, request_id)[2],
        "titles": {finding.cause.code: finding.cause.title for finding in report.findings},
        "numbers": list(_numbers(report)),
        "marks": None if report.maps is None else _marks(report.maps, report.policy),
    }
    headers = {"Content-Type": "application/json", "Content-Language": report.lang}
    return 200, headers, body


def _numbers(report: Report) -> Iterator[dict[str, Any]]:
    """Those that are held against a limit, and then the others, as texts."""
    facts = (report.measurements, report.header)
    for row in judged(report.policy, *facts, stated(report.findings)):
        yield _number(row.metric, row.value_text, report.lang) | _beside_limit(row, report.lang)
    for metric, value in unlimited(report.policy, *facts):
        yield _number(metric, metric.text(value), report.lang) | {"limit": None, "verdict": None, "stage": None}


def _number(metric: Metric, value: str, lang: str) -> dict[str, Any]:
    return {"metric": metric.name, "meaning": say(metric.meaning, lang), "value": say(value, lang)}


def _beside_limit(row: Judged, lang: str) -> dict[str, Any]:
    return {"limit": say(row.limit_text, lang), "verdict": row.verdict, "stage": row.rule.stage}


def _marks(maps: Maps, policy: Policy) -> dict[str, Any]:
    """The marks as a transparent PNG to be laid over the picture, so that no pixel of it goes back."""
    # Pillow costs as much to load as a check, and only who draws needs it.
    from imagegate.overlay import draw_layer  # noqa: PLC0415

    layer = draw_layer(maps, policy.limit(RULE_OF["blur_radius.max"]))
    file = io.BytesIO()
    layer.image.save(file, "PNG", bits=_BITS)
    return {"png": base64.b64encode(file.getvalue()).decode(), "shares": layer.shares}
