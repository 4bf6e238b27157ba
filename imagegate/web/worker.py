"""A worker process of the service: reads and judges the bodies of requests, whatever stands in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256

import msgspec

from imagegate import isolation
from imagegate.intake import Received
from imagegate.isolation import Keep, Outcome
from imagegate.policy import Policy
from imagegate.web.answering import answered
from imagegate.web.isolated import Asked, Failed, deadly
from imagegate.web.logs import place_of
from imagegate.worker import bounded, work


def main() -> None:
    """Answer each request."""
    work(_answer)


def _answer(message: bytearray, body: bytearray, note: Callable[[bytes], None]) -> bytes:
    asked = msgspec.msgpack.decode(message, type=Asked)

    def judge(received: Received, policy: Policy, *, keep: Keep | None, lang: str) -> Outcome:
        """Say which picture it is before it can do any harm; do not read one that has ended two workers."""
        digest = sha256(received.data or b"").digest()
        if digest in asked.deadly:
            raise deadly()
        note(digest)
        return bounded(received, policy, keep=keep, lang=lang)

    isolation.judge_here(judge)
    try:
        return msgspec.msgpack.encode(answered(asked.question, body, _policy(asked.policy)))
    except Exception as error:  # noqa: BLE001 - a flaw of ours costs no worker; its text could hold anything
        return msgspec.msgpack.encode(Failed(place_of(error)))


@cache  # there are as many as the service offers
def _policy(fields: bytes) -> Policy:
    return Policy(**msgspec.msgpack.decode(fields))
