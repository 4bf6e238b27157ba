"""What check() takes of time and memory: run in a process of its own, because a peak belongs to a process.

    python -m tests.measured ROUNDS < pictures

A line of the input is a picture in Base64, a line of the output its causes, seconds and bytes in JSON. The seconds are
those of the processor, in all threads: what else runs on the machine does not count. Linux alone tells a process its
peak anew.
"""

from __future__ import annotations

import base64
import pathlib
import subprocess
import sys
from time import process_time
from typing import TYPE_CHECKING, Any

import msgspec

import imagegate

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = pathlib.Path(__file__).parent.parent
PEAK = pathlib.Path("/proc/self/clear_refs")
STATUS = pathlib.Path("/proc/self/status")


def measured(pictures: Iterable[bytes], rounds: int = 1) -> list[tuple[list[str], float, int]]:
    """Causes, least seconds and greatest growth of the peak in bytes, of `rounds` calls, for each picture."""
    lines = b"\n".join(base64.b64encode(data) for data in pictures)
    command = [sys.executable, "-m", "tests.measured", str(rounds)]
    run = subprocess.run(command, input=lines, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return [msgspec.json.decode(line, type=tuple[list[str], float, int]) for line in run.stdout.splitlines()]


def resident(field: str) -> int:
    """VmRSS or VmHWM, in bytes."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) << 10


def taken(data: bytes) -> tuple[list[str], float, int]:
    PEAK.write_text("5")  # proc(5): the peak is what is resident now
    before = resident("VmRSS")
    start = process_time()
    report = imagegate.check(data)
    seconds = process_time() - start
    return [finding.cause.code for finding in report.rejections], seconds, resident("VmHWM") - before


def main(rounds: int, lines: Iterable[bytes]) -> None:
    imagegate.warmup()
    for line in lines:
        data = base64.b64decode(line)
        causes, seconds, peaks = zip(*(taken(data) for _ in range(rounds)), strict=True)
        result: Any = (causes[0], min(seconds), max(peaks))
        sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.stdin.buffer)
