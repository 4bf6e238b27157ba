"""What is known of a PIL image, and its samples, are what its file says and Pillow converts it to."""

import io
import struct
import warnings

import numpy as np
import pytest
from PIL import Image

from imagegate.causes import Unreadable
from imagegate.header import read
from imagegate.pil import MODES, encoded_of, of_pil, samples_of
from tests.header.files import GREY, chunk, encoded, gradient, idat, ihdr, jpeg, png, with_segments

POSITION = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}
RNG = np.random.default_rng(7)
COLOUR = Image.fromarray(RNG.integers(0, 256, (17, 24, 3), np.uint8))
CLEAR = Image.fromarray(RNG.integers(0, 256, (17, 24), np.uint8))


def opened(data):
    return Image.open(io.BytesIO(data))


def whole(file):
    return memoryview(file.read())


def over_white(samples):
    """RGB of samples as a page shows them: 16 bits rounded to 8, alpha over white."""
    if samples.dtype == np.uint16:
        samples = np.round(samples / 257)
    if samples.ndim == 2:
        return np.repeat(samples[:, :, None], 3, axis=2)
    alpha = samples[:, :, 3:] / 255 if samples.shape[2] == 4 else 1
    return samples[:, :, :3] * alpha + 255 * (1 - alpha)


def page(image):
    """The same by Pillow."""
    rgba = image.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB"))


def in_mode(mode):
    """A small picture in a mode, that has alpha if the mode has it."""
    if mode.startswith("I"):
        order = {"I": "i4", "I;16B": ">u2"}.get(mode, "<u2")
        return Image.frombytes(mode, CLEAR.size, (np.asarray(CLEAR).astype(np.uint16) * 257).astype(order).tobytes())
    image = COLOUR.copy()
    if mode in {"LA", "La", "RGBA", "RGBa", "PA"}:
        image.putalpha(CLEAR)
    if mode == "La":
        return image.convert("LA").convert(mode)
    return image.convert(mode)


@pytest.mark.parametrize("mode", MODES)
def test_samples_are_what_pillow_shows_on_white(mode):
    image = in_mode(mode)
    samples = samples_of(image)
    shown = {"La": "LA", "RGBa": "RGBA"}.get(mode, mode)
    expected = np.asarray(CLEAR)[:, :, None] if mode.startswith("I") else page(image.convert(shown))

    assert samples.dtype == (np.uint16 if mode.startswith("I") else np.uint8)
    np.testing.assert_allclose(over_white(samples), np.broadcast_to(expected, (17, 24, 3)), atol=1)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_the_table_is_taken(mode):
    image = Image.new(mode, (3, 2))

    assert of_pil(image).channels == len(image.getbands()) + 2 * (mode in {"P", "PA"}) - (mode == "RGBX")
    assert samples_of(image).shape[:2] == (2, 3)


@pytest.mark.parametrize("function", [of_pil, samples_of])
def test_floating_point_is_refused_by_name(function):
    with pytest.raises(ValueError, match=r"^image must .* got mode F$"):
        function(Image.new("F", (3, 2), float("nan")))


def test_32_bits_are_taken_as_16_and_clipped():
    image = Image.fromarray(np.array([[-5, 0, 1000, 65535, 65536, 1 << 30]], np.int32))

    np.testing.assert_array_equal(samples_of(image), [[0, 0, 1000, 65535, 65535, 65535]])


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "LA", "RGB", "RGBA", "P"])
def test_the_header_is_that_of_the_png(mode):
    image = in_mode(mode)
    ours, files = of_pil(image), read(memoryview(encoded(image, "PNG")))
    for field in ("width", "height", "bit_depth", "channels", "colour_space", "decoded_size"):
        assert getattr(ours, field) == getattr(files, field), field


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_the_header_is_that_of_the_jpeg(mode):
    image = in_mode(mode)
    ours, files = of_pil(image), read(memoryview(encoded(image, "JPEG")))
    for field in ("width", "height", "bit_depth", "channels", "colour_space", "decoded_size"):
        assert getattr(ours, field) == getattr(files, field), field


@pytest.mark.parametrize("mode", ["1", "L", "I;16"])
def test_a_transparent_level_is_white(mode):
    image = in_mode(mode)
    key = image.getpixel((4, 5))
    image.info["transparency"] = key
    samples = np.asarray(image.convert("L") if mode == "1" else image)
    white = np.iinfo(samples.dtype).max

    np.testing.assert_array_equal(samples_of(image), np.where(samples == key, white, samples))


def test_a_transparent_colour_is_white():
    image = COLOUR.copy()
    image.info["transparency"] = image.getpixel((4, 5))

    np.testing.assert_array_equal(samples_of(image), page(image))
    assert tuple(samples_of(image)[5, 4]) == (255, 255, 255)


