"""Compression is told from a JPEG's tables and its blocks, never from a PNG."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from imagegate.kernels.blocks import differences_across, differences_down
from imagegate.measure.compression import compression
from tests.kernels.twins_exposure import differences_across_numpy, differences_down_numpy

RAMP = np.ascontiguousarray(np.broadcast_to(np.arange(0, 250, 5, dtype=np.uint8), (40, 50)))


def texture(shape=(240, 320)):
    """A smooth random picture with fine detail, uint8."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    waves = 60 * np.sin(x / 37) + 40 * np.cos(y / 23 + x / 61)
    return np.clip(128 + waves + np.random.default_rng(4).normal(0, 4, shape), 0, 255).astype(np.uint8)


def as_jpeg(luma, quality):
    """Encode with Pillow (libjpeg) and decode 1:1: pixels and tables."""
    buffer = io.BytesIO()
    Image.fromarray(luma).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as picture:
        tables = tuple(tuple(table) for _, table in sorted(picture.quantization.items()))
        return np.array(picture), tables


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (7, 8), (33, 65), (750, 1000), (401, 299)])
def test_kernels_equal_their_twins(shape):
    luma = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    np.testing.assert_array_equal(differences_across(luma), differences_across_numpy(luma))
    np.testing.assert_array_equal(differences_down(luma), differences_down_numpy(luma))


def test_the_largest_differences_across_do_not_overflow():
    stripes = np.ascontiguousarray(np.broadcast_to(np.arange(17) % 2 * 255, (700, 17))).astype(np.uint8)
    np.testing.assert_array_equal(differences_across(stripes), np.full(8, 700 * 2 * 255))


@pytest.mark.parametrize("quality", range(1, 101))
def test_the_encoder_s_own_quality_is_told_in_either_order_of_the_table(quality):
    _, (table,) = as_jpeg(np.zeros((8, 8), np.uint8), quality)
    assert compression(RAMP, (table,), jpeg_grid=False).jpeg_quality == quality
    assert compression(RAMP, (table[::-1],), jpeg_grid=False).jpeg_quality == quality


@pytest.mark.parametrize("tables", [None, (), ((),)])
def test_without_tables_no_compression_is_told(tables):
    measured = compression(RAMP, tables, jpeg_grid=False)
    assert math.isnan(measured.jpeg_quality)
    assert math.isnan(measured.blockiness)


def test_detail_that_knows_no_grid_is_not_blocky():
    assert compression(RAMP, None, jpeg_grid=True).blockiness == pytest.approx(1)
    assert compression(texture(), None, jpeg_grid=True).blockiness == pytest.approx(1, abs=0.05)


def test_blockiness_is_the_step_at_the_grid_over_the_step_inside():
    """Steps of one along x, of five at the grid; nothing along y."""
    steps = np.where(np.arange(1, 40) % 8 == 0, 5, 1)
    row = np.concatenate([[0], np.cumsum(steps)]).astype(np.uint8)
    luma = np.ascontiguousarray(np.broadcast_to(row, (40, 40)))
    assert compression(luma, None, jpeg_grid=True).blockiness == pytest.approx(5)


def test_harder_compression_shows_more_blocks():
    blocks = [compression(as_jpeg(texture(), quality)[0], None, jpeg_grid=True).blockiness for quality in (90, 30, 10)]
    assert blocks == sorted(blocks)
    assert blocks[-1] > 1.5


@pytest.mark.parametrize("luma", [np.zeros((1, 1), np.uint8), np.zeros((64, 64), np.uint8), RAMP[:4, :4].copy()])
def test_where_no_grid_or_detail_is_blockiness_is_not_told(luma):
    assert math.isnan(compression(luma, None, jpeg_grid=True).blockiness)
