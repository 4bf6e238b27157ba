"""`imagegate serve` starts with the settings that it prints, and ends without losing a request."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from imagegate.cli import ExitCode
from imagegate.cli.running import run
from imagegate.web.config import Settings, load
from tests.generated import ROOT
from tests.web.conftest import PATIENCE
from tests.web.wire import START_SECONDS, await_ready

pytestmark = pytest.mark.slow  # a process each

GOOD = (ROOT / "sample_images" / "good_mst05.jpg").read_bytes()


class Process:
    """`imagegate serve` in a process of its own, from the moment that it is ready."""

    def __init__(self, **environment):
        command = [sys.executable, "-m", "imagegate", "serve", "--port", "0"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        self.lines = []
        self.url = None
        self._listens = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        assert self._listens.wait(START_SECONDS)
        await_ready(self.url.removeprefix("http://"))

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(json.loads(line))
            if found := re.search(r"http://\S+", self.lines[-1]["event"]):
                self.url = found[0]
                self._listens.set()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stderr.close()
        return code


@pytest.fixture
def process():
    one = Process()
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.wait()


def call_until_nobody_listens(url, under_load):
    """Statuses of all requests; what was sent on an open connection and not answered is an error that is raised."""
    statuses = []
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        while True:
            try:
                answer = client.post("/v1/check", content=GOOD, headers={"Content-Type": "image/jpeg"})
            except httpx.ConnectError:
                return statuses
            statuses.append(answer.status_code)
            under_load.release()


def test_no_request_is_lost_when_it_is_told_to_end(process):
    under_load = threading.Semaphore(0)
    with ThreadPoolExecutor(8) as callers:
        loads = [callers.submit(call_until_nobody_listens, process.url, under_load) for _ in range(8)]
        for _ in range(40):
            assert under_load.acquire(timeout=PATIENCE)
        code = process.end()
        statuses = [status for load_ in loads for status in load_.result(PATIENCE)]

    assert code == 0
    assert set(statuses) == {200}
    assert sum(line["event"] == "request" for line in process.lines) == len(statuses)


def test_an_interrupt_ends_it_with_its_own_code(process):
    assert process.end(signal.SIGINT) == ExitCode.INTERRUPTED


def test_a_port_that_is_taken_is_misuse():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "imagegate", "serve", "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=5 * PATIENCE)

    assert ended.returncode == ExitCode.MISUSE
    assert ended.stderr.splitlines()[-1].startswith("imagegate: serve: host and port: ")


def test_every_line_of_its_log_is_json_with_time_and_level(process):
    process.end()

    assert all({"time", "level", "event"} <= line.keys() for line in process.lines)


# Settings


def show_config(*arguments, **environment):
    command = [sys.executable, "-m", "imagegate", "serve", "--show-config", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_the_settings_in_force_are_printed_as_the_file_that_gives_them(tmp_path):
    file = tmp_path / "imagegate.toml"
    file.write_text('host = "0.0.0.0"\nport = 80\ndeadline = 3.0\n')
    shown = show_config("--port", "82", IMAGEGATE_CONFIG=str(file), IMAGEGATE_PORT="81", IMAGEGATE_QUEUE="7")
    (tmp_path / "again.toml").write_text(shown.stdout)

    settings = load({"IMAGEGATE_CONFIG": str(tmp_path / "again.toml")})
    assert settings == Settings(host="0.0.0.0", port=82, deadline=3.0, queue=7)  # noqa: S104 - never listened on


WRONG = {
    "no number": ({"IMAGEGATE_PORT": "eighty"}, "port"),
    "no port": ({"IMAGEGATE_PORT": "65536"}, "port"),
    "no worker": ({"IMAGEGATE_WORKERS": "0"}, "workers"),
    "no time": ({"IMAGEGATE_DEADLINE": "0"}, "deadline"),
    "no profile": ({"IMAGEGATE_PROFILE": "nobody's"}, "profile"),
    "no isolation": ({"IMAGEGATE_ISOLATION": "moon"}, "isolation"),
    "a body larger than memory": ({"IMAGEGATE_LARGEST_BODY": str(1 << 40)}, "bytes_in_flight"),
}


@pytest.mark.parametrize(("environment", "name"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_refused_by_name(environment, name):
    with pytest.raises(ValueError, match=name):
        load(environment)


def test_an_unknown_setting_of_the_file_is_refused_by_name(tmp_path):
    file = tmp_path / "imagegate.toml"
    file.write_text("prot = 80\n")

    with pytest.raises(ValueError, match="prot"):
        load({"IMAGEGATE_CONFIG": str(file)})


def test_the_command_says_what_is_wrong_in_one_line():
    shown = show_config(IMAGEGATE_PORT="eighty")

    assert (shown.returncode, shown.stdout) == (ExitCode.MISUSE, "")
    assert shown.stderr.startswith("imagegate: serve: ")
    assert shown.stderr.count("\n") == 1


def test_without_its_extra_the_command_says_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    assert run(["serve"]) == ExitCode.MISUSE
    assert "pip install 'imagegate[web]'" in capsys.readouterr().err


def test_importing_imagegate_loads_no_web_framework():
    code = "import sys, imagegate; imagegate.check; import imagegate.cli.commands; print('fastapi' in sys.modules)"
    imported = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert imported.stdout.strip() == "False"
