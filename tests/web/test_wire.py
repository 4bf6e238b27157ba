"""HTTP as no well-behaved client sends it: each connection is by hand."""

import json
import re
import socket

import pytest

from imagegate.web.clients import Shares
from imagegate.web.observer import ALWAYS
from imagegate.web.server import LONGEST_HEAD, MOST_HEADERS
from tests.generated import ROOT
from tests.web.wire import CHUNKED_HEAD, answer_on, answers_on, chunk, head, is_closed, picture_head

GOOD = (ROOT / "sample_images" / "good_mst05.jpg").read_bytes()
ALIVE = head("/healthz", "GET")
LAST = head("/healthz", "GET", Connection="close")


def answers_to(service, *sent):
    """Statuses of all answers until the service closes."""
    with service.connect() as connection:
        for each in sent:
            connection.sendall(each)
        return [status for status, _, _ in answers_on(connection)]


# Redirects


@pytest.mark.parametrize("path", ["/v1/check/", "/healthz/", "//evil.example/healthz/", "/static/page.css/"])
def test_no_answer_leads_to_another_host(service, path):
    with service.connect() as connection:
        connection.sendall(head(path, "GET").replace(b"Host: test", b"Host: evil.example"))
        status, headers, _ = answer_on(connection, "GET")

    assert status == 404
    assert "location" not in headers
    assert "evil" not in str(headers)


# Connections of one client


def connect_from(service, address):
    """A connection from another address of the loopback, which is no proxy's."""
    return socket.create_connection(service.address, timeout=60, source_address=(address, 0))


def test_a_client_has_its_share_of_connections_and_no_more(serve):
    """Silent ones, which would else keep everybody out for as long as a head may take."""
    service = serve(client_connections=2, connections=5)
    with connect_from(service, "127.0.0.2") as one, connect_from(service, "127.0.0.2") as two:
        with connect_from(service, "127.0.0.2") as third:
            status, headers, _ = answer_on(third)
            assert is_closed(third)
        assert (status, int(headers["retry-after"]) > 0) == (429, True)
        with connect_from(service, "127.0.0.3") as other:
            other.sendall(ALIVE)
            assert answer_on(other, "GET")[0] == 200
        for connection in (one, two):
            connection.sendall(LAST)
            assert answer_on(connection, "GET")[0] == 200
            assert is_closed(connection)
        with connect_from(service, "127.0.0.2") as again:
            again.sendall(ALIVE)
            assert answer_on(again, "GET")[0] == 200


def test_a_proxy_has_no_share(serve):
    """127.0.0.1 is one unless FORWARDED_ALLOW_IPS says otherwise."""
    service = serve(client_connections=1)
    with service.connect(), service.connect() as two:
        two.sendall(ALIVE)

        assert answer_on(two, "GET")[0] == 200


def test_clients_of_ipv4_do_not_share_where_the_socket_is_of_ipv6():
    shares = Shares(1, lambda address: address == "192.0.2.9")

    assert [shares.take(f"::ffff:192.0.2.{last}") for last in (1, 1, 2, 9, 9)] == [True, False, True, True, True]


