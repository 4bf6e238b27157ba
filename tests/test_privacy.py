"""Nothing of a photo is said, kept, or shown in another's place. What may be a photo is no name."""

import base64
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import imagegate
from imagegate.policy import Policy
from imagegate.privacy import may_be_a_photo
from tests.scenes import BLURRED, SHARP, encoded, polygons

ROOT = pathlib.Path(imagegate.__file__).parents[1]
TEXT = base64.b64encode(SHARP).decode()
PNG = encoded(polygons(300, 300), "PNG")
LENIENT = Policy(severities={"image_corrupt": "warn", "image_truncated": "warn"})


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


def test_a_photo_in_the_place_of_a_name_is_not_repeated():
    rejected = imagegate.check(b"")
    for misused in (
        lambda: imagegate.check(SHARP, policy=TEXT),
        lambda: imagegate.explain(422, api=TEXT),
        lambda: rejected.to_error(TEXT),
        lambda: Policy.from_toml(f'extends = "{TEXT[:10_000]}"'),  # no longer policy is read
    ):
        with pytest.raises(ValueError, match=r"text of .* characters") as caught:
            misused()
        assert TEXT[:12] not in str(caught.value)


def without_a_pixel():
    """A progressive JPEG of which nothing can be saved: a warning (stray bytes), then a second frame header (fatal).

    libjpeg-turbo calls the error a warning then, and simplejpeg gives back its buffer as it was.
    """
    data = encoded(polygons(300, 400), progressive=True)
    frame, scan = data.index(b"\xff\xc2"), data.rindex(b"\xff\xda")
    length = 2 + int.from_bytes(data[frame + 2 : frame + 4], "big")
    return data[:scan] + bytes(3) + data[frame : frame + length] + data[scan:]


