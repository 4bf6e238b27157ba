"""Damaged JPEGs: how many imagegate notices, beside the decoders, and how many sound ones it accuses.

`python -m benchmarks.damage` prints the table and records it in benchmarks/results/damage.md. libvips (extra
`rivals`) is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import pathlib
import random
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import simplejpeg
from PIL import Image
from rich.console import Console

import imagegate
from benchmarks.photos import camera_originals, sound_jpegs
from benchmarks.race import machine
from benchmarks.tables import Grid
from imagegate.header import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Damage = Callable[[bytes, int, random.Random], bytes]

RESULTS: Final = pathlib.Path(__file__).parent / "results" / "damage.md"
CUTS: Final = 200
PHOTOS: Final = 12
TIMES: Final = 3
SHORT, LONG = (2, 16), (16, 512)
# The damages of one run come after its place, and the scan's end must not be what is damaged.
TAIL: Final = 2 * LONG[1]


def one_bit(data: bytes, at: int, chosen: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << chosen.randrange(8)]) + data[at + 1 :]


def one_byte(data: bytes, at: int, chosen: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ chosen.randrange(1, 256)]) + data[at + 1 :]


def few_bytes(data: bytes, at: int, chosen: random.Random) -> bytes:
    length = chosen.randint(*SHORT)
    return data[:at] + chosen.randbytes(length) + data[at + length :]


def run_of_bytes(data: bytes, at: int, chosen: random.Random) -> bytes:
    length = chosen.randint(*LONG)
    return data[:at] + chosen.choice([bytes(length), chosen.randbytes(length)]) + data[at + length :]


def lost_or_added(data: bytes, at: int, chosen: random.Random) -> bytes:
    length = chosen.randint(1, LONG[1])
    return data[:at] + chosen.choice([data[at + length :], chosen.randbytes(length) + data[at:]])


DAMAGES: Final[dict[str, Damage]] = {
    "one bit flipped": one_bit,
    "one byte overwritten": one_byte,
    "2 to 16 bytes overwritten": few_bytes,
    "16 to 512 bytes overwritten or zeroed": run_of_bytes,
    "1 to 512 bytes lost or added": lost_or_added,
}


def scan_of(data: bytes) -> range:
    """Where the entropy-coded bytes of a baseline JPEG stand."""
    *_, scan = jpeg.segments(memoryview(data))
    start = scan.at + 4 + len(scan.body)
    return range(start, re.compile(rb"\xff\xd9").search(data, start).start())


def damaged(data: bytes, damage: Damage, chosen: random.Random) -> bytes:
    """A JPEG damaged at a random place of its scan."""
    scan = scan_of(data)
    return damage(data, chosen.randrange(scan.start, scan.stop - TAIL), chosen)


def cut_short(data: bytes) -> Iterator[bytes]:
    """A JPEG cut at CUTS places evenly apart, the last just before its end-of-image marker."""
    end = scan_of(data).stop
    for number in range(1, CUTS + 1):
        yield data[: end * number // CUTS]


def spoilt(data: bytes, sound: bytes) -> float:
    """Share of the pixels that a damage changes visibly: by more than 2 levels."""
    one, other = (simplejpeg.decode_jpeg(file, strict=False).astype(int) for file in (data, sound))
    return float((np.abs(one - other).max(axis=2) > 2).mean()) if one.shape == other.shape else 1.0


def imagegate_notices(data: bytes) -> bool:
    codes = {finding.cause.code for finding in imagegate.check(data).findings}
    return not codes.isdisjoint({"image_truncated", "image_corrupt"})


def simplejpeg_notices(data: bytes) -> bool:
    return raises(lambda: simplejpeg.decode_jpeg(data, min_height=1, min_width=1, strict=True))


def pillow_notices(data: bytes) -> bool:
    return raises(lambda: Image.open(io.BytesIO(data)).load())


def opencv_notices(data: bytes) -> bool:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is None


def libvips_notices(data: bytes) -> bool:
    import pyvips  # noqa: PLC0415 - may not be installed

    return raises(lambda: pyvips.Image.new_from_buffer(data, "", access="sequential", fail_on="warning").avg())


def raises(read_it: Callable[[], object]) -> bool:
    try:
        read_it()
    except Exception:  # noqa: BLE001 - each library has its own
        return True
    return False


SOUND: Final = "sound photos: accused"
ALL: Final = "all damages of the scan"
SPOILT: Final = "of these, with more than 1 % of the pixels visibly changed"
VISIBLE: Final = 0.01

NOTICES: Final = {
    "imagegate": imagegate_notices,
    "simplejpeg, strict": simplejpeg_notices,
    **({"libvips, fail_on warning": libvips_notices} if importlib.util.find_spec("pyvips") else {}),
    "Pillow, load()": pillow_notices,
    "OpenCV": opencv_notices,
}


def cases(sound: list[pathlib.Path]) -> Iterator[tuple[str, bytes]]:
    """What is judged, and the name of its row."""
    for path in sound:
        yield SOUND, path.read_bytes()
    originals = camera_originals() or sound[:3]
    for path in originals:
        for data in cut_short(path.read_bytes()):
            yield f"cut short: {path.stem}", data
    chosen = random.Random(0)  # noqa: S311 - places to damage, always the same
    others = sorted(set(sound) - set(originals))
    photos = [path.read_bytes() for path in [*originals, *chosen.sample(others, PHOTOS - len(originals))]]
    for name, damage in DAMAGES.items():
        for whole in photos * TIMES:
            data = damaged(whole, damage, chosen)
            yield name, data
            if spoilt(data, whole) > VISIBLE:
                yield SPOILT, data


def main() -> None:
    """Judge every case; print the table and record it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    counts: Counter[str] = Counter()
    noticed: Counter[tuple[str, str]] = Counter()
    for row, data in cases(sound_jpegs()):
        counts[row] += 1
        for name, notices in NOTICES.items():
            noticed[row, name] += notices(data)
    rows = [SOUND, *(row for row in counts if row.startswith("cut")), *DAMAGES]
    counts[ALL] = sum(counts[row] for row in DAMAGES)
    for name in NOTICES:
        noticed[ALL, name] = sum(noticed[row, name] for row in DAMAGES)
    body = [[row, str(counts[row]), *(str(noticed[row, name]) for name in NOTICES)] for row in [*rows, ALL, SPOILT]]
    grid = Grid("Damage noticed in JPEGs", [["", "files", *NOTICES], *body])
    Console(width=160).print(grid.rich())
    RESULTS.write_text(
        f"Measured by `python -m benchmarks.damage` on {machine()}.\n\n{grid.markdown()}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
