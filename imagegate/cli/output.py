"""Where the command line writes: results to standard output, all else to standard error."""

from __future__ import annotations

import errno
import io
import os
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec
from rich.console import Console

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import RenderableType

# Columns of what is not a terminal: wide enough that no name is ever folded or cut.
UNBOUNDED: Final = 10_000
# As shells report a program that ended because nobody read on (128 + SIGPIPE).
PIPE_CLOSED: Final = 141
# A disk, a quota, or the length that the system allows a file.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_INVISIBLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks that turn the direction of text, by which a name can be shown as another (Unicode Standard Annex #9).
_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        _end_quietly()


def make_safe() -> None:
    """Let a stream that cannot show a character show its escape instead of failing; a closed one swallows all."""
    # Python sets them to None where the shell closed them.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def results() -> Console:
    """The console of results; it takes names literally and folds them only on a terminal."""
    return _console(sys.stdout)


def warnings_console() -> Console:
    """The console of all that is no result."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() else UNBOUNDED
    return _Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def show(console: Console, content: RenderableType) -> None:
    """Print tables and texts; in a pipe without the blanks that fill a table's last column."""
    if console.is_terminal:
        console.print(content)
        return
    with console.capture() as captured:
        console.print(content)
    lines = captured.get().split("\n")
    console.out("\n".join(line.rstrip() for line in lines), end="")


def write_json(value: object) -> None:
    """Write one object on one line, in UTF-8 whatever the terminal speaks; NaN is null."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _end_quietly()


def complain(message: str) -> None:
    """Write one line to standard error; where that cannot be written to either, the exit code must do."""
    with suppress(OSError):
        sys.stderr.write(f"imagegate: {visible(message)}\n")


def discard_results() -> None:
    """Let what is still to be flushed go nowhere, so that the interpreter does not fail at it once more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def visible(text: str) -> str:
    """Text of unknown origin in one line, with what cannot be seen, or would deceive, as escapes."""
    return "".join(_shown(character) for character in text)


def as_utf8(name: str) -> str:
    """A file's name as JSON can hold it: bytes that are not UTF-8 become escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _shown(character: str) -> str:
    if unicodedata.category(character) in _INVISIBLE or character in _TURNING:
        return character.encode("unicode_escape").decode()
    return character


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _end_quietly() -> NoReturn:
    """Nobody reads on, as after `| head`."""
    discard_results()
    raise SystemExit(PIPE_CLOSED)
