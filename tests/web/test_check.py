"""POST /v1/check answers as check() does, whatever way the picture came in."""

import base64
import json

import httpx
import pytest

import imagegate
from imagegate.bodies import BODIES
from tests.generated import ROOT
from tests.web.conftest import PATIENCE

SAMPLES = ROOT / "sample_images"
GOOD = (SAMPLES / "good_mst05.jpg").read_bytes()
BLURRED = (SAMPLES / "blurred_defocus_mst06.jpg").read_bytes()
BROKEN = (SAMPLES / "damaged_middle.jpg").read_bytes()


@pytest.fixture
def client(service):
    with service.client() as one:
        yield one


def as_json(picture):
    return {"json": {"image": base64.b64encode(picture).decode()}}


def as_data_uri(picture):
    return {"json": {"image": f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"}}


def as_form(picture):
    return {"files": {"photo": ("IMG_0001.HEIC", picture, "image/jpeg")}, "data": {"note": "left arm"}}


def as_raw(picture):
    return {"content": picture, "headers": {"Content-Type": "image/jpeg"}}


def as_bytes(picture):
    return {"content": picture, "headers": {"Content-Type": "application/octet-stream"}}


WAYS = [as_json, as_data_uri, as_form, as_raw, as_bytes]


@pytest.mark.parametrize("way", WAYS)
def test_a_good_picture_is_answered_with_its_report(client, way):
    answer = client.post("/v1/check", **way(GOOD))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == imagegate.check(GOOD).to_dict()


@pytest.mark.parametrize("picture", [BLURRED, BROKEN], ids=["blurred", "broken"])
@pytest.mark.parametrize("way", [as_form, as_raw, as_bytes])
def test_a_bad_picture_is_answered_with_its_problem(client, way, picture):
    status, headers, body = imagegate.check(picture).to_error(request_id="req-1")
    options = way(picture)
    answer = client.post("/v1/check", **options | {"headers": {"X-Request-Id": "req-1", **options.get("headers", {})}})

    assert answer.status_code == status
    assert answer.headers["content-type"] == headers["Content-Type"]
    assert answer.json() == body


def test_findings_of_json_point_to_its_field(client):
    answer = client.post("/v1/check", **as_json(BLURRED))

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/image"]


@pytest.mark.parametrize("api", BODIES)
def test_the_dialect_is_chosen_by_format(client, api):
    answer = client.post("/v1/check", params={"format": api}, **as_raw(BLURRED))
    status, headers, body = imagegate.check(BLURRED).to_error(api, answer.headers["x-request-id"])

    assert (answer.status_code, answer.headers["content-type"]) == (status, headers["Content-Type"])
    assert answer.json() == body


def test_the_language_is_chosen_by_accept_language(client):
    options = as_raw(BLURRED)
    options["headers"]["Accept-Language"] = "de-AT, en;q=0.5"
    answer = client.post("/v1/check", **options)

    assert answer.headers["content-language"] == "de"
    assert answer.json()["detail"] == imagegate.check(BLURRED, lang="de").to_error()[2]["detail"]


def test_the_profile_is_chosen_by_name(client):
    answer = client.post("/v1/check", params={"profile": "any_quality"}, **as_raw(BLURRED))

    assert answer.status_code == 200
    assert answer.json()["profile"] == "any_quality"


@pytest.mark.parametrize("parameter", ["profile", "format"])
def test_an_unknown_profile_or_dialect_is_refused_by_name(client, parameter):
    answer = client.post("/v1/check", params={parameter: "nobody's"}, **as_raw(GOOD))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "field_invalid"
    assert f"parameter {parameter} must be one of" in answer.json()["detail"]


MALFORMED = {
    "no JSON": (b'{"image": ', "json_malformed", "#"),
    "not UTF-8": (b'{"image": "\xff"}', "json_malformed", "#"),
    "nested": (b"[" * 100_000, "json_malformed", "#"),
    "a list": (b'["image"]', "field_invalid", "#"),
    "no picture": (b'{"picture": "abc"}', "field_missing", "#/image"),
    "a number": (b'{"image": 1}', "field_invalid", "#/image"),
    "null": (b'{"image": null}', "image_missing", "#/image"),
    "empty": (b'{"image": ""}', "image_missing", "#/image"),
    "no Base64": (b'{"image": "!!!!"}', "base64_invalid", "#/image"),
    "nothing": (b"", "json_malformed", "#"),
}


@pytest.mark.parametrize(("body", "code", "pointer"), MALFORMED.values(), ids=MALFORMED)
def test_json_without_a_picture_is_a_400_that_says_where(client, body, code, pointer):
    answer = client.post("/v1/check", content=body, headers={"Content-Type": "application/json; charset=utf-8"})

    assert answer.status_code == 400
    assert [(error["code"], error["pointer"]) for error in answer.json()["errors"]] == [(code, pointer)]


def form(*parts, end="--b--\r\n"):
    head = 'Content-Disposition: form-data; name="f"'
    return "".join(f"--b\r\n{head}{name}\r\n\r\n{text}\r\n" for name, text in parts) + end


FORMS = {
    "no file": (form(("", "text")), "image_missing"),
    "no part": (form(), "image_missing"),
    "two files": (form(('; filename="a"', "x"), ('; filename="b"', "y")), "too_many_images"),
    "an empty file": (form(('; filename=""', "")), "image_missing"),
    "no end": (form(('; filename="a"', "x"), end=""), "content_type_unsupported"),
    "another boundary": ("--c\r\n", "content_type_unsupported"),
    "nothing": ("", "content_type_unsupported"),
    "a thousand parts": (form(*[("", "")] * 1000), "content_type_unsupported"),
    "a header that has no end": ("--b\r\n" + "a" * 100_000, "content_type_unsupported"),
}


@pytest.mark.parametrize(("body", "code"), FORMS.values(), ids=FORMS)
def test_a_form_without_its_one_file_is_a_400(client, body, code):
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post("/v1/check", content=body.encode(), headers=headers)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code


def test_a_field_that_is_called_filename_is_no_file(client):
    options = as_form(GOOD) | {"data": {"filename": "holiday"}}

    assert client.post("/v1/check", **options).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "video/mp4", "image/", "image/a, b", ""]
)
def test_other_types_are_a_415(client, kind):
    answer = client.post("/v1/check", content=GOOD, headers={"Content-Type": kind} if kind else {})

    assert answer.status_code == 415
    assert answer.json()["errors"][0]["code"] == "content_type_unsupported"


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_sample_is_judged_as_check_does(client, path):
    report = imagegate.check(path)

    assert client.post("/v1/check", **as_bytes(path.read_bytes())).status_code == report.status


