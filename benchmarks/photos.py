"""The photos that are measured: real camera files, where there are some."""

from __future__ import annotations

import os
import pathlib

ROOT = pathlib.Path(__file__).parent.parent


def camera_originals() -> list[pathlib.Path]:
    """Camera JPEGs of 10 to 13 megapixels."""
    shared = pathlib.Path(os.environ.get("IMAGEGATE_SHARED", ROOT.parent / "shared"))
    return sorted((shared / "data" / "camera_originals").glob("*.jpg"))
