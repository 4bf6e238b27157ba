"""The decorator in apps of one's own."""

import io

import pytest
from flask import Flask, request
from werkzeug.datastructures import MultiDict

from imagegate.frameworks.flask import gated
from tests.frameworks.conftest import BLURRED, GOOD, NAME


def app_of(view, **config):
    app = Flask("example")
    app.config.update(TESTING=True, **config)
    app.post("/photos/<int:patient>")(view)
    return app


def post(app, **form):
    form = {name: (io.BytesIO(value), NAME) if isinstance(value, bytes) else value for name, value in form.items()}
    return app.test_client().post("/photos/7", data=form, content_type="multipart/form-data")


@gated("photo")
def size(patient, photo):
    return {"patient": patient, "bytes": len(photo.data)}


def test_a_view_has_its_own_arguments_as_ever():
    assert post(app_of(size), photo=GOOD).json == {"patient": 7, "bytes": len(GOOD)}


def test_a_view_that_is_a_coroutine_is_awaited():
    """By asgiref, Flask's own extra, which Django brings."""

    @gated("photo")
    async def view(patient, photo):
        return {"patient": patient, "bytes": len(photo.data)}

    assert post(app_of(view), photo=GOOD).json == {"patient": 7, "bytes": len(GOOD)}


def test_the_file_can_be_read_again_by_the_view():
    @gated("photo")
    def view(patient, photo):
        return {"same": request.files["photo"].read() == photo.data, "patient": patient, "note": request.form["note"]}

    assert post(app_of(view), photo=GOOD, note="arm").json == {"same": True, "patient": 7, "note": "arm"}


@pytest.mark.parametrize("pictures", [(GOOD, BLURRED), (BLURRED, GOOD)])
def test_a_second_file_in_the_field_is_not_passed_on_unjudged(pictures):
    form = MultiDict([("photo", (io.BytesIO(picture), NAME)) for picture in pictures])

    answer = app_of(size).test_client().post("/photos/7", data=form, content_type="multipart/form-data")

    assert answer.status_code == 400
    assert [(error["code"], error["pointer"]) for error in answer.json["errors"]] == [("too_many_images", "#/photo")]


def test_the_bound_of_the_app_holds_where_it_is_lower():
    answer = post(app_of(size, MAX_CONTENT_LENGTH=1000), photo=GOOD)

    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"
    assert "1,000 bytes" in answer.json["detail"]


def test_the_bound_of_the_gate_holds_where_the_app_has_a_higher_one_or_none():
    small = gated("photo", largest_body=1000)(lambda **_: "taken")

    assert post(app_of(small), photo=GOOD).status_code == 413
    assert post(app_of(small, MAX_CONTENT_LENGTH=1 << 30), photo=GOOD).status_code == 413


def test_other_bounds_of_the_app_are_answered_by_the_app():
    answer = post(app_of(size, MAX_FORM_MEMORY_SIZE=10), photo=GOOD, note="longer than ten bytes")

    assert answer.status_code == 413
    assert answer.content_type.startswith("text/html")


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/json", "application/x-www-form-urlencoded", None])
def test_another_type_than_a_form_is_answered_with_415(content_type):
    answer = app_of(size).test_client().post("/photos/7", data=GOOD, content_type=content_type)

    assert answer.status_code == 415
    assert answer.json["errors"][0]["code"] == "content_type_unsupported"


def test_a_form_that_is_encoded_is_answered_with_415():
    form = {"photo": (io.BytesIO(GOOD), "photo.jpg")}
    answer = app_of(size).test_client().post("/photos/7", data=form, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 415
    assert answer.json["errors"][0]["code"] == "content_type_unsupported"


def test_a_field_that_is_left_empty_in_a_browser_is_no_photo():
    """HTML, section 4.10.21.4: it is sent as a file without a name and without bytes."""
    answer = (
        app_of(size)
        .test_client()
        .post("/photos/7", data={"photo": (io.BytesIO(b""), "")}, content_type="multipart/form-data")
    )

    assert answer.status_code == 400
    assert answer.json["errors"][0]["code"] == "image_missing"
