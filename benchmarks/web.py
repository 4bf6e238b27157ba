"""What the service costs beside the scan, in both isolations, and what becomes of it under four times its load.

`python -m benchmarks.web` prints the table and records it in benchmarks/results/web.md. It calls a service that it
starts itself, on the loopback, for some two minutes.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
from rich.console import Console

import imagegate
from benchmarks.race import machine
from benchmarks.speed.pictures import at_sizes, pictures
from benchmarks.tables import Line, line_grid
from imagegate.web.config import Settings
from imagegate.workers import cores
from tests.web.wire import await_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


RESULTS = pathlib.Path(__file__).parent / "results" / "web.md"
MEBIBYTE = 1 << 20
OFFERED = 4  # times the load that it can take
AIMED = 5  # of calls that are late some do not come
CLIENTS = 128
PATIENCE = 60.0  # seconds after which a call hangs
FIRST, COST, MEMORY = 3, {"process": 1.25, "none": 1.18}, 1.1  # the targets, as ratios
BOUNDARY = "----------------------------735323031399963166993862"


class Way(NamedTuple):
    """One form of a request."""

    content_type: str
    body: bytes


class Load(NamedTuple):
    """How much is done: pictures a round, rounds, seconds of too much load."""

    pictures: int
    rounds: int
    seconds: float


class Answer(NamedTuple):
    """What one call came to: its status, 0 where there was none; seconds; whether it said when to come again."""

    status: int
    seconds: float
    says_when: bool


FULL: Final = Load(100, 5, 20.0)
SMOKE: Final = Load(4, 1, 1.0)


class Service:
    """`imagegate serve` in a process of its own, from the moment that it is ready; with more of an environment."""

    def __init__(self, **environment: str) -> None:
        command = [sys.executable, "-m", "imagegate", "serve", "--port", "0"]
        self._process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
        self.pid = self._process.pid
        lines = self._lines()
        self.address = next(found[1] for line in lines if (found := re.search(r"http://([^ ]+)", line["event"])))
        # Whoever does not read its log on stops it.
        self._reader = threading.Thread(target=lambda: [*lines], daemon=True)
        self._reader.start()
        await_ready(self.address)

    def _lines(self) -> Iterator[dict[str, str]]:
        with self._process.stderr as log:
            for line in log:
                yield json.loads(line)

    def cpu(self) -> float:
        """Seconds of processor time so far, of the service and its workers."""
        ticks = 0
        for pid in self._family():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident mebibytes of the service and its workers; libraries, which they share, count once."""
        own, *workers = self._family()
        return (held(own, "Rss") + sum(held(pid, "Anonymous") for pid in workers)) / MEBIBYTE

    def _family(self) -> list[int]:
        parents = {}
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended meanwhile
                parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        return [self.pid, *(pid for pid, parent in parents.items() if parent == self.pid)]

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._reader.join()


def held(pid: int, kind: str) -> int:
    """Bytes of a kind of memory that a process holds."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{kind}:"))


class Client:
    """One connection, opened anew where the service has closed it."""

    def __init__(self, service: Service) -> None:
        self._connection = http.client.HTTPConnection(service.address, timeout=PATIENCE)

    def call(self, way: Way) -> Answer:
        start = time.perf_counter()
        try:
            self._connection.request("POST", "/v1/check", way.body, {"Content-Type": way.content_type})
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Answer(0, time.perf_counter() - start, says_when=False)
        return Answer(response.status, time.perf_counter() - start, "Retry-After" in response.headers)


def ways(picture: bytes) -> dict[str, Way]:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n\r\n'.encode()
    return {
        "raw": Way("image/jpeg", picture),
        "form": Way(f"multipart/form-data; boundary={BOUNDARY}", head + picture + f"\r\n--{BOUNDARY}--\r\n".encode()),
        "JSON": Way("application/json", json.dumps({"image": base64.b64encode(picture).decode()}).encode()),
    }


def cost(services: dict[str, Service], picture: bytes, load: Load) -> dict[str, dict[str, float]]:
    """Processor seconds of each service per picture, over those of the scan, by way; all in the same rounds."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(load.pictures):
            pathlib.Path(folder, f"{number}.jpg").write_bytes(picture)
        ratios = {isolation: {name: [] for name in ways(picture)} for isolation in services}
        for _ in range(load.rounds):
            scanned = spent(time.process_time, lambda: [*imagegate.scan(folder)])
            for isolation, service in services.items():
                for name, way in ways(picture).items():
                    used = spent(service.cpu, partial(serve, service, way, load.pictures))
                    ratios[isolation][name].append(used / scanned)
    return {isolation: {name: median(found) for name, found in each.items()} for isolation, each in ratios.items()}


def spent(clock: Callable[[], float], work: Callable[[], object]) -> float:
    start = clock()
    work()
    return clock() - start


def serve(service: Service, way: Way, count: int) -> list[Answer]:
    """So many calls, by as many clients as there are threads, each after the other."""
    share = count // cores()

    def calls(_: int) -> list[Answer]:
        client = Client(service)
        return [client.call(way) for _ in range(share)]

    with ThreadPoolExecutor(cores()) as clients:
        return [answer for answers in clients.map(calls, range(cores())) for answer in answers]


