"""Pixels at the working size, from every kind of picture, equal to what well-known decoders give."""

import io
import pathlib
import subprocess
import sys
import tracemalloc

import cv2
import numpy as np
import pytest
from PIL import Image

import imagegate
from imagegate.causes import Unreadable
from imagegate.decode import decode
from imagegate.header import read
from imagegate.header.pixels import of_array
from imagegate.intake import Received
from imagegate.integrity import tidied_jpeg
from imagegate.pil import of_pil
from imagegate.reduction import reduced_luma
from tests.header.files import jpeg
from tests.scenes import encoded, polygons


def decoded(data, **options):
    view = memoryview(data)
    return decode(Received(data=view), read(view), **options)


def from_pixels(pixels):
    header = of_array(pixels) if isinstance(pixels, np.ndarray) else of_pil(pixels)
    return decode(Received(pixels=pixels), header)


SIZES = [
    (300, 300),
    (1100, 1100),
    (1101, 137 * 7),
    (1400, 175 * 6),
    (1600, 200 * 5),
    (1798, 224 * 4),
    (1800, 900),
    (2309, 144 * 7),
    (3200, 200 * 5),
    (4032, 1008),
    (4272, 1068),
    (6000, 187 * 5),
    (8064, 1008),
]


@pytest.mark.parametrize(("long_side", "working"), SIZES)
@pytest.mark.parametrize("kind", ["JPEG", "array"])
def test_a_picture_is_reduced_to_about_1000_pixels_and_never_enlarged(long_side, working, kind):
    flat = np.full((64, long_side, 3), 128, np.uint8)
    picture = decoded(encoded(flat)) if kind == "JPEG" else from_pixels(flat)

    assert picture.luma.shape[1] == working
    assert working <= picture.rgb.shape[1] <= 2 * working + 7
    assert picture.luma.shape[0] / 64 == pytest.approx(working / long_side, rel=0.1)


@pytest.mark.parametrize("short_side", [1, 3, 70])
@pytest.mark.parametrize("long_side", [1101, 2563, 70001])
def test_pixels_are_reduced_whatever_their_shape(long_side, short_side):
    assert 890 <= max(from_pixels(np.full((short_side, long_side), 128, np.uint8)).luma.shape) <= 1100
    assert 890 <= max(from_pixels(np.full((long_side, short_side), 128, np.uint8)).luma.shape) <= 1100


@pytest.mark.parametrize("eighths", [4, 5, 6, 7])
def test_luma_is_reduced_as_by_a_gaussian_and_bicubic_interpolation(eighths):
    """Levels that no overshoot carries beyond 0 and 255; OpenCV rounds between the two, and repeats other rows."""
    whole = np.random.default_rng(0).integers(90, 166, (400, 1200), np.uint8)
    sigma = 0.35 * ((8 / eighths) ** 2 - 1) ** 0.5
    size = (150 * eighths, 50 * eighths)
    expected = cv2.resize(cv2.GaussianBlur(whole, (5, 5), sigma), size, interpolation=cv2.INTER_CUBIC).astype(float)

    inside = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(reduced_luma(whole, eighths)[inside], expected[inside], atol=2)


@pytest.mark.parametrize(("width", "height", "block"), [(2000, 1501, 2), (4272, 2848, 4)])
@pytest.mark.parametrize("levels", [255, 65535])
def test_a_reduced_pixel_is_the_mean_of_its_block(width, height, block, levels):
    """Rounded once a halving."""
    pixels = (
        np.random.default_rng(0).integers(0, levels, (height, width), endpoint=True).astype(np.min_scalar_type(levels))
    )
    blocks = pixels[: height // block * block].reshape(height // block, block, width // block, block)

    assert np.abs(from_pixels(pixels).luma - blocks.mean((1, 3)) * 255 / levels).max() <= 1


NEW_THREADS = """
import os, pathlib, sys
import cv2, numpy
import imagegate, imagegate.kernels
cv2.setNumThreads(4)
imagegate.kernels.luma_of(numpy.zeros((1, 1, 3), numpy.uint8))  # Numba starts a thread of its own, once a process
before = set(os.listdir("/proc/self/task"))
for name in sys.argv[1:]:
    imagegate.check(pathlib.Path(name))
print(len(set(os.listdir("/proc/self/task")) - before))
"""


@pytest.mark.skipif(
    not pathlib.Path("/proc/self/task").is_dir(), reason="the threads of a process are counted in /proc"
)
@pytest.mark.slow
def test_no_library_starts_threads_of_its_own(tmp_path):
    """OpenCV would share out the reduction and the colours of so large a picture."""
    pixels = np.dstack([polygons(1600, 2400), np.full((1600, 2400), 128, np.uint8)])
    for mode in ("L", "RGB", "RGBA"):
        Image.fromarray(pixels).convert(mode).save(tmp_path / f"{mode}.png")
    Image.fromarray(pixels).convert("CMYK").save(tmp_path / "CMYK.jpeg")

    command = [sys.executable, "-c", NEW_THREADS, *map(str, tmp_path.iterdir())]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"


def test_luma_of_a_full_size_jpeg_is_the_decoders_own_within_one_level():
    data = encoded(polygons(), quality=90)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)

    assert np.abs(decoded(data).luma.astype(int) - expected).max() <= 1


