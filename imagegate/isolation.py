"""Isolation: pictures are read in worker processes, so that one which takes its decoder down costs that one picture."""

from __future__ import annotations

import atexit
import os
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args

import msgspec
import numpy as np

from imagegate.causes import CAUSES, Finding
from imagegate.header import Header
from imagegate.intake import Received
from imagegate.measurements import Maps, Measurements
from imagegate.policy import Policy
from imagegate.words import Phrase
from imagegate.workers import Died, Pool, cores, python_command

Keep: TypeAlias = Literal["maps", "phash"]


class Judge(Protocol):
    """What judges an encoded picture, as `gate.judge` does."""

    def __call__(self, received: Received, policy: Policy, *, keep: Keep | None, lang: str) -> Outcome:
        """Say what is known of it."""


# What a terminal or a service manager sends to a whole group is the caller's to handle, who finishes what is under way;
# a worker ends when the caller's end of its pipe is closed.
_BOOTSTRAP: Final = (
    "import signal; [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]; "
    "from {module} import main; main()"
)
# A working picture has at most 1100 x 1100 pixels of luma and colour.
_LONGEST_ANSWER: Final = 1 << 23


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a picture once it was read: the fields of its report, and its perceptual hash."""

    findings: tuple[Finding, ...] = ()
    header: Header | None = None
    measurements: Measurements | None = None
    timings: dict[str, float] = {}
    maps: Maps | None = None
    phash: bytes | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told of a picture; its bytes follow.

    Attributes:
        policy: Fields of the policy.
        received: Fields of what intake knows, but for the picture itself.
        keep: What is wanted besides the numbers.
        lang: Language of what is found.
    """

    policy: dict[str, Any]
    received: dict[str, Any]
    keep: Keep | None
    lang: str


def judged(received: Received, policy: Policy, *, keep: Keep | None, lang: str) -> Outcome:
    """Have an encoded picture judged in a worker process: what `gate.judge` says of it, or what became of the worker.

    Waits while every worker is busy; there is one a processor, started when it is first needed and kept.

    Raises:
        RuntimeError, OSError: No worker can be started.
    """
    if _judge_here is not None:
        return _judge_here(received, policy, keep=keep, lang=lang)
    known = msgspec.structs.asdict(received)
    data = known.pop("data")
    del known["pixels"]
    told = Request(policy=policy.to_dict(), received=known, keep=keep, lang=lang)
    request = msgspec.msgpack.encode(told)
    try:
        return _pool.ask((request, data), policy.worker_seconds, _LONGEST_ANSWER, _decoded)
    except Died as death:
        return Outcome(findings=(_obituary(death, policy),))


def encoded(outcome: Outcome) -> bytes:
    """An outcome as a worker sends it."""
    return msgspec.msgpack.encode(outcome, enc_hook=lambda array: (array.shape, array.tobytes()))


def _array(kind: Any, message: Any) -> Any:
    """An array from its shape and bytes; its type is the one annotated, whatever the worker may say."""
    (shape, data), dtype = message, get_args(get_args(kind)[1])[0]
    return np.frombuffer(data, dtype).reshape(shape).copy()


# Nothing is unpickled: of a worker that a picture has taken over, no more is believed than the form of an answer.
_DECODER: Final = msgspec.msgpack.Decoder(Outcome, dec_hook=_array)


def _decoded(answer: bytearray) -> Outcome:
    try:
        outcome = _DECODER.decode(answer)
        causes = [CAUSES[finding.cause.code] for finding in outcome.findings]
    except (msgspec.MsgspecError, KeyError):
        raise ValueError("no outcome") from None
    findings = (
        msgspec.structs.replace(finding, cause=cause) for finding, cause in zip(outcome.findings, causes, strict=True)
    )
    return msgspec.structs.replace(outcome, findings=tuple(findings))


def _obituary(death: Died, policy: Policy) -> Finding:
    if death.expired:
        message = Phrase(
            "Reading the picture takes longer than the {seconds:g} s that it may.", seconds=policy.worker_seconds
        )
        return policy.rejection("image_too_large", message)
    message = Phrase("The decoder failed: its process {how} while it read the picture.", how=death.how)
    return policy.rejection("image_corrupt", message, decoder_failure=True)


def judge_here(judge: Judge) -> None:
    """Say that this process is a worker itself: it has pictures judged by this function and asks no other process."""
    global _judge_here  # noqa: PLW0603 - a worker is one for as long as it runs
    _judge_here = judge


def worker_command(module: str = "imagegate.worker") -> list[str]:
    """What starts a worker that runs the `main` of a module."""
    return python_command(_BOOTSTRAP.format(module=module))


def _after_fork() -> None:
    global _pool  # noqa: PLW0603 - each process has its own
    _pool.forget()
    _pool = Pool(worker_command(), cores())


_judge_here: Judge | None = None
_pool = Pool(worker_command(), cores())
atexit.register(lambda: _pool.close())  # noqa: PLW0108 - of the pool that there is by then
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
