"""Prove that the fuzzer is alive: run every target briefly from an empty corpus, and judge what libFuzzer reports."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from fuzz.engine import UNAVAILABLE
from fuzz.judging import ROOT
from fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS: Final = 300  # after which a target hangs; the slowest takes 15
LAST_LINES: Final = 15

_COVERED: Final = re.compile(r"^#\d+\s+(?P<event>INITED|DONE)\s+cov: (?P<edges>\d+) ", re.MULTILINE)
_EXECUTED: Final = re.compile(r"^stat::number_of_executed_units:\s+(\d+)$", re.MULTILINE)


class Life(NamedTuple):
    """What libFuzzer reports of one run.

    Attributes:
        code: Exit code of the process.
        executions: Inputs that were run.
        first: Edges of imagegate that the first input reached.
        last: Edges that all of them reached.
    """

    code: int
    executions: int
    first: int
    last: int

    def fault(self, runs: int) -> str:
        """Why the target is not alive; "" if it is.

        Args:
            runs: The executions that were asked for.
        """
        if self.code:
            return f"it ended with exit code {self.code}"
        if self.executions < runs:
            return f"it executed {self.executions} of {runs} inputs"
        if self.last <= self.first:
            return f"it reached no new coverage: {self.first} edges with the first input, {self.last} with all"
        return ""


def read(code: int, log: str) -> Life:
    """What a process of libFuzzer reported; 0 for what its log does not say."""
    edges = {match["event"]: int(match["edges"]) for match in _COVERED.finditer(log)}
    executed = _EXECUTED.search(log)
    return Life(code, int(executed[1]) if executed else 0, edges.get("INITED", 0), edges.get("DONE", 0))


def run() -> int:
    """Run every target in a process of its own, and print a line for each.

    Returns:
        0, 1 if some target is not alive, UNAVAILABLE without Atheris.
    """
    dead = []
    for name, target in TARGETS.items():
        code, log = _ran([sys.executable, "-m", "fuzz", name, "--runs", str(target.runs), "--from-nothing"])
        if code == UNAVAILABLE:
            sys.stderr.write(log)
            return UNAVAILABLE
        life = read(code, log)
        fault = life.fault(target.runs)
        sys.stdout.write(f"{name}: {life.executions} executions, {life.first} to {life.last} edges\n")
        if fault:
            dead.append(name)
            sys.stderr.write(f"fuzz: {name} is not alive: {fault}\n{_end_of(log)}\n")
    return 1 if dead else 0


def _ran(command: Sequence[str]) -> tuple[int, str]:
    """Exit code and log of a process; that of a killed one where it takes too long."""
    try:
        process = subprocess.run(  # noqa: S603 - our own command
            command, cwd=ROOT, check=False, text=True, timeout=SECONDS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except subprocess.TimeoutExpired:
        return 1, f"it took more than {SECONDS} s"
    return process.returncode, process.stdout


def _end_of(log: str) -> str:
    return "\n".join(log.splitlines()[-LAST_LINES:])
