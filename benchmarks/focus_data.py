"""Descriptors of the variants of many photos, for fitting and judging the focus measure."""

from __future__ import annotations

import functools
import pathlib
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from benchmarks.focus_variants import ACCEPTABLE, BLURRED, CROPPED, grey_light, random_variant, taken
from imagegate.kernels import luma_of
from imagegate.measure.focus import described
from tests.samples import camera
from tests.samples.make import METERED_EV
from tests.samples.skin import draw_skin

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.pool import Pool
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from benchmarks.focus_variants import Light, Variant

SUFFIXES = {".jpg", ".jpeg", ".png"}
TILES = 32
# Folders of few photos, each of which gives twice as many variants.
SCARCE = ("camera", "kodak")
# Of sixteen variants of a photo, eight are sharp and four each defocused and moved.
KINDS = ("sharp",) * 7 + ("soft",) + ("defocus",) * 4 + ("motion",) * 4
# Drawn skin has these seeds; the samples and tests have others below 1000.
DRAWN_SEEDS = range(9000, 9080)


class Example(NamedTuple):
    """One picture: what the network is told, and what it should say."""

    photo: str
    variant: str  # name of a fixed variant, "" for a random one
    tiles: NDArray[np.float32]
    picture: NDArray[np.float32]
    blurred: float
    severity: float  # NaN where not one number is right for the whole picture
    textured: bool  # whether imagegate would judge it at all


def photos_of(folder: Path) -> list[str]:
    """Every photo below a folder, and the drawn skin."""
    files = sorted(str(path) for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return files + [f"drawn {seed}" for seed in DRAWN_SEEDS]


@functools.cache
def light_of(photo: str) -> Light:
    if photo.startswith("drawn "):
        return _drawn(int(photo.split()[1]))
    rgb = cv2.imread(photo, cv2.IMREAD_COLOR_RGB)
    return grey_light(luma_of(np.ascontiguousarray(rgb)))


def _drawn(seed: int) -> Light:
    """Skin of each tone in turn, with a lesion or not, at the exposure a meter gives."""
    tone = seed % 10 + 1
    size = ((1400, 1050), (1100, 825))[seed // 10 % 2]
    scene = draw_skin(tone, size=size, seed=seed, lesion=seed % 3 > 0, hairs=max(seed * 7 % 50 - 15, 0))
    rgb = camera.sensor(camera.expose(scene, METERED_EV[tone]), 0.5, np.random.default_rng(seed))
    return grey_light(luma_of(rgb))


def kind_of(photo: str) -> str:
    """The folder a photo is in, or that it was drawn."""
    return "drawn" if photo.startswith("drawn") else pathlib.PurePath(photo).parent.name


def name_of(photo: str) -> str:
    """A photo's file name: what seeds and splits go by, so that they are the same in any folder."""
    return pathlib.PurePath(photo).name


def random_examples(photo: str) -> list[Example]:
    """The variants to fit on; two rounds of photos of other things, as there are few."""
    cv2.setNumThreads(1)
    # Of the name alone, so that a photo gets the same variants in any folder.
    rng = np.random.default_rng(zlib.crc32(name_of(photo).encode()))
    light = light_of(photo)
    kinds = (*KINDS, "slight", *(KINDS if kind_of(photo) in SCARCE else ()))
    examples = [_example(photo, "", light, random_variant(kind, rng), rng) for kind in kinds]
    examples += dark_examples(photo)
    light_of.cache_clear()
    return examples


def dark_examples(photo: str) -> list[Example]:
    """More in the dark, where sharp skin, whose texture JPEG has all but swallowed, looks blurred."""
    rng = np.random.default_rng(zlib.crc32(name_of(photo).encode()) + 1)
    kinds = ("sharp", "defocus", "sharp", "motion") * 2 if photo.startswith("drawn") else ("sharp", "defocus")
    variants = (replace(random_variant(kind, rng), ev=rng.uniform(-5.5, -2.6)) for kind in kinds)
    return [_example(photo, "", light_of(photo), variant, rng) for variant in variants]


def fixed_examples(photo: str) -> list[Example]:
    """The variants to judge by."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    light = light_of(photo)
    examples = [
        _example(photo, name, light, replace(variant, angle=rng.uniform(0, 180)), rng)
        for name, variant in (ACCEPTABLE | CROPPED | BLURRED).items()
    ]
    light_of.cache_clear()
    return examples


def _example(photo: str, name: str, light: Light, variant: Variant, rng: np.random.Generator) -> Example:
    luma, source = taken(light, variant, rng)
    found = described(luma, source)
    tiles = np.full((TILES, found.descriptors.tiles.shape[1]), np.nan, np.float32)
    tiles[: len(found.descriptors.tiles)] = found.descriptors.tiles
    severity = np.nan if variant.soft else variant.severity
    blurred = variant.blurred(max(luma.shape))
    return Example(photo, name, tiles, found.descriptors.picture, blurred, severity, found.tiles.textured)


def gathered(pool: Pool, function: Callable[[str], list[Example]], photos: list[str]) -> dict[str, NDArray[Any]]:
    """The examples of all photos as one array a column."""
    examples = [example for some in pool.imap(function, photos, chunksize=4) for example in some]
    return {name: np.array([getattr(e, name) for e in examples]) for name in Example._fields}
