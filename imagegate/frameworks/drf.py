"""Django REST framework: a field of serializers, and a handler of exceptions that answers in a dialect."""

from __future__ import annotations

from typing import Any, NoReturn

try:
    from rest_framework import serializers, views
except ImportError as error:
    raise ImportError("imagegate.frameworks.drf needs: pip install djangorestframework") from error

from collections.abc import Iterator

from django.http import HttpResponse

from imagegate.causes import Finding
from imagegate.frameworks.django import CauseCode, GatedField, GateValidator, finding_at, no_file, refuse

__all__ = ["GateValidator", "GatedImageField", "exception_handler"]


class GatedImageField(GatedField, serializers.FileField):
    """A field of a serializer whose file passes; its first argument is the policy."""

    def fail(self, key: str, **values: Any) -> NoReturn:
        """What REST framework says of a file that is missing has the code of that cause."""
        if key in ("required", "null", "invalid", "no_name"):
            code = no_file(self._policy)
            raise serializers.ValidationError(code.text, code=code)
        super().fail(key, **values)
        raise AssertionError("fail() always raises")


def exception_handler(exc: Exception, context: dict[str, Any], *, api: str = "problem") -> HttpResponse | None:
    """Answer in a dialect where a photo was refused, with all that is wrong beside it; else as REST framework does.

    It is the setting EXCEPTION_HANDLER of REST_FRAMEWORK, or of one view:
    `def get_exception_handler(self): return partial(exception_handler, api="telesoft")`.

    Args:
        exc: What a view raised.
        context: What REST framework knows of it.
        api: The dialect of the answer.

    Raises:
        ValueError: There is no such dialect.
    """
    response: HttpResponse | None = views.exception_handler(exc, context)
    if not isinstance(exc, serializers.ValidationError):
        return response
    errors = list(_errors(exc.detail, ()))
    if not any(isinstance(error.code, CauseCode) for _, error in errors):
        return response
    return refuse(map(_finding, errors), context["request"], api)


def _finding(error: tuple[tuple[str | int, ...], Any]) -> Finding:
    names, detail = error
    return finding_at(names, str(detail), detail.code)


def _errors(detail: Any, names: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The errors of a serializer, each with the names that lead to its field; of lists, those within serializers."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _errors(inner, (*names, name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _errors(inner, names if isinstance(inner, str) else (*names, index))
    else:
        yield names, detail
