"""Verdict and Report: what is said of a picture or a request, and every form it is passed on in."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec
import PIL.Image

from imagegate.bodies import Refusal, dialect
from imagegate.causes import CAUSES, Finding
from imagegate.header import Header
from imagegate.header.model import UNREPORTED
from imagegate.measurements import Maps, Measurements
from imagegate.notebook import to_html
from imagegate.policy import RULE_OF, Policy

_RANK = {code: rank for rank, code in enumerate(CAUSES)}


class ImageRejected(ValueError):  # noqa: N818 - named for what happened, as HTTP clients do
    """Raised by `raise_for_status()` for a rejected picture or request.

    Attributes:
        report: The report that rejects it.
    """

    def __init__(self, report: Verdict) -> None:
        causes = "; ".join(finding.message for finding in report.rejections)
        super().__init__(f"{report.status}: {causes}")
        self.report = report

    def __reduce__(self) -> tuple[type[ImageRejected], tuple[Verdict]]:
        """Exceptions are pickled by their message, but this one is made of its report."""
        return type(self), (self.report,)


class Verdict(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a report on a picture and one on a request have in common.

    Attributes:
        findings: What was found: rejections first, among them 400 before 422, then the most useful advice first.
        policy: What it was judged by.
        lang: Language of messages, titles and advice: "en", "es", "fr" or "de".
        subject: What it is of, in a word.
    """

    subject: ClassVar[str]

    findings: tuple[Finding, ...] = ()
    policy: Policy
    lang: str = "en"

    def __post_init__(self) -> None:
        """Put the findings into the order of a report: the first one is always one that gave the status."""
        ranked = sorted(self.findings, key=lambda f: (f.severity != "reject", f.status, _RANK[f.cause.code]))
        msgspec.structs.force_setattr(self, "findings", tuple(ranked))

    @property
    def profile(self) -> str:
        """Name of the policy it was judged by."""
        return self.policy.name

    @property
    def ok(self) -> bool:
        """Whether it passes; warnings do not keep it from passing."""
        return not self.rejections

    @property
    def status(self) -> Literal[200, 400, 422]:
        """What the API would answer: 200, 400 (cannot be read) or 422 (too poor)."""
        statuses = {finding.status for finding in self.rejections}
        if not statuses:
            return 200
        return 400 if 400 in statuses else 422  # noqa: PLR2004 - an HTTP status

    @property
    def rejections(self) -> tuple[Finding, ...]:
        """The findings that reject it."""
        return tuple(finding for finding in self.findings if finding.severity == "reject")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that only warn."""
        return tuple(finding for finding in self.findings if finding.severity == "warn")

    def raise_for_status(self) -> None:
        """Do nothing for what passes.

        Raises:
            ImageRejected: It is rejected.
        """
        if not self.ok:
            raise ImageRejected(self)

    def to_dict(self, source: str | None = None) -> dict[str, Any]:
        """The verdict as plain containers that JSON can hold; `imagegate/report.schema.json` describes them.

        Args:
            source: What it is of, for the reader's sake.
        """
        return {
            "source": source,
            "ok": self.ok,
            "status": self.status,
            "profile": self.profile,
            **self._facts(),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_json(self, source: str | None = None) -> str:
        """`to_dict` as one line of JSON; NaN is null."""
        return msgspec.json.encode(self.to_dict(source)).decode()

    def to_error(
        self, api: str = "problem", request_id: str | None = None
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        """The answer of an API that rejects it: status, headers and body.

        Args:
            api: The dialect of the body; "problem" is RFC 9457.
            request_id: Stands in the body where the dialect has a place for it.

        Raises:
            ValueError: It passes, or `api` is not a dialect that is known.
            TypeError: `request_id` is not a string.
        """
        if self.ok:
            raise ValueError(f"to_error: the {self.subject} passes, there is no error to answer with")
        body = dialect(api)
        if request_id is not None and not isinstance(request_id, str):
            raise TypeError(f"request_id must be a string or None, got {type(request_id).__name__}")
        refusal = Refusal(status=self.status, findings=self.rejections, request_id=request_id, lang=self.lang)
        return body.render(refusal)

    def __repr__(self) -> str:
        """One line without numbers or pixels, fit for a log."""
        causes = ", ".join(dict.fromkeys(finding.cause.code for finding in self.findings)) or "nothing found"
        return f"<{type(self).__name__} {self.status} by {self.profile!r}: {causes}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """What Rich prints: the default would be every field."""
        return [
            ("status", self.status),
            ("profile", self.profile),
            ("causes", [finding.cause.code for finding in self.findings]),
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._key() == other._key()

    # msgspec's own does not ask __eq__.
    __ne__ = object.__ne__

    def __hash__(self) -> int:
        return hash(self.to_json())

    def _facts(self) -> dict[str, Any]:
        """What else is in the object: what was judged."""
        raise NotImplementedError

    def _key(self) -> tuple[object, ...]:
        return self.to_json(), self.policy


class Report(Verdict, frozen=True, kw_only=True, eq=False):
    """The verdict on one picture. Two are equal where all but the timings and maps are: in two languages they are not.

    Attributes:
        findings: What was found: rejections first, among them 400 before 422, then the most useful advice first.
        header: What the file says of itself; None where that could not be read or there is no file.
        measurements: The numbers; None where the picture could not be decoded.
        policy: What it was judged by.
        timings: Seconds per stage.
        maps: Where it is blurred or clipped; None without `detail=True`.
    """

    subject = "picture"

    header: Header | None = None
    measurements: Measurements | None = None
    timings: dict[str, float] = {}
    maps: Maps | None = None

    def placed(self, pointer: str) -> Report:
        """The report with findings that say where in a request the picture stands (JSON Pointer)."""
        findings = (msgspec.structs.replace(finding, pointer=pointer) for finding in self.findings)
        return msgspec.structs.replace(self, findings=tuple(findings))

    def overlay(self) -> PIL.Image.Image:
        """The picture as it is seen, with what is blurred and what is clipped marked on it.

        Raises:
            ValueError: The report keeps no maps: it was made without `detail=True`, or nothing could be decoded.
        """
        if self.maps is None:
            raise ValueError("overlay() needs the maps of a decoded picture: call check(..., detail=True)")
        # Pillow costs as much to load as a check, and only who draws needs it.
        from imagegate.overlay import draw_overlay  # noqa: PLC0415

        return draw_overlay(self.maps, self.policy.limit(RULE_OF["blur_radius.max"]))

    def _repr_html_(self) -> str:
        """What a notebook shows: verdict, causes, numbers beside their limits; never a pixel of the photo."""
        return to_html(self.status, self.policy, self.findings, self.header, self.measurements, self.lang)

    def _facts(self) -> dict[str, Any]:
        return {
            "header": None if self.header is None else _header_to_dict(self.header),
            "measurements": None if self.measurements is None else self.measurements.to_dict(),
        }

    def _key(self) -> tuple[object, ...]:
        return *super()._key(), self.header


def _header_to_dict(header: Header) -> dict[str, Any]:
    """The header's facts, but for what only the code needs."""
    facts = msgspec.structs.asdict(header)
    for name in UNREPORTED:
        del facts[name]
    return facts
