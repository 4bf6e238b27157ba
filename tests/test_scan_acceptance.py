"""A large folder with all that happens in folders: a record for each file, whatever the number of workers."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

import imagegate
from benchmarks.photos import sound_jpegs
from tests.samples.make import PICTURES
from tests.scenes import SHARP, encoded
from tests.unprivileged import obey_permissions

ROOT = Path(imagegate.__file__).parents[1]
FILES, BROKEN = 2_000, 100
LARGE = 20_000_000
REJECTED = 1
NAMES = (
    "кожа",
    "皮膚",
    "صورة",
    "תמונה",
    "ภาพ",
    "त्वचा",
    "🩹",
    "a b",
    "quote'\"",
    "new\nline",
    os.fsdecode(b"not_utf8_\xff"),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes"),
]


def broken():
    """A file of every kind that is no picture, or no longer one."""
    png = (PICTURES / "good_alpha.png").read_bytes()
    random = np.random.default_rng(0)
    return [
        b"",
        b"\0" * 5_000,
        random.bytes(5_000),
        b"no picture at all " * 20,
        b"<!DOCTYPE html><html><body>413</body></html>" * 4,
        b"%PDF-1.4\n" * 40,
        gzip.compress(random.bytes(2_000)),
        SHARP[:1],
        SHARP[:64],
        SHARP[: len(SHARP) // 3],
        SHARP[:-2],
        SHARP[: len(SHARP) // 2] + bytes(1_000) + SHARP[len(SHARP) // 2 + 1_000 :],
        SHARP.replace(b"\xff\xda", b"\xff\xd9"),
        SHARP[1:],
        png[: len(png) // 2],
        png[:100] + bytes([png[100] ^ 1]) + png[101:],
        png.replace(b"IDAT", b"IDAX"),
        png[:8] + zlib.compress(bytes(100_000)),
        *(
            (PICTURES / name).read_bytes()
            for name in (
                "animated.png", "animation.gif", "base64_illegal_character.txt", "damaged_checksum.png", "empty.jpg",
                "damaged_middle.jpg", "declared_65000x65000.jpg", "declared_65000x65000.png", "error_page.jpg",
                "many_scans.jpg", "only_the_start.jpg", "packed_text.png", "truncated.jpg",
            )
        ),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files by number, 5 % of them broken, in folders of a hundred; and what is no picture among them."""
    folder = tmp_path_factory.mktemp("photos")
    sound = [path for path in sorted(PICTURES.iterdir()) if path.name.startswith(("good_", "gps", "glare", "blurred"))]
    sound += sound_jpegs()
    damaged, pictures = cycle(broken()), cycle(sound)
    for number in range(FILES - 1):
        name = f"{number:04}_{NAMES[number % len(NAMES)]}.jpg"
        path = folder / f"{number // 100:02} {NAMES[number // 100 % 6]}" / name
        path.parent.mkdir(exist_ok=True)
        if number % (FILES // BROKEN) == 0:
            path.write_bytes(next(damaged))
        else:
            shutil.copyfile(next(pictures), path)
    large = encoded(np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8), quality=92)
    (folder / "large.jpg").write_bytes(large)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "unreadable.jpg").write_bytes(SHARP)
    (folder / "unreadable.jpg").chmod(0)
    (folder / "00 кожа" / "up").symlink_to(folder)
    (folder / "around").symlink_to("around2")
    (folder / "around2").symlink_to("around")
    return folder


@pytest.fixture(scope="module")
def scanned(folder, tmp_path_factory):
    """Exit code, records and what was printed, by the number of workers."""
    out = tmp_path_factory.mktemp("out")
    found = {}
    for workers in (1, 2, 8):
        path = out / f"{workers}.jsonl"
        command = [sys.executable, "-m", "imagegate", "scan", folder, "-o", path, "--workers", str(workers)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        run = subprocess.run(command, env=environment, capture_output=True, check=False, preexec_fn=obey_permissions)
        found[workers] = run.returncode, path.read_bytes(), run.stdout.decode()
    return found


def test_a_record_for_each_file_and_none_twice(folder, scanned):
    code, records, _ = scanned[2]
    found = [json.loads(line)["source"] for line in records.splitlines()]
    files = [path for path in folder.rglob("*") if path.is_file()]
    loops = [folder / name for name in ("around", "around2")]

    assert code == REJECTED
    assert len(files) == FILES + 1
    assert len(found) == len(set(found))
    assert set(found) == {os.fspath(path).encode("utf-8", "backslashreplace").decode() for path in files + loops}


def test_what_is_broken_is_rejected_and_what_cannot_be_read_has_an_error(folder, scanned):
    records = {record["source"]: record for record in map(json.loads, scanned[2][1].splitlines())}
    numbered = {
        int(Path(source).name[:4]): record for source, record in records.items() if Path(source).name[0] in "01"
    }

    assert not any(record["ok"] for number, record in numbered.items() if number % (FILES // BROKEN) == 0)
    assert {Path(source).name: record["error"] for source, record in records.items() if record["error"]} == {
        "around": os.strerror(errno.ELOOP),
        "around2": os.strerror(errno.ELOOP),
        "unreadable.jpg": os.strerror(errno.EACCES),
    }
    assert records[str(folder / "large.jpg")]["size"] > LARGE


def test_what_is_passed_over_is_counted(scanned):
    skipped = re.findall(r"^ *(\d+) +skipped +(.+?) *$", scanned[2][2], re.MULTILINE)

    assert sorted(skipped) == [("1", "link to a folder"), ("1", "named pipe")]


@pytest.mark.parametrize("workers", [1, 8])
def test_the_number_of_workers_changes_no_byte_but_the_timings(scanned, workers):
    timings = re.compile(rb'"timings":\{[^}]*\}')
    ours, theirs = (timings.sub(b"", scanned[each][1]) for each in (2, workers))

    assert scanned[workers][0] == REJECTED
    assert ours == theirs
