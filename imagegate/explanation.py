"""explain(): what an API's answer means, whose fault it is, and whether trying again helps."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, get_args, runtime_checkable

import msgspec

from imagegate.bodies import BODIES, ParsedBody
from imagegate.bodies.fields import mapping, seconds, text, unix_time
from imagegate.causes import CAUSES, Finding, Status
from imagegate.errors import APIS, BY_CODE, BY_STATUS, UNKNOWN, Fault, Meaning, of_cause
from imagegate.privacy import echoed, may_be_a_photo
from imagegate.rejections import INSIDE
from imagegate.waits import wait
from imagegate.words import Phrase, choose, say

Body: TypeAlias = str | bytes | bytearray | memoryview | Mapping[str, Any] | list[Any] | None
Headers: TypeAlias = Mapping[str, Any] | Iterable[tuple[Any, Any]] | None

# What `api` may name: a dialect, or an API that has rows of its own.
KNOWN: Final = tuple(dict.fromkeys((*BODIES, *APIS)))
# The dialect of an API that is not named after it.
DIALECT: Final[Mapping[str, str]] = MappingProxyType({"legit_health": "fastapi"})

# Success with heat maps in Base64 has a few megabytes; an error has a few hundred bytes.
LARGEST_BODY: Final = 1 << 24
# Millions of small values take 25 times the memory of their text; an answer with the outlines of what it found has
# some thousands.
MOST_VALUES: Final = 200_000
MOST_HEADERS: Final = 1000
LONGEST_CODE: Final = 100
REQUEST_IDS: Final = (
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "x-ms-request-id",
    "apim-request-id",
    "x-correlation-id",
)
BAD_REQUEST: Final = 400
TOO_MANY_REQUESTS: Final = 429

UNRECOGNISED: Final = Phrase("The body is JSON, but not as any API that is known writes errors.")

_SAFE: Final = re.compile(rf"[A-Za-z0-9_/][\w.:/+=@~-]{{0,{LONGEST_CODE - 1}}}", re.ASCII)
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_COMPRESSED: Final = b"\x1f\x8b"


@runtime_checkable
class Verdict(Protocol):
    """What the gate said: a Report, or a PayloadReport."""

    @property
    def ok(self) -> bool:
        """Whether it passes."""

    @property
    def status(self) -> int:
        """What the API was expected to answer."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found."""


