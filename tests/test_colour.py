"""Colour: every skin tone is skin, no skin tone is a cast, a wrong lamp is."""

import math

import numpy as np
import pytest

from imagegate.kernels.colour import chroma_counts
from imagegate.measure.colour import colour
from tests.kernels.twins_exposure import chroma_counts_numpy

# E. Monk, "The Monk Skin Tone Scale", 2019.
MONK = ["f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420"]
CAST = 0.3


def linear(code):
    """8-bit sRGB to linear light, by the formula of IEC 61966-2-1."""
    code = np.asarray(code) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def encode(light):
    """Linear light to 8-bit sRGB."""
    light = np.clip(light, 0, 1)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * code).astype(np.uint8)


def swatch(code, gains=(1, 1, 1)):
    """A flat picture of one colour under light of the given gains."""
    light = linear(list(bytes.fromhex(code))) * gains
    return np.ascontiguousarray(np.broadcast_to(encode(light), (60, 80, 3)))


@pytest.mark.parametrize("step", [4, 7])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3), (33, 65), (750, 1000), (401, 299)])
def test_kernel_equals_its_twin(shape, step):
    rng = np.random.default_rng(2)
    rgb = rng.integers(0, 256, (*shape, 3), np.uint8)
    rgb[: shape[0] // 2] //= 16
    rgb[:, : shape[1] // 3, 1:] = rgb[:, : shape[1] // 3, :1]
    logs = np.sort(rng.integers(-30_000, 1000, 256)).astype(np.int32)
    box = np.array([-2000, 3000, -500, 6000], np.int32)
    counts, inside, tinted = chroma_counts(rgb, step, logs, box, 8, 250)
    counts_twin, inside_twin, tinted_twin = chroma_counts_numpy(rgb, step, logs, box, 8, 250)
    np.testing.assert_array_equal(counts, counts_twin)
    assert (inside, tinted) == (inside_twin, tinted_twin)


@pytest.mark.parametrize("tone", MONK)
@pytest.mark.parametrize("ev", [-3, -2, -1, 0])
def test_every_tone_is_skin_and_no_cast(tone, ev):
    measured = colour(swatch(tone, (2.0**ev,) * 3))
    assert measured.skin_share == 1
    assert measured.colour_cast == 0


@pytest.mark.parametrize("lesion", ["a83c46", "d98a95", "6b2f2a", "3a2420", "c9a0a8"])
def test_a_red_or_pink_lesion_is_no_cast(lesion):
    """It fills four fifths of the frame, paler skin the rest."""
    picture = swatch("eadaba").copy()
    picture[12:] = swatch(lesion)[12:]
    assert colour(picture).colour_cast < CAST


@pytest.mark.parametrize("tone", MONK)
@pytest.mark.parametrize("gains", [(0.2, 0.6, 1), (0.2, 1, 0.5)], ids=["blue", "green"])
def test_a_strong_cast_is_told_on_every_tone(tone, gains):
    assert colour(swatch(tone, gains)).colour_cast > CAST


def test_a_cast_is_measured_in_stops():
    """Neutral grey under light that lacks two stops of red is two stops from neutral."""
    assert colour(swatch("c0c0c0", (0.25, 1, 1))).colour_cast == pytest.approx(2, abs=0.1)


def test_a_strong_colour_beside_neutral_things_is_no_cast():
    picture = swatch("c0c0c0").copy()
    picture[:48] = (20, 60, 200)
    assert colour(picture).colour_cast < CAST


def test_skin_share_is_the_share_of_the_frame():
    picture = swatch("d7bd96").copy()
    picture[:, 20:] = (30, 90, 200)
    assert colour(picture).skin_share == 0.25


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (40, 30)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_grey_picture_has_no_colour_to_judge(shape, level):
    measured = colour(np.full((*shape, 3), level, np.uint8))
    assert math.isnan(measured.colour_cast)
    assert math.isnan(measured.skin_share)


def test_no_colours_at_all_are_not_guessed():
    assert all(math.isnan(value) for value in colour(None))


def test_a_black_picture_with_a_little_tint_has_no_cast_to_tell():
    measured = colour(np.ascontiguousarray(np.broadcast_to(np.array([1, 0, 0], np.uint8), (40, 40, 3))))
    assert math.isnan(measured.colour_cast)
    assert measured.skin_share == 0
