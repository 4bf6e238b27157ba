"""What of a folder, an archive or a store is scanned: images, and what the patterns select."""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagegate
from imagegate.cli import calibrating, main
from imagegate.header.sniff import FORMATS
from imagegate.scanning.filtering import Filter, matches
from imagegate.scanning.images import HEAD, is_image
from imagegate.scanning.output import Output
from tests.samples.make import PICTURES
from tests.scenes import BLURRED, SHARP

PASSED, REJECTED, MISUSE = 0, 1, 2

# What lies beside photos in a stranger's folder.
OTHERS = {
    "labels.csv": b"file,label\nIMG_0001,good\n" * 9,
    "README.md": b"# Photos of May\n\nTaken in the clinic; see labels.csv for what is in them.\n",
    "Thumbs.db": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096),
    "desktop.ini": b"[.ShellClassInfo]\r\nIconResource=a.dll,1\r\n",
    "report.pdf": b"%PDF-1.7\n" + bytes(99),
    "letter.docx": b"PK\x03\x04" + bytes(99),
    "clip.mov": bytes.fromhex("00000014") + b"ftypqt  " + bytes(99),
    "page.html": b"<!DOCTYPE html><html></html>" * 9,
    "empty": b"",
    "more/paths.txt": b"/work/photos/a.jpg\n/work/photos/b.jpg\n",
    "more/data.json": b'{"a": [1]}' * 9,
}
JUDGED = {
    "good.JPG": (SHARP, 200),
    "IMG_0001": (SHARP, 200),
    "photo.dat": (BLURRED, 422),
    "more/base64.txt": (base64.encodebytes(SHARP), 200),
    "more/uri.txt": (b"data:image/jpeg;base64," + base64.b64encode(SHARP), 200),
    "more/error_page.jpg": (OTHERS["page.html"], 400),
    "more/empty.png": (b"", 400),
}


