"""What the focus measure is fitted on: variants of a photo with a known blur."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from benchmarks import focus_data
from benchmarks.focus_variants import (
    ACCEPTABLE,
    BLURRED,
    FILTERS,
    Variant,
    grey_light,
    path_kernel,
    random_variant,
    taken,
)
from tests.samples import camera

SIZE = (360, 480)


def grain(shape=SIZE, seed=3):
    return np.random.default_rng(seed).integers(40, 216, shape).astype(np.uint8)


def upright_edge(shape=(240, 1000)):
    luma = np.full(shape, 60, np.uint8)
    luma[:, shape[1] // 2 :] = 180
    return grey_light(luma)


def shot(light, variant):
    return taken(light, variant, np.random.default_rng(0))


def edge_sigma(luma):
    """Standard deviation of the edge's line-spread function in linear light, pixels."""
    profile = grey_light(luma).astype(float).mean(0)
    spread = np.diff(profile) / np.diff(profile).sum()
    x = np.arange(spread.size)
    return math.sqrt(spread @ (x - spread @ x) ** 2)


def test_a_png_of_the_untouched_light_is_the_photo_itself():
    luma, source = shot(grey_light(grain()), Variant(quality=0))
    np.testing.assert_array_equal(luma, grain())
    assert (source.jpeg_grid, source.scaled) == (False, False)


@pytest.mark.slow
def test_a_crop_keeps_the_photos_own_pixels():
    luma, _ = shot(grey_light(grain()), Variant(side=300, native=True, quality=0))
    windows = np.lib.stride_tricks.sliding_window_view(grain(), luma.shape)
    assert max(luma.shape) == 300
    assert (windows == luma).all(axis=(2, 3)).sum() == 1


@pytest.mark.parametrize("filter_", FILTERS)
def test_a_photo_is_reduced_to_the_side_asked_for_whatever_happens_on_the_way(filter_):
    light = grey_light(grain((900, 1200)))
    for way in ({"shrink": 0.6}, {"kept": 5}, {"eighths": 5}, {"shrink": 0.8, "eighths": 6}):
        luma, source = shot(light, Variant(side=600, filter=filter_, **way))
        assert max(luma.shape) == pytest.approx(600, abs=2)
        assert source.scaled == ("shrink" not in way or len(way) > 1)


def test_the_decoder_reduces_as_pillow_lets_it():
    light = grey_light(grain((480, 640)))
    luma, _ = shot(light, Variant(quality=90, eighths=4))
    file = camera.jpeg(grain((480, 640)), 90)
    with Image.open(io.BytesIO(file)) as image:
        image.draft("L", (320, 240))
        np.testing.assert_array_equal(luma, np.asarray(image))


@pytest.mark.parametrize("radius", [2.0, 4.0])
def test_a_disk_spreads_an_edge_by_half_its_radius(radius):
    luma, _ = shot(upright_edge(), Variant(radius=radius, quality=0))
    assert edge_sigma(luma) == pytest.approx(radius / 2, rel=0.1)


@pytest.mark.parametrize("length", [8.0, 20.0])
def test_motion_across_spreads_an_edge_as_a_box_of_its_length(length):
    luma, _ = shot(upright_edge(), Variant(length=length, quality=0))
    assert edge_sigma(luma) == pytest.approx(length / math.sqrt(12), rel=0.06)


def test_a_path_has_the_light_of_one_and_a_pause_gathers_it_at_an_end():
    for bend, pause in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.3)):
        assert path_kernel(12.0, 30.0, bend, pause).sum() == pytest.approx(1.0, abs=1e-5)
    assert path_kernel(12.0, 0.0, 0.0, 0.3).max() > 0.3


@pytest.mark.parametrize(
    ("variant", "long_side", "label"),
    [
        (Variant(), 1000, 0.0),
        (Variant(radius=1.0), 1000, 0.0),
        (Variant(length=4.0), 1000, 0.0),
        (Variant(radius=3.0), 1000, 1.0),
        (Variant(length=16.0), 1000, 1.0),
        (Variant(radius=1.5, length=6.0), 1000, 1.0),
        (Variant(radius=1.7), 1000, math.nan),
        (Variant(radius=3.0), 300, math.nan),  # less than a pixel
        (Variant(radius=4.5), 300, 1.0),
    ],
)
def test_a_variant_is_labelled_by_what_can_be_seen(variant, long_side, label):
    assert variant.blurred(long_side) == pytest.approx(label, nan_ok=True)


def test_every_fixed_variant_says_what_it_is():
    assert {variant.blurred(1000) for variant in ACCEPTABLE.values()} == {0.0}
    assert {variant.blurred(1000) for name, variant in BLURRED.items() if name != "defocus 1.5"} == {1.0}


def labels(kind):
    rng = np.random.default_rng(5)
    return [random_variant(kind, rng).blurred(1400) for _ in range(100)]


def test_random_faults_are_mostly_labelled_blurred_and_slight_ones_never():
    assert labels("defocus").count(1.0) > 60
    assert labels("motion").count(1.0) > 60
    assert labels("slight").count(1.0) == 0
    assert set(labels("sharp")) == set(labels("soft")) == {0.0}


def test_a_photo_gets_the_same_examples_in_any_folder(tmp_path):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        Image.fromarray(grain((300, 400))).save(tmp_path / folder / "same.png")
    one, other = (focus_data.random_examples(str(tmp_path / name / "same.png")) for name in ("one", "other"))
    assert len(one) == len(other) == 19
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine.tiles, theirs.tiles)
        np.testing.assert_array_equal(mine.picture, theirs.picture)


def test_photos_are_found_in_folders_below_and_drawn_skin_joins_them(tmp_path):
    (tmp_path / "below").mkdir()
    Image.fromarray(grain()).save(tmp_path / "below" / "one.PNG")
    (tmp_path / "notes.txt").write_text("no photo")
    found = focus_data.photos_of(tmp_path)
    assert found[0].endswith("one.PNG")
    assert [focus_data.kind_of(photo) for photo in found] == ["below"] + ["drawn"] * 80