@pytest.mark.parametrize("transparency", [0, 5, 255, bytes([0, 40, 255, 200]), bytes(range(256))])
def test_transparent_indices_are_looked_up_and_the_image_stays_as_it_was(transparency):
    image = COLOUR.quantize(16)
    image.info["transparency"] = transparency
    before = image.getpalette("RGBA")
    samples = samples_of(image)

    assert image.getpalette("RGBA") == before
    np.testing.assert_array_equal(samples, np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize("mode", ["1", "L", "I", "I;16", "RGB", "P", "LA", "CMYK"])
@pytest.mark.parametrize("nonsense", [None, "x", b"", b"\0" * 999, -1, 70000, 0.5, (), (1, 2), ("a", "b", "c"), [1]])
def test_a_transparency_that_is_none_is_nothing(mode, nonsense):
    image = Image.new(mode, (3, 2))
    image.info["transparency"] = nonsense
    assert samples_of(image).shape[:2] == (2, 3)


def test_a_palette_of_inks_is_refused_by_name():
    image = Image.new("P", (3, 2))
    image.putpalette(bytes(64), "CMYK")
    image.load()
    try:
        image.getpalette("RGBA")
    except ValueError:
        pass
    else:
        pytest.skip("this Pillow makes RGB of such a palette")

    with pytest.raises(ValueError, match=r"^image must have a palette of RGB or RGBA"):
        samples_of(image)


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_an_image_without_pixels_is_missing(size):
    with pytest.raises(Unreadable) as caught:
        of_pil(Image.new("RGB", size))
    assert caught.value.code == "image_missing"


def exif_block(*, gps):
    tags = Image.Exif()
    tags[0x0112] = 6
    tags[0x8825] = gps
    return tags.tobytes()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("gps", [POSITION, {0: b"\2\3\0\0"}, {}])
def test_exif_is_read_as_a_files_is(file_format, gps):
    """A GPS directory without a position, as many cameras write it, says nothing of where the photo was taken."""
    data = encoded(COLOUR, file_format, exif=exif_block(gps=gps))
    header = of_pil(opened(data))

    assert header.gps_tags == (4 if gps == POSITION else 0)
    if file_format in {"JPEG", "PNG"}:
        files = read(memoryview(data))
        assert (header.orientation, header.gps_tags) == (files.orientation, files.gps_tags)


def test_photos_with_gps_are_the_same_opened_and_as_a_file(shared):
    for path in sorted((shared / "data" / "camera_photos").glob("*.jpg")):
        header = read(memoryview(path.read_bytes()))
        with Image.open(path) as image:
            ours = of_pil(image)
        assert (ours.gps_tags, ours.orientation, ours.frames) == (header.gps_tags, header.orientation, 1), path.name


@pytest.mark.parametrize("block", [b"Exif\0\0" + b"\xff" * 40, b"", b"Exif\0\0", b"II*\0" + b"\xff" * 40, 3, "x", None])
def test_exif_that_cannot_be_read_counts_as_absent(block):
    image = COLOUR.copy()
    image.info["exif"] = block
    header = of_pil(image)

    assert (header.orientation, header.gps_tags) == (1, 0)


def test_broken_exif_warns_nobody(shared):
    for path in (shared / "data" / "pillow_broken").glob("*.jpg"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow says while the caller opens the file is the caller's
            image = Image.open(path)
        assert of_pil(image).frames == 1
        image.close()


@pytest.mark.parametrize("file_format", ["MPO", "TIFF"])
def test_second_pictures_and_pages_do_not_play(file_format):
    data = encoded(COLOUR, file_format, save_all=True, append_images=[COLOUR.rotate(90)])
    image = opened(data)

    assert image.n_frames == 2
    assert of_pil(image).frames == 1


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_frames_that_play_are_counted_and_the_image_stays_where_it_was(file_format):
    others = [COLOUR.rotate(90), COLOUR.rotate(180)]
    image = opened(encoded(COLOUR, file_format, save_all=True, append_images=others, duration=100))

    assert of_pil(image).frames == 3
    assert image.tell() == 0


def test_an_animation_that_was_closed_is_a_still():
    image = opened(encoded(COLOUR, "GIF", save_all=True, append_images=[COLOUR.rotate(90)]))
    image.close()

    assert of_pil(image).frames == 1


def test_what_was_drawn_on_an_opened_animation_stays():
    image = opened(encoded(COLOUR, "GIF", save_all=True, append_images=[COLOUR.rotate(90)]))
    image.load()
    image.putpixel((0, 0), 255 - image.getpixel((0, 0)))
    drawn = image.getpixel((0, 0))
    of_pil(image)

    assert image.getpixel((0, 0)) == drawn


@pytest.mark.parametrize("file_format", ["JPEG", "MPO", "PNG"])
@pytest.mark.parametrize("way", ["file", "path"])
def test_the_file_of_an_image_not_yet_decoded_is_given(file_format, way, tmp_path):
    data = encoded(COLOUR, file_format, **({"save_all": True} if file_format == "MPO" else {}))
    path = tmp_path / "photo"
    path.write_bytes(data)
    with Image.open(path if way == "path" else io.BytesIO(data)) as image:
        at = image.fp.tell()
        found = encoded_of(image, whole)

        assert bytes(found) == data
        assert image.fp.tell() == at
        assert encoded_of(image, whole) == found
        np.testing.assert_array_equal(np.asarray(image), np.asarray(opened(data)))
        assert encoded_of(image, whole) is None


def test_reading_is_left_to_the_caller():
    assert bytes(encoded_of(opened(jpeg()), lambda file: memoryview(file.read(100)))) == jpeg()[:100]


def drafted(image):
    image.draft("L", (3, 3))
    return image


def closed(image):
    image.close()
    return image


def turned(image):
    image.seek(1)
    return image


def other_file(image):
    image.fp = io.BytesIO(encoded(COLOUR, "BMP"))
    return image


TWO = [COLOUR.rotate(90)]


@pytest.mark.parametrize(
    "image",
    [
        COLOUR,
        COLOUR.copy(),
        opened(encoded(COLOUR, "GIF")),
        opened(encoded(COLOUR, "TIFF")),
        drafted(opened(jpeg())),
        closed(opened(jpeg())),
        other_file(opened(jpeg())),
        turned(opened(encoded(COLOUR, "MPO", save_all=True, append_images=TWO))),
        turned(opened(encoded(COLOUR, "PNG", save_all=True, append_images=TWO))),
    ],
    ids=["array", "copy", "GIF", "TIFF", "draft", "closed", "other file", "second of MPO", "second of APNG"],
)
def test_what_is_not_the_picture_of_its_file_has_none(image):
    assert encoded_of(image, whole) is None


def test_a_file_closed_below_the_image_is_none():
    file = io.BytesIO(jpeg())
    image = Image.open(file)
    file.close()

    assert encoded_of(image, whole) is None


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("way", ["image closed", "file closed", "verified", "left"])
def test_an_image_closed_before_it_was_decoded_is_misuse(file_format, way):
    file = io.BytesIO(encoded(COLOUR, file_format))
    image = Image.open(file)
    if way == "left":
        with image:
            pass
    else:
        {"image closed": image.close, "file closed": file.close, "verified": image.verify}[way]()

    with pytest.raises(ValueError, match=r"^image must be open"):
        samples_of(image)


def test_a_closed_copy_is_misuse():
    with pytest.raises(ValueError, match=r"^image must be open"):
        samples_of(closed(COLOUR.copy()))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_no_exception_of_pillows_escapes_from_a_cut_file(file_format, share):
    data = encoded(Image.fromarray(RNG.integers(0, 256, (90, 120, 3), np.uint8)), file_format)
    try:
        image = opened(data[: int(share * len(data))])
    except OSError:
        return
    with pytest.raises(Unreadable) as caught:
        samples_of(image)
    assert caught.value.code in {"image_truncated", "image_corrupt"}


def test_no_exception_of_pillows_escapes_from_damage():
    """What opens is decoded, refused, or misuse, whatever bytes it has."""
    sound = [encoded(COLOUR, kind) for kind in ("GIF", "BMP", "TIFF", "WEBP", "PNG", "ICO", "TGA", "PPM", "PCX", "SGI")]
    for data in sound:
        for _ in range(60):
            damaged = bytearray(data)
            for at in RNG.integers(0, len(data), 4):
                damaged[at] = RNG.integers(0, 256)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    image = opened(bytes(damaged))
                except Exception:  # noqa: BLE001, S112 - the caller's own, at opening
                    continue
                if image.width * image.height > 1 << 22:
                    continue
                try:
                    samples_of(image)
                except Unreadable as fault:
                    assert fault.code in {"image_truncated", "image_corrupt"}  # noqa: PT017
                except ValueError as misuse:
                    assert str(misuse).startswith("image must be in one of")  # noqa: PT017


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_an_opened_grey_png_is_read_as_a_file(depth):
    """Pillow does not scale the transparent level of 2 and 4 bits, so its file is read instead."""
    key = chunk(b"tRNS", struct.pack(">H", (1 << depth) - 1))
    data = png(ihdr(colour_type=GREY, depth=depth), key, idat(bytes(3 * (1 + -(-4 * depth // 8)))))

    assert bytes(encoded_of(opened(data), whole)) == data


def test_a_photo_with_a_second_picture_is_opened_as_mpo_and_read_as_a_file():
    data = encoded(COLOUR, "MPO", save_all=True, append_images=TWO)
    image = opened(data)

    assert image.format == "MPO"
    assert read(encoded_of(image, whole)).frames == 1


def test_a_picture_with_segments_before_its_frame_is_given_whole():
    data = with_segments(jpeg(), (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"))
    assert bytes(encoded_of(opened(data), whole)) == data


def test_grey_and_gradient_are_taken_as_they_are():
    np.testing.assert_array_equal(samples_of(gradient("L")), np.asarray(gradient("L")))
