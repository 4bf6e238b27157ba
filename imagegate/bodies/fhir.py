"""FHIR's OperationOutcome (hl7.org/fhir/R4/operationoutcome.html): an issue for each finding."""

from __future__ import annotations

import re
from typing import Any, Final

from imagegate.bodies.fields import first, mapping, text
from imagegate.bodies.model import Answer, ParsedBody, Refusal
from imagegate.bodies.paths import LONGEST, dotted, pointer_of
from imagegate.causes import Finding

SYSTEM: Final = "urn:imagegate:cause"
CONTENT_TYPE: Final = "application/fhir+json"
# hl7.org/fhir/valueset-issue-type.html
_CODES: Final = {
    "json_malformed": "structure",
    "content_type_unsupported": "not-supported",
    "field_missing": "required",
    "field_invalid": "value",
    "too_many_images": "too-long",
    "image_missing": "required",
    "data_uri_forbidden": "value",
    "data_uri_required": "value",
    "base64_invalid": "structure",
    "file_too_small": "value",
    "file_too_large": "too-long",
    "format_unsupported": "not-supported",
    "format_mismatch": "value",
    "image_animated": "not-supported",
    "image_too_large": "too-long",
    "image_truncated": "structure",
    "image_corrupt": "structure",
    "duplicate_image": "duplicate",
}
_CODE_OF_STATUS: Final = {
    400: "invalid",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    422: "business-rule",
    429: "throttled",
    500: "exception",
    503: "transient",
}

_HARMLESS: Final = ("warning", "information", "success")
_RESOURCE_TYPE: Final = re.compile(r"^[A-Z]\w*(?:\.|$)")
_XPATH_INDEX: Final = re.compile(r"\[([0-9]{1,9})\]")


def render(refusal: Refusal) -> Answer:
    """Every finding; `details` is its cause, `diagnostics` what was found and what to do."""
    issues = [_issue(finding) for finding in refusal.findings]
    return refusal.status, refusal.headers(CONTENT_TYPE), {"resourceType": "OperationOutcome", "issue": issues}


def parse(body: object) -> ParsedBody | None:
    """An OperationOutcome; of its issues the first error, or the first of all, whose code then tells of no error."""
    outcome = mapping(body)
    issues = outcome.get("issue")
    if outcome.get("resourceType") != "OperationOutcome" or not isinstance(issues, list):
        return None
    known = [issue for issue in map(mapping, issues) if isinstance(issue.get("code"), str)]
    if not known:
        return None
    severe = [issue for issue in known if issue.get("severity") not in _HARMLESS]
    issue = (severe or known)[0]
    details = text(mapping(issue.get("details")).get("text"))
    return ParsedBody(
        code=issue["code"] if severe else "",
        message=text(issue.get("diagnostics")) or details,
        pointer=_pointer(issue),
    )


def _issue(finding: Finding) -> dict[str, Any]:
    code = _CODES.get(finding.cause.code) or _CODE_OF_STATUS.get(finding.status, "invalid")
    expression = {"expression": [dotted(finding.pointer)]} if finding.pointer else {}
    return {
        "severity": "error",
        "code": code,
        "details": {"coding": [{"system": SYSTEM, "code": finding.cause.code}], "text": finding.cause.title},
        "diagnostics": f"{finding.message} {finding.advice}",
        **expression,
    }


def _pointer(issue: dict[str, Any]) -> str | None:
    """The element that the first `expression` names, or the `location` of older servers.

    A path may open with the type of the resource, in a capital; elements open in lower case. `http.` is no element but
    a header or a parameter.
    """
    path = text(first(issue.get("expression"))) or _fhirpath(text(first(issue.get("location"))))
    if not path or len(path) > LONGEST or path.startswith("http."):
        return None
    element = _RESOURCE_TYPE.sub("", path)
    return pointer_of(element) if element else ""


def _fhirpath(location: str) -> str:
    """The simple XPath of STU3, as `/f:Patient/f:name[1]`, which counts from one."""
    if not location.startswith("/f:") or len(location) > LONGEST:
        return location
    counted = _XPATH_INDEX.sub(lambda index: f"[{int(index[1]) - 1}]", location)
    return counted.replace("/f:", ".").removeprefix(".")
