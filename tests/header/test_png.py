import io
import re
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagegate.causes import Unreadable
from imagegate.header import read
from imagegate.header.png import MOST_UNPACKED, transparent_grey
from imagegate.metrics import METRICS
from tests.header.files import GREY, PALETTE, SIGNATURE, chunk, encoded, gradient, idat, ihdr, png

# PngSuite's names: tbbn3p08 is "n" or "i" (interlaced), colour type 3, "p", depth 8.
NAME = re.compile(r"^[a-zA-Z0-9]{3}([in])([02346])[gcpa](\d\d)\.png$")
CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}


def refused(data):
    with pytest.raises(Unreadable) as caught:
        read(memoryview(data))
    return caught.value


def test_headers_of_pngsuite_are_what_pillow_and_the_names_say(shared):
    named = 0
    for path in sorted((shared / "data" / "pngsuite").glob("[!x]*.png")):
        header = read(memoryview(path.read_bytes()))
        with Image.open(path) as image:
            assert (header.width, header.height) == image.size, path.name
            assert header.progressive == bool(image.info.get("interlace")), path.name
        if match := NAME.match(path.name):
            named += 1
            interlace, colour_type, depth = match.groups()
            assert header.progressive == (interlace == "i"), path.name
            assert header.channels == CHANNELS[int(colour_type)], path.name
            assert header.bit_depth == int(depth), path.name
    assert named == 160


@pytest.mark.parametrize(
    ("mode", "channels", "depth", "colour_space"),
    [
        ("1", 1, 1, "grey"),
        ("L", 1, 8, "grey"),
        ("I;16", 1, 16, "grey"),
        ("LA", 2, 8, "grey"),
        ("RGB", 3, 8, "rgb"),
        ("RGBA", 4, 8, "rgb"),
        ("P", 3, 8, "palette"),
    ],
)
def test_what_pillow_writes_is_told(mode, channels, depth, colour_space):
    header = read(memoryview(encoded(gradient("L").convert(mode), "PNG")))
    told = (header.format, header.width, header.height, header.channels, header.bit_depth, header.colour_space)
    assert told == ("png", 24, 17, channels, depth, colour_space)
    assert (header.quantisation, header.adobe, header.frames) == ((), False, 1)


@pytest.mark.parametrize("frames", [2, 5])
def test_the_frames_of_an_animation_are_counted(frames):
    others = [gradient().rotate(10 * number) for number in range(1, frames)]
    data = encoded(gradient(), "PNG", save_all=True, append_images=others)
    assert read(memoryview(data)).frames == frames


@pytest.mark.parametrize("control", [b"", bytes(8), struct.pack(">II", 1 << 31, 0), struct.pack(">I", 3)])
def test_an_invalid_animation_is_a_still(control):
    assert read(memoryview(png(ihdr(), chunk(b"acTL", control), idat()))).frames == 1


def test_an_animation_stated_after_the_picture_is_none():
    late = png(ihdr(), idat(), chunk(b"acTL", struct.pack(">II", 3, 0)))
    assert read(memoryview(late)).frames == 1


@pytest.mark.parametrize("prefix", [0, 6])
@pytest.mark.parametrize("late", [False, True])
def test_exif_counts_before_and_after_the_picture(prefix, late):
    tags = Image.Exif()
    tags[0x0112] = 6
    tags[0x8825] = {2: (1.0, 2.0, 3.0)}
    mark = chunk(b"eXIf", tags.tobytes()[6 - prefix :])
    header = read(memoryview(png(ihdr(), *((idat(), mark) if late else (mark, idat())))))
    assert (header.orientation, header.gps_tags) == (6, 1)
    assert (header.seen_width, header.seen_height) == (3, 4)


PACKED = zlib.compress(bytes(5000))
TEXTS = {
    "zTXt": chunk(b"zTXt", b"Comment\0\0" + PACKED),
    "iTXt": chunk(b"iTXt", b"Comment\0\1\0en\0Kommentar\0" + PACKED),
    "iCCP": chunk(b"iCCP", b"profile\0\0" + PACKED),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_compressed_text_counts_as_what_it_unpacks_to(text):
    header = read(memoryview(png(ihdr(), text, idat(), text)))
    assert header.unpacked_size == 10_000
    assert header.metadata_size == 2 * (len(text) - 12)


def test_text_that_is_not_compressed_unpacks_to_nothing():
    plain = chunk(b"iTXt", b"Comment\0\0\0\0\0" + PACKED)
    assert read(memoryview(png(ihdr(), plain, chunk(b"tEXt", b"a\0b"), idat()))).unpacked_size == 0


@pytest.mark.parametrize("stream", [b"", b"\0", b"no zlib", PACKED[:-5], PACKED[:9]])
def test_damaged_text_counts_as_far_as_it_goes(stream):
    assert read(memoryview(png(ihdr(), chunk(b"zTXt", b"a\0\0" + stream), idat()))).unpacked_size <= 5000


def test_unpacking_ends_at_its_bound():
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(MOST_UNPACKED)))
    assert read(memoryview(png(ihdr(), *[bomb] * 9, idat()))).unpacked_size == MOST_UNPACKED
    assert METRICS["unpacked_size"].high == MOST_UNPACKED


def test_the_frames_of_an_animation_are_not_walked():
    start = SIGNATURE + ihdr() + chunk(b"acTL", struct.pack(">II", 9, 0)) + idat()
    assert read(memoryview(start)).frames == 9


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"width": 0}, "0 x 3"),
        ({"height": 1 << 31}, "4 x 2147483648"),
        ({"colour_type": 5}, "colour type 5"),
        ({"colour_type": 3, "depth": 16}, "bit depth 16"),
        ({"colour_type": 2, "depth": 4}, "bit depth 4"),
        ({"compression": 1}, "method"),
        ({"filtering": 1}, "method"),
        ({"interlace": 2}, "method"),
    ],
)
def test_an_ihdr_that_cannot_be_is_refused(fields, named):
    fault = refused(png(ihdr(**fields), idat()))
    assert (fault.code, named in fault.message) == ("image_corrupt", True)