def test_every_profile_that_ships_can_be_asked_for(client):
    for name in imagegate.PROFILES:
        report = imagegate.check(GOOD, policy=name)
        assert client.post("/v1/check", params={"profile": name}, **as_raw(GOOD)).status_code == report.status, name


def test_a_policy_of_ones_own_judges_where_none_is_named(serve, tmp_path):
    policy = tmp_path / "ours.toml"
    policy.write_text('name = "ours"\nlimits.short_side.min = 2000\n')
    with serve(policy=str(policy)).client() as client:
        answer = client.post("/v1/check", **as_raw(GOOD))
        other = client.post("/v1/check", params={"profile": "default"}, **as_raw(GOOD))

    assert [error["code"] for error in answer.json()["errors"]] == ["resolution_too_low"]
    assert other.status_code == 200


def test_pictures_can_be_judged_in_worker_processes(serve):
    with serve(isolation="process", workers=1, deadline=10 * PATIENCE).client(timeout=None) as client:
        assert client.post("/v1/check", **as_raw(GOOD)).json() == imagegate.check(GOOD).to_dict()


# A request as the app would send it


def test_a_request_is_judged_whole(client):
    """The example of Neolens (shared/seeds): `image_data` and `user_id`."""
    body = {"image_data": base64.b64encode(GOOD).decode()}
    report = imagegate.check_payload(body, content_type="application/json")
    answer = client.post("/v1/check-payload", json=body)

    assert answer.status_code == 200
    assert answer.json() == report.to_dict()


def test_a_request_is_refused_with_the_place_of_the_picture(client):
    body = {"images": [base64.b64encode(picture).decode() for picture in (GOOD, BLURRED)]}
    answer = client.post("/v1/check-payload", json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/images/1"]


def test_a_request_of_another_type_is_refused_as_the_api_would(client):
    answer = client.post("/v1/check-payload", content=json.dumps({"image": ""}), headers={"Content-Type": "text/json"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "content_type_unsupported"


# All else


def test_there_is_nothing_elsewhere(client):
    answer = client.get("/v2/check")

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "not_found"


def test_another_method_is_a_405_that_says_which_it_takes(client):
    answer = client.get("/v1/check")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["errors"][0]["code"] == "method_not_allowed"


def test_a_connection_is_kept_for_the_next_request(service):
    with service.client(limits=httpx.Limits(max_connections=1)) as client:
        first = client.post("/v1/check", **as_raw(GOOD)).extensions["network_stream"]
        second = client.post("/v1/check", **as_raw(BLURRED)).extensions["network_stream"]

        assert first.get_extra_info("client_addr") == second.get_extra_info("client_addr")
