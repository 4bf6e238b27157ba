"""Damage in mid-stream: what the decoder notices, and what only the pixels betray."""

import io
import random
import re

import numpy as np
import pytest
from PIL import Image

import imagegate
from benchmarks.damage import cut_short, damaged, few_bytes, scan_of, simplejpeg_notices
from benchmarks.photos import ROOT, sound_jpegs
from imagegate.causes import Unreadable
from imagegate.decode import decode
from imagegate.header import read
from imagegate.intake import Received
from tests import drawings
from tests.bombs import segment
from tests.scenes import encoded
from tests.test_integrity import judged

PHOTO = np.asarray(Image.open(ROOT / "sample_images" / "good_mst03.jpg"))
UNIT = 16  # rows and columns of 4:2:0


def verdict(data, **options):
    view = memoryview(data)
    try:
        decode(Received(data=view), read(view), **options)
    except Unreadable as fault:
        return fault.code
    return "ok"


def shifted(row, column, by, unit=UNIT):
    """The photo as it is when all means from one unit on were read too high: T.81 stores differences."""
    pixels = PHOTO.astype(int)
    pixels[row * unit : (row + 1) * unit, column * unit :] += by
    pixels[(row + 1) * unit :] += by
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("by", [12, -12, [-8, -4, 30]], ids=["brighter", "darker", "bluer"])
@pytest.mark.parametrize(("row", "column"), [(4, 20), (20, 8), (30, 40)])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"quality": 60}], ids=["baseline", "progressive", "q60"]
)
def test_light_or_colour_that_is_shifted_from_a_unit_on_is_damage(by, row, column, options):
    data = encoded(shifted(row, column, by), **{"quality": 92, "subsampling": 2} | options)

    assert judged(data) == "ok"
    assert verdict(data) == "image_corrupt"
    assert verdict(data, strict=False) == "ok"


def test_a_grey_jpeg_is_looked_at_too():
    assert verdict(encoded(shifted(20, 20, 12, unit=8)[:, :, 1], quality=92)) == "image_corrupt"


def test_an_edge_from_rim_to_rim_is_no_damage():
    for row in range(4, 30, 5):
        assert verdict(encoded(shifted(row, 0, 12), quality=92, subsampling=2)) == "ok"


def test_a_stair_that_is_not_at_the_units_is_no_damage():
    pixels = shifted(20, 20, 12)[5:, 5:]
    assert verdict(encoded(pixels, quality=92, subsampling=2)) == "ok"


def test_a_corner_laid_over_a_photo_is_no_damage():
    for row, column in ((10, 10), (20, 30)):
        pixels = PHOTO.copy()
        pixels[row * UNIT :, column * UNIT :] //= 2
        assert verdict(encoded(pixels, quality=92, subsampling=2)) == "ok"


@pytest.mark.parametrize("quality", [2, 5, 10, 20])
def test_the_steps_of_a_coarsely_stored_sky_are_no_damage(quality):
    rows, columns = np.indices((800, 1000))
    sky = np.dstack([90 + rows / 40 + columns / 300, 130 + rows / 30 + columns / 400, 200 + rows / 50]).astype(np.uint8)
    assert verdict(encoded(sky, quality=quality, subsampling=2)) == "ok"


def test_more_is_noticed_than_the_decoder_reports():
    chosen = random.Random(4)  # noqa: S311 - places to damage, always the same
    whole = encoded(PHOTO, quality=90, subsampling=2)
    files = [damaged(whole, few_bytes, chosen) for _ in range(40)]
    ours = [verdict(data) != "ok" for data in files]
    decoders = [simplejpeg_notices(data) for data in files]

    assert all(mine >= other for mine, other in zip(ours, decoders, strict=True))
    assert sum(ours) > 1.5 * sum(decoders)


@pytest.mark.parametrize("rows", [-UNIT, UNIT])
def test_a_height_that_disagrees_with_the_data_is_refused(rows):
    data = bytearray(encoded(PHOTO, quality=90, subsampling=2))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 2] = (len(PHOTO) + rows).to_bytes(2, "big")

    assert verdict(bytes(data)) == "image_corrupt"


def test_a_missing_quantisation_table_is_refused():
    data = encoded(PHOTO, quality=90)
    at = [found.start() for found in re.finditer(rb"\xff\xdb", data)][1]
    length = int.from_bytes(data[at + 2 : at + 4], "big")

    assert verdict(data[:at] + data[at + 2 + length :]) == "image_corrupt"


def test_restart_markers_out_of_order_are_refused():
    data = encoded(PHOTO, quality=90, restart_marker_rows=1)
    assert verdict(data) == "ok"
    assert verdict(data.replace(b"\xff\xd2", b"\xff\xd5", 1)) == "image_corrupt"


@pytest.mark.parametrize("marker", [b"\xff\xc4", b"\xff\xe1", b"\xff\x02", b"\xff\xd9"])
def test_a_marker_within_the_data_is_refused(marker):
    data = encoded(PHOTO, quality=90)
    middle = len(data) // 2
    assert verdict(data[:middle] + marker + data[middle + 2 :]) == "image_corrupt"


@pytest.mark.parametrize(("subsampling", "rows"), [(0, 1), (1, 1), (2, 2)])
def test_the_rows_of_a_unit_are_those_of_the_sampling(subsampling, rows):
    assert read(memoryview(encoded(PHOTO, subsampling=subsampling))).unit_blocks == rows
    assert read(memoryview(encoded(PHOTO[:, :, 0]))).unit_blocks == 1


