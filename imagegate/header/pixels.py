"""The header of a picture that was handed over as an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from imagegate.header.model import Header


def of_array(array: np.ndarray[Any, Any]) -> Header:
    """The header of an array, (H, W) or (H, W, 3)."""
    grey = array.ndim == 2  # noqa: PLR2004 - (H, W)
    return Header(
        format="array",
        width=array.shape[1],
        height=array.shape[0],
        bit_depth=8 * array.itemsize,
        channels=1 if grey else 3,
        colour_space="grey" if grey else "rgb",
    )
