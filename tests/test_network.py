"""What the network is told, and what it makes of it."""

import math
from importlib import resources

import numpy as np
import pytest

from imagegate.kernels import network
from imagegate.kernels.describe import OFFSETS, pair_counts
from imagegate.measure.descriptors import Source, choose_tiles, jpeg_scale
from imagegate.measure.focus import described, fitted, focus
from tests.kernels.twins_describe import FULL, HALF, blur_network_numpy
from tests.kernels.twins_tiles import closed_forms_numpy, describe_picture_numpy
from tests.scenes import polygons

MOST_BYTES = 300_000


def given(tiles, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(0, 2, (tiles, 60)).astype(np.float32),
        rng.normal(0, 2, 40).astype(np.float32),
        rng.normal(0, 0.3, (3, network.WEIGHTS)).astype(np.float32),
    )


@pytest.mark.parametrize("tiles", [1, 2, 31, 32])
def test_the_network_equals_its_twin(tiles):
    np.testing.assert_allclose(network.blur_network(*given(tiles)), blur_network_numpy(*given(tiles)), atol=1e-5)


def test_inputs_come_in_fours_as_the_kernel_takes_them():
    assert all(rows % 4 == 0 for rows, _ in network.LAYERS)
    assert network.TILE_NUMBERS % 4 == network.PICTURE_NUMBERS % 4 == 0


def test_the_order_of_the_tiles_is_of_no_account():
    tiles, picture, rows = given(32)
    turned = network.blur_network(tiles[::-1].copy(), picture, rows)
    np.testing.assert_allclose(turned, network.blur_network(tiles, picture, rows), atol=1e-5)


def test_the_offsets_are_those_of_the_twin():
    assert [tuple(offset) for offset in OFFSETS.tolist()] == FULL + HALF
    assert pair_counts().tolist() == [(32 - y) * (32 - abs(x)) for y, x in FULL] + [
        (16 - y) * (16 - abs(x)) for y, x in HALF
    ]


def test_the_weights_are_small_and_finite():
    data = (resources.files("imagegate.measure") / "focus_weights.bin").read_bytes()
    assert len(data) <= MOST_BYTES
    assert np.isfinite(fitted().networks).all()
    assert fitted().networks.shape == (3, network.WEIGHTS)


def test_twenty_strong_tiles_are_chosen_and_twelve_fine_ones():
    fine, coarse = np.arange(100.0), np.arange(100.0)[::-1].copy()
    chosen = choose_tiles(fine, coarse)
    assert sorted(chosen[:20]) == list(range(20))
    assert sorted(chosen[20:]) == list(range(88, 100))


@pytest.mark.parametrize("tiles", [1, 5, 19, 20, 21, 32])
def test_all_tiles_are_chosen_where_there_are_few(tiles):
    assert sorted(choose_tiles(np.ones(tiles), np.ones(tiles))) == list(range(tiles))


@pytest.mark.parametrize(("quality", "scale"), [(100, 0), (75, 50), (50, 100), (25, 200), (1, 5000), (math.nan, 0)])
def test_jpeg_scale_is_that_of_libjpeg(quality, scale):
    assert jpeg_scale(float(quality)) == scale


def test_the_numbers_of_a_ramp_are_known():
    """Luma grows by two levels a column: every difference is twice the offset across, and nothing is noise."""
    ramp = np.tile(np.arange(0, 192, 2, np.uint8), (64, 1)) + np.uint8(20)
    found = described(ramp, Source(jpeg_quality=75.0, scaled=True)).descriptors
    steps = np.array([abs(2.0 * x) for _, x in FULL] + [abs(4.0 * x) for _, x in HALF])
    np.testing.assert_allclose(found.tiles[:, :28], np.tile(np.log(steps**2 + 0.1), (6, 1)), rtol=1e-6)
    np.testing.assert_allclose(found.tiles[:, 28:56], np.tile(np.log(steps + 1), (6, 1)), rtol=1e-6)
    np.testing.assert_allclose(found.tiles[:, 59], math.log(0.1), rtol=1e-6)
    np.testing.assert_allclose(found.picture[:3], math.log(0.1), rtol=1e-6)
    assert found.picture[4:7].tolist() == pytest.approx([math.log(54), math.log(0.096), 1.0])
    assert found.picture[7] == pytest.approx((20 + 95) / 128 - 1)


