"""What a scan reads: folders, globs, lists, archives, tables."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import os
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagegate
from imagegate.scanning import archives, items_of, running, tables
from imagegate.scanning.cells import without_quote
from imagegate.scanning.item import Item, content_of, held
from imagegate.scanning.sources import paths_in
from tests.scenes import BLURRED, SHARP
from tests.unprivileged import obey_permissions

SHARP_TEXT = base64.b64encode(SHARP).decode()
BLURRED_TEXT = base64.b64encode(BLURRED).decode()
POLICY = imagegate.PROFILES["default"]
SMALL = imagegate.Policy(limits={"file_size": {"max": 1 << 20}, "base64_length": {"max": 1 << 20}})


def statuses(records, root):
    """Name below `root` to status; the error where there is none."""
    return {os.path.relpath(record.source, root): record.error or record.status for record in records}


def names(source, root, **options):
    return [os.path.relpath(item.source, root) for item in items_of(source, **options)]


def grown(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(SHARP)


# Folders


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_picture_file_is_passed_over_and_counted(tmp_path):
    grown(tmp_path, "photo.jpg", ".hidden/a.jpg", ".hidden.jpg", "sub/b.jpg")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    (tmp_path / "null").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))

    scan = imagegate.scan(tmp_path)

    assert statuses(scan, tmp_path) == {"photo.jpg": 200, "sub/b.jpg": 200}
    assert scan.skipped == {"hidden": 2, "named pipe": 1, "socket": 1, "device": 1, "link to a folder": 1}


def test_a_folder_is_visited_once_whatever_leads_to_it(tmp_path):
    grown(tmp_path, "sub/a.jpg", "b.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "sub")

    items = items_of([tmp_path / "link", tmp_path, tmp_path])

    assert [os.path.relpath(item.source, tmp_path) for item in items] == ["link/a.jpg", "b.jpg"]
    assert items.skipped == {"link to a folder": 1, "folder already visited": 2}


@pytest.fixture
def nested(tmp_path):
    """A folder in more folders than calls can be nested; pytest could not remove it."""
    levels = [tmp_path]
    for _ in range(sys.getrecursionlimit() + 50):
        levels.append(levels[-1] / "a")
        levels[-1].mkdir()
    yield levels[-1]
    for folder in reversed(levels[1:]):
        for file in folder.glob("*.jpg"):
            file.unlink()
        folder.rmdir()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the system has no paths that long")
def test_folders_are_entered_however_deep_they_are_nested(tmp_path, nested):
    grown(tmp_path, "b.jpg", nested / "c.jpg")
    below = os.path.relpath(nested / "c.jpg", tmp_path)

    assert names(tmp_path, tmp_path) == [below, "b.jpg"]
    assert names(f"{tmp_path}/**/c.jpg", tmp_path) == [below]


def test_names_of_every_script_and_of_none_keep_their_order_by_code_point(tmp_path):
    there = ["a.jpg", "É.jpg", "фото.jpg", "ảnh.jpg", "写真.jpg", "صورة.jpg", "📷.jpg", "new\nline.jpg", "b c.jpg"]
    grown(tmp_path, *there)

    assert names(tmp_path, tmp_path) == sorted(there)


def test_a_name_that_is_not_utf8_is_read_and_told_with_escapes(tmp_path):
    odd = tmp_path / os.fsdecode(b"\xe9t\xe9.jpg")
    try:
        odd.write_bytes(SHARP)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")

    (record,) = imagegate.scan(tmp_path)

    assert record.ok
    assert record.source == str(odd)
    assert record.to_dict()["source"].endswith(r"\udce9t\udce9.jpg")


def test_a_file_that_vanishes_before_its_turn_is_a_record(tmp_path):
    grown(tmp_path, *(f"{number:02}.jpg" for number in range(12)))
    with imagegate.scan(tmp_path, workers=1) as scan:
        next(scan)
        (tmp_path / "11.jpg").unlink()
        found = statuses(scan, tmp_path)

    assert found.pop("11.jpg") in {200, "No such file or directory"}
    assert len(found) == 10
    assert set(found.values()) == {200}


@pytest.mark.skipif(os.name != "posix", reason="the system has other permissions")
def test_a_file_that_may_not_be_read_is_a_record(tmp_path):
    grown(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "a.jpg").chmod(0)
    code = "import imagegate, sys; print([record.error for record in imagegate.scan(sys.argv[1])])"
    scan = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        preexec_fn=obey_permissions,
    )

    assert scan.stdout == b"['Permission denied', None]\n"


def test_archives_and_tables_in_a_folder_are_not_images(tmp_path):
    zipped(tmp_path / "in.zip", {"a.jpg": SHARP})
    (tmp_path / "in.csv").write_text(f"photo\n{SHARP_TEXT}\n")

    scan = imagegate.scan(tmp_path, column="photo")

    assert list(scan) == []
    assert scan.skipped == {"not an image": 2}
    assert statuses(imagegate.scan(tmp_path, column="photo", strict=True), tmp_path) == {"in.csv": 400, "in.zip": 400}


# Globs


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a.jpg"]),
        ("**/*.jpg", ["a.jpg", "x/b.jpg", "x/y/c.jpg"]),
        ("x/**", ["x/b.jpg", "x/d.png", "x/y/c.jpg"]),
        ("**/y/*", ["x/y/c.jpg"]),
        ("x/[bd].*", ["x/b.jpg", "x/d.png"]),
        ("?/?.jpg", ["x/b.jpg"]),
        (".h/*", [".h/e.jpg"]),
    ],
)
def test_a_glob_stands_for_the_files_that_match(tmp_path, pattern, expected):
    grown(tmp_path, "a.jpg", "x/b.jpg", "x/d.png", "x/y/c.jpg", ".h/e.jpg")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)

    assert names(str(tmp_path / pattern), tmp_path) == expected


def test_two_globs_share_their_folders(tmp_path):
    grown(tmp_path, "a.jpg", "b.png")

    assert names([f"{tmp_path}/*.jpg", f"{tmp_path}/*.png"], tmp_path) == ["a.jpg", "b.png"]


def test_a_glob_without_a_match_is_a_record_so_that_nothing_is_lost_quietly(tmp_path):
    (record,) = imagegate.scan(str(tmp_path / "*.jpg"))

    assert record.error == "No file matches"


def test_what_exists_is_no_glob_and_neither_is_a_path_object(tmp_path):
    grown(tmp_path, "a[1].jpg", "a1.jpg")

    assert names(str(tmp_path / "a[1].jpg"), tmp_path) == ["a[1].jpg"]
    (tmp_path / "a[1].jpg").unlink()
    assert statuses(imagegate.scan([tmp_path / "a[1].jpg"]), tmp_path) == {"a[1].jpg": "No such file or directory"}


# Lists


@pytest.mark.parametrize(
    "text",
    [
        b"a.jpg\nb c.jpg\n",
        b"\xef\xbb\xbfa.jpg\r\nb c.jpg\r\n",
        b"a.jpg\n\nb c.jpg",
        b"a.jpg\0b c.jpg\0",
        b"a.jpg\0b c.jpg",
    ],
)
def test_a_list_has_a_name_a_line_or_before_each_null(text):
    assert list(paths_in(io.BytesIO(text))) == [Path("a.jpg"), Path("b c.jpg")]


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=50)))
def test_a_null_separated_list_gives_back_every_name(listed):
    listed = ["x", *(f"./{name.strip('./') or 'y'}" for name in listed if "://" not in name)]
    text = "".join(f"{name}\0" for name in listed).encode()

    assert list(paths_in(io.BytesIO(text))) == [Path(name) for name in listed]


def test_a_name_that_looks_like_base64_is_a_name_where_there_is_such_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "AbCdEfGh0123" * 5
    grown(tmp_path, name)

    assert list(paths_in(io.BytesIO(name.encode()))) == [Path(name)]


def test_a_list_longer_than_what_is_read_at_once_keeps_every_name():
    expected = [Path(f"photos/{number:06}.jpg") for number in range(20_000)]

    assert list(paths_in(io.BytesIO("\n".join(map(str, expected)).encode()))) == expected


@pytest.mark.parametrize("data", [SHARP_TEXT.encode(), b"x" * (1 << 20), "a.jpg\n".encode("utf-16")])
def test_what_is_no_list_is_refused_without_being_repeated(data):
    with pytest.raises(ValueError, match="the list") as error:
        list(paths_in(io.BytesIO(data)))

    assert len(str(error.value)) < 100


# Archives


def zipped(path, entries, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def tarred(path, entries, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, data in entries.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


ENTRIES = {
    "good.jpg": SHARP,
    "sub/bad.jpg": BLURRED,
    "sub/notes.jpg": b"Nothing to see here, but it is no picture at all." * 3,
    "sub/scan0001": SHARP,
    "sub/notes.txt": b"Nothing to see here, and it does not say that it is a picture." * 99,
    ".DS_Store": b"\0" * 100,
    "__MACOSX/._good.jpg": b"\0" * 100,
}
FOUND = {"good.jpg": 200, "sub/bad.jpg": 422, "sub/notes.jpg": 400, "sub/scan0001": 200}


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("kind", ["zip", "deflated.zip", "tar", "tar.gz", "tgz", "TAR"])
def test_the_pictures_of_an_archive_are_read_in_place(tmp_path, kind, workers):
    path = tmp_path / f"photos.{kind}"
    if kind.endswith("zip"):
        zipped(path, ENTRIES, compression=zipfile.ZIP_DEFLATED if "deflated" in kind else zipfile.ZIP_STORED)
    else:
        tarred(path, ENTRIES, "w:gz" if kind.endswith("gz") else "w")

    scan = imagegate.scan(path, workers=workers)
    records = list(scan)

    assert statuses(records, path) == FOUND
    assert [record.source for record in records] == [f"{path}/{name}" for name in FOUND]
    assert scan.skipped == {"hidden": 2, "not an image": 1}
    assert [record.size for record in records] == [len(ENTRIES[name]) for name in FOUND]
    assert records[0].report == imagegate.check(SHARP)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_many_threads_read_one_zip_right(tmp_path):
    entries = {f"{number:03}.jpg": SHARP if number % 3 else BLURRED for number in range(120)}
    path = zipped(tmp_path / "many.zip", entries, compression=zipfile.ZIP_DEFLATED)

    found = statuses(imagegate.scan(path, workers=8), path)

    assert found == {name: 200 if data is SHARP else 422 for name, data in entries.items()}


@pytest.mark.parametrize("name", ["/etc/photo.jpg", "../../photo.jpg", "./photo.jpg", "a/../photo.jpg"])
@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_name_that_climbs_out_of_its_archive_stays_within(tmp_path, make, name):
    path = make(tmp_path / ("a.zip" if make is zipped else "a.tar"), {name: SHARP})

    (record,) = imagegate.scan(path)

    assert record.ok
    assert Path(record.source).is_relative_to(path)
    assert ".." not in Path(record.source).parts


@pytest.mark.slow
def test_an_entry_is_read_no_further_than_the_policy_takes(tmp_path):
    bomb = b"\xff\xd8" + bytes(1 << 26)
    packed = zipped(tmp_path / "bomb.zip", {"bomb.jpg": bomb, "good.jpg": SHARP}, compression=zipfile.ZIP_DEFLATED)
    stream = tarred(tmp_path / "bomb.tar.gz", {"bomb.jpg": bomb, "good.jpg": SHARP}, "w:gz")

    for path in (packed, stream):
        bad, good = items_of(path, policy=SMALL)
        assert bad.held <= (1 << 20) + 1
        content = bad.read(SMALL)
        assert (content.size, content.data) == ((1 << 20) + 1, None)
        assert bytes(good.read(SMALL).data) == SHARP
        assert [record.status for record in imagegate.scan(path, policy=SMALL)] == [400, 200]


def test_a_nested_archive_is_not_an_image(tmp_path):
    inner = zipped(tmp_path / "inner.zip", {"a.jpg": SHARP}).read_bytes()
    path = zipped(tmp_path / "outer.zip", {"inner.zip": inner})

    assert statuses(imagegate.scan(path), path) == {}
    assert statuses(imagegate.scan(path, strict=True), path) == {"inner.zip": 400}


def test_encrypted_and_oddly_packed_entries_are_records(tmp_path):
    path = zipped(tmp_path / "a.zip", {"secret.jpg": SHARP, "z.jpg": SHARP})
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1  # APPNOTE.TXT 4.3.12: the general purpose flags
    second = data.index(b"PK\x01\x02", central + 4)
    struct.pack_into("<H", data, second + 10, 14)  # the method: LZMA
    path.write_bytes(data)

    assert statuses(imagegate.scan(path), path) == {
        "secret.jpg": "Encrypted",
        "z.jpg": "Compressed by a method that is not supported",
    }


def test_a_damaged_entry_costs_that_entry_alone(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.jpg": SHARP, "b.jpg": BLURRED})
    data = bytearray(path.read_bytes())
    data[data.index(SHARP) + 5000] ^= 0xFF
    path.write_bytes(data)

    assert statuses(imagegate.scan(path), path) == {"a.jpg": "The entry is damaged (BadZipFile)", "b.jpg": 422}


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_an_archive_cut_short_gives_what_is_whole_and_says_so(tmp_path, kind):
    data = io.BytesIO()
    tarred_at = tarred(tmp_path / "whole.tar", {"a.jpg": SHARP, "b.jpg": SHARP}).read_bytes()
    data = tarred_at if kind == "tar" else gzip.compress(tarred_at)
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(data[: len(data) * 2 // 3])

    first, last = imagegate.scan(path)

    assert (first.source, first.status) == (f"{path}/a.jpg", 200)
    assert last.source == str(path)
    assert last.error.startswith("Damaged, or cut short")


@given(st.integers(0, 1 << 20), st.sampled_from(["zip", "tar", "tgz"]))
def test_wherever_an_archive_is_cut_the_last_record_says_so(cut, kind):
    entries = {"a.jpg": bytes(range(256)) * 20, "b.jpg": bytes(range(256)) * 9}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"cut.{kind}"
        zipped(path, entries) if kind == "zip" else tarred(path, entries, "w:gz" if kind == "tgz" else "w")
        whole = path.read_bytes()
        # The last bytes of a tar, packed or not, are of no picture: zeros, and the trailer of gzip.
        ends = {"tar": 2 * 512 + 20 * 256 + 5 * 512, "zip": len(whole), "tgz": len(whole) - 24}[kind]
        path.write_bytes(whole[: cut % ends])
        *good, last = items_of(path)

        assert [item.source for item in good] in ([], [f"{path}/a.jpg"], [f"{path}/a.jpg", f"{path}/b.jpg"])
        assert last.source == str(path)
        with pytest.raises(OSError, match=r"Damaged|short|read"):
            last.read(POLICY)


@given(st.binary(max_size=2000), st.sampled_from([*archives.KINDS, *tables.KINDS]))
def test_any_bytes_under_any_name_are_records_and_no_exception(data, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"any{ending}"
        path.write_bytes(data)
        for record in imagegate.scan(path, column="a"):
            assert record.error or record.report is not None


def test_a_header_of_a_tar_that_claims_megabytes_is_not_read(tmp_path):
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
    path = tmp_path / "long.tar"
    path.write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 21))

    (record,) = imagegate.scan(path)

    assert record.error == "A tar header claims 8,589,934,592 bytes; at most 16,384 are read"


def test_links_and_devices_in_a_tar_are_passed_over_and_counted(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("l", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("p", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)

    scan = imagegate.scan(path)

    assert list(scan) == []
    assert scan.skipped == {"link": 2, "named pipe": 1}


@pytest.mark.parametrize("name", ["Foto_Müller.jpg", "写真.jpg"])
def test_the_name_of_an_entry_is_utf8_with_or_without_the_flag_that_says_so(tmp_path, name):
    path = zipped(tmp_path / "a.zip", {name: SHARP})
    flagged = path.read_bytes()
    bare = bytearray(flagged)
    for mark, place in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        bare[bare.index(mark) + place] &= ~0x08  # bit 11
    assert bytes(bare) != flagged

    for data in (flagged, bytes(bare)):
        path.write_bytes(data)
        assert statuses(imagegate.scan(path), path) == {name: 200}


# Tables


def json_lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def test_json_lines_are_read_by_their_column_and_named_by_their_line(tmp_path):
    path = tmp_path / "photos.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf"
        + json_lines([{"id": 1, "photo": SHARP_TEXT}, {"photo": BLURRED_TEXT, "more": {"a": [1, 2]}}])
        + b"\r\n"
        + json_lines([{"id": 3}, {"photo": None}, {"photo": 5}, [1]])
        + b'{"photo": "abc\n'
        + b"[" * 100_000
        + b"\n"
        + json_lines([{"photo": SHARP_TEXT}]).strip()
    )

    records = list(imagegate.scan(path, column="photo"))

    assert [(record.source.rpartition(":")[2], record.error or record.status) for record in records] == [
        ("1", 200),
        ("2", 422),
        ("4", "The row has no 'photo'"),
        ("5", "The column is empty"),
        ("6", "The row is no object, or its 'photo' is no text"),
        ("7", "The row is no object, or its 'photo' is no text"),
        ("8", "The row is not valid JSON"),
        ("9", "The row is no object, or its 'photo' is no text"),
        ("10", 200),
    ]
    assert records[0].size == len(SHARP_TEXT)
    assert records[0].report == imagegate.check(SHARP_TEXT)


def csv_text(rows, **options):
    text = io.StringIO()
    csv.writer(text, **options).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_by_its_column_and_named_by_the_line_a_row_begins_on(tmp_path, delimiter):
    wrapped = base64.encodebytes(SHARP).decode()
    path = tmp_path / "photos.csv"
    rows = [["id", "the photo"], ["1", SHARP_TEXT], ['a "2"\nb', BLURRED_TEXT], ["3", wrapped], ["4"], ["5", ""]]
    path.write_bytes(b"\xef\xbb\xbf" + csv_text(rows, delimiter=delimiter))

    found = [(r.source.rpartition(":")[2], r.error or r.status) for r in imagegate.scan(path, column="the photo")]

    after = 5 + wrapped.count("\n") + 1
    assert found == [
        ("2", 200),
        ("3", 422),
        ("5", 200),
        (str(after), "The row has no 'the photo'"),
        (str(after + 1), "The column is empty"),
    ]


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=8), min_size=2, max_size=4
        ),
        max_size=6,
    ),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_csv_as_python_writes_it_is_read_cell_by_cell(rows, quoting):
    """What the standard library's writer wrote, and its reader reads."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    text = csv_text([["a", "b", "c", "d"], *rows], quoting=quoting)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text)
        found = []
        for item in items_of(path, column="b"):
            try:
                found.append(item.read(POLICY).image)
            except OSError as error:
                found.append(error.strerror)

    assert found == [without_quote(row[1]) or "The column is empty" for row in rows]


