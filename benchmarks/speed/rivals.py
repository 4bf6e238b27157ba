"""What check() is raced against on one picture: the work that cannot be avoided, and what people paste."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias
from unittest.mock import patch

import cv2
import numpy as np
import simplejpeg

import imagegate

if TYPE_CHECKING:
    from benchmarks.speed.pictures import Photo

CHECK = "check()"
DECODER = "decoder alone"
FLOOR = "entropy floor"
RECIPE = "pasted recipe"
TO_GREY = "cv2.imdecode to grey"

Run: TypeAlias = Callable[[], object]


def yardstick(photo: Photo) -> dict[str, Run]:
    """The first contender of every race on a picture."""
    return {CHECK: functools.partial(imagegate.check, photo.text)}


def contenders(photo: Photo) -> dict[str, Run]:
    """What every installation can race on one picture."""
    known: dict[str, Run] = {}
    if photo.data.startswith(b"\x89PNG"):
        known[TO_GREY] = functools.partial(cv2.imdecode, np.frombuffer(photo.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    else:
        known[DECODER] = decoder_alone(photo)
        known[FLOOR] = functools.partial(entropy_floor, photo.data)
    return yardstick(photo) | known | {RECIPE: functools.partial(pasted_recipe, photo.text)}


def decoder_alone(photo: Photo) -> Run:
    """The very call of the decoder that check() makes: same scale, same channels, and nothing else."""
    with patch.object(simplejpeg, "decode_jpeg", wraps=simplejpeg.decode_jpeg) as spy:
        imagegate.check(photo.text)
    (call,) = spy.call_args_list
    return functools.partial(simplejpeg.decode_jpeg, photo.data, *call.args[1:], **call.kwargs)


def entropy_floor(data: bytes) -> object:
    """Decode at 1/8, luma only: the Huffman decoding of every bit, and next to nothing else."""
    return simplejpeg.decode_jpeg(data, "GRAY", fastupsample=True, min_height=1, min_width=1)


def pasted_recipe(text: str) -> bool:
    """What answers to "opencv detect blurry image" have in common, fed from Base64."""
    buffer = np.frombuffer(base64.b64decode(text), np.uint8)
    grey = cv2.cvtColor(cv2.imdecode(buffer, cv2.IMREAD_COLOR), cv2.COLOR_BGR2GRAY)
    return bool(cv2.Laplacian(grey, cv2.CV_64F).var() >= 100)
