"""What one table of rates cannot show: scale, real pairs, a focus stack, bokeh, tones, cost. A row each."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

import imagegate
from benchmarks.accuracy.scores import rank_correlation
from benchmarks.accuracy.variants import decode, reduced, stored, to_light
from benchmarks.tables import Line
from tests.samples import camera
from tests.samples.make import METERED_EV, SIZE, taken
from tests.samples.skin import MONK_TONES, draw_skin

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.samples.camera import Scene

# What a warning of blur is called: new causes of the kind count by their names.
OF_FOCUS = frozenset(code for code in imagegate.CAUSES if "blur" in code or "focus" in code)
TONES = range(1, len(MONK_TONES) + 1)

MEGAPIXELS = (12.0, 6.0, 3.0, 1.5)
SMALLEST_TO_SCALE = 9.0
SCALE_DEFOCUS = 3.0
RADIUS_SHARE, RADIUS_PIXELS = 0.15, 0.3

STACK_CORRELATION = 0.8
TILE = 32

BOKEH_RADII = (4.0, 8.0)  # soft, but still seen as what it is
SUBJECT, FADE = 0.4, 0.04  # of the short side: the subject's radius, and over what depth changes

EXPOSURES = (-1.0, 0.0, 0.5)
FAIRNESS_RADIUS = 6.0

MEASURE_SHARE = 0.12
COST_ROUNDS = 15


class Scaled(NamedTuple):
    """One photo, sharp or blurred, at falling sizes: its verdicts and its blur radii."""

    name: str
    statuses: list[int]
    radii: list[float]

    @property
    def steady(self) -> bool:
        """Whether every radius is that of the largest size, within the bounds."""
        first = self.radii[0]
        if math.isnan(first):
            return all(math.isnan(radius) for radius in self.radii)
        return all(abs(radius - first) <= max(RADIUS_SHARE * first, RADIUS_PIXELS) for radius in self.radii)


def scaled(path: pathlib.Path) -> list[Scaled]:
    """Take a photo at MEGAPIXELS (at its own size where that is smaller), as it is and defocused."""
    scene = to_light(decode(path.read_bytes()))
    own = scene.shape[0] * scene.shape[1] / 1e6
    scene = reduced(scene, math.sqrt(min(1, MEGAPIXELS[0] / own)))
    blurred = camera.defocus(scene, SCALE_DEFOCUS * max(scene.shape[:2]) / 1000)
    return [
        _at_sizes(path.name, scene),
        _at_sizes(f"{path.name}, defocus {SCALE_DEFOCUS:g}", blurred),
    ]


def _at_sizes(name: str, scene: Scene) -> Scaled:
    own = scene.shape[0] * scene.shape[1] / 1e6
    reports = [imagegate.check(_file(reduced(scene, math.sqrt(min(1, size / own))))) for size in MEGAPIXELS]
    radii = [report.measurements.blur_radius if report.measurements else math.nan for report in reports]
    return Scaled(name, [report.status for report in reports], radii)


def _file(scene: Scene) -> bytes:
    return stored(camera.sensor(scene, 0, np.random.default_rng(0)))


def scale_lines(rows: Sequence[Scaled]) -> list[Line]:
    """Judge the photos at every size: the same verdict, the same radius."""
    verdicts = sum(len(set(row.statuses)) == 1 for row in rows)
    steady = sum(row.steady for row in rows)
    worst = "; ".join(f"{row.name}: {_numbers(row.radii)} px" for row in rows if not row.steady)
    sizes = ", ".join(f"{size:g}" for size in MEGAPIXELS)
    return [
        Line(f"same verdict at {sizes} MP", "every photo", f"{verdicts} of {len(rows)}", verdicts == len(rows)),
        Line(
            f"same blur radius at {sizes} MP",
            f"within {RADIUS_SHARE:.0%} or {RADIUS_PIXELS} px of that at the largest",
            f"{steady} of {len(rows)}{f' ({worst})' if worst else ''}",
            steady == len(rows),
        ),
    ]


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def pair_lines(folders: Sequence[pathlib.Path]) -> list[Line]:
    """Judge the Kwentar scenes: each is there sharp (_S), out of focus (_F) and moved (_M)."""
    scenes = [[of_scene(sharp, kind) for kind in "SFM"] for folder in folders for sharp in sharp_ones(folder)]
    reports = [[imagegate.check(path) for path in scene] for scene in scenes]
    scores = [[report.measurements.blur_score for report in scene if report.measurements] for scene in reports]
    ordered = sum(score > sharp for sharp, *blurred in scores for score in blurred)
    pairs = sum(len(blurred) for _, *blurred in reports)
    refused = sum(not sharp.ok for sharp, *_ in reports)
    caught = [sum(not scene[kind].ok for scene in reports) for kind in (1, 2)]
    count = len(reports)
    return [
        Line("Kwentar pairs in order of blur_score", f"all {pairs}", f"{ordered} of {pairs}", ordered == pairs),
        Line("Kwentar, sharp ones rejected", "none", f"{refused} of {count}", refused == 0),
        Line("Kwentar, caught: defocus, motion", "reported", f"{caught[0]}, {caught[1]} of {count} each", None),
    ]


def sharp_ones(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.iterdir() if path.stem.endswith("_S"))


def of_scene(sharp: pathlib.Path, kind: str) -> pathlib.Path:
    return sharp.with_stem(f"{sharp.stem[:-1]}{kind}")


def stack_lines(folder: pathlib.Path) -> list[Line]:
    """Judge a focus stack by its tile maps: where a tile is sharpest against how far away it is.

    The step a tile is sharpest in is the one of least blur_radius in its map (the mean of them where several are
    least). How far away it is comes from depth from focus: in a stack a tile shows the same thing in every step,
    so that plain edge energy, which cannot compare two scenes, can compare the steps (sum-modified Laplacian, S. K.
    Nayar, Y. Nakagawa, "Shape from focus", IEEE Trans. PAMI 16 (1994), section V). Tiles with a radius in every step.
    """
    reports = [imagegate.check(path, detail=True) for path in sorted(folder.glob("step*.jpg"))]
    maps = [report.maps for report in reports if report.maps]
    radii = np.stack([step.blur_radius for step in maps]).astype(np.float64)
    depth = depth_from_focus([step.luma for step in maps])
    judged = ~np.isnan(radii).any(0)
    sharpest = np.array([np.flatnonzero(tile == tile.min()).mean() for tile in radii[:, judged].T])
    rho = rank_correlation(depth[judged], sharpest)
    return [
        Line(
            f"focus stack, {len(maps)} steps: sharpest step of a tile against its depth",
            f"rank correlation at least {STACK_CORRELATION:g}",
            f"{rho:.2f} ({judged.sum()} tiles)",
            rho >= STACK_CORRELATION,
        )
    ]


def depth_from_focus(steps: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Number of the step of most edge energy, for every whole tile of pictures (H, W) of one scene: (H//32, W//32)."""
    energies = [_tile_means(_onto_first(steps[0], luma, modified_laplacian(luma))) for luma in steps]
    return np.asarray(np.argmax(energies, axis=0), np.float64)


