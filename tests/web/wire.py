"""HTTP by hand, for clients that do not behave."""

import http.client
import json
import threading
import time
from contextlib import closing

# Seconds for a service to be ready; where no kernel is compiled yet and the machine is busy, that takes minutes.
START_SECONDS = 300


def await_ready(address):
    """Ask /readyz until the service at "host:port" is ready."""
    await_that(lambda: is_ready(address), f"{address} is ready")


def await_that(is_so, what):
    """Ask again and again, within START_SECONDS."""
    until = time.monotonic() + START_SECONDS
    while not is_so():
        assert time.monotonic() < until, f"not within {START_SECONDS} s: {what}"
        threading.Event().wait(0.02)  # leaves the processor to who is asked


def is_ready(address):
    """Whether a service listens there, and says that it is ready."""
    try:
        with closing(http.client.HTTPConnection(address, timeout=START_SECONDS)) as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
    except OSError:
        return False


def listens(address):
    """Whether connections are taken there."""
    try:
        with closing(http.client.HTTPConnection(address, timeout=START_SECONDS)) as connection:
            connection.connect()
            return True
    except OSError:
        return False


def head(path="/v1/check", method="POST", **headers):
    """The head of a request; underscores in names are hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *lines, "", ""]).encode()


def picture_head(length):
    """The head of a request with a raw picture of so many bytes."""
    return head(Content_Type="image/jpeg", Content_Length=length)


def chunk(data):
    """A chunk of a body of unknown length."""
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED_HEAD = head(Content_Type="image/jpeg", Transfer_Encoding="chunked")


def answer_on(connection, method="POST", *, parse=True):
    """Read one answer: status, headers, body as JSON."""
    with closing(http.client.HTTPResponse(connection, method=method)) as response:
        response.begin()
        body = response.read()
        return response.status, response.headers, json.loads(body) if body and parse else body or None


def answers_on(connection):
    """Read all answers until the other side closes: status, headers, body; each is to say how long it is."""
    with connection.makefile("rb") as stream:
        while line := stream.readline():
            headers = http.client.parse_headers(stream)
            yield int(line.split()[1]), headers, stream.read(int(headers["content-length"]))


def is_closed(connection):
    """Whether the other side has closed, or does so now."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
