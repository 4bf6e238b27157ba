"""Run one target in libFuzzer, by way of Atheris: it follows which branches of imagegate an input reaches."""

from __future__ import annotations

import sys
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from fuzz.judging import PACKAGE, ROOT, judge

if TYPE_CHECKING:
    from types import ModuleType

    from fuzz.targets import Target

FINDS: Final = ROOT / "tests" / "finds"
KEPT: Final = ROOT / "build" / "fuzz"
TIMEOUT: Final = 30  # seconds of wall-clock time for one input; its processor time has a budget
MEBIBYTES: Final = 800  # of the process: 300 are taken before the first input
LONGEST: Final = 1 << 14  # bytes of an input
THOROUGH: Final = 8  # one input in so many is judged thoroughly
UNAVAILABLE: Final = 3
MISSING: Final = """\
fuzz: atheris is not installed. pip install -e '.[fuzz]' brings it where there is a wheel for this Python (Linux on
x86_64, Python 3.11 to 3.13, in December 2026); elsewhere it is built with clang: https://github.com/google/atheris
"""


class Length(NamedTuple):
    """How long a target runs: libFuzzer's flag, and its value."""

    flag: str
    value: int


def fuzz(name: str, length: Length, *, from_nothing: bool) -> int:
    """Run one target. libFuzzer ends the process itself: with 0, or at a find with another code.

    Args:
        name: One of `targets.TARGETS`.
        length: How long it runs.
        from_nothing: Begin without seeds, and keep nothing but finds.

    Returns:
        2 if there is no such target, UNAVAILABLE without Atheris.
    """
    atheris = _atheris()
    if atheris is None:
        sys.stderr.write(MISSING)
        return UNAVAILABLE
    # To the end of the run, because imagegate imports some of its modules when they are needed.
    with atheris.instrument_imports(include=["imagegate"], exclude=kernel_modules()):
        from fuzz import seeds  # noqa: PLC0415 - imports what is instrumented
        from fuzz.targets import TARGETS  # noqa: PLC0415

        if name not in TARGETS:
            sys.stderr.write(f"fuzz: no target is named {name!r}; there are: {', '.join(TARGETS)}\n")
            return 2
        target = TARGETS[name]
        for seed in target.seeds():
            judge(target, seed)  # imports and compiles, which no input is to pay for
        # A brief run must not be held to the lengths of a few bytes that libFuzzer begins with.
        more = ["-len_control=0", "-seed=1"]
        if not from_nothing:
            seeds.write(target.seeds(), KEPT / name)
            more = [str(KEPT / name)]
        (FINDS / name).mkdir(parents=True, exist_ok=True)
        flags = [*_flags(name, length), *_dictionary(name, target)]
        atheris.Setup(["fuzz", *flags, *more], lambda data: _judge(target, data))
        atheris.Fuzz()
    return 0


def kernel_modules() -> list[str]:
    """The modules with kernels: Numba compiles their byte code, which must stay as Python wrote it."""
    return [
        ".".join(("imagegate", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in sorted(PACKAGE.rglob("*.py"))
        if "@kernel\n" in path.read_text(encoding="utf-8")
    ]


def _judge(target: Target, data: bytes) -> None:
    judge(target, data, thorough=zlib.crc32(data[::-1]) % THOROUGH == 0)


def _atheris() -> ModuleType | None:
    try:
        import atheris  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return atheris


def _flags(name: str, length: Length) -> list[str]:
    flags = {
        length.flag: length.value,
        "timeout": TIMEOUT,
        "rss_limit_mb": MEBIBYTES,
        "max_len": LONGEST,
        "print_final_stats": 1,
        "artifact_prefix": f"{FINDS / name}/",
    }
    return [f"-{flag}={value}" for flag, value in flags.items()]


def _dictionary(name: str, target: Target) -> list[str]:
    """The flag for the words of a target, written as libFuzzer reads them."""
    if not target.words:
        return []
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{name}.dict"
    path.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    return [f"-dict={path}"]


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)
