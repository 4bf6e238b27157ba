"""One run of the command line: whatever becomes of it ends in an exit code, and trouble in one line."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import typer

from imagegate.cli import ExitCode
from imagegate.cli.commands import app
from imagegate.cli.inputs import LOOKS_LIKE_BASE64, Misuse, looks_like_base64, shortened
from imagegate.cli.output import FULL, PIPE_CLOSED, complain, discard_results, make_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

# Typer brings a copy of Click or imports it, depending on its version; either way this is the base of its errors.
_UsageError: Final = cast("type[Exception]", typer.BadParameter.__mro__[2])
_LONGEST_USAGE: Final = 200


def run(argv: Sequence[str]) -> int:
    """Run a command.

    Returns:
        The exit code; no error leaves this function but an interrupt.
    """
    make_safe()
    command: Any = typer.main.get_command(app)
    try:
        code: int | None = command.main(argv, prog_name="imagegate", standalone_mode=False)
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except SystemExit:
        return PIPE_CLOSED  # Nobody reads on; Click's own code for that is 1, which says that a picture is rejected.
    except Exception as error:  # noqa: BLE001 - exit code 1 would say that a picture is rejected
        if isinstance(error, (Misuse, _UsageError)):
            complain(LOOKS_LIKE_BASE64 if any(map(looks_like_base64, argv)) else _told(error))
        else:
            discard_results()
            complain(_told(error))
        return ExitCode.MISUSE
    return code or ExitCode.PASSED


def _told(error: Exception) -> str:
    """The error in one line; of one that nobody foresaw not its text, which can hold anything, but where it arose."""
    if isinstance(error, Misuse):
        return str(error)
    if isinstance(error, _UsageError):
        return shortened(" ".join(cast("Any", error).format_message().split()), _LONGEST_USAGE)
    if isinstance(error, OSError) and error.strerror:
        # Files that are written are named; only standard output has no name.
        name = "standard output" if error.errno in FULL and not error.filename else error.filename
        return f"{shortened(str(name))}: {error.strerror}" if name else error.strerror
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return f"internal error: {type(error).__name__} ({place}); please report it with what `imagegate doctor` prints"
