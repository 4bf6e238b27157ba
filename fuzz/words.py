"""What the fuzzer would hardly guess: C code compares it, where Atheris sees no comparison."""

from __future__ import annotations

from typing import Final

from imagegate.metrics import METRICS
from imagegate.policy import Policy
from imagegate.request import Request

FORM: Final = (
    b"application/json",
    b"image/jpeg\n",
    b"multipart/form-data; boundary=a\n",
    b"--a\r\n",
    b"\r\n--a--\r\n",
    b'Content-Disposition: form-data; name="a"; filename="b"\r\n\r\n',
    b"Content-Transfer-Encoding: base64",
)
JSON: Final = (b'{"', b'":"', b'":[', b'":{', b'","', b'"}')
ANSWER: Final = (
    *JSON,
    *(b'"error"', b'"detail"', b'"code"', b'"message"', b'"status"', b'"type"', b'"title"', b'"issue"'),
    b'{"log":{"entries":[{"response":{"status":422}}]}}',
    b"HTTP/1.1 422 a\r\n\r\n",
    b"Retry-After: ",
    b"X-Request-Id: ",
    b"RateLimit: ",
)
POLICY: Final = (
    *(name.encode() for name in (*Policy.__struct_fields__, *Request.__struct_fields__, *METRICS)),
    *(b'extends="', b"[limits.", b"[request]\n", b"severities."),
    *(b"={max=", b"={min=", b'="warn"', b"=[]", b"\n"),
)
ARCHIVE: Final = (
    b"PK\x05\x06" + bytes(18),
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"ustar\x0000",
    b"ustar  \0",
    bytes(512),
    b"\x1f\x8b\x08",
)
TABLE: Final = (b"image\n", b"id,image\n1,", b'{"image":"', b'"}\n', b'""', b"PAR1")
LANGUAGE: Final = (b"de", b"fr-CH", b";q=0", b";q=0.5", b"*", b",")