def test_a_network_of_ipv6_is_one_client_and_forgotten_when_it_is_gone():
    shares = Shares(1, lambda _: False)

    assert [shares.take(address) for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [
        True,
        False,
        True,
    ]
    shares.give_back("2001:db8::1")
    assert shares.take("2001:db8::2")
    shares.give_back("2001:db8::2")
    shares.give_back("2001:db8:0:1::1")
    assert len(shares) == 0


# Heads


def test_a_long_head_that_comes_at_once_is_a_431(service):
    """It ends before its length was looked at."""
    assert answers_to(service, head("/healthz", "GET", X_Long="a" * (LONGEST_HEAD + 1))) == [431]


def test_many_headers_are_a_431(service):
    many = {f"X-{number}": "a" for number in range(MOST_HEADERS)}

    assert answers_to(service, head("/healthz", "GET", **many)) == [431]


def test_a_long_target_is_a_431(service):
    assert answers_to(service, head("/" + "a" * 1_000_000, "GET")) == [431]


def test_bytes_that_trickle_do_not_put_off_the_end_of_a_head(serve, monkeypatch):
    monkeypatch.setattr("imagegate.web.server.HEAD_SECONDS", 0.3)
    with serve().connect() as connection:
        connection.settimeout(0.02)
        sent = 0
        while sent < 10_000:
            try:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nX: " if not sent else b"a")
                sent += 1
                assert re.match(rb"HTTP/1.1 408 ", connection.recv(1000))
                break
            except TimeoutError:  # no answer yet
                continue

    assert 1 < sent < 10_000


REFUSED = {
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a null in the path": b"GET /health\0z HTTP/1.1\r\nHost: a\r\n\r\n",
    "a null in a header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "a folded header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "a blank before the colon": b"GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n",
    "bytes that are no ASCII in the path": b"GET /h\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "no path": b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "length and chunks": head(Content_Type="image/jpeg", Content_Length=3, Transfer_Encoding="chunked") + b"0\r\n\r\n",
    "chunks that are not last": head(Content_Type="image/jpeg", Transfer_Encoding="chunked, gzip") + b"0\r\n\r\n",
    "chunks of HTTP/1.0": CHUNKED_HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + b"zz\r\n",
    "a length twice": picture_head(3).replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + b"abc",
    "a length with a sign": head(Content_Type="image/jpeg", Content_Length="+3") + b"abc",
    "a length in a list": head(Content_Type="image/jpeg", Content_Length="3, 3") + b"abc",
    "a chunk's length with a sign": CHUNKED_HEAD + b"+3\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED_HEAD + b"1\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_two_servers_could_read_differently_is_a_400_and_the_end(service, sent):
    assert answers_to(service, sent, ALIVE) == [400]


TAKEN = {
    "HTTP/1.0": b"GET /healthz HTTP/1.0\r\n\r\n",
    "an absolute target": b"GET http://evil.example/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "a percent-encoded path": b"GET /%68ealthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "an offer of HTTP/2": LAST.replace(b"Connection: close", b"Connection: Upgrade\r\nUpgrade: h2c"),
    "an offer of a websocket": LAST.replace(b"Connection: close", b"Connection: Upgrade\r\nUpgrade: websocket"),
}


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN)
def test_what_is_odd_and_plain_is_answered(service, sent):
    assert answers_to(service, sent) == [200]


def test_a_picture_is_not_lost_in_an_offer_of_http_2(service):
    """The parser would end the request before its body."""
    sent = head(Content_Type="image/jpeg", Content_Length=len(GOOD), Connection="Upgrade", Upgrade="h2c")
    with service.connect() as connection:
        connection.sendall(sent + GOOD)
        status, _, body = answer_on(connection)

    assert (status, body["detail"]) == (400, "A request with a body must not ask for an upgrade.")


@pytest.mark.parametrize("path", ["/%00", "/..%2f..%2fetc/passwd", "/static/..%2fpage.html", "/%ff"])
def test_a_path_that_means_nothing_is_a_404(service, path):
    assert answers_to(service, head(path, "GET", Connection="close")) == [404]


def test_a_chunk_may_have_an_extension_and_a_body_trailers(service):
    chunked = CHUNKED_HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    sent = chunked + b'%x;name="value"\r\n%s\r\n0\r\nX-Trailer: a\r\n\r\n' % (len(GOOD), GOOD)

    assert answers_to(service, sent) == [200]


def test_a_trailer_is_no_header(service):
    """The language of an error is looked up when the body has come."""
    with service.connect() as connection:
        sent = head("/v1/check", Content_Type="multipart/form-data; boundary=b", Transfer_Encoding="chunked")
        connection.sendall(sent + chunk(b"--b--\r\n") + b"0\r\nAccept-Language: de\r\nX-Request-Id: mine\r\n\r\n")
        status, headers, _ = answer_on(connection)

    assert (status, headers["content-language"]) == (400, "en")
    assert headers["x-request-id"] != "mine"


# Encodings


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity, gzip", "nobody's"])
@pytest.mark.parametrize("path", ["/v1/check", "/v1/check-payload", "/v1/inspect"])
def test_a_body_that_is_encoded_is_a_415(service, path, coding):
    kind = "application/json" if path == "/v1/check-payload" else "image/jpeg"
    with service.client() as client:
        answer = client.post(path, content=GOOD, headers={"Content-Type": kind, "Content-Encoding": coding})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (415, "content_type_unsupported")


def test_a_second_header_hides_no_encoding(service):
    with service.client() as client:
        headers = [("Content-Type", "image/jpeg"), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]

        assert client.post("/v1/check", content=GOOD, headers=headers).status_code == 415


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_a_body_that_is_not_encoded_is_judged(service, coding):
    with service.client() as client:
        headers = {"Content-Type": "image/jpeg", "Content-Encoding": coding}

        assert client.post("/v1/check", content=GOOD, headers=headers).status_code == 200


# Every answer


def test_heads_of_what_machines_ask_for_can_be_had_alone(service):
    with service.client() as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            whole, alone = client.get(path), client.head(path)

            assert (alone.status_code, alone.content) == (200, b"")
            if path != "/metrics":  # which counts its own calls
                assert alone.headers["content-length"] == whole.headers["content-length"]


def test_who_uses_another_method_is_told_of_head_too(service):
    with service.client() as client:
        answer = client.post("/healthz")

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


CALLS = {
    "alive": ALIVE,
    "ready": head("/readyz", "GET"),
    "numbers": head("/metrics", "GET"),
    "description": head("/openapi.json", "GET"),
    "page": head("/", "GET"),
    "its script": head("/static/page.js", "GET"),
    "nowhere": head("/nowhere", "GET"),
    "another method": head("/healthz", "DELETE"),
    "a picture": picture_head(len(GOOD)) + GOOD,
    "a bad picture": picture_head(3) + b"abc",
    "another type": head(Content_Type="text/plain", Content_Length=0),
    "too much": picture_head(10**12),
    "a long head": head("/healthz", "GET", X_Long="a" * (LONGEST_HEAD + 1)),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("sent", CALLS.values(), ids=CALLS)
def test_no_answer_is_kept_by_caches_or_taken_for_another_type(service, sent):
    with service.connect() as connection:
        connection.sendall(sent)
        _, headers, _ = answer_on(connection, parse=False)

    assert [headers.get_all(name) for name in ALWAYS] == [["no-store"], ["nosniff"]]


# Pipelines


def test_requests_that_are_sent_ahead_are_answered_in_their_order(service):
    sent = b"".join(head(path, "GET") for path in ("/healthz", "/nowhere", "/readyz")) + LAST

    assert answers_to(service, picture_head(len(GOOD)) + GOOD + sent) == [200, 200, 404, 200, 200]


BROKEN = {
    "no HTTP": b"\0\0\0\r\n\r\n",
    "a long head": head("/healthz", "GET", X_Long="a" * (LONGEST_HEAD + 1)),
    "a body of crumbs": CHUNKED_HEAD + 2000 * chunk(b"a"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_what_is_no_request_is_answered_after_those_before_it(serve, gate, broken):
    """Its answer would else be taken for theirs."""
    service = serve(workers=1)
    with service.connect() as connection:
        connection.sendall(picture_head(len(GOOD)) + GOOD + head("/nowhere", "GET"))
        gate.await_one()
        connection.sendall(broken)
        gate.open()
        statuses = [status for status, _, _ in answers_on(connection)]

    assert statuses[:2] == [200, 404]
    assert len(statuses) == 3
    assert statuses[2] in {400, 431}


def test_more_requests_than_may_wait_end_the_connection_after_those_that_do(service):
    statuses = answers_to(service, 100 * ALIVE)

    assert statuses[-1] == 400
    assert set(statuses[:-1]) == {200}


# Clients that do not read


def ask_on(connection):
    """Never read an answer."""
    while True:
        connection.sendall(head("/openapi.json", "GET"))


def test_a_client_that_does_not_take_its_answers_is_cut_off(serve, monkeypatch):
    monkeypatch.setattr("imagegate.web.server.TAKING_SECONDS", 0.2)
    service = serve()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(service.address)
        with pytest.raises(OSError, match=r"reset|[Bb]roken pipe|aborted"):
            ask_on(connection)


# Languages


@pytest.mark.parametrize("path", ["/v1/check", "/"])
def test_of_a_long_list_of_languages_the_first_are_read(service, path):
    asked = "de, " + ", ".join(["xx"] * 10_000) + ", fr"
    with service.client() as client:
        answer = client.request("GET" if path == "/" else "POST", path, headers={"Accept-Language": asked})

    assert answer.headers["content-language"] == "de"


def test_a_list_of_languages_has_a_bound(service):
    asked = ", ".join(["xx"] * 10_000) + ", de"
    with service.client() as client:
        answer = client.post("/v1/check", headers={"Accept-Language": asked})

    assert answer.headers["content-language"] == "en"


# Answers


@pytest.mark.parametrize("bad", ["1", '"!"', '{"a": 1}', '"aGVsbG8gd29ybGQh"'])
def test_an_answer_lists_200_errors_and_says_how_many_more_there_are(service, bad):
    body = f'{{"images": [{", ".join([bad] * 499)}]}}'.encode()
    with service.client() as client:
        answer = client.post("/v1/check-payload", content=body, headers={"Content-Type": "application/json"})
    errors = answer.json()["errors"]

    assert answer.status_code == 400
    assert len(errors) == 200
    assert errors[-1]["detail"] == "300 more findings are not listed."
    assert len(answer.content) < 200_000


BAD_FIELDS = {
    "default": {"images": [1] * 99_990},
    "legit_health": {"media": [{}] * 49_990},
    "google_vision": {"requests": [{"image": {}}] * 33_000},
}


@pytest.mark.parametrize("profile", BAD_FIELDS)
def test_100_000_bad_fields_are_no_answer_of_50_mb(service, profile):
    body = json.dumps(BAD_FIELDS[profile]).encode()
    with service.client() as client:
        headers = {"Content-Type": "application/json"}
        answer = client.post(f"/v1/check-payload?profile={profile}", content=body, headers=headers)

    assert answer.status_code == 400
    assert len(answer.content) < 200_000
