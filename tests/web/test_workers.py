"""Bodies of requests are read in worker processes: one that ends its worker, or holds it, costs others nothing."""

import base64
import hashlib
import os
import signal
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagegate
from imagegate import isolation
from imagegate.web.answering import Answered
from imagegate.web.config import Settings
from imagegate.web.isolated import Deaths, _decoded
from tests.generated import ROOT
from tests.web.conftest import running
from tests.web.flawed import CRASH, CRASH_EARLY, FAIL, SPIN
from tests.web.wire import is_ready

GOOD = (ROOT / "sample_images" / "good_mst05.jpg").read_bytes()
# What follows the end of a JPEG is no damage.
CRASHING, SPINNING, FAILING = GOOD + CRASH, GOOD + SPIN, GOOD + FAIL


def raw(picture):
    return {"url": "/v1/check", "content": picture, "headers": {"Content-Type": "image/jpeg"}}


def form(picture):
    """Its boundary is another one in each request."""
    return {"url": "/v1/check", "files": {"photo": ("photo.jpg", picture)}}


def json(picture):
    return {"url": "/v1/check", "json": {"image": base64.b64encode(picture).decode()}}


def payload(picture):
    return {
        "url": "/v1/check-payload",
        "json": {"images": [base64.b64encode(each).decode() for each in (GOOD, picture)]},
    }


def inspect(picture):
    return raw(picture) | {"url": "/v1/inspect"}


OTHERS = [pytest.param(way, marks=pytest.mark.slow) for way in (form, json, payload, inspect)]


@pytest.fixture
def flawed(serve, monkeypatch, tmp_path):
    """A service with one worker, whose decoder has flaws."""
    command = isolation.worker_command("tests.web.flawed")
    monkeypatch.setattr("imagegate.web.isolated.worker_command", lambda _: command)

    def start(worker_seconds=60.0, **settings):
        policy = tmp_path / "policy.toml"
        policy.write_text(f"worker_seconds = {worker_seconds}\n")
        return serve(isolation="process", workers=1, policy=str(policy), **{"deadline": 600.0} | settings)

    return start


def worker_pids(service):
    return {worker.process.pid for worker in service.service._workers._pool.workers}  # noqa: SLF001 - the processes


def code_of(answer):
    return answer.json()["errors"][0]["code"]


def test_processes_are_the_default():
    assert Settings().isolation == "process"


@pytest.mark.parametrize("way", [raw, *OTHERS])
def test_a_picture_that_ends_its_worker_is_a_503_and_then_a_400(flawed, lines, way):
    service = flawed()
    with service.client() as client:
        first, second = client.post(**way(CRASHING)), client.post(**way(CRASHING))
        logged = [lines.await_event("a worker ended"), lines.await_event("a worker ended")]
        left = worker_pids(service)
        third, other = client.post(**way(CRASHING)), client.post(**way(GOOD))

    assert (first.status_code, code_of(first)) == (503, "interrupted")
    assert int(first.headers["retry-after"]) > 0
    assert [(answer.status_code, code_of(answer)) for answer in (second, third)] == [(400, "image_corrupt")] * 2
    assert [line["how"] for line in logged] == ["died of SIGSEGV"] * 2
    assert [line.get("sha256") for line in logged] == [None, hashlib.sha256(CRASHING).hexdigest()]
    assert other.status_code == 200
    assert worker_pids(service) == left


