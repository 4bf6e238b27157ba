"""Naive NumPy twins of the kernels in `imagegate.kernels.describe` and `imagegate.kernels.network`."""

import numpy as np

# (down, across), as docs/focus.md lists them: first those on the picture, then those on the picture halved.
FULL = [
    *[(0, 1), (0, 2), (0, 4), (0, 8), (1, 0), (2, 0), (4, 0), (8, 0)],
    *[(1, 1), (2, 2), (4, 4), (1, -1), (2, -2), (4, -4)],
    *[(2, 1), (1, 2), (2, -1), (1, -2)],
]
HALF = [(0, 1), (0, 2), (0, 4), (1, 0), (2, 0), (4, 0), (1, 1), (2, 2), (1, -1), (2, -2)]


def differences(tile, down, across):
    """All pairs an offset apart; a negative one across is a positive one of the mirrored tile."""
    if across < 0:
        return differences(tile[:, ::-1], down, -across)
    height, width = tile.shape
    return tile[down:, across:] - tile[: height - down, : width - across]


def describe_tiles_numpy(luma, rows, columns):
    table = []
    for row, column in zip(rows, columns, strict=True):
        tile = luma[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32].astype(np.int64)
        half = tile.reshape(16, 2, 16, 2).sum(axis=(1, 3))
        steps = [differences(tile, *offset) for offset in FULL] + [differences(half, *offset) for offset in HALF]
        squares = [(step**2).sum() for step in steps]
        largest = [(step**2).max() for step in steps]
        clipped = ((tile <= 2) | (tile >= 253)).sum()
        table.append([*squares, *largest, tile.sum(), (tile**2).sum(), clipped])
    return np.array(table, np.int64).reshape(-1, 59)


def blur_network_numpy(tiles, picture, weights):
    """The network by matrix products, in double precision."""
    return np.mean([_network(tiles, picture, row.astype(np.float64)) for row in weights], axis=0)


def _network(tiles, picture, weights):
    centre, scale, weights = weights[:100], weights[100:200], weights[200:]
    layers = []
    for rows, columns in [(100, 64), (64, 48), (48, 1), (40, 32), (176, 24), (24, 2)]:
        layers.append((weights[: rows * columns].reshape(rows, columns), weights[rows * columns :][:columns]))
        weights = weights[(rows + 1) * columns :]
    first, second, attention, whole, third, last = layers
    numbers = np.hstack([tiles, np.tile(picture, (len(tiles), 1))])
    numbers = np.clip((numbers - centre) * scale, -5, 5)
    features = _relu(_relu(numbers @ first[0] + first[1]) @ second[0] + second[1])
    share = np.exp(features @ attention[0] + attention[1])
    share /= share.sum()
    own = _relu(numbers[0, 60:] @ whole[0] + whole[1])
    pooled = np.concatenate([(share * features).sum(0), features.mean(0), features.max(0), own])
    return _relu(pooled @ third[0] + third[1]) @ last[0] + last[1]


def _relu(values):
    return np.maximum(values, 0)
