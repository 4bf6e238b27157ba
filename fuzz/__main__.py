"""Fuzz imagegate: `python -m fuzz NAME --seconds N`, `python -m fuzz smoke`, `python -m fuzz corpus DIR`.

A run of NAME ends with the time or at the first find, which is kept in tests/finds, where a test checks it from then
on. Inputs that reached more than the seeds are kept in build/fuzz, where the next run continues.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz import engine

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0, or 1 for a find or a target that is not alive, 2 for misuse, 3 where Atheris is not installed.
    """
    parser = argparse.ArgumentParser(prog="fuzz", description="Fuzz imagegate.")
    parser.add_argument("name", help="a target; smoke: all targets, briefly; corpus: all targets over a folder")
    parser.add_argument("folder", type=Path, nargs="?", help="the folder of corpus")
    parser.add_argument("--seconds", type=int, default=60, help="how long a target runs (default: 60)")
    parser.add_argument("--runs", type=int, help="executions of a target, in place of --seconds")
    parser.add_argument("--from-nothing", action="store_true", help="begin a target without seeds")
    options = parser.parse_args(arguments)
    if (options.name == "corpus") != (options.folder is not None):
        parser.error("corpus takes one folder, all else takes none")
    if options.name == "corpus":
        from fuzz import folder  # noqa: PLC0415 - imports imagegate, which a target imports instrumented

        return folder.judge_all(options.folder)
    if options.name == "smoke":
        from fuzz import smoke  # noqa: PLC0415 - likewise

        return smoke.run()
    length = engine.Length("max_total_time", options.seconds)
    if options.runs is not None:
        length = engine.Length("runs", options.runs)
    return engine.fuzz(options.name, length, from_nothing=options.from_nothing)


if __name__ == "__main__":
    sys.exit(main())
