"""A bounded pool of threads: what finds no place in it is refused at once, and what gives up leaves its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Full(Exception):  # noqa: N818 - what happened; an answer is made of it
    """There is no place left."""


class Pool:
    """Threads for work that would block the loop.

    Work waits on the loop and not in the threads' own queue: there, what was given up would keep its memory until a
    thread comes by to throw it away.

    Attributes:
        waiting: How many wait for a thread.
    """

    def __init__(self, workers: int, queue: int) -> None:
        self.waiting = 0
        self._queue = queue
        self._free = asyncio.Semaphore(workers)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="imagegate-web")

    async def run(self, work: Callable[[], T]) -> T:
        """Have a thread do it.

        A thread that has begun cannot be stopped: if the caller is cancelled meanwhile, its place is free again when it
        is done.

        Raises:
            Full: All threads are busy, and as many wait for one as may.
        """
        if self._free.locked() and self.waiting >= self._queue:
            raise Full
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        under_way = asyncio.get_running_loop().run_in_executor(self._threads, work)
        under_way.add_done_callback(lambda _: self._free.release())
        return await asyncio.shield(under_way)

    def close(self) -> None:
        """Wait for the threads; nothing may be run any more."""
        self._threads.shutdown()


class Ledger:
    """Counts the bytes of requests in memory.

    Attributes:
        held: Bytes that are in memory now.
    """

    def __init__(self, most: int) -> None:
        self.held = 0
        self._most = most

    def refuse_beyond(self, length: int) -> None:
        """Raise Full where so many bytes more would be too many."""
        if self.held + length > self._most:
            raise Full

    def add(self, length: int) -> None:
        """Count bytes that have come, or raise Full."""
        self.refuse_beyond(length)
        self.held += length

    def remove(self, length: int) -> None:
        """Bytes are gone."""
        self.held -= length
