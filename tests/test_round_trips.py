"""What is written comes back: Base64 and data URIs through intake, sizes and kinds through headers."""

import base64
import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

import imagegate
from imagegate.causes import Unreadable
from imagegate.header import read
from imagegate.intake import receive
from imagegate.policy import Policy
from tests.header.files import SIGNATURE, chunk, ihdr, png
from tests.scenes import polygons

DEFAULT = Policy()
DATA = png()
TEXT = base64.b64encode(DATA).decode()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789.+-", min_size=1, max_size=20)
# Behind the signature, so that no drawn bytes are another way of writing.
PICTURES = st.binary(min_size=64, max_size=300).map(lambda rest: SIGNATURE + rest)


def outcome(image):
    try:
        return bytes(receive(image, DEFAULT).data)
    except Unreadable as refused:
        return refused.code


@given(PICTURES, NAMES, NAMES, st.lists(st.tuples(NAMES, NAMES), max_size=3), st.sampled_from(["base64", "BASE64"]))
def test_a_data_uri_gives_its_bytes_and_its_type(data, kind, subtype, parameters, word):
    """RFC 2397, section 3."""
    extra = "".join(f";{name}={value}" for name, value in parameters)
    text = f"data:{kind}/{subtype}{extra};{word},{base64.b64encode(data).decode()}"
    received = receive(text, DEFAULT)

    assert (bytes(received.data), received.declared) == (data, f"{kind}/{subtype}".lower())
    assert (received.base64_length, received.file_size) == (len(text) - text.index(",") - 1, len(data))
    assert outcome(text.encode()) == data


@example(DATA, [1, 1, 1, 1], "\v\f")
@example(DATA, [1, 2, 3, 4, 5, 6, 7, 8], "\t")
@given(PICTURES, st.lists(st.integers(0, 400), max_size=8), st.sampled_from(["\n", "\r\n", "\t", "\v\f"]))
@example(b"\xff\xd8\xff" * 40, [1, 3, 5, 7, 9, 11, 13, 15], "\v\f")
def test_white_space_between_any_two_characters_is_of_no_account(data, places, blank):
    text = base64.b64encode(data).decode()
    for place in places:
        text = text[: place % (len(text) + 1)] + blank + text[place % (len(text) + 1) :]

    assert outcome(text) == outcome(text.encode()) == data


@given(PICTURES, st.lists(st.integers(1, 80)), st.booleans())
def test_a_file_that_gives_its_bytes_in_any_pieces_gives_them_all(data, sizes, as_text):
    given_out = base64.b64encode(data) if as_text else data

    class Piecemeal(io.RawIOBase):
        """A socket gives what has come so far."""

        def __init__(self):
            self.file, self.sizes = io.BytesIO(given_out), iter(sizes)

        def read(self, size=-1):
            piece = next(self.sizes, size)
            return self.file.read(piece if size < 0 else min(piece, size))

    assert outcome(Piecemeal()) == data


