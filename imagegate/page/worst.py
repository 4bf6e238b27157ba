"""The worst pictures of each cause, and what the page shows of them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from heapq import heappush, heappushpop
from pathlib import Path
from typing import Any, Final

import PIL.Image
import pybase64

from imagegate.gate import check
from imagegate.measurements import Maps
from imagegate.policy import RULE_OF, Policy
from imagegate.scanning.sources import file_item

PER_CAUSE: Final = 6
LONG_SIDE: Final = 240  # pixels
QUALITY: Final = 78  # of the JPEG: some 8 kB a thumbnail


class Worst:
    """The records that are farthest beyond a limit, a few for each cause; the rest is not kept."""

    def __init__(self) -> None:
        self._of_cause: dict[tuple[str, str], list[tuple[float, int, Mapping[str, Any]]]] = {}

    def add(self, index: int, record: Mapping[str, Any]) -> None:
        """Consider a record, `index` being its place in the scan."""
        # A cause may be found twice, by two rules: a record stands under it once.
        found = {(finding["severity"], finding["cause"]): 0.0 for finding in record["findings"]}
        for finding in record["findings"]:
            key = finding["severity"], finding["cause"]
            found[key] = max(found[key], excess(finding))
        for key, distance in found.items():
            heap = self._of_cause.setdefault(key, [])
            # Of two that are equally bad the first one stays, so that a page can be made again.
            entry = (distance, -index, record)
            if len(heap) < PER_CAUSE:
                heappush(heap, entry)
            else:
                heappushpop(heap, entry)

    def of(self, severity: str, cause: str) -> list[int]:
        """Places in the scan, the worst first."""
        return [-entry[1] for entry in sorted(self._of_cause.get((severity, cause), []), reverse=True)]

    def records(self) -> dict[int, Mapping[str, Any]]:
        """Every record that is kept, by its place in the scan, each once."""
        kept = {-index: record for heap in self._of_cause.values() for _, index, record in heap}
        return dict(sorted(kept.items()))


def excess(finding: Mapping[str, Any]) -> float:
    """How far a number is beyond its limit, relative to it; 0 where there is none or it cannot be told.

    Nothing is relative to a limit of 0, so there the distance counts as it is.
    """
    value, limit = finding["value"], finding["limit"]
    return 0.0 if value is None or limit is None else abs(value - limit) / (abs(limit) or 1.0)


def thumbnails(record: Mapping[str, Any], path: Path, policy: Policy) -> dict[str, str]:
    """A picture as small JPEGs in data: URIs: "plain", and "marked" where something is blurred or clipped.

    The file is read and judged once more: to keep every picture of a scan until its end would not fit into memory.

    Args:
        record: What the scan says of it.
        path: Its file, if it has one of its own.
        policy: What the scan judges by.

    Returns:
        Nothing where it cannot be decoded, or where the file is no longer the one that the record tells of.
    """
    maps = _maps(record, path, policy)
    return {} if maps is None else dict(_drawn(maps, policy.limit(RULE_OF["blur_radius.max"])))


def _maps(record: Mapping[str, Any], path: Path, policy: Policy) -> Maps | None:
    if record["measurements"] is None:
        return None
    try:
        content = file_item(str(path)).read(policy)
    except (OSError, ValueError):
        return None
    if content.data is None or hashlib.sha256(content.data).hexdigest() != record["sha256"]:
        return None
    return check(content.data, policy=policy, detail=True).maps


def _drawn(maps: Maps, blur_limit: float | None) -> Iterator[tuple[str, str]]:
    # Pillow costs as much to load as a check, and only who draws needs it.
    from imagegate.overlay import draw_marks, draw_picture  # noqa: PLC0415

    plain, marked = draw_picture(maps), draw_marks(maps, blur_limit)
    yield "plain", _data_uri(plain)
    if marked.tobytes() != plain.tobytes():
        yield "marked", _data_uri(marked)


def _data_uri(picture: PIL.Image.Image) -> str:
    picture.thumbnail((LONG_SIDE, LONG_SIDE), reducing_gap=2.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + pybase64.b64encode(buffer.getvalue()).decode("ascii")
