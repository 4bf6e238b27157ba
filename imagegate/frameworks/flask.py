"""Flask: a decorator that hands a view the photo that has passed."""

from __future__ import annotations

from functools import wraps
from typing import Any

try:
    from flask import current_app, request
    from werkzeug.exceptions import RequestEntityTooLarge
except ImportError as error:
    raise ImportError("imagegate.frameworks.flask needs: pip install flask") from error

from collections.abc import Callable

import msgspec

from imagegate.frameworks.core import LARGEST_BODY, Gate, GatedImage, missing, several
from imagegate.policy import Policy
from imagegate.report import ImageRejected
from imagegate.web.media_types import refuse_all_but_forms, refuse_encodings
from imagegate.web.refusals import Refused, too_long

__all__ = ["GatedImage", "gated"]


def gated(
    field: str = "photo",
    *,
    policy: Policy | str | None = None,
    api: str = "problem",
    largest_body: int = LARGEST_BODY,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call a view only with a photo that passes: its argument of the field's name is a GatedImage.

    It stands below `@app.post(...)`. Where the app's MAX_CONTENT_LENGTH is below `largest_body`, that is the bound.

    Args:
        field: The field of the form that has the file, and the view's argument.
        policy: What is taken: None for the default, a profile's name, or a Policy.
        api: The dialect of answers.
        largest_body: Bytes of the largest request, with all its fields; a longer one is answered with 413.

    Raises:
        ValueError, TypeError: An argument cannot be used; the message names it.
    """
    gate = Gate(policy, api=api, largest_body=largest_body)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def gated_view(*args: Any, **kwargs: Any) -> Any:
            try:
                image = gate.accept(_file(field, gate.largest_body), request.headers, field)
            except (Refused, ImageRejected) as why:
                status, headers, body = gate.answer(why, request.headers)
                return current_app.response_class(msgspec.json.encode(body), status, headers)
            return current_app.ensure_sync(view)(*args, **kwargs, **{field: image})

        return gated_view

    return decorate


def _file(field: str, largest_body: int) -> bytes:
    """The file in a field of the form, which can be read from `request.files` again."""
    refuse_all_but_forms(request.content_type or "")
    refuse_encodings(request.headers.getlist("content-encoding"))
    most = min(largest_body, request.max_content_length or largest_body)
    request.max_content_length = most
    try:
        files = request.files.getlist(field)
    except RequestEntityTooLarge:
        if (request.content_length or most + 1) <= most:  # it is another bound of the app's, on fields or their number
            raise
        raise too_long(most) from None
    if len(files) > 1:
        raise several(field)
    if not files or not files[0]:
        raise missing(field)
    stream = files[0].stream
    data = stream.read()
    stream.seek(0)
    return data
