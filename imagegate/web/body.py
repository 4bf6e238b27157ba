"""Reads the body of a request within its bounds: length, bytes in memory, speed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Receive

from imagegate.web.config import Settings
from imagegate.web.pool import Full, Ledger
from imagegate.web.refusals import Refused, overloaded, too_long
from imagegate.words import Phrase

# Seconds over which the speed of an upload is judged: phones lose their connection for a moment.
PATIENCE: Final = 5.0
# Of a request that is refused, so many seconds are read on, and thrown away: a connection that is closed over unread
# bytes is reset, and the answer with it (RFC 9112, section 9.6).
LINGER: Final = 2.0


class Gone(Exception):  # noqa: N818 - what happened; there is nobody to answer
    """The client has closed its connection."""


class Upload:
    """The body of one request.

    Attributes:
        data: What has come of it.
    """

    def __init__(self, receive: Receive, headers: Headers, settings: Settings, ledger: Ledger) -> None:
        self.data = bytearray()
        self._receive = receive
        self._settings = settings
        self._ledger = ledger
        # What servers pass on has a length of digits, or none.
        self._length = int(headers.get("content-length", 0))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Count its bytes while it is in memory."""
        try:
            yield
        finally:
            self._ledger.remove(len(self.data))
            self.data = bytearray()

    async def read(self) -> bytearray:
        """All of it.

        Raises:
            Refused: It is too long (413) or too slow (408), or there is no room for it (503).
            Gone: The client has left.
        """
        self._refuse_too_long(self._length)
        try:
            self._ledger.refuse_beyond(self._length)
            await self._read_at_speed()
        except Full:
            raise overloaded(Phrase("There is no room for more uploads at the moment."), unread=True) from None
        except TimeoutError:
            slowest = self._settings.slowest_upload
            message = Phrase("The upload is slower than {slowest:,} bytes a second.", slowest=slowest)
            raise Refused(408, "upload_too_slow", message, unread=True) from None
        return self.data

    async def _read_at_speed(self) -> None:
        """In every PATIENCE seconds as many bytes must come as the floor asks for; TimeoutError if not."""
        share = int(self._settings.slowest_upload * PATIENCE)
        due = share
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE) as clock:
            while await self._read_more():
                if len(self.data) >= due:
                    due = len(self.data) + share
                    clock.reschedule(loop.time() + PATIENCE)

    async def _read_more(self) -> bool:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        self._refuse_too_long(len(self.data) + len(part))
        self._ledger.add(len(part))
        self.data += part
        return bool(message.get("more_body", False))

    def _refuse_too_long(self, length: int) -> None:
        if length > self._settings.largest_body:
            raise too_long(self._settings.largest_body)


async def discard(receive: Receive, most: int) -> None:
    """Read on for a moment, and throw away, what is left of a request that was answered already."""
    try:
        async with asyncio.timeout(LINGER):
            while most > 0:
                message = await receive()
                if not message.get("more_body", False):
                    return
                most -= len(message["body"])
    except TimeoutError:
        return
