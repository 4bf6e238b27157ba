"""Files that have no name until they are whole: nothing is left of a photo, whatever ends the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import imagegate
from imagegate.scanning import items_of
from imagegate.unnamed import PREFIX, Unnamed
from tests.samples.make import PICTURES
from tests.scenes import SHARP

ROOT = Path(imagegate.__file__).parents[1]
nameless = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without a name")

KILLED = {
    "page": """
from imagegate.page import Page
with Page(folder / "report.html", imagegate.PROFILES["default"]) as page:
    for record in page.noting(imagegate.scan(photos)):
        pass
    Page._summary = kill
""",
    "page that is replaced": """
import os
from imagegate.page import Page
(folder / "report.html").write_text("the last one")
os.link = kill
with Page(folder / "report.html", imagegate.PROFILES["default"]) as page:
    list(page.noting(imagegate.scan(photos)))
""",
    "copy": """
import pathlib, shutil
from imagegate.scanning.sorting import Sorter
shutil.copystat = kill
path = pathlib.Path(photos)
Sorter([path], move_rejected=None, copy_passed=folder).sort(photos, ok=True)
""",
}


def names_in(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.slow
@nameless
@pytest.mark.parametrize("code", KILLED.values(), ids=KILLED)
def test_a_kill_leaves_nothing_of_a_photo(tmp_path, code):
    begin = (
        "import imagegate, os, pathlib, signal, sys\n"
        "folder, photos = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        "def kill(*_, **__): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", begin + code, tmp_path, PICTURES / "blurred_strong_mst04.jpg"]
    killed = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)

    assert killed.returncode == -signal.SIGKILL
    assert {path.name for path in tmp_path.iterdir()} <= {"report.html"}
    assert all(path.read_text() == "the last one" for path in tmp_path.iterdir())


@pytest.fixture(params=[pytest.param("nameless", marks=nameless), "named"])
def unnamed(request, tmp_path, monkeypatch):
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return Unnamed(tmp_path)


def test_it_has_its_name_when_it_is_whole(unnamed, tmp_path):
    with unnamed as new:
        new.file.write(b"whole")
        assert not (tmp_path / "a").exists()
        new.link(tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == b"whole"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert names_in(tmp_path) == ["a"]


def test_a_name_that_is_taken_is_refused_or_replaced(unnamed, tmp_path):
    (tmp_path / "a").write_bytes(b"others")
    with unnamed as new:
        new.file.write(b"whole")
        with pytest.raises(FileExistsError):
            new.link(tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"others"
        new.replace(tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == b"whole"
    assert names_in(tmp_path) == ["a"]


def test_of_what_is_given_up_nothing_is_left(unnamed, tmp_path):
    with unnamed as new:
        new.file.write(b"half")

    assert names_in(tmp_path) == []


def test_what_another_scan_is_writing_is_neither_a_picture_nor_counted(tmp_path):
    (tmp_path / "a.jpg").write_bytes(SHARP)
    (tmp_path / f"{PREFIX}report.html").write_bytes(SHARP)
    items = items_of(tmp_path)

    assert [item.source for item in items] == [str(tmp_path / "a.jpg")]
    assert not items.skipped
