"""What may be a photo is not repeated; what is a name is."""

import base64
import hashlib

import numpy as np
import pytest

from imagegate.privacy import may_be_a_photo
from tests.scenes import SHARP

TEXT = base64.b64encode(SHARP).decode()


@pytest.mark.parametrize("start", [0, 100, 5000])
@pytest.mark.parametrize("length", [200, 1000, 20_000])
def test_a_long_piece_of_a_photos_base64_is_no_name(start, length):
    assert may_be_a_photo(TEXT[start : start + length])


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF1234WEBP", SHARP, base64.b64encode(SHARP)])
def test_what_begins_as_a_pictures_base64_is_no_name(data):
    assert may_be_a_photo(base64.b64encode(data).decode()[:80])
    assert may_be_a_photo(f"data:image/png;base64,{base64.b64encode(data).decode()[:20]}")


NAMES = [
    "arm.jpg",
    "/home/nurse/Pictures/2026/November/patients-with-psoriasis-of-the-elbow/IMG_20261121_224751",
    hashlib.sha256(b"photo").hexdigest() + ".jpg",
    hashlib.sha512(b"photo").hexdigest().upper(),
    "皮膚の写真.jpg",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_people_and_programs_give_are_names(name):
    assert not may_be_a_photo(name)


def test_random_bytes_are_taken_for_a_photo_once_their_base64_is_long():
    rng = np.random.default_rng(0)
    texts = [base64.b64encode(rng.bytes(1500)).decode() for _ in range(50)]

    assert all(may_be_a_photo(text) for text in texts)
