"""What the command line was given, and in which words it is refused."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from imagegate.bodies import BODIES
from imagegate.policy import PROFILES, Policy
from imagegate.privacy import may_be_a_photo

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

T = TypeVar("T")

STDIN: Final = "-"
STDOUT: Final = "-"
DEFAULT: Final = "default"
LONGEST_ECHO: Final = 100
LOOKS_LIKE_BASE64: Final = "that looks like Base64, not like a name: pipe it in, and give - as the file"


class Misuse(Exception):  # noqa: N818 - the contract's word
    """What was asked for cannot be done; the message is one line for the person who asked."""


def shortened(text: str, longest: int = LONGEST_ECHO) -> str:
    """Text as an error repeats it: with its middle left out where it is long, for it can be anything."""
    half = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"


def looks_like_base64(argument: str) -> bool:
    """Whether a picture itself stands where its name is wanted, or as the value of an option."""
    return may_be_a_photo(argument.lstrip("-")) or may_be_a_photo(argument.partition("=")[2])


def standard_input() -> BinaryIO:
    """The bytes that are piped in."""
    # Python sets it to None where the shell closed it.
    if sys.stdin is None:
        raise Misuse("standard input is closed")
    return sys.stdin.buffer


def body_of(name: str, policy: Policy) -> bytes | memoryview:
    """The request in a file, or piped in; of a file longer than the policy takes nothing but its length is read."""
    longest = policy.ceiling("request_size")
    if name == STDIN:
        return standard_input().read(-1 if math.isinf(longest) else int(longest) + 1)
    try:
        with Path(name).open("rb") as file:
            too_long = os.fstat(file.fileno()).st_size > longest
            return memoryview(mmap(file.fileno(), 0, access=ACCESS_READ)) if too_long else file.read()
    except OSError as error:
        raise Misuse(f"{shortened(name)}: {error.strerror or type(error).__name__}") from None


def policy_of(profile: str | None, file: Path | None) -> Policy:
    """The policy that the two options name; the default if neither is given."""
    if profile is not None and file is not None:
        raise Misuse("give either --profile or --policy, not both")
    if file is None:
        return entry(PROFILES, DEFAULT if profile is None else profile, "profile", "profiles")
    try:
        return Policy.from_file(file)
    except OSError as error:
        raise Misuse(f"--policy: {shortened(str(file))}: {error.strerror}") from None
    except (TypeError, ValueError) as error:
        raise Misuse(f"--policy: {shortened(str(file))}: {error}") from None


def refuse_unusable_files(names: Sequence[str]) -> None:
    """Every FILE is a file; standard input is named once."""
    if names.count(STDIN) > 1:
        raise Misuse("standard input can be read only once")
    for name in names:
        if name == STDIN:
            continue
        refuse_missing(name)
        if Path(name).is_dir():
            raise Misuse(f"{shortened(name)} is a folder; `imagegate scan` takes folders")
        if not Path(name).is_file():
            raise Misuse(f"{shortened(name)} is not a regular file; pipe it in, and give - as the file")


def refuse_missing(name: str) -> None:
    """A file or folder of this name exists."""
    if not name:
        raise Misuse("the name of a file is empty; perhaps a variable of the shell is not set")
    try:
        Path(name).stat()
    except FileNotFoundError:
        raise Misuse(f"there is no file {shortened(name)}") from None
    except OSError as error:
        raise Misuse(f"{shortened(name)}: {error.strerror}") from None


def refuse_unusable_overlay(overlay: Path | None, names: Sequence[str]) -> None:
    """An overlay is a PNG of one picture, and never that picture itself."""
    if overlay is None:
        return
    shown = shortened(str(overlay))
    if len(names) != 1:
        raise Misuse("--overlay takes one FILE only")
    if overlay.suffix.lower() != ".png":
        raise Misuse(f"--overlay: {shown} must end in .png")
    if overlay.exists() and names[0] != STDIN and overlay.samefile(names[0]):
        raise Misuse(f"--overlay: {shown} is the picture itself and would be lost")
    if not overlay.parent.is_dir():
        raise Misuse(f"--overlay: there is no folder {shortened(str(overlay.parent))}")


def require_web() -> None:
    """What `serve` needs is installed."""
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "prometheus_client")):
        raise Misuse("serve needs FastAPI and uvicorn: pip install 'imagegate[web]'")


def refuse_unusable_page(page: Path | None, names: Sequence[str]) -> None:
    """A report page is an HTML file in a folder that exists, and none of the files that are to be checked."""
    if page is None:
        return
    shown = shortened(str(page))
    if page.suffix.lower() not in {".html", ".htm"}:
        raise Misuse(f"--html: {shown} must end in .html")
    if page.is_dir():
        raise Misuse(f"--html: {shown} is a folder")
    if page.exists() and any(Path(name).exists() and page.samefile(name) for name in names):
        raise Misuse(f"--html: {shown} is to be checked and would be lost")
    if not page.parent.is_dir():
        raise Misuse(f"--html: there is no folder {shortened(str(page.parent))}")


def refuse_unknown_dialect(api: str | None, known: Collection[str] = BODIES.keys()) -> None:
    """The dialect is a known one: without `known`, one that errors are rendered in."""
    if api is not None and api not in known:
        raise Misuse(f"--api: unknown dialect {shortened(api)!r}; known: {', '.join(known)}")


def entry(table: Mapping[str, T], key: str, kind: str, listing: str) -> T:
    """The entry of a table that an argument names."""
    if key not in table:
        raise Misuse(f"there is no {kind} {shortened(key)!r}; `imagegate {listing}` lists them")
    return table[key]
