"""Record: what a scan says of one picture."""

from __future__ import annotations

from typing import Any

import msgspec

from imagegate.report import Report
from imagegate.versions import versions


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan says of one picture.

    Attributes:
        source: The file's path, as it was given or found.
        size: Its length in bytes; None where it could not be read.
        sha256: SHA-256 of the bytes that were checked, in hexadecimal; None where they were not read: the file could
            not be, or is longer than the policy takes and was judged by its length alone.
        phash: Perceptual hash of what the picture shows (`imagegate.measure.phash`), 256 bits in hexadecimal; None
            where it shows nothing or could not be decoded, and where the policy ignores `duplicate_image`.
        report: The verdict, which of a duplicate names the first one; None where the file could not be read.
        error: What kept the file from being read or judged; None where nothing did. Such a record counts as rejected.
    """

    source: str
    size: int | None = None
    sha256: str | None = None
    phash: str | None = None
    report: Report | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the picture passes; what could not be read does not."""
        return self.report is not None and self.report.ok

    @property
    def status(self) -> int | None:
        """What the API would answer: 200, 400 or 422; None where the file could not be read."""
        return None if self.report is None else self.report.status

    def to_dict(self) -> dict[str, Any]:
        """The report's object and what is known of the file, as plain containers that JSON can hold.

        A name that is not UTF-8 has its odd bytes written as escapes.
        """
        source = self.source.encode("utf-8", "backslashreplace").decode()
        verdict = _no_verdict(source) if self.report is None else self.report.to_dict(source)
        return verdict | {
            "size": self.size,
            "sha256": self.sha256,
            "phash": self.phash,
            "timings": {} if self.report is None else dict(self.report.timings),
            "versions": dict(versions()),
            "error": self.error,
        }


def _no_verdict(source: str) -> dict[str, Any]:
    """A report's object where there is no report."""
    return {
        "source": source,
        "ok": False,
        "status": None,
        "profile": None,
        "header": None,
        "measurements": None,
        "findings": [],
    }
