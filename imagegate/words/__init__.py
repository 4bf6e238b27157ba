"""What imagegate says, and in which language: the English text is the key to its translations, as in gettext.

A text is a `Phrase`, or stands in a row of CAUSES, METRICS, FORMATS or ERRORS; its translations stand in one file a
language beside this one. Codes and the names of metrics are not texts.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from functools import cache, reduce
from importlib import resources
from typing import Any, Final, Self

import msgspec

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "es", "fr", "de")
# Browsers send some 50 characters; 64 KiB, as long as a head may be, would hold up the loop of the service for 30 ms.
LONGEST: Final = 1000

# An element of Accept-Language: language-range [ weight ] (RFC 9110, sections 12.4.2 and 12.5.4; RFC 4647, 2.1).
_RANGE: Final = re.compile(
    r"(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?",
    re.IGNORECASE | re.ASCII,
)


class Language(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language's file.

    Attributes:
        decimal: What stands before the fraction of a number.
        thousands: What stands between groups of three digits.
        words: Translation of each English text, with the same placeholders.
    """

    decimal: str = "."
    thousands: str = ","
    words: dict[str, str] = {}


class Digits(str):
    """A number as English writes it, among the values of a phrase."""

    __slots__ = ()


class Phrase(str):
    """A text in English that knows what it was made of, so that it can be said in other languages.

    Attributes:
        template: The English text, with placeholders as for str.format.
        values: What stands in them. Numbers are written as the language does, texts that have a translation are
            translated, all else is a name.
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        """Write the English text."""
        phrase = super().__new__(cls, _filled(template, values, ENGLISH))
        phrase.template = template
        phrase.values = values
        return phrase


def listed(names: Iterable[str]) -> str:
    """Names in a row: "JPEG and PNG"."""
    return reduce(lambda some, other: Phrase("{some} and {other}", some=some, other=other), names)


def say(text: str, lang: str) -> str:
    """A text in one of LANGUAGES; a text without a translation, as a name, is itself."""
    if isinstance(text, Phrase):
        return _filled(text.template, text.values, lang)
    if isinstance(text, Digits):
        return _filler(lang).format_field(text, "")
    return language(lang).words.get(text, str(text))


def choose(lang: str) -> str:
    """The one of LANGUAGES that a reader likes best, by the lookup of RFC 4647, section 3.4: de for de-AT.

    Args:
        lang: Language tag or Accept-Language value. What of it is malformed, or goes beyond LONGEST characters, counts
            for nothing; where nothing is left, or nothing that is known, the answer is English.

    Raises:
        TypeError: `lang` is not a string.
    """
    if not isinstance(lang, str):
        raise TypeError(f"lang must be a language tag, got {type(lang).__name__}")
    if lang in LANGUAGES:
        return lang
    read = lang if len(lang) <= LONGEST else lang[:LONGEST].rpartition(",")[0]
    found = [match for element in read.split(",") if (match := _RANGE.fullmatch(element.strip(" \t")))]
    weights = [float(match["weight"] or 1) for match in found]
    liked = sorted(zip(found, weights, strict=True), key=lambda item: -item[1])
    refused = {match["tag"].lower() for match, weight in liked if not weight}
    known = (_lookup(match["tag"].lower()) for match, weight in liked if weight)
    return next((tag for tag in known if tag and tag not in refused), ENGLISH)


def _lookup(tag: str) -> str | None:
    """The longest of LANGUAGES that a language range begins with."""
    return max((own for own in LANGUAGES if f"{tag}-".startswith(f"{own}-")), key=len, default=None)


@cache
def language(lang: str) -> Language:
    """Read when it is first spoken; English is in the code."""
    if lang == ENGLISH:
        return Language()
    text = (resources.files("imagegate") / "words" / f"{lang}.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Language)


class _Filler(string.Formatter):
    """str.format that writes numbers and texts as a language does."""

    def __init__(self, lang: str) -> None:
        own = language(lang)
        self._lang = lang
        self._marks = str.maketrans({".": own.decimal, ",": own.thousands})

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, (int, float, Digits)):
            return format(value, format_spec).translate(self._marks)
        return say(value, self._lang)


_filler: Final = cache(_Filler)


def _filled(template: str, values: Mapping[str, Any], lang: str) -> str:
    return _filler(lang).vformat(language(lang).words.get(template, template), (), values)
