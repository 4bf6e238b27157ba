import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.causes import CAUSES, Unreadable
from imagegate.header import FORMATS, read
from tests.header.files import jpeg, png
from tests.header.test_sniff import GENUINE


def refused(data, **options):
    with pytest.raises(Unreadable) as caught:
        read(memoryview(data), **options)
    return caught.value


@pytest.mark.parametrize(("name", "start"), [row for row in GENUINE if row[0] not in {"jpeg", "png"}])
def test_other_formats_are_refused_by_name(name, start):
    fault = refused(start)
    assert fault.code == "format_unsupported"
    assert fault.message == f"The file is {FORMATS[name].title}; only JPEG and PNG can be read."
    assert fault.hint == FORMATS[name].advice


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff\xd8", b"plain text", bytes(100)])
def test_what_is_no_known_format_is_refused(data):
    assert refused(data).message == "The file is of no known format; only JPEG and PNG can be read."


@pytest.mark.parametrize("file", [jpeg(), jpeg(exif=b"Exif\0\0II*\0"), png()])
@pytest.mark.parametrize("misread", [("utf-8", "replace"), ("latin-1", "strict")])
def test_bytes_that_were_taken_for_text_are_named(file, misread):
    fault = refused(file.decode(*misread).encode())
    assert (fault.code, "text" in fault.message) == ("image_corrupt", True)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_documented_cause(data):
    assert refused(data).code in CAUSES
