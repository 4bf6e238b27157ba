import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagegate.header import FORMATS, format_of_mime, sniff
from tests.header.files import gradient

BOX = b"\0\0\0\x1cftyp"

GENUINE = [
    ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
    ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ("png", b"\x89PNG\n\x1a\n\0\0\0\rIHDR"),
    ("gif", b"GIF87a\x01\0\x01\0"),
    ("gif", b"GIF89a\x01\0\x01\0"),
    ("webp", b"RIFF\x24\0\0\0WEBPVP8 "),
    ("bmp", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"),
    ("tiff", b"II*\0\x08\0\0\0"),
    ("tiff", b"MM\0*\0\0\0\x08"),
    ("tiff", b"II+\0\x08\0\0\0"),
    *(("heic", BOX + brand + b"\0\0\0\0mif1") for brand in b"heic heix hevc hevx heim heis hevm hevs".split()),
    ("heic", BOX + b"mif1\0\0\0\0mif1heic"),
    ("heic", BOX + b"msf1\0\0\0\0msf1hevc"),
    ("avif", BOX + b"avif\0\0\0\0mif1miaf"),
    ("avif", BOX + b"avis\0\0\0\0msf1miaf"),
    ("avif", BOX + b"mif1\0\0\0\0mif1avif"),
    ("jp2", b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 "),
    ("jp2", b"\xff\x4f\xff\x51\0\x2f"),
    ("jxl", b"\xff\x0a\xfa\x7f"),
    ("jxl", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl "),
    ("psd", b"8BPS\0\x01\0\0\0\0\0\0"),
    ("ico", b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0"),
    ("dicom", bytes(128) + b"DICM\x02\0\0\0UL"),
    ("video", BOX + b"isom\0\0\x02\0isomiso2"),
    ("video", BOX + b"qt  \0\0\0\0qt  "),
    ("video", BOX + b"mp42\0\0\0\0mp42isom"),
    ("video", b"\0\0\0\x08wide\0\0\x10\0mdat"),
    ("video", b"RIFF\x24\0\0\0AVI LIST"),
    ("raw", BOX + b"crx \0\0\0\1crx isom"),
    ("raw", b"II\x1a\0\0\0HEAPCCDR"),
    ("raw", b"FUJIFILMCCD-RAW 0201"),
    ("raw", b"IIRO\x08\0\0\0"),
    ("raw", b"IIU\0\x08\0\0\0"),
    ("raw", b"\0MRM\0\0\0\0"),
    ("raw", b"FOVb\0\0\2\0"),
    ("video", b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01"),
    ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"),
    ("pdf", b"\xef\xbb\xbf\r\n%PDF-1.4"),
    ("zip", b"PK\x03\x04\x14\0\0\0\x08\0"),
    ("zip", b"PK\x05\x06" + bytes(18)),
    ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
    ("appledouble", b"\0\x05\x16\x07\0\x02\0\0Mac OS X        "),
    ("svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ("svg", b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- by hand -->\n<SVG>'),
    ("svg", b'<?xml version="1.0"?><!DOCTYPE svg [ <!ENTITY ns "http://x"> ]><svg:svg >'),
    ("svg", "<?xml version='1.0' encoding='utf-16'?><svg>".encode("utf-16")),
    ("html", b"<!DOCTYPE html>\n<html lang=en>"),
    ("html", b"\n\n  <!-- error page --><HTML><head>"),
    ("html", b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0"><html>'),
    ("xml", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
    ("json", b'{"error": "not found"}'),
    ("json", b' [{"a": 1}]'),
]


@pytest.mark.parametrize(("name", "start"), GENUINE)
def test_the_first_bytes_name_the_format(name, start):
    assert sniff(memoryview(start)) == name


@pytest.mark.parametrize("known", ["jpeg", "png", "gif", "webp", "bmp", "tiff", "ico", "pdf", "jp2", "avif"])
def test_what_pillow_writes_is_recognised(known):
    file_format = {"jp2": "JPEG2000"}.get(known, known.upper())
    Image.init()
    if file_format not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {file_format}")
    file = io.BytesIO()
    gradient().save(file, file_format)
    assert sniff(memoryview(file.getvalue())) == known


@pytest.mark.parametrize(
    "start", [b"", b"\0", b"\xff\xd8", b"hello", b"<", b"< svg>", b"<p>svg", b"BM", bytes(4096), b"\xff" * 64]
)
def test_what_is_no_known_format_has_no_name(start):
    assert sniff(memoryview(start)) is None


@given(st.binary(max_size=600))
def test_any_bytes_have_a_known_format_or_none(data):
    assert sniff(memoryview(data)) in {None, *FORMATS}


@pytest.mark.parametrize(
    "piece", [b"<!---->", b"<!--", b"<?", b"<?a?>", b"<!doctype [", b"<!doctype []", b"<!doctype x>", b" <!-- -->"]
)
def test_repeated_markup_is_refused_without_backtracking(piece):
    assert sniff(memoryview(piece * 5000)) is None


def test_every_format_is_reached_by_a_genuine_start():
    assert {name for name, _ in GENUINE} == set(FORMATS)


@pytest.mark.parametrize(
    ("mime", "name"),
    [
        ("image/jpeg", "jpeg"),
        ("image/jpg", "jpeg"),
        ("image/pjpeg", "jpeg"),
        ("IMAGE/JPEG; charset=binary", "jpeg"),
        (" image/png ", "png"),
        ("image/x-png", "png"),
        ("image/heif", "heic"),
        ("image/svg+xml;charset=utf-8", "svg"),
        ("application/octet-stream", None),
        ("image/*", None),
        ("", None),
    ],
)
def test_a_media_type_declares_a_format(mime, name):
    assert format_of_mime(mime) == name


def test_no_media_type_declares_two_formats():
    mimes = [mime for row in FORMATS.values() for mime in row.mimes]
    assert len(mimes) == len(set(mimes))


def test_every_format_but_the_one_to_convert_to_has_its_own_advice():
    assert [row.name for row in FORMATS.values() if not row.advice] == ["jpeg"]
