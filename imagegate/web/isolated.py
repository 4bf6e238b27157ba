"""Bodies of requests are read in worker processes: one that takes its worker down, or holds it, is remembered."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256
from threading import Lock
from typing import Any, Final

import msgspec

from imagegate.causes import CAUSES
from imagegate.isolation import worker_command
from imagegate.policy import Policy
from imagegate.web.answering import Answered, Question
from imagegate.web.logs import LOGGER, WorkerError
from imagegate.web.refusals import RETRY_SECONDS, SERVICE_CAUSES, Refused, overloaded
from imagegate.words import Phrase
from imagegate.workers import Died, Pool

# Deaths after which a picture is refused: the first one may have had another reason, as a want of memory.
DEADLY: Final = 2
# Pictures that are remembered, 32 bytes each; whose death is longest ago is forgotten first.
MOST_REMEMBERED: Final = 1000
_DIGEST_BYTES: Final = 32
# 500 pictures, as many as policies take by default, make an answer of 1.3 MB.
_LONGEST_ANSWER: Final = 1 << 24
# A worker that was killed because the deadline came may have had no time: its picture is blamed where it had so much
# of its `worker_seconds`.
_FAIR_SHARE: Final = 0.5
_HEADERS: Final = {"Content-Type", "Content-Language", "Retry-After"}
_STAGES: Final = {"intake", "header", "decode", "measure", "rules"}

_log: Final = logging.getLogger(LOGGER)


class Asked(msgspec.Struct, frozen=True):
    """What a worker is told of a request; its body follows.

    Attributes:
        question: What is asked.
        policy: Fields of the policy, encoded.
        deadly: SHA-256 of pictures that are not to be read.
    """

    question: Question
    policy: bytes
    deadly: tuple[bytes, ...]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The answer of a worker that met a flaw of ours: where it is."""

    place: str


class Workers:
    """Worker processes that answer requests.

    Args:
        count: How many there are.
        policies: Those that requests name.
    """

    def __init__(self, count: int, policies: Iterable[Policy]) -> None:
        self._fields = {policy.name: msgspec.msgpack.encode(policy.to_dict()) for policy in policies}
        self._pool = Pool(worker_command("imagegate.web.worker"), count)
        self._deaths = Deaths()

    def start(self) -> None:
        """Start all of them, and wait until their kernels are loaded.

        Raises:
            RuntimeError, OSError: One of them cannot be started.
        """
        self._pool.start()

    def close(self) -> None:
        """End them."""
        self._pool.close()

    def answered(self, question: Question, body: bytearray, policy: Policy, seconds: float) -> Answered:
        """What a worker makes of a body.

        Args:
            question: What is asked.
            body: The body.
            policy: What the API takes; its `worker_seconds` bound the time for the whole request.
            seconds: Time that is left of the request's deadline.

        Raises:
            Refused: 503 where the worker ended or none can be started, 400 where it was the second one that ended at
                the same picture.
            WorkerError: There is a flaw in imagegate.
        """
        known = self._deaths.deadly
        if known and sha256(body).digest() in known:
            raise deadly()
        asked = msgspec.msgpack.encode(Asked(question, self._fields[policy.name], known))
        seconds = min(seconds, policy.worker_seconds)
        try:
            answer = self._pool.ask((asked, memoryview(body)), seconds, _LONGEST_ANSWER, _decoded)
        except Died as death:
            blamed = not death.expired or seconds >= _FAIR_SHARE * policy.worker_seconds
            raise self._after(death, body, blamed=blamed) from None
        except (RuntimeError, OSError) as error:
            _log.error("no worker can be started", extra={"facts": {"why": str(error)}})
            raise overloaded(Phrase("There is no place for more requests at the moment.")) from None
        if isinstance(answer, Failed):
            raise WorkerError(answer.place)
        return answer

    def _after(self, death: Died, body: bytearray, *, blamed: bool) -> Refused:
        """Note a death; the answer to the request."""
        # Where it ended before it knew of a picture, it was the body that ended it.
        digest = death.note if len(death.note) == _DIGEST_BYTES else sha256(body).digest()
        deaths = self._deaths.note(digest) if blamed else 0
        facts: dict[str, Any] = {"how": str(death.how), "expired": death.expired}
        if deaths >= DEADLY:
            facts["sha256"] = digest.hex()
        _log.warning("a worker ended", extra={"facts": facts})
        if deaths >= DEADLY:
            return deadly()
        message = Phrase("The process that read the picture {how}.", how=death.how)
        return Refused(503, "interrupted", message, retry_after=RETRY_SECONDS)


class Deaths:
    """How many workers each picture has ended, of so many pictures and no more.

    Attributes:
        deadly: SHA-256 of those that have ended DEADLY workers.
    """

    def __init__(self) -> None:
        self.deadly: tuple[bytes, ...] = ()
        self._counts: OrderedDict[bytes, int] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """Pictures that are remembered."""
        return len(self._counts)

    def note(self, digest: bytes) -> int:
        """Count a death, and say how many there were."""
        with self._lock:
            count = self._counts[digest] = self._counts.get(digest, 0) + 1
            self._counts.move_to_end(digest)
            if len(self._counts) > MOST_REMEMBERED:
                self._counts.popitem(last=False)
            self.deadly = tuple(each for each, deaths in self._counts.items() if deaths >= DEADLY)
            return count


def deadly() -> Refused:
    """400: a picture has ended as many workers as one may."""
    message = Phrase("The decoder fails at this picture: each process that read it ended.")
    return Refused(400, "image_corrupt", message)


_DECODER: Final = msgspec.msgpack.Decoder(Answered | Failed)


def _decoded(message: bytearray) -> Answered | Failed:
    """What a worker says; one that a picture has taken over shall not name headers and causes of its own."""
    try:
        answer = _DECODER.decode(message)
    except msgspec.MsgspecError:
        raise ValueError("no answer") from None
    if isinstance(answer, Failed):
        return answer
    codes = {code for code, _ in answer.findings}
    if not (answer.headers.keys() <= _HEADERS and answer.timings.keys() <= _STAGES and codes <= _CODES):
        raise ValueError("no answer of ours")
    if answer.verdict is None and not codes:
        raise ValueError("no answer that says why")
    return answer


_CODES: Final = {*CAUSES, *SERVICE_CAUSES}