@pytest.fixture
def folder(tmp_path):
    """A stranger's folder."""
    folder = tmp_path / "photos"
    for name, data in {**OTHERS, **{name: data for name, (data, _) in JUDGED.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def run(capsysbinary):
    """The command in this process: exit code, standard output and standard error."""

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return left.value.code, out.decode(), err.decode()

    return call


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def statuses(records, root):
    return {os.path.relpath(record.source, root): record.status for record in records}


# Images


@pytest.mark.parametrize("workers", [1, 4])
def test_files_that_are_not_images_are_skipped_and_counted(folder, workers):
    scan = imagegate.scan(folder, workers=workers)

    assert statuses(scan, folder) == {name: status for name, (_, status) in JUDGED.items()}
    assert scan.skipped == {"not an image": len(OTHERS)}


def test_a_strangers_folder_with_non_images_scanned_and_moved_keeps_them(run, folder, tmp_path):
    bad, good = tmp_path / "bad", tmp_path / "good"
    code, out, err = run("scan", folder, "--move-rejected", bad, "--copy-passed", good)
    rejected = {name for name, (_, status) in JUDGED.items() if status != 200}

    assert (code, err) == (REJECTED, "")
    assert f"{len(OTHERS)} files that are not images were skipped" in out
    assert files_in(bad) == rejected
    assert files_in(good) == JUDGED.keys() - rejected
    assert files_in(folder) == OTHERS.keys() | JUDGED.keys() - rejected
    assert all((folder / name).read_bytes() == data for name, data in OTHERS.items())


def test_strict_reports_files_that_are_not_images_and_moves_none_of_them(run, folder, tmp_path):
    records = statuses(imagegate.scan(folder, strict=True), folder)
    code, out, _ = run("scan", folder, "--strict", "--move-rejected", tmp_path / "bad")

    assert records.keys() == OTHERS.keys() | JUDGED.keys()
    assert {records[name] for name in OTHERS} == {400}
    assert code == REJECTED
    assert "skipped" not in out
    assert OTHERS.keys() <= files_in(folder)


def test_a_file_that_is_named_is_always_judged_and_never_moved_where_it_is_not_an_image(run, folder, tmp_path):
    code, out, err = run("scan", folder / "README.md", "--move-rejected", tmp_path / "bad", "--exclude", "*.md")

    assert (code, err) == (REJECTED, "")
    assert "1 picture: 0 passed, 1 rejected" in out
    assert "README.md" in files_in(folder)
    assert [record.status for record in imagegate.scan([folder / "README.md", folder / "good.JPG"])] == [400, 200]


def test_a_glob_skips_what_is_not_an_image(folder):
    scan = imagegate.scan(str(folder / "*"))

    assert statuses(scan, folder) == {"good.JPG": 200, "IMG_0001": 200, "photo.dat": 422}
    assert scan.skipped == {"not an image": 9}


def test_a_glob_that_matches_a_table_reads_it_where_its_column_is_named(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"photo\n" + base64.b64encode(SHARP))

    assert [record.status for record in imagegate.scan(str(tmp_path / "*.csv"), column="photo")] == [200]


@pytest.mark.parametrize("ending", ["zip", "tar", "tgz"])
def test_archives_skip_what_is_not_an_image(tmp_path, folder, ending):
    path = tmp_path / f"photos.{ending}"
    names = sorted(files_in(folder))
    if ending == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.write(folder / name, name)
    else:
        with tarfile.open(path, "w:gz" if ending == "tgz" else "w") as archive:
            for name in names:
                archive.add(folder / name, name)

    scan = imagegate.scan(path)

    assert statuses(scan, path) == {name: status for name, (_, status) in JUDGED.items()}
    assert scan.skipped == {"not an image": len(OTHERS)}


def test_a_store_opens_each_file_once_and_reads_no_more_than_the_head_of_what_is_not_an_image(folder, monkeypatch):
    fsspec = pytest.importorskip("fsspec", reason="the extra 'remote' is not installed")
    from fsspec.implementations.memory import MemoryFileSystem  # noqa: PLC0415 - likewise

    system, opened, read = fsspec.filesystem("memory"), [], []
    for name in files_in(folder):
        system.pipe_file(f"/store/{name}", (folder / name).read_bytes())
    system.pipe_file("/store/long.log", b"a line of a log\n" * 99_999)
    really_open = MemoryFileSystem.open

    def noting(self, path, *arguments, **options):
        opened.append(path.removeprefix("/store/"))
        file = really_open(self, path, *arguments, **options)
        data = io.BytesIO(file.read())
        really_read = data.read
        file.read = lambda size=-1: read.append((path, len(part := really_read(size)))) or part
        return file

    monkeypatch.setattr(MemoryFileSystem, "open", noting)
    scan = imagegate.scan("memory://store", workers=2)
    found = {record.source.removeprefix("memory:///store/"): record.status for record in scan}
    system.rm("/store", recursive=True)

    assert found == {name: status for name, (_, status) in JUDGED.items()}
    assert sorted(opened) == sorted([*JUDGED, *OTHERS, "long.log"])
    assert sum(size for path, size in read if path.endswith("long.log")) == HEAD


def test_with_the_name_of_an_image_nothing_is_read_before_its_turn():
    def head():
        raise AssertionError

    assert Filter().takes_file("a/IMG_0001.jpeg", head)


def test_a_file_that_cannot_be_read_is_a_record_and_not_moved(run, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "IMG_0001").symlink_to("nowhere")
    code, out, _ = run("scan", tmp_path / "photos", "--move-rejected", tmp_path / "bad")

    assert code == REJECTED
    assert "No such file or directory" in out
    assert (tmp_path / "photos" / "IMG_0001").is_symlink()


def test_every_sample_is_an_image_by_its_name_or_its_content():
    for path in PICTURES.iterdir():
        assert Filter().takes_file(path.name, lambda path=path: path.read_bytes()[:HEAD]), path.name


def test_formats_of_images_and_only_those_count():
    """The media types that IANA registers below image/, and DICOM."""
    others = {"video", "pdf", "zip", "gzip", "appledouble", "html", "xml", "json"}
    heads = {
        "jpeg": SHARP[:99], "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF89a", "webp": b"RIFF0000WEBP", "tiff": b"II*\0",
        "dicom": bytes(128) + b"DICM", "psd": b"8BPS\0\1", "svg": b"<svg >", "jxl": b"\xff\x0a",
        "heic": b"0000ftypheic", "avif": b"0000ftypavif", "raw": b"FUJIFILMCCD-RAW", "jp2": b"\xff\x4f\xff\x51",
        "video": b"0000ftypqt  ", "pdf": b"%PDF-", "zip": b"PK\x03\x04", "gzip": b"\x1f\x8b\x08",
        "html": b"<html>", "xml": b"<?xml ?>", "json": b'{"a', "appledouble": bytes.fromhex("0005160700020000"),
        "bmp": b"BM" + bytes(12) + b"\x28\0\0\0", "ico": bytes.fromhex("0000010001002020") + bytes(4),
    }  # fmt: skip

    assert heads.keys() == FORMATS.keys()
    assert {name for name, head in heads.items() if not is_image(head)} == others
    assert not any(is_image(base64.b64encode(heads[name] * 9)) for name in others)


@given(st.binary(max_size=300))
def test_any_head_is_told(head):
    assert is_image(head) in {True, False}


# Patterns


@pytest.fixture
def tree(tmp_path):
    for name in ("a.jpg", "b.png", "raw/c.jpg", "2024/d.jpg", "2024/raw/e.jpg", "2024/thumbs/f.jpg", "x/2024/g.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(SHARP)
    return tmp_path


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["*.png"], [], "b.png"),
        ("*.jpg", "raw", "a.jpg 2024/d.jpg 2024/thumbs/f.jpg x/2024/g.jpg"),
        (["2024"], [], "2024/d.jpg 2024/raw/e.jpg 2024/thumbs/f.jpg x/2024/g.jpg"),
        (["/2024"], [], "2024/d.jpg 2024/raw/e.jpg 2024/thumbs/f.jpg"),
        (["2024/*.jpg"], [], "2024/d.jpg"),
        (["2024/**/*.jpg"], [], "2024/d.jpg 2024/raw/e.jpg 2024/thumbs/f.jpg"),
        (["**/raw/*"], [], "raw/c.jpg 2024/raw/e.jpg"),
        (["./raw/"], [], "raw/c.jpg"),
        ([], ["*.jpg/"], "a.jpg b.png raw/c.jpg 2024/d.jpg 2024/raw/e.jpg 2024/thumbs/f.jpg x/2024/g.jpg"),
        ([], ["raw/", "thumbs/", "x"], "a.jpg b.png 2024/d.jpg"),
        (["*.jpg"], ["*.jpg"], ""),
        (["[ab].*"], ["?.png"], "a.jpg"),
        (["*.JPG"], [], ""),
    ],
)
def test_patterns_are_read_as_in_gitignore(tree, include, exclude, expected):
    found = statuses(imagegate.scan(tree, include=include, exclude=exclude), tree)

    assert found.keys() == set(expected.split())


