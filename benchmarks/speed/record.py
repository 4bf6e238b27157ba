"""Figures and the record of them: what was measured, on what, with what."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESULTS = pathlib.Path(__file__).parents[1] / "results"
RECORDED = RESULTS / "speed.json"
DIGITS = 4


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: the median over the rounds, and between which values the middle half of them lies.

    Attributes:
        unit: "x": how many times as long (for threads: as many) as imagegate's, the more the better. "%": share of
            check(). "MB": 10^6 bytes, the fewer the better.
    """

    table: str
    row: str
    column: str
    unit: Literal["x", "%", "MB"]
    median: float
    low: float
    high: float

    @property
    def place(self) -> tuple[str, str, str]:
        return self.table, self.row, self.column


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One run.

    Attributes:
        machine: Processor and versions.
        pictures: Which pictures were measured.
        rounds: How often each contender ran.
        scipy: Whether the interpreter of the cold starts had SciPy, which rivals bring and Numba loads.
        rivals: Version of each rival that was there.
        skipped: Reason for each that was not.
    """

    machine: str
    pictures: str
    rounds: int
    scipy: bool
    rivals: dict[str, str]
    skipped: dict[str, str]
    figures: list[Figure]


def figure(table: str, row: str, column: str, values: Sequence[float], unit: Literal["x", "%", "MB"] = "x") -> Figure:
    """Sum the rounds up."""
    low, median, high = (float(f"{value:.{DIGITS}g}") for value in np.percentile(values, (25, 50, 75)))
    return Figure(table=table, row=row, column=column, unit=unit, median=median, low=low, high=high)


def ratios(table: str, row: str, times: Mapping[str, Sequence[float]]) -> list[Figure]:
    """Hold every contender against the first, round by round."""
    (_, ours), *others = times.items()
    return [
        figure(table, row, name, [their / our for their, our in zip(theirs, ours, strict=True)])
        for name, theirs in others
    ]


def write(record: Record, path: pathlib.Path = RECORDED) -> None:
    """Write JSON, one figure a line, so that a change of one is seen as one."""
    path.write_bytes(msgspec.json.encode(record).replace(b'{"table"', b'\n{"table"') + b"\n")


def read(path: pathlib.Path = RECORDED) -> Record:
    return msgspec.json.decode(path.read_bytes(), type=Record)
