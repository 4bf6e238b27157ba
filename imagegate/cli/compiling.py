"""The first command of an installation compiles the kernels, and says so before anything that takes time."""

from __future__ import annotations

import sys
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from imagegate import kernel_cache
from imagegate.cli.output import complain, warnings_console
from imagegate.compiling import compilers

_UNKEPT: Final = (
    "compiling the kernels for this run alone, which takes about half a minute: "
    "there is no place to keep them that can be written to; NUMBA_CACHE_DIR can name one"
)


def compile_first(*, quiet: bool) -> None:
    """Have the kernels compiled that are not on disk yet; call it before anything that loads Numba.

    Args:
        quiet: Say nothing.
    """
    try:
        done, total = kernel_cache.done(), kernel_cache.total()
    except (ImportError, OSError):
        return  # Of a broken installation the command itself tells what is missing.
    if done >= total or not kernel_cache.is_needed():
        return
    kept = kernel_cache.is_writable()
    if not quiet:
        complain(_announcement(done, total) if kept else _UNKEPT)
    if not kept:
        return  # What other processes compiled could not be found by this one, which compiles as it goes.
    with _bar(hidden=quiet) as bar, compilers() as counts:
        task = bar.add_task("", total=total, completed=done)
        for count in counts:
            bar.update(task, completed=count)


def _announcement(done: int, total: int) -> str:
    rest = f"; {done} of {total} are done" if done else ""
    return f"compiling {total} kernels, once for this installation, which takes about half a minute{rest}"


def _bar(*, hidden: bool) -> Bar:
    return Bar(
        TextColumn("compiling"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("kernels"),
        console=warnings_console(),
        disable=hidden or not sys.stderr.isatty(),
        transient=True,
    )
