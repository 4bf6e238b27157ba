import contextlib
import re
import struct

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagegate.causes import Unreadable
from imagegate.header import Header, read
from tests.header.files import encoded, gradient, jpeg, with_segments

SOUND = ("camera_photos", "camera_originals", "exif_orientation", "derm_isic_uda1")
# Names of simplejpeg's for ours.
COLOUR_SPACES = {"Gray": "grey", "RGB": "rgb", "YCbCr": "ycbcr", "CMYK": "cmyk", "YCCK": "ycck"}


def refused(data):
    with pytest.raises(Unreadable) as caught:
        read(memoryview(data))
    return caught.value


def at_frame(data):
    return re.search(rb"\xff[\xc0-\xc2]\0", data).start()


def patched(data, at, new):
    return data[:at] + new + data[at + len(new) :]


def photos(shared):
    return [path for name in SOUND for path in sorted((shared / "data" / name).glob("*.jpg"))]


def test_sizes_tables_and_exif_are_what_pillow_finds(shared):
    for path in photos(shared):
        header = read(memoryview(path.read_bytes()))
        with Image.open(path) as image:
            tags = image.getexif()
            gps = tags.get_ifd(0x8825)
            assert (header.width, header.height) == image.size, path.name
            assert header.orientation == tags.get(0x0112, 1), path.name
            assert header.gps_tags == (len(gps) if {2, 4} & gps.keys() else 0), path.name
            assert header.progressive == bool(image.info.get("progressive")), path.name
            found = {number: list(table) for number, table in enumerate(header.quantisation) if table}
            assert found == image.quantization, path.name


def test_a_camera_that_knows_where_it_was_has_tags(shared):
    found = {path.name: read(memoryview(path.read_bytes())).gps_tags for path in photos(shared)}
    assert {name for name, tags in found.items() if tags} == {"Oppo R7 Plus.jpg"}


def test_orientation_five_to_eight_swaps_the_sides(shared):
    for number in range(1, 9):
        header = read(memoryview((shared / "data" / "exif_orientation" / f"Landscape_{number}.jpg").read_bytes()))
        assert header.orientation == number
        assert (header.seen_width, header.seen_height) == (1800, 1200)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("CMYK", 4)])
@pytest.mark.parametrize("progressive", [False, True])
def test_channels_and_progression_are_told(mode, channels, progressive):
    data = jpeg(mode, progressive=progressive)
    header = read(memoryview(data))
    assert header == Header(
        format="jpeg",
        width=24,
        height=17,
        file_size=len(data),
        channels=channels,
        progressive=progressive,
        scans=header.scans,
        coefficients=header.coefficients,
        unit_blocks=header.unit_blocks,
        metadata_size=header.metadata_size,
        quantisation=header.quantisation,
        colour_space={"L": "grey", "RGB": "ycbcr", "CMYK": "cmyk"}[mode],
        adobe=mode == "CMYK",
    )


# jcparam.c, jpeg_simple_progression: 10 scans for YCbCr, else 2 of DC and 4 of AC a component.
@pytest.mark.parametrize(("mode", "scans"), [("L", 6), ("RGB", 10), ("CMYK", 18)])
def test_the_scans_of_a_progressive_jpeg_are_those_libjpeg_writes(mode, scans):
    assert read(memoryview(jpeg(mode, progressive=True))).scans == scans
    assert read(memoryview(jpeg(mode))).scans == 1


def test_scans_of_what_follows_the_picture_are_not_its_own():
    data = jpeg(progressive=True)
    assert read(memoryview(data + data)).scans == 10
    assert read(memoryview(jpeg() + data)).scans == 1


def test_a_scan_for_each_component_is_counted():
    """A baseline JPEG may be stored so (jpegtran -scans) JPEGs so; each scan goes over the whole picture."""
    planes = simplejpeg.encode_jpeg(np.zeros((16, 16, 3), np.uint8), colorsubsampling="444")
    at = planes.index(b"\xff\xda")
    alone = [b"\xff\xda\0\x08\x01" + bytes([number, 0, 0, 63, 0]) + bytes(2) for number in (1, 2, 3)]
    assert read(memoryview(planes[:at] + b"".join(alone) + b"\xff\xd9")).scans == 3