def test_what_follows_the_end_of_a_jpeg_is_no_damage():
    """Phones append second pictures (MPF), a video or a trailer of their own."""
    data = encoded(PHOTO, quality=90)
    for after in (b"\0" * 100, b"SEFT" * 9, data, b"\xff\xd8\xff\xe1", b"\xff\xd9"):
        assert verdict(data + after) == "ok"


def test_a_second_picture_by_the_standard_of_phones_is_no_damage():
    """CIPA DC-007 (MPF): an index in APP2, and the second picture after the end of the first."""
    file = io.BytesIO()
    Image.fromarray(PHOTO).save(file, "MPO", save_all=True, append_images=[Image.fromarray(PHOTO[::2, ::2])])

    assert b"MPF\0" in file.getvalue()
    assert file.getvalue().count(b"\xff\xd8\xff") == 2
    assert verdict(file.getvalue()) == "ok"


# What it is, then a JPEG made so, of its bytes before the tables, the tables and what else stands before the last three
# bytes of the scan's header, these three, the scan and the end.
def profile_part(number, count):
    """A part of an ICC profile, whose size field says less than there is (ICC.1:2022, 7.2.2 and annex B.4)."""
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, count]) + bytes([0, 0, 0, 128]) + bytes(300))


ODDITIES = {
    # jpeg-js #82 (Pixel 4), #81 (DJI): a segment whose marker is 00 E1.
    "a segment without its 0xFF": lambda head, tables, three, scan, end: (
        head + b"\x00\xe1\x00\x3c" + bytes(range(58)) + tables + three + scan + end
    ),
    "fill bytes": lambda head, tables, three, scan, end: head + b"\xff" * 9 + tables + three + scan + b"\xff" * 9 + end,
    "zeros before its tables": lambda head, tables, three, scan, end: head + bytes(9) + tables + three + scan + end,
    # glembocki.org, "JPG headers explained" (SQ908).
    "zeros before its end": lambda head, tables, three, scan, end: head + tables + three + scan + bytes(11) + end,
    # sharp #2780, image-thumbnail #39 (Samsung S8): "Invalid SOS parameters for sequential JPEG".
    "three bytes that mean nothing": lambda head, tables, _, scan, end: head + tables + bytes(3) + scan + end,
    "a color profile without its second part": lambda head, tables, three, scan, end: (
        head + profile_part(1, 2) + tables + three + scan + end
    ),
    "a color profile with a part twice": lambda head, tables, three, scan, end: (
        head + 2 * profile_part(1, 1) + tables + three + scan + end
    ),
    "a color profile of more parts than it says": lambda head, tables, three, scan, end: (
        head + profile_part(1, 2) + profile_part(2, 1) + tables + three + scan + end
    ),
    "an empty color profile": lambda head, tables, three, scan, end: (
        head + segment(0xE2, b"ICC_PROFILE\0\1\1") + tables + three + scan + end
    ),
    "all of these": lambda head, tables, _, scan, end: head + b"junk" + tables + bytes(3) + scan + bytes(11) + end,
}


def parts(data):
    tables = data.index(b"\xff\xdb")
    scan = scan_of(data)
    return (
        data[:tables],
        data[tables : scan.start - 3],
        data[scan.start - 3 : scan.start],
        data[scan.start : -2],
        data[-2:],
    )


@pytest.mark.parametrize("oddity", ODDITIES.values(), ids=ODDITIES)
def test_what_real_cameras_write_is_no_damage(oddity):
    """No pixel is lost, so what is measured is what is measured without it."""
    data = encoded(PHOTO, quality=90, subsampling=2)
    odd = oddity(*parts(data))
    report = imagegate.check(odd)

    assert len(odd) >= len(data)
    assert odd != data
    assert {finding.cause.code for finding in report.findings} == set()
    assert report.measurements == imagegate.check(data).measurements


@pytest.mark.parametrize("oddity", ODDITIES.values(), ids=ODDITIES)
def test_damage_of_an_odd_file_is_found(oddity):
    head, tables, three, scan, end = parts(encoded(PHOTO, quality=90, subsampling=2))

    assert verdict(oddity(head, tables, three, scan[: len(scan) // 2], b"")) == "image_truncated"
    assert verdict(oddity(head, tables, three, scan[:-3000] + bytes(3000), end)) == "image_corrupt"
    assert verdict(oddity(head, tables, three, scan[:5000] + scan[5500:], end)) == "image_corrupt"


@pytest.mark.parametrize("draw", drawings.KINDS, ids=lambda draw: draw.__name__)
def test_a_drawing_with_edges_on_the_grid_is_no_damage(draw):
    accused = [number for number in range(20) if verdict(drawings.saved(draw, number)) != "ok"]
    assert accused == []


def test_what_is_left_of_a_scan_before_its_end_is_damage():
    head, tables, three, scan, end = parts(encoded(PHOTO, quality=90))
    assert verdict(head + tables + three + scan + scan[:100] + end) == "image_corrupt"


@pytest.mark.slow
def test_no_sound_photo_is_accused(shared):
    assert shared.is_dir()
    accused = [path.name for path in sound_jpegs() if verdict(path.read_bytes()) != "ok"]
    assert accused == []


@pytest.mark.slow
def test_a_camera_original_cut_anywhere_is_refused(shared):
    for path in sorted((shared / "data" / "camera_originals").glob("*.jpg")):
        found = [imagegate.check(data).findings[0].cause.code for data in cut_short(path.read_bytes())]
        assert len(found) == 200
        assert set(found) <= {"image_truncated", "image_corrupt"}
