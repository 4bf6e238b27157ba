import io

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from imagegate.header import Header, read
from imagegate.header.pixels import of_array
from tests.header.files import encoded, gradient


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "LA", "P", "RGB", "RGBA"])
def test_the_decoded_size_of_a_png_is_what_its_decoder_gives(mode):
    data = encoded(gradient("L").convert(mode), "PNG")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)

    assert read(memoryview(data)).decoded_size == pixels.nbytes


def test_the_decoded_size_counts_16_bits_twice():
    pixels = np.zeros((5, 7, 3), np.uint16)
    data = cv2.imencode(".png", pixels)[1].tobytes()

    assert read(memoryview(data)).decoded_size == of_array(pixels).decoded_size == pixels.nbytes == 210


@pytest.mark.parametrize(("mode", "space"), [("L", "GRAY"), ("RGB", "RGB"), ("CMYK", "CMYK")])
def test_the_decoded_size_of_a_jpeg_is_that_of_full_scale(mode, space):
    data = encoded(gradient("L").convert(mode), "JPEG")

    assert read(memoryview(data)).decoded_size == simplejpeg.decode_jpeg(data, space).nbytes


def test_the_decoded_size_of_the_largest_header_is_a_number():
    side = (1 << 31) - 1
    assert Header(format="png", width=side, height=side, bit_depth=16, channels=4).decoded_size == 8 * side * side


def test_a_bomb_is_told_by_its_decoded_size_before_it_goes_off():
    file = io.BytesIO()
    Image.new("1", (4000, 4000)).save(file, "PNG")

    assert len(file.getvalue()) < 4000
    assert read(memoryview(file.getvalue())).decoded_size == 16_000_000
