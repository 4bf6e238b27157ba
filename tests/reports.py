"""Reports for tests: drawn by hand, and of pictures of many kinds."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from PIL import Image

import imagegate
from imagegate.causes import CAUSES
from imagegate.policy import Policy
from imagegate.report import Report
from tests.scenes import blurred, encoded, polygons

DEFAULT = Policy()

SCENE = polygons()
FLAT = np.full((300, 400, 3), 128, np.uint8)
PHOTOS = {
    "sharp": encoded(SCENE),
    "blurred": encoded(blurred(SCENE, 8.0)),
    "dark": encoded(SCENE // 16),
    "bright": encoded(np.maximum(SCENE, 254)),
    "small": encoded(SCENE[:60, :80]),
    "grey": encoded(SCENE[:, :, 0], "PNG"),
    "sixteen bits": encoded(SCENE[:, :, 0].astype(np.uint16) * 257, "PNG"),
    "flat": encoded(FLAT),
    "truncated": encoded(SCENE)[:9000],
    "array": SCENE,
    "pil": Image.fromarray(SCENE),
    "text": "no picture at all",
    "nothing": b"",
    "random": np.random.default_rng(0).bytes(5000),
    "gif": b"GIF89a" + bytes(200),
}


def finding(code: str, **more: Any) -> imagegate.Finding:
    """A finding of this cause, as the default policy judges it."""
    cause = CAUSES[code]
    plain = {"cause": cause, "status": cause.status, "severity": cause.severity, "message": "Found."}
    return imagegate.Finding(**(plain | more))


def report(*codes_or_findings: str | imagegate.Finding, **more: Any) -> Report:
    """A report with these findings."""
    found = tuple(finding(item) if isinstance(item, str) else item for item in codes_or_findings)
    return Report(**({"findings": found, "policy": DEFAULT} | more))


@functools.cache
def real(name: str) -> Report:
    """The report on one of PHOTOS, with its maps."""
    return imagegate.check(PHOTOS[name], detail=True)
