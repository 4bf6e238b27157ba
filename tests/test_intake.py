"""Every kind of input reaches the same bytes; what cannot be read is named without being repeated."""

import array
import base64
import ctypes
import io
import mmap
import pathlib
import textwrap
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagegate.causes import Unreadable
from imagegate.intake import receive
from imagegate.policy import Policy
from tests.scenes import encoded, polygons

JPEG = encoded(polygons(60, 80))
PNG = encoded(polygons(60, 80), "PNG")
TEXT = base64.b64encode(JPEG).decode()
DEFAULT = Policy()


def trouble(image, policy=DEFAULT):
    with pytest.raises(Unreadable) as caught:
        receive(image, policy)
    return caught.value


WAYS = {
    "Base64": TEXT,
    "Base64 in bytes": TEXT.encode(),
    "wrapped lines": "\r\n".join(textwrap.wrap(TEXT, 76)),
    "a trailing newline": TEXT + "\n",
    "no padding": TEXT.rstrip("="),
    "the URL-safe alphabet": base64.urlsafe_b64encode(JPEG).decode(),
    "a byte order mark": "\ufeff" + TEXT,
    "a byte order mark in bytes": ("\ufeff" + TEXT).encode(),
    "an array of bytes": array.array("B", JPEG),
    "a data URI": f"data:image/jpeg;base64,{TEXT}",
    "a data URI in capitals with a parameter": f"DATA:image/jpeg;charset=utf-8;BASE64,{TEXT}",
    "a data URI in bytes": f"data:image/jpeg;base64,{TEXT}".encode(),
    "bytes": JPEG,
    "a bytearray": bytearray(JPEG),
    "a memoryview": memoryview(JPEG),
    "a memoryview with gaps": memoryview(bytes(b for pair in zip(JPEG, JPEG, strict=True) for b in pair))[::2],
    "a file object": io.BytesIO(JPEG),
}


@pytest.mark.parametrize("image", WAYS.values(), ids=WAYS)
def test_every_way_in_gives_the_same_bytes(image):
    assert bytes(receive(image, DEFAULT).data) == JPEG


def test_a_path_a_file_and_a_map_of_it_give_the_same_bytes(tmp_path):
    path = tmp_path / "name is no evidence.png"
    path.write_bytes(JPEG)

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert bytes(receive(path, DEFAULT).data) == JPEG
        assert bytes(receive(file, DEFAULT).data) == JPEG
        received = receive(mapped, DEFAULT)
        assert bytes(received.data) == JPEG
        received.data.release()


def test_a_file_that_holds_base64_is_read_as_base64(tmp_path):
    path = tmp_path / "photo.txt"
    path.write_text(TEXT)

    assert bytes(receive(path, DEFAULT).data) == JPEG


def test_a_raw_file_that_gives_little_at_a_time_is_read_to_its_end():
    class Slow(io.RawIOBase):
        def __init__(self):
            self.parts = [JPEG[:10], JPEG[10:500], JPEG[500:]]

        def read(self, _size=-1):
            return self.parts.pop(0) if self.parts else b""

    assert bytes(receive(Slow(), DEFAULT).data) == JPEG


@given(st.binary(min_size=64, max_size=400), st.sampled_from(["", "\n", "\r\n", "\n  "]), st.integers(4, 80))
def test_base64_of_anything_comes_back_whole(data, separator, width):
    text = base64.b64encode(data).decode()
    wrapped = separator.join(textwrap.wrap(text, width)) if separator else text
    try:
        received = receive(wrapped, DEFAULT)
    except Unreadable as refused:
        assert "twice" in refused.message  # noqa: PT017 - drawn data may be Base64 of a signature itself
    else:
        assert bytes(received.data) == data


@given(st.text(max_size=200))
def test_no_text_is_more_than_bytes_or_a_cause(text):
    try:
        received = receive(text, DEFAULT)
    except Unreadable as refused:
        assert refused.code in {"base64_invalid", "image_missing"}  # noqa: PT017 - both ends are right
    else:
        assert received.data is not None


@pytest.mark.parametrize("position", [0, 1, 57, 401, len(TEXT) - 4])
@pytest.mark.parametrize("wrong", ["*", "é", ".", "%", "\x00"])
def test_the_first_bad_character_is_named_by_its_position(position, wrong):
    refused = trouble(TEXT[:position] + wrong + TEXT[position + 1 :] + "!!")

    assert refused.code == "base64_invalid"
    assert f"Character {position + 1:,} " in refused.message


def test_the_position_in_a_data_uri_counts_its_head():
    head = "data:image/jpeg;base64,"

    assert f"Character {len(head) + 5:,} " in trouble(f"{head}{TEXT[:4]}*{TEXT[5:]}").message


def test_padding_in_the_middle_is_a_bad_character():
    assert "Character 9 " in trouble(TEXT[:8] + "=" + TEXT[9:]).message


