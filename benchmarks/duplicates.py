"""How many copies of photos a scan calls duplicates, and how many other photos.

`python -m benchmarks.duplicates` prints two tables and records them in benchmarks/results/duplicates.md.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import tempfile
from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from rich.console import Console

import imagegate
from benchmarks.photos import shared_data
from benchmarks.race import machine
from benchmarks.tables import Grid
from imagegate.scanning.duplicates import CAUSE, RADIUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from imagegate.scanning import Record

RESULTS: Final = pathlib.Path(__file__).parent / "results" / "duplicates.md"
# Folders of photos, and of how many each one is copied.
SETS: Final = {
    "photos of `train`": (("train",), 8),
    "other photos": (
        ("blur_kwentar_2048", "blur_kwentar_300", "camera_originals", "camera_photos", "derm_isic_uda1"),
        1,
    ),
}
DERMOSCOPY: Final = "derm"
LONGEST: Final = 1_600  # pixels of the longer side of what is copied
QUALITY: Final = 92


class Change(NamedTuple):
    """What was done to a photo before it was stored again."""

    name: str
    make: Callable[[Image.Image, random.Random], Image.Image]
    quality: int = QUALITY


def scaled(factor: float) -> Callable[[Image.Image, random.Random], Image.Image]:
    return lambda photo, _: photo.resize((max(1, round(photo.width * factor)), max(1, round(photo.height * factor))))


def cropped(share: float) -> Callable[[Image.Image, random.Random], Image.Image]:
    """Without that share of each side's length, taken from both ends of it by chance."""

    def crop(photo: Image.Image, chosen: random.Random) -> Image.Image:
        lost = [int(side * share) for side in photo.size]
        left, top = (chosen.randint(0, pixels) for pixels in lost)
        return photo.crop((left, top, left + photo.width - lost[0], top + photo.height - lost[1]))

    return crop


def noisy(photo: Image.Image, chosen: random.Random) -> Image.Image:
    grain = np.random.default_rng(chosen.getrandbits(32)).normal(0, 12, (photo.height, photo.width, 3))
    return Image.fromarray(np.clip(np.asarray(photo) + grain, 0, 255).astype(np.uint8))


CHANGES: Final = (
    Change("compressed to JPEG quality 50", lambda photo, _: photo, 50),
    Change("compressed to JPEG quality 20", lambda photo, _: photo, 20),
    Change("halved", scaled(0.5)),
    Change("320 pixels wide", lambda photo, _: photo.resize((320, max(1, photo.height * 320 // photo.width))), 80),
    Change("enlarged by 1.3", scaled(1.3)),
    Change("at 0.7 of the size with quality 60", scaled(0.7), 60),
    Change("brighter by 1.2", lambda photo, _: ImageEnhance.Brightness(photo).enhance(1.2)),
    Change("darker by 0.7", lambda photo, _: ImageEnhance.Brightness(photo).enhance(0.7)),
    Change("gamma 0.7", lambda photo, _: photo.point([round(255 * (x / 255) ** 0.7) for x in range(256)] * 3)),
    Change("contrast by 1.3", lambda photo, _: ImageEnhance.Contrast(photo).enhance(1.3)),
    Change("contrast stretched", lambda photo, _: ImageOps.autocontrast(photo, 1)),
    Change("blurred (sigma 2)", lambda photo, _: photo.filter(ImageFilter.GaussianBlur(2))),
    Change("with noise (sigma 12)", noisy),
    Change("cropped by 1 %", cropped(0.01)),
    Change("turned by 1 degree", lambda photo, _: photo.rotate(1, Image.Resampling.BICUBIC)),
    Change("cropped by 2 %", cropped(0.02)),
    Change("cropped by 5 %", cropped(0.05)),
    Change("mirrored", lambda photo, _: ImageOps.mirror(photo)),
    Change("turned by a quarter without EXIF", lambda photo, _: photo.transpose(Image.Transpose.ROTATE_90)),
)


def hashed(folders: Iterable[str]) -> dict[str, Record]:
    """Every photo of these folders that has a perceptual hash, by its name."""
    records = imagegate.scan([shared_data() / folder for folder in folders])
    return {record.source: record for record in records if record.phash}


def copies(names: Iterable[str], scratch: pathlib.Path) -> Iterator[tuple[str, str, str]]:
    """The name of each photo, of a change, and of the copy that was so changed."""
    chosen = random.Random(0)  # noqa: S311 - where to crop, always the same
    for number, name in enumerate(names):
        photo = ImageOps.exif_transpose(Image.open(name)).convert("RGB")
        photo.thumbnail((LONGEST, LONGEST))
        for place, change in enumerate(CHANGES):
            path = scratch / f"{number}_{place}.jpg"
            change.make(photo, chosen).save(path, quality=change.quality)
            yield name, change.name, str(path)


def first(record: Record) -> str | None:
    """The picture that a record names as the one it repeats."""
    messages = (finding.message for finding in record.report.findings if finding.cause.code == CAUSE)
    return next((message.split("the same as ", 1)[1].removesuffix(".") for message in messages), None)


def missed(photos: Mapping[str, Record], every: int) -> dict[str, int]:
    """Of each change, how many copies are not said to repeat their photo."""
    counts = dict.fromkeys((change.name for change in CHANGES), 0)
    with tempfile.TemporaryDirectory() as scratch:
        made = {path: rest for *rest, path in copies(list(photos)[::every], pathlib.Path(scratch))}
        for record in imagegate.scan([*map(pathlib.Path, photos), *map(pathlib.Path, made)]):
            if record.source in made:
                name, change = made[record.source]
                counts[change] += first(record) != (first(photos[name]) or name)
    return counts


def pairs(hashes: Iterable[str]) -> list[int]:
    """In how many bits the hashes of any two photos differ, sorted."""
    return sorted((one ^ other).bit_count() for one, other in combinations([int(text, 16) for text in hashes], 2))


def copies_grid(found: Mapping[str, dict[str, int]], copied: Mapping[str, int]) -> Grid:
    head = ["copy", *(f"{name}: missed of {copied[name]}" for name in found)]
    return Grid(
        "Copies", [head, *([change.name, *(str(found[name][change.name]) for name in found)] for change in CHANGES)]
    )


def pairs_grid(photos: Mapping[str, Mapping[str, Record]]) -> Grid:
    sets = {name: list(records.values()) for name, records in photos.items()}
    every = [record for records in sets.values() for record in records]
    sets = {"dermoscopy of both": [record for record in every if DERMOSCOPY in record.source], **sets}
    rows = []
    for name, records in sets.items():
        apart = pairs(record.phash for record in records)
        near = sum(bits <= RADIUS for bits in apart)
        rows.append([name, str(len(records)), f"{len(apart):,}", str(near), str(apart[near])])
    return Grid(
        "Different photos", [["", "photos", "pairs", "called duplicates", "bits of the nearest other pair"], *rows]
    )


def main() -> None:
    """Count; print the tables and record them."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    photos = {name: hashed(folders) for name, (folders, _) in SETS.items()}
    found = {name: missed(photos[name], every) for name, (_, every) in SETS.items()}
    copied = {name: len(list(photos[name])[::every]) for name, (_, every) in SETS.items()}
    grids = copies_grid(found, copied), pairs_grid(photos)
    for grid in grids:
        Console(width=160).print(grid.rich())
    tables = "\n\n".join(grid.markdown().replace("## ", "**", 1).replace("\n", "**\n\n", 1) for grid in grids)
    RESULTS.write_text(f"Measured by `python -m benchmarks.duplicates` on {machine()}.\n\n{tables}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