class ApiError(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer of an API means. Of its body nothing is kept but codes and ids that are short and printable.

    Attributes:
        status: The HTTP status that was given, else the one that the body states or its code is documented with.
        api: The dialect or API that was named or recognised, or None.
        code: The code in the body, or the documented sentence or flag that serves as one; None where there is none.
        cause: What happened, in one sentence.
        fault: Whose it is: "caller", "service" or "network"; None where nothing is wrong, or it cannot be told.
        retryable: Whether the same request, sent again unchanged, may succeed.
        retry_after: Seconds from now to wait before that, where the answer says so.
        request_id: The id to name to the API's support, or None.
        advice: What to do, in one sentence, as the API's page advises.
        causes: What the answer says is wrong with the picture or the request, as codes of CAUSES; any of them.
        pointer: JSON Pointer to the field at fault in the request, or None.
        unread: What of the body could not be read, in one sentence, or None.
        agrees: Whether the gate's verdict matches, or None; see `explain`.
    """

    status: int | None
    api: str | None
    code: str | None
    cause: str
    fault: Fault | None
    retryable: bool
    retry_after: float | None
    request_id: str | None
    advice: str
    causes: tuple[str, ...]
    pointer: str | None
    unread: str | None
    agrees: bool | None

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain containers that JSON can hold."""
        return {**msgspec.structs.asdict(self), "causes": [*self.causes]}

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return msgspec.json.encode(self).decode()


class _Read(NamedTuple):
    """A body as JSON, or in one sentence why it is not; neither where there is none."""

    value: object = None
    unread: str = ""

    @property
    def there(self) -> bool:
        return self.value is not None or bool(self.unread)


def explain(  # noqa: PLR0913 - the parts of an answer, and what it is held against
    status: int | None,
    body: Body = None,
    headers: Headers = None,
    *,
    api: str | None = None,
    report: Verdict | None = None,
    lang: str = "en",
) -> ApiError:
    """Say what an API's answer means; every status and code with a meaning stands in docs/errors.md.

    The body's code decides, then the status with the API's own meaning, then the status with HTTP's. A success is
    searched for an error inside, and for a rejection as Legit.Health, Perfect Corp and Glamar answer. A body that
    cannot be read leaves the status, and `unread` says why.

    How long to wait: see `imagegate.waits.wait`. A wait that the answer states makes it worth trying again where only
    HTTP's own meaning of the status is known (RFC 9110, sections 10.2.3 and 15.5.14).

    Whether the gate agrees, when `report` is given:

    | the answer | the gate | agrees |
    |---|---|---|
    | says nothing about the picture: 401, 404, 429, 5xx, no answer, still running | either | None |
    | success, but its body could not be read | either | None |
    | success without a rejection inside | passes | True |
    | | rejects | False |
    | refuses the picture, and says for what | rejects for one of that | True |
    | | passes, or rejects for something else | False |
    | refuses the request around the picture, and says for what | rejects for that | True |
    | | all else | None |
    | 400 or 422, and does not say for what | rejects with that status | True |
    | | passes, or rejects with the other status | False |
    | refuses the picture with another status, for nothing the gate knows | rejects | True |
    | | passes | False |

    Args:
        status: The HTTP status; None or 0 where there was no answer, or where it is not known but there is a body.
        body: The body: text, bytes, or decoded JSON.
        headers: A mapping, or pairs of name and value; names in any case.
        api: A dialect or an API of docs/errors.md; None to recognise it.
        report: What the gate said of the picture.
        lang: As for `imagegate.check`: the language of `cause`, `advice` and `unread`.

    Raises:
        TypeError, ValueError: An argument cannot be used; the message names it. No body is ever the reason.
    """
    status = _checked_status(status)
    _refuse_misuse(api, report)
    lang = choose(lang)
    lines = _header_lines(headers)
    read = _read(body)
    api, parsed = _recognised(status, read.value, api)
    told = _at_large(read.value) if parsed is None else parsed
    meant = told.status if told.status and (status is None or _is_success(status)) else status
    meaning = _no_answer(api) if meant is None and not (read.there or lines) else _meaning(api, told, meant)
    meant = meaning.status if meant is None else meant
    unread = read.unread or ("" if parsed or read.value is None or _is_success(meant) else UNRECOGNISED)
    stated = wait(lines, told, limited=TOO_MANY_REQUESTS in {meant, meaning.status})
    return ApiError(
        status=meant if status is None else status,
        api=api,
        code=told.code if (api, told.code) in BY_CODE else _printable(told.code),
        cause=say(meaning.cause, lang),
        fault=meaning.fault,
        retryable=meaning.retryable or (stated is not None and meaning.api is None and meaning.fault is not None),
        retry_after=stated,
        request_id=_printable(told.request_id) or _request_id(lines),
        advice=say(meaning.advice, lang),
        causes=meaning.causes,
        pointer=_printable(told.pointer),
        unread=say(unread, lang) or None,
        agrees=None if report is None else _agrees(meaning, meant, report, unread),
    )


def _checked_status(status: object) -> int | None:
    if status is None:
        return None
    if isinstance(status, bool) or not isinstance(status, int):
        raise TypeError(f"status must be an int or None, got {type(status).__name__}")
    # What is beyond 599 is no status of HTTP's, but servers send it (RFC 9110, section 15).
    if status and not 100 <= status <= 999:  # noqa: PLR2004 - three digits
        raise ValueError(f"status must be 100 to 999, or None or 0 for no answer, got {status}")
    return int(status) or None


def _refuse_misuse(api: object, report: object) -> None:
    if api is not None and api not in KNOWN:
        raise ValueError(f"api must be one of {', '.join(map(repr, KNOWN))}, got {echoed(api)}")
    if report is not None and not isinstance(report, Verdict):
        raise TypeError(f"report must be what check() gave, got {type(report).__name__}")


def _header_lines(headers: Any) -> dict[str, str]:
    """The first MOST_HEADERS headers, names in lower case; of several of a name the first."""
    lines: dict[str, str] = {}
    try:
        # What HTTP libraries give has items() even where it is no Mapping, as the standard library's.
        pairs = headers.items() if hasattr(headers, "items") else headers or ()
        for name, value in islice(pairs, MOST_HEADERS):
            lines.setdefault(_text(name).strip().lower(), _text(value))
    except (TypeError, ValueError):
        raise TypeError("headers must be a mapping, or pairs of name and value, of text") from None
    return lines


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError


def _read(body: object) -> _Read:
    if body is None or isinstance(body, list):
        return _Read(body)
    if isinstance(body, Mapping):
        return _Read(dict(body))
    if not isinstance(body, str | bytes | bytearray | memoryview):
        raise TypeError(f"body must be text, bytes or decoded JSON, got {type(body).__name__}")
    if len(body) > LARGEST_BODY:
        return _Read(unread=Phrase("The body is longer than {most} MiB and was not read.", most=LARGEST_BODY >> 20))
    return _decoded(body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body))


