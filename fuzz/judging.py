"""Judge one input: bounded time and memory, the same answer twice, and nothing of the input in it."""

from __future__ import annotations

import ast
import base64
import re
import time
import tracemalloc
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fuzz.targets import Target

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "imagegate"
# Characters of the input that an answer must not repeat: fewer occur by chance, in numbers and names.
RUN: Final = 12
# Characters from one run that is looked for to the next: any repetition of 15 is found, in a quarter of the time.
STEP: Final = 4
# A run of fewer different characters is a repetition, as rows of zeros are, and also stands in numbers.
LEAST_DIFFERENT: Final = 4
_NUMBER: Final = re.compile(r"[\d\s.,:+\-eE]*")
_WORD: Final = re.compile(r"[\w/+-]+")


class Cost(NamedTuple):
    """What one answer cost, or may cost.

    Attributes:
        seconds: Processor time.
        mebibytes: The most memory that Python and NumPy held at once.
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


def judge(target: Target, data: bytes, *, memory: bool = True) -> None:
    """Answer one input twice.

    Args:
        target: The parser.
        data: The input.
        memory: Whether memory is measured too, which triples the time of the second answer.

    Raises:
        AssertionError: The answers differ, repeat the input, or cost more than the target's budget.
    """
    most = target.budget.of(len(data))
    said, seconds = _timed(target.answer, data)
    again, mebibytes = _traced(target.answer, data) if memory else (_timed(target.answer, data)[0], 0.0)
    if seconds > most.seconds:
        # The first answer of a process also pays for imports.
        seconds = min(seconds, _timed(target.answer, data)[1])
    assert seconds <= most.seconds, f"{seconds:.2f} s of processor time where {most.seconds:.2f} s are allowed"
    assert mebibytes <= most.mebibytes, f"{mebibytes:.1f} MiB where {most.mebibytes:.1f} MiB are allowed"
    assert said == again, "two answers to the same input differ"
    # No text of the input in this message: a find may be a photo.
    assert target.echoes or not repeats(msgspec.json.decode(said), data), "the answer repeats a part of the input"


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


def _timed(answer: Callable[[bytes], Any], data: bytes) -> tuple[bytes, float]:
    start = time.process_time()
    said = answer(data)
    return msgspec.json.encode(said), time.process_time() - start


def _traced(answer: Callable[[bytes], Any], data: bytes) -> tuple[bytes, float]:
    tracemalloc.start()
    try:
        said = answer(data)
        return msgspec.json.encode(said), tracemalloc.get_traced_memory()[1] / (1 << 20)
    finally:
        tracemalloc.stop()