class Overload(NamedTuple):
    """What became of too much load."""

    offered: float
    answers: list[Answer]
    memory: list[float]


def overload(service: Service, way: Way, capacity: float, seconds: float) -> Overload:
    """Call it AIMED times as often a second as it can answer; a client that is late does not catch up."""
    interval = CLIENTS / (AIMED * capacity)
    until = time.perf_counter() + seconds
    stop = threading.Event()

    def calls(number: int) -> list[Answer]:
        client, answers = Client(service), []
        due = time.perf_counter() + interval * number / CLIENTS
        while due < until:
            time.sleep(max(0.0, due - time.perf_counter()))
            answers.append(client.call(way))
            due = max(due + interval, time.perf_counter())
        return answers

    def memory() -> list[float]:
        held = [service.memory()]
        while not stop.wait(0.2):
            held.append(service.memory())
        return held

    with ThreadPoolExecutor(CLIENTS + 1) as clients:
        watched = clients.submit(memory)
        answers = [answer for found in clients.map(calls, range(CLIENTS)) for answer in found]
        stop.set()
    return Overload(len(answers) / seconds / capacity, answers, watched.result())


def lines(services: dict[str, Service], picture: bytes, load: Load) -> Iterator[Line]:
    """The table; under load there is the service as it is by default."""
    raw, service = ways(picture)["raw"], services[Settings().isolation]
    idle = {isolation: each.memory() for isolation, each in services.items()}
    first = Client(service).call(raw).seconds
    before = [Client(service).call(raw).seconds for _ in range(load.pictures)]
    ratio = first / median(before)
    yield Line("first request after the start, over the median", f"< {FIRST}", f"{ratio:.2f}", ratio < FIRST)
    for isolation, ratios in cost(services, picture, load).items():
        for name, times in ratios.items():
            row, most = f"processor seconds over the scan's, {name}, isolation {isolation}", COST[isolation]
            yield Line(row, f"<= {most}", f"{times:.2f}", times <= most)
    for isolation, held_then in idle.items():
        yield Line(f"memory when ready, MiB, isolation {isolation}", "", f"{held_then:.0f}", None)
    start = time.perf_counter()
    count = len(serve(service, raw, load.pictures))
    capacity = count / (time.perf_counter() - start)
    yield Line("pictures a second, client on the same machine", "", f"{capacity:.0f}", None)
    yield from _overloaded(overload(service, raw, capacity, load.seconds))
    again = Client(service).call(raw).seconds
    later = median(Client(service).call(raw).seconds for _ in range(load.pictures))
    yield Line(
        "first request after the load, over the median before",
        f"< {FIRST}",
        f"{again / median(before):.2f}",
        again < FIRST * median(before),
    )
    yield Line("median request after the load, over that before", "", f"{later / median(before):.2f}", None)


def _overloaded(found: Overload) -> Iterator[Line]:
    statuses = Counter(answer.status for answer in found.answers)
    slowest = max((answer.seconds for answer in found.answers if answer.status == 200), default=0.0)
    when = all(answer.says_when for answer in found.answers if answer.status == 503)
    deadline = Settings().deadline
    others = sum(count for status, count in statuses.items() if status not in {200, 503})
    yield Line("load offered, over what it can take", f">= {OFFERED}", f"{found.offered:.1f}", found.offered >= OFFERED)
    yield Line("requests answered 200", "", f"{statuses[200]}", None)
    yield Line("slowest of them, over the deadline", "<= 1", f"{slowest / deadline:.2f}", slowest <= deadline)
    yield Line("requests answered 503, all with Retry-After", "all", f"{statuses[503]}", when)
    yield Line("requests answered otherwise, or not at all", "0", f"{others}", not others)
    half = len(found.memory) // 2 or 1
    growth = max(found.memory[half:]) / max(found.memory[:half])
    yield Line(
        "most memory in the second half of the load, over the first", f"<= {MEMORY}", f"{growth:.2f}", growth <= MEMORY
    )
    yield Line("most memory, MiB", "", f"{max(found.memory):.0f}", None)


def main() -> None:
    """Print the table and record it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few requests, nothing recorded: does it run?")
    arguments = parser.parse_args()
    picture = at_sizes(pictures([]).photos[0], 2)["JPEG, 2 MP"].data
    cv2.setNumThreads(1)  # as in the service
    imagegate.warmup()
    services = {isolation: Service(IMAGEGATE_ISOLATION=isolation) for isolation in COST}
    try:
        grid = line_grid("imagegate serve", [*lines(services, picture, SMOKE if arguments.smoke else FULL)])
    finally:
        for service in services.values():
            service.end()
    Console().print(grid.rich())
    if not arguments.smoke:
        origin = (
            f"A JPEG of 2 megapixels, {len(picture):,} bytes. Measured by `python -m benchmarks.web` on {machine()}."
        )
        RESULTS.write_text(f"{grid.markdown()}\n\n{origin}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