MESSAGES = {
    "str() of bytes": (str(base64.b64encode(JPEG)), "base64_invalid", "b'"),
    "double encoding": (base64.b64encode(TEXT.encode()).decode(), "base64_invalid", "twice"),
    "double encoding of a data URI": (
        base64.b64encode(f"data:image/png;base64,{TEXT}".encode()).decode(),
        "base64_invalid",
        "twice",
    ),
    "an impossible length": (TEXT.rstrip("=")[: 4 * 100 + 1], "base64_invalid", "401"),
    "a data URI without base64": ("data:image/jpeg,%FF%D8", "base64_invalid", ";base64,"),
    "Base64 of str() of bytes": (base64.b64encode(str(TEXT.encode()).encode()).decode(), "base64_invalid", "twice"),
    "triple encoding": (base64.b64encode(base64.b64encode(TEXT.encode())).decode(), "base64_invalid", "twice"),
    "a form's blanks": ("AAAA AAAA" + TEXT, "base64_invalid", "blanks"),
    "padding alone": ("====", "image_missing", "nothing"),
    "str() of bytes after a blank": (" " + str(TEXT.encode()), "base64_invalid", "b'"),
    "a data URI without data": ("data:image/jpeg;base64,", "image_missing", "nothing"),
    "a relative path": ("photos/arm.jpg", "base64_invalid", "pathlib.Path"),
    "an absolute path": ("/home/nurse/arm", "base64_invalid", "pathlib.Path"),
    "a Windows path": (r"C:\photos\arm", "base64_invalid", "pathlib.Path"),
    "no text": ("", "image_missing", "empty"),
    "white space": (" \n\t", "image_missing", "empty"),
    "no bytes": (b"", "image_missing", "0 bytes"),
    "an empty file": (io.BytesIO(b""), "image_missing", "0 bytes"),
    "an array without pixels": (np.zeros((0, 5), np.uint8), "image_missing", "no pixels"),
}


@pytest.mark.parametrize(("image", "code", "says"), MESSAGES.values(), ids=MESSAGES)
def test_what_people_really_send_by_mistake_is_named(image, code, says):
    refused = trouble(image)

    assert refused.code == code
    assert says in refused.message


@pytest.mark.parametrize("image", [TEXT + "*", str(base64.b64encode(JPEG)), base64.b64encode(TEXT.encode()).decode()])
def test_no_message_repeats_the_payload(image):
    message = trouble(image).message

    assert not any(TEXT[i : i + 6] in message for i in range(len(TEXT) - 6))


def test_the_declared_type_is_kept_apart_from_the_bytes():
    received = receive(f"data:image/PNG;base64,{TEXT}", DEFAULT)

    assert (received.declared, received.is_data_uri) == ("image/png", True)
    assert receive(TEXT, DEFAULT).is_data_uri is False
    assert receive(JPEG, DEFAULT).is_data_uri is None


LIMITED = Policy(limits={"file_size": {"max": 300}, "base64_length": {"max": 300}})


@pytest.mark.parametrize("image", [TEXT, TEXT.encode(), JPEG, io.BytesIO(JPEG), f"data:image/jpeg;base64,{TEXT}"])
def test_what_is_longer_than_the_policy_takes_is_not_decoded(image):
    received = receive(image, LIMITED)

    assert received.data is None
    assert max(received.file_size or 0, received.base64_length or 0) > 300


def test_a_long_file_is_not_even_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    assert receive(path, DEFAULT).file_size == 1 << 40


def test_an_endless_stream_is_read_no_further_than_the_limit():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"\xff" * size

    stream = Endless()
    received = receive(stream, LIMITED)

    assert received.data is None
    assert stream.given == 301


@pytest.mark.parametrize("extra", [0, 1])
def test_the_two_length_limits_are_separate_and_exact(extra):
    by_text = Policy(limits={"base64_length": {"max": len(TEXT) - extra}})
    by_bytes = Policy(limits={"file_size": {"max": len(JPEG) - extra}})

    assert (receive(TEXT, by_text).data is None) == bool(extra)
    assert (receive(TEXT, by_bytes).data is None) == bool(extra)
    assert (receive("\n".join(textwrap.wrap(TEXT, 76)), by_bytes).data is None) == bool(extra)


def test_a_policy_that_only_warns_of_long_files_reads_them():
    policy = Policy(limits=LIMITED.limits, severities={"file_too_large": "warn"})

    assert bytes(receive(TEXT, policy).data) == JPEG
    assert bytes(receive(io.BytesIO(JPEG), policy).data) == JPEG


MISUSE = {
    "None": (None, TypeError, "NoneType"),
    "a number": (3.5, TypeError, "float"),
    "a float array": (np.zeros((4, 4)), TypeError, "float64"),
    "four channels": (np.zeros((4, 4, 4), np.uint8), ValueError, r"\(4, 4, 4\)"),
    "a stack of pictures": (np.zeros((2, 4, 4, 3), np.uint8), ValueError, r"\(2, 4, 4, 3\)"),
    "a text file": (io.StringIO("x"), TypeError, "binary"),
    "a list": ([1, 2], TypeError, "list"),
    "a folder": (pathlib.Path(), ValueError, "folder"),
}


