"""An index of binary codes by Hamming distance, for which memory is a few bytes a code beside the code itself.

Multi-index hashing, after Norouzi, Punjani and Fleet, "Fast search in Hamming space with multi-index hashing", CVPR
2012: codes that differ in few bits have a chunk in which they differ in hardly any. A BK-tree would visit nearly all:
codes of unlike pictures lie about as far from each other as from whatever is looked for.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.uint32]

CHUNK: Final = 16  # bits
# Codes that are not sorted yet are looked at one by one: at most so many, or such a share of all.
FEWEST: Final = 1024
SHARE: Final = 64


class HammingIndex:
    """Codes in rows, and the first row whose code is near another.

    What is near may be missed only where every one of the first `chunks` chunks differs in more than `reach` bits.
    """

    def __init__(self, size: int, *, radius: int, chunks: int, reach: int) -> None:
        """Begin without a code.

        Args:
            size: Bytes of a code, a multiple of 8.
            radius: Bits in which codes that are near may differ.
            chunks: Chunks of 16 bits, from a code's begin, that are indexed; each takes 4 bytes a code.
            reach: Bits in which a chunk may differ: 0 or more; each costs 16 times as many look-ups.
        """
        self._size = size
        self._radius = radius
        self._codes = bytearray()
        self._sorted = 0
        self._tables = [_Table(np.empty(0, np.uint16)) for _ in range(chunks)]
        self._changes = np.array(
            [sum(1 << bit for bit in bits) for count in range(reach + 1) for bits in combinations(range(CHUNK), count)],
            np.uint16,
        )

    def __len__(self) -> int:
        return len(self._codes) // self._size

    def add(self, code: bytes) -> None:
        """Append a code as the next row."""
        self._codes += code
        if len(self) - self._sorted > max(FEWEST, len(self) // SHARE):
            chunks = np.frombuffer(self._codes, np.uint16).reshape(len(self), -1)
            for place in range(len(self._tables)):  # one after the other, so that only one is there twice
                self._tables[place] = _Table(chunks[:, place])
            self._sorted = len(self)

    def first(self, code: bytes) -> int | None:
        """The first row whose code is near this one; None where there is none."""
        wanted = np.frombuffer(code, np.uint64)
        codes = np.frombuffer(self._codes, np.uint64).reshape(-1, wanted.size)
        candidates = self._candidates(np.frombuffer(code, np.uint16))
        found = candidates[self._near(codes[candidates], wanted)]
        if found.size:
            return int(found.min())
        late = np.flatnonzero(self._near(codes[self._sorted :], wanted))
        return self._sorted + int(late[0]) if late.size else None

    def _candidates(self, chunks: NDArray[np.uint16]) -> Rows:
        """Sorted rows that have a chunk in common with this code, but for `reach` bits."""
        buckets = [
            table.rows(number)
            for table, chunk in zip(self._tables, chunks, strict=False)
            for number in (chunk ^ self._changes).tolist()
        ]
        return np.concatenate(buckets)

    def _near(self, codes: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = np.bitwise_count(codes ^ wanted).sum(axis=1) <= self._radius
        return near


class _Table:
    """Rows by the number in each: those with the same one beside each other, in order."""

    def __init__(self, numbers: NDArray[np.uint16]) -> None:
        self._rows = np.argsort(numbers, kind="stable").astype(np.uint32)
        self._ends = np.cumsum(np.bincount(numbers, minlength=1 << CHUNK), dtype=np.uint32)

    def rows(self, number: int) -> Rows:
        start = self._ends[number - 1] if number else 0
        return self._rows[start : self._ends[number]]
