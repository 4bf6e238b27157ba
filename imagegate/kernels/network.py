"""The network that tells blur from the descriptors of tiles: inference in plain float32 loops."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel

TILE_NUMBERS: Final = 60
PICTURE_NUMBERS: Final = 40
NUMBERS: Final = TILE_NUMBERS + PICTURE_NUMBERS
WIDE: Final = 64
NARROW: Final = 48
WHOLE: Final = 32
POOLED: Final = 3 * NARROW + WHOLE
LAST: Final = 24
OUTPUTS: Final = 2

# Rows in, columns out, of each layer in the order of the weights: its matrix by rows, then its biases.
LAYERS: Final = (
    (NUMBERS, WIDE),
    (WIDE, NARROW),
    (NARROW, 1),
    (PICTURE_NUMBERS, WHOLE),
    (POOLED, LAST),
    (LAST, OUTPUTS),
)
# One network: what is taken off each number, what it is then multiplied by, the layers.
WEIGHTS: Final = 2 * NUMBERS + sum((rows + 1) * columns for rows, columns in LAYERS)
# Standardised numbers beyond this were hardly seen in training: a network has nothing to say about them.
_FARTHEST: Final = np.float32(5.0)


@kernel
def blur_network(
    tiles: NDArray[np.float32], picture: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Mean output of several networks of one shape.

    Each tile with the picture's numbers goes through two layers (ReLU); the tiles are pooled by attention (softmax of
    one score a tile), mean and maximum, as in M. Ilse et al., "Attention-based deep multiple instance learning",
    ICML 2018, section 2.4; with a layer of the picture's own numbers, two more layers give the outputs.

    Args:
        tiles: (T, 60) float32, C-contiguous, T >= 1.
        picture: (40,) float32.
        weights: (N, WEIGHTS) float32, C-contiguous, a network a row.

    Returns:
        (2,) float32: log-odds of blur, and severity log2(1 + radius).
    """
    total = np.zeros(OUTPUTS, np.float32)
    for n in range(weights.shape[0]):
        total += _one_network(tiles, picture, weights[n])
    return total / np.float32(weights.shape[0])


@kernel
def _one_network(
    tiles: NDArray[np.float32], picture: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    centre, scale = weights[:NUMBERS], weights[NUMBERS : 2 * NUMBERS]
    at = 2 * NUMBERS
    first, at = _layer(weights, at, NUMBERS, WIDE)
    second, at = _layer(weights, at, WIDE, NARROW)
    attention, at = _layer(weights, at, NARROW, 1)
    whole, at = _layer(weights, at, PICTURE_NUMBERS, WHOLE)
    third, at = _layer(weights, at, POOLED, LAST)
    last, at = _layer(weights, at, LAST, OUTPUTS)

    numbers = np.empty(PICTURE_NUMBERS, np.float32)
    _standardise(picture, centre[TILE_NUMBERS:], scale[TILE_NUMBERS:], numbers)
    # The picture's numbers are the same for every tile.
    given = np.empty(WIDE, np.float32)
    _through(numbers, first[TILE_NUMBERS:NUMBERS], first[NUMBERS], given)
    features = np.empty((tiles.shape[0], NARROW), np.float32)
    own, wide = np.empty(TILE_NUMBERS, np.float32), np.empty(WIDE, np.float32)
    for t in range(tiles.shape[0]):
        _standardise(tiles[t], centre, scale, own)
        _through(own, first, given, wide)
        _relu(wide)
        _through(wide, second, second[WIDE], features[t])
        _relu(features[t])
    pooled = np.empty(POOLED, np.float32)
    _pool(features, attention, pooled)
    _through(numbers, whole, whole[PICTURE_NUMBERS], pooled[3 * NARROW :])
    _relu(pooled[3 * NARROW :])
    hidden, outputs = np.empty(LAST, np.float32), np.empty(OUTPUTS, np.float32)
    _through(pooled, third, third[POOLED], hidden)
    _relu(hidden)
    _through(hidden, last, last[LAST], outputs)
    return outputs


@kernel
def _pool(features: NDArray[np.float32], attention: NDArray[np.float32], pooled: NDArray[np.float32]) -> None:
    """Fill in the pool by attention, the mean and the maximum over the tiles."""
    scores, score = np.empty(features.shape[0], np.float32), np.empty(1, np.float32)
    for t in range(features.shape[0]):
        _through(features[t], attention, attention[NARROW], score)
        scores[t] = score[0]
    share = np.exp(scores - scores.max())
    share /= share.sum()
    pooled[: 3 * NARROW] = np.float32(0.0)
    for t in range(features.shape[0]):
        for i in range(NARROW):
            pooled[i] += share[t] * features[t, i]
            pooled[NARROW + i] += features[t, i] / np.float32(features.shape[0])
            pooled[2 * NARROW + i] = max(pooled[2 * NARROW + i], features[t, i])


@kernel
def _layer(weights: NDArray[np.float32], at: int, rows: int, columns: int) -> tuple[NDArray[np.float32], int]:
    """One layer's matrix, its last row the biases, and where the next layer begins."""
    end = at + (rows + 1) * columns
    return weights[at:end].reshape(rows + 1, columns), end


@kernel
def _standardise(
    numbers: NDArray[np.float32], centre: NDArray[np.float32], scale: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    for i in range(out.size):
        out[i] = min(max((numbers[i] - centre[i]) * scale[i], -_FARTHEST), _FARTHEST)


@kernel
def _through(
    numbers: NDArray[np.float32],
    matrix: NDArray[np.float32],
    biases: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """By rows of the matrix, so that LLVM vectorises over the outputs without changing the order of any sum.

    Four rows for each time an output is read and written: every layer's number of inputs is a multiple of that.
    """
    for j in range(out.size):
        out[j] = biases[j]
    for i in range(0, numbers.size, 4):
        a, b, c, d = numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]
        for j in range(out.size):
            two = out[j] + a * matrix[i, j] + b * matrix[i + 1, j]
            out[j] = two + c * matrix[i + 2, j] + d * matrix[i + 3, j]


@kernel
def _relu(numbers: NDArray[np.float32]) -> None:
    for i in range(numbers.size):
        numbers[i] = max(numbers[i], np.float32(0.0))
