import itertools
import random
import re
import zlib

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

import imagegate
from imagegate import integrity
from imagegate.causes import Unreadable
from imagegate.header import png as header_png
from imagegate.header import read
from tests.header.files import GREY, PALETTE, chunk, encoded, gradient, idat, ihdr, jpeg, png

COLOURS = chunk(b"PLTE", bytes(6))
ROWS = bytes(3 * (1 + 4 * 3))  # of ihdr()


def code(check, data):
    """Code of the cause a check refuses a file for, or "ok"."""
    try:
        check(memoryview(data))
    except Unreadable as fault:
        return fault.code
    return "ok"


def check_png(data):
    integrity.check_png_chunks(data)
    integrity.check_png_stream(data)


def whole(data):
    """Header and integrity, as a file goes through them."""
    read(data)
    check_png(data)


def changes(data, flip):
    for at in range(len(data)):
        yield data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]


def test_pngsuite_is_told_apart_without_an_error(shared):
    files = sorted((shared / "data" / "pngsuite").glob("*.png"))
    wrong = {path.name for path in files if code(whole, path.read_bytes()) != "ok"}
    assert len(files) == 175
    assert wrong == {path.name for path in files if path.name.startswith("x")}
    assert len(wrong) == 14


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_every_change_of_one_byte_of_a_png_is_found(flip):
    data = png(ihdr(), chunk(b"gAMA", bytes(4)), idat())
    assert "ok" not in {code(whole, changed) for changed in changes(data, flip)}


def test_every_cut_of_a_png_is_truncation():
    data = png()
    assert {code(check_png, data[:length]) for length in range(8, len(data))} == {"image_truncated"}


@pytest.mark.parametrize(
    ("chunks", "named"),
    [
        ((ihdr(), ihdr(), idat()), "IHDR"),
        ((ihdr(),), "IDAT"),
        ((ihdr(colour_type=PALETTE), idat()), "palette"),
        ((ihdr(), idat(), COLOURS), "PLTE"),
        ((ihdr(), COLOURS, COLOURS, idat()), "PLTE"),
        ((ihdr(), COLOURS, chunk(b"gAMA", bytes(4)), COLOURS, idat()), "PLTE"),
        ((ihdr(), chunk(b"PLTE", bytes(7)), idat()), "PLTE"),
        ((ihdr(), chunk(b"PLTE"), idat()), "PLTE"),
        ((ihdr(), chunk(b"PLTE", bytes(771)), idat()), "PLTE"),
        ((ihdr(colour_type=GREY), COLOURS, idat()), "PLTE"),
        ((ihdr(), idat(), chunk(b"tEXt"), idat()), "IDAT"),
        ((ihdr(), chunk(b"ABCD"), idat()), "ABCD"),
        ((ihdr(), chunk(b"teXt")[:-1] + b"\0", idat()), "teXt"),
        ((ihdr(), idat(), chunk(b"IEND", b"x")), "IEND"),
    ],
)
def test_chunks_out_of_order_are_refused(chunks, named):
    with pytest.raises(Unreadable, match=named) as caught:
        integrity.check_png_chunks(memoryview(png(*chunks)))
    assert caught.value.code == "image_corrupt"


def test_unknown_ancillary_chunks_and_many_pieces_are_sound():
    packed = zlib.compress(ROWS)
    pieces = [chunk(b"IDAT", packed[at : at + 1]) for at in range(len(packed))]
    sound = png(ihdr(), chunk(b"prVt", b"x"), COLOURS, *pieces, chunk(b"IDAT"), chunk(b"prVt", b"y"))
    assert code(check_png, sound) == "ok"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (5, 3), (9, 9), (300, 200)])
def test_what_pillow_writes_is_sound(mode, size):
    assert code(whole, encoded(gradient("L", size).convert(mode), "PNG")) == "ok"


DAMAGED_STREAMS = {
    "a row short": zlib.compress(ROWS[:-13]),
    "a byte short": zlib.compress(ROWS[:-1]),
    "empty": b"",
    "cut": zlib.compress(ROWS)[:-6],
    "no checksum": zlib.compress(ROWS)[:-4],
    "wrong checksum": zlib.compress(ROWS)[:-1] + b"\xff",
    "not deflated": b"\0\0" + zlib.compress(ROWS)[2:],
    "a byte too long": zlib.compress(ROWS + b"\0"),
    "64 MB too long": zlib.compress(ROWS + bytes(1 << 26)),
}


