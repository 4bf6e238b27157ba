"""Whatever there is too much of is refused, with the status that says what it is; nothing of it is kept."""

import gc

import pytest

import imagegate
from tests.generated import ROOT
from tests.web.conftest import PATIENCE
from tests.web.wire import CHUNKED_HEAD, answer_on, chunk, head, is_closed, picture_head

GOOD = (ROOT / "sample_images" / "good_mst05.jpg").read_bytes()
RAW = {"content": GOOD, "headers": {"Content-Type": "image/jpeg"}}


def post(service, **options):
    with service.client() as client:
        return client.post("/v1/check", **RAW | options)


def code_of(answer):
    return answer.json()["errors"][0]["code"]


# Length


def test_a_request_that_announces_too_much_is_refused_before_it_comes(service):
    with service.connect() as connection:
        connection.sendall(picture_head(10**12))
        status, headers, body = answer_on(connection)

    assert (status, headers["connection"]) == (413, "close")
    assert body["errors"][0]["code"] == "file_too_large"


def test_a_request_of_unknown_length_is_refused_where_it_becomes_too_long(serve):
    with serve(largest_body=100_000).connect() as connection:
        connection.sendall(CHUNKED_HEAD + 11 * chunk(bytes(10_000)))

        assert answer_on(connection)[0] == 413


def test_a_client_that_sends_all_before_it_reads_gets_the_answer_and_no_reset(serve):
    service = serve(largest_body=1_000_000, bytes_in_flight=1_000_000)

    assert post(service, content=bytes(1_900_000)).status_code == 413


def test_a_client_that_asks_first_is_told_so_before_it_sends(service):
    with service.connect() as connection:
        connection.sendall(head(Content_Type="image/jpeg", Content_Length=10**12, Expect="100-continue"))

        assert answer_on(connection)[0] == 413
        assert is_closed(connection)


def test_a_client_that_asks_first_is_told_to_go_on(service):
    with service.connect() as connection:
        connection.sendall(head(Content_Type="image/jpeg", Content_Length=len(GOOD), Expect="100-continue"))
        go_on = b"HTTP/1.1 100 Continue\r\n\r\n"

        assert connection.recv(len(go_on)) == go_on
        connection.sendall(GOOD)
        assert answer_on(connection)[0] == 200


# Speed


def test_an_upload_slower_than_the_floor_is_cut_off(serve, monkeypatch):
    monkeypatch.setattr("imagegate.web.body.PATIENCE", 0.2)
    with serve().connect() as connection:
        connection.sendall(picture_head(1000) + bytes(10))
        status, _, body = answer_on(connection)

    assert status == 408
    assert body["errors"][0]["code"] == "upload_too_slow"


def test_an_upload_of_many_small_parts_is_read_to_its_end(service):
    with service.connect() as connection:
        connection.sendall(CHUNKED_HEAD)
        for start in range(0, len(GOOD), 1000):
            connection.sendall(chunk(GOOD[start : start + 1000]))
        connection.sendall(chunk(b""))

        assert answer_on(connection)[2] == imagegate.check(GOOD).to_dict()


@pytest.mark.parametrize("sent", [b"", b"POST /v1/check HTTP/1.1\r\nHost:"], ids=["silent", "half a head"])
def test_a_connection_without_a_request_is_closed(serve, monkeypatch, sent):
    monkeypatch.setattr("imagegate.web.server.HEAD_SECONDS", 0.2)
    with serve().connect() as connection:
        connection.sendall(sent)

        assert answer_on(connection)[0] == 408
        assert is_closed(connection)


# Number


def test_what_finds_no_place_is_told_when_to_come_again(serve, gate, callers):
    service = serve(workers=1, queue=0)
    first = callers.submit(post, service)
    gate.await_one()
    second = post(service)
    gate.open()

    assert second.status_code == 503
    assert int(second.headers["retry-after"]) > 0
    assert code_of(second) == "overloaded"
    assert first.result(PATIENCE).status_code == 200


def test_what_finds_a_place_waits_for_its_turn(serve, gate, callers):
    service = serve(workers=1, queue=9)
    answers = [callers.submit(post, service) for _ in range(10)]
    gate.await_one()
    gate.open()

    assert [answer.result(PATIENCE).status_code for answer in answers] == [200] * 10


def test_requests_in_memory_have_a_bound_of_bytes(serve, gate, callers):
    service = serve(workers=2, largest_body=1_000_000, bytes_in_flight=1_000_000)
    first = callers.submit(post, service, content=GOOD + bytes(800_000 - len(GOOD)))
    gate.await_one()
    announced, unannounced = post(service, content=bytes(300_000)), post(service, content=iter([bytes(300_000)]))
    gate.open()

    assert (announced.status_code, code_of(announced)) == (503, "overloaded")
    assert (unannounced.status_code, code_of(unannounced)) == (503, "overloaded")
    assert first.result(PATIENCE).status_code < 500
    assert post(service).status_code == 200


def test_a_request_that_is_not_answered_in_time_is_refused(serve, gate):
    answer = post(serve(workers=1, deadline=0.1))
    gate.open()

    assert answer.status_code == 503
    assert "within 0.1 s" in answer.json()["detail"]


def test_a_client_has_its_rate(serve):
    service = serve(client_rate=0.01)
    first, second = post(service), post(service)

    assert first.status_code == 200
    assert (second.status_code, code_of(second)) == (429, "too_many_requests")
    assert 0 < int(second.headers["retry-after"]) <= 101


