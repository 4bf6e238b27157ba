"""The page: `GET /`, in the visitor's language, and the files it asks for. Nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from html import escape
from importlib import resources
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from imagegate.policy import Policy
from imagegate.words import LANGUAGES, Phrase, choose, say

_FILES: Final = resources.files("imagegate.web") / "page"
_TYPES: Final = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}

# Photos stand in the page as blob: URLs, their marks as data: URLs; no script makes HTML of a text.
_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}

# What page.html says, and then what page.js does.
TEXTS: Final = {
    "heading": Phrase("Check a photo before you send it"),
    "lead": Phrase("See at once whether it will be taken, and how to take a better one."),
    "drop": Phrase("Drop photos here, or paste them"),
    "choose": Phrase("Choose photos"),
    "camera": Phrase("Take a photo"),
    "profile": Phrase("Profile: what is asked of a photo"),
    "privacy": Phrase("The photos are judged in memory; none is stored, here or on the server."),
    "noscript": Phrase("This page needs JavaScript."),
    "results": Phrase("Results"),
    "clear": Phrase("Remove all"),
    "show_marks": Phrase("Mark what is blurred or clipped"),
    "measured": Phrase("Numbers beside their limits"),
    "number": Phrase("Number"),
    "value": Phrase("Value"),
    "limit": Phrase("Limit"),
    "more": Phrase("More numbers"),
    "developers": Phrase("For developers"),
    "json": Phrase("The answer as JSON"),
    "curl": Phrase("The same request from a terminal"),
    "copy": Phrase("Copy"),
    "again": Phrase("Try again"),
}
SCRIPT_TEXTS: Final = {
    "checking": Phrase("Checking"),
    "passed": Phrase("Passes"),
    "warned": Phrase("Passes, with warnings"),
    "poor": Phrase("Too poor"),
    "unreadable": Phrase("Cannot be read"),
    "failed": Phrase("Not checked"),
    "warning": Phrase("Warning"),
    "gone": Phrase("The service cannot be reached."),
    "no_file": Phrase("The file cannot be opened."),
    "no_answer": Phrase("The service failed at this request."),
    "nothing": Phrase("There is no photo to paste."),
    "no_preview": Phrase("The browser cannot show this file."),
    "copied": Phrase("Copied"),
    "blurred": Phrase("blurred"),
    "clipped": Phrase("clipped highlights"),
    "crushed": Phrase("crushed shadows"),
    "pass": Phrase("within its limit"),
    "warn": Phrase("beyond its limit: a warning"),
    "reject": Phrase("beyond its limit: rejected"),
    "unknown": Phrase("cannot be told"),
}


class Site:
    """The page and its files, read and written out once.

    Args:
        profiles: Names that a request can give.
        default: The policy that judges where it gives none.
    """

    def __init__(self, profiles: Iterable[str], default: Policy) -> None:
        template = _read("page.html")
        options = "".join(
            f"<option{' selected' if name == default.name else ''}>{escape(name)}</option>" for name in profiles
        )
        self._pages = {lang: _filled(template, options, lang).encode() for lang in LANGUAGES}
        self._files = {name: _read(name).encode() for name in _TYPES}

    def routes(self) -> list[tuple[str, Callable[..., Any]]]:
        """Path and endpoint of each."""
        return [("/", self.page), *((f"/static/{name}", partial(self.file, name)) for name in _TYPES)]

    async def page(self, request: Request) -> Response:
        """The page, in the language the visitor likes best."""
        lang = choose(request.headers.get("accept-language", ""))
        headers = HEADERS | {"Content-Language": lang, "Vary": "Accept-Language"}
        return Response(self._pages[lang], headers=headers, media_type="text/html")

    async def file(self, name: str) -> Response:
        """One of its files."""
        return Response(self._files[name], headers=HEADERS, media_type=_TYPES[name])


def _filled(template: str, options: str, lang: str) -> str:
    """The page in one language; what stands in {{ }} is a text's name."""
    texts = {name: escape(say(text, lang)) for name, text in TEXTS.items()}
    # In a script element nothing is unescaped but </script> ends it.
    said = msgspec.json.encode({name: say(text, lang) for name, text in SCRIPT_TEXTS.items()}).decode()
    parts = texts | {"lang": lang, "profiles": options, "texts": said.replace("<", "\\u003c")}
    return _PLACE.sub(lambda found: parts[found[1]], template)


def _read(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")
