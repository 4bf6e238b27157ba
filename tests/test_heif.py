"""HEIC, where the extra is installed and the policy takes it."""

import base64
import importlib.util
import io
import struct

import numpy as np
import pytest
from PIL import Image

import imagegate
from imagegate.policy import Policy
from tests.scenes import polygons

TAKES_HEIC = Policy(formats=("jpeg", "heic"))
POSITION = {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}


@pytest.fixture(scope="module")
def pillow_heif():
    return pytest.importorskip("pillow_heif", reason="the extra imagegate[heif] is not installed")


@pytest.fixture(scope="module")
def photo(pillow_heif):
    """A HEIC as iPhones write it: turned by its own means, with EXIF."""
    tags = Image.Exif()
    tags[0x0112] = 6
    tags[0x8825] = POSITION
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(polygons(480, 640))).save(out, quality=90, exif=tags.tobytes())
    return out.getvalue()


def codes(image, policy=TAKES_HEIC):
    return [finding.cause.code for finding in imagegate.check(image, policy=policy).findings]


@pytest.mark.slow
def test_a_heic_measures_as_its_decoded_pixels_do(photo, pillow_heif):
    report = imagegate.check(photo, policy=TAKES_HEIC)
    pixels = np.asarray(pillow_heif.open_heif(photo).to_pillow())

    assert report.status == 200
    assert report.measurements == imagegate.check(pixels).measurements


def test_its_header_is_read_before_it_is_decoded(photo):
    header = imagegate.check(photo, policy=TAKES_HEIC).header
    strict = Policy(formats=("heic",), limits={"pixels": {"max": 1000}})
    report = imagegate.check(photo, policy=strict)

    assert (header.format, header.width, header.height) == ("heic", 480, 640)
    assert (header.file_size, header.orientation, header.gps_tags) == (len(photo), 1, 4)
    assert [finding.cause.code for finding in report.rejections] == ["image_too_large"]
    assert "decode" not in report.timings


def test_a_heic_that_states_a_huge_size_is_refused_undecoded(photo):
    """The size stands in the property "ispe" (ISO/IEC 23008-12, 6.5.3)."""
    stated, huge = (b"ispe" + struct.pack(">III", 0, *size) for size in ((640, 480), (64250, 64250)))
    report = imagegate.check(photo.replace(stated, huge), policy=TAKES_HEIC)

    assert stated in photo
    assert [finding.cause.code for finding in report.rejections] == ["image_too_large"]
    assert "decode" not in report.timings


def test_without_a_policy_that_takes_it_a_heic_is_unsupported(photo):
    assert codes(photo, None) == ["format_unsupported"]
    assert imagegate.check(photo).header is None


def test_a_heic_that_is_declared_as_jpeg_is_a_mismatch(photo):
    uri = f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}"

    assert codes(uri) == ["format_mismatch"]
    assert codes(uri.replace("jpeg", "heic", 1)) == codes(photo)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_a_heic_that_broke_off_is_truncated(photo, share):
    assert codes(photo[: int(share * len(photo))]) == ["image_truncated"]


@pytest.mark.slow
def test_no_changed_byte_escapes_as_an_exception(photo):
    for at in range(0, 800, 9):
        changed = photo[:at] + bytes([photo[at] ^ 4]) + photo[at + 1 :]
        assert imagegate.check(changed, policy=TAKES_HEIC).status in {200, 400, 422}


def test_nothing_is_registered_with_pillow(photo):
    imagegate.check(photo, policy=TAKES_HEIC)
    Image.init()

    assert "HEIF" not in Image.OPEN


def test_a_policy_that_takes_it_needs_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(ValueError, match=r"imagegate\[heif\]"):
        imagegate.check(polygons(), policy=TAKES_HEIC)
    assert imagegate.check(polygons()).ok