@pytest.mark.slow
def test_luma_of_a_reduced_jpeg_is_the_decoders_own_within_one_level():
    data = encoded(polygons(3000, 4000), quality=90)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_4)

    assert np.abs(decoded(data).luma.astype(int) - expected).max() <= 1


def test_only_a_jpeg_measured_at_its_own_size_keeps_its_grid():
    assert decoded(encoded(polygons(600, 800))).jpeg_grid
    assert not decoded(encoded(polygons(1500, 2000))).jpeg_grid
    assert not decoded(encoded(polygons(1000, 1500))).jpeg_grid
    assert not decoded(encoded(polygons(600, 800), "PNG")).jpeg_grid


def test_the_kernels_get_the_one_layout_they_are_compiled_for():
    sliced = polygons(400, 600)[::2, ::2]
    sliced.flags.writeable = False
    for picture in (from_pixels(sliced), from_pixels(sliced[:, :, 0]), decoded(encoded(sliced))):
        for plane in (picture.luma, picture.rgb):
            assert plane is None or (plane.flags.c_contiguous and plane.flags.writeable and plane.dtype == np.uint8)


GREY = polygons(120, 160)[:, :, 1]
COLOUR = polygons(120, 160)


def test_a_grey_picture_has_no_colour():
    for picture in (decoded(encoded(GREY)), decoded(encoded(GREY, "PNG")), from_pixels(GREY)):
        assert picture.rgb is None
    np.testing.assert_array_equal(decoded(encoded(GREY, "PNG")).luma, GREY)


def test_a_16_bit_picture_is_its_8_bit_twin():
    wide = GREY.astype(np.uint16) * 257
    out = io.BytesIO()
    Image.fromarray(wide).save(out, "PNG")
    colour = cv2.imencode(".png", COLOUR[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()

    np.testing.assert_array_equal(decoded(out.getvalue()).luma, GREY)
    np.testing.assert_array_equal(from_pixels(wide).luma, GREY)
    np.testing.assert_array_equal(from_pixels(Image.fromarray(wide)).luma, GREY)
    np.testing.assert_array_equal(decoded(colour).rgb, COLOUR)


def test_16_bits_are_rounded_not_cut():
    levels = np.array([[0, 128, 129, 257, 65406, 65407, 65535]], np.uint16)

    np.testing.assert_array_equal(from_pixels(levels).luma, [[0, 0, 1, 1, 254, 255, 255]])


def test_one_bit_is_black_and_white():
    bits = Image.fromarray(GREY).convert("1")
    out = io.BytesIO()
    bits.save(out, "PNG")

    np.testing.assert_array_equal(decoded(out.getvalue()).luma, np.asarray(bits.convert("L")))
    np.testing.assert_array_equal(from_pixels(bits).luma, np.asarray(bits.convert("L")))


def test_a_palette_is_looked_up():
    palette = Image.fromarray(COLOUR).quantize(64)
    out = io.BytesIO()
    palette.save(out, "PNG")

    np.testing.assert_array_equal(decoded(out.getvalue()).rgb, np.asarray(palette.convert("RGB")))
    np.testing.assert_array_equal(from_pixels(palette).rgb, np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_lies_over_white(mode):
    ramp = np.broadcast_to(np.linspace(0, 255, 160).astype(np.uint8), (120, 160))
    image = Image.fromarray(COLOUR).convert(mode)
    image.putalpha(Image.fromarray(np.ascontiguousarray(ramp)))
    white = Image.new("RGBA", image.size, "white")
    expected = np.asarray(Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")).astype(int)
    out = io.BytesIO()
    image.save(out, "PNG")

    assert np.abs(decoded(out.getvalue()).rgb - expected).max() <= 1
    assert np.abs(from_pixels(image).rgb - expected).max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(160, 120), (1, 7), (7, 1), (2309, 30)])
def test_the_pixels_of_a_png_are_pillows(mode, size):
    """Pillow writes rows of every filter."""
    image = Image.fromarray(COLOUR).resize(size).convert(mode)
    data = encoded(np.asarray(image), "PNG")
    ours = decoded(data)

    assert data.startswith(b"\x89PNG")
    if max(size) <= 1100:
        expected = image if mode == "L" else image.convert("RGB")
        np.testing.assert_array_equal(ours.luma if mode == "L" else ours.rgb, np.asarray(expected))
    np.testing.assert_array_equal(ours.luma, from_pixels(image).luma)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "HSV", "LAB"])
