"""A whole JSON request: what is wrong with it, and with every picture in it, each with its JSON Pointer."""

import base64
import copy
import json
import pickle
import subprocess
import sys
from types import MappingProxyType

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imagegate
from imagegate import schema, strict_json
from imagegate.policy import PROFILES, Policy
from imagegate.request import EVERY, MISSING, Request, places
from imagegate.rules import RULES
from tests.generated import ROOT

SAMPLES = ROOT / "sample_images"


def text_of(name):
    return base64.b64encode((SAMPLES / name).read_bytes()).decode()


GOOD, ALSO_GOOD, BLURRED, TRUNCATED = map(
    text_of, ("good_mst05.jpg", "good_mst03.jpg", "blurred_defocus_mst06.jpg", "truncated.jpg")
)
OWN = Policy(name="own", request=Request(images=("/photos/*",), required={"/name": "string"}))


def found(body, policy=None, **more):
    """Code and pointer of each finding that rejects."""
    report = imagegate.check_payload(body, policy=policy, **more)
    return [(finding.cause.code, finding.pointer) for finding in report.rejections]


def message(body, **more):
    (finding,) = imagegate.check_payload(body, **more).findings
    return finding.message


def forms(body):
    """A body in each form that it can be handed over in."""
    text = json.dumps(body)
    return [body, MappingProxyType(body), text, text.encode(), bytearray(text.encode()), memoryview(text.encode())]


# Requests as the APIs document them

DOCUMENTED = {
    "Legit.Health (technical troubleshooting: media, bodySite)": (
        "legit_health",
        {"media": [GOOD], "bodySite": "arm_left"},
        "/media/0",
    ),
    "Legit.Health (PHP SDK @05e6422)": (
        "legit_health",
        {"media": [{"data": GOOD}], "bodySite": "arm"},
        "/media/0/data",
    ),
    "Legit.Health (PHP SDK @b907193, diagnosis)": (
        "legit_health",
        {"payload": [{"contentAttachment": {"data": GOOD}}]},
        "/payload/0/contentAttachment/data",
    ),
    "Legit.Health (PHP SDK @b907193, severity)": (
        "legit_health",
        {"payload": {"contentAttachment": {"data": GOOD}}, "bodySite": "arm_left", "knownCondition": {}},
        "/payload/contentAttachment/data",
    ),
    "Neolens (request parameters)": ("neolens", {"image_data": GOOD, "patient_id": "1", "notes": None}, "/image_data"),
    "Rekognition (DetectLabels)": ("rekognition", {"Image": {"Bytes": GOOD}, "MaxLabels": 10}, "/Image/Bytes"),
    "Google (images.annotate)": (
        "google_vision",
        {"requests": [{"image": {"content": GOOD}, "features": [{"type": "LABEL_DETECTION"}]}]},
        "/requests/0/image/content",
    ),
    "OpenAI (chat completions)": (
        "openai",
        {
            "messages": [
                {"role": "system", "content": "You see."},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is it?"},
                        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{GOOD}"}},
                    ],
                },
            ]
        },
        "/messages/1/content/1/image_url/url",
    ),
    "OpenAI (responses)": (
        "openai",
        {"input": [{"content": [{"type": "input_image", "image_url": f"data:image/jpeg;base64,{GOOD}"}]}]},
        "/input/0/content/0/image_url",
    ),
    "Anthropic (messages)": (
        "anthropic",
        {
            "messages": [
                {
                    "content": [
                        {"type": "text", "text": "What is it?"},
                        {"source": {"type": "base64", "media_type": "image/jpeg", "data": GOOD}},
                        {"source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}},
                    ]
                }
            ]
        },
        "/messages/0/content/1/source/data",
    ),
}


@pytest.mark.parametrize(("profile", "body", "pointer"), DOCUMENTED.values(), ids=DOCUMENTED)
def test_a_request_as_documented_passes_and_its_picture_is_found(profile, body, pointer):
    report = imagegate.check_payload(body, policy=profile)

    assert (report.ok, report.status, report.findings) == (True, 200, ())
    assert report.pointers == (pointer,)


ELSEWHERE = {
    "rekognition": {"Image": {"S3Object": {"Bucket": "b", "Name": "n"}}},
    "google_vision": {"requests": [{"image": {"source": {"imageUri": "https://example.org/a.jpg"}}}]},
    "openai": {"messages": [{"content": [{"image_url": {"url": "https://example.org/a.jpg"}}]}]},
    "anthropic": {"messages": [{"content": [{"source": {"type": "url", "url": "https://example.org/a.jpg"}}]}]},
}