def test_every_prefix_of_base64_gives_the_bytes_it_holds():
    """Four characters hold three bytes (RFC 4648, section 4), and one alone none."""
    for length in range(8, len(TEXT.rstrip("="))):
        expected = "base64_invalid" if length % 4 == 1 else DATA[: length * 6 // 8]
        assert outcome(TEXT[:length]) == expected, length


@pytest.mark.parametrize("other", [*"AQz9+/", "-", "_"])
def test_another_letter_anywhere_changes_the_bytes_that_it_holds_and_no_others(other):
    letter = other.translate(str.maketrans("-_", "+/"))
    whole = len(DATA) // 3 * 4
    for at in range(8, whole):
        bits = int.from_bytes(DATA, "big")
        shift = 8 * len(DATA) - 6 * (at + 1)
        bits += (ALPHABET.index(letter) - ALPHABET.index(TEXT[at])) << shift
        changed = TEXT[:at] + other + TEXT[at + 1 :]
        assert outcome(changed) == outcome(changed.encode()) == bits.to_bytes(len(DATA), "big"), at


@pytest.mark.parametrize("stray", ["*", "~", "\0", "\x7f", "\xe9", "\u3042", "\U0001f4f7", "=", "%"])
def test_a_stray_character_anywhere_is_refused_at_its_place(stray):
    for at in range(8, len(TEXT) - 4):
        with pytest.raises(Unreadable, match=f"Character {at + 1:,} ") as refused:
            receive(TEXT[:at] + stray + TEXT[at + 1 :], DEFAULT)
        assert refused.value.code == "base64_invalid"


KINDS = st.sampled_from(
    [(0, depth) for depth in (1, 2, 4, 8, 16)]
    + [(3, depth) for depth in (1, 2, 4, 8)]
    + [(colour_type, depth) for colour_type in (2, 4, 6) for depth in (8, 16)]
)
SIDES = st.integers(1, (1 << 31) - 1)


@given(SIDES, SIDES, KINDS, st.integers(0, 1), st.integers(2, (1 << 31) - 1) | st.none())
def test_the_header_of_a_png_is_what_was_written(width, height, kind, interlace, frames):
    """W3C PNG, third edition, table 8: every colour type with each of its depths."""
    colour_type, depth = kind
    start = ihdr(width=width, height=height, depth=depth, colour_type=colour_type, interlace=interlace)
    control = () if frames is None else (chunk(b"acTL", struct.pack(">II", frames, 0)),)
    header = read(memoryview(png(start, *control, chunk(b"PLTE", bytes(6)), chunk(b"IDAT"))))

    assert (header.width, header.height, header.bit_depth) == (width, height, depth)
    assert header.channels == {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}[colour_type]
    assert (header.progressive, header.frames) == (bool(interlace), frames or 1)


def saved(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_a_png_of_another_kind_measures_as_its_8_bit_twin():
    """16 bits of the same levels, a palette, alpha that hides nothing, and alpha over white."""
    colour = Image.fromarray(polygons(400, 500))
    palette, grey = colour.quantize(200), colour.convert("L")
    wide = cv2.imencode(".png", np.asarray(colour)[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()
    wide_grey = cv2.imencode(".png", np.asarray(grey).astype(np.uint16) * 257)[1].tobytes()
    see_through = colour.convert("RGBA")
    see_through.putalpha(grey)
    over_white = Image.alpha_composite(Image.new("RGBA", colour.size, "white"), see_through).convert("RGB")
    measured = {
        "16 bits": (wide, colour),
        "16 bits of grey": (wide_grey, grey),
        "palette": (saved(palette), palette.convert("RGB")),
        "opaque": (saved(colour.convert("RGBA")), colour),
        "opaque grey": (saved(grey.convert("LA")), Image.merge("RGB", [grey] * 3)),
    }
    for kind, (data, twin) in measured.items():
        assert imagegate.check(data).measurements == imagegate.check(saved(twin)).measurements, kind
    ours, twins = (imagegate.check(data).measurements for data in (saved(see_through), saved(over_white)))
    assert ours.luma_mean == pytest.approx(twins.luma_mean, abs=0.5)  # of 255: each rounds by itself
    assert ours.laplacian_variance == pytest.approx(twins.laplacian_variance, rel=0.01)


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


@given(
    st.integers(1, 65535),
    st.integers(1, 65535),
    st.sampled_from([0xC0, 0xC1, 0xC2]),
    st.sampled_from([1, 3, 4]),
    st.lists(st.integers(1, 255), min_size=64, max_size=64),
    st.lists(st.tuples(st.integers(0xE2, 0xED), st.binary(max_size=40)), max_size=4),
    st.integers(0, 5),
)
def test_the_header_of_a_jpeg_is_what_was_written(width, height, frame, channels, table, segments, fill):  # noqa: PLR0913, PLR0917
    """ITU-T T.81, annex B: fill bytes may stand before any marker."""
    components = b"".join(bytes([number, 0x11, 0]) for number in range(1, channels + 1))
    parts = [
        *(segment(marker, body) for marker, body in segments),
        segment(0xDB, b"\0" + bytes(table)),
        segment(frame, struct.pack(">BHHB", 8, height, width, channels) + components),
        segment(0xDA, bytes([channels, *(byte for n in range(1, channels + 1) for byte in (n, 0)), 0, 63, 0])),
    ]
    data = b"\xff\xd8" + b"".join(b"\xff" * fill + part for part in parts) + b"\0\xff\xd9"
    header = read(memoryview(data))

    assert (header.format, header.width, header.height, header.channels) == ("jpeg", width, height, channels)
    assert header.progressive == (frame == 0xC2)
    assert header.metadata_size == sum(len(body) for _, body in segments)
    assert sorted(header.quantisation[0]) == sorted(table)
