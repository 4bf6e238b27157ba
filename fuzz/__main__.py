"""Fuzz check() for some time: `python -m fuzz NAME --seconds N`.

It ends with the time or at the first find, which is kept in tests/finds, where a test checks it from then on. What
led further than the seeds is kept in build/fuzz, where the next run goes on.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from fuzz.corpus import ROOT, written

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES: Final = ("base64", "jpeg", "png")
SECONDS: Final = 2  # for each call of check()
MEGABYTES: Final = 600  # 230 are taken before the first picture
LONGEST: Final = 1 << 14
MISSING: Final = """\
fuzz: atheris is not installed. pip install -e '.[fuzz]' brings it where there is a wheel for this Python (Linux on
x86_64, Python 3.11 to 3.13, in August 2026); elsewhere it is built with clang: https://github.com/google/atheris
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; libFuzzer ends the process itself, with 0 or, at a find, with 77."""
    parser = argparse.ArgumentParser(prog="fuzz", description="Fuzz check() for some time.")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args(arguments)
    try:
        import atheris  # noqa: PLC0415 - an extra
    except ImportError:
        sys.stderr.write(MISSING)
        return 2

    import imagegate.kernels  # noqa: PLC0415 - before the others: Numba compiles byte code, and this must stay as it is

    with atheris.instrument_imports(include=["imagegate"]):
        from fuzz.targets import CALLS, TARGETS  # noqa: PLC0415 - imports what is watched

        imagegate.warmup()  # imports the rest of it
    corpus, finds = ROOT / "build" / "fuzz" / options.name, ROOT / "tests" / "finds" / options.name
    written(options.name, corpus)
    finds.mkdir(parents=True, exist_ok=True)
    settings = {
        "max_total_time": options.seconds,
        "timeout": SECONDS * CALLS,
        "rss_limit_mb": MEGABYTES,
        "max_len": LONGEST,
        "print_final_stats": 1,
        "artifact_prefix": f"{finds}/",
    }
    flags = [f"-{name}={value}" for name, value in settings.items()]
    atheris.Setup(["fuzz", *flags, str(corpus)], TARGETS[options.name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