@pytest.mark.parametrize("profile", ELSEWHERE)
def test_a_picture_that_lies_elsewhere_is_taken_unjudged(profile):
    report = imagegate.check_payload(ELSEWHERE[profile], policy=profile)

    assert (report.ok, report.images) == (True, ())


INCOMPLETE = {
    "nothing for Legit.Health": ("legit_health", {}, [("field_missing", "/media"), ("field_missing", "/bodySite")]),
    "no bodySite": ("legit_health", {"media": [GOOD]}, [("field_missing", "/bodySite")]),
    "no media": ("legit_health", {"bodySite": "arm"}, [("field_missing", "/media")]),
    "a number for bodySite": ("legit_health", {"media": [GOOD], "bodySite": 3}, [("field_invalid", "/bodySite")]),
    "a number for media": ("legit_health", {"media": 3, "bodySite": "arm"}, [("field_invalid", "/media")]),
    "no media in the list": ("legit_health", {"media": [], "bodySite": "arm"}, [("image_missing", "/media")]),
    "a payload without attachment": (
        "legit_health",
        {"payload": [{}]},
        [("field_missing", "/payload/0/contentAttachment")],
    ),
    "an attachment without data": (
        "legit_health",
        {"payload": [{"contentAttachment": {"data": GOOD}}, {"contentAttachment": {}}]},
        [("field_missing", "/payload/1/contentAttachment/data")],
    ),
    "a payload that is a text": ("legit_health", {"payload": "x"}, [("field_invalid", "/payload")]),
    "no image_data (Neolens, API troubleshooting)": (
        "neolens",
        {"patient_id": "1"},
        [("field_missing", "/image_data")],
    ),
    "an object for image_data": ("neolens", {"image_data": {}}, [("field_invalid", "/image_data")]),
    "an Image without Bytes": ("rekognition", {"Image": {}}, [("field_missing", "/Image/Bytes")]),
    "no media type": (
        "anthropic",
        {"messages": [{"content": [{"source": {"data": GOOD}}]}]},
        [("field_missing", "/messages/0/content/0/source/media_type")],
    ),
    "a number for a media type": (
        "anthropic",
        {"messages": [{"content": [{"source": {"data": GOOD, "media_type": 1}}]}]},
        [("field_invalid", "/messages/0/content/0/source/media_type")],
    ),
    "a null for a bucket": ("rekognition", {"Image": {"S3Object": None}}, [("field_missing", "/Image/Bytes")]),
    "messages without a picture": ("openai", {"messages": [{"content": "Hello."}]}, [("image_missing", "/messages")]),
    "nothing at all": (None, {}, [("field_missing", "/media")]),
}


