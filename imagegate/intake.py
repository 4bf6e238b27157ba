"""What the caller handed over, to encoded bytes or to pixels: Base64, data: URI, path, file, PIL image, NumPy array."""

from __future__ import annotations

import os
import re
import stat
import string
import sys
from types import MappingProxyType
from typing import Any, Final, TypeGuard

import numpy as np
import PIL.Image
import pybase64
from msgspec.structs import replace

from imagegate.causes import Unreadable
from imagegate.header.sniff import sniff
from imagegate.pil import encoded_of
from imagegate.policy import Policy
from imagegate.privacy import Unprinted, may_be_a_photo
from imagegate.stepwise import end_of
from imagegate.words import Phrase

ACCEPTED: Final = (
    "Base64 text (str), bytes, a path (os.PathLike), a binary file object, a PIL image or a NumPy array "
    "(H, W) or (H, W, 3) of uint8 or uint16"
)

# A few characters tell Base64 from a picture: every format announces itself in fewer bytes.
PEEK: Final = 64
# Of these, so many are Base64's in a text that was damaged on its way; of a sentence, fewer are, for it has blanks.
MOSTLY: Final = 0.9
BYTE_FORMATS: Final = ("B", "b", "c")
READ_SIZE: Final = 1 << 24
LONGEST_NAME: Final = 4096  # PATH_MAX
LONGEST_HEAD: Final = 4096  # of a data: URI
WHITESPACE: Final = b" \t\n\r\v\f"
BLANKS: Final = WHITESPACE.decode()
KNOWN_STRANGERS: Final = MappingProxyType(
    {
        b'"': Phrase("quotes do not belong to it"),
        b"'": Phrase("quotes do not belong to it"),
        b"%": Phrase("it is percent-encoded"),
    }
)
IGNORED: Final = f"{BLANKS}="
BYTE_ORDER_MARK: Final = "\ufeff"

_ALPHABET: Final = string.ascii_letters + string.digits + "+/-_=\t\r\n\v\f"
_LETTERS: Final = [bytes([character]) for character in _ALPHABET.encode()]
# What the text of `_decode_repaired` may hold: padding is at its end alone, and gone there.
_TAKEN: Final = _ALPHABET.replace("=", " ").encode()
# Of a text every line end as one, and every other character as one.
_SHAPE: Final = bytes(32 if code == 32 else 10 if chr(code) in BLANKS else 120 for code in range(256))  # noqa: PLR2004
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_BLANK: Final = re.compile(r"[ \t\n\r\v\f]{0,65536}+")
_BYTES_REPR: Final = re.compile(r"b['\"]")
_DATA_URI: Final = re.compile(r"data:(?P<type>[^,;]{0,200})(?:;[^,;]{0,200}){0,16};\s*base64\s*,", re.IGNORECASE)
_ANNOUNCED: Final = re.compile(rb"\s*(?:b['\"]|data:[^,]*,?)", re.IGNORECASE)
# A dot, a tilde or a colon is never Base64. A leading slash is, but so short a text is no picture.
_PATH: Final = re.compile(r"/[^\n=]{0,80}|(?:~|\.{1,2}[/\\]|[A-Za-z]:\\)[^\n]*|[^\n]*\.\w{1,5}")


class Received(Unprinted, frozen=True, kw_only=True):
    """What came in. Either `data` or `pixels` is set; neither where it is larger than the policy reads.

    Attributes:
        data: The encoded picture.
        pixels: A picture that was handed over decoded.
        base64_length: Length of the Base64 text in characters, without the head of a data: URI; None if there was none.
        file_size: Length of the encoded picture in bytes; None where unknown or where there is none.
        is_data_uri: True for a data: URI, False for bare Base64, None for all else.
        declared: The media type a data: URI declares, in lower case; "" if it declares none.
    """

    data: memoryview | None = None
    pixels: np.ndarray[Any, Any] | PIL.Image.Image | None = None
    base64_length: int | None = None
    file_size: int | None = None
    is_data_uri: bool | None = None
    declared: str = ""