@pytest.mark.parametrize(("subsampling", "share"), [("4:4:4", 3), ("4:2:2", 2), ("4:2:0", 1.5)])
def test_a_decoder_keeps_the_coefficients_of_several_scans(subsampling, share):
    """libjpeg-turbo's jdcoefct.c keeps 16 bits of each."""
    header = read(memoryview(jpeg(size=(64, 48), subsampling=subsampling, progressive=True)))
    assert header.coefficients == 64 * 48 * share
    assert header.decoded_size == 64 * 48 * max(3, 2 * share)
    assert read(memoryview(jpeg(size=(64, 48), subsampling=subsampling))).coefficients == 0


def test_metadata_is_what_stands_in_application_segments_and_comments():
    plain = read(memoryview(jpeg())).metadata_size
    more = with_segments(jpeg(), (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + bytes(50)), (0xFE, b"a comment"))
    assert plain == 14  # of JFIF
    assert read(memoryview(more)).metadata_size == 14 + 79 + 9


def adobe(transform):
    return 0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("transform", [None, 0, 1, 2])
@pytest.mark.parametrize("jfif", [True, False])
def test_the_colour_space_is_what_libjpeg_makes_of_it(mode, transform, jfif):
    data = re.sub(rb"\xff\xee\0\x0eAdobe.{7}", b"", jpeg(mode), count=1, flags=re.DOTALL)
    if not jfif:
        data = data.replace(b"JFIF\0", b"none\0", 1)
    if transform is not None:
        data = with_segments(data, adobe(transform))
    header = read(memoryview(data))
    assert header.colour_space == COLOUR_SPACES[simplejpeg.decode_jpeg_header(data, strict=False)[2]]
    assert header.adobe == (transform is not None)


def test_components_named_rgb_are_rgb():
    data = encoded(gradient(), "JPEG", keep_rgb=True)
    assert simplejpeg.decode_jpeg_header(data)[2] == "RGB"
    assert read(memoryview(data)).colour_space == "rgb"


def test_sixteen_bit_tables_are_read():
    steps = range(300, 364)
    data = with_segments(jpeg(), (0xDB, b"\x13" + struct.pack(">64H", *steps)))
    table = read(memoryview(data)).quantisation[3]
    assert sorted(table) == list(steps)
    assert table[:3] == (300, 301, 305)
    assert table[8:10] == (302, 304)


def test_the_first_of_several_exif_segments_counts():
    first, second = Image.Exif(), Image.Exif()
    first[0x0112], second[0x0112] = 6, 3
    data = with_segments(jpeg(), (0xE1, first.tobytes()), (0xE1, second.tobytes()))
    assert read(memoryview(data)).orientation == 6


@pytest.mark.parametrize("padding", [b"\xff" * 7, bytes(16), b"\0\xff\0junk", b"\xff\x01", b"\xff\xd0"])
def test_padding_between_segments_is_skipped(padding):
    data = jpeg()
    at = at_frame(data)
    assert read(memoryview(data[:at] + padding + data[at:])).width == 24


def test_bytes_after_the_picture_are_of_no_concern():
    assert read(memoryview(jpeg() + jpeg(size=(8, 8)))).frames == 1


@pytest.mark.parametrize(
    ("marker", "named"),
    [
        (0xC3, "lossless"),
        (0xC5, "hierarchical"),
        (0xC9, "arithmetic"),
        (0xCA, "arithmetic"),
        (0xCF, "hierarchical"),
        (0xDE, "hierarchical"),
        (0xF7, "JPEG-LS"),
    ],
)
def test_other_kinds_of_jpeg_are_refused_by_name(marker, named):
    data = jpeg()
    fault = refused(patched(data, at_frame(data) + 1, bytes([marker])))
    assert fault.code == "format_unsupported"
    assert named in fault.message


