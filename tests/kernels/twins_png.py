"""Naive NumPy twin of the kernel in `imagegate.kernels.unfilter`."""

import numpy as np


def paeth(left, up, corner):
    """W3C PNG, third edition, section 9.4, a whole pixel at once: the first of the three that is nearest."""
    near = np.stack([left, up, corner])
    return np.take_along_axis(near, np.abs(near - (left + up - corner)).argmin(axis=0)[np.newaxis], axis=0)[0]


# Table 9.1 of the standard.
PREDICTIONS = (
    lambda left, _up, _corner: 0 * left,
    lambda left, _up, _corner: left,
    lambda _left, up, _corner: up,
    lambda left, up, _corner: (left + up) // 2,
    paeth,
)


def unfiltered_numpy(rows):
    height, width = rows.shape[0], rows.shape[1] // 3
    pixels = np.zeros((height + 1, width + 1, 3), np.int64)  # a row and a column of zeros before the first
    for y, row in enumerate(rows, 1):
        for x, pixel in enumerate(row[1:].reshape(-1, 3), 1):
            around = pixels[y, x - 1], pixels[y - 1, x], pixels[y - 1, x - 1]
            pixels[y, x] = (pixel + PREDICTIONS[row[0]](*around)) % 256
    return pixels[1:, 1:]
