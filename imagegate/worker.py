"""A worker process of imagegate.isolation: reads one picture after the other until its pipe is closed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from io import FileIO
from pathlib import Path
from typing import Final

import cv2
import msgspec

from imagegate.gate import judge, warmup
from imagegate.intake import Received
from imagegate.isolation import Keep, Outcome, Request, encoded
from imagegate.policy import Policy
from imagegate.words import Phrase
from imagegate.workers import receive, send, send_note

MEBIBYTE: Final = 1 << 20
_STDIN, _STDOUT, _STDERR = range(3)


def main() -> None:
    """Answer each picture with its outcome."""
    work(_answer)


def work(answer: Callable[[bytearray, bytearray, Callable[[bytes], None]], bytes]) -> None:
    """Say when the kernels are loaded, then answer each question.

    Args:
        answer: Makes an answer of a question's two messages; it may call its third argument to leave a note of what it
            is at. No exception is caught: a worker that fails ends, and a fresh one takes its place.
    """
    questions, answers = FileIO(os.dup(_STDIN), "rb"), FileIO(os.dup(_STDOUT), "wb")
    _silence(_STDIN, _STDOUT)
    _forgo_core_dumps()
    cv2.setNumThreads(1)  # there is a worker for each processor
    warmup()
    _held()  # is counted now
    send(answers, b"")
    # Up to here it says why a worker cannot start; from here on decoders write of what they read.
    _silence(_STDERR)
    try:
        while True:
            send(answers, answer(receive(questions), receive(questions), partial(send_note, answers)))
    except (EOFError, BrokenPipeError):
        return


def _answer(question: bytearray, data: bytearray, _: Callable[[bytes], None]) -> bytes:
    request = msgspec.msgpack.decode(question, type=Request)
    received = Received(data=memoryview(data), **request.received)
    return encoded(bounded(received, Policy(**request.policy), keep=request.keep, lang=request.lang))


def bounded(received: Received, policy: Policy, *, keep: Keep | None, lang: str) -> Outcome:
    """What `gate.judge` says of a picture, within the memory that the policy lets it take."""
    try:
        with _memory(policy.worker_memory):
            return judge(received, policy, keep=keep, lang=lang)
    except (MemoryError, cv2.error):  # OpenCV has no other reason to raise: what it is called with is ours
        most = policy.worker_memory / MEBIBYTE
        message = Phrase("Reading the picture takes more than the {most:,.0f} MiB of memory that it may.", most=most)
        return Outcome(findings=(policy.rejection("image_too_large", message).in_language(lang),))


def _silence(*descriptors: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


if sys.platform == "linux":
    import resource

    _DATA: Final = 5  # column of /proc/self/statm: private writable pages, in use or not

    def _forgo_core_dumps() -> None:
        """A core would hold the photo. A limit of 1 byte, unlike 0, also stops those that are piped to a program."""
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        if hard:  # else whoever started this process has forbidden them, and 0 cannot be raised to 1
            resource.setrlimit(resource.RLIMIT_CORE, (1, 1))

    @cache
    def _held() -> int:
        """Bytes that a worker holds before its first picture; what it keeps of one is part of the next one's share."""
        return int(Path("/proc/self/statm").read_bytes().split()[_DATA]) * resource.getpagesize()

    @contextmanager
    def _memory(most: int) -> Iterator[None]:
        """Let a picture take so many bytes, and whatever asks for more fail.

        RLIMIT_DATA and not RLIMIT_AS: address space is reserved by the gigabyte, for threads and for files, and never
        used; RLIMIT_RSS is not enforced.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = _held() + most
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

else:  # macOS takes such a limit and does not hold to it; Windows has none

    def _forgo_core_dumps() -> None:
        pass

    def _held() -> int:
        return 0

    @contextmanager
    def _memory(most: int) -> Iterator[None]:  # noqa: ARG001 - as on Linux
        yield
