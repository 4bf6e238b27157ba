"""What the tiles tell, and what the network is told of them, by NumPy's own functions."""

import math

import numpy as np

from imagegate.kernels import describe
from imagegate.measure.tiles import edge_structure
from tests.kernels.twins_describe import describe_tiles_numpy
from tests.kernels.twins_structure import tile_structure_numpy

SIGMAS = np.geomspace(0.05, 20.0, 400)
RATIOS = edge_structure(2.0, SIGMAS) / edge_structure(1.0, SIGMAS)


def lower_quantile(values, share):
    return np.sort(values)[int(share * (values.size - 1))]


def means_of(luma, grid):
    """(9, R, C) means, R and C the whole tiles; pairs stay within 8 or 32 pixels."""
    side, squares = (8, 16) if grid else (32, 1)
    lags = [side * (side - lag) for lag in (1, 2, 4)]
    pairs = squares * np.array([*lags, *lags, (side - 1) ** 2, (side - 1) ** 2, (side - 2) ** 2])
    return tile_structure_numpy(luma, grid) / pairs[:, None, None]


def closed_forms_numpy(luma, grid):
    means = means_of(luma, grid)
    _, rows, columns = means.shape
    noise = math.pi / 72 * means[8] ** 2
    x1, x2, x4, y1, y2, y4, down, up = np.maximum(means[:8] - 2 * noise, 0)
    floor = 0.1 + 0.3 * noise
    sigma = math.sqrt(np.sort(noise[noise > 0])[(noise > 0).sum() // 5]) if noise.any() else 0.0
    signal = np.maximum(x4, y4)
    judged = signal > 4 + 8 * sigma**2
    above_chance = signal > 2 + sigma**2
    edge = 2 * np.interp(np.maximum((x4 + floor) / (x2 + floor), (y4 + floor) / (y2 + floor)), RATIOS, SIGMAS)
    radii = np.where(judged, 2 * np.sqrt(np.maximum(edge**2 - 0.25, 0)) * 1000 / max(luma.shape), math.nan)
    counted = judged if judged.any() else ~judged
    across = math.log((x1 + floor)[counted].sum() / (y1 + floor)[counted].sum())
    slanted = math.log((down / 2 + floor)[counted].sum() / (up / 2 + floor)[counted].sum())
    y, x = (np.arange(rows) + 0.5) / rows - 0.5, (np.arange(columns) + 0.5) / columns - 0.5
    away = np.hypot(y[:, None], x)
    sharpness = (x2 + y2 + 2 * floor) / (x4 + y4 + 2 * floor) ** 0.8
    centre, rim = sharpness[above_chance & (away < 0.28)], sharpness[above_chance & (away > 0.38)]
    few = min(centre.size, rim.size) < 16
    return {
        "means": means.reshape(9, -1),
        "noise": noise.ravel(),
        "radius_map": radii,
        "sharp_share": np.mean(radii[judged] <= 2.8) if judged.any() else math.nan,
        "textured": above_chance.any(),
        "noise_sigma": sigma,
        "motion_ratio": math.exp(math.hypot(across, slanted)),
        "motion_angle": math.degrees(math.atan2(slanted, -across) / 2) % 180,
        "centre_sharpness": math.nan if few else lower_quantile(centre, 0.5) / lower_quantile(rim, 0.5),
    }


def describe_picture_numpy(luma, scale, scaled):
    """The numbers of the chosen tiles and of the picture; `scale` is IJG's percentage for the JPEG's quality."""
    means = means_of(luma, False)
    columns = means.shape[2]
    flat = means.reshape(9, -1)
    fine, coarse = flat[0] + flat[3], flat[2] + flat[5]
    strongest = np.argsort(-coarse, kind="stable")[:20]
    finest = [tile for tile in np.argsort(-fine, kind="stable") if tile not in strongest][:12]
    chosen = np.array([*strongest, *finest], np.int64)
    table = describe_tiles_numpy(luma, chosen // columns, chosen % columns).astype(np.float64)
    noise = np.sqrt(math.pi / 72) * flat[8]
    halved = np.where(np.arange(28) < 18, 1, 4)
    squares = table[:, :28] / (describe.pair_counts() * halved**2)
    mean = table[:, 56] / 1024
    tiles = np.column_stack(
        [
            np.log(squares + 0.1),
            np.log(np.sqrt(table[:, 28:56]) / halved + 1),
            mean / 128 - 1,
            0.5 * np.log(np.maximum(table[:, 57] / 1024 - mean**2, 0) + 1),
            table[:, 58] / 1024,
            np.log(noise[chosen] + 0.1),
        ]
    )
    steps = np.abs(np.diff(luma.astype(int), axis=1))
    grid = np.array([steps[:, place::8].sum() / max(steps[:, place::8].shape[1], 1) for place in range(8)])
    level = len(luma) / 100
    middles = [coarse.mean(), fine.mean(), lower_quantile(coarse, 0.5), lower_quantile(fine, 0.5)]
    picture = [
        *(math.log(lower_quantile(noise, share) + 0.1) for share in (0.1, 0.3, 0.5)),
        math.log((grid[7] + level) / (np.median(grid) + level)),
        math.log(scale + 4),
        math.log(max(luma.shape) / 1000),
        scaled,
        mean.mean() / 128 - 1,
        *np.log(np.array(middles) + 0.1),
        *np.log(squares.mean(axis=0) + 0.1),
    ]
    return tiles, np.array(picture)
