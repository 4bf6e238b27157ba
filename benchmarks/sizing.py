"""How much of a machine the service takes: pictures a second of one core, memory, seconds to start.

`python -m benchmarks.sizing` prints the table and records it in benchmarks/results/sizing.md. It calls services that it
starts itself, on the loopback, for some two minutes. Linux alone says what a process holds by itself.
"""

from __future__ import annotations

import argparse
import pathlib
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import simplejpeg
from rich.console import Console

from benchmarks.race import machine
from benchmarks.speed.pictures import QUALITY, pictures, sized
from benchmarks.tables import Grid
from benchmarks.web import Client, Service, Way, spent
from imagegate.workers import cores
from tests.samples.camera import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RESULTS: Final = pathlib.Path(__file__).parent / "results" / "sizing.md"
RATES: Final = {size: f"pictures a second of a core, JPEG of {size:g} MP" for size in (0.3, 2, 12)}
ISOLATIONS: Final = ("none", "process")
IDLE, MOST = "memory when ready, MiB", "most memory, every worker on 12 MP, MiB"
EACH = "that is for each worker, on top of one idle process, MiB"
COMPILED, EMPTY = "start to ready, s", "start to ready where no kernel is compiled yet, s"


class Load(NamedTuple):
    """How much is done: pictures of each size, and whether a start without compiled kernels is timed."""

    pictures: int
    empty: bool


FULL: Final = Load(100, empty=True)
SMOKE: Final = Load(4, empty=False)


@contextmanager
def started(isolation: str, **environment: str) -> Iterator[Service]:
    """A service from the moment that it is ready to its end."""
    service = Service(IMAGEGATE_ISOLATION=isolation, **environment)
    try:
        yield service
    finally:
        service.end()


def call(service: Service, picture: bytes, count: int, clients: int) -> None:
    """Have the picture judged so often, by so many clients, each call after the other."""
    way = Way("image/jpeg", picture)

    def calls(_: int) -> list[int]:
        client = Client(service)
        return [client.call(way).status for _ in range(count // clients)]

    with ThreadPoolExecutor(clients) as threads:
        statuses = {status for found in threads.map(calls, range(clients)) for status in found}
    assert statuses <= {200, 422}, statuses


def most_memory(service: Service, picture: bytes, count: int, clients: int) -> float:
    """The most that it holds while it judges."""
    stop = threading.Event()

    def watch() -> float:
        most = service.memory()
        while not stop.wait(0.05):
            most = max(most, service.memory())
        return most

    with ThreadPoolExecutor(1) as watcher:
        watched = watcher.submit(watch)
        call(service, picture, count, clients)
        stop.set()
        return watched.result()


def seconds_to_start(isolation: str, **environment: str) -> float:
    """From its command to the moment that it is ready."""
    start = time.perf_counter()
    with started(isolation, **environment):
        return time.perf_counter() - start


def figures(isolation: str, photos: Mapping[float, bytes], load: Load) -> dict[str, float]:
    """The column of one kind of isolation."""
    found = {}
    with started(isolation) as service:
        found[IDLE] = service.memory()
        for megapixels, photo in photos.items():
            call(service, photo, cores(), cores())
            judging = partial(call, service, photo, load.pictures, cores())
            found[RATES[megapixels]] = load.pictures / spent(service.cpu, judging)
        found[MOST] = most_memory(service, photos[12], load.pictures, cores())
    found[COMPILED] = seconds_to_start(isolation)
    if load.empty:
        with tempfile.TemporaryDirectory() as folder:
            found[EMPTY] = seconds_to_start(isolation, NUMBA_CACHE_DIR=folder)
    return found


def grid(columns: Sequence[dict[str, float]]) -> Grid:
    """The table; one idle process is what there would be without a worker."""
    for column in columns:
        column[EACH] = (column[MOST] - columns[0][IDLE]) / cores()
    header = ["", *(f'`isolation = "{isolation}"`' for isolation in ISOLATIONS)]
    rows = [row for row in (*RATES.values(), IDLE, MOST, EACH, COMPILED, EMPTY) if row in columns[0]]
    return Grid("imagegate serve", [header, *([row, *(shown(each[row]) for each in columns)] for row in rows)])


def shown(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def main() -> None:
    """Print the table and record it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few requests, nothing recorded: does it run?")
    arguments = parser.parse_args()
    photo = pictures([]).photos[0]
    rgb = simplejpeg.decode_jpeg(photo.data)
    photos = {megapixels: jpeg(sized(rgb, megapixels), QUALITY) for megapixels in RATES}
    table = grid([figures(isolation, photos, SMOKE if arguments.smoke else FULL) for isolation in ISOLATIONS])
    Console().print(table.rich())
    if not arguments.smoke:
        sizes = ", ".join(f"{len(data):,}" for data in photos.values())
        origin = (
            f"JPEGs of {sizes} bytes; {cores()} workers, each with a client that calls again when it is answered. "
            f"Measured by `python -m benchmarks.sizing` on {machine()}."
        )
        RESULTS.write_text(f"{table.markdown()}\n\n{origin}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
