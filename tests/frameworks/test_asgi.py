"""The middleware: which requests it judges, how bodies come and go, and what it leaves alone."""

import asyncio
import base64

import pytest

from imagegate.frameworks.asgi import PIECE, GateMiddleware
from tests.frameworks.conftest import BLURRED, BROKEN, GOOD, as_form, ask


class App:
    """An app that keeps what it gets, and answers with nothing.

    Attributes:
        bodies: Each request's body, in the pieces that it came in.
        states: Each request's state.
        others: What else it was called with.
    """

    def __init__(self):
        self.bodies = []
        self.states = []
        self.others = []

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            self.others.append(scope["type"])
            return
        pieces, more = [], True
        while more:
            message = await receive()
            more = message["more_body"]
            pieces.append(message["body"])
        self.bodies.append(pieces)
        self.states.append(scope.get("state", {}))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def app():
    return App()


def raw(picture, **headers):
    return {"content": picture, "headers": {"Content-Type": "image/jpeg", **headers}}


def as_json(picture):
    return {"json": {"image": base64.b64encode(picture).decode()}}


# What is judged


@pytest.mark.parametrize("way", [raw, as_form, as_json])
def test_a_good_picture_passes_and_its_report_with_it(app, way):
    answer = ask(GateMiddleware(app, paths=["/photos"]), "POST", "/photos", **way(GOOD))

    assert answer.status_code == 204
    assert app.states[0]["imagegate"].ok


@pytest.mark.parametrize(("picture", "status"), [(BLURRED, 422), (BROKEN, 400), (b"", 400)])
@pytest.mark.parametrize("way", [raw, as_form, as_json])
def test_a_bad_picture_never_reaches_the_app(app, way, picture, status):
    answer = ask(GateMiddleware(app, paths=["/photos"]), "POST", "/photos", **way(picture))

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert app.bodies == []


WITHOUT_PICTURE = {
    "json without it": (400, "field_missing", {"json": {"photo": "x"}}),
    "no json": (400, "json_malformed", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    "two files": (400, "too_many_images", {"files": [("a", ("1.jpg", GOOD)), ("b", ("2.jpg", GOOD))]}),
    "another type": (415, "content_type_unsupported", {"content": GOOD, "headers": {"Content-Type": "text/plain"}}),
    "no type": (415, "content_type_unsupported", {"content": GOOD}),
}


@pytest.mark.parametrize(("status", "code", "sent"), WITHOUT_PICTURE.values(), ids=WITHOUT_PICTURE)
def test_a_request_in_which_no_picture_is_found_is_answered_so_too(app, status, code, sent):
    answer = ask(GateMiddleware(app, paths=["/photos"]), "POST", "/photos", **sent)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"] == code
    assert app.bodies == []


@pytest.mark.parametrize(
    "types",
    [
        ["multipart/form-data; boundary=x", "image/jpeg"],
        ["image/jpeg", "multipart/form-data; boundary=x"],
        ["image/jpeg, multipart/form-data; boundary=x"],
        ["application/json; charset=utf-8", "image/jpeg"],
    ],
)
def test_a_request_of_two_types_is_judged_by_none_of_them(app, types):
    """An app may read it by the other one."""
    headers = [("Content-Type", one) for one in types]

    answer = ask(GateMiddleware(app, paths=["/photos"]), "POST", "/photos", content=GOOD, headers=headers)

    assert answer.status_code == 415
    assert app.bodies == []


@pytest.mark.parametrize("codings", [["gzip"], ["identity", "br"], ["identity, gzip"]], ids=str)
def test_a_body_that_is_encoded_is_judged_by_none_and_read_by_none(app, codings):
    """The app, or a server between, may unpack it to another picture than the one that would be judged."""
    headers = [("Content-Type", "image/jpeg"), *(("Content-Encoding", coding) for coding in codings)]

    answer = ask(GateMiddleware(app, paths=["/photos"]), "POST", "/photos", content=GOOD, headers=headers)

    assert answer.status_code == 415
    assert app.bodies == []


def part(boundary, data, headers=""):
    """A file in a form."""
    disposition = 'Content-Disposition: form-data; name="photo"; filename="1.jpg"'
    return f"--{boundary}\r\n{disposition}{headers}\r\n\r\n".encode() + data + b"\r\n"


def with_comment(data):
    """A good photo that has this in a comment (ITU-T T.81, section B.2.4.5)."""
    return GOOD[:2] + b"\xff\xfe" + (len(data) + 2).to_bytes(2, "big") + data + GOOD[2:]


LONG = "a-boundary-of-some-length"
HIDDEN = f"--{LONG}\r\nX-Note: a\r\n\r\n".encode() + part("other", b"another") + b"--other--\r\n\r\n"
# How Django takes them: the later boundary; one that begins no line; Base64 that is decoded whatever is among it. And
# Quart: lines of a header that end in another way; the first of two headers.
TWO_MEANINGS = {
    "two boundaries": (f"\"{LONG}\"; boundary*=utf-8''other", part(LONG, GOOD) + HIDDEN),
    "a boundary within a file": (LONG, part(LONG, with_comment(part(LONG, b"another")))),
    "a file that is to be decoded": (
        LONG,
        part(LONG, with_comment(base64.b64encode(b"another")), "\r\nContent-Transfer-Encoding: base64"),
    ),
    "a file within a header": (LONG, part(LONG, GOOD, "\r\nX-Note: a\n\nanother")),
    "a file that is none by a second header": (
        LONG,
        part(LONG, b"another", '\r\nContent-Disposition: form-data; name="note"') + part(LONG, GOOD),
    ),
}


@pytest.mark.parametrize(("boundary", "parts"), TWO_MEANINGS.values(), ids=TWO_MEANINGS)
def test_a_form_of_two_meanings_never_reaches_the_app(app, boundary, parts):
    """The app has another parser, which may find another file than the one that is judged."""
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    body = parts + f"--{LONG}--\r\n".encode()

    answer = ask(GateMiddleware(app, paths=["/photos"]), "POST", "/photos", content=body, headers=headers)

    assert answer.status_code == 400
    assert app.bodies == []


# Which requests


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "QUERY", "DELETE", "GET"])
@pytest.mark.parametrize("path", ["/photos", "/patients/7/photo", "/photos%0A"])
def test_the_named_paths_are_gated(app, method, path):
    """A newline at the end is passed over by routes, which match as these do."""
    gate = GateMiddleware(app, paths=["/photos", "/patients/{id:int}/photo"])

    assert ask(gate, method, path, **raw(BROKEN)).status_code == 400


