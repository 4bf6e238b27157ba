"""Duplicates: pictures of a scan that came before, as the same file or as nearly the same picture."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from imagegate.causes import CAUSES
from imagegate.measure.phash import BYTES
from imagegate.scanning.hamming import HammingIndex
from imagegate.words import Phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagegate.policy import Policy
    from imagegate.scanning.record import Record

CAUSE: Final = "duplicate_image"
# An eighth of the bits: measured on copies of photos and on photos that look alike, in docs/scan.md.
RADIUS: Final = 32
# So many bytes of a file's SHA-256 tell a million files apart, but for a chance of 1 in 37 million.
CONTENT: Final = 8
BLOCK: Final = 512


def looked_for(policy: Policy) -> bool:
    """Whether a policy wants to know of duplicates at all."""
    return policy.severity(CAUSES[CAUSE]) != "ignore"


class Duplicates:
    """The pictures of a scan so far, in some 60 bytes each, and which of them another one repeats."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._names = _Names()
        self._contents = HammingIndex(CONTENT, radius=0, chunks=1, reach=0)
        self._looks = HammingIndex(BYTES, radius=RADIUS, chunks=2, reach=1)

    def judged(self, record: Record) -> Record:
        """The record, with a finding where its picture came before; it is remembered for those that follow.

        Records come in the order of their source. A picture that cannot be read has no duplicates.
        """
        report = record.report
        if record.sha256 is None or report is None or report.measurements is None or not looked_for(self._policy):
            return record
        message = self._message(record.sha256, record.phash)
        self.remember(record.source, record.sha256, record.phash)
        if message is None:
            return record
        said = (finding.in_language(report.lang) for finding in self._policy.findings(CAUSE, message))
        found = (*report.findings, *said)
        return msgspec.structs.replace(record, report=msgspec.structs.replace(report, findings=found))

    def remember_record(self, record: Mapping[str, Any]) -> None:
        """Note the picture of a record's object, where it could be decoded."""
        if record["measurements"] is not None and record["sha256"] is not None and looked_for(self._policy):
            self.remember(record["source"], record["sha256"], record["phash"])

    def remember(self, source: str, sha256: str, hashed: str | None) -> None:
        """Note a picture that could be decoded, of this scan or of one that it goes on with; arguments as in Record."""
        self._names.append(source)
        self._contents.add(_content(sha256))
        # No hash has few bits set (half are above the median), so nothing is near to none.
        self._looks.add(bytes(BYTES) if hashed is None else bytes.fromhex(hashed))

    def _message(self, sha256: str, hashed: str | None) -> Phrase | None:
        row = self._contents.first(_content(sha256))
        if row is not None:
            return Phrase("The file is the same as {first}.", first=self._names[row])
        row = None if hashed is None else self._looks.first(bytes.fromhex(hashed))
        return None if row is None else Phrase("The picture is nearly the same as {first}.", first=self._names[row])


def _content(sha256: str) -> bytes:
    return bytes.fromhex(sha256[: 2 * CONTENT])


class _Names:
    """Names by number, packed: those of a folder have most in common."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._loose: list[str] = []

    def append(self, name: str) -> None:
        # As records write it: a name that is not UTF-8 could not be part of a message.
        self._loose.append(name.encode("utf-8", "backslashreplace").decode())
        if len(self._loose) == BLOCK:
            self._packed.append(zlib.compress(json.dumps(self._loose).encode()))
            self._loose.clear()

    def __getitem__(self, number: int) -> str:
        block, place = divmod(number, BLOCK)
        if block == len(self._packed):
            return self._loose[place]
        name: str = json.loads(zlib.decompress(self._packed[block]))[place]
        return name
