"""Exposure is told from highlights, clipping and range, so that every skin tone passes alike."""

import itertools
import math

import numpy as np
import pytest

from imagegate.kernels.grid import grid_sums
from imagegate.kernels.histogram import luma_histogram
from imagegate.measure.exposure import exposure, linear_light
from tests.kernels.twins_exposure import fall_of_light_numpy, glare_numpy, grid_sums_numpy, luma_histogram_numpy

SIZES = [(1, 1), (1, 7), (5, 3), (33, 65), (750, 1000), (997, 613)]
UNDEREXPOSED, OVEREXPOSED, LOW_CONTRAST = 60, 0.3, 0.35

# E. Monk, "The Monk Skin Tone Scale", 2019.
_TONES = ["f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420"]
MONK = [np.array([linear_light(level) for level in bytes.fromhex(tone)]) for tone in _TONES]


def encode(light):
    """Linear light to 8-bit sRGB, by the formula of IEC 61966-2-1."""
    light = np.clip(light, 0, 1)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * code).astype(np.uint8)


def scene(shape=(300, 400), low=0.02, high=0.8):
    """Linear light, evenly spread from `low` to `high` over the whole frame."""
    light = np.linspace(low, high, shape[0] * shape[1])
    return np.random.default_rng(5).permutation(light).reshape(shape)


@pytest.mark.parametrize("shape", SIZES)
def test_kernels_equal_their_twins(shape):
    luma = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    np.testing.assert_array_equal(luma_histogram(luma), luma_histogram_numpy(luma))
    for cell in (1, 8, 63, 2000) if luma.size < 10_000 else (63,):
        np.testing.assert_array_equal(grid_sums(luma, cell, 250), grid_sums_numpy(luma, cell, 250))


def test_numbers_of_a_picture_made_of_bands():
    """Ten equal bands of rows: two black, two at 100, five at 150, one white."""
    bands = np.repeat(np.array([0, 0, 100, 100, 150, 150, 150, 150, 150, 255], np.uint8), 10)
    measured = exposure(np.ascontiguousarray(np.broadcast_to(bands[:, None], (100, 80))))
    assert measured.luma_mean == pytest.approx(120.5)
    assert (measured.luma_p02, measured.luma_p98) == (0, 255)
    assert (measured.dark_share, measured.bright_share) == (0.2, 0.1)
    assert measured.contrast == 1
    assert measured.entropy == pytest.approx(-(0.4 * math.log2(0.2) + 0.5 * math.log2(0.5) + 0.1 * math.log2(0.1)))


def test_percentiles_are_levels_that_the_share_does_not_exceed():
    luma = np.repeat(np.arange(100, dtype=np.uint8), 4).reshape(20, 20)
    measured = exposure(luma)
    assert (measured.luma_p02, measured.luma_p98) == (1, 97)


@pytest.mark.parametrize("seed", range(5))
def test_light_that_falls_and_glares_is_measured_as_the_twins_do(seed):
    rng = np.random.default_rng(seed)
    y, x = np.ogrid[:300, :410]
    light = rng.uniform(5, 150) + rng.uniform(-0.4, 0.4) * y + rng.uniform(-0.3, 0.3) * x + rng.normal(0, 9, (300, 410))
    light[rng.integers(240) :, rng.integers(340) :] = 255
    light[rng.random(light.shape) < 0.02] = 255
    luma = np.clip(light, 0, 255).astype(np.uint8)
    measured = exposure(luma)
    light, _, pixels = grid_sums_numpy(luma, 26, 250)
    assert measured.unevenness == pytest.approx(fall_of_light_numpy(light / pixels), rel=1e-9)
    assert measured.glare_share == glare_numpy(luma, 26) / luma.size


@pytest.mark.parametrize("level", [0, 1, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 2), (64, 48)])
def test_a_flat_picture_is_measured_without_complaint(level, shape):
    measured = exposure(np.full(shape, level, np.uint8))
    assert (measured.luma_mean, measured.luma_p02, measured.luma_p98) == (level, level, level)
    assert measured.entropy == 0
    assert math.isnan(measured.contrast) if level == 0 else measured.contrast == 0
    assert math.isnan(measured.unevenness) or measured.unevenness == 0


def test_more_light_never_clips_less():
    pictures = [exposure(encode(scene() * 2.0**ev)) for ev in np.arange(-5, 5, 0.5)]
    for before, after in itertools.pairwise(pictures):
        assert after.bright_share >= before.bright_share
        assert after.dark_share <= before.dark_share
        assert after.luma_p98 >= before.luma_p98