@pytest.mark.parametrize(("profile", "body", "expected"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_what_is_missing_or_mistyped_is_named_by_its_pointer(profile, body, expected):
    assert found(body, profile) == expected


def test_of_many_fields_that_are_missing_a_hundred_are_listed_and_the_others_counted():
    body = {"requests": [{"image": {}}] * 16_000}
    report = imagegate.check_payload(body, policy="google_vision")

    assert len(report.findings) == 101
    assert report.findings[-1].message == "15,900 more findings are not listed."


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_an_empty_picture_is_missing(nothing):
    assert found({"image_data": nothing}, "neolens") == [("image_missing", "/image_data")]


@pytest.mark.parametrize("body", forms({"name": "n", "photos": [GOOD, BLURRED, TRUNCATED, ALSO_GOOD]}), ids=type)
def test_every_picture_is_judged_and_each_finding_leads_to_its_own(body):
    report = imagegate.check_payload(body, policy=OWN)

    assert [image.ok for image in report.images] == [True, False, False, True]
    assert report.pointers == ("/photos/0", "/photos/1", "/photos/2", "/photos/3")
    assert found(body, OWN) == [("image_truncated", "/photos/2"), ("image_blurred", "/photos/1")]
    assert (report.status, {finding.pointer for finding in report.images[1].findings}) == (400, {"/photos/1"})


def test_a_picture_is_judged_as_by_check():
    report = imagegate.check_payload({"image": BLURRED})

    assert report.images[0].measurements == imagegate.check(BLURRED).measurements


def test_a_declared_type_that_is_not_the_pictures_is_a_mismatch():
    body = {"messages": [{"content": [{"source": {"media_type": "image/png", "data": GOOD}}]}]}

    assert found(body, "anthropic") == [("format_mismatch", "/messages/0/content/0/source/data")]
    assert message(body, policy="anthropic").startswith("The request declares image/png, but the picture is JPEG.")


def source(**fields):
    return {"messages": [{"content": [{"source": fields}]}]}


@pytest.mark.parametrize("name", ["good_mst05.jpg", "good_16bit.png"])
def test_a_picture_that_is_declared_as_a_document_is_a_mismatch(name):
    body = source(media_type="application/pdf", data=text_of(name))

    assert found(body, "anthropic") == [("format_mismatch", "/messages/0/content/0/source/data")]


def test_a_document_made_of_blocks_is_asked_for_no_data_and_the_pictures_in_it_are_judged():
    """Anthropic, document blocks: a source of type content holds text and images."""
    inner = {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": BLURRED}}
    body = source(type="content", content=[{"type": "text", "text": "What is it?"}, inner])
    report = imagegate.check_payload(body, policy="anthropic")

    assert report.pointers == ("/messages/0/content/0/source/content/1/source/data",)
    assert {finding.pointer for finding in report.findings} == set(report.pointers)
    assert report.ok


def test_a_document_of_blocks_is_no_picture_of_its_own():
    image = {"source": {"media_type": "image/png", "data": "QUJD"}}
    document = {"source": {"type": "content", "content": [image]}}
    codes = [dict(found({"messages": [{"content": [document] * count}]}, "anthropic")) for count in (100, 101)]

    assert ["too_many_images" in each for each in codes] == [False, True]


def test_a_data_uri_is_judged_by_the_policy():
    own = Policy(data_uri="forbidden", statuses={"data_uri_forbidden": 422})
    report = imagegate.check_payload({"media": f"data:image/jpeg;base64,{GOOD}"}, policy=own)

    assert (report.status, report.rejections[0].cause.code) == (422, "data_uri_forbidden")


LENIENT = Policy(
    severities=dict.fromkeys(["field_invalid", "field_missing", "image_missing", "json_malformed"], "ignore")
)


@pytest.mark.parametrize("body", ["{", "[]", {"media": 5}, {"media": [GOOD, {"data": {}}]}, {"media": None}])
def test_no_policy_passes_what_could_not_be_judged(body):
    assert not imagegate.check_payload(body, policy=LENIENT).ok


def test_a_policy_may_take_requests_without_a_picture():
    assert imagegate.check_payload({"messages": []}, policy=LENIENT).ok


# Where the default looks


@pytest.mark.parametrize("field", ["media", "image_data", "image"])
def test_the_default_looks_where_the_documents_have_pictures(field):
    assert found({field: BLURRED}) == [("image_blurred", f"/{field}")]


def test_who_has_no_picture_is_told_where_it_was_looked_for():
    assert "the profile default looks for /media, " in message({"photo": GOOD})


# The whole request


def test_more_pictures_than_the_api_takes_are_not_even_judged():
    three = {"media": [GOOD] * 3, "bodySite": "arm"}
    four = {"media": [GOOD] * 4, "bodySite": "arm"}
    report = imagegate.check_payload(four, policy="legit_health")
    (finding,) = report.findings

    assert imagegate.check_payload(three, policy="legit_health").ok
    assert (finding.cause.code, finding.metric, finding.value, finding.limit) == (
        "too_many_images",
        "image_count",
        4,
        3,
    )
    assert report.images == ()


def test_a_limit_that_only_warns_lets_every_picture_be_judged():
    own = Policy(limits={"image_count": {"max": 1}}, severities={"too_many_images": "warn"})
    report = imagegate.check_payload({"media": [GOOD, GOOD]}, policy=own)

    assert (report.ok, len(report.images)) == (True, 2)
    assert [finding.cause.code for finding in report.warnings] == ["too_many_images"]


@pytest.mark.parametrize("body", forms({"image": "é" * 50}), ids=type)
def test_a_request_is_as_long_as_its_bytes(body):
    """`é` takes two bytes in UTF-8, and six characters where JSON escapes it."""
    length = len(json.dumps({"image": "é" * 50})) if not hasattr(body, "keys") else len('{"image":""}') + 100
    just, over = (Policy(limits={"request_size": {"max": length - less}}) for less in (0, 1))

    assert ("file_too_large", "") not in found(body, just)
    assert found(body, over) == [("file_too_large", "")]


MEASURED = """
import sys
import imagegate
from tests.measured import PEAK, resident
imagegate.warmup()
body = {"bytes": b"[" * 200_000_000, "str": "x" * 200_000_000, "dict": {"image": "x" * 200_000_000}}[sys.argv[1]]
PEAK.write_text("5")
before = resident("VmRSS")
report = imagegate.check_payload(body)
print([finding.cause.code for finding in report.findings], resident("VmHWM") - before < 5_000_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak of memory anew")
@pytest.mark.parametrize("form", ["bytes", "str", "dict"])
@pytest.mark.slow
def test_200_mb_are_refused_by_their_length_in_5_mb(form):
    run = subprocess.run([sys.executable, "-c", MEASURED, form], capture_output=True, cwd=ROOT, check=True)

    assert run.stdout.decode().strip() == "['file_too_large'] True"


def test_many_small_values_are_refused_before_they_are_built(monkeypatch):
    """50 MB of empty objects would take 1.3 GB."""
    monkeypatch.setattr(strict_json.json, "loads", pytest.fail)
    monkeypatch.setattr(strict_json.json, "dumps", pytest.fail)

    assert "more than 100,000 values" in message(b'{"media":[' + b"{}," * 100_001 + b"{}]}")
    assert "more than 100,000 values" in message({"media": [{}] * 100_001})
    assert "more than 100,000 values" in message(doubled(30))


def test_a_text_full_of_commas_or_escapes_is_one_value():
    text = json.dumps({"image_data": GOOD, "notes": "\n,[{" * 200_000, "more": "😀"})

    assert found(text, "neolens") == []


CONTENT_TYPES = {
    "application/json": [],
    "Application/JSON ; charset=UTF-8": [],
    'application/json;charset="utf-8"': [],
    "application/json; charset=iso-8859-1": ["content_type_unsupported"],
    "text/plain": ["content_type_unsupported"],
    "multipart/form-data; boundary=x": ["content_type_unsupported"],
    "": ["content_type_unsupported"],
}


@pytest.mark.parametrize(("content_type", "expected"), CONTENT_TYPES.items())
def test_the_content_type_is_that_of_the_policy(content_type, expected):
    assert [code for code, _ in found({"image": GOOD}, content_type=content_type)] == expected


def test_a_policy_names_its_content_types():
    own = Policy(request={"content_types": ["application/fhir+json"]})

    assert found({"image": GOOD}, own, content_type="application/fhir+json; charset=utf-8") == []
    assert found({"image": GOOD}, own, content_type="application/json") == [("content_type_unsupported", "")]


# What is not JSON, or not the same to every parser (RFC 8259, RFC 7493)

MALFORMED = {
    "a comma too many": ('{"media": [],}', "line 1, column 14"),
    "a comma too few": ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3"),
    "cut off": ('{"media": ["/9j/', "line 1, column 12"),
    "single quotes": ("{'media': 1}", "line 1, column 2"),
    "something behind": ("{} {}", "line 1, column 4"),
    "NaN": ('{"a": "NaN",\n "b": NaN}', "line 2, column 7"),
    "Infinity": ('{"a": -Infinity}', "line 1, column 7"),
    "a line break in a text": ('{"a": "x\n"}', "line 1, column 9"),
    "a wrong escape": (r'{"a": "\x"}', "line 1, column 8"),
    "bytes that are not UTF-8": (b'{"a":\n "\xff"}', "line 2, column 3"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "line 1, column 1"),
    "a byte order mark": ('\ufeff{"a": 1}'.encode(), "line 1, column 1"),
    "half a surrogate pair": (r'{"a": "\ud83d\u0041"}', "line 1, column 8"),
    "the other half": (r'{"a": "\\\uDE00"}', "line 1, column 10"),
    "half a pair behind a whole one": (r'{"a": "\ud83d\ude00\ud83d"}', "line 1, column 20"),
    "half a surrogate pair unescaped": ('{"a": "\ud83d"}', "line 1, column 8"),
    "deep nesting": ("[" * 100_000, "line 1, column 101"),
    "deep objects": ('{"a":' * 100_000, "line 1, column 501"),
    "a web page": (b"<html><body>Bad Gateway</body></html>", "line 1, column 1"),
    "a bare picture": (GOOD, "line 1, column 1"),
    "nothing": (b"", "empty"),
    "blanks": (" \n", "empty"),
}


@pytest.mark.parametrize(("body", "where"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_json_is_refused_by_line_and_column(body, where):
    assert found(body) == [("json_malformed", "")]
    assert where in message(body)


@pytest.mark.parametrize("lang", ["es", "fr", "de"])
def test_why_a_body_is_no_json_is_said_in_the_language_asked_for(lang):
    for body, _ in MALFORMED.values():
        english, foreign = (message(body, lang=each).rpartition(": ")[2] for each in ("en", lang))

        assert english not in {foreign, "it cannot be parsed."}


SOUND = {
    "an emoji": r'{"image_data": "%s", "a": "\ud83d\ude00 \\ud83d 😀"}',
    "huge numbers": '{"image_data": "%%s", "a": %s, "b": 1e999, "c": -0.%s}' % ("1" * 10_000, "1" * 10_000),  # noqa: UP031
    "many brackets in a text": f'{{"image_data": "%s", "a": "{"[" * 5000} \\" {"{" * 5000}"}}',
    "a hundred levels": f'{{"image_data": "%s", "a": {"[" * 99}{"]" * 99}}}',
    "blanks around": '\r\n\t {"image_data": "%s"} \n',
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_odd_but_sound_json_is_read(text):
    assert found(text % GOOD, "neolens") == []


def test_a_view_of_wider_items_than_bytes_is_located_by_its_bytes():
    body = memoryview(b'{"a":\n "\xff"}     ').cast("I")

    assert "line 2, column 3" in message(body)


@pytest.mark.parametrize("body", ["[]", '"text"', "3", "null", "true"])
def test_a_body_that_is_no_object_is_refused(body):
    assert found(body) == [("field_invalid", "")]


REPEATED = {
    "in the body": (b'{"media": "a", "media": "b"}', ""),
    "in a picture's object": (b'{"media": ["a", {"data": "a", "data": "b"}]}', "/media/1"),
    "below a name that is not the policy's": (b'{"media": [{"secret": {"data": 1, "data": 2}}]}', "/media/0"),
    "within what is repeated itself": (b'{"a": {"b": 1, "b": 2}, "a": 3}', ""),
    "in a dict, as JSON will have it": ({1: "a", "1": "b"}, ""),
}


@pytest.mark.parametrize(("body", "pointer"), REPEATED.values(), ids=REPEATED)
def test_a_key_that_stands_twice_is_refused_by_its_object(body, pointer):
    assert found(body) == [("json_malformed", pointer)]


def within_itself():
    body = {}
    body["a"] = [body]
    return body


def doubled(times):
    """Lists that hold the next one twice: few in memory, but two to so many in JSON."""
    body = "A"
    for _ in range(times):
        body = [body, body]
    return {"media": body}


def nested(depth):
    body = {}
    for _ in range(depth):
        body = {"a": body}
    return body


@pytest.mark.parametrize(
    "body", [{"a": float("nan")}, {"a": b"bytes"}, {"a": {1, 2}}, {(1, 2): 3}, within_itself(), nested(100_000)],
    ids=["NaN", "bytes", "a set", "a tuple as a key", "an object within itself", "deep nesting"],
)  # fmt: skip
def test_a_mapping_that_json_cannot_hold_is_malformed(body):
    assert found(body) == [("json_malformed", "")]


# Whatever arrives

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([GOOD[:100], "", "data:,"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["media", "data", "image", "payload", "a/b", "~", "*"]) | st.text(), inner)
    ),
    max_leaves=20,
)
NAMES = st.sampled_from(["a", "b", "a/b", "~", "*", "0"])
TREES = st.recursive(st.integers(), lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=30)


@settings(max_examples=200)
@given(JSON)
def test_no_json_is_more_than_a_report(body):
    report = imagegate.check_payload(json.dumps(body))

    assert report.ok in {True, False}
    VALID.validate(report.to_dict())


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_no_text_is_more_than_a_report(body):
    assert not imagegate.check_payload(body).ok


def resolved(pointer, value):
    """RFC 6901, section 4, by its words."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


@given(TREES, st.lists(NAMES, min_size=1, max_size=4))
def test_every_place_of_a_pointer_is_there_and_no_other(tree, names):
    """A place that a pointer leads to is one that RFC 6901 resolves, and it has the pointer's names but for indices."""
    pointer = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
    for place, value, parent in places(pointer, tree):
        assert len(place.split("/")) == len(pointer.split("/"))
        assert resolved(place.rpartition("/")[0], tree) is parent
        assert value is MISSING or resolved(place, tree) is value
        for step, wanted in zip(place.split("/")[1:], pointer.split("/")[1:], strict=True):
            assert step.isdigit() if wanted == "*" else step == wanted


def test_a_star_is_every_index_in_order():
    body = {"a": [{"b": 1}, {"c": 2}, 3, {"b": [4]}]}

    assert [(place, value) for place, value, _ in places("/a/*/b", body) if value is not MISSING] == [
        ("/a/0/b", 1),
        ("/a/3/b", [4]),
    ]


# Privacy


def test_nothing_of_the_body_is_said():
    secret = "Zm9vYmFyc2VjcmV0"  # noqa: S105 - a marker to look for
    bodies = [
        {secret: {secret: 1}},
        {"media": {secret: GOOD}},
        {"media": [GOOD[:50] + secret]},
        f'{{"media": "{secret}',
        f'{{"a": {secret}}}',
        f'{{"{secret}": {{"a": 1, "a": 2}}}}',
        {"media": {"contentType": secret}},
        secret,
    ]
    for body in bodies:
        report = imagegate.check_payload(body, content_type=f"text/{secret}")
        again = imagegate.check_payload(body)
        for verdict in (report, again):
            said = [repr(verdict), verdict.to_json(), json.dumps(verdict.to_error())]
            assert not any(secret in text for text in said)


# The limits of the profiles

# A request of so many pictures: none is one, for it is their number that is judged.
PICTURES = {
    "legit_health": lambda count: {"media": ["QUJD"] * count, "bodySite": "arm"},
    "neolens": lambda count: {"image_data": "QUJD"} if count == 1 else None,
    "rekognition": lambda count: {"Image": {"Bytes": "QUJD"}} if count == 1 else None,
    "google_vision": lambda count: {"requests": [{"image": {"content": "QUJD"}}] * count},
    "openai": lambda count: {"messages": [{"content": [{"image_url": {"url": "data:image/png;base64,QUJD"}}] * count}]},
    "anthropic": lambda count: {
        "messages": [{"content": [{"source": {"media_type": "image/png", "data": "QUJD"}}] * count}]
    },
}


def test_every_limit_of_a_request_that_a_profile_states_is_tested_below():
    stating = {
        metric: {name for name, policy in PROFILES.items() if metric in policy.limits}
        for metric in {rule.metric for rule in RULES if rule.stage == "request"}
    }

    assert stating.keys() == {"image_count", "request_size"}
    assert stating["image_count"] == set(PICTURES) >= stating["request_size"]
    assert all(policy.limits.get(metric, {}).keys() <= {"max"} for policy in PROFILES.values() for metric in stating)


@pytest.mark.parametrize("name", PICTURES)
def test_as_many_pictures_as_a_profile_says_are_taken_and_no_more(name):
    most = PROFILES[name].limits["image_count"]["max"]
    inside, outside = PICTURES[name](most), PICTURES[name](most + 1)

    assert "too_many_images" not in dict(found(inside, name))
    assert outside is None or found(outside, name) == [("too_many_images", "")]


@pytest.mark.parametrize("name", [name for name in PICTURES if "request_size" in PROFILES[name].limits])
def test_as_long_a_request_as_a_profile_says_is_taken_and_no_longer(name):
    most = PROFILES[name].limits["request_size"]["max"]
    text = json.dumps(PICTURES[name](1))

    assert "file_too_large" not in dict(found(text.ljust(most), name))
    assert found(text.ljust(most + 1), name) == [("file_too_large", "")]


# What the profiles say of requests, walked line by line


def shapes(of):
    """Profile, shape and what a table of the shape holds, of every shape that a profile states."""
    lines = []
    for name, policy in PROFILES.items():
        shape = policy.request
        while shape not in (None, Request()):
            lines += [(name, shape, line) for line in of(shape)]
            shape = shape.alternative
    return lines


def built(pointer, value):
    """The least body in which a pointer leads to a value."""
    for token in reversed(pointer.split("/")[1:]):
        value = [value] if token == EVERY else {token: value}
    return value


def without(body, place):
    """The body, and the container and name of what stands in it at a place."""
    body = copy.deepcopy(body)
    *way, last = [int(token) if token.isdigit() else token for token in place.split("/")[1:]]
    parent = body
    for token in way:
        parent = parent[token]
    return body, parent, last


@pytest.mark.parametrize(("name", "shape", "pointer"), shapes(lambda shape: shape.images))
def test_a_picture_is_found_where_a_profile_says(name, shape, pointer):  # noqa: ARG001 - as the others that walk
    report = imagegate.check_payload(built(pointer, GOOD), policy=name)

    assert report.pointers == (pointer.replace("*", "0"),)


@pytest.mark.parametrize(("name", "shape", "pointer"), shapes(lambda shape: shape.remote))
def test_a_picture_that_lies_elsewhere_is_none_where_a_profile_says_so(name, shape, pointer):  # noqa: ARG001 - likewise
    report = imagegate.check_payload(built(pointer, "https://example.org/a.jpg"), policy=name)

    assert report.images == ()
    assert "image_missing" not in {finding.cause.code for finding in report.findings}


@pytest.mark.parametrize(("name", "shape", "pointer"), shapes(lambda shape: shape.required))
def test_a_field_that_a_profile_requires_is_missed_and_its_type_is_asked_for(name, shape, pointer):
    """In the request that the API documents; one that lacks the root of an alternative shape is of the first shape."""
    bodies = [body for profile, body, _ in DOCUMENTED.values() if profile == name]
    body, place = next(
        (body, place)
        for body in bodies
        for place, value, _ in places(pointer, body)
        if value is not MISSING and place.count("/") == pointer.count("/")
    )
    shorter, parent, last = without(body, place)
    del parent[last]
    mistyped, parent, last = without(body, place)
    parent[last] = True

    assert found(body, name) == []
    assert ("field_invalid", place) in found(mistyped, name)
    if shape is PROFILES[name].request or place.count("/") > 1:
        assert ("field_missing", place) in found(shorter, name)


@pytest.mark.parametrize(("name", "shape", "kind"), shapes(lambda shape: shape.content_types))
def test_a_content_type_is_taken_as_a_profile_says_and_no_other(name, shape, kind):  # noqa: ARG001 - likewise
    body = next(body for profile, body, _ in DOCUMENTED.values() if profile == name)

    assert found(body, name, content_type=f"{kind}; charset=utf-8") == []
    assert found(body, name, content_type=f"{kind}x") == [("content_type_unsupported", "")]


@pytest.mark.parametrize("name", dict.fromkeys(profile for profile, _, _ in DOCUMENTED.values()))
def test_a_data_uri_in_a_request_is_taken_required_or_refused(name):
    policy = PROFILES[name]
    body = built(policy.request.images[-1], GOOD), built(policy.request.images[-1], f"data:image/jpeg;base64,{GOOD}")
    refused = [{code for code, _ in found(each, name)} & {"data_uri_required", "data_uri_forbidden"} for each in body]

    assert (
        refused
        == {
            "allowed": [set(), set()],
            "forbidden": [set(), {"data_uri_forbidden"}],
            "required": [{"data_uri_required"}, set()],
        }[policy.data_uri]
    )


# The report


def rejected():
    return imagegate.check_payload({"name": "n", "photos": [GOOD, BLURRED]}, policy=OWN)


DOCUMENT = json.loads(schema.PATH.read_bytes())
VALID = jsonschema.Draft202012Validator(DOCUMENT | {"$ref": "#/$defs/payload"})


def test_the_object_holds_each_picture_by_its_pointer():
    plain = rejected().to_dict("body.json")

    assert list(plain) == ["source", "ok", "status", "profile", "images", "findings"]
    assert [image["source"] for image in plain["images"]] == ["/photos/0", "/photos/1"]
    assert json.loads(rejected().to_json("body.json")) == plain
    VALID.validate(plain)
    assert not VALID.is_valid(plain | {"ok": True})
    assert not VALID.is_valid(plain["images"][0])


def test_the_error_has_the_pointer_of_each_finding():
    status, _, body = rejected().to_error(request_id="7")

    assert (status, body["requestId"]) == (422, "7")
    assert [error["pointer"] for error in body["errors"]] == ["#/photos/1"] * len(body["errors"])


def test_a_request_that_passes_has_no_error():
    passed = imagegate.check_payload({"image": GOOD})

    assert passed.raise_for_status() is None
    with pytest.raises(ValueError, match="to_error: the request passes"):
        passed.to_error()


def test_raise_for_status_carries_the_report():
    report = rejected()
    with pytest.raises(imagegate.ImageRejected, match=r"^422: ") as caught:
        report.raise_for_status()

    assert caught.value.report is report


def test_reports_are_equal_survive_pickling_and_show_no_picture():
    report = rejected()

    assert report == rejected()
    assert hash(report) == hash(rejected())
    assert report != imagegate.check_payload({"image": GOOD})
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own bytes
    assert repr(report) == "<PayloadReport 422 by 'own': image_blurred>"


def test_findings_stand_in_the_order_of_a_report():
    report = imagegate.check_payload({"photos": [BLURRED, TRUNCATED, 5]}, policy=OWN)

    assert [finding.cause.code for finding in report.rejections] == [
        "field_missing",
        "field_invalid",
        "image_truncated",
        "image_blurred",
    ]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"body": 3}, "body"),
        ({"body": None}, "body"),
        ({"body": {}, "content_type": b"application/json"}, "content_type"),
        ({"body": {}, "lang": 3}, "lang"),
        ({"body": {}, "policy": 3}, "policy"),
    ],
)
def test_misuse_names_the_argument(arguments, named):
    with pytest.raises(TypeError, match=named):
        imagegate.check_payload(**arguments)


