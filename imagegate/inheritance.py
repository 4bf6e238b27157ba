"""What a policy's file says, and what it takes over from the profile that it extends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import msgspec

from imagegate.privacy import echoed

# Characters of a policy; the longest that is shipped has 3,200. Python's TOML parser takes the square of the parts of
# one key: 13 s for 64 KiB, whence the bound on the dots of a line too, which no key leaves.
LONGEST_TOML: Final = 1 << 16
MOST_DOTS: Final = 200


def _shipped() -> Iterator[tuple[str, str]]:
    folder = resources.files("imagegate") / "profiles"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            yield file.name.removesuffix(".toml"), file.read_text(encoding="utf-8")


# Name of a profile to its file as it stands: the comments are its sources.
PROFILE_TEXTS: Final[Mapping[str, str]] = MappingProxyType(dict(_shipped()))


def tables_of(text: str, profiles: Mapping[str, str] = PROFILE_TEXTS, chain: tuple[str, ...] = ()) -> dict[str, Any]:
    """The tables of a policy's file, over those of the profile that it extends.

    Args:
        text: TOML; its key `extends` names a profile.
        profiles: Names of profiles to their files.
        chain: Profiles on the way here, each of which extends the next.

    Raises:
        ValueError: The text is not TOML, `extends` names no profile, or profiles extend one another in a circle.
        TypeError: `extends` is not a name.
    """
    tables = _decoded(text)
    if "extends" not in tables:
        return tables
    parent = tables.pop("extends")
    if not isinstance(parent, str):
        raise TypeError(f"extends must be the name of a profile, got {type(parent).__name__}")
    if parent not in profiles:
        raise ValueError(f"extends: {no_profile(parent, profiles)}")
    if parent in chain:
        raise ValueError(f"extends: {' extends '.join((*chain[chain.index(parent) :], parent))}, which is a circle")
    return _merged(tables_of(profiles[parent], profiles, (*chain, parent)), tables)


def no_profile(name: str, profiles: Mapping[str, object]) -> str:
    """In words: there is no such profile, and which there are."""
    return f"no profile is named {echoed(name)}; there are: {', '.join(profiles)}"


def _decoded(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_TOML:
        raise ValueError(f"policy: at most {LONGEST_TOML:,} characters of TOML are read, got {len(text):,}")
    if any(line.count(".") > MOST_DOTS for line in text.split("\n")):
        raise ValueError(f"policy: a line of TOML has at most {MOST_DOTS} dots")
    try:
        tables: dict[str, Any] = msgspec.toml.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(f"policy: not valid TOML: {error}") from None
    except RecursionError:
        raise ValueError("policy: not valid TOML: it is nested too deeply") from None
    return tables


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables key by key; whatever is no table in both stands as it is above."""
    merged = below | above
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            merged[key] = _merged(below[key], above[key])
    return merged