def modified_laplacian(luma: NDArray[np.uint8]) -> Scene:
    """Squared sum of the two second differences' sizes, after a Gaussian of one pixel against noise; (H, W)."""
    smooth = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), 1.0)
    second = np.array([[-1, 2, -1]], np.float32)
    sizes = (np.abs(cv2.filter2D(smooth, -1, kernel)) for kernel in (second, second.T))
    return np.asarray(np.square(sum(sizes)), np.float32)


def _onto_first(first: NDArray[np.uint8], luma: NDArray[np.uint8], values: Scene) -> Scene:
    """Lay values over the first step: a lens that focuses farther shows a little less of the scene."""
    if first is luma:
        return values
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-5)
    _, fit = cv2.findTransformECC(first, luma, np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, stop)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(values, fit, first.shape[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(laid, np.float32)


def _tile_means(values: Scene) -> Scene:
    rows, columns = (side // TILE for side in values.shape)
    tiles = values[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
    return np.asarray(tiles.mean((1, 3)), np.float32)


class Bokeh(NamedTuple):
    """Two pictures of one lesion: whether the sharp one passed, whether the blurred one was at least warned of."""

    sharp_passed: bool
    blurred_warned: bool
    blurred_rejected: bool


def bokeh(tone: int) -> list[Bokeh]:
    """Photograph drawn lesions of one tone at two depths of field, focused on the lesion and behind it."""
    return [_bokeh(tone, radius, seed=400 + 20 * place + tone) for place, radius in enumerate(BOKEH_RADII)]


def _bokeh(tone: int, radius: float, seed: int) -> Bokeh:
    scene = draw_skin(tone, size=SIZE, seed=seed)
    soft = camera.defocus(scene, radius * max(SIZE) / 1000)
    subject = subject_mask(scene.shape[:2])[..., None]
    focused, missed = (
        imagegate.check(stored(taken(near * subject + far * (1 - subject), ev=METERED_EV[tone], seed=seed)))
        for near, far in ((scene, soft), (soft, scene))
    )
    warned = any(finding.cause.code in OF_FOCUS for finding in missed.findings)
    return Bokeh(focused.ok, warned, not missed.ok)


def subject_mask(shape: tuple[int, ...]) -> Scene:
    """1 on a disk in the middle that holds the lesion, 0 outside, in between a little of both; (H, W)."""
    height, width = shape
    y, x = np.ogrid[:height, :width]
    away = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2) / min(height, width)
    return np.clip((SUBJECT - away) / FADE + 0.5, 0, 1).astype(np.float32)


def bokeh_lines(pictures: Sequence[Bokeh]) -> list[Line]:
    """Judge the pictures of all tones."""
    count = len(pictures)
    refused = sum(not picture.sharp_passed for picture in pictures)
    warned = sum(picture.blurred_warned for picture in pictures)
    rejected = sum(picture.blurred_rejected for picture in pictures)
    radii = " and ".join(f"{radius:g}" for radius in BOKEH_RADII)
    return [
        Line(
            f"sharp drawn lesion, background blurred by {radii}",
            "at most 1 rejected",
            f"{refused} of {count} rejected",
            refused <= 1,
        ),
        Line(
            f"drawn lesion blurred by {radii}, sharp background",
            "every one at least warned of",
            f"{warned} of {count} ({rejected} rejected)",
            warned == count,
        ),
    ]


def tone_statuses(tone: int) -> dict[str, int]:
    """Photograph one skin in one tone at every exposure, sharp and blurred: row -> status."""
    scene = draw_skin(tone, size=SIZE, seed=300)
    soft = camera.defocus(scene, FAIRNESS_RADIUS * max(SIZE) / 1000)
    return {
        f"{name} at {f'{ev:+g}' if ev else '0'} EV": imagegate.check(
            stored(taken(light, ev=ev + METERED_EV[tone], seed=300))
        ).status
        for name, light in (("sharp", scene), ("blurred", soft))
        for ev in EXPOSURES
    }


def fairness_lines(tones: Sequence[dict[str, int]]) -> list[Line]:
    """Judge the rows: one verdict in all tones, sharp ones pass, blurred ones do not."""
    rows = {row: [statuses[row] for statuses in tones] for row in tones[0]}
    rejected = {row: sum(status != 200 for status in statuses) for row, statuses in rows.items()}
    single = sum(len(set(statuses)) == 1 for statuses in rows.values())
    told = "; ".join(f"{row}: {count}" for row, count in rejected.items())
    right = all(count == (len(tones) if row.startswith("blurred") else 0) for row, count in rejected.items())
    return [
        Line(
            f"one skin in {len(tones)} tones: one verdict a row",
            f"{len(rows)} of {len(rows)} rows, sharp passes, blurred does not",
            f"{single} of {len(rows)} (rejected: {told})",
            single == len(rows) and right,
        )
    ]


def cost_lines(photos: Sequence[pathlib.Path]) -> list[Line]:
    """Time measuring as a share of check(), on camera files, by the report's own timings."""
    imagegate.warmup()
    shares = {path.name: _measure_share(path.read_bytes()) for path in photos}
    if not shares:
        return []
    worst = max(shares.values())
    return [
        Line(
            f"measuring, share of check() on photos of at least {SMALLEST_TO_SCALE:g} MP",
            f"at most {MEASURE_SHARE:.0%}",
            ", ".join(f"{share:.1%}" for share in shares.values()),
            worst <= MEASURE_SHARE,
        )
    ]


def _measure_share(data: bytes) -> float:
    timings = [imagegate.check(data).timings for _ in range(COST_ROUNDS)]
    return statistics.median(times["measure"] / sum(times.values()) for times in timings)