def test_a_wrong_checksum_of_ihdr_is_refused():
    data = bytearray(png())
    data[19] ^= 1
    assert "checksum" in refused(data).message


def test_a_png_that_does_not_begin_with_ihdr_is_refused():
    assert refused(png(idat(), ihdr())).code == "image_corrupt"
    assert refused(png(chunk(b"IHDR", bytes(12)), idat())).code == "image_corrupt"


def test_the_private_variant_of_ios_is_refused_by_name():
    fault = refused(png(chunk(b"CgBI", bytes(4)), ihdr(), idat()))
    assert (fault.code, "CgBI" in fault.message) == ("format_unsupported", True)


@pytest.mark.parametrize("signature", [b"\x89PNG\n\x1a\n", b"\x89PNG\n\n\x1a\n", b"\x89PNG\r\r\n\x1a\r\n"])
def test_a_transfer_in_text_mode_is_named(signature):
    fault = refused(signature + png()[8:])
    assert (fault.code, "text mode" in fault.message) == ("image_corrupt", True)


def test_a_chunk_past_the_end_is_truncation_unless_the_end_is_there():
    data = png()
    too_long = bytearray(data)
    too_long[35] += 100  # in the length of IDAT
    assert refused(too_long).code == "image_corrupt"
    assert refused(too_long[:-12]).code == "image_truncated"


def test_endless_empty_chunks_are_refused():
    fault = refused(SIGNATURE + ihdr() + chunk(b"tEXt") * 100_000)
    assert (fault.code, "chunks" in fault.message) == ("image_corrupt", True)


def test_bytes_after_iend_are_of_no_concern():
    assert read(memoryview(png() + b"junk")).width == 4


def test_every_cut_is_truncation():
    data = memoryview(png(ihdr(), chunk(b"gAMA", bytes(4)), idat()))
    assert {refused(data[:length]).code for length in range(4, len(data))} == {"image_truncated"}


LEVELS = 4  # columns of the grey pictures below


def grey_png(depth, *chunks, colour_type=GREY, level=0):
    """A row of levels from `level` on, which fit the depth."""
    levels = [(level + step) % (1 << depth) for step in range(LEVELS)]
    bits = "".join(f"{value:0{depth}b}" for value in levels)
    row = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return png(ihdr(width=LEVELS, height=1, depth=depth, colour_type=colour_type), *chunks, idat(b"\0" + row))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("level", [0, 1, 3, 14, 200, 65535])
def test_the_transparent_level_of_grey_is_the_decoders_sample(depth, level):
    """The first pixel has the level, in the bits that the depth has, and is what OpenCV gives there."""
    level &= (1 << depth) - 1
    data = grey_png(depth, chunk(b"tRNS", struct.pack(">H", level)), level=level)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)

    assert transparent_grey(memoryview(data)) == decoded[0, 0]


@pytest.mark.parametrize("depth", [8, 16])
def test_the_transparent_level_of_grey_is_pillows(depth):
    """Pillow does not scale the level of fewer bits."""
    data = grey_png(depth, chunk(b"tRNS", b"\0\1"))
    with Image.open(io.BytesIO(data)) as image:
        alpha = np.asarray(image.convert("RGBA"))[:, :, 3]
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)

    np.testing.assert_array_equal(decoded == transparent_grey(memoryview(data)), alpha == 0)
    assert (alpha == 0).sum() == 1


@pytest.mark.parametrize(("depth", "expected"), [(1, 255), (2, 170), (4, 170), (8, 170), (16, 0xFFAA)])
def test_bits_above_the_depth_do_not_count(depth, expected):
    level = b"\xff\xab" if depth == 1 else b"\xff\xaa"
    assert transparent_grey(memoryview(grey_png(depth, chunk(b"tRNS", level)))) == expected


@pytest.mark.parametrize(
    "data",
    [
        png(ihdr(), chunk(b"tRNS", bytes(2)), idat()),
        png(ihdr(colour_type=PALETTE), chunk(b"tRNS", bytes(2)), idat()),
        png(ihdr(colour_type=GREY), idat(), chunk(b"tRNS", bytes(2))),
        png(ihdr(colour_type=GREY), chunk(b"tRNS", bytes(3)), idat()),
        png(ihdr(colour_type=GREY), chunk(b"tRNS"), idat()),
        png(ihdr(colour_type=GREY), idat()),
    ],
    ids=["colour", "palette", "too late", "too long", "empty", "none"],
)
def test_what_states_no_transparent_level_has_none(data):
    assert transparent_grey(memoryview(data)) is None


@given(st.lists(st.tuples(st.sampled_from([b"IHDR", b"IDAT", b"acTL", b"eXIf", b"IEND"]), st.binary(max_size=40))))
def test_any_chunks_give_a_header_or_are_refused(parts):
    try:
        header = read(memoryview(png(ihdr(), *(chunk(kind, body) for kind, body in parts))))
    except Unreadable as fault:
        assert fault.code in {"image_truncated", "image_corrupt"}  # noqa: PT017
    else:
        assert (header.width, header.height) == (4, 3)


@given(st.binary(max_size=200))
def test_any_bytes_behind_the_signature_give_a_header_or_are_refused(rest):
    assert refused(SIGNATURE + rest).code in {"image_truncated", "image_corrupt"}
