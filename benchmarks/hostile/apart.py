"""One form in a process of its own: how long it takes, and how much memory beyond what the input takes itself."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from time import perf_counter
from typing import Final, NamedTuple

MEBIBYTE: Final = 1 << 20
SECONDS: Final = 300  # after which a form is ended, as one that takes the square of its length would not end


class Cost(NamedTuple):
    """Seconds, mebibytes and what came of it."""

    seconds: float
    memory: float
    outcome: str


def measured(number: int, size: int) -> Cost:
    """The cost of one of the forms, of so many bytes."""
    command = [sys.executable, "-m", "benchmarks.hostile.apart", str(number), str(size)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        return Cost(SECONDS, float("nan"), "ended")
    if done.returncode:
        return Cost(float("nan"), float("nan"), done.stderr.strip().splitlines()[-1][:60] if done.stderr else "died")
    return Cost(*json.loads(done.stdout))


def _resident(field: str) -> float:
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def main() -> None:
    """Measure the form that the command line names, and print its cost."""
    import imagegate  # noqa: PLC0415 - who starts this process does not need it
    from benchmarks.hostile.forms import FORMS, PARSERS, PHOTO  # noqa: PLC0415 - likewise

    form, size = FORMS[int(sys.argv[1])], int(sys.argv[2])
    call = PARSERS[form.parser].call
    imagegate.check(PHOTO)  # all is loaded then
    call(form.make(1000))
    data = form.make(size)
    pathlib.Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak (proc(5))
    before, start = _resident("VmRSS"), perf_counter()
    outcome = call(data)
    print(json.dumps([perf_counter() - start, _resident("VmHWM") - before, outcome]))


if __name__ == "__main__":
    main()
