"""An index of binary codes by Hamming distance, for which memory is a few bytes a code beside the code itself.

Multi-index hashing, after Norouzi, Punjani and Fleet, "Fast search in Hamming space with multi-index hashing", CVPR
2012: codes that differ in few bits have a chunk in which they differ in hardly any. A BK-tree would visit nearly all:
codes of unlike pictures lie about as far from each other as from whatever is looked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

CHUNK: Final = 16  # bits
BLOCK: Final = 1 << 16  # codes: what grows in blocks is never copied, and a system gives memory when it is written to


class HammingIndex:
    """Codes in rows, and the rows whose code is near another.

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
        self._codes: list[NDArray[np.uint64]] = []
        self._rows = 0
        # Rows are counted from 1 here: those that have a chunk in common are a chain, and 0 is its end.
        self._latest = [array("I", bytes(4 << CHUNK)) for _ in range(chunks)]  # by the chunk
        self._earlier = [array("I") for _ in range(chunks)]  # by the row
        self._changes = [
            sum(1 << bit for bit in bits) for count in range(reach + 1) for bits in combinations(range(CHUNK), count)
        ]

    def __len__(self) -> int:
        return self._rows

    def add(self, code: bytes) -> None:
        """Append a code as the next row."""
        place = self._rows % BLOCK
        if not place:
            self._codes.append(np.empty((BLOCK, self._size // 8), np.uint64))
        self._codes[-1][place] = np.frombuffer(code, np.uint64)
        self._rows += 1
        for latest, earlier, chunk in zip(self._latest, self._earlier, _chunks(code), strict=False):
            earlier.append(latest[chunk])
            latest[chunk] = self._rows

    def near(self, code: bytes) -> list[int]:
        """The rows whose code is near this one, sorted."""
        rows = np.fromiter(self._candidates(code), np.intp)
        if not rows.size:
            return []
        rows.sort()
        ends = np.searchsorted(rows, np.arange(len(self._codes) + 1) * BLOCK).tolist()
        places = rows % BLOCK
        codes = np.concatenate(
            [block[places[start:end]] for block, (start, end) in zip(self._codes, pairwise(ends), strict=True)]
        )
        differing = np.bitwise_count(codes ^ np.frombuffer(code, np.uint64)).sum(axis=1)
        return list(dict.fromkeys(rows[differing <= self._radius].tolist()))

    def _candidates(self, code: bytes) -> Iterator[int]:
        """Rows that have a chunk in common with this code, but for `reach` bits."""
        for latest, earlier, chunk in zip(self._latest, self._earlier, _chunks(code), strict=False):
            for change in self._changes:
                row = latest[chunk ^ change]
                while row:
                    yield row - 1
                    row = earlier[row - 1]


def _chunks(code: bytes) -> memoryview:
    return memoryview(code).cast("H")
