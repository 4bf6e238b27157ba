"""A disk that is full: which file, how much, what to do; and the scan can be resumed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from imagegate.cli import main
from tests.scenes import BLURRED, SHARP

MISUSE, REJECTED = 2, 1
FILES = 12
FORMS = ["jsonl", "csv", "parquet"]


@pytest.fixture
def run(capsysbinary):
    """The command in this process: exit code and standard error."""

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        return left.value.code, capsysbinary.readouterr().err.decode()

    return call


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:02}.jpg").write_bytes(BLURRED if number % 3 else SHARP)
    return folder


@contextmanager
def files_of_at_most(size):
    """No file can be written beyond a size; the system answers as it does of a full disk, by another number."""
    resource = pytest.importorskip("resource", reason="this system has no limits on resources")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("this system has no mount")
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)  # noqa: S607 - as the shell finds it


def records_in(path):
    """The records that an output has, without the seconds that they took."""
    if path.suffix == ".parquet":
        from pyarrow import parquet  # noqa: PLC0415 - an extra

        rows = parquet.read_table(path).to_pylist()
        return [{key: cell for key, cell in row.items() if not key.startswith("seconds_")} for row in rows]
    return re.sub(rb'\{"intake":[^}]*\}|(,[\d.e-]+){5}(?=\r\n)', b"", path.read_bytes())


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_is_named_and_the_scan_is_gone_on_with(run, photos, tmp_path, small_disk, form):
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="the extra imagegate[parquet] is not installed")
    out, part = small_disk / f"out.{form}", small_disk / f"out.{form}.part"
    code, err = run("scan", "-q", photos, "-o", out)

    assert code == MISUSE
    assert err == (
        f"imagegate: {part}: No space left on device; it has the records so far (16.4 kB): "
        "free some space, then continue with --resume\n"
    )
    assert list(small_disk.iterdir()) == [part]

    subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)  # noqa: S607 - likewise
    assert run("scan", "-q", photos, "-o", out, "--resume") == (REJECTED, "")
    run("scan", "-q", photos, "-o", tmp_path / f"out.{form}")
    assert records_in(out) == records_in(tmp_path / f"out.{form}")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [0, 100, 3_000, 20_000])
def test_a_file_that_may_grow_no_further_is_named_and_the_scan_is_gone_on_with(run, photos, tmp_path, form, size):
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="the extra imagegate[parquet] is not installed")
    out, part = tmp_path / f"out.{form}", tmp_path / f"out.{form}.part"
    with files_of_at_most(size):
        code, err = run("scan", "-q", photos, "-o", out)

    assert code == MISUSE
    assert err.startswith(f"imagegate: {part}: File too large; it has the records so far (")
    assert err.endswith("free some space, then continue with --resume\n")
    assert not out.exists()
    assert run("scan", "-q", photos, "-o", out, "--resume") == (REJECTED, "")
    run("scan", "-q", photos, "-o", tmp_path / f"undisturbed.{form}")
    assert records_in(out) == records_in(tmp_path / f"undisturbed.{form}")


@pytest.mark.parametrize("form", FORMS)
def test_a_disk_that_is_full_at_the_end_keeps_the_records(run, photos, tmp_path, monkeypatch, form):
    """The copy in the form that is wanted is longer than the limit; the records themselves are not."""
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="the extra imagegate[parquet] is not installed")
    out, part = tmp_path / f"out.{form}", tmp_path / f"out.{form}.part"
    fsync = os.fsync

    def full(handle):
        with files_of_at_most(0):
            os.write(handle, b"x")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    code, err = run("scan", "-q", photos, "-o", out)
    monkeypatch.undo()

    assert code == MISUSE
    assert re.fullmatch(
        rf"imagegate: {out}: File too large; {part} has the records so far \([\d.]+ kB\): .*--resume\n", err
    )
    assert {path.name for path in tmp_path.iterdir()} == {"photos", part.name}
    assert run("scan", "-q", photos, "-o", out, "--resume") == (REJECTED, "")
    assert out.exists()


@pytest.mark.parametrize("option", ["--copy-passed", "--move-rejected", "--html"])
def test_a_full_disk_beside_the_output_stops_the_scan_and_it_is_gone_on_with(
    run, photos, tmp_path, monkeypatch, option
):
    target, out = tmp_path / ("report.html" if option == "--html" else "sorted"), tmp_path / "out.jsonl"
    # Else a move on one file system writes nothing.
    monkeypatch.setattr("imagegate.scanning.sorting._linked", lambda *_: False)
    with files_of_at_most(min(len(SHARP), len(BLURRED)) - 1):
        code, err = run("scan", "-q", photos, "-o", out, option, target)

    assert code == MISUSE
    assert err.startswith(f"imagegate: {target}")
    assert ": File too large; " in err
    assert re.search(
        r"out\.jsonl\.part has the records so far \(.*\): free some space, then continue with --resume\n$", err
    )
    assert not [path for path in (target.rglob("*") if target.is_dir() else [target]) if path.is_file()]
    assert len(list(photos.iterdir())) == FILES

    assert run("scan", "-q", photos, "-o", out, "--resume", option, target) == (REJECTED, "")
    assert len(out.read_bytes().splitlines()) == FILES
    if option != "--html":
        assert len(list(target.iterdir())) == (4 if option == "--copy-passed" else 8)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["scan {photos}", "scan {photos} --json", "causes"])
def test_a_full_standard_output_is_named(photos, command):
    line = f"exec python -m imagegate {command.format(photos=photos)} > /dev/full"
    ended = subprocess.run(["/bin/sh", "-c", line], env=environment(), capture_output=True, text=True, check=False)

    advice = "; free some space, then scan again" if command.startswith("scan") else ""
    assert ended.returncode == MISUSE
    assert ended.stderr == f"imagegate: standard output: No space left on device{advice}\n"


def environment():
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_an_overlay_on_a_full_disk_is_named_and_leaves_nothing(run, tmp_path):
    (tmp_path / "a.jpg").write_bytes(SHARP)
    with files_of_at_most(1_000):
        code, err = run("check", tmp_path / "a.jpg", "--overlay", tmp_path / "out.png")

    assert (code, err) == (MISUSE, f"imagegate: --overlay: {tmp_path / 'out.png'}: File too large\n")
    assert not (tmp_path / "out.png").exists()
