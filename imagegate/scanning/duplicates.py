"""Duplicates: pictures of a scan that came before, as the same file or as nearly the same picture."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from imagegate.causes import CAUSES
from imagegate.measure.phash import BYTES
from imagegate.policy import Policy
from imagegate.scanning.hamming import HammingIndex
from imagegate.scanning.names import Names
from imagegate.scanning.record import Record
from imagegate.words import Phrase

CAUSE: Final = "duplicate_image"
# An eighth of the bits: measured on copies of photos and on photos that look alike, in docs/scan.md.
RADIUS: Final = 32
# Of pictures that are nearly the same already, so many bytes of the SHA-256 tell the same file.
CONTENT: Final = 4


def looked_for(policy: Policy) -> bool:
    """Whether a policy wants to know of duplicates at all."""
    return policy.severity(CAUSES[CAUSE]) != "ignore"


class Duplicates:
    """The pictures of a scan so far, in some 50 bytes each, and which of them another one repeats.

    Of a picture that came before nothing is remembered: what repeats it repeats the first one. Else thousands of frames
    of one scene would each be held against all before it.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._names = Names()
        self._contents = array("I")
        self._looks = HammingIndex(BYTES, radius=RADIUS, chunks=2, reach=1)

    def __len__(self) -> int:
        """How many pictures are remembered."""
        return len(self._looks)

    def judged(self, record: Record) -> Record:
        """The record, with a finding where its picture came before; it is remembered for those that follow.

        Records come in the order of their source. A picture that cannot be read has no duplicates.
        """
        report = record.report
        if record.sha256 is None or report is None or report.measurements is None or not looked_for(self._policy):
            return record
        message = self._noted(record.source, record.sha256, record.phash)
        if message is None:
            return record
        said = (finding.in_language(report.lang) for finding in self._policy.findings(CAUSE, message))
        found = (*report.findings, *said)
        return msgspec.structs.replace(record, report=msgspec.structs.replace(report, findings=found))

    def remember(self, record: Mapping[str, Any]) -> None:
        """Note the picture of a record's object, of an earlier scan that this one goes on with."""
        if record["measurements"] is not None and record["sha256"] is not None and looked_for(self._policy):
            self._noted(record["source"], record["sha256"], record["phash"])

    def _noted(self, source: str, sha256: str, phash: str | None) -> Phrase | None:
        """What there is to say of a picture that could be decoded; arguments as in Record."""
        content = int(sha256[: 2 * CONTENT], 16)
        # The SHA-256 of a picture that shows nothing is as long as a hash, and near to none but itself.
        looks = bytes.fromhex(sha256 if phash is None else phash)
        near = self._looks.near(looks)
        same = [row for row in near if self._contents[row] == content]
        if same:
            return Phrase("The file is the same as {first}.", first=self._name(same[0]))
        if near:
            return Phrase("The picture is nearly the same as {first}.", first=self._name(near[0]))
        self._names.append(source)
        self._contents.append(content)
        self._looks.add(looks)
        return None

    def _name(self, row: int) -> str:
        """As records write it: a name that is not UTF-8 could not be part of a message."""
        return self._names[row].encode("utf-8", "backslashreplace").decode()