@pytest.mark.parametrize(("ev", "dark", "bright"), [(-4.5, True, False), (-1, False, False), (0, False, False),
                                                    (0.3, False, False), (3, False, True)])  # fmt: skip
def test_limits_tell_wrong_exposure_from_right(ev, dark, bright):
    measured = exposure(encode(scene() * 2.0**ev))
    assert (measured.luma_p98 < UNDEREXPOSED) == dark
    assert (measured.bright_share > OVEREXPOSED) == bright


@pytest.mark.parametrize("tone", MONK)
@pytest.mark.parametrize("ev", [-1, 0, 0.5])
def test_no_tone_is_hazy(tone, ev):
    """Skin under light that falls by a stop across the frame, with a darker lesion."""
    light = 0.2126 * tone[0] + 0.7152 * tone[1] + 0.0722 * tone[2]
    shade = np.broadcast_to(np.linspace(0.5, 1.0, 400), (300, 400)).copy()
    shade[120:180, 160:240] *= 0.4
    assert exposure(encode(light * shade * 2.0**ev)).contrast > LOW_CONTRAST


@pytest.mark.parametrize("tone", MONK)
@pytest.mark.parametrize("ev", [-1, 0])
def test_no_tone_is_overexposed(tone, ev):
    light = 0.2126 * tone[0] + 0.7152 * tone[1] + 0.0722 * tone[2]
    shade = np.broadcast_to(np.linspace(0.5, 1.0, 400), (300, 400))
    assert exposure(encode(light * shade * 2.0**ev)).bright_share < OVEREXPOSED


def test_contrast_does_not_depend_on_exposure_or_pigment():
    """Michelson's ratio of light from .1 to .6 is 5/7, whatever multiplies both."""
    for gain in (1, 0.5, 0.25, 0.1):
        contrast = exposure(encode(scene(low=0.1, high=0.6) * gain)).contrast
        assert contrast == pytest.approx(5 / 7, abs=0.02)


@pytest.mark.parametrize("veil", [0.5, 0.8, 1.0])
def test_a_veil_that_leaves_15_percent_is_low_contrast(veil):
    clear = scene(low=0.02, high=0.9)
    assert exposure(encode(clear)).contrast > 0.9
    assert exposure(encode(0.15 * clear + 0.85 * veil)).contrast < LOW_CONTRAST


def test_small_clipped_blobs_are_glare_and_a_clipped_area_is_not():
    blobs = np.full((750, 1000), 120, np.uint8)
    for x in range(100, 900, 100):
        blobs[370:390, x : x + 20] = 255
    measured = exposure(blobs)
    assert measured.glare_share == measured.bright_share == 8 * 20 * 20 / blobs.size

    area = np.full((750, 1000), 120, np.uint8)
    area[:, :400] = 255
    measured = exposure(area)
    assert (measured.glare_share, measured.bright_share) == (0, 0.4)


def test_the_border_of_a_clipped_area_is_no_glare():
    y, x = np.mgrid[:750, :1000]
    disk = np.where(np.hypot(y - 375, x - 500) < 250, 255, 120).astype(np.uint8)
    assert exposure(disk).glare_share < 0.05 * exposure(disk).bright_share


@pytest.mark.parametrize("stops", [0, 1, 2, 4])
def test_unevenness_is_the_fall_of_light_in_stops(stops):
    fall = 2.0 ** np.linspace(0, -stops, 1000)
    luma = encode(np.broadcast_to(0.8 * fall, (750, 1000)))
    assert exposure(luma).unevenness == pytest.approx(stops * 15 / 16, abs=0.1)


def test_what_has_no_side_is_not_uneven():
    """A dark lesion in the middle and the black corners of a dermatoscope."""
    y, x = np.mgrid[:750, :1000]
    distance = np.hypot(y - 375, x - 500)
    luma = np.where(distance < 480, 180, 0).astype(np.uint8)
    luma[distance < 150] = 60
    assert exposure(luma).unevenness < 0.1


def test_lit_cells_in_one_line_say_nothing_about_the_frame():
    luma = np.zeros((160, 160), np.uint8)
    luma[:10] = 200
    assert math.isnan(exposure(luma).unevenness)


def test_linear_light_is_that_of_the_standard():
    light = [linear_light(level) for level in (0, 10, 128, 255)]
    np.testing.assert_allclose(light, [0, 0.003035, 0.215861, 1], atol=1e-6)
