"""The targets: for each parser that strangers' bytes reach, what is called, its seeds, and what an answer may cost."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fuzz import answers, seeds, words
from fuzz.judging import Budget, Cost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Target(NamedTuple):
    """One parser.

    Attributes:
        answer: Everything that is said of an input, in plain containers; raises what would be a find.
        seeds: Inputs to begin with, the same in each run.
        budget: What one answer may cost.
        runs: Executions of `python -m fuzz smoke`.
        words: What the fuzzer would hardly guess, as the parser's C code compares it unseen.
        echoes: Whether the answer may repeat the input, because that comes from a trusted person.
    """

    answer: Callable[[bytes], Any]
    seeds: Callable[[], Iterable[bytes]]
    budget: Budget
    runs: int
    words: tuple[bytes, ...] = ()
    echoes: bool = False


# A picture costs by its pixels too, which a few bytes can state: the policy's limits on pixels bound the constant part.
PIXELS: Final = Budget(Cost(seconds=2, mebibytes=200), Cost(seconds=3, mebibytes=64))
TEXT: Final = Budget(Cost(seconds=0.2, mebibytes=8), Cost(seconds=10, mebibytes=64))
# Python's TOML parser takes the square of the parts of one key: 0.5 s for the longest policy that is read.
TRUSTED: Final = Budget(Cost(seconds=4, mebibytes=32), Cost(seconds=0, mebibytes=64))
# The scan has threads, and where one ends while tracemalloc stops, CPython before 3.13.2 crashes (gh-128679).
THREADS: Final = Budget(Cost(seconds=1, mebibytes=math.inf), Cost(seconds=20, mebibytes=0))
# A row of three bytes is a record of its own, which takes 0.1 ms under Atheris's instruments.
ROWS: Final = Budget(Cost(seconds=1, mebibytes=math.inf), Cost(seconds=100, mebibytes=0))

TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "base64": Target(answers.base64, seeds.base64_texts, PIXELS, 2000),
        "jpeg": Target(answers.picture, seeds.jpegs, PIXELS, 2000),
        "png": Target(answers.png, seeds.pngs, PIXELS, 2000),
        "exif": Target(answers.exif, seeds.exif_blocks, PIXELS, 2000),
        "icc": Target(answers.icc, seeds.icc_profiles, PIXELS, 2000),
        "heif": Target(answers.heif, seeds.heif_files, PIXELS, 2000),
        "payload": Target(answers.payload, seeds.payloads, PIXELS, 2000, words.JSON),
        "form": Target(answers.form, seeds.forms, PIXELS, 2000, words.FORM),
        "explain": Target(answers.explain, seeds.saved_answers, TEXT, 2000, words.ANSWER),
        "policy": Target(answers.policy, seeds.policies, TRUSTED, 2000, words.POLICY, echoes=True),
        "archive": Target(answers.archive, seeds.archives, THREADS, 1000, words.ARCHIVE),
        "table": Target(answers.table, seeds.tables, ROWS, 1000, words.TABLE),
        "accept_language": Target(answers.accept_language, seeds.languages, TEXT, 2000, words.LANGUAGE),
    }
)
