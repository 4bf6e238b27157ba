"""What measure() adds to the parts: the picture as it is seen."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

import imagegate
from imagegate.measure import seen_angle
from imagegate.metrics import METRICS
from tests.scenes import encoded, polygons


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_direction_is_turned_as_pillow_turns_the_picture(orientation):
    """A line is drawn, turned by Pillow, and its direction read off the pixels."""
    angle = 30.0
    steps = np.linspace(-40, 40, 400)
    line = np.zeros((101, 101), np.uint8)
    x = np.rint(50 + steps * np.cos(np.radians(angle))).astype(int)
    y = np.rint(50 - steps * np.sin(np.radians(angle))).astype(int)
    line[y, x] = 255
    image = Image.fromarray(line)
    image.getexif()[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, "PNG", exif=image.getexif())
    rows, columns = np.nonzero(np.asarray(ImageOps.exif_transpose(Image.open(out))))
    slope = (
        np.polyfit(columns, -rows, 1)[0] if np.ptp(columns) >= np.ptp(rows) else 1 / np.polyfit(-rows, columns, 1)[0]
    )

    assert seen_angle(angle, orientation) == pytest.approx(np.degrees(np.arctan(slope)) % 180, abs=1.5)


def test_width_and_height_are_as_seen():
    exif = Image.Exif()
    exif[0x0112] = 6
    measured = imagegate.check(encoded(polygons(300, 400), exif=exif)).measurements

    assert (measured.width, measured.height) == (300, 400)
    assert (measured.working_width, measured.working_height) == (400, 300)


def test_the_numbers_are_the_catalogues_in_its_order():
    fields = imagegate.Measurements.__struct_fields__

    assert [name for name in METRICS if name in fields] == [name for name in fields if name in METRICS]
    assert set(fields) - set(METRICS) == {"width", "height", "working_width", "working_height"}


def test_measurements_with_nan_are_equal_to_themselves():
    flat = np.full((300, 300, 3), 128, np.uint8)
    first, second = imagegate.check(flat).measurements, imagegate.check(flat).measurements

    assert np.isnan(first.blur_radius)
    assert first == second
    assert hash(first) == hash(second)
    assert first != imagegate.check(polygons()).measurements
