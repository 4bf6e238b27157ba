"""check_payload(): a whole JSON request, as the client will send it, with every picture in it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import msgspec

from imagegate.causes import Finding
from imagegate.gate import UNREADABLE, examine
from imagegate.judge import evaluate
from imagegate.metrics import METRICS
from imagegate.policy import Policy, resolve
from imagegate.report import Report, Verdict
from imagegate.request import MISSING, Request, joined, places, tokens_of
from imagegate.strict_json import Body, Malformed, as_text, parse, size_of, type_of
from imagegate.words import Phrase, choose

MOST_COUNTED: Final = int(METRICS["image_count"].high)
# Of a million fields that are missing, the first tell as much as all.
MOST_LISTED: Final = 100

# How every JPEG and PNG begins in Base64.
_PICTURE: Final = re.compile(r"\s*(?:/9j/|iVBORw0KGgo)")
_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*"?([^\s";]*)', re.IGNORECASE)
_UTF_8: Final = ("utf-8", "utf8", "us-ascii")


class PayloadReport(Verdict, frozen=True, kw_only=True, eq=False):
    """The verdict on one request. Two are equal where all but the timings are.

    Attributes:
        findings: What was found in the request and in its pictures, each with the JSON Pointer to its field, in the
            order of a report.
        images: A report on each picture, in the order of `policy.request.images`; its findings have the pointer too.
            A picture that lies elsewhere has none.
        pointers: The JSON Pointer to each of `images`.
        policy: What it was judged by.
    """

    subject = "request"

    images: tuple[Report, ...] = ()
    pointers: tuple[str, ...] = ()

    def _facts(self) -> dict[str, Any]:
        told = zip(self.images, self.pointers, strict=True)
        return {"images": [image.to_dict(pointer) for image, pointer in told]}

    def _key(self) -> tuple[object, ...]:
        return *super()._key(), self.images


def check_payload(
    body: Body, *, policy: Policy | str | None = None, content_type: str | None = None, lang: str = "en"
) -> PayloadReport:
    """Say whether an API will take a JSON request and every picture in it.

    Args:
        body: The body: JSON text (str), its bytes in UTF-8, or what will be encoded as JSON (a mapping).
        policy: What the API takes, `policy.request` above all: None for the default, a profile's name, or a Policy.
        content_type: The request's Content-Type header; None judges the body alone.
        lang: As for `imagegate.check`.

    Returns:
        The report. A bad body is a report with findings, never an exception.

    Raises:
        TypeError, ValueError: An argument cannot be used; the message names it.
    """
    if not isinstance(body, (str, bytes, bytearray, memoryview, Mapping)):
        raise TypeError(f"body must be JSON text (str), bytes or a mapping, got {type(body).__name__}")
    if content_type is not None and not isinstance(content_type, str):
        raise TypeError(f"content_type must be a string or None, got {type(content_type).__name__}")
    flow = _Flow(resolve(policy), choose(lang))
    try:
        flow.run(body, content_type)
    except Malformed as trouble:
        flow.findings = [_at(trouble.pointer, flow.policy.rejection("json_malformed", trouble.message))]
    own = [finding.in_language(flow.lang) for finding in flow.findings]
    found = [finding for image in flow.images for finding in image.findings]
    return PayloadReport(
        # A media type that is mistyped was found as a required field too.
        findings=tuple(dict.fromkeys([*own, *found])),
        images=tuple(flow.images),
        pointers=tuple(flow.pointers),
        policy=flow.policy,
        lang=flow.lang,
    )


class _Picture(NamedTuple):
    """A place where a picture is, or should be."""

    pointer: str
    value: Any
    parent: Any


class _Flow:
    """One request on its way through the stages, and what is known of it so far."""

    def __init__(self, policy: Policy, lang: str) -> None:
        self.policy = policy
        self.lang = lang
        self.findings: list[Finding] = []
        self.images: list[Report] = []
        self.pointers: list[str] = []

    def run(self, body: Body, content_type: str | None) -> None:
        """Each stage needs the one before; nothing is parsed before its length is known to be taken."""
        if content_type is not None and self._stopped_by(self._content_type_findings(content_type)):
            return
        longest = self.policy.ceiling("request_size")
        size = size_of(body, longest)
        if isinstance(body, Mapping) and size <= longest:
            body = as_text(body)
            size = size_of(body, longest)
        if self._stopped_by(evaluate("request", SimpleNamespace(request_size=size), self.policy)):
            return
        root = parse(as_text(body), self.policy.request.names())
        if not isinstance(root, dict):
            message = Phrase("The body must be of type object, but is of type {kind}.", kind=type_of(root))
            self.findings.append(self.policy.rejection("field_invalid", message))
            return
        self._judge(root, self.policy.request.shape_of(root))

    def _judge(self, root: dict[str, Any], shape: Request) -> None:
        # Where too many are refused, none is judged, so that they need not be counted to the end either.
        most = None if math.isinf(self.policy.ceiling("image_count")) else MOST_COUNTED
        pictures = [*islice(_pictures(root, shape), most)]
        others = [*islice(_elsewhere(root, shape), most)]
        counted = SimpleNamespace(image_count=len(pictures) + len(others))
        if self._stopped_by(evaluate("request", counted, self.policy)):
            return
        self._required(root, shape)
        for picture in pictures:
            self._picture(picture, shape)
        if not counted.image_count and not any(finding.severity == "reject" for finding in self.findings):
            self.findings += self._nothing(root, shape)

    def _content_type_findings(self, content_type: str) -> Iterator[Finding]:
        kind = content_type.partition(";")[0].strip().lower()
        charset = _CHARSET.search(content_type)
        if kind not in self.policy.request.content_types:
            taken = ", ".join(self.policy.request.content_types)
            message = Phrase("The request is not declared as {taken}.", taken=taken)
            yield from self.policy.findings("content_type_unsupported", message)
        elif charset is not None and charset[1].lower() not in _UTF_8:
            message = Phrase("The request declares a character set that is not UTF-8, the only one of JSON.")
            yield from self.policy.findings("content_type_unsupported", message)

    def _required(self, root: dict[str, Any], shape: Request) -> None:
        """What is missing or mistyped; what a picture is, its own check says."""
        waived = {other.pointer.rpartition("/")[0] for _, other in _instead(root, shape)}
        faults = [
            (pointer, value, types)
            for field, types in shape.required.items()
            for pointer, value, _ in places(field, root)
            if value is not MISSING or pointer.rpartition("/")[0] not in waived
            if value is MISSING or field not in shape.images or _is_way(field, value, shape)
            if value is MISSING or not _is_of(value, types)
        ]
        for fault in faults[:MOST_LISTED]:
            self.findings += self._field_findings(*fault)
        more = len(faults) - MOST_LISTED
        if more > 0:
            code = "field_missing" if faults[MOST_LISTED][1] is MISSING else "field_invalid"
            self.findings += self._found(code, "", Phrase("{count:,} more findings are not listed.", count=more))

    def _field_findings(self, pointer: str, value: Any, types: tuple[str, ...]) -> Iterator[Finding]:
        if value is MISSING:
            yield from self._found("field_missing", pointer, Phrase("The field {pointer} is missing.", pointer=pointer))
        elif not _is_of(value, types):
            yield from self._found("field_invalid", pointer, _mistyped(pointer, value, types))

    def _picture(self, picture: _Picture, shape: Request) -> None:
        pointer, value, _ = picture
        if value is not None and not isinstance(value, str):
            finding = self.policy.rejection("field_invalid", _mistyped(pointer, value, ("string",)))
            self.findings.append(_at(pointer, finding))
            return
        declared = _declared(picture, shape)
        if not isinstance(declared, str):
            beside = joined(pointer.rpartition("/")[0], shape.media_type)
            self.findings += self._field_findings(beside, declared, ("string",))
            declared = ""
        report, _ = examine(value or "", self.policy, declared=declared, lang=self.lang)
        placed = tuple(_at(pointer, finding) for finding in report.findings)
        self.images.append(msgspec.structs.replace(report, findings=placed))
        self.pointers.append(pointer)

    def _nothing(self, root: dict[str, Any], shape: Request) -> Iterator[Finding]:
        """There is no picture: the first field on the way to one is missing, or holds none."""
        where = ", ".join(shape.images)
        first = [f"/{pointer.split('/')[1]}" for pointer in shape.images]
        present = next((field for field in first if tokens_of(field)[0] in root), None)
        if present is None:
            message = Phrase(
                "There is no field with a picture: the profile {profile} looks for {where}.",
                profile=self.policy.name,
                where=where,
            )
            return self._found("field_missing", first[0], message)
        return self._found("image_missing", present, Phrase("There is no picture at {where}.", where=where))

    def _found(self, code: str, pointer: str, message: Phrase) -> Iterator[Finding]:
        return self.policy.findings(code, message, pointer=pointer)

    def _stopped_by(self, found: Iterable[Finding]) -> bool:
        """Note what was found; a rejected 400 says that the request cannot be read, so nothing more is judged."""
        self.findings += found
        return any(finding.severity == "reject" and finding.cause.status == UNREADABLE for finding in self.findings)


def _pictures(root: dict[str, Any], shape: Request) -> Iterator[_Picture]:
    """What must be a picture: nothing on the way to one, nothing that lies elsewhere or is declared as no picture."""
    for field in shape.images:
        for picture in _all_places(field, root):
            elsewhere = field in shape.remote and _is_url(picture.value)
            other = _is_way(field, picture.value, shape) or _is_other(picture, shape)
            if not elsewhere and not other:
                yield picture


def _elsewhere(root: dict[str, Any], shape: Request) -> Iterator[_Picture]:
    """Pictures that lie elsewhere; what holds pictures of the request counts by those."""
    return (other for field, other in _instead(root, shape) if not _is_way(field, other.value, shape))


def _instead(root: dict[str, Any], shape: Request) -> Iterator[tuple[str, _Picture]]:
    """What stands in a picture's stead, and the field of the shape that says so."""
    for field in shape.remote:
        for picture in _all_places(field, root):
            if picture.value is not None and (field not in shape.images or _is_url(picture.value)):
                yield field, picture


