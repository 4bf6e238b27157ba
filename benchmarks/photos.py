"""The photos that are measured: real camera files, where there are some."""

from __future__ import annotations

import os
import pathlib

ROOT = pathlib.Path(__file__).parent.parent


# Grown by a fuzzer, collected for what they broke, or no JPEG.
NOT_SOUND = ("afl_jpeg", "pillow_broken", "pngsuite")


def shared_data() -> pathlib.Path:
    """The folder of real pictures, whether or not it is there."""
    return pathlib.Path(os.environ.get("IMAGEGATE_SHARED", ROOT.parent / "shared")) / "data"


def camera_originals() -> list[pathlib.Path]:
    """Camera JPEGs of 10 to 13 megapixels."""
    return sorted((shared_data() / "camera_originals").glob("*.jpg"))


def sound_jpegs() -> list[pathlib.Path]:
    """Every JPEG that is whole, of the drawn samples and of the real pictures."""
    drawn = (ROOT / "sample_images").glob("good_*.jpg")
    folders = [folder for folder in shared_data().glob("*") if folder.name not in NOT_SOUND]
    real = (path for folder in folders for path in folder.rglob("*") if path.suffix.lower() == ".jpg")
    return sorted([*real, *drawn])
