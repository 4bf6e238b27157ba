"""Draws cloth, for sharp and well-lit pictures of anything but skin; linear light, as in `skin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.samples.skin import Canvas, pixel_grain, smooth_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Linear RGB of the dyed thread and of the undyed one that crosses it.
DENIM = ((0.045, 0.095, 0.24), (0.42, 0.46, 0.50))
LODEN = ((0.065, 0.110, 0.070), (0.20, 0.26, 0.21))

# A warp thread passes over two weft threads and under one, a step further in each row: a twill, with its
# diagonals.
TWILL = 3


def draw_cloth(
    threads: tuple[tuple[float, float, float], ...], *, size: tuple[int, int], seed: int
) -> NDArray[np.float32]:
    """Draw a twill of two `threads` (linear RGB, the one on top first); (width, height) -> (H, W, 3)."""
    canvas = Canvas(*size)
    rng = np.random.default_rng(seed)
    x, y = (axis / 6.5 + 0.35 * smooth_noise(canvas, rng, 120, 2) for axis in (canvas.x, canvas.y))
    x, y = (axis + 0.08 * smooth_noise(canvas, rng, 9, 2) for axis in (x, y))
    column, row = np.floor(x), np.floor(y)
    on_top = (column + row) % TWILL != 0
    across = np.where(on_top, x - column, y - row) - 0.5
    along = np.where(on_top, y - row, x - column)
    # A thread is a round bar of twisted fibres: bright along its middle, dark where it dives under the next.
    bar = np.clip(1.15 - 3.2 * np.square(across), 0.2, 1.2) * (0.85 + 0.15 * np.cos(2 * np.pi * (along - 0.5)))
    twist = 1 + 0.16 * np.sin(2 * np.pi * (2 * along + 1.5 * across)) + 0.10 * pixel_grain(canvas, rng, 0.8)
    worn = np.clip(1 + 0.18 * smooth_noise(canvas, rng, 30, 3), 0.5, 1.6)
    folds = np.clip(1 + 0.28 * smooth_noise(canvas, rng, 420, 2), 0.45, 1.6)
    colour = np.where(on_top[..., None], *(np.array(thread, np.float32) for thread in threads))
    return np.asarray(colour * (bar * twist * worn * folds)[..., None], np.float32)
