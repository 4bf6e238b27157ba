"""What the service counts and logs of a request: what it came to, and nothing that was in it."""

import base64
import json
import logging
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagegate
from imagegate.bodies import BODIES
from imagegate.web.clients import BURST_SECONDS, Rates
from imagegate.web.logs import JsonLines
from imagegate.web.refusals import SERVICE_CAUSES, Refused
from imagegate.words import LANGUAGES
from tests.generated import ROOT

BLURRED = (ROOT / "sample_images" / "blurred_defocus_mst06.jpg").read_bytes()
RAW = {"content": BLURRED, "headers": {"Content-Type": "image/jpeg"}}


def test_a_line_says_what_a_request_came_to(service, lines):
    with service.client() as client:
        answer = client.post("/v1/check?profile=telesoft", **RAW)
    line = lines.await_request(answer.status_code)

    assert {key: line[key] for key in ("event", "method", "path", "status", "profile", "ok", "causes")} == {
        "event": "request",
        "method": "POST",
        "path": "/v1/check",
        "status": answer.status_code,
        "profile": "telesoft",
        "ok": False,
        "causes": [finding.cause.code for finding in imagegate.check(BLURRED, policy="telesoft").findings],
    }
    assert line["requestId"] == answer.headers["x-request-id"]
    assert {"upload", "queue", "decode", "measure"} <= line["timings"].keys()


def test_a_line_has_nothing_of_the_photo_its_name_or_its_sender(service, lines):
    secret = (
        b"--b\r\nContent-Disposition: form-data; name=f; filename=anna-miller.jpg\r\nX \xc3: y\r\n\r\nPHOTO\r\n--b--"
    )
    with service.client() as client:
        answers = [
            client.post("/v1/check", content=secret, headers={"Content-Type": "multipart/form-data; boundary=b"}),
            client.post("/v1/check", files={"f": ("anna-miller.jpg", BLURRED)}),
            client.post("/v1/check?patient=anna-miller", json={"image": base64.b64encode(BLURRED).decode()}),
            client.get("/anna-miller"),
        ]
    written = json.dumps([lines.await_request(answer.status_code) for answer in answers])

    assert not any(word in written for word in ("anna", "PHOTO", "127.0.0.1", base64.b64encode(BLURRED).decode()[:16]))


def test_an_error_is_logged_by_kind_and_place_alone(serve, lines, monkeypatch):
    def fail(*_, **__):
        raise ValueError("PHOTO")

    monkeypatch.setattr("imagegate.web.judging.check", fail)
    with serve().client() as client:
        answer = client.post("/v1/check", **RAW)
    line = lines.await_request(500)

    assert answer.status_code == 500
    assert answer.json()["errors"][0]["code"] == "internal_error"
    assert answer.json()["requestId"] == line["requestId"]
    assert line["error"].startswith("ValueError (test_observing.py, line ")
    assert "PHOTO" not in json.dumps(line) + answer.text


def test_an_exception_of_anybody_is_written_without_its_text():
    try:
        pickle.loads(b"PHOTO")  # noqa: S301 - it is to fail
    except Exception:  # noqa: BLE001 - whatever it is
        record = logging.getLogger().makeRecord("x", logging.ERROR, "", 0, "failed", (), __import__("sys").exc_info())

    assert json.loads(JsonLines().format(record))["error"].startswith("UnpicklingError (test_observing.py")
    assert "PHOTO" not in JsonLines().format(record)


@pytest.mark.parametrize("given_id", ["req_7f9a2d7e8b3c", "7f9a.2d7e-8b3c"])
def test_a_request_keeps_the_id_that_it_came_with(service, given_id):
    with service.client() as client:
        answer = client.post("/v1/check", content=b"", headers={"X-Request-Id": given_id})

    assert answer.headers["x-request-id"] == answer.json()["requestId"] == given_id


@pytest.mark.parametrize("given_id", ["", "a b", "x" * 65, 'a"b', "<script>"])
def test_an_id_that_would_need_care_is_replaced(service, given_id):
    with service.client() as client:
        answer = client.post("/v1/check", content=b"", headers={"X-Request-Id": given_id})

    assert answer.headers["x-request-id"] not in {"", given_id}


def test_verdicts_causes_stages_and_refusals_are_counted(serve):
    with serve().client() as client:
        client.post("/v1/check", **RAW)
        client.post("/v1/check", content=b"", headers={"Content-Type": "text/plain"})
        lines = client.get("/metrics").text.splitlines()

    assert 'imagegate_verdicts_total{status="422"} 1.0' in lines
    assert 'imagegate_findings_total{cause="image_blurred",severity="reject"} 1.0' in lines
    assert 'imagegate_refused_total{cause="content_type_unsupported"} 1.0' in lines
    assert 'imagegate_stage_seconds_count{stage="decode"} 1.0' in lines
    assert 'imagegate_requests_total{path="/v1/check",status="415"} 1.0' in lines


def test_paths_that_do_not_exist_are_counted_as_one(serve):
    with serve().client() as client:
        for number in range(5):
            client.get(f"/nothing/{number}")
        metrics = client.get("/metrics").text

    assert 'imagegate_requests_total{path="other",status="404"} 5.0' in metrics
    assert "/nothing" not in metrics


# What the service itself refuses


@pytest.mark.parametrize("code", SERVICE_CAUSES)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("api", BODIES)
def test_every_refusal_can_be_said_in_every_dialect_and_language(api, lang, code):
    cause = SERVICE_CAUSES[code]
    status, headers, body = Refused(cause.status, code, "It is so.", retry_after=2).answer(api, lang, "req-1")
    parsed = BODIES[api].parse(json.loads(json.dumps(body)))

    assert (status, headers["Retry-After"], headers["Content-Language"]) == (cause.status, "2", lang)
    assert parsed is not None
    assert parsed.status in {None, cause.status}


# The rate of a client


class Clock:
    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr("imagegate.web.clients.monotonic", lambda: self.now)


def test_ten_seconds_worth_of_requests_may_come_at_once(monkeypatch):
    Clock(monkeypatch)
    rates = Rates(2.0)

    assert [rates.wait("192.0.2.1") == 0 for _ in range(22)] == [True] * 20 + [False] * 2


def test_who_waits_as_told_is_taken(monkeypatch):
    clock, rates = Clock(monkeypatch), Rates(0.5)
    while not (wait := rates.wait("192.0.2.1")):
        pass
    clock.now += wait

    assert rates.wait("192.0.2.1") == 0
    assert rates.wait("192.0.2.1") > 0


def test_clients_do_not_share(monkeypatch):
    Clock(monkeypatch)
    rates = Rates(1 / BURST_SECONDS)
    assert rates.wait("192.0.2.1") == 0

    assert rates.wait("192.0.2.2") == 0
    assert rates.wait("192.0.2.1") > 0


def test_the_addresses_of_a_household_are_one_client(monkeypatch):
    Clock(monkeypatch)
    rates = Rates(1 / BURST_SECONDS)
    assert rates.wait("2001:db8::1") == 0

    assert rates.wait("2001:db8::2") > 0
    assert rates.wait("2001:db8:0:1::1") == 0


@given(st.lists(st.ip_addresses().map(str), max_size=50))
def test_no_more_clients_are_remembered_than_may_be(addresses):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imagegate.web.clients.MOST_CLIENTS", 3)
        rates = Rates(1.0)
        for address in addresses:
            rates.wait(address)

    assert len(rates) <= 3
