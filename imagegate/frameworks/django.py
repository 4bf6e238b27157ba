"""Django: a field of forms and a validator, whose errors have the cause as their code; and answers in a dialect."""

from __future__ import annotations

from typing import Any, Self

try:
    from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
    from django.forms import FileField, Form
    from django.http import HttpRequest, HttpResponse
    from django.utils.deconstruct import deconstructible
    from django.utils.translation import get_language
except ImportError as error:
    raise ImportError("imagegate.frameworks.django needs: pip install django") from error

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from imagegate.bodies import Refusal, dialect
from imagegate.bodies.paths import pointer_through
from imagegate.causes import CAUSES, Finding
from imagegate.gate import check
from imagegate.policy import Policy, resolve
from imagegate.web.request_ids import REQUEST_ID, given_id
from imagegate.words import Phrase, choose


class CauseCode(str):
    """The code of a cause as the code of an error: both frameworks hand it on as it is, and with it what was found.

    Attributes:
        finding: What was found.
    """

    __slots__ = ("finding",)

    finding: Finding

    def __new__(cls, finding: Finding) -> Self:
        """Name the cause."""
        code = super().__new__(cls, finding.cause.code)
        code.finding = finding
        return code

    @property
    def text(self) -> str:
        """What was found, and what to do."""
        return f"{self.finding.message} {self.finding.advice}"


@deconstructible
class GateValidator:
    """Refuses a file that does not pass: one error for each cause, in the active language, with advice.

    For fields of forms, models and serializers. A file that passes has the report as its attribute `imagegate`. It is
    read where it is, in memory or on disk, no further than the policy takes, and rewound.
    """

    def __init__(self, policy: Policy | str | None = None) -> None:
        """State what is taken.

        Args:
            policy: None for the default, a profile's name, or a Policy (for models a name, as migrations write it).

        Raises:
            ValueError, TypeError: There is no such profile, or it is none.
        """
        self.policy = resolve(policy)

    def __call__(self, file: Any) -> None:
        """Judge an uploaded file.

        Raises:
            ValidationError: It does not pass.
        """
        file.open()
        try:
            file.imagegate = check(file, policy=self.policy, lang=_language())
        finally:
            file.seek(0)
        if not file.imagegate.ok:
            raise ValidationError([error_of(CauseCode(finding)) for finding in file.imagegate.rejections])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GateValidator) and self.policy == other.policy

    def __hash__(self) -> int:
        return hash(self.policy.name)


class GatedField:
    """What fields of forms and of serializers have in common, before the FileField of either.

    Args:
        policy: What is taken: None for the default, a profile's name, or a Policy.
        **options: As of that FileField.
    """

    validators: list[Any]

    def __init__(self, policy: Policy | str | None = None, **options: Any) -> None:
        # An empty file is the validator's to refuse, with the rest.
        super().__init__(allow_empty_file=True, **options)  # type: ignore[call-arg] # the FileField's
        self._policy = resolve(policy)
        self.validators.append(GateValidator(policy))


class GatedImageField(GatedField, FileField):
    """A field of a form whose file passes; its first argument is the policy."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The file; what Django says of one that is missing has the code of that cause."""
        try:
            return super().clean(data, initial)
        except ValidationError as error:
            if getattr(error, "code", None) in ("required", "invalid"):
                raise error_of(no_file(self._policy)) from None
            raise


def answer(form: Form, request: HttpRequest, *, api: str = "problem") -> HttpResponse:
    """The answer to a form that is not valid: all that is wrong with it, fields without a photo too.

    Args:
        form: The form.
        request: What it came with.
        api: The dialect of the answer.

    Raises:
        ValueError: The form is valid, or there is no such dialect.
    """
    if form.is_valid():
        raise ValueError("form is valid, there is no error to answer with")
    findings = [
        finding_at(() if field == NON_FIELD_ERRORS else (field,), "".join(error.messages), error.code)
        for field, errors in form.errors.as_data().items()
        for error in errors
    ]
    return refuse(findings, request, api)


def refuse(findings: Iterable[Finding], request: HttpRequest, api: str) -> HttpResponse:
    """The answer with these findings: a 400 before a 422, as in a report."""
    ranked = tuple(sorted(findings, key=lambda finding: finding.status))
    request_id = given_id(request.headers.get(REQUEST_ID, ""))
    refusal = Refusal(status=ranked[0].status, findings=ranked, request_id=request_id, lang=_language())
    status, headers, body = dialect(api).render(refusal)
    return HttpResponse(msgspec.json.encode(body), status=status, headers=headers)


def finding_at(names: Iterable[str | int], message: str, code: str | None) -> Finding:
    """An error as a finding: its own, or that a field is missing or invalid."""
    pointer = pointer_through(names)
    if isinstance(code, CauseCode):
        return replace(code.finding, pointer=pointer)
    cause = CAUSES["field_missing" if code in ("required", "null") else "field_invalid"].in_language(_language())
    return Finding(cause=cause, status=cause.status, severity="reject", message=message, pointer=pointer)


def error_of(code: CauseCode) -> ValidationError:
    """What was found, as an error of a field."""
    # Without parameters, no percent sign in it is taken for a placeholder.
    return ValidationError(code.text, code=code)


def no_file(policy: Policy) -> CauseCode:
    """The code of an error where a field has no file."""
    return CauseCode(policy.rejection("image_missing", Phrase("The form holds no file.")).in_language(_language()))


def _language() -> str:
    return choose(get_language() or "")