def test_a_body_that_ends_its_worker_before_there_is_a_picture_is_remembered_itself(flawed, lines):
    body = b'{"image": "' + CRASH_EARLY
    with flawed().client() as client:
        answers = [
            client.post("/v1/check", content=body, headers={"Content-Type": "application/json"}) for _ in range(3)
        ]
    lines.await_event("a worker ended")

    assert [answer.status_code for answer in answers] == [503, 400, 400]
    assert lines.await_event("a worker ended")["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_picture_that_holds_the_lock_holds_up_no_other_request(flawed, callers):
    """Within the service's process no clock could end it, and nothing else would be answered."""
    service = flawed(worker_seconds=1.0)
    with service.client() as client:
        answers = [callers.submit(client.post, **raw(SPINNING)) for _ in range(2)]
        while not all(answer.done() for answer in answers):
            assert client.get("/healthz").status_code == 200

        assert sorted(answer.result().status_code for answer in answers) == [400, 503]
        assert client.post(**raw(GOOD)).status_code == 200


@pytest.mark.slow
def test_a_worker_that_is_stuck_is_ended_before_the_deadline_of_its_request(flawed, lines):
    """Its picture may take a minute, so that the deadline ends it, which is no fault of the picture's."""
    service = flawed(worker_seconds=60.0, deadline=2.0)
    with service.client() as client:
        first = client.post(**raw(SPINNING))
        assert lines.await_event("a worker ended")["expired"]
        while (good := client.post(**raw(GOOD))).status_code == 503:  # the next worker is starting
            pass

    assert (first.status_code, code_of(first)) == (503, "interrupted")
    assert good.status_code == 200


def test_a_worker_that_died_while_it_was_idle_costs_no_request(flawed):
    service = flawed()
    (pid,) = worker_pids(service)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    with service.client() as client:
        assert client.post(**raw(GOOD)).status_code == 200
    assert pid not in worker_pids(service)


def test_a_flaw_of_ours_is_a_500_that_costs_no_worker(flawed, lines):
    service = flawed()
    before = worker_pids(service)
    with service.client() as client:
        answer = client.post(**raw(FAILING))
        line = lines.await_request(500)

    assert (answer.status_code, code_of(answer)) == (500, "internal_error")
    assert line["error"].startswith("ValueError (flawed.py, line ")
    assert "PHOTO" not in str(line) + answer.text
    assert worker_pids(service) == before


def test_a_service_without_workers_is_alive_and_not_ready(monkeypatch, lines):
    monkeypatch.setattr(
        "imagegate.web.isolated.worker_command", lambda _: [sys.executable, "-c", "raise SystemExit(3)"]
    )
    with running(ready=False) as service, service.client() as client:
        line = lines.await_event("no worker can be started")
        answers = [client.get("/healthz"), client.get("/readyz"), client.post(**raw(GOOD))]

    assert "exit code 3" in line["why"]
    assert [answer.status_code for answer in answers] == [200, 503, 503]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers[1:])


def test_it_is_ready_when_every_worker_has_loaded_its_kernels(serve):
    service = serve(isolation="process", workers=2)
    workers = service.service._workers._pool.workers  # noqa: SLF001 - the processes

    assert is_ready("{}:{}".format(*service.address))
    assert [worker.ready for worker in workers] == [True, True]


@pytest.mark.slow
def test_no_worker_outlives_the_service():
    with running(isolation="process", workers=2) as service:
        processes = [worker.process for worker in service.service._workers._pool.workers]  # noqa: SLF001 - likewise

    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=30))
def test_no_more_pictures_are_remembered_than_may_be(digests):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imagegate.web.isolated.MOST_REMEMBERED", 3)
        deaths = Deaths()
        for digest in digests:
            deaths.note(digest)

    assert len(deaths) <= 3
    assert len(deaths.deadly) <= 3


NONSENSE = {
    "no answer": b"\x80",
    "no reason": msgspec.msgpack.encode(Answered(status=400, headers={}, body=b"")),
    "a status of its own": msgspec.msgpack.encode(Answered(status=999, headers={}, body=b"", verdict=200)),
    "a header of its own": msgspec.msgpack.encode(Answered(status=200, headers={"Set-Cookie": "a=b"}, body=b"")),
    "a cause of its own": msgspec.msgpack.encode(Answered(status=200, headers={}, body=b"", findings=(("x", "y"),))),
    "a stage of its own": msgspec.msgpack.encode(Answered(status=200, headers={}, body=b"", timings={"x": 1.0})),
}


@pytest.mark.parametrize("message", NONSENSE.values(), ids=NONSENSE)
def test_a_worker_that_a_picture_has_taken_over_is_not_believed(message):
    with pytest.raises(ValueError, match="no answer"):
        _decoded(message)


def test_its_answers_are_those_of_check(serve):
    with serve(isolation="process", workers=1).client() as client:
        assert client.post(**raw(GOOD)).json() == imagegate.check(GOOD).to_dict()
