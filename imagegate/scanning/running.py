"""A bounded pool of threads checks the pictures of a source, in its order."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final

from imagegate.gate import examine
from imagegate.policy import Policy
from imagegate.scanning.duplicates import Duplicates, looked_for
from imagegate.scanning.record import Record
from imagegate.scanning.sources import Item

# Pictures under way for each worker: a slow one must not leave the others idle, and what waits is but a path,
WINDOW: Final = 4
# or, of a stream, what was read of it: then so many bytes at most, and one picture more.
HELD: Final = 1 << 26


def records_of(
    items: Iterator[Item], policy: Policy, *, workers: int, lang: str, duplicates: Duplicates | None = None
) -> Generator[Record]:
    """The record of every item, in order; memory holds the pictures under way, one a worker, and `HELD` bytes.

    Args:
        items: The pictures.
        policy: What the API takes.
        workers: Threads.
        lang: One of `words.LANGUAGES`.
        duplicates: Those that came before, where these items go on with an earlier scan.
    """
    # Asked here and not in the threads: which of two came first is the source's order.
    earlier = Duplicates(policy) if duplicates is None else duplicates
    job = partial(_record, policy=policy, lang=lang)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="imagegate-scan")
    under_way: deque[tuple[Future[Record], int]] = deque()
    held = 0
    try:
        for item in items:
            under_way.append((pool.submit(job, item), item.held))
            held += item.held
            while len(under_way) >= WINDOW * workers or held > HELD:
                future, size = under_way.popleft()
                held -= size
                yield earlier.judged(future.result())
        while under_way:
            yield earlier.judged(under_way.popleft()[0].result())
    finally:
        pool.shutdown(cancel_futures=True)


def _record(item: Item, *, policy: Policy, lang: str) -> Record:
    try:
        size, image, data = item.read(policy)
        report, hashed = examine(image, policy, keep="phash" if looked_for(policy) else None, lang=lang)
    except Exception as error:  # noqa: BLE001 - one picture must not end the scan of all others
        return Record(source=item.source, error=_reason(error))
    digest = None if data is None else hashlib.sha256(data).hexdigest()
    return Record(
        source=item.source,
        size=size,
        sha256=digest,
        phash=None if hashed is None else hashed.hex(),
        report=report,
    )


def _reason(error: Exception) -> str:
    """In the system's words; of an error that nobody foresaw only its kind, for its text could hold anything."""
    if isinstance(error, MemoryError):
        return "Not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"Internal error: {type(error).__name__}"
