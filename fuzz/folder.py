"""Run every target over a folder of files, in a plain loop without Atheris."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz.judging import judge
from fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator


def judge_all(folder: Path) -> int:
    """Judge each file below a folder by each target; print a line for each find, and the number of both.

    Returns:
        0, 1 if there is a find, 2 if there is no file.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        sys.stderr.write(f"fuzz: there is no file in {folder}\n")
        return 2
    finds = 0
    for path in files:
        for find in _finds(path.read_bytes()):
            finds += 1
            sys.stdout.write(f"{path}: {find}\n")
    sys.stdout.write(f"{len(files)} files, {len(TARGETS)} targets, {finds} finds\n")
    return 1 if finds else 0


def _finds(data: bytes) -> Iterator[str]:
    """The targets that fail on an input, each with the reason."""
    for name, target in TARGETS.items():
        try:
            judge(target, data)
        except AssertionError as find:
            yield f"{name}: {find}"
        except Exception as find:  # noqa: BLE001 - whatever escapes is the find; its text may hold the input
            yield f"{name}: {type(find).__name__} in {_place(find)}"


def _place(error: Exception) -> str:
    """Where an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