def _is_other(picture: _Picture, shape: Request) -> bool:
    """Whether it is declared as no picture, and does not begin as one."""
    value, declared = picture.value, _declared(picture, shape)
    return declared in shape.other_types and not (isinstance(value, str) and _PICTURE.match(value))


def _all_places(field: str, root: dict[str, Any]) -> Iterator[_Picture]:
    return (_Picture(*place) for place in places(field, root) if place[1] is not MISSING)


def _is_way(field: str, value: Any, shape: Request) -> bool:
    """Whether pictures can stand within what stands in a picture's place."""
    return isinstance(value, (dict, list)) and any(other.startswith(f"{field}/") for other in shape.images)


def _declared(picture: _Picture, shape: Request) -> Any:
    """What the field beside a picture declares; "" where there is none."""
    if not shape.media_type or not isinstance(picture.parent, dict):
        return ""
    declared = picture.parent.get(shape.media_type, "")
    return declared.partition(";")[0].strip().lower() if isinstance(declared, str) else declared


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.match(value) is not None


def _is_of(value: Any, types: tuple[str, ...]) -> bool:
    name = type_of(value)
    return name in types or (name == "integer" and "number" in types)


def _mistyped(pointer: str, value: Any, types: tuple[str, ...]) -> Phrase:
    return Phrase(
        "The field {pointer} must be of type {types}, but is of type {kind}.",
        pointer=pointer,
        types=", ".join(types),
        kind=type_of(value),
    )


def _at(pointer: str, finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, pointer=pointer)
