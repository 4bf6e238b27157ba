"""check(): the whole flow on one screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

import cv2
import msgspec
import numpy as np
import simplejpeg

from imagegate import heif, isolation
from imagegate.causes import CAUSES, Finding, Unreadable
from imagegate.decode import Picture, decode
from imagegate.header import FORMATS, Header, format_of_mime, read, sniff
from imagegate.header.pixels import of_array
from imagegate.intake import Received, receive
from imagegate.isolation import Keep, Outcome
from imagegate.judge import evaluate
from imagegate.measure import measure
from imagegate.measure.phash import phash
from imagegate.measurements import Maps, Measurements
from imagegate.pil import of_pil
from imagegate.policy import Policy, resolve
from imagegate.report import Report
from imagegate.words import ENGLISH, Phrase, choose, listed

UNREADABLE: Final = 400
# What browsers declare where they know no type says nothing of it.
UNDECLARED: Final = ("", "application/octet-stream")


def check(image: object, *, policy: Policy | str | None = None, detail: bool = False, lang: str = "en") -> Report:
    """Say whether an API will take a picture.

    Args:
        image: Base64 text or a data: URI (str, never a path); an encoded picture or Base64 in ASCII (bytes-like);
            a path (os.PathLike); a binary file object, read from where it stands; a PIL image; or a NumPy array,
            (H, W) or (H, W, 3) in RGB order, uint8 or uint16.
        policy: What the API takes: None for the default, a profile's name, or a Policy.
        detail: Keep the tile maps and the working picture, for `Report.overlay()`.
        lang: Language tag or Accept-Language value of messages and advice: en, es, fr or de; any other is en.

    Returns:
        The report. A bad picture is a report with findings, never an exception.

    Raises:
        TypeError, ValueError: An argument cannot be used; the message names it.
        OSError: A path cannot be opened.
    """
    report, _ = examine(image, resolve(policy), keep="maps" if detail else None, lang=choose(lang))
    return report


def examine(
    image: object, policy: Policy, *, keep: Keep | None = None, declared: str = "", lang: str = ENGLISH
) -> tuple[Report, bytes | None]:
    """The report on one picture, and its perceptual hash where that is to be kept.

    Args:
        image: See `check`.
        policy: What the API takes.
        keep: What is wanted besides the numbers.
        declared: The media type that a request declares beside the picture; "" if it declares none.
        lang: One of `words.LANGUAGES`.
    """
    flow = _Flow(policy, keep, lang)
    if "heic" in policy.formats:
        heif.require()
    with flow.refused():
        flow.run(image, declared)
    facts = msgspec.structs.asdict(flow.outcome())
    hashed = facts.pop("phash")
    return Report(policy=policy, lang=lang, **facts), hashed


def judge(received: Received, policy: Policy, *, keep: Keep | None, lang: str) -> Outcome:
    """The flow from the header on: what a worker process does with a picture."""
    flow = _Flow(policy, keep, lang)
    with flow.refused():
        flow.judge(received)
    return flow.outcome()


def warmup() -> None:
    """Compile and load every kernel, so that the next check() is as fast as any."""
    # Squares in a JPEG, across its blocks: of noise the focus is not judged, and of no other format the compression.
    # The PNG is wide enough to be reduced.
    squares = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8).repeat(50, axis=0).repeat(50, axis=1)
    examine(simplejpeg.encode_jpeg(squares), resolve(None), keep="phash")
    check(cv2.imencode(".png", squares.repeat(3, axis=1))[1].tobytes())


class _Flow:
    """One picture on its way through the stages, and what is known of it so far."""

    def __init__(self, policy: Policy, keep: Keep | None, lang: str) -> None:
        self.policy = policy
        self.keep = keep
        self.lang = lang
        self.findings: list[Finding] = []
        self.timings: dict[str, float] = {}
        self.header: Header | None = None
        self.measurements: Measurements | None = None
        self.maps: Maps | None = None
        self.phash: bytes | None = None

    def run(self, image: object, declared: str) -> None:
        """Each stage needs the one before: what cannot be read is not measured."""
        with self._timed("intake"):
            received = receive(image, self.policy)
        if declared and not received.declared:
            received = msgspec.structs.replace(received, declared=declared)
        if self._stopped_by(evaluate("file", received, self.policy), _data_uri_findings(received, self.policy)):
            return
        # Arrays and PIL images are decoded already, or by the caller's own Pillow.
        if self.policy.isolation == "process" and received.data is not None:
            self._have_judged(received)
        else:
            self.judge(received)

    def judge(self, received: Received) -> None:
        """All that is done with the bytes of a stranger."""
        with self._timed("header"):
            header = self.header = _header_of(received, self.policy)
        if self._stopped_by(_format_findings(received, header, self.policy), evaluate("header", header, self.policy)):
            return
        with self._timed("decode"):
            picture = self._decode(received, header)
        with self._timed("measure"):
            self.measurements, self.maps = measure(picture, header)
            if self.keep == "phash":
                self.phash = phash(picture.luma, header.orientation)
        with self._timed("rules"):
            self.findings += evaluate("picture", self.measurements, self.policy)

    def _have_judged(self, received: Received) -> None:
        outcome = isolation.judged(received, self.policy, keep=self.keep, lang=self.lang)
        self.header, self.measurements, self.maps = outcome.header, outcome.measurements, outcome.maps
        self.phash = outcome.phash
        self.timings |= outcome.timings
        self._stopped_by(outcome.findings)

    def outcome(self) -> Outcome:
        """What is known of it."""
        return Outcome(
            findings=tuple(finding.in_language(self.lang) for finding in self.findings),
            header=self.header,
            measurements=self.measurements,
            timings=self.timings,
            maps=self.maps if self.keep == "maps" else None,
            phash=self.phash,
        )

    @contextmanager
    def refused(self) -> Iterator[None]:
        """Make a finding of what cannot be read; whatever else was found of it does not matter then."""
        try:
            yield
        except Unreadable as trouble:
            self.findings = [self.policy.rejection(trouble.code, trouble.message, hint=trouble.hint)]

    def _stopped_by(self, *found: Iterable[Finding]) -> bool:
        """Note what was found; a rejected 400 says that the picture cannot be read, so nothing more is judged."""
        for findings in found:
            new = list(findings)
            fatal = [finding for finding in new if finding.severity == "reject" and finding.cause.status == UNREADABLE]
            if fatal:
                self.findings = fatal
                return True
            self.findings += new
        return False

    def _decode(self, received: Received, header: Header) -> Picture:
        """Strictly; a policy that does not reject damage gets what can be saved of a JPEG (of a PNG nothing can)."""
        try:
            return decode(received, header)
        except Unreadable as trouble:
            if header.format != "jpeg" or self.policy.severity(CAUSES[trouble.code]) == "reject":
                raise
            picture = decode(received, header, strict=False)
            self.findings += self.policy.findings(trouble.code, trouble.message)
            return picture

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self.timings[stage] = perf_counter() - start


def _header_of(received: Received, policy: Policy) -> Header:
    if isinstance(received.pixels, np.ndarray):
        return of_array(received.pixels)
    if received.pixels is not None:
        return of_pil(received.pixels)
    if received.data is not None:
        takes_heic = "heic" in policy.formats and sniff(received.data) == "heic"
        return heif.read(received.data) if takes_heic else read(received.data)
    # What intake did not read is longer than the policy takes, and its file rules have stopped the flow.
    raise AssertionError("a picture of unread length passed the rules of the file")


def _data_uri_findings(received: Received, policy: Policy) -> Iterator[Finding]:
    if received.is_data_uri and policy.data_uri == "forbidden":
        message = Phrase("The text is a data: URI; only what follows its comma is taken.")
        yield from policy.findings("data_uri_forbidden", message)
    if received.is_data_uri is False and policy.data_uri == "required":
        message = Phrase("The text is bare Base64; a data: URI is taken: 'data:image/jpeg;base64,' and then the text.")
        yield from policy.findings("data_uri_required", message)


def _format_findings(received: Received, header: Header, policy: Policy) -> Iterator[Finding]:
    """The format by content, held against the policy and what is declared; a file's name is no evidence."""
    if received.data is not None and header.format not in policy.formats:
        kind = FORMATS[header.format]
        taken = listed(FORMATS[name].title for name in policy.formats)
        message = Phrase("The file is {kind}; {taken} is taken.", kind=kind.title, taken=taken)
        yield from policy.findings("format_unsupported", message, hint=kind.advice)
    if received.declared not in UNDECLARED and format_of_mime(received.declared) != header.format:
        declared = received.declared if format_of_mime(received.declared) else Phrase("a type that is no picture's")
        title = FORMATS[header.format].title
        if received.is_data_uri:
            message = Phrase(
                "The data: URI declares {declared}, but the picture is {kind}.", declared=declared, kind=title
            )
        else:
            message = Phrase(
                "The request declares {declared}, but the picture is {kind}.", declared=declared, kind=title
            )
        yield from policy.findings("format_mismatch", message)
