"""scan(): folders and streams of paths."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

import imagegate
from imagegate.scanning import running
from tests.scenes import BLURRED, SHARP

ROOT = Path(imagegate.__file__).parents[1]
TIMINGS = {"timings"}


@pytest.fixture
def photos(tmp_path):
    """Pictures two folders deep, with what a scan must leave out or report."""
    files = {
        "b.jpg": SHARP,
        "a.png": BLURRED,
        "sub/deep/c": SHARP,
        "sub/notes.jpg": b"The patient was seen in May; nothing to see here, but it is no picture at all.\n" * 2,
        "sub.jpg": BLURRED,
        ".hidden.jpg": SHARP,
        ".cache/d.jpg": SHARP,
    }
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def sources(records, root):
    return [Path(record.source).relative_to(root).as_posix() for record in records]


def plain(records):
    """Records without what differs from run to run."""
    return [{key: value for key, value in record.to_dict().items() if key not in TIMINGS} for record in records]


def test_a_folder_stands_for_its_files_in_order_without_hidden_ones(photos):
    assert sources(imagegate.scan(photos), photos) == [
        "a.png",
        "b.jpg",
        "sub/deep/c",
        "sub/notes.jpg",
        "sub.jpg",
    ]


def test_a_files_name_is_no_evidence(photos):
    verdicts = {Path(record.source).name: record.status for record in imagegate.scan(photos)}

    assert verdicts == {"a.png": 422, "b.jpg": 200, "c": 200, "notes.jpg": 400, "sub.jpg": 422}


def test_a_record_tells_length_and_hash_of_the_bytes_that_were_checked(photos):
    (record,) = imagegate.scan(photos / "b.jpg")

    assert record.ok
    assert record.size == len(SHARP)
    assert record.sha256 == hashlib.sha256(SHARP).hexdigest()
    assert record.report == imagegate.check(SHARP)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_records_do_not_depend_on_the_number_of_workers(photos, workers):
    paths = [photos / name for name in ("b.jpg", "sub.jpg", "a.png") * 9]

    records = plain(imagegate.scan(paths, workers=workers))

    assert [record["source"] for record in records] == [str(path) for path in paths]
    assert records[:3] == plain(imagegate.scan(paths[:3], workers=1))


def test_the_object_of_a_record_is_the_reports_object_and_the_files(photos):
    (record,) = imagegate.scan(photos / "sub.jpg")
    plain_record = record.to_dict()

    assert list(plain_record) == [
        *record.report.to_dict(),
        "size",
        "sha256",
        "phash",
        "timings",
        "versions",
        "error",
    ]
    assert plain_record["findings"][0]["cause"] == "image_blurred"
    assert plain_record["versions"]["imagegate"] == imagegate.__version__
    assert plain_record["error"] is None
    assert json.loads(json.dumps(plain_record, allow_nan=False)) == plain_record


def test_a_file_that_cannot_be_read_is_a_record_with_its_error(tmp_path):
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")

    (record,) = imagegate.scan(tmp_path)

    assert not record.ok
    assert record.status is None
    assert record.error == "No such file or directory"
    assert record.to_dict()["ok"] is False
    assert set(record.to_dict()) >= {"status", "findings", "sha256"}


def test_a_folder_that_cannot_be_listed_is_a_record_with_its_error(photos, monkeypatch):
    listed = os.scandir

    def scandir(path):
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    errors = {Path(record.source).name: record.error for record in imagegate.scan(photos) if record.error}

    assert errors == {"deep": "The folder cannot be listed"}


def test_an_error_that_nobody_foresaw_is_a_record_that_names_its_kind_alone(photos, monkeypatch):
    examine = running.examine

    def broken(image, *arguments, **options):
        if bytes(image) == BLURRED:
            raise ZeroDivisionError("a part of the photo")
        return examine(image, *arguments, **options)

    monkeypatch.setattr(running, "examine", broken)
    records = {Path(record.source).name: record for record in imagegate.scan(photos)}

    assert records["sub.jpg"].error == "Internal error: ZeroDivisionError"
    assert not records["sub.jpg"].ok
    assert records["b.jpg"].ok


def test_missing_files_of_a_stream_are_records_and_the_scan_goes_on(photos):
    records = list(imagegate.scan([photos / "nope.jpg", str(photos / "b.jpg")]))

    assert [record.ok for record in records] == [False, True]
    assert records[0].error == "No such file or directory"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")

    assert list(imagegate.scan(tmp_path)) == []
    assert [record.error for record in imagegate.scan([tmp_path / "pipe.jpg"])] == ["Not a regular file"]


def test_links_to_files_are_followed_and_links_to_folders_are_not(photos, tmp_path_factory):
    links = tmp_path_factory.mktemp("links")
    (links / "photo").symlink_to(photos / "b.jpg")
    (links / "loop").symlink_to(links)

    assert sources(imagegate.scan(links), links) == ["photo"]


def test_a_file_longer_than_the_policy_takes_is_judged_by_its_length_and_not_read(tmp_path):
    (tmp_path / "huge.jpg").touch()
    os.truncate(tmp_path / "huge.jpg", 1 << 40)  # a hole: it takes no space

    (record,) = imagegate.scan(tmp_path)

    assert [finding.cause.code for finding in record.report.findings] == ["file_too_large"]
    assert (record.size, record.sha256, record.error) == (1 << 40, None, None)


def test_a_policy_without_a_limit_on_length_reads_whole_files(photos):
    inf = float("inf")
    policy = imagegate.Policy(limits={"file_size": {"max": inf}, "base64_length": {"max": inf}})

    (record,) = imagegate.scan(photos / "b.jpg", policy=policy)

    assert record.sha256 == hashlib.sha256(SHARP).hexdigest()


def test_the_policy_is_the_one_given(photos):
    policy = imagegate.Policy(
        name="lenient", limits={"blur_radius": {"max": float("inf")}, "blur_score": {"max": float("inf")}}
    )

    (record,) = imagegate.scan(photos / "sub.jpg", policy=policy)

    assert record.report.profile == "lenient"
    assert "image_blurred" not in {finding.cause.code for finding in record.report.findings}


def test_few_paths_are_taken_ahead_of_the_records_that_were_asked_for(photos):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield photos / "b.jpg"

    with imagegate.scan(endless(), workers=2) as records:
        assert next(records).ok
        assert taken <= running.WINDOW * 2


def test_a_closed_scan_leaves_no_thread_and_gives_no_record(photos):
    before = threading.active_count()
    with imagegate.scan([photos / "b.jpg"] * 20, workers=2) as records:
        next(records)

    assert threading.active_count() == before
    assert list(records) == []


@pytest.mark.parametrize(
    ("arguments", "options", "error", "named"),
    [
        ((None,), {}, TypeError, "source"),
        ((b"photos",), {}, TypeError, "source"),
        ((3,), {}, TypeError, "source"),
        (("",), {}, ValueError, "source"),
        (("nul\0.jpg",), {}, ValueError, "source"),
        (("does-not-exist",), {}, FileNotFoundError, "does-not-exist"),
        ((".",), {"workers": 0}, ValueError, "workers"),
        ((".",), {"workers": True}, TypeError, "workers"),
        ((".",), {"workers": 1.5}, TypeError, "workers"),
        ((".",), {"policy": "unheard-of"}, ValueError, "unheard-of"),
        ((".",), {"policy": 7}, TypeError, "policy"),
        ((".",), {"lang": None}, TypeError, "lang"),
    ],
)
def test_misuse_is_refused_before_anything_is_read(arguments, options, error, named):
    with pytest.raises(error, match=named):
        imagegate.scan(*arguments, **options)


def test_a_stream_of_what_is_no_path_is_refused_when_it_is_reached(photos):
    records = imagegate.scan([photos / "b.jpg", 5], workers=1)

    with pytest.raises(TypeError, match="source"):
        list(records)


def test_every_sample_gets_a_record_without_an_error():
    samples = ROOT / "sample_images"
    if not samples.is_dir() or not any(samples.iterdir()):
        pytest.skip("sample_images is empty")

    records = list(imagegate.scan(samples))

    assert [record.error for record in records if record.error] == []
    assert {record.ok for record in records} == {True, False}
