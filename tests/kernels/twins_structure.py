"""Naive NumPy twins of the kernels in `imagegate.kernels.structure`."""

import numpy as np

SHIFTS = [(0, 1), (0, 2), (0, 4), (1, 0), (2, 0), (4, 0), (1, 1), (-1, 1)]


def _squares(cell, dy, dx):
    """Sum (cell[y + dy, x + dx] - cell[y, x])^2 where both pixels exist."""
    height, width = cell.shape
    if dy < 0:
        return _squares(cell[::-1], -dy, dx)
    return int(((cell[dy:, dx:] - cell[: height - dy, : width - dx]) ** 2).sum())


def _noise(cell):
    """Sum |[1 -2 1; -2 4 -2; 1 -2 1] * cell| where the whole mask lies inside."""
    second = np.diff(np.diff(cell, 2, axis=0), 2, axis=1)
    return int(np.abs(second).sum())


def _cells(tile, side):
    """Cut a tile into the squares no pair may leave."""
    return [tile[y : y + side, x : x + side] for y in range(0, 32, side) for x in range(0, 32, side)]


def tile_structure_numpy(luma, jpeg_grid):
    """Sum squared differences and noise of each whole 32x32 tile, tile by tile and shift by shift."""
    rows, columns = luma.shape[0] // 32, luma.shape[1] // 32
    table = np.zeros((9, rows, columns), np.int64)
    for row in range(rows):
        for column in range(columns):
            tile = luma[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32].astype(np.int64)
            cells = _cells(tile, 8 if jpeg_grid else 32)
            for i, (dy, dx) in enumerate(SHIFTS):
                table[i, row, column] = sum(_squares(cell, dy, dx) for cell in cells)
            table[8, row, column] = sum(_noise(cell) for cell in cells)
    return table


def row_sums_numpy(rgb, unit, segments):
    width = rgb.shape[1] // segments
    sums = rgb[:, : width * segments].reshape(len(rgb), segments, width, 3).sum(axis=2, dtype=np.int64)
    rows = np.arange(len(rgb)) % unit
    sums[(rows >= 2) & (rows < unit - 2)] = 0
    return sums


def stair_steepness_numpy(sums, edges, colours, least, flat):
    """Every step of all edges at once, from sorted segments and NumPy's own quantiles."""
    twice = 3 * (sums[edges] - sums[edges - 1]) - sums[edges + 1] + sums[edges - 2]
    jumps = (twice @ colours / 2).swapaxes(1, 2)
    jumps = np.concatenate([jumps, -jumps], axis=1)
    top, bottom = jumps[:-1], jumps[1:]
    best, place = np.zeros(top.shape[:2], np.float32), np.zeros(top.shape[:2], np.float32)
    for step in range(1, sums.shape[1] - 1):
        sides = np.sort(bottom[..., :step]), np.sort(top[..., step + 1 :])
        low = np.minimum(*(side[..., side.shape[2] // 5] for side in sides))
        high = np.maximum(*(side[..., -1 - side.shape[2] // 5] for side in sides))
        others = top[..., :step], bottom[..., step + 1 :]
        middle = np.maximum(*(np.abs(np.quantile(other, 0.5, axis=2, method="higher")) for other in others))
        steepness = np.where((low > least) & (middle < low / 2), low / (high - low + flat), 0)
        place = np.where(steepness > best, step, place)
        best = np.maximum(best, steepness)
    channel = best.argmax(axis=1)[:, np.newaxis]
    return np.hstack([np.take_along_axis(found, channel, axis=1) for found in (best, place)]).astype(np.float32)