def test_a_pil_image_of_any_mode_is_as_pillow_converts_it(mode):
    image = Image.fromarray(COLOUR).convert(mode)

    np.testing.assert_array_equal(from_pixels(image).rgb, np.asarray(image.convert("RGB")))


def test_a_cmyk_jpeg_is_as_pillow_converts_it():
    data = encoded(COLOUR)
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("CMYK").save(out, "JPEG", quality=95)
    expected = np.asarray(Image.open(out).convert("RGB")).astype(int)

    assert np.abs(decoded(out.getvalue()).rgb - expected).max() <= 2


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95, 0.99])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_file_that_ends_early_is_truncated(share, kind):
    data = encoded(polygons(900, 1200), kind)

    with pytest.raises(Unreadable) as caught:
        decoded(data[: int(len(data) * share)])
    assert caught.value.code == "image_truncated"


def test_a_jpeg_without_its_end_marker_is_truncated():
    with pytest.raises(Unreadable) as caught:
        decoded(encoded(COLOUR)[:-2])
    assert caught.value.code == "image_truncated"


def test_a_damaged_jpeg_is_corrupt():
    data = bytearray(encoded(polygons(1500, 2000)))
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)

    with pytest.raises(Unreadable) as caught:
        decoded(bytes(data))
    assert caught.value.code == "image_corrupt"


def test_a_png_with_a_wrong_checksum_is_corrupt():
    data = bytearray(encoded(COLOUR, "PNG"))
    data[data.index(b"IDAT") + 40] ^= 1

    with pytest.raises(Unreadable) as caught:
        decoded(bytes(data))
    assert caught.value.code == "image_corrupt"


def test_what_can_be_saved_of_a_damaged_jpeg_is_there_when_asked_for():
    data = encoded(polygons(600, 800))
    whole, half = decoded(data), decoded(data[: len(data) // 2], strict=False)

    np.testing.assert_array_equal(half.luma[:200], whole.luma[:200])


def test_a_lazily_opened_pil_image_that_is_damaged_is_no_exception_of_pillows():
    data = encoded(COLOUR)

    with pytest.raises(Unreadable) as caught:
        from_pixels(Image.open(io.BytesIO(data[: len(data) // 2])))
    assert caught.value.code == "image_truncated"


@pytest.mark.parametrize(("side", "between"), [(1101, 1), (1300, 1), (1600, 1), (1796, 2)])
@pytest.mark.parametrize("place", [500, 501, 502, 503])
def test_an_edge_stays_as_narrow_as_a_pixel_when_a_picture_is_reduced(side, between, place):
    edge = np.full((100, side), 60, np.uint8)
    edge[:, place:] = 180
    reduced = from_pixels(edge).luma[20]
    assert ((reduced > 72) & (reduced < 168)).sum() <= between


@pytest.mark.parametrize("side", [1790, 2000, 4000])
def test_detail_too_fine_for_the_working_size_is_blurred_away(side):
    """A grating of 1.1 working pixels would else appear as one of 11."""
    grating = np.rint(128 + 100 * np.cos(2 * np.pi * np.arange(side) * 1000 / side / 1.1)).astype(np.uint8)
    assert from_pixels(np.tile(grating, (64, 1))).luma.std() < 0.4 * grating.std()


def with_odd_ends(count):
    """A progressive JPEG with zeros between its scans, which no tidying removes, and padded ends behind it."""
    data = jpeg(size=(64, 64), progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + bytes(2) + data[at:] + b"\0\xff\xd9" * count


def test_a_jpeg_is_tidied_once_however_many_ends_it_has(monkeypatch):
    tidied = []
    monkeypatch.setattr("imagegate.decode.tidied_jpeg", lambda *given: tidied.append(0) or tidied_jpeg(*given))
    report = imagegate.check(with_odd_ends(20_000))

    assert [finding.cause.code for finding in report.findings] == ["image_corrupt"]
    assert len(tidied) == 1


def test_a_jpeg_that_is_tidied_takes_its_own_length_of_memory_once_more():
    imagegate.warmup()
    data = with_odd_ends(1_000_000)
    tracemalloc.start()
    imagegate.check(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1.5 * len(data)
