"""The answer to the body of a request, written out: in a thread of the service, or in a worker process."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from imagegate.bodies import Answer
from imagegate.causes import Finding
from imagegate.gate import check
from imagegate.payload import PayloadReport, check_payload
from imagegate.policy import Policy
from imagegate.report import Report
from imagegate.web.inspection import of_report
from imagegate.web.judging import judge
from imagegate.web.refusals import Refused, overloaded
from imagegate.words import Phrase

Kind: TypeAlias = Literal["check", "check-payload", "inspect"]
Verdict: TypeAlias = Report | PayloadReport

# An answer with 100,000 errors is 50 MB, and nobody reads on after the first few. More than `check_payload` lists of
# one kind, so that what it says of the rest is among them.
MOST_LISTED: Final = 200


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks of its body.

    Attributes:
        kind: Which endpoint is asked.
        content_type: The request's header.
        api: The dialect of errors.
        lang: One of `words.LANGUAGES`.
        request_id: For error bodies.
    """

    kind: Kind
    content_type: str
    api: str
    lang: str
    request_id: str


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An answer, and what is counted and logged of it.

    Attributes:
        status: The status of the answer.
        headers: Its headers.
        body: Its JSON text.
        verdict: The status of the verdict; None where the request was refused before there was one.
        findings: Code and severity of each.
        timings: Seconds per stage, of all pictures together.
    """

    status: Annotated[int, msgspec.Meta(ge=200, le=599)]
    headers: dict[str, str]
    body: bytes
    verdict: Literal[200, 400, 422] | None = None
    findings: tuple[tuple[str, Literal["reject", "warn"]], ...] = ()
    timings: dict[str, float] = {}


def answered(question: Question, body: bytearray, policy: Policy) -> Answered:
    """Judge a body and write the answer."""
    try:
        verdict = _verdict(question, body, policy)
    except Refused as refused:
        return _refused(refused, question)
    except MemoryError:
        return _refused(overloaded(Phrase("There is not enough memory at the moment.")), question)
    status, headers, content = _said(question, verdict)
    return Answered(
        status=status,
        headers=headers,
        body=msgspec.json.encode(content),
        verdict=verdict.status,
        findings=tuple((finding.cause.code, finding.severity) for finding in verdict.findings),
        timings=_timings(verdict),
    )


def _verdict(question: Question, body: bytearray, policy: Policy) -> Verdict:
    if question.kind == "check-payload":
        return check_payload(body, policy=policy, content_type=question.content_type, lang=question.lang)
    if question.kind == "inspect":
        return check(body, policy=policy, detail=True, lang=question.lang)
    return judge(question.content_type, body, policy, question.lang)


def _said(question: Question, verdict: Verdict) -> Answer:
    brief = msgspec.structs.replace(verdict, findings=_first(verdict.findings, question.lang))
    if isinstance(brief, Report) and question.kind == "inspect":
        return of_report(brief, question.api, question.request_id)
    if not brief.ok:
        return brief.to_error(question.api, question.request_id)
    return 200, {"Content-Type": "application/json", "Content-Language": brief.lang}, brief.to_dict()


def _first(findings: tuple[Finding, ...], lang: str) -> tuple[Finding, ...]:
    """No more than MOST_LISTED, of which the last says how many are left out; what decides the status comes first."""
    if len(findings) <= MOST_LISTED:
        return findings
    ranked = sorted(findings, key=lambda finding: (finding.severity != "reject", finding.status))
    kept, left_out = ranked[: MOST_LISTED - 1], ranked[MOST_LISTED - 1 :]
    message = Phrase("{count:,} more findings are not listed.", count=len(left_out))
    more = msgspec.structs.replace(left_out[0], message=message, pointer="", metric=None, value=None, limit=None)
    return *kept, more.in_language(lang)


def _refused(refused: Refused, question: Question) -> Answered:
    status, headers, content = refused.answer(question.api, question.lang, question.request_id)
    found = ((refused.finding.cause.code, refused.finding.severity),)
    return Answered(status=status, headers=headers, body=msgspec.json.encode(content), findings=found)


def _timings(verdict: Verdict) -> dict[str, float]:
    reports: tuple[Any, ...] = verdict.images if isinstance(verdict, PayloadReport) else (verdict,)
    stages = {stage for report in reports for stage in report.timings}
    return {stage: sum(report.timings.get(stage, 0.0) for report in reports) for stage in stages}
