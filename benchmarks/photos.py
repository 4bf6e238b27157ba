"""The photos that are measured: real camera files where there are some, else a drawn sample."""

from __future__ import annotations

import os
import pathlib

ROOT = pathlib.Path(__file__).parent.parent


def camera_originals() -> list[pathlib.Path]:
    """Camera JPEGs of 10 to 13 megapixels; the largest drawn sample where there are none."""
    shared = pathlib.Path(os.environ.get("IMAGEGATE_SHARED", ROOT.parent / "shared"))
    photos = sorted((shared / "data" / "camera_originals").glob("*.jpg"))
    return photos or [ROOT / "sample_images" / "good_2400x1800.jpg"]