def test_a_quote_within_a_cell_is_but_a_character(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f'size,photo\n5" tall,{SHARP_TEXT}\n6,{SHARP_TEXT}\n')

    assert [record.status for record in imagegate.scan(path, column="photo")] == [200, 200]


def test_a_row_whose_quotes_do_not_match_is_a_record(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f'size,photo\n"a"b,{SHARP_TEXT}\n6,{SHARP_TEXT}\n')

    found = [record.error or record.status for record in imagegate.scan(path, column="photo")]

    assert found == ["The row's quotes do not match", 200]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_row_longer_than_any_picture_is_a_record_and_the_next_one_is_read(tmp_path, ending):
    rows = ["x" * (3 << 20), SHARP_TEXT]
    path = tmp_path / f"t.{ending}"
    path.write_bytes(
        json_lines([{"photo": row} for row in rows])
        if ending == "jsonl"
        else csv_text([["photo"], *([row] for row in rows)])
    )

    found = [record.error or record.status for record in imagegate.scan(path, column="photo", policy=SMALL)]

    assert found == ["The row is too long", 200]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_a_row_behind_blank_lines_has_the_number_of_its_line(tmp_path, ending, line):
    heading, row = (b"photo", b"AA==") if ending == "csv" else (b'{"photo": ""}', b'{"photo": "AA=="}')
    path = tmp_path / f"t.{ending}"
    path.write_bytes(line.join([heading, b"", row, *[b""] * 20_000, row, b"", row]))

    rows = [item.source.rpartition(":")[2] for item in items_of(path, column="photo")]

    assert rows[-3:] == ["3", "20004", "20006"]