@pytest.mark.parametrize(("image", "error", "says"), MISUSE.values(), ids=MISUSE)
def test_misuse_raises_and_names_the_argument(image, error, says):
    with pytest.raises(error, match=rf"image must be .*{says}"):
        receive(image, DEFAULT)


def test_a_device_is_not_opened():
    with pytest.raises(ValueError, match="not a regular file"):
        receive(pathlib.Path("/dev/zero"), DEFAULT)


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        receive(tmp_path / "nothing.jpg", DEFAULT)


def test_pictures_that_are_decoded_already_pass_through():
    image = Image.new("RGB", (4, 3))
    samples = np.zeros((3, 4), np.uint16)

    assert receive(image, DEFAULT).pixels is image
    assert np.shares_memory(receive(samples, DEFAULT).pixels, samples)


def test_samples_in_the_other_byte_order_are_turned():
    native = np.arange(12, dtype=np.uint16).reshape(3, 4)

    np.testing.assert_array_equal(receive(native.astype(">u2"), DEFAULT).pixels, native)


def test_a_map_of_a_file_can_be_checked_twice(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(JPEG)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        for _ in range(2):
            received = receive(mapped, DEFAULT)
            assert received.file_size == len(JPEG)
            received.data.release()


@pytest.mark.parametrize("wrong", ["*", "é"])
def test_a_stray_character_is_named_alike_in_text_and_in_bytes(wrong):
    text = TEXT[:10] + wrong + TEXT[11:]

    assert trouble(text).message == trouble(TEXT[:10].encode() + b"*" + TEXT[11:].encode()).message


@pytest.mark.parametrize("length", [200, 4000, 100_000])
def test_base64_given_as_a_path_is_not_repeated(length):
    with pytest.raises((OSError, ValueError)) as caught:
        receive(pathlib.Path((TEXT * 99)[:length]), DEFAULT)

    assert TEXT[10:20] not in str(caught.value)


def test_an_endless_head_of_a_data_uri_is_no_head():
    assert trouble("data:image/jpeg" + ";x=y" * 100_000 + ";base64,AAAA").code == "base64_invalid"


@pytest.mark.parametrize("blanks", [0, 1, 7, 63, 64, 100, 3000])
@pytest.mark.parametrize("lead", [" ", "\t", "\n"])
@pytest.mark.parametrize("text", [TEXT, f"data:image/jpeg;base64,{TEXT}", "\ufeff" + TEXT])
def test_what_leads_is_of_no_account_as_text_or_as_bytes(blanks, lead, text):
    given = lead * blanks + text

    assert bytes(receive(given, DEFAULT).data) == JPEG
    assert bytes(receive(given.encode(), DEFAULT).data) == JPEG


def test_a_blank_in_the_head_of_a_data_uri_is_taken():
    assert receive(f"data:image/jpeg; base64,{TEXT}", DEFAULT).declared == "image/jpeg"


@pytest.mark.parametrize(("text", "says"), [(f'"{TEXT}"', "quotes"), (TEXT.replace("+", "%2B"), "percent-encoded")])
def test_strangers_that_have_a_name_are_named(text, says):
    assert says in trouble(text).message


def test_wrapped_lines_whose_pluses_became_blanks_are_not_decoded():
    wrapped = "\n".join(textwrap.wrap(TEXT.replace("+", "*"), 76)).replace("*", " ")

    assert "blanks" in trouble(wrapped).message


@pytest.mark.parametrize("image", [np.float64(3), np.int64(3), array.array("d", [1.0]), ctypes.c_int(3)])
def test_numbers_are_no_bytes(image):
    with pytest.raises(TypeError, match="image must be"):
        receive(image, DEFAULT)


def test_a_masked_array_is_refused_rather_than_unmasked():
    with pytest.raises(TypeError, match="MaskedArray"):
        receive(np.ma.zeros((4, 4), np.uint8), DEFAULT)


def test_a_closed_file_and_an_impossible_path_are_misuse():
    closed = io.BytesIO(JPEG)
    closed.close()
    with pytest.raises(ValueError, match="image must be a file that is open"):
        receive(closed, DEFAULT)
    with pytest.raises(ValueError, match="image must be the path"):
        receive(pathlib.Path("a\0b"), DEFAULT)


def test_a_long_path_that_is_missing_is_named(tmp_path):
    with pytest.raises(OSError, match=r"x\.jpg"):
        receive(tmp_path / ("d/" * 200) / "x.jpg", DEFAULT)


@pytest.mark.parametrize("kind", ["text", "bytes"])
def test_text_that_is_far_too_long_is_not_copied(kind):
    policy = Policy(limits={"file_size": {"max": 300}, "base64_length": {"max": 300}})
    text = "A" * 20_000_000 if kind == "text" else b"A" * 20_000_000
    tracemalloc.start()
    received = receive(text, policy)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (received.data, received.base64_length) == (None, 20_000_000)
    assert peak < 1_000_000
