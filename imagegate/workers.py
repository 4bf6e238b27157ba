"""A pool of worker processes that outlives the death of any of them; it knows nothing of pictures.

Of those to be had, `concurrent.futures` breaks as a whole on one death, and Pebble, which heals, unpickles what workers
send, runs the caller's script anew in each, looks for deaths ten times a second, and is LGPL.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import Final, TypeVar, cast

from imagegate.words import Phrase

T = TypeVar("T")

_HOME: Final = str(Path(__file__).parents[1])
_LENGTH: Final = 8  # bytes that state how many follow
# The first byte of a note: what a worker is at. Answers are objects in MessagePack, and none of those begins so.
_NOTE: Final = b"\0"
# Kernels that are not yet on disk take half a minute to compile, and longer on a busy machine.
_START_SECONDS: Final = 300


class Died(Exception):  # noqa: N818 - what happened, of which the caller makes a finding
    """A worker ended while it was asked, or had to be ended.

    Attributes:
        how: Its end, as "died of SIGSEGV" in every language.
        expired: Whether it was killed because its time was over.
        note: What it said last before it ended; b"" if it said nothing.
    """

    def __init__(self, how: Phrase, *, expired: bool, note: bytes) -> None:
        super().__init__(how)
        self.how = how
        self.expired = expired
        self.note = note


def send(pipe: RawIOBase, data: bytes | memoryview) -> None:
    """Write a message: its length, then itself."""
    for part in (len(data).to_bytes(_LENGTH, "little"), data):
        left = memoryview(part)
        while left:
            left = left[pipe.write(left) :]


def send_note(pipe: RawIOBase, note: bytes) -> None:
    """Write, before the answer, what the worker is at: it is asked for where the worker ends (`Died.note`)."""
    send(pipe, _NOTE + note)


def receive(pipe: RawIOBase, longest: int = sys.maxsize) -> bytearray:
    """Read a message.

    Raises:
        EOFError: The other side has closed the pipe.
        ValueError: The message is longer than it may be.
    """
    length = int.from_bytes(_exactly(pipe, _LENGTH), "little")
    if length > longest:
        raise ValueError(f"a message of {length} bytes")
    return _exactly(pipe, length)


def _exactly(pipe: RawIOBase, length: int) -> bytearray:
    data = bytearray(length)
    left = memoryview(data)
    while left:
        count = pipe.readinto(left)
        if not count:
            raise EOFError
        left = left[count:]
    return data


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def python_command(code: str) -> list[str]:
    """What starts a process that runs code of this package, found where it is found here.

    The current folder may be one of photos, and is no place to import from: hence -P, and no empty entry of the path.
    """
    path = "import sys; sys.path[:] = sys.argv[1:]; "
    return [sys.executable, "-P", "-c", path + code, *(entry or _HOME for entry in sys.path)]


class Worker:
    """One process: it says by an empty message that it is ready, and answers each question by one message.

    Attributes:
        process: The process.
        idle: Whether it is between two questions, and alive as far as is known.
        ready: Whether it has started.
        note: What it last said that it is at.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: S603
        self.idle = True
        self.ready = False
        self.note = b""
        self._questions = cast("RawIOBase", self.process.stdin)
        self._answers = cast("RawIOBase", self.process.stdout)
        self._expired = False

    def start(self) -> None:
        """Wait until it is ready.

        Raises:
            RuntimeError: It ended before that; it says why on standard error.
        """
        try:
            with self._killed_after(_START_SECONDS):
                receive(self._answers, 0)
        except EOFError:
            raise RuntimeError(f"a worker process could not be started: it {self.end()}") from None
        self.ready = True

    def ask(self, question: Sequence[bytes | memoryview], seconds: float, longest: int) -> bytearray:
        """Its answer; whatever is raised, it is of no more use.

        Raises:
            EOFError, OSError: It has ended.
            ValueError: Its answer is longer than it may be.
        """
        self.idle = False
        self.note = b""
        if not self.ready:
            self.start()
        with self._killed_after(seconds):
            for message in question:
                send(self._questions, message)
            while (answer := receive(self._answers, longest))[:1] == _NOTE:
                self.note = bytes(answer[1:])
        self.idle = not self._expired
        return answer

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator[None]:
        """By a thread, which ends reading and writing alike, on every system."""
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # from here on it cannot strike whoever is next

    def _expire(self) -> None:
        self._expired = True
        self.process.kill()

    def death(self) -> Died:
        """How it ended, of itself or of this call."""
        return Died(self.end(), expired=self._expired, note=self.note)

    def end(self) -> Phrase:
        """Kill it if it still runs, and say how it ended."""
        self.process.kill()
        code = self.process.wait()
        self.close()
        signals = {-number: number.name for number in signal.Signals}
        if code in signals:
            return Phrase("died of {signal}", signal=signals[code])
        return Phrase("ended with exit code {code}", code=code)

    def close(self) -> None:
        """Let go of its pipes."""
        self._questions.close()
        self._answers.close()


