"""What is no JPEG or PNG is called by its name, whatever it is declared to be, and the advice is of use."""

import base64
import io
import zipfile

import pytest
from PIL import Image

import imagegate
from imagegate.header import FORMATS
from tests.header.test_sniff import GENUINE
from tests.scenes import encoded, polygons

JPEG = encoded(polygons())
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
PDF_OF_A_JPEG = b"%PDF-1.4\n1 0 obj <</Filter /DCTDecode>> stream\n" + JPEG + b"\nendstream endobj\n%%EOF"

# A start of each, then words that its advice must have.
ADVICE = {
    "heic": "Most Compatible",
    "raw": "export",
    "tiff": "export",
    "video": "Live Photo",
    "pdf": "not a document",
    "zip": "Unpack",
    "dicom": "Export",
    "html": "error message",
    "svg": "not a drawing",
    "webp": "Convert the photo to JPEG",
    "avif": "Convert the photo to JPEG",
    "gif": "Convert the photo to JPEG",
    "bmp": "Convert the photo to JPEG",
    "jxl": "Convert the photo to JPEG",
    "jp2": "Convert the photo to JPEG",
}
STARTS = {name: start + bytes(200) for name, start in GENUINE}


def only(report):
    (finding,) = report.findings
    return finding


def as_uri(data, declared):
    return f"data:{declared};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize("name", ADVICE)
@pytest.mark.parametrize("declared", [None, "image/jpeg"])
def test_a_foreign_file_is_called_by_its_name_with_advice_of_its_own(name, declared):
    data = STARTS[name]
    finding = only(imagegate.check(as_uri(data, declared) if declared else data))

    assert finding.cause.code == "format_unsupported"
    assert FORMATS[name].title in finding.message
    assert ADVICE[name] in finding.advice
    assert finding.to_dict()["advice"] == finding.advice


def test_a_heic_named_jpg_is_a_heic(tmp_path):
    path = tmp_path / "IMG_0001.jpg"
    path.write_bytes(HEIC)
    finding = only(imagegate.check(path))

    assert (finding.cause.code, finding.message) == (
        "format_unsupported",
        "The file is HEIC; only JPEG and PNG can be read.",
    )
    assert "convert the photo to JPEG" in finding.advice


def test_a_png_that_is_declared_as_jpeg_is_a_mismatch():
    finding = only(imagegate.check(as_uri(encoded(polygons(300, 300), "PNG"), "image/jpeg")))

    assert finding.cause.code == "format_mismatch"
    assert "declares image/jpeg, but the picture is PNG" in finding.message
    assert "anew as JPEG" in finding.advice


def test_a_name_that_does_not_fit_is_no_mismatch(tmp_path):
    """Whoever sends the bytes sends no name."""
    path = tmp_path / "photo.png"
    path.write_bytes(JPEG)

    assert imagegate.check(path) == imagegate.check(JPEG)


def test_what_is_unknown_has_the_advice_of_its_cause():
    finding = only(imagegate.check(bytes(range(1, 200)) * 3))

    assert finding.advice == finding.cause.advice


def test_a_pdf_that_holds_a_jpeg_is_a_pdf():
    assert "The file is PDF" in only(imagegate.check(PDF_OF_A_JPEG)).message


def test_a_jpeg_with_a_zip_behind_it_is_a_jpeg():
    archive = io.BytesIO(JPEG)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("hidden.txt", "text")
    report = imagegate.check(archive.getvalue())

    assert zipfile.is_zipfile(archive)
    assert report.ok
    assert report.measurements == imagegate.check(JPEG).measurements


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_what_pillow_writes_is_called_by_its_name(kind):
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {kind}")
    assert f"The file is {FORMATS[kind.lower()].title}" in only(imagegate.check(encoded(polygons(), kind))).message
