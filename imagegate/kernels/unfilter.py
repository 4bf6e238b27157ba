"""The rows of a PNG."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel


@kernel
def unfilter(rows: NDArray[np.uint8], pixel: int) -> int:  # noqa: C901 - five filters, each with a loop of its own
    """Undo the filters of a PNG's rows, in place (W3C PNG, third edition, section 9.2).

    Args:
        rows: (H, 1 + W * pixel) uint8, C-contiguous; the first column is the filter of its row.
        pixel: Bytes of a pixel.

    Returns:
        Rows that were undone: H, or fewer where a row has a filter that is none.
    """
    above = np.zeros(rows.shape[1], np.uint8)
    for y in range(len(rows)):
        row = rows[y]
        # A choice at each byte would keep LLVM from vectors.
        if row[0] == 1:
            for x in range(1 + pixel, row.size):
                row[x] += row[x - pixel]
        elif row[0] == 2:  # noqa: PLR2004 - filters go by their number
            for x in range(1, row.size):
                row[x] += above[x]
        elif row[0] == 3:  # noqa: PLR2004
            for x in range(1, 1 + pixel):
                row[x] += above[x] >> 1
            for x in range(1 + pixel, row.size):
                row[x] += (np.int32(row[x - pixel]) + np.int32(above[x])) >> 1
        elif row[0] == 4:  # noqa: PLR2004
            for x in range(1, 1 + pixel):
                row[x] += above[x]
            for x in range(1 + pixel, row.size):
                row[x] += _paeth(np.int32(row[x - pixel]), np.int32(above[x]), np.int32(above[x - pixel]))
        elif row[0]:
            return y
        above = row
    return len(rows)


@kernel
def _paeth(left: np.int32, up: np.int32, corner: np.int32) -> np.uint8:
    """Whichever is nearest to left + up - corner (section 9.4)."""
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return np.uint8(left)
    return np.uint8(up if to_up <= to_corner else corner)
