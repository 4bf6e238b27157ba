"""Blur, its direction and noise, on pictures drawn here with a known amount of each."""

import functools
import math

import cv2
import numpy as np
import pytest

from imagegate.kernels.structure import pair_counts, tile_structure
from imagegate.measure.descriptors import Source
from imagegate.measure.focus import Focus, focus
from imagegate.measure.tiles import edge_sigma, edge_structure
from tests.kernels.twins_structure import SHIFTS, tile_structure_numpy
from tests.samples import camera
from tests.samples.skin import draw_skin

TONES = np.arange(40, 220, 15)


@functools.cache
def draw_scene(seed=0, height=750, width=1000, polygons=120):
    """Draw random polygons, as light: four samples a side of each pixel, so that edges are sharp but not jagged."""
    rng = np.random.default_rng(seed)
    canvas = np.full((height * 4, width * 4), 128, np.uint8)
    for _ in range(polygons):
        centre = rng.uniform((0, 0), (width * 4, height * 4))
        corners = centre + rng.uniform(-400, 400, (rng.integers(3, 7), 2))
        cv2.fillPoly(canvas, [corners.astype(np.int32)], int(rng.choice(TONES)))
    light = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float64)
    light.flags.writeable = False  # It is cached.
    return light


def as_luma(light):
    return np.clip(np.rint(light), 0, 255).astype(np.uint8, order="C")


def defocused(light, sigma):
    return cv2.GaussianBlur(light, (0, 0), sigma)


def moved(light, length, degrees):
    """Average the scene along a line of `length` pixels, `degrees` counter-clockwise from the x-axis."""
    step = np.array([math.cos(math.radians(degrees)), -math.sin(math.radians(degrees))])
    shifts = np.linspace(-length / 2, length / 2, 8 * length + 1)[:, None] * step
    size = (light.shape[1], light.shape[0])
    frames = (
        cv2.warpAffine(light, np.array([[1, 0, dx], [0, 1, dy]]), size, borderMode=cv2.BORDER_REFLECT)
        for dx, dy in shifts
    )
    return sum(frames) / len(shifts)


def noisy(light, sigma, seed=1):
    return light + np.random.default_rng(seed).normal(0, sigma, light.shape)


def measure(light):
    return focus(as_luma(light), Source())


@pytest.mark.parametrize("jpeg_grid", [False, True])
@pytest.mark.parametrize("shape", [(750, 1000), (97, 131), (33, 65), (32, 32), (64, 31), (31, 64), (1, 1), (0, 0)])
def test_the_kernel_equals_its_twin(shape, jpeg_grid):
    luma = np.random.default_rng(shape[0]).integers(0, 256, shape, np.uint8)
    np.testing.assert_array_equal(tile_structure(luma, jpeg_grid), tile_structure_numpy(luma, jpeg_grid))


@pytest.mark.parametrize("jpeg_grid", [False, True])
def test_the_greatest_differences_do_not_overflow(jpeg_grid):
    luma = np.where(np.indices((64, 64)).sum(axis=0) % 2, 255, 0).astype(np.uint8)
    np.testing.assert_array_equal(tile_structure(luma, jpeg_grid), tile_structure_numpy(luma, jpeg_grid))


@pytest.mark.parametrize("jpeg_grid", [False, True])
def test_pair_counts_count_the_pairs_of_one_tile(jpeg_grid):
    """Label the cells no pair may leave, and count the pairs that stay."""
    cell = np.indices((32, 32)) // (8 if jpeg_grid else 32)
    label = cell[0] * 4 + cell[1]
    for i, (dy, dx) in enumerate(SHIFTS):
        here = label[max(0, -dy) : 32 - max(0, dy), : 32 - dx]
        there = label[max(0, dy) : 32 + min(0, dy), dx:]
        assert pair_counts(jpeg_grid=jpeg_grid)[i] == (here == there).sum()
    assert pair_counts(jpeg_grid=jpeg_grid)[-1] == (576 if jpeg_grid else 900)


def test_the_jpeg_grid_hides_steps_between_blocks():
    luma = np.kron(np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8), np.ones((8, 8), np.uint8))
    assert tile_structure(luma, jpeg_grid=True).sum() == 0
    assert tile_structure(luma, jpeg_grid=False).sum() > 0


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5, 7.0])
@pytest.mark.parametrize("lag", [1, 2, 4, 8])
def test_the_closed_form_equals_the_integral(lag, sigma):
    """Sum (Phi(x + lag) - Phi(x))^2 over a fine grid."""
    x = np.linspace(-60, 60, 60_001)
    edge = np.array([0.5 * math.erfc(-v / (sigma * math.sqrt(2))) for v in x])
    shifted = np.array([0.5 * math.erfc(-(v + lag) / (sigma * math.sqrt(2))) for v in x])
    integral = ((shifted - edge) ** 2).sum() * (x[1] - x[0])
    assert edge_structure(lag, np.array([sigma]))[0] == pytest.approx(integral, rel=1e-6)


