"""Figures of calls in this process: check() on pictures, its stages, its kernels, its threads."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING

import cv2
import numpy as np

import imagegate
from benchmarks.race import race
from benchmarks.speed.record import figure, ratios
from benchmarks.speed.rivals import CHECK, DECODER, contenders, decoder_alone, yardstick
from tests.comparisons import COMPARISONS, laplacian_sums_opencv_16s, laplacian_sums_opencv_64f

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.speed.libraries import Prepare
    from benchmarks.speed.pictures import Photo
    from benchmarks.speed.record import Figure
    from benchmarks.speed.rivals import Run

PHOTOS, SIZES, KERNELS = "Photos", "Sizes", "Kernels"
STAGES, THREADS = "Stages of check()", "Threads"
TWO_OVER_ONE = "two over one"
LAPLACIAN_12MP = "laplacian_sums, 12 MP"
NAIVE, FAIR = "opencv 64F", "opencv 16S"
WORKING_SIZE, TWELVE_MEGAPIXELS = (750, 1000), (3000, 4000)
SLOW_ROUNDS = 5
# So many that the last picture of one thread, alone on the machine, does not count for much.
FOR_THREADS = 12


def of_photos(photos: Sequence[Photo], others: Mapping[str, Prepare], rounds: int) -> list[Figure]:
    """Race on the photos; the other libraries in a race of their own and less often: they take seconds."""
    found = []
    for photo in photos:
        found += ratios(PHOTOS, photo.name, race(contenders(photo), rounds))
        rivals = {name: prepare(photo.text) for name, prepare in others.items()}
        found += ratios(PHOTOS, photo.name, race(yardstick(photo) | rivals, min(rounds, SLOW_ROUNDS)))
    return found


def of_sizes(photos: Mapping[str, Photo], rounds: int) -> list[Figure]:
    return [found for row, photo in photos.items() for found in ratios(SIZES, row, race(contenders(photo), rounds))]


def of_stages(photos: Sequence[Photo], rounds: int) -> list[Figure]:
    """Shares of check() by its own clock; the rest is what lies between its stages: resolving, judging, reporting."""
    return [
        figure(STAGES, photo.name, stage, [100 * share for share in shares], "%")
        for photo in photos
        for stage, shares in _shares(photo.text, rounds).items()
    ]


def _shares(text: str, rounds: int) -> dict[str, list[float]]:
    shares: dict[str, list[float]] = {}
    for _ in range(rounds):
        start = perf_counter()
        timings = imagegate.check(text).timings
        whole = perf_counter() - start
        for stage, seconds in (timings | {"the rest": whole - sum(timings.values())}).items():
            shares.setdefault(stage, []).append(seconds / whole)
    return shares


def of_kernels(rounds: int) -> list[Figure]:
    """Every kernel against its twins on the working size, and the Laplacian's variance on a whole photo."""
    found = []
    for kernel, setups in COMPARISONS.items():
        runs = {library: setup(np.random.default_rng(0), *WORKING_SIZE) for library, setup in setups.items()}
        found += ratios(KERNELS, kernel, race(runs, rounds))
    return found + ratios(KERNELS, LAPLACIAN_12MP, race(laplacians(TWELVE_MEGAPIXELS), rounds))


def laplacians(size: tuple[int, int]) -> dict[str, Run]:
    """Three ways to one variance; that they are of the same integer sums is asserted first."""
    luma = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    ours = functools.partial(imagegate.kernels.laplacian_sums, luma)
    fair = functools.partial(laplacian_sums_opencv_16s, luma)
    assert ours() == fair() == laplacian_sums_opencv_64f(luma)
    return {"imagegate": ours, NAIVE: lambda: cv2.Laplacian(luma, cv2.CV_64F).var(), FAIR: fair}


def of_threads(photos: Sequence[Photo], rounds: int) -> list[Figure]:
    """Pictures a second of two threads over those of one: check(), and the decoder alone as what can be had here."""
    checks = [functools.partial(imagegate.check, photo.text) for photo in photos]
    decoders = [decoder_alone(photo) for photo in photos]
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(2) as two:
        times = race(
            {
                f"{name}, {threads}": functools.partial(_all, pool, runs)
                for name, runs in ((CHECK, checks), (DECODER, decoders))
                for threads, pool in (("one", one), ("two", two))
            },
            rounds,
        )
    return [
        figure(THREADS, name, TWO_OVER_ONE, np.divide(times[f"{name}, one"], times[f"{name}, two"]).tolist())
        for name in (CHECK, DECODER)
    ]


def _all(pool: ThreadPoolExecutor, runs: Sequence[Run]) -> None:
    jobs = [pool.submit(runs[number % len(runs)]) for number in range(FOR_THREADS)]
    for job in jobs:
        job.result()
