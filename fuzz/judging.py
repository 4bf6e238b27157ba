"""Judge one input: time and memory linear in it, the same answer twice, and nothing of it in the answer."""

from __future__ import annotations

import ast
import base64
import math
import re
import time
import tracemalloc
import zlib
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.targets import Target

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "imagegate"
# Characters of the input that an answer must not repeat: fewer occur by chance, in numbers and names.
RUN: Final = 12
# Characters from one run that is looked for to the next: any repetition of 15 is found, in a quarter of the time.
STEP: Final = 4
# Bytes of a stretched input. Where each byte costs as much as all before it, even in C, this takes seconds.
STRETCHED: Final = 1 << 16
LONGEST_UNIT: Final = 16
# A run of fewer different characters is a repetition, as rows of zeros are, and also stands in numbers.
LEAST_DIFFERENT: Final = 4
_NUMBER: Final = re.compile(r"[\d\s.,:+\-eE]*")
_WORD: Final = re.compile(r"[\w/+-]+")


class Cost(NamedTuple):
    """What one answer cost, or may cost.

    Attributes:
        seconds: Processor time.
        mebibytes: The most memory that Python and NumPy held at once; infinite where it is not measured.
    """

    seconds: float
    mebibytes: float


class Budget(NamedTuple):
    """What an answer may cost, linear in the length of the input: at least ten times what the seeds cost.

    Attributes:
        constant: For any input.
        per_mebibyte: For each MiB of it.
    """

    constant: Cost
    per_mebibyte: Cost

    def of(self, length: int) -> Cost:
        """The most that an answer to an input of `length` bytes may cost."""
        mebibytes = length / (1 << 20)
        return Cost(*(fixed + mebibytes * rate for fixed, rate in zip(self.constant, self.per_mebibyte, strict=True)))


def judge(target: Target, data: bytes, *, thorough: bool = True) -> None:
    """Answer one input twice.

    Args:
        target: The parser.
        data: The input.
        thorough: Whether memory is measured too, and the input is judged stretched: five times the cost.

    Raises:
        AssertionError: The answers differ, repeat the input, or cost more than the target's budget.
    """
    said = _within_time(target, data)
    assert said == (_within_memory if thorough else _said)(target, data), "two answers to the same input differ"
    # No text of the input in this message: a find may be a photo.
    assert target.echoes or not repeats(msgspec.json.decode(said), data), "the answer repeats a part of the input"
    if thorough and data:
        _within_time(target, stretched(data))


def stretched(data: bytes) -> bytes:
    """The input with a few bytes of it repeated up to STRETCHED; its checksum decides which."""
    choice = zlib.crc32(data)
    at, length = (choice >> 4) % len(data), 1 + choice % LONGEST_UNIT
    unit = data[at : at + length]
    return data[:at] + unit * (STRETCHED // len(unit)) + data[at:]


def repeats(said: Any, data: bytes) -> bool:
    """Whether a text in an answer holds a run of the input: raw, in Base64, in hexadecimal, or as Python's repr().

    Numbers cannot hold one. Runs of words that imagegate's own texts hold are no evidence: a body may quote an error
    message, and the fuzzer copies what it sees compared.
    """
    payload = b"\n".join([data, *_base64s(data), data.hex().encode(), repr(data)[2:-1].encode()])
    texts = (text for text in set(_texts(said)) if len(text) >= RUN and not _is_own(text))
    runs = (text[at : at + RUN] for text in texts for at in range(0, len(text) - RUN + 1, STEP))
    return any(run.encode() in payload and _is_evidence(run) for run in runs)


def _is_evidence(run: str) -> bool:
    return len(set(run)) >= LEAST_DIFFERENT and not _NUMBER.fullmatch(run) and not all(map(_is_own, _WORD.findall(run)))


def _texts(said: Any) -> Iterator[str]:
    """Every text in plain containers; keys too, as they may come from the input."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict):
        for key, value in said.items():
            yield key
            yield from _texts(value)
    elif isinstance(said, list):
        for value in said:
            yield from _texts(value)


def _base64s(data: bytes) -> Iterator[bytes]:
    """The input in Base64 at each of the three places where a group can begin."""
    for start in range(3):
        yield base64.b64encode(data[start:])


@lru_cache(1 << 12)  # a search takes 0.1 ms, and most texts of most answers are the same
def _is_own(text: str) -> bool:
    return text in _own_texts()


@cache
def _own_texts() -> str:
    """Every text in the package: constants of its modules, translations and profiles."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.toml"))]
    for path in sorted(PACKAGE.rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        texts += [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return "\n".join(texts)


def _said(target: Target, data: bytes) -> bytes:
    return msgspec.json.encode(target.answer(data))


def _within_time(target: Target, data: bytes) -> bytes:
    """The answer; by the better of two tries, as the first of a process also pays for imports."""
    most = target.budget.of(len(data)).seconds
    for _ in range(2):
        start = time.process_time()
        said = _said(target, data)
        seconds = time.process_time() - start
        if seconds <= most:
            return said
    raise AssertionError(f"{seconds:.2f} s of processor time where {most:.2f} s are allowed")


def _within_memory(target: Target, data: bytes) -> bytes:
    most = target.budget.of(len(data)).mebibytes
    if math.isinf(most):
        return _said(target, data)
    tracemalloc.start()
    try:
        said = _said(target, data)
        mebibytes = tracemalloc.get_traced_memory()[1] / (1 << 20)
    finally:
        tracemalloc.stop()
    assert mebibytes <= most, f"{mebibytes:.1f} MiB where {most:.1f} MiB are allowed"
    return said
