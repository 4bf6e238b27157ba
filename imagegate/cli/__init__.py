"""The command line: `imagegate`, also `python -m imagegate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import NoReturn

__all__ = ["ExitCode", "main"]


class ExitCode(IntEnum):
    """What the shell is told."""

    PASSED = 0
    REJECTED = 1
    MISUSE = 2
    INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code.

    Args:
        argv: The arguments; those of the process if None.
    """
    try:
        # Whoever presses Ctrl-C while the commands load has interrupted them no less.
        from imagegate.cli.running import run  # noqa: PLC0415

        code = run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    sys.exit(code)