DAMAGED = {
    "half a JPEG": SHARP[: len(SHARP) // 2],
    "a JPEG that is cut in its first rows": SHARP[:2500],
    "a JPEG with a marker within": SHARP[:9000] + b"\xff\xc4" + SHARP[9002:],
    "a progressive JPEG without a pixel": without_a_pixel(),
    "half a PNG": PNG[: len(PNG) // 2],
    "a PNG with a wrong checksum": PNG[:-20] + bytes([PNG[-20] ^ 1]) + PNG[-19:],
}
# On standard input comes what is damaged; what is said of it goes to standard output.
ALONE = """
import sys
from tests.test_privacy import verdict
sys.stdout.write(verdict(sys.stdin.buffer.read()))
"""


def verdict(data):
    """What check() says of a damaged picture, and a hash of the pixels that it could save."""
    strict, lenient = imagegate.check(data), imagegate.check(data, policy=LENIENT, detail=True)
    maps = lenient.maps
    pixels = b"" if maps is None else maps.luma.tobytes() + (b"" if maps.rgb is None else maps.rgb.tobytes())
    return json.dumps([strict.to_json(), lenient.to_json(), hashlib.sha256(pixels).hexdigest()])


@pytest.mark.slow
@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_picture_is_never_completed_with_pixels_of_the_one_before(data):
    """A fresh process has no picture before."""
    command = [sys.executable, "-c", ALONE]
    fresh = subprocess.run(command, input=data, stdout=subprocess.PIPE, cwd=ROOT, check=True).stdout.decode()
    for before in (SHARP, BLURRED, PNG, encoded(np.full((300, 400, 3), 250, np.uint8))):
        imagegate.check(before)
        assert verdict(data) == fresh


def test_what_cannot_be_saved_of_a_jpeg_is_grey():
    report = imagegate.check(without_a_pixel(), policy=LENIENT, detail=True)

    assert "image_corrupt" in [finding.cause.code for finding in report.findings]
    assert report.maps is None or set(report.maps.luma.ravel()) == {128}


def said_of(report):
    """Every text that is made of a report."""
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report, report.findings, report.header, report.measurements, report.maps)
    texts = [repr(report), str(report), report.to_json(), report._repr_html_(), console.export_text()]
    texts += [repr(part) for part in (report.findings, report.header, report.measurements, report.maps)]
    if not report.ok:
        with pytest.raises(imagegate.ImageRejected) as caught:
            report.raise_for_status()
        texts += [str(caught.value), repr(caught.value), json.dumps(report.to_error())]
    return "\n".join(texts)


def pieces(text, length=12):
    """What is no mere repetition counts: rows of zeros stand in numbers too."""
    every = {text[at : at + length] for at in range(len(text) - length + 1)}
    return {piece for piece in every if len(set(piece)) > 3}


def ways_in(data, folder):
    """Each way that a picture can be handed over."""
    text = base64.b64encode(data).decode()
    path = folder / "photo"
    path.write_bytes(data)
    return [data, text, text.encode(), f"data:image/png;base64,{text}", text[:60] + "*" + text[61:], path]


@pytest.mark.slow
@pytest.mark.parametrize("data", [SHARP, PNG, *DAMAGED.values()], ids=["a JPEG", "a PNG", *DAMAGED])
def test_no_byte_of_a_picture_is_said_or_logged(data, tmp_path, caplog, capfd):
    caplog.set_level(0)
    reports = [imagegate.check(way, detail=True) for way in ways_in(data, tmp_path)]
    reports += [imagegate.check(data, policy=LENIENT, detail=True), imagegate.check(io.BytesIO(data))]
    said = "\n".join(map(said_of, reports))
    payload = pieces(base64.b64encode(data).decode()) | pieces(data.hex()) | pieces(data.decode("latin-1"))

    assert payload.isdisjoint(pieces(said))
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


DOINGS = """
import os, pathlib, sys, tempfile
import imagegate
from tests.test_privacy import DAMAGED, LENIENT, PNG, SHARP, ways_in

imagegate.warmup()
given = pathlib.Path(sys.argv[1])
done = []
folders = [pathlib.Path(tempfile.gettempdir()), pathlib.Path.cwd()]
before = [folder.stat().st_mtime_ns for folder in folders]
ways = [way for data in (SHARP, PNG, *DAMAGED.values()) for way in ways_in(data, given)]

def audit(event, args):
    written = event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR)
    if watched and (written or event.startswith(("socket.", "subprocess.", "os."))):
        done.append((event, args))

watched = True
sys.addaudithook(audit)
for way in ways:
    imagegate.check(way, policy=LENIENT)
watched = False
print(done, [folder.stat().st_mtime_ns for folder in folders] == before)
"""


@pytest.mark.slow
def test_no_file_is_written_and_nobody_is_told(tmp_path):
    """Python tells what it opens and calls; a file that a decoder wrote and removed has changed its folder."""
    temporary, current, given = (tmp_path / name for name in ("temporary", "current", "given"))
    for folder in (temporary, current, given):
        folder.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-c", DOINGS, given]
    run = subprocess.run(command, stdout=subprocess.PIPE, cwd=current, env=environment, check=True)

    assert run.stdout.decode().split() == ["[]", "True"]


def located():
    """EXIF with a position (EXIF 2.32, section 4.6.6), of which every part can be told from other numbers."""
    tags = Image.Exif()
    tags[0x8825] = {1: "N", 2: (47.0, 13.0, 59.8417), 3: "E", 4: (8.0, 31.0, 21.6239), 28: b"Rosengasse"}
    return tags


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("opened", [False, True], ids=["file", "PIL image"])
def test_a_location_is_warned_of_and_its_value_is_never_said(kind, opened):
    data = encoded(polygons(480, 640), kind, exif=located())
    report = imagegate.check(Image.open(io.BytesIO(data)) if opened else data, detail=True)
    (finding,) = [finding for finding in report.findings if finding.cause.code == "location_embedded"]
    said = said_of(report)

    assert (report.ok, finding.severity, finding.value) == (True, "warn", 5.0)
    assert not [part for part in ("59.8417", "598417", "21.6239", "216239", "Rosengasse") if part in said]