def test_connections_have_a_bound(serve):
    service = serve(connections=2)
    with service.connect() as one, service.connect() as two, service.connect() as three:
        for connection in (one, two):
            connection.sendall(head("/healthz", "GET"))
            assert answer_on(connection, "GET")[0] == 200
        status, headers, _ = answer_on(three)

    assert status == 503
    assert int(headers["retry-after"]) > 0


def test_a_head_has_a_bound(service):
    with service.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Long: " + bytes(200_000).replace(b"\0", b"a"))

        assert answer_on(connection)[0] == 431


def test_what_follows_a_body_has_a_bound(service):
    with service.connect() as connection:
        trailers = b"".join(b"X-%d: a\r\n" % number for number in range(40_000))
        connection.sendall(CHUNKED_HEAD + chunk(GOOD) + b"0\r\n" + trailers)

        assert answer_on(connection)[0] == 431


def test_a_body_in_crumbs_is_refused(service):
    with service.connect() as connection:
        connection.sendall(CHUNKED_HEAD + 10_000 * chunk(b"a"))

        assert answer_on(connection)[0] == 400
        assert is_closed(connection)


def test_requests_that_are_sent_ahead_have_a_bound(service):
    with service.connect() as connection:
        connection.sendall(100 * head("/healthz", "GET"))
        with connection.makefile("rb") as answers:
            assert b"HTTP/1.1 400" in answers.read()


# Clients that leave


def test_a_client_that_leaves_while_it_waits_frees_its_place(serve, gate, callers, lines):
    service = serve(workers=1, queue=1)
    first = callers.submit(post, service)
    gate.await_one()
    with service.connect() as connection:
        connection.sendall(picture_head(len(GOOD)) + GOOD)
    lines.await_request(499)
    third = callers.submit(post, service)
    gate.open()

    assert first.result(PATIENCE).status_code == 200
    assert third.result(PATIENCE).status_code == 200


def test_200_clients_that_vanish_leave_nothing_behind(serve, lines):
    service = serve()
    connections = [service.connect() for _ in range(200)]
    for connection in connections:
        connection.sendall(picture_head(1_000_000) + bytes(10_000))
    for connection in connections:
        connection.close()
    for _ in connections:
        lines.await_request(499)

    with service.client() as client:
        metrics = client.get("/metrics").text
        assert client.get("/readyz").status_code == 200
    assert "imagegate_in_flight 0.0" in metrics
    assert "imagegate_bytes_in_flight 0.0" in metrics
    assert post(service).status_code == 200


def test_a_client_that_stops_sending_after_its_request_has_left(service):
    """As nginx has it: a closed half cannot be told from a client that has gone."""
    with service.connect() as connection:
        connection.sendall(picture_head(len(GOOD) + 1) + GOOD)
        connection.shutdown(1)

        assert is_closed(connection)
    assert post(service).status_code == 200


# Lengths that are wrong


WRONG = {
    "no number": head(Content_Type="image/jpeg", Content_Length="ten"),
    "negative": head(Content_Type="image/jpeg", Content_Length="-1"),
    "larger than any": head(Content_Type="image/jpeg", Content_Length="9" * 40),
    "two": head(Content_Type="image/jpeg", Content_Length="10").replace(b"\r\n\r\n", b"\r\nContent-Length: 11\r\n\r\n"),
    "both kinds": head(Content_Type="image/jpeg", Content_Length="10", Transfer_Encoding="chunked"),
    "no chunk": CHUNKED_HEAD + b"zz\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("sent", WRONG.values(), ids=WRONG)
def test_a_request_whose_end_cannot_be_told_is_a_400(service, sent):
    with service.connect() as connection:
        connection.sendall(sent)
        status, headers, body = answer_on(connection)

        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert body["requestId"] == headers["x-request-id"]
        assert is_closed(connection)


def test_what_follows_a_request_that_says_too_little_is_no_part_of_it(service):
    with service.connect() as connection:
        connection.sendall(picture_head(len(GOOD)) + GOOD + b"\xff\xd9 and more")

        assert answer_on(connection)[0] in {200, 400}
        assert is_closed(connection)


def test_two_requests_at_once_are_answered_in_their_order(service):
    with service.connect() as connection:
        connection.sendall(picture_head(len(GOOD)) + GOOD + head("/healthz", "GET", Connection="close"))
        with connection.makefile("rb") as answers:
            first, second = answers.read().split(b"HTTP/1.1 200 OK")[1:]

    assert b'"profile":"default"' in first
    assert second.endswith(b'{"status":"ok"}')


def test_the_loop_is_free_while_pictures_are_judged(serve, gate, callers):
    service = serve(workers=1)
    first = callers.submit(post, service)
    gate.await_one()
    with service.client() as client:
        assert client.get("/healthz").status_code == 200
    gate.open()

    assert first.result(PATIENCE).status_code == 200


def test_no_request_waits_for_a_collection_that_walks_through_the_libraries(serve):
    """Tens of thousands of their objects: a full collection of them takes a tenth of a second."""
    gc.unfreeze()
    serve()

    assert gc.get_freeze_count() > 50_000


def test_a_service_of_the_tests_is_ready_when_they_have_it(serve):
    """A request that had to wait for kernels would be cut off at its deadline."""
    with serve().client() as client:
        assert client.get("/readyz").status_code == 200