@pytest.mark.parametrize("stream", DAMAGED_STREAMS.values(), ids=DAMAGED_STREAMS)
def test_a_damaged_stream_in_sound_chunks_is_refused(stream, capfd):
    """And never handed to libpng, which writes what it finds to standard error."""
    for options in ({}, {"depth": 16, "width": 2}, {"colour_type": PALETTE, "width": 12}):
        data = png(ihdr(**options), COLOURS, chunk(b"IDAT", stream))
        assert code(integrity.check_png_chunks, data) == "ok"
        assert code(integrity.check_png_stream, data) == "image_corrupt"
        assert [finding.cause.code for finding in imagegate.check(data).findings] == ["image_corrupt"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [0, 4, 5, 255])
def test_a_row_of_a_filter_that_is_none_is_refused(kind):
    """Table 9.1 of the standard ends with 4."""
    data = png(ihdr(), idat(bytes(26) + bytes([kind]) + bytes(12)))
    assert ("image_corrupt" in [finding.cause.code for finding in imagegate.check(data).findings]) == (kind > 4)


def essential(view):
    return integrity.essential_png(view, header_png.chunks(view))


def decoded(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def test_the_essential_chunks_decode_to_the_same_pixels_and_no_word_of_libpng(shared, capfd):
    """Some of PngSuite's files have a chunk out of place that only libpng minds."""
    for path in sorted((shared / "data" / "pngsuite").glob("[!x]*.png")):
        whole = decoded(path.read_bytes())
        capfd.readouterr()
        pixels = decoded(essential(memoryview(path.read_bytes())))
        assert capfd.readouterr() == ("", ""), path.name
        np.testing.assert_array_equal(pixels, whole, err_msg=path.name)


SIX = bytes(6)


@pytest.mark.parametrize(
    ("chunks", "channels"),
    [
        ((ihdr(), chunk(b"iCCP", b"a"), idat()), 3),
        ((ihdr(), *[chunk(b"tEXt", b"a\0b")] * 2000, idat()), 3),
        ((ihdr(), chunk(b"acTL", bytes([0, 0, 0, 2, 0, 0, 0, 0])), idat()), 3),
        ((ihdr(), COLOURS, idat()), 3),
        ((ihdr(), chunk(b"tRNS", SIX), COLOURS, idat()), 4),
        ((ihdr(), chunk(b"tRNS", SIX), chunk(b"tRNS", SIX), idat()), 4),
        ((ihdr(), chunk(b"tRNS", SIX[:5]), idat()), 3),
        ((ihdr(), idat(), chunk(b"tRNS", SIX)), 3),
        ((ihdr(colour_type=6), chunk(b"tRNS", SIX), idat(bytes(3 * 17))), 4),
        ((ihdr(colour_type=PALETTE), COLOURS, chunk(b"tRNS", SIX[:2]), idat(bytes(3 * 5))), 4),
        ((ihdr(colour_type=PALETTE), COLOURS, chunk(b"tRNS", SIX[:3]), idat(bytes(3 * 5))), 3),
        ((ihdr(colour_type=PALETTE), COLOURS, chunk(b"tRNS"), idat(bytes(3 * 5))), 3),
        ((ihdr(colour_type=PALETTE), chunk(b"tRNS", SIX[:1]), COLOURS, idat(bytes(3 * 5))), 3),
        ((ihdr(colour_type=PALETTE, depth=1), chunk(b"PLTE", bytes(9)), chunk(b"tRNS", SIX[:3]), idat(SIX)), 3),
    ],
)
def test_libpng_has_nothing_to_say_of_essential_chunks(chunks, channels, capfd):
    pixels = decoded(essential(memoryview(png(*chunks))))

    assert capfd.readouterr() == ("", "")
    assert pixels.shape == (3, 4, channels)


@pytest.mark.parametrize("data", [png(), png(ihdr(colour_type=PALETTE), COLOURS, idat(bytes(15))), png() + b"junk"])
def test_what_is_essential_as_a_whole_is_not_copied(data):
    view = memoryview(data)
    assert essential(view) is view


def test_what_is_not_essential_is_left_out_whatever_stands_in_it():
    noise = (chunk(b"gAMA", bytes(4)), chunk(b"prVt", b"x" * 100), chunk(b"teXt")[:-1] + b"\0")
    assert essential(memoryview(png(ihdr(), *noise, idat(), *noise) + b"junk")) == png()


def test_a_stream_that_is_too_long_is_refused():
    assert code(integrity.check_png_stream, png(ihdr(), idat(ROWS + b"\0"))) == "image_corrupt"


def test_a_stream_that_swells_is_given_up_at_the_size_of_the_picture():
    bomb = png(ihdr(), idat(bytes(1 << 26)))
    assert code(integrity.check_png_stream, bomb) == "image_corrupt"


def test_a_stream_cut_with_its_file_is_truncation(shared):
    data = (shared / "data" / "pngsuite" / "basn6a16.png").read_bytes()
    assert code(integrity.check_png_stream, data[: len(data) // 2]) == "image_truncated"


@pytest.mark.parametrize("progressive", [False, True])
def test_every_cut_of_a_jpeg_misses_its_end(progressive):
    data = jpeg(progressive=progressive)
    assert code(integrity.check_jpeg_end, data) == "ok"
    cuts = {code(integrity.check_jpeg_end, data[:length]) for length in range(3, len(data))}
    assert cuts == {"image_truncated"}


def test_the_end_of_a_thumbnail_is_not_the_end():
    thumbnail = b"Exif\0\0" + jpeg(size=(8, 8))
    data = jpeg(exif=thumbnail)
    assert code(integrity.check_jpeg_end, data) == "ok"
    assert code(integrity.check_jpeg_end, data[:-2]) == "image_truncated"


def judged(data):
    """Code of the cause that the decoder's verdict on a JPEG comes to."""
    try:
        simplejpeg.decode_jpeg(data, strict=True)
    except ValueError as error:
        return integrity.jpeg_failure(memoryview(data), str(error)).code
    return "ok"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_jpeg_cut_anywhere_is_truncated(options):
    data = encoded(Image.effect_mandelbrot((160, 120), (-2, -1, 1, 1), 50).convert("RGB"), "JPEG", **options)
    assert judged(data) == "ok"
    assert {judged(data[:length]) for length in range(3, len(data), 7)} == {"image_truncated"}
    assert judged(data[:-2]) == judged(data[:-1]) == "image_truncated"
    assert judged(data + b"what follows the end is not looked at") == "ok"


def test_damage_inside_a_jpeg_is_never_called_truncation():
    data = encoded(Image.effect_noise((160, 120), 60).convert("RGB"), "JPEG")
    start = data.index(b"\xff\xda") + 14
    chosen = random.Random(2)  # noqa: S311 - places to damage, always the same
    verdicts = set()
    for _ in range(100):
        at = chosen.randrange(start, len(data) - 40)
        verdicts.add(judged(data[:at] + bytes(32) + data[at + 32 :]))
    assert "image_corrupt" in verdicts
    assert verdicts <= {"ok", "image_corrupt"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Premature end of JPEG file", "image_truncated"),
        ("Premature end of input file", "image_truncated"),
        ("Corrupt JPEG data: premature end of data segment", "image_corrupt"),
        ("Corrupt JPEG data: bad Huffman code", "image_corrupt"),
        ("Corrupt JPEG data: 16 extraneous bytes before marker 0xe1", "image_corrupt"),
        ("Corrupt JPEG data: found marker 0xe9 instead of RST5", "image_corrupt"),
        ("Inconsistent progression sequence for component 0 coefficient 0", "image_corrupt"),
        ("Unsupported marker type 0x66", "image_corrupt"),
        ("Unsupported JPEG process: SOF type 0xc9", "format_unsupported"),
        ("Unsupported JPEG data precision 12", "format_unsupported"),
        ("tjDecompressHeader3(): Could not determine subsampling level of JPEG image", "format_unsupported"),
        ("Maximum supported image dimension is 65500 pixels", "image_too_large"),
        ("a message of a later version", "image_corrupt"),
    ],
)
def test_what_libjpeg_says_has_a_cause(message, expected):
    assert integrity.classify_jpeg_message(message) == expected


EXTRANEOUS = "Corrupt JPEG data: 4 extraneous bytes before marker 0xd9"


def test_zeros_before_an_end_are_taken_out_of_every_short_stream_as_by_a_pattern():
    """That pattern tells in a line what is meant; it takes the square of a run of zeros."""
    header = jpeg().partition(b"\xff\xda")[0] + b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0"
    pieces = (b"\0", b"\xff", b"\xd9", b"\xff\xd9", b"a")
    for stream in map(b"".join, itertools.product(pieces, repeat=5)):
        tidied = integrity.tidied_jpeg(memoryview(header + stream), EXTRANEOUS)
        expected = re.sub(rb"(?<!\xff)\0+(?=\xff\xd9)", b"", stream, count=1)

        assert bytes(header + stream if tidied is None else tidied) == header + expected


@pytest.mark.parametrize("zeros", [1, (1 << 16) - 1, 1 << 16, 200_000])
def test_a_long_run_of_zeros_before_the_end_is_taken_out_whole(zeros):
    sound = jpeg()
    padded = sound[:-2] + bytes(zeros) + sound[-2:]

    assert integrity.tidied_jpeg(memoryview(padded), EXTRANEOUS) == sound