@pytest.mark.parametrize("start", [b"photo\n", b'photo\n"'], ids=["rows", "in a quote that does not end"])
def test_blank_lines_are_read_many_at_once(start):
    class Counted(io.BufferedReader):
        lines = 0

        def readline(self, size=-1):
            self.lines += 1
            return super().readline(size)

    file = Counted(io.BytesIO(start + b"\n" * 100_000))
    rows = list(tables.KINDS[".csv"]("t.csv", file, "photo", POLICY))

    assert len(rows) <= 1
    assert file.lines < 100


@pytest.mark.parametrize(("ending", "text"), [("csv", "id,foto\n1,abc\n"), ("tsv", ""), ("csv", "\xff\n\0")])
def test_a_table_without_the_column_is_one_record(tmp_path, ending, text):
    path = tmp_path / f"t.{ending}"
    path.write_text(text, encoding="latin-1")

    (record,) = imagegate.scan(path, column="photo")

    assert (record.source, record.error) == (str(path), "The first line names no column 'photo'")


@pytest.mark.parametrize("ending", tables.KINDS)
def test_a_table_needs_the_name_of_its_column(tmp_path, ending):
    (tmp_path / f"t{ending}").write_text("photo\n")

    (record,) = imagegate.scan(tmp_path / f"t{ending}")

    assert record.error == "A table: say which column has the pictures"


