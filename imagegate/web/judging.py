"""The verdict on the picture in the body of a request."""

from __future__ import annotations

from msgspec.structs import replace

from imagegate.gate import check
from imagegate.payload import PayloadReport, check_payload
from imagegate.policy import Policy
from imagegate.report import Report
from imagegate.web.parts import REQUEST, picture_of


def judge(content_type: str, body: bytearray, policy: Policy, lang: str) -> Report | PayloadReport:
    """Judge the picture, wherever the type of the body says that it is; JSON that holds none is judged itself.

    Raises:
        Refused: See `parts.picture_of`.
    """
    picture = picture_of(content_type, body)
    if picture is None:
        request = check_payload(body, policy=replace(policy, request=REQUEST), lang=lang)
        return request.images[0] if request.ok else request
    report = check(picture.image, policy=policy, lang=lang)
    return report.placed(picture.pointer) if picture.pointer else report