# The policy's table

TABLE = """
name = "own"

[request]
content_types = ["application/fhir+json"]
images = ["/a~1b/*/data"]
media_type = "contentType"
other_types = ["application/pdf"]
remote = ["/a~1b/*/url"]

[request.required]
"/a~1b" = "array"
"/size" = ["integer", "string"]

[request.alternative]
images = ["/c"]
"""


def test_a_request_is_read_from_toml_and_written_back_equal():
    policy = Policy.from_toml(TABLE)

    assert policy.request.required["/size"] == ("integer", "string")
    assert policy.request.alternative.images == ("/c",)
    assert Policy.from_toml(policy.to_toml()) == policy
    for again in (pickle.loads(pickle.dumps(policy)), copy.deepcopy(policy)):  # noqa: S301 - our own bytes
        assert again == policy
    assert copy.deepcopy(policy.request) == policy.request


def test_names_with_a_slash_are_found_and_escaped():
    policy = Policy.from_toml(TABLE)

    assert found({"a/b": [{"data": BLURRED}], "size": 1.5}, policy) == [
        ("field_invalid", "/size"),
        ("image_blurred", "/a~1b/0/data"),
    ]
    assert found({"c": BLURRED}, policy) == [("image_blurred", "/c")]


REFUSED = {
    "an unknown key": ("request.image = []", ValueError, "request: unknown key 'image'; known: content_types, images"),
    "no table": ("request = 3", TypeError, "request must be a table, got int"),
    "a text for a list": ('request.images = "/a"', TypeError, "request.images must be a list of strings, got str"),
    "a number in a list": ("request.images = [1]", TypeError, "request.images must be a list of strings, got one"),
    "no picture": ("request.images = []", ValueError, "request.images must name at least one field"),
    "a name that is no pointer": ('request.images = ["a"]', ValueError, "request.images: 'a' is not a JSON Pointer"),
    "a wrong escape": ('request.remote = ["/a~2"]', ValueError, "request.remote: '/a~2' is not a JSON Pointer"),
    "an unknown type": ('request.required."/a" = "text"', ValueError, "request.required./a must be one or several of"),
    "no type": ('request.required."/a" = []', ValueError, "request.required./a must be one or several of"),
    "a list of fields": ('request.required = ["/a"]', TypeError, "request.required must be a table, got list"),
    "a number for a media type": ("request.media_type = 3", TypeError, "request.media_type must be a string, got int"),
    "an unknown key in the alternative": ("request.alternative.image = []", ValueError, "request: unknown key 'image'"),
    "too many pictures to count": (
        "limits.image_count.max = 20000",
        ValueError,
        "image_count.max must be <= 10000, got 20000",
    ),
}


@pytest.mark.parametrize(("text", "error", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_by_name(text, error, told):
    with pytest.raises(error) as caught:
        Policy.from_toml(text)

    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_read_back_equal_with_its_request(name):
    assert Policy.from_toml(PROFILES[name].to_toml()) == PROFILES[name]