class Pool:
    """Workers that are started when they are needed, kept, and replaced when they die.

    Attributes:
        command: What starts a worker.
        workers: All there are.
        idle: Those that nobody asks, the last used last.
    """

    def __init__(self, command: Sequence[str], size: int) -> None:
        self.command = command
        self.workers: set[Worker] = set()
        self.idle: deque[Worker] = deque()
        self._size = size
        self._places = threading.Semaphore(size)

    def start(self) -> None:
        """Start every worker there may be, and wait until they are ready.

        The first one starts alone: it compiles what is not on disk yet, half a minute of work that two at a time would
        both do.

        Raises:
            RuntimeError, OSError: One of them cannot be started.
        """
        with ExitStack() as places, ThreadPoolExecutor(self._size) as starters:
            for _ in range(self._size):
                places.enter_context(self._places)
            self._started(self.take())
            workers = [self.take() for _ in range(self._size)]
            for _ in starters.map(self._started, workers):
                pass

    def ask(
        self, question: Sequence[bytes | memoryview], seconds: float, longest: int, read: Callable[[bytearray], T]
    ) -> T:
        """Ask a worker; wait for one while all are busy.

        Args:
            question: Messages.
            seconds: Time for the answer; then the worker is killed.
            longest: Bytes of the longest answer there can be.
            read: Makes a value of the answer; a worker whose answer makes it raise is ended.

        Raises:
            Died: The worker did not outlive the question, or answered nonsense.
            RuntimeError, OSError: No worker can be started.
        """
        with self._places:
            worker = self.take()
            try:
                return read(worker.ask(question, seconds, longest))
            except (EOFError, OSError, ValueError):
                worker.idle = False
                raise worker.death() from None
            finally:
                self.give_back(worker)

    def take(self) -> Worker:
        """The worker that was used last, because one that takes a dead one's place is still starting."""
        while self.idle:
            worker = self.idle.pop()
            if worker.process.poll() is None:
                return worker
            self._end(worker)
        return self._new()

    def give_back(self, worker: Worker) -> None:
        """Keep it, or start another in its place if it was interrupted: its answer must not be the next question's."""
        if worker.idle:
            self.idle.append(worker)
            return
        self._end(worker)
        if worker.ready:
            with suppress(OSError):  # then the next question tries again
                self.idle.appendleft(self._new())

    def close(self) -> None:
        """End every worker; later questions start new ones."""
        for worker in list(self.workers):
            self._end(worker)
        self.idle.clear()

    def forget(self) -> None:
        """Let go of the workers of the process this one was forked from: two must not write to one pipe."""
        for worker in self.workers:
            worker.process.returncode = 0
            worker.close()

    def _started(self, worker: Worker) -> None:
        try:
            if not worker.ready:
                worker.start()
        except BaseException:
            worker.idle = False
            raise
        finally:
            self.give_back(worker)

    def _new(self) -> Worker:
        worker = Worker(self.command)
        self.workers.add(worker)
        return worker

    def _end(self, worker: Worker) -> None:
        worker.end()
        self.workers.discard(worker)
