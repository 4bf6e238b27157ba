"""Pictures that fsspec opens: its memory and local file systems, and a real S3 server on loopback."""

from __future__ import annotations

import contextlib
import http.server
import io
import os
import socketserver
import sys
import threading
import zipfile
from pathlib import Path

import pytest

import imagegate
from imagegate.scanning import items_of
from tests.scenes import BLURRED, SHARP

fsspec = pytest.importorskip("fsspec", reason="the extra 'remote' is not installed")

FILES = {
    "b.jpg": BLURRED,
    "a b/ä#1.jpg": SHARP,
    "a b/notes.txt": b"no picture" * 20,
    ".hidden/a.jpg": SHARP,
    "z.jpg": SHARP,
}
FOUND = {"a b/ä#1.jpg": 200, "b.jpg": 422, "z.jpg": 200}


def filled(system, root):
    for name, data in FILES.items():
        system.makedirs(f"{Path(root, name).parent}", exist_ok=True)
        system.pipe_file(f"{root}/{name}", data)
    with io.BytesIO() as archive:
        with zipfile.ZipFile(archive, "w") as entries:
            entries.writestr("in.jpg", SHARP)
        system.pipe_file(f"{root}/zipped.zip", archive.getvalue())


@pytest.fixture(params=["memory", "file", "s3"])
def url(request, tmp_path):
    """A folder of pictures in each kind of store."""
    if request.param == "s3":
        yield request.getfixturevalue("bucket")
        return
    system = fsspec.filesystem(request.param)
    root = f"{tmp_path}/photos"
    filled(system, root)
    yield system.unstrip_protocol(root)
    system.rm(root, recursive=True)


@pytest.fixture(scope="session")
def bucket():
    """A bucket of a real S3 server on loopback."""
    pytest.importorskip("s3fs", reason="the extra 's3' is not installed")
    server = pytest.importorskip("moto.server", reason="the extra 's3' is not installed")
    threaded = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    threaded.start()
    host, port = threaded.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        # As whoever runs a store of their own names it, and without a look at this machine's own keys.
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        system = fsspec.filesystem("s3")
        system.mkdir("clinic")
        filled(system, "clinic/photos")
        yield "s3://clinic/photos"
    threaded.stop()


def test_a_folder_in_a_store_is_as_one_on_disk(url):
    scan = imagegate.scan(url, workers=2)
    found = {record.source.removeprefix(f"{url}/"): record.error or record.status for record in scan}

    assert found == FOUND
    assert list(found) == sorted(found)
    assert scan.skipped == {"hidden": 1, "not an image": 2}


def test_a_file_in_a_store_is_read_as_one_on_disk(url):
    (record,) = imagegate.scan(f"{url}/b.jpg")

    assert record.source == f"{url}/b.jpg"
    assert record.size == len(BLURRED)
    assert record.report == imagegate.check(BLURRED)


def test_an_archive_in_a_store_is_read_in_place(url):
    (record,) = imagegate.scan(f"{url}/zipped.zip")

    assert (record.source, record.status) == (f"{url}/zipped.zip/in.jpg", 200)


def test_a_glob_in_a_store_stands_for_the_files_that_match(url):
    found = [item.source.removeprefix(f"{url}/") for item in items_of(f"{url}/*.jpg")]

    assert found == ["b.jpg", "z.jpg"]


def test_archives_that_a_glob_matches_in_a_store_are_read_in_place(url):
    (item,) = items_of(f"{url}/*.zip")

    assert item.source == f"{url}/zipped.zip/in.jpg"


@pytest.mark.parametrize(("name", "reason"), [("nope.jpg", "No such file or directory"), ("*.png", "No file matches")])
def test_what_is_not_in_a_store_is_a_record(url, name, reason):
    (record,) = imagegate.scan([f"{url}/{name}"])

    assert (record.source, record.error) == (f"{url}/{name}", reason)


def test_what_is_longer_than_the_policy_takes_is_read_no_further(url):
    policy = imagegate.Policy(limits={"file_size": {"max": 1000}, "base64_length": {"max": 1000}})
    (item,) = items_of(f"{url}/b.jpg")

    assert item.read(policy).data is None
    assert [record.status for record in imagegate.scan(f"{url}/b.jpg", policy=policy)] == [400]


@pytest.mark.parametrize("path", ["photo.jpg", "endless.jpg"])
def test_over_http_a_file_is_read_no_further_than_the_policy_takes(path):
    pytest.importorskip("aiohttp", reason="the extra 's3' is not installed")
    policy = imagegate.Policy(limits={"file_size": {"max": 1 << 20}, "base64_length": {"max": 1 << 20}})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Pages) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (record,) = imagegate.scan(f"http://127.0.0.1:{server.server_address[1]}/{path}", policy=policy)
        server.shutdown()

    assert record.error is None
    assert record.status == (200 if path == "photo.jpg" else 400)


class _Pages(http.server.BaseHTTPRequestHandler):
    """A server that knows neither lengths nor ranges."""

    def do_HEAD(self):
        self.send_response(405)
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(SHARP)
            while "endless" in self.path:
                self.wfile.write(bytes(1 << 16))

    def log_message(self, *_):
        pass


def test_a_store_that_answers_nothing_is_a_record_that_tells_no_key(monkeypatch):
    pytest.importorskip("s3fs", reason="the extra 's3' is not installed")
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # the discard port: nobody listens
        "AWS_ACCESS_KEY_ID": "key-1",
        "AWS_SECRET_ACCESS_KEY": "secret-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").clear_instance_cache()

    (record,) = imagegate.scan("s3://clinic/a.jpg")

    assert record.error.startswith("The store failed: ")
    assert "secret" not in str(record.to_dict())


def test_pipes_and_links_to_folders_of_a_local_store_are_passed_over(tmp_path):
    (tmp_path / "a.jpg").write_bytes(SHARP)
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")

    scan = imagegate.scan(f"file://{tmp_path}")

    assert [record.status for record in scan] == [200, 200]
    assert scan.skipped == {"link to a folder": 1, "no regular file": 1}


def test_an_unknown_kind_of_url_is_misuse():
    with pytest.raises(ValueError, match=r"source: nonsense:// is no kind of URL"):
        imagegate.scan("nonsense://a.jpg")


def test_without_the_extra_its_name_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)

    with pytest.raises(ImportError, match=r"imagegate\[remote\]"):
        imagegate.scan("s3://clinic/a.jpg")