def _decoded(data: bytes) -> _Read:
    if data.startswith(_UTF_16):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    data = data.removeprefix(codecs.BOM_UTF8).strip()
    if not data:
        return _Read()
    if data.startswith(b"<"):
        return _Read(unread=Phrase("The body is HTML or XML, as a proxy or gateway sends it, and was not read."))
    if data.startswith(_COMPRESSED):
        return _Read(unread=Phrase("The body is compressed and was not read."))
    return _parsed(data)


def _parsed(data: bytes) -> _Read:
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MOST_VALUES:
        return _Read(unread=Phrase("The body has more than {most:,} values and was not read.", most=MOST_VALUES))
    try:
        return _Read(msgspec.json.decode(data))
    except RecursionError:
        return _Read(unread=Phrase("The body is nested too deeply and was not read."))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _Read(unread=_why(data, error))


def _why(data: bytes, error: Exception) -> str:
    """Why it is no JSON; not in the decoder's words, which may quote it."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return Phrase("The body is not UTF-8 text and was not read.")
    if "truncated" in str(error):
        return Phrase("The body breaks off before its JSON ends, and was not read.")
    return Phrase("The body is not JSON and was not read.")


def _recognised(status: int | None, value: object, api: str | None) -> tuple[str | None, ParsedBody | None]:
    """The API and what its body says."""
    success = _is_success(status)
    if status is None or success:
        for name in INSIDE if api is None else INSIDE.keys() & {api}:
            parsed = INSIDE[name](value)
            if parsed is not None:
                return name, parsed
    for name in BODIES if api is None else BODIES.keys() & {DIALECT.get(api, api)}:
        parsed = BODIES[name].parse(value)
        if parsed is not None and (not success or _is_error(name, parsed)):
            return api or name, parsed
    return api, None


def _is_error(name: str, parsed: ParsedBody) -> bool:
    """Whether a body is an error's even in a success, for the good ones look much alike in some dialects."""
    return (name, parsed.code) in BY_CODE or parsed.code in CAUSES or (parsed.status or 0) >= BAD_REQUEST


def _is_success(status: int | None) -> bool:
    return status is not None and status // 100 == 2  # noqa: PLR2004 - 2xx


def _at_large(value: object) -> ParsedBody:
    """What bodies of no known dialect often say beside the error."""
    body = mapping(value)
    error = mapping(body.get("error"))
    objects = (body, error, mapping(error.get("details")), mapping(body.get("details")), mapping(body.get("meta")))

    def named(*names: str) -> list[object]:
        return [part[name] for part in objects for name in names if name in part]

    resets = [moment for each in named("reset") for moment in (seconds(each), unix_time(each)) if moment is not None]
    return ParsedBody(
        request_id=next(filter(None, map(text, named("requestId", "request_id"))), None),
        retry_after=next((s for s in map(seconds, named("retry_after", "retryAfter")) if s is not None), None),
        reset=next(iter(resets), None),
    )


def _no_answer(api: str | None) -> Meaning:
    return BY_STATUS.get((api, None)) or BY_STATUS[None, None]


def _meaning(api: str | None, told: ParsedBody, status: int | None) -> Meaning:
    """The row of the body's sentence where that is documented, else of its code or wider class, else of the status."""
    own = [name for name in (api, DIALECT.get(api or "")) if name is not None]
    for said in (told.message, told.code, told.category):
        for name in own:
            if (name, said) in BY_CODE:
                return BY_CODE[name, said]
    if own and told.code in CAUSES:
        return of_cause(own[0], CAUSES[told.code])
    if status is None:
        return UNKNOWN
    for owner in (*own, None):
        if (owner, status) in BY_STATUS:
            return BY_STATUS[owner, status]
    # A client treats what is beyond 599 as a failure of the server (RFC 9110, section 15).
    return BY_CODE[None, f"{min(status // 100, 5)}xx"]


def _printable(said: str | None) -> str | None:
    """A code, an id or a pointer; None for what may be anything else, for an answer can echo the photo."""
    return said if said and _SAFE.fullmatch(said) and not may_be_a_photo(said) else None


def _request_id(lines: Mapping[str, str]) -> str | None:
    return next(filter(None, (_printable(lines.get(name, "").strip()) for name in REQUEST_IDS)), None)


def _agrees(meaning: Meaning, status: int | None, report: Verdict, unread: str) -> bool | None:
    """The table of `explain`."""
    rejected = {finding.cause.code for finding in report.findings if finding.severity == "reject"}
    if not meaning.judges:
        return None if rejected.isdisjoint(meaning.causes) else True
    if meaning.fault is None:
        return None if unread else report.ok
    if meaning.causes:
        return not rejected.isdisjoint(meaning.causes)
    return report.status == status if status in get_args(Status) else not report.ok
