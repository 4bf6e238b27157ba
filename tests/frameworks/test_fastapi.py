"""FastAPI: what its OpenAPI says is what happens; the rest of an app is FastAPI's as ever."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import httpx
import jsonschema
import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, UploadFile

import imagegate
import imagegate.frameworks.core
from imagegate.frameworks.fastapi import GatedImage, GatedRoute, gated
from tests.frameworks.conftest import BLURRED, BROKEN, GOOD, PATIENCE, as_form, ask


@pytest.fixture
def client(examples):
    with examples("fastapi_app").client() as one:
        yield one


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def app_with(endpoint, **options):
    """An app of one endpoint."""
    app = FastAPI()
    router = APIRouter(route_class=GatedRoute, prefix="/skin")
    router.post("/photos", **options)(endpoint)
    app.include_router(router, prefix="/v1")
    return app


def body_of(document, operation):
    """The schema of its form."""
    name = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["$ref"].rpartition("/")[2]
    return document["components"]["schemas"][name]


# What OpenAPI says


def test_openapi_has_the_photo_as_a_required_file_of_a_form(document):
    schema = body_of(document, document["paths"]["/photos"]["post"])

    assert schema["required"] == ["photo"]
    assert schema["properties"]["photo"]["type"] == "string"
    assert schema["properties"]["photo"].get("contentMediaType") == "application/octet-stream"
    assert set(schema["properties"]) == {"photo", "note"}


def test_openapi_has_every_refusal_in_the_dialect_of_its_gate(document):
    for path, kind in (("/photos", "application/problem+json"), ("/telesoft", "application/json")):
        answers = document["paths"][path]["post"]["responses"]
        assert set(answers) == {"200", "400", "408", "413", "415", "422", "503"}
        assert all(kind in answer["content"] for status, answer in answers.items() if status != "200")


def test_every_schema_of_openapi_is_one(document):
    for item in document["paths"].values():
        for answer in item["post"]["responses"].values():
            for content in answer["content"].values():
                jsonschema.Draft202012Validator.check_schema(content["schema"])


REFUSED = {
    "blurred": (422, as_form(BLURRED)),
    "broken": (400, as_form(BROKEN)),
    "no bytes": (400, as_form(b"")),
    "no file": (400, as_form(GOOD, field="other")),
    "a text": (400, {"files": {"photo": (None, "not a file")}}),
    "no form": (415, {"content": GOOD, "headers": {"Content-Type": "image/jpeg"}}),
    "nothing": (415, {}),
    "encoded": (415, as_form(GOOD) | {"headers": {"Content-Encoding": "gzip"}}),
    "not the form it says": (
        400,
        {"content": b"--y\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    ),
    "no boundary": (400, {"content": b"--y\r\n", "headers": {"Content-Type": "multipart/form-data"}}),
    "too long": (413, as_form(GOOD + bytes(33 << 20))),
}


@pytest.mark.parametrize(("status", "sent"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_answered_as_openapi_says(client, document, status, sent):
    answer = client.post("/photos", **sent)
    described = document["paths"]["/photos"]["post"]["responses"][str(status)]

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(described["headers"]) <= {name.title() for name in answer.headers}
    jsonschema.validate(answer.json(), described["content"]["application/problem+json"]["schema"])


def test_a_body_of_unknown_length_is_refused_when_it_has_become_too_long(client):
    def endless():
        while True:
            yield bytes(1 << 16)

    answer = client.post("/photos", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"})

    assert answer.status_code == 413


def test_fields_beside_the_photo_are_fastapis(client):
    answer = client.post("/photos", **as_form(GOOD, note="left arm"))

    assert answer.json()["note"] == "left arm"


def test_two_requests_at_once_are_answered(client):
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda picture: client.post("/photos", **as_form(picture)), [GOOD, BLURRED] * 4))

    assert [answer.status_code for answer in answers] == [200, 422] * 4


# In an app of one's own


def test_the_loop_goes_on_while_a_photo_is_judged(monkeypatch):
    """The endpoint that lets the judge go on is answered meanwhile."""
    judging, let_go = threading.Event(), threading.Event()

    def check(*args, **kwargs):
        judging.set()
        assert let_go.wait(PATIENCE)
        return imagegate.check(*args, **kwargs)

    monkeypatch.setattr(imagegate.frameworks.core, "check", check)

    async def upload(photo: Annotated[GatedImage, gated()]) -> int:
        return len(photo.data)

    app = app_with(upload)

    @app.get("/go")
    async def go() -> None:
        let_go.set()

    async def both():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            photo = asyncio.create_task(client.post("/v1/skin/photos", **as_form(GOOD)))
            await asyncio.to_thread(judging.wait, PATIENCE)
            await client.get("/go")
            return await photo

    assert asyncio.run(both()).json() == len(GOOD)


def test_a_router_that_is_included_is_gated_and_described():
    async def upload(photo: Annotated[GatedImage, gated()]) -> int:
        return len(photo.data)

    app = app_with(upload)

    assert ask(app, "POST", "/v1/skin/photos", **as_form(BLURRED)).status_code == 422
    assert {"413", "422"} <= set(app.openapi()["paths"]["/v1/skin/photos"]["post"]["responses"])


def test_a_gate_within_another_dependency_is_one_too():
    async def patient_photo(photo: Annotated[GatedImage, gated("legit_health", field="picture")]) -> GatedImage:
        return photo

    async def upload(photo: Annotated[GatedImage, Depends(patient_photo)]) -> str:
        return photo.report.profile

    app = app_with(upload)

    assert ask(app, "POST", "/v1/skin/photos", **as_form(GOOD, field="picture")).json() == "legit_health"
    assert ask(app, "POST", "/v1/skin/photos", **as_form(GOOD)).json()["errors"][0]["pointer"] == "#/picture"


def test_two_photos_of_one_form_are_judged_each_by_its_own_policy():
    async def upload(
        near: Annotated[GatedImage, gated("legit_health", field="near")],
        far: Annotated[GatedImage, gated("any_quality", field="far")],
    ) -> list[str]:
        return [near.report.profile, far.report.profile]

    app = app_with(upload)
    near, far = ("near", ("1.jpg", GOOD)), ("far", ("2.jpg", BLURRED))

    assert ask(app, "POST", "/v1/skin/photos", files=[near, far]).json() == ["legit_health", "any_quality"]
    assert ask(app, "POST", "/v1/skin/photos", files=[near]).json()["errors"][0]["pointer"] == "#/far"


@pytest.mark.parametrize("pictures", [(GOOD, BLURRED), (BLURRED, GOOD)])
def test_a_second_file_in_the_field_is_not_passed_on_unjudged(pictures):
    async def upload(photo: Annotated[GatedImage, gated()]) -> int:
        return len(photo.data)

    files = [("photo", ("1.jpg", picture)) for picture in pictures]
    answer = ask(app_with(upload), "POST", "/v1/skin/photos", files=files)

    assert answer.status_code == 400
    assert [(error["code"], error["pointer"]) for error in answer.json()["errors"]] == [("too_many_images", "#/photo")]


def test_the_file_can_be_had_from_fastapi_as_well():
    async def beside(photo: Annotated[GatedImage, gated()], file: UploadFile) -> bool:
        return photo.data == GOOD and await file.read() == b"beside"

    async def same(photo: Annotated[GatedImage, gated(field="file")], file: UploadFile) -> bool:
        return await file.read() == photo.data

    assert ask(
        app_with(beside), "POST", "/v1/skin/photos", files={"photo": ("1.jpg", GOOD), "file": ("2.txt", b"beside")}
    ).json()
    assert ask(app_with(same), "POST", "/v1/skin/photos", **as_form(GOOD, field="file")).json()


def test_what_else_is_wrong_with_a_form_is_fastapis_to_say():
    async def upload(photo: Annotated[GatedImage, gated()], age: Annotated[int, Form()]) -> int:
        return age + len(photo.data)

    answer = ask(app_with(upload), "POST", "/v1/skin/photos", **as_form(GOOD, age="old"))

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "age"]


def test_answers_that_an_app_describes_itself_stay_so():
    async def upload(photo: Annotated[GatedImage, gated()]) -> None:
        """Nothing."""

    app = app_with(upload, responses={413: {"description": "Our own words."}})

    answers = app.openapi()["paths"]["/v1/skin/photos"]["post"]["responses"]
    assert answers["413"]["description"] == "Our own words."


def test_an_endpoint_without_a_gate_takes_whatever_comes():
    async def upload(file: UploadFile) -> int:
        return file.size

    assert ask(app_with(upload), "POST", "/v1/skin/photos", **as_form(BROKEN, field="file")).json() == len(BROKEN)


def test_a_gate_on_another_kind_of_route_is_misuse_that_is_heard_of():
    app = FastAPI()

    @app.post("/photos")
    async def upload(photo: Annotated[GatedImage, gated()]) -> None:
        """Never called."""

    with pytest.raises(TypeError, match="route_class = GatedRoute"):
        ask(app, "POST", "/photos", **as_form(GOOD))


def test_a_gated_image_shows_nothing_of_itself():
    assert repr(GatedImage(data=GOOD, report=imagegate.check(GOOD))) == "<GatedImage>"