@pytest.mark.parametrize("path", ["/", "/photos/7", "/photo", "/patients/x/photo", "/patients/7/8/photo"])
def test_other_paths_are_untouched(app, path):
    gate = GateMiddleware(app, paths=["/photos", "/patients/{id:int}/photo"])

    assert ask(gate, "POST", path, **raw(BROKEN)).status_code == 204
    assert b"".join(app.bodies[0]) == BROKEN


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
def test_methods_that_bring_no_photo_are_untouched(app, method):
    assert ask(GateMiddleware(app, paths="/photos"), method, "/photos").status_code == 204


def test_a_method_in_small_letters_is_gated_too(app):
    """Django takes it for the same in capitals, and servers hand it on as it came."""
    scope = scope_of("/photos", headers=[TYPE]) | {"method": "post"}

    sent = exchange(GateMiddleware(app, paths=["/photos"]), scope, [piece(BROKEN, more=False)])

    assert sent[0]["status"] == 400
    assert app.bodies == []


@pytest.mark.parametrize(("method", "head"), [("DELETE", "transfer-encoding"), ("GET", "content-length")])
def test_a_photo_that_is_announced_is_judged_whatever_the_method(app, method, head):
    value = {"transfer-encoding": "chunked", "content-length": str(len(BROKEN))}[head]
    scope = scope_of("/photos", headers=[TYPE, (head, value)]) | {"method": method}

    sent = exchange(GateMiddleware(app, paths=["/photos"]), scope, [piece(BROKEN, more=False)])

    assert sent[0]["status"] == 400
    assert app.bodies == []


@pytest.mark.parametrize("path", ["/photos/", "//photos", "/PHOTOS", "/v1/photos/", "/v1//Photos"])
@pytest.mark.parametrize("gated", ["/photos", "/photos/"])
def test_a_path_that_a_lenient_app_takes_for_the_same_is_gated(app, gated, path):
    """Some pass over slashes in a row or at the end, some over case."""
    answer = call(GateMiddleware(app, paths=[gated]), [piece(b"", more=False)], path=path, root_path="/v1")

    assert answer[0]["status"] == 415


def test_a_path_that_only_begins_like_the_root_is_gated(app):
    """Starlette takes the root off where a slash follows, Django always."""
    answer = call(GateMiddleware(app, paths=["/v1photos"]), [piece(b"", more=False)], path="/v1photos", root_path="/v1")

    assert answer[0]["status"] == 415


def test_a_path_is_the_apps_own_wherever_it_is_mounted(app):
    answer = call(GateMiddleware(app, paths=["/photos"]), [piece(b"", more=False)], path="/v1/photos", root_path="/v1")

    assert answer[0]["status"] == 415


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_is_no_request_is_untouched(app, kind):
    asyncio.run(GateMiddleware(app, paths=["/photos"])({"type": kind, "path": "/photos"}, None, None))

    assert app.others == [kind]