def receive(image: object, policy: Policy) -> Received:
    """Take in whatever `check()` was called with.

    Args:
        image: See `imagegate.check`.
        policy: Its limits on the file decide how much is read.

    Raises:
        Unreadable: There is no picture, or its text is not Base64.
        TypeError: `image` is none of the kinds that are accepted.
        ValueError: `image` is of a right kind, but cannot be used: an array of a wrong shape, a folder.
        OSError: A path cannot be opened.
    """
    if isinstance(image, str):
        return _from_str(image, policy)
    if isinstance(image, np.ndarray):
        return Received(pixels=_checked_array(image))
    if isinstance(image, os.PathLike):
        return _from_path(image, policy)
    view = _view(image)
    if view is not None:
        return _from_bytes(view, policy)
    if _is_pil(image):
        data = encoded_of(image, lambda file: read_bounded(file, policy))
        return Received(pixels=image) if data is None else _from_bytes(data, policy)
    if hasattr(image, "read") and not isinstance(image, type):
        return _from_bytes(read_bounded(image, policy), policy)
    raise TypeError(f"image must be {ACCEPTED}; got {type(image).__name__}")


def _is_pil(image: object) -> TypeGuard[PIL.Image.Image]:
    """Whoever hands over a PIL image has imported Pillow; nobody else pays for that import."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(image, pillow.Image)


def _checked_array(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # Readers of TIFF and FITS give big-endian samples.
    native = image.dtype.newbyteorder("=")
    if native not in (np.uint8, np.uint16) or isinstance(image, np.ma.MaskedArray):
        raise TypeError(f"image must be an array of uint8 or uint16, got {type(image).__name__} of {image.dtype}")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):  # noqa: PLR2004 - H, W, RGB
        raise ValueError(f"image must be an array of shape (H, W) or (H, W, 3) in RGB order, got {image.shape}")
    if not image.size:
        raise Unreadable("image_missing", Phrase("The array has no pixels."))
    return np.asarray(image, native)


def _view(image: Any) -> memoryview | None:
    """The bytes of a bytes-like object, without a copy where they lie in order; None for all else."""
    try:
        view = memoryview(image)
    except TypeError:
        return None
    # Numbers are buffers too: NumPy's scalars, arrays of floats.
    if view.ndim == 0 or view.format not in BYTE_FORMATS:
        return None
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def _from_path(path: os.PathLike[str], policy: Policy) -> Received:
    name = os.fsdecode(path)
    if "\0" in name:
        raise ValueError("image must be the path of a file, and no path has a null character")
    try:
        return _from_file(name, policy)
    except OSError as error:
        if not may_be_a_photo(name):
            raise
        # Base64 given as a path by mistake: the system's message would repeat it.
        raise type(error)(error.errno, error.strerror, "a path that looks like Base64 text") from None


def _from_file(name: str, policy: Policy) -> Received:
    mode = os.stat(name).st_mode  # noqa: PTH116 - may be bytes
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise ValueError(f"image must be a picture file, but {name!r} is {kind}")
    with open(name, "rb") as file:  # noqa: PTH123 - may be bytes
        size = os.fstat(file.fileno()).st_size
        if size > _read_limit(policy):
            return Received(file_size=size)
        return _from_bytes(read_bounded(file, policy), policy)


def _read_limit(policy: Policy) -> float:
    """A file may hold the picture or its Base64 text, so the larger of the two limits is read."""
    return max(policy.ceiling("file_size"), policy.ceiling("base64_length"))


def read_bounded(file: Any, policy: Policy) -> memoryview:
    """Read a binary file to its end, or to one byte past what the policy takes; raw files give less than asked for."""
    left = min(_read_limit(policy) + 1, sys.maxsize)
    parts: list[bytes] = []
    while left > 0 and (part := _read_part(file, min(int(left), READ_SIZE))):
        parts.append(part)
        left -= len(part)
    return memoryview(parts[0] if len(parts) == 1 else b"".join(parts))


def _read_part(file: Any, size: int) -> bytes:
    try:
        part = file.read(size)
    except ValueError:
        raise ValueError("image must be a file that is open for reading") from None
    if not isinstance(part, (bytes, bytearray)):
        raise TypeError(f"image must be a file opened in binary mode; read() gave {type(part).__name__}")
    return bytes(part)


def _from_bytes(data: memoryview, policy: Policy) -> Received:
    if not data.nbytes:
        raise Unreadable("image_missing", Phrase("There is nothing in it: 0 bytes."))
    if sniff(data) is None and _is_text(bytes(data[:LONGEST_HEAD])):
        if _is_too_long(data.nbytes, policy):
            return Received(base64_length=data.nbytes)
        # One character a byte, whatever it is, so that every position is that of the byte.
        return _from_text(str(data, "latin-1").replace(BYTE_ORDER_MARK.encode().decode("latin-1"), "   ", 1), policy)
    if data.nbytes > policy.ceiling("file_size"):
        return Received(file_size=data.nbytes)
    return Received(data=data, file_size=data.nbytes)


def _from_str(text: str, policy: Policy) -> Received:
    if _looks_like_path(text):
        message = Phrase(
            "The text looks like a path, and a str is always taken as Base64: to check a file, pass pathlib.Path(...)."
        )
        raise Unreadable("base64_invalid", message)
    if _is_too_long(len(text), policy):
        return Received(base64_length=len(text))
    # A blank in its place keeps every position what it was.
    return _from_text(text.replace(BYTE_ORDER_MARK, " ", 1), policy)


def _is_too_long(length: int, policy: Policy) -> bool:
    """Whether text is longer than the policy takes whatever its head: then it is not even copied."""
    return length > policy.ceiling("base64_length") + LONGEST_HEAD


def _is_text(head: bytes) -> bool:
    """Whether bytes are meant as Base64: what announces itself as such, or a line of it with some stray character."""
    head = head.replace(BYTE_ORDER_MARK.encode(), b"", 1).lstrip()[:PEEK]
    announced = _ANNOUNCED.match(head) is not None
    letters = sum(map(head.count, _LETTERS))
    return announced or (head.isascii() and b" " not in head.strip() and letters >= MOSTLY * len(head))


def _looks_like_path(text: str) -> bool:
    return len(text) <= LONGEST_NAME and _PATH.fullmatch(text) is not None


def _from_text(text: str, policy: Policy) -> Received:
    """Base64 text, in a data: URI or bare, to the encoded picture.

    Bare text is decoded from where it lies: a copy of it takes as long as half the decoding.
    """
    blanks = end_of(_BLANK, text, 0)
    if blanks == len(text):
        raise Unreadable("image_missing", Phrase("The text is empty."))
    if _BYTES_REPR.match(text, blanks):
        message = Phrase(
            "The text begins with b' as Python's str() of bytes does: call .decode('ascii') on the bytes instead."
        )
        raise Unreadable("base64_invalid", message)
    start, declared = _data_uri_head(text, blanks)
    body = text[start:]
    known = Received(base64_length=len(body), is_data_uri=declared is not None, declared=declared or "")
    if len(body) > policy.ceiling("base64_length"):
        return known
    size = _decoded_length(body, policy.ceiling("file_size"))
    if size > policy.ceiling("file_size"):
        return replace(known, file_size=size)
    data = _decode_base64(body, start)
    if not data:
        raise Unreadable("image_missing", Phrase("The text encodes nothing: 0 bytes."))
    _refuse_double_encoding(data)
    return replace(known, data=memoryview(data), file_size=len(data))


def _data_uri_head(text: str, blanks: int) -> tuple[int, str | None]:
    """Where the Base64 behind the blanks begins and which type is declared (RFC 2397); None for bare Base64."""
    head = _DATA_URI.match(text[blanks : blanks + LONGEST_HEAD])
    if head is None:
        if text[blanks : blanks + 5].lower() == "data:":
            message = Phrase("The data: URI has no ';base64,' in its first {count:,} characters.", count=LONGEST_HEAD)
            raise Unreadable("base64_invalid", message)
        return blanks, None
    return blanks + head.end(), head["type"].strip().lower()


def _decoded_length(body: str, enough: float) -> int:
    """What Base64 text encodes, in bytes, before anything is decoded: exact where it is more than `enough`."""
    at_most = len(body) * 3 // 4
    if at_most <= enough:
        return at_most
    return (len(body) - sum(map(body.count, IGNORED))) * 3 // 4


def _decode_base64(body: str, start: int) -> bytes:
    """Strict first: 0.2 ms for a 12-megapixel JPEG. What people really send is repaired only when that fails."""
    try:
        return pybase64.b64decode(body, validate=True)
    except ValueError:
        # Whatever is not of one byte becomes a "?", which is not of the alphabet either.
        return _decode_repaired(body.encode("latin-1", "replace"), start)


def _decode_repaired(body: bytes, start: int) -> bytes:
    """Base64 with wrapped lines, without padding or in the URL-safe alphabet (RFC 4648, sections 3.1, 3.2 and 5)."""
    content = body.rstrip(b"=" + WHITESPACE)
    plain = content.translate(_FROM_URL_SAFE, WHITESPACE)
    try:
        data = pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise _fault(content, len(plain), start) from None
    if _has_inner_blank(content):
        raise _fault(content, len(plain), start)
    return data


def _has_inner_blank(content: bytes) -> bool:
    """Whether a line has a blank within it, where something else stood; it may be indented.

    By translation and search, for a pattern takes ten times as long, and holds the GIL until it ends.
    """
    if b" " not in content:
        return False
    shape = content.translate(_SHAPE)
    while b"  " in shape:
        shape = shape.replace(b"  ", b" ")
    return b"x x" in shape


def _fault(content: bytes, length: int, start: int) -> Unreadable:
    """Why Base64 text could not be repaired; looked for only then."""
    wrong = content.translate(None, _TAKEN)[:1]
    if wrong:
        return _not_base64(start + content.index(wrong), wrong)
    if _has_inner_blank(content):
        message = Phrase("The text has blanks in it: sent as a form, each '+' of Base64 becomes a blank.")
    else:
        message = Phrase(
            "The text ends inside a character group: {length:,} Base64 characters encode no whole bytes.", length=length
        )
    return Unreadable("base64_invalid", message)


def _not_base64(position: int, character: bytes) -> Unreadable:
    at, why = position + 1, KNOWN_STRANGERS.get(character)
    if why is None:
        message = Phrase("Character {at:,} of the text is not one of the Base64 alphabet.", at=at)
    else:
        message = Phrase("Character {at:,} of the text is not one of the Base64 alphabet: {why}.", at=at, why=why)
    return Unreadable("base64_invalid", message)


def _refuse_double_encoding(data: bytes) -> None:
    """Base64 of Base64: what was decoded is again the text of a picture, perhaps of one encoded once more."""
    first = head = data[:LONGEST_HEAD].replace(BYTE_ORDER_MARK.encode(), b"", 1).lstrip(WHITESPACE)[:PEEK]
    while sniff(memoryview(head)) is None:
        announced = _ANNOUNCED.match(head)
        inner = head[announced.end() if announced else 0 :].translate(_FROM_URL_SAFE, WHITESPACE)
        try:
            head = pybase64.b64decode(inner[: len(inner) // 4 * 4], validate=True)
        except ValueError:
            return
        if not head:
            return
    if head != first:
        message = Phrase("The picture was encoded as Base64 twice or more; encode it once.")
        raise Unreadable("base64_invalid", message)
