"""The example apps of docs/frameworks, each as its first line says that it is run, on a port of its own."""

import ast
import asyncio
import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra imagegate[test]")
pytest.importorskip("flask", reason="needs the extra imagegate[test]")
pytest.importorskip("rest_framework", reason="needs the extra imagegate[test]")

import django
import httpx
from django.conf import settings

from tests.generated import ROOT
from tests.web.wire import await_that, listens

# Once in a process, and before REST framework is imported.
if not settings.configured:
    rest = {"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None}
    settings.configure(USE_I18N=True, REST_FRAMEWORK=rest)
    django.setup()

FOLDER = ROOT / "docs" / "frameworks"
SAMPLES = ROOT / "sample_images"
GOOD = (SAMPLES / "good_mst05.jpg").read_bytes()
BLURRED = (SAMPLES / "blurred_defocus_mst06.jpg").read_bytes()
BROKEN = (SAMPLES / "damaged_middle.jpg").read_bytes()
# No photo is called so; it must be nowhere but in the request.
NAME = "Erika-Mustermann.jpg"
# A test that waits longer has failed; where the kernels are not compiled yet, that takes a minute.
PATIENCE = 300


def command_of(app):
    """The command in an example's docstring."""
    docstring = ast.get_docstring(ast.parse((FOLDER / f"{app}.py").read_text(encoding="utf-8")))
    return re.search(r"`(.+)`", docstring)[1]


class Example:
    """An example app that runs.

    Attributes:
        name: The file's name.
        lines: What it has written.
        folder: Where its temporary files are.
    """

    def __init__(self, app, folder):
        self.name = app
        self.lines = []
        self.folder = folder
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(folder),
        }
        self._process = subprocess.Popen(
            shlex.split(command_of(app).replace("8000", "0")),
            cwd=FOLDER,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._address = None
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:[0-9]+", line):
                self._address = found[0]
                self._ready.set()
        self._ready.set()

    def client(self):
        assert self._ready.wait(PATIENCE)
        assert self._address, "".join(self.lines)
        # Django says so before it is.
        await_that(lambda: listens(self._address.removeprefix("http://")), f"{self.name} listens")
        return httpx.Client(base_url=self._address, timeout=PATIENCE)

    def stop(self):
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self._process.stdout.close()


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """An example by its name; it is started when it is first asked for."""
    started = {}

    def example(app):
        if app not in started:
            started[app] = Example(app, tmp_path_factory.mktemp(app))
        return started[app]

    yield example
    for one in started.values():
        one.stop()


def as_form(picture, field="photo", **fields):
    """A request with a file."""
    return {"files": {field: (NAME, picture, "image/jpeg")}, "data": fields}


def ask(app, method, path, **request):
    """The answer of an ASGI app to one request, without a server."""

    async def asked():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path, **request)

    return asyncio.run(asked())