def test_patterns_agree_with_git(tree):
    """Git itself, on the files that exist, for each pattern alone."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    files = sorted(files_in(tree))
    subprocess.run([git, "init", "-q", tree], check=True)
    for pattern in (
        "*.jpg",
        "raw",
        "/raw",
        "raw/",
        "2024/*",
        "2024/**",
        "**/e.jpg",
        "2024/raw",
        "x/2024/g.jpg",
        "?.png",
    ):
        (tree / ".git" / "info" / "exclude").write_text(pattern)
        command = [git, "-C", tree, "check-ignore", "--stdin"]
        ignored = subprocess.run(command, input="\n".join(files), text=True, capture_output=True, check=False)
        chosen = Filter(exclude=pattern)

        assert {name for name in files if not chosen.selects(name.split("/"))} == {*ignored.stdout.split()}, pattern


def test_what_the_patterns_leave_out_is_counted_and_an_excluded_folder_is_not_entered(tree, monkeypatch):
    listed, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(Path(path).name) or scandir(path))
    scan = imagegate.scan(tree, include="*.jpg", exclude="2024/")

    assert statuses(scan, tree).keys() == {"a.jpg", "raw/c.jpg"}
    assert scan.skipped == {"excluded": 3}
    assert "2024" not in listed


@pytest.mark.parametrize("kind", ["zip", "memory", "glob"])
def test_patterns_are_relative_to_the_archive_the_store_or_the_folder_of_the_glob(tree, tmp_path_factory, kind):
    source = str(tree / "**" / "*")
    if kind == "zip":
        source = str(tmp_path_factory.mktemp("zip") / "a.zip")
        with zipfile.ZipFile(source, "w") as archive:
            for name in sorted(files_in(tree)):
                archive.write(tree / name, name)
    if kind == "memory":
        system = pytest.importorskip("fsspec").filesystem("memory")
        for name in files_in(tree):
            system.pipe_file(f"/tree/{name}", SHARP)
        source = "memory://tree"

    found = [Path(record.source).name for record in imagegate.scan(source, include="/2024", exclude=["raw"])]

    assert found == ["d.jpg", "f.jpg"]


@pytest.mark.parametrize(
    ("options", "error", "named"),
    [
        ({"include": ""}, ValueError, "include"),
        ({"exclude": ["/"]}, ValueError, "exclude"),
        ({"exclude": 3}, TypeError, "exclude"),
        ({"include": b"*.jpg"}, TypeError, "include"),
        ({"include": [b"*.jpg"]}, TypeError, "include"),
        ({"strict": 1}, TypeError, "strict"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_misuse(tree, options, error, named):
    with pytest.raises(error, match=named):
        imagegate.scan(tree, **options)


def test_the_command_takes_patterns_and_says_which_it_cannot_use(run, tree, tmp_path):
    code, out, _ = run("scan", tree, "--include", "*.jpg", "--include", "*.png", "--exclude", "2024")
    refused, _, err = run("scan", tree, "--exclude", "/", "-o", tmp_path / "out.jsonl")

    assert (code, "3 pictures: 3 passed" in out) == (PASSED, True)
    assert (refused, "--exclude: a pattern must name a file or folder" in err) == (MISUSE, True)
    assert not list(tmp_path.glob("out.*"))


# Resumed


@pytest.mark.parametrize("done", [0, 1, 4, 7])
def test_a_scan_that_is_gone_on_with_counts_and_keeps_the_same(run, folder, tmp_path, monkeypatch, done):
    out, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    with monkeypatch.context() as patch:
        patch.setattr(Output, "finish", lambda _: None)  # as if it was killed then
        run("scan", folder, "-o", out)
    part.write_bytes(b"".join(part.read_bytes().splitlines(keepends=True)[: 1 + done]))
    code, printed, _ = run("scan", folder, "-o", out, "--resume", "--move-rejected", tmp_path / "bad")

    assert code == REJECTED
    assert f"{len(JUDGED)} pictures:" in printed
    assert f"{len(OTHERS)} files that are not images were skipped" in printed
    assert len(out.read_bytes().splitlines()) == len(JUDGED)
    assert OTHERS.keys() <= files_in(folder)


def test_the_files_of_the_scan_itself_are_neither_scanned_nor_counted(run, folder):
    for form in ("jsonl", "csv"):
        _, printed, _ = run("scan", folder, "-o", folder / f"out.{form}", "--html", folder / "report.html", "--strict")
        (folder / f"out.{form}").unlink()

        assert f"{len(JUDGED) + len(OTHERS)} pictures:" in printed


def matches_one_way_after_the_other(parts, pattern):
    """What `**` means, in four lines; it takes the cube of the number of parts."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(matches_one_way_after_the_other(parts[count:], pattern[1:]) for count in range(len(parts) + 1))
    fits = bool(parts) and fnmatchcase(parts[0], pattern[0])
    return fits and matches_one_way_after_the_other(parts[1:], pattern[1:])


def test_a_glob_matches_every_short_path_as_by_its_definition():
    paths = [path for length in range(5) for path in product(("a", "b.c"), repeat=length)]
    patterns = [parts for length in range(5) for parts in product(("**", "a", "*", "b.*"), repeat=length)]
    for path, pattern in product(paths, patterns):
        assert matches(path, pattern) == matches_one_way_after_the_other(path, pattern), (path, pattern)


def test_a_calibration_skips_the_same_files(folder):
    records = calibrating._scanned(str(folder), "good", imagegate.PROFILES["default"], hidden=True)  # noqa: SLF001 - it has no other name

    assert statuses(records, folder) == {name: status for name, (_, status) in JUDGED.items()}