@pytest.mark.parametrize("lag", [1.0, 2.0, 4.0])
def test_sigma_is_recovered_from_the_ratio_of_two_lags(lag):
    sigma = np.array([0.4, 0.8, 1.5, 3.0]) * lag
    ratio = edge_structure(2 * lag, sigma) / edge_structure(lag, sigma)
    np.testing.assert_allclose([edge_sigma(one, lag) for one in ratio], sigma, rtol=0.01)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0, 3.0])
def test_radius_is_twice_the_sigma_of_the_blur(sigma):
    """Exactly, in the closed form of the tiles with one edge; nearly, by the network."""
    found = measure(defocused(draw_scene(), sigma))
    assert np.nanpercentile(found.radius_map, 20) == pytest.approx(2 * sigma, rel=0.2)
    assert found.blur_radius == pytest.approx(2 * sigma, rel=0.35, abs=1.0)


@pytest.mark.parametrize("scale", [0.5, 0.7])
def test_radius_is_in_pixels_of_a_1000_pixel_picture(scale):
    light = defocused(draw_scene(), 3.0)
    small = cv2.resize(light, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert measure(small).blur_radius == pytest.approx(measure(light).blur_radius, rel=0.35)


@pytest.mark.parametrize("width", [300, 500, 1000])
def test_a_sharp_scene_has_hardly_any_radius_at_any_size(width):
    found = measure(draw_scene(height=width * 3 // 4, width=width, polygons=60))
    assert found.blur_radius < 1.0
    assert found.sharp_share > 0.9


def test_score_grows_with_blur():
    scores = [measure(defocused(draw_scene(), sigma)).blur_score for sigma in (0.3, 0.8, 1.5, 3.0, 5.0)]
    assert scores == sorted(scores)


@pytest.mark.parametrize("noise", [2.0, 5.0, 8.0])
def test_noise_does_not_hide_blur(noise):
    light = draw_scene()
    blurred, sharp = measure(noisy(defocused(light, 3.0), noise)), measure(noisy(light, noise))
    assert blurred.blur_score > sharp.blur_score + 1.0
    assert blurred.blur_score > measure(light).blur_score + 1.0


@pytest.mark.parametrize("stops", [1, 2, 3])
def test_darkness_does_not_look_like_blur(stops):
    light = draw_scene() / 2**stops
    assert measure(light).blur_radius < 1.0
    assert measure(defocused(light, 3.0)).blur_radius > 4.0


@pytest.mark.parametrize(("sigma", "least", "most"), [(0.3, 0.0, 1.5), (3.0, 4.0, 9.0)])
def test_jpeg_artefacts_do_not_hide_or_make_blur(sigma, least, most):
    luma = as_luma(defocused(draw_scene(), sigma))
    _, data = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, 40])
    decoded = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert least <= focus(decoded, Source(jpeg_grid=True, jpeg_quality=40.0)).blur_radius < most


def subject(shape=(750, 1000)):
    """1 on an ellipse that takes up a quarter of the picture, 0 around it."""
    inside = np.zeros(shape)
    middle, axes = (shape[1] // 2, shape[0] // 2), (shape[1] * 3 // 10, shape[0] * 3 // 10)
    cv2.ellipse(inside, middle, axes, 0, 0, 360, 1.0, -1)
    return defocused(inside, 8.0)


@pytest.fixture
def skin():
    return 255.0 * camera.linear_to_srgb(draw_skin(5, size=(1000, 750), seed=1000)).mean(axis=2)


def test_a_sharp_subject_before_a_soft_background_is_sharp():
    light, mask = draw_scene(), subject()
    found = measure(mask * light + (1 - mask) * defocused(light, 6.0))
    assert found.blur_radius < 1.5
    assert 0.2 < found.sharp_share < 0.8
    centre, corners = found.radius_map[10:13, 13:18], found.radius_map[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert not np.nanmax(corners) <= np.nanmedian(centre)


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [2.0, 4.0])
def test_the_middle_is_less_sharp_than_the_rim_where_the_subject_alone_is_blurred(skin, sigma):
    mask, soft = subject(), defocused(skin, sigma)
    missed = measure(mask * soft + (1 - mask) * skin)
    focused = measure(mask * skin + (1 - mask) * soft)
    assert missed.centre_sharpness < 0.75
    assert focused.centre_sharpness > 1.2


@pytest.mark.slow
@pytest.mark.parametrize("noise", [1.0, 3.0])
@pytest.mark.parametrize("sigma", [0.0, 2.0])
def test_the_middle_is_as_sharp_as_the_rim_where_all_is_sharp_or_all_is_blurred(skin, sigma, noise):
    light = defocused(skin, sigma) if sigma else skin
    assert measure(noisy(light, noise)).centre_sharpness == pytest.approx(1.0, abs=0.15)


def test_corners_without_light_do_not_count_as_the_rim(skin):
    down, across = np.indices(skin.shape)
    lit = np.hypot(down - 375, across - 500) < 450
    assert measure(skin * lit).centre_sharpness == pytest.approx(measure(skin).centre_sharpness, abs=0.15)


@pytest.mark.parametrize("width", [128, 256])
def test_too_few_tiles_tell_nothing_of_the_middle_and_the_rim(width):
    assert math.isnan(measure(draw_scene(height=width * 3 // 4, width=width)).centre_sharpness)


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 120, 165])
def test_motion_is_found_with_its_angle(degrees):
    found = measure(moved(draw_scene(), 16, degrees))
    assert abs((found.motion_angle - degrees + 90) % 180 - 90) < 10
    assert found.motion_ratio > 2
    assert found.blur_score > measure(draw_scene()).blur_score + 1.0


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0, 15, 90, 165])
def test_motion_is_blur(degrees):
    assert measure(moved(draw_scene(), 16, degrees)).blur_radius > 3


def test_defocus_has_no_direction():
    assert 1.0 <= measure(defocused(draw_scene(), 3.0)).motion_ratio < 1.5


@pytest.mark.parametrize("sigma", [1.0, 3.0, 8.0])
def test_noise_is_measured_on_a_flat_field(sigma):
    assert measure(noisy(np.full((480, 640), 128.0), sigma)).noise_sigma == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("sigma", [0.0, 1.0, 8.0])
@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
def test_a_flat_field_cannot_be_judged(level, sigma):
    found = measure(noisy(np.full((480, 640), level), sigma))
    assert found.blur_score == 0.0
    assert np.isnan(
        [found.blur_radius, found.motion_ratio, found.motion_angle, found.sharp_share, found.centre_sharpness]
    ).all()
    assert found.radius_map.shape == (15, 20)
    assert np.isnan(found.radius_map).all()


@pytest.mark.parametrize("shape", [(1, 1), (31, 31), (31, 500), (500, 31), (0, 0)])
def test_a_picture_smaller_than_a_tile_cannot_be_judged(shape):
    found = focus(np.zeros(shape, np.uint8), Source(jpeg_grid=True))
    assert found.blur_score == 0.0
    assert np.isnan(found[:1] + found[2:7]).all()
    assert found.radius_map.shape == (shape[0] // 32, shape[1] // 32)
    assert found.radius_map.dtype == np.float32


@pytest.mark.parametrize("jpeg_grid", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_stripes_are_judged_along_the_axis_that_shows_them(axis, jpeg_grid):
    stripes = (np.indices((256, 256))[axis] + 4) // 16 % 2 * 100 + 50
    found = focus(stripes.astype(np.uint8), Source(jpeg_grid))
    assert math.isfinite(found.blur_score)
    assert math.isfinite(found.motion_ratio)
    assert 0 <= found.motion_angle < 180


def test_the_same_picture_gives_the_same_numbers():
    luma = as_luma(noisy(draw_scene(), 3.0))
    first, second = focus(luma, Source()), focus(luma.copy(), Source())
    assert first.numbers() == second.numbers()
    np.testing.assert_array_equal(first.radius_map, second.radius_map)


def test_turning_a_picture_on_its_side_changes_little():
    light = moved(draw_scene(), 8, 0)[:736, :992]
    turned, upright = measure(light.T), measure(light)
    assert turned.noise_sigma == pytest.approx(upright.noise_sigma)
    assert turned.blur_score == pytest.approx(upright.blur_score, abs=2.5)


def test_focus_holds_plain_numbers_and_a_map():
    found = measure(draw_scene())
    assert set(found.numbers()) == set(Focus._fields) - {"radius_map"}
    assert {type(value) for value in found.numbers().values()} == {float}
    assert found.radius_map.shape == (23, 31)
    assert found.radius_map.dtype == np.float32