def test_the_column_is_a_name(tmp_path):
    with pytest.raises(TypeError, match="column"):
        imagegate.scan(tmp_path, column=3)


def test_parquet_gives_text_bytes_and_the_bytes_of_structs(tmp_path):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    photos = [SHARP, BLURRED, None, b"", SHARP]
    columns = {
        "text": [base64.b64encode(each).decode() if each is not None else None for each in photos],
        "binary": photos,
        "image": [{"bytes": each, "path": "a.jpg"} for each in photos],
    }
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=2)

    for column in ("text", "binary", "image.bytes"):
        found = [(r.source, r.error or r.status) for r in imagegate.scan(path, column=column)]
        assert found == [
            (f"{path}:{number}", status)
            for number, status in enumerate([200, 422, "The column is empty", "The column is empty", 200], 1)
        ]
    (record,) = imagegate.scan(path, column="photo")
    assert record.error == "There is no column 'photo'"


# Running


def test_what_is_held_of_a_stream_is_bounded_in_bytes(monkeypatch):
    taken = 0

    def stream():
        nonlocal taken
        for number in range(40):
            taken += 1
            yield Item(str(number), lambda policy: content_of(memoryview(SHARP), policy), 1 << 20)

    monkeypatch.setattr(running, "HELD", 3 << 20)
    records = running.records_of(stream(), POLICY, workers=8, lang="en")

    assert next(records).source == "0"
    assert taken == 4
    assert [record.source for record in records] == [str(number) for number in range(1, 40)]


