"""COMPARISONS: every kernel and what else computes the same, for the tests of equality and for the benchmarks.

Each entry prepares a random picture of a size and returns a function of no arguments; all the functions of one row must
give equal integers, or floats that differ by no more than rounding does.
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np

from imagegate import kernels
from imagegate.kernels import network
from imagegate.measure.colour import BOX, BRIGHTEST, DARKEST, LOGS
from imagegate.reduction import filters
from imagegate.traces import SEGMENTS, YCC
from tests.header.files import idat, ihdr, png
from tests.kernels.twins_describe import blur_network_numpy, describe_tiles_numpy
from tests.kernels.twins_exposure import (
    chroma_counts_numpy,
    differences_across_numpy,
    differences_down_numpy,
    grid_sums_numpy,
    luma_histogram_numpy,
)
from tests.kernels.twins_png import unfiltered_numpy
from tests.kernels.twins_structure import row_sums_numpy, stair_steepness_numpy, tile_structure_numpy

CELL, CLIPPED = 63, 250
UNIT = 8


def grey(rng, height, width):
    return rng.integers(0, 256, (height, width), np.uint8)


def colour(rng, height, width):
    return rng.integers(0, 256, (height, width, 3), np.uint8)


def laplacian_sums_numpy(luma):
    wide = np.pad(luma.astype(np.int64), 1, mode="reflect")
    laplacian = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * wide[1:-1, 1:-1]
    return laplacian.sum(), (laplacian**2).sum()


def laplacian_sums_opencv_64f(luma):
    laplacian = cv2.Laplacian(luma, cv2.CV_64F)
    return laplacian.sum(), (laplacian**2).sum()


def laplacian_sums_opencv_16s(luma):
    """The fair rival: half the memory, and mean and deviation in one pass. Its sums are exact once rounded."""
    mean, deviation = cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))
    mean, variance = mean.item(), deviation.item() ** 2
    return round(mean * luma.size), round((variance + mean**2) * luma.size)


def luma_of_numpy(rgb):
    """ITU-R BT.601 in 16-bit fixed point, by matrix product; the kernel states no other formula."""
    return (rgb.astype(np.int64) @ np.array([19595, 38470, 7471]) + 32768) >> 16


def luma_of_pillow(rgb):
    from PIL import Image  # noqa: PLC0415 - only this row needs it

    return np.asarray(Image.fromarray(rgb).convert("L"))


def on(make, function, *arguments):
    """Prepare a picture, then only call."""
    return lambda rng, height, width: partial(function, make(rng, height, width), *arguments)


def on_tiles(function):
    """Thirty-two tiles, or as many as there are, in no order."""

    def prepare(rng, height, width):
        rows, columns = np.divmod(rng.permutation((height // 32) * (width // 32))[:32], max(width // 32, 1))
        return partial(function, grey(rng, height, width), rows, columns)

    return prepare


def on_descriptors(function):
    """Thirty-two described tiles and three networks of random weights; the size is of no account."""

    def prepare(rng, _height, _width):
        tiles = rng.normal(0, 2, (32, 60)).astype(np.float32)
        picture = rng.normal(0, 2, 40).astype(np.float32)
        weights = rng.normal(0, 0.3, (3, network.WEIGHTS)).astype(np.float32)
        return partial(function, tiles, picture, weights)

    return prepare


def on_stairs(function):
    """Sums of noise, with a stair of random height, step and sign at every fourth row."""

    def prepare(rng, height, _width):
        sums = rng.integers(0, 30, (height, SEGMENTS, 3), np.int32)
        edges = np.arange(4, height - 4, 4)
        for edge in edges:
            step, shift = rng.integers(SEGMENTS), rng.integers(-90, 90, 3)
            sums[edge:, step:] += shift.astype(np.int32)
            sums[edge + 4 :, :step] += shift.astype(np.int32)
        return partial(function, sums, edges, YCC / 10, 0.5, 1.0)

    return prepare


def filtered(rng, height, width):
    """Rows of a PNG in RGB, each of any filter and of noise."""
    rows = rng.integers(0, 256, (height, 1 + 3 * width), np.uint8)
    rows[:, 0] %= 5
    return rows


def unfiltered(rows):
    kernels.unfilter(rows, 3)
    return rows[:, 1:].reshape(len(rows), -1, 3)


def unfiltered_opencv(rows):
    """By libpng, from a PNG of these rows."""
    height, width = rows.shape[0], rows.shape[1] // 3
    data = png(ihdr(width=width, height=height), idat(rows.tobytes()))
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def filtered_rows_numpy(pixels, weights, first):
    """Each row of output as a product of its weights and the six rows under them."""
    height = len(pixels)
    tops = np.arange(max(1, height // 8))[:, None] * 8 + first
    under = pixels[np.clip(tops[:, :, None] + np.arange(6), 0, height - 1)]
    sums = np.einsum("brkx,rk->brx", under.astype(np.int64), weights)
    return np.clip((sums + (1 << 13)) >> 14, 0, 255).reshape(-1, pixels.shape[1])


CHROMA = (4, LOGS, BOX, DARKEST, BRIGHTEST)

COMPARISONS = {
    "laplacian_sums": {
        "imagegate": on(grey, kernels.laplacian_sums),
        "numpy": on(grey, laplacian_sums_numpy),
        "opencv 64F": on(grey, laplacian_sums_opencv_64f),
        "opencv 16S": on(grey, laplacian_sums_opencv_16s),
    },
    "luma_of": {
        "imagegate": on(colour, kernels.luma_of),
        "numpy": on(colour, luma_of_numpy),
        "pillow": on(colour, luma_of_pillow),
    },
    "luma_histogram": {
        "imagegate": on(grey, kernels.luma_histogram),
        "numpy": on(grey, luma_histogram_numpy),
        "opencv": on(grey, lambda luma: cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel()),
    },
    "filtered_rows": {
        "imagegate": on(grey, kernels.filtered_rows, *filters(5)),
        "numpy": on(grey, filtered_rows_numpy, *filters(5)),
    },
    "grid_sums": {
        "imagegate": on(grey, kernels.grid_sums, CELL, CLIPPED),
        "numpy": on(grey, grid_sums_numpy, CELL, CLIPPED),
    },
    "row_sums": {
        "imagegate": on(colour, kernels.row_sums, UNIT, SEGMENTS),
        "numpy": on(colour, row_sums_numpy, UNIT, SEGMENTS),
    },
    "stair_steepness": {
        "imagegate": on_stairs(kernels.stair_steepness),
        "numpy": on_stairs(stair_steepness_numpy),
    },
    "chroma_counts": {
        "imagegate": on(colour, kernels.chroma_counts, *CHROMA),
        "numpy": on(colour, chroma_counts_numpy, *CHROMA),
    },
    "differences_across": {
        "imagegate": on(grey, kernels.differences_across),
        "numpy": on(grey, differences_across_numpy),
    },
    "differences_down": {
        "imagegate": on(grey, kernels.differences_down),
        "numpy": on(grey, differences_down_numpy),
    },
    "describe_tiles": {
        "imagegate": on_tiles(kernels.describe_tiles),
        "numpy": on_tiles(describe_tiles_numpy),
    },
    "blur_network": {
        "imagegate": on_descriptors(kernels.blur_network),
        "numpy": on_descriptors(blur_network_numpy),
    },
    "tile_structure": {
        "imagegate": on(grey, kernels.tile_structure, False),
        "numpy": on(grey, tile_structure_numpy, False),
    },
    "unfilter": {
        "imagegate": on(filtered, unfiltered),
        "numpy": on(filtered, unfiltered_numpy),
        "opencv": on(filtered, unfiltered_opencv),
    },
}