@pytest.mark.parametrize(
    ("offset", "new", "code", "named"),
    [
        (2, b"\0\x01", "image_corrupt", "length 1"),
        (2, b"\0\x08", "image_corrupt", "wrong length"),
        (2, b"\0\x0b", "image_corrupt", "wrong length"),
        (4, b"\x0c", "format_unsupported", "12 bits"),
        (4, b"\x07", "image_corrupt", "7 bits"),
        (5, b"\0\0", "format_unsupported", "DNL"),
        (7, b"\0\0", "image_corrupt", "0 pixels wide"),
        (11, b"\x51", "image_corrupt", "sampling"),
        (11, b"\x01", "image_corrupt", "sampling"),
    ],
)
def test_a_frame_header_that_cannot_be_is_refused(offset, new, code, named):
    data = jpeg()
    fault = refused(patched(data, at_frame(data) + offset, new))
    assert fault.code == code
    assert named in fault.message


def test_two_channels_are_refused():
    frame = struct.pack(">BHHB", 8, 4, 4, 2) + b"\x01\x11\0\x02\x11\0"
    fault = refused(with_segments(b"\xff\xd8", (0xC0, frame)) + b"\xff")
    assert (fault.code, "2 channels" in fault.message) == ("image_corrupt", True)


@pytest.mark.parametrize("body", [b"\0" * 64, b"\x04" + bytes(64), b"\x20" + bytes(64), bytes(66)])
def test_a_damaged_quantisation_table_is_refused(body):
    fault = refused(with_segments(jpeg(), (0xDB, body)))
    assert (fault.code, "quantisation" in fault.message) == ("image_corrupt", True)


@pytest.mark.parametrize("marker", [0x02, 0xBF, 0xD8, 0xD9, 0xF0, 0xFD])
def test_a_marker_that_cannot_stand_in_a_header_is_refused(marker):
    data = jpeg()
    fault = refused(data[:2] + bytes([0xFF, marker]) + data[2:])
    assert (fault.code, f"0x{marker:02X}" in fault.message) == ("image_corrupt", True)


def test_a_second_or_missing_frame_header_is_refused():
    data = jpeg()
    at = at_frame(data)
    frame = data[at : at + 19]
    assert refused(data[:at] + frame + data[at:]).code == "image_corrupt"
    assert refused(data[:at] + data[at + 19 :]).code == "image_corrupt"


def test_endless_empty_segments_are_refused():
    fault = refused(b"\xff\xd8" + b"\xff\xe0\0\x02" * 100_000)
    assert (fault.code, "segments" in fault.message) == ("image_corrupt", True)


@pytest.mark.parametrize("progressive", [False, True])
def test_every_cut_inside_the_header_is_truncation(progressive):
    data = memoryview(jpeg(progressive=progressive))
    scan = bytes(data).index(b"\xff\xda")
    end_of_header = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    assert {refused(data[:length]).code for length in range(3, end_of_header)} == {"image_truncated"}
    assert all(read(data[:length]).width == 24 for length in range(end_of_header, len(data)))


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_no_change_of_one_byte_escapes_as_another_exception(flip):
    data = jpeg("CMYK", progressive=True)
    for at in range(len(data)):
        with contextlib.suppress(Unreadable):
            read(memoryview(patched(data, at, bytes([data[at] ^ flip]))))


@given(st.binary(max_size=300))
def test_any_bytes_behind_soi_give_a_header_or_are_refused(rest):
    try:
        header = read(memoryview(b"\xff\xd8\xff" + rest))
    except Unreadable as fault:
        assert fault.code in {"image_truncated", "image_corrupt", "format_unsupported"}  # noqa: PT017
    else:
        assert header.pixels > 0


def test_no_exception_escapes_what_a_fuzzer_grew(shared):
    for path in (shared / "data" / "afl_jpeg").rglob("*.jpg"):
        try:
            header = read(memoryview(path.read_bytes()))
        except Unreadable:
            continue
        assert header.pixels > 0