def test_a_held_picture_counts_by_its_length():
    assert held("a", memoryview(SHARP)).held == len(SHARP)


def test_a_file_as_long_as_the_policy_takes_is_read_whole_and_one_longer_is_not(tmp_path):
    for name, length in (("most.jpg", 20 << 20), ("more.jpg", 30 << 20)):
        (tmp_path / name).write_bytes(SHARP)
        os.truncate(tmp_path / name, length)

    more, most = imagegate.scan(tmp_path, workers=2)

    assert (more.size, more.sha256 is None, more.report.findings[0].cause.code) == (30 << 20, True, "file_too_large")
    assert (most.size, most.sha256 is None, most.status) == (20 << 20, False, 200)


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_every_source_gives_the_report_of_check(tmp_path, isolation):
    policy = imagegate.Policy(isolation=isolation, severities={"duplicate_image": "ignore"})
    grown(tmp_path, "folder/a.jpg")
    (tmp_path / "t.jsonl").write_bytes(json_lines([{"photo": SHARP_TEXT}]))
    sources = [
        tmp_path / "folder",
        zipped(tmp_path / "a.zip", {"a.jpg": SHARP}),
        tarred(tmp_path / "a.tgz", {"a.jpg": SHARP}, "w:gz"),
        tmp_path / "t.jsonl",
    ]

    records = list(imagegate.scan(sources, policy=policy, column="photo", workers=2))

    assert [record.error for record in records] == [None] * 4
    assert {record.report.to_json() for record in records} == {imagegate.check(SHARP, policy=policy).to_json()}


def test_a_closed_scan_leaves_no_thread_and_no_file_open(tmp_path):
    files = Path("/proc/self/fd")
    if not files.is_dir():
        pytest.skip("this system does not tell which files are open")
    path = zipped(tmp_path / "a.zip", dict.fromkeys(map(str, range(30)), SHARP))
    before = threading.active_count(), len([*files.iterdir()])

    with imagegate.scan([path, tarred(tmp_path / "a.tar", {"a": SHARP})], workers=2) as scan:
        next(scan)
    del scan

    assert (threading.active_count(), len([*files.iterdir()])) == before


# What is never said


def test_no_record_repeats_a_byte_of_a_row(tmp_path):
    photo = "U2VjcmV0UGF0aWVudFBob3Rv"
    (tmp_path / "t.jsonl").write_text(f'{{"photo": "{photo}\n{{"photo": ["{photo}"]}}\n"{photo}"\n')
    (tmp_path / "t.csv").write_text(f'photo\n"{photo}"x\n"{photo}')

    for name in ("t.jsonl", "t.csv"):
        for record in imagegate.scan(tmp_path / name, column="photo"):
            assert photo[:8] not in msgspec.json.encode(record.to_dict()).decode()
