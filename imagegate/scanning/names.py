"""Names by the million, packed: of those in a folder, each is much like the one before."""

from __future__ import annotations

import heapq
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

BLOCK: Final = 128
RUN: Final = 1 << 11  # names that are sorted at once


class Names:
    """Names by number, in the order in which they came."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._loose: list[str] = []

    def append(self, name: str) -> None:
        """Add a name, under the next number."""
        self._loose.append(name)
        if len(self._loose) == BLOCK:
            self._packed.append(_pack(self._loose))
            self._loose.clear()

    def __getitem__(self, number: int) -> str:
        block, place = divmod(number, BLOCK)
        return self._loose[place] if block == len(self._packed) else _unpack(self._packed[block])[place]


def sorted_names(names: Iterable[str]) -> Iterator[str]:
    """The names in the order of their bytes, read whole before the first one; each is forgotten when it was given."""
    rest = iter(names)
    runs = []
    while run := sorted(islice(rest, RUN), key=os.fsencode):
        runs.append([_pack(run[start : start + BLOCK]) for start in range(0, len(run), BLOCK)][::-1])
    return heapq.merge(*map(_unpacked, runs), key=os.fsencode)


def _unpacked(run: list[bytes]) -> Iterator[str]:
    while run:
        yield from _unpack(run.pop())


def _pack(names: list[str]) -> bytes:
    # JSON takes every name, as it writes what is not UTF-8 by an escape.
    return zlib.compress(json.dumps(names).encode())


def _unpack(packed: bytes) -> list[str]:
    names: list[str] = json.loads(zlib.decompress(packed))
    return names
