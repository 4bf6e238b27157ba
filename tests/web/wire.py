"""HTTP by hand, for clients that do not behave."""

import http.client
import json
from contextlib import closing


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


def answer_on(connection, method="POST"):
    """Read one answer: status, headers, body as JSON."""
    with closing(http.client.HTTPResponse(connection, method=method)) as response:
        response.begin()
        body = response.read()
        return response.status, response.headers, json.loads(body) if body else None


def is_closed(connection):
    """Whether the other side has closed, or does so now."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
