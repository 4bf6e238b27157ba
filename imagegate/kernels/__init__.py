"""Kernels: arrays in, numbers out. Compiled by Numba on their first call, kept on disk, free of the GIL."""

from imagegate.kernels.blocks import differences_across, differences_down
from imagegate.kernels.colour import chroma_counts
from imagegate.kernels.describe import describe_tiles
from imagegate.kernels.grid import grid_sums
from imagegate.kernels.histogram import luma_histogram
from imagegate.kernels.laplacian import laplacian_sums
from imagegate.kernels.luma import luma_of
from imagegate.kernels.network import blur_network
from imagegate.kernels.resample import filtered_rows
from imagegate.kernels.stairs import row_sums, stair_steepness
from imagegate.kernels.structure import tile_structure
from imagegate.kernels.unfilter import unfilter

__all__ = [
    "blur_network",
    "chroma_counts",
    "describe_tiles",
    "differences_across",
    "differences_down",
    "filtered_rows",
    "grid_sums",
    "laplacian_sums",
    "luma_histogram",
    "luma_of",
    "row_sums",
    "stair_steepness",
    "tile_structure",
    "unfilter",
]
