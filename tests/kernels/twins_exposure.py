"""Naive NumPy twins of the kernels of exposure, colour and compression."""

import numpy as np


def luma_histogram_numpy(luma):
    """Count the levels with NumPy's own counter."""
    return np.bincount(luma.ravel(), minlength=256)


def grid_sums_numpy(luma, cell, clipped):
    """Sum each cell by itself."""
    rows, columns = range(0, luma.shape[0], cell), range(0, luma.shape[1], cell)
    sums = np.zeros((3, len(rows), len(columns)), np.int64)
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            part = luma[top : top + cell, left : left + cell]
            sums[:, i, j] = part.sum(), np.count_nonzero(part >= clipped), part.size
    return sums


def chroma_counts_numpy(rgb, step, logs, box, darkest, brightest):  # noqa: PLR0913, PLR0917 - the kernel's
    """Thin out by slicing, count with NumPy's two-dimensional histogram."""
    thin = rgb[::step, ::step].reshape(-1, 3)
    red, green, blue = thin.T
    usable = (thin.max(axis=1) >= darkest) & (green <= brightest)
    u, v = (logs[red] - logs[green])[usable], (logs[green] - logs[blue])[usable]
    inside = (u >= box[0]) & (u <= box[1]) & (v >= box[2]) & (v <= box[3])
    edges = 256 * np.arange(-64, 65)
    edges[0], edges[-1] = -(2**31), 2**31
    counts, _, _ = np.histogram2d(u, v, bins=(edges, edges))
    tinted = (red != green) | (green != blue)
    return counts.astype(np.int64), int(inside.sum()), int(tinted.sum())


def differences_across_numpy(luma):
    """Differences of the whole picture, summed by their place modulo 8."""
    across = np.abs(np.diff(luma.astype(np.int64), axis=1))
    return np.array([across[:, k::8].sum() for k in range(8)])


def differences_down_numpy(luma):
    """The same of the picture turned."""
    return differences_across_numpy(luma.T)


def fall_of_light_numpy(levels, dark=16):
    """Least squares by LAPACK over the cells' sRGB levels."""
    places = np.argwhere(levels >= dark)
    code = levels[levels >= dark] / 255
    stops = np.log2(np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4))
    matrix = np.column_stack([places, np.ones(len(places))])
    plane = matrix @ np.linalg.lstsq(matrix, stops, rcond=None)[0]
    return np.ptp(plane) * np.var(plane) / np.var(stops)


def glare_numpy(luma, cell):
    """Clipped pixels of the cells that neither are half clipped nor touch one that is."""
    light = luma >= 250
    rows, columns = -(-luma.shape[0] // cell), -(-luma.shape[1] // cell)
    cells = [[light[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell] for x in range(columns)] for y in range(rows)]
    half = np.pad([[part.mean() >= 0.5 for part in row] for row in cells], 1)
    return sum(
        part.sum() for y, row in enumerate(cells) for x, part in enumerate(row) if not half[y : y + 3, x : x + 3].any()
    )