def pictures():
    """Noise alone, texture with noise, a picture with few tiles, and a drawn one, blurred across."""
    rng = np.random.default_rng(3)
    ramp = np.add.outer(np.arange(400), np.arange(500)) // 4
    drawn = polygons()[:, :, 0]
    return {
        "noise": rng.integers(90, 110, (320, 480), np.uint8),
        "texture": np.clip(ramp + rng.normal(0, 20, ramp.shape) * (ramp % 64 > 32), 0, 255).astype(np.uint8),
        "few": rng.integers(0, 256, (70, 100), np.uint8),
        "one": rng.integers(0, 256, (32, 32), np.uint8),
        "flat": np.full((96, 160), 128, np.uint8),
        "moved": np.mean([drawn[:, i : i - 9] for i in range(9)], axis=0).astype(np.uint8),
    }


@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("name", pictures())
def test_the_tiles_are_judged_as_their_twin_judges_them(name, grid):
    luma = pictures()[name]
    ours, theirs = described(luma, Source(jpeg_grid=grid)).tiles._asdict(), closed_forms_numpy(luma, grid)
    assert set(ours) == set(theirs)
    for number in ours:
        np.testing.assert_allclose(ours[number], theirs[number], rtol=1e-6, err_msg=number)


@pytest.mark.parametrize(("quality", "scale"), [(90.0, 20), (40.0, 125)])
@pytest.mark.parametrize("name", pictures())
def test_the_network_is_told_what_the_twin_tells(name, quality, scale):
    luma = pictures()[name]
    ours = described(luma, Source(jpeg_quality=quality, scaled=True)).descriptors
    tiles, picture = describe_picture_numpy(luma, scale, True)
    np.testing.assert_allclose(ours.tiles, tiles, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.picture, picture, rtol=1e-5, atol=1e-6)


def test_every_number_is_finite_at_the_ends_of_the_range():
    for level in (0, 255):
        found = described(np.full((96, 128), level, np.uint8), Source())
        assert np.isfinite(found.descriptors.tiles).all()
        assert np.isfinite(found.descriptors.picture).all()


def draw_discs(blur):
    """Two hundred discs, their edges averaged over a square of `blur` pixels; whole numbers only, so alike anywhere."""
    rng = np.random.default_rng(7)
    y, x = np.ogrid[:600, :800]
    picture = np.full((600, 800), 120, np.int64)
    for _ in range(200):
        left, top, radius, level = rng.integers((0, 0, 8, 30), (800, 600, 90, 226))
        picture[(x - left) ** 2 + (y - top) ** 2 <= radius**2] = level
    sums = np.cumsum(np.cumsum(np.pad(picture, ((blur, 0), (blur, 0)), mode="edge"), axis=0), axis=1)
    box = sums[blur:, blur:] - sums[:-blur, blur:] - sums[blur:, :-blur] + sums[:-blur, :-blur]
    return (box // blur**2).astype(np.uint8)


# What the shipped weights gave when they were fitted: blur_score and blur_radius by the side of the square.
RECORDED = {1: (-12.160674, 0.0), 4: (3.974517, 2.972195), 9: (9.506219, 7.093455)}


@pytest.mark.parametrize("blur", RECORDED)
def test_the_shipped_weights_give_the_recorded_scores(blur):
    found = focus(draw_discs(blur), Source(jpeg_quality=85.0))
    assert (found.blur_score, found.blur_radius) == pytest.approx(RECORDED[blur], abs=1e-4)
