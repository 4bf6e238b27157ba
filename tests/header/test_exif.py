import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagegate.header import exif

POSITION = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}


def written(*, orientation=None, gps=None, order="<"):
    """The TIFF structure as Pillow writes it."""
    tags = Image.Exif()
    tags.endian = order
    if orientation is not None:
        tags[exif.ORIENTATION] = orientation
    if gps is not None:
        tags[exif.GPS_DIRECTORY] = gps
    return memoryview(tags.tobytes()).cast("B")[6:]


def directory(order, *entries):
    """A TIFF structure whose first directory holds (tag, type, value) entries."""
    rows = b"".join(struct.pack(f"{order}HHI", tag, kind, 1) + value for tag, kind, value in entries)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return memoryview(magic + struct.pack(f"{order}IH", 8, len(entries)) + rows + bytes(4))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_read_in_both_byte_orders(order, orientation):
    assert exif.read(written(orientation=orientation, order=order)) == (orientation, 0)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_tags_of_a_gps_directory_with_a_position_are_counted(order):
    assert exif.read(written(orientation=6, gps=POSITION, order=order)) == (6, 4)


@pytest.mark.parametrize("gps", [{}, {0: b"\2\3\0\0"}, {0: b"\2\3\0\0", 18: "WGS-84"}])
def test_a_gps_directory_without_a_position_counts_nothing(gps):
    assert exif.read(written(gps=gps)).gps_tags == 0


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_upright(orientation):
    assert exif.read(written(orientation=orientation)).orientation == 1


@pytest.mark.parametrize(
    ("order", "kind", "value"),
    [("<", 1, b"\x06\0\0\0"), ("<", 4, b"\x06\0\0\0"), (">", 3, b"\0\x06\0\0"), (">", 4, b"\0\0\0\x06")],
)
def test_any_integer_type_may_hold_the_orientation(order, kind, value):
    assert exif.read(directory(order, (exif.ORIENTATION, kind, value))).orientation == 6


def test_of_a_repeated_tag_one_counts():
    twice = [(exif.ORIENTATION, 3, b"\x06\0\0\0")] * 2
    assert exif.read(directory("<", *twice)).orientation == 6


def test_a_gps_directory_that_is_the_first_directory_ends():
    """A pointer back to the directory it stands in is followed once."""
    assert exif.read(directory("<", (exif.GPS_DIRECTORY, 4, struct.pack("<I", 8)))).gps_tags == 0


@pytest.mark.parametrize("offset", [0, 1, 7, 20, 1 << 16, (1 << 32) - 1])
def test_a_pointer_to_anywhere_is_harmless(offset):
    tiff = directory("<", (exif.GPS_DIRECTORY, 4, struct.pack("<I", offset)))
    assert exif.read(tiff).orientation == 1
    assert exif.read(memoryview(b"MM\0*" + struct.pack(">I", offset) + bytes(32))) == (1, 0)


def test_a_count_larger_than_the_file_is_bounded():
    tiff = memoryview(b"II*\0" + struct.pack("<IH", 8, 65535) + struct.pack("<HHII", exif.ORIENTATION, 3, 1, 8))
    assert exif.read(tiff).orientation == 8


@pytest.mark.parametrize(("start", "left"), [(0, 8), (1, 8), (2, 8), (3, 14)])
def test_what_stands_before_the_structure_is_taken_off(start, left):
    assert len(exif.without_prefix(memoryview(b"Exif\0\0" * start + b"II*\0\x08\0\0\0"))) == left


@given(st.sampled_from([b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]), st.binary(max_size=200))
def test_any_bytes_give_an_orientation_and_a_count(start, rest):
    orientation, gps_tags = exif.read(memoryview(start + rest))
    assert orientation in range(1, 9)
    assert 0 <= gps_tags <= len(rest) // 12


def test_every_prefix_of_a_sound_exif_is_harmless():
    tiff = written(orientation=6, gps=POSITION)
    assert {exif.read(tiff[:length]).orientation for length in range(len(tiff))} == {1, 6}