# How bodies come and go


def scope_of(path, *, root_path="", headers=(), http_version="1.1"):
    """A POST."""
    return {
        "type": "http",
        "http_version": http_version,
        "method": "POST",
        "path": path,
        "root_path": root_path,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "query_string": b"",
    }


def call(gate, messages, *, path="/photos", **scope):
    """What it sends to a POST."""
    return exchange(gate, scope_of(path, **scope), messages)


def exchange(gate, scope, messages):
    """What it sends, called with these messages as a server would; any more of them is an error."""
    waiting, sent = iter(messages), []

    async def receive():
        return next(waiting)

    async def send(message):
        sent.append(message)

    asyncio.run(gate(scope, receive, send))
    return sent


def piece(data, *, more=True):
    return {"type": "http.request", "body": data, "more_body": more}


TYPE = ("content-type", "image/jpeg")


def test_the_app_gets_the_body_as_it_was_sent_in_pieces(app):
    halves = [piece(GOOD[:1000]), piece(GOOD[1000:], more=False)]

    call(GateMiddleware(app, paths=["/photos"]), halves, headers=[TYPE])

    assert b"".join(app.bodies[0]) == GOOD
    assert max(map(len, app.bodies[0])) == PIECE


def test_what_follows_the_body_reaches_the_app():
    heard = []

    async def listening(scope, receive, send):
        await App()(scope, receive, send)
        heard.append(await receive())

    gone = {"type": "http.disconnect"}
    call(GateMiddleware(listening, paths=["/photos"]), [piece(GOOD, more=False), gone], headers=[TYPE])

    assert heard == [gone]


def test_what_announces_too_much_is_refused_before_it_comes(app):
    gate = GateMiddleware(app, paths=["/photos"], largest_body=1000)

    # No message is to be had before the answer; afterwards the rest is thrown away.
    sent = call(gate, [{"type": "http.disconnect"}], headers=[TYPE, ("content-length", "1001")])

    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]
    assert app.bodies == []


def test_an_answer_by_http_2_has_no_header_that_it_forbids(app):
    """RFC 9113, section 8.2.2."""
    gate = GateMiddleware(app, paths=["/photos"], largest_body=1000)

    sent = call(gate, [{"type": "http.disconnect"}], headers=[TYPE, ("content-length", "1001")], http_version="2")

    assert b"connection" not in dict(sent[0]["headers"])


def test_what_has_become_too_much_is_read_no_further_than_to_answer(app):
    gate = GateMiddleware(app, paths=["/photos"], largest_body=1000)

    sent = call(gate, [piece(bytes(600)), piece(bytes(600)), piece(b"", more=False)], headers=[TYPE])

    assert sent[0]["status"] == 413
    assert app.bodies == []


def test_a_client_that_leaves_is_not_answered_and_never_reaches_the_app(app):
    sent = call(
        GateMiddleware(app, paths=["/photos"]), [piece(GOOD[:1000]), {"type": "http.disconnect"}], headers=[TYPE]
    )

    assert sent == []
    assert app.bodies == []


def test_an_upload_that_comes_too_slowly_is_cut_off(app, monkeypatch):
    monkeypatch.setattr("imagegate.web.body.PATIENCE", 0.01)
    monkeypatch.setattr("imagegate.web.body.LINGER", 0.01)
    gate, sent = GateMiddleware(app, paths=["/photos"]), []

    async def never():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    asyncio.run(gate(scope_of("/photos", headers=[TYPE]), never, send))

    assert sent[0]["status"] == 408
    assert app.bodies == []


def test_an_app_that_fails_fails_as_without_it():
    async def failing(*_):
        raise LookupError("the app's own")

    with pytest.raises(LookupError, match="the app's own"):
        ask(GateMiddleware(failing, paths=["/photos"]), "POST", "/photos", **raw(GOOD))


# Misuse

WRONG = {
    "no paths": ({"paths": []}, "paths"),
    "a path without a slash": ({"paths": ["photos"]}, "paths"),
    "no such profile": ({"paths": "/photos", "policy": "legit"}, "policy"),
    "no such dialect": ({"paths": "/photos", "api": "legit"}, "api"),
    "no bytes": ({"paths": "/photos", "largest_body": 0}, "largest_body"),
}


@pytest.mark.parametrize(("options", "named"), WRONG.values(), ids=WRONG)
def test_misuse_raises_when_the_app_is_built_and_names_the_argument(app, options, named):
    with pytest.raises(ValueError, match=named):
        GateMiddleware(app, **options)
