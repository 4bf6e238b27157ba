"""What the service says of itself in OpenAPI is so."""

import json

import jsonschema
import pytest

from imagegate.bodies import BODIES
from tests.generated import ROOT


@pytest.fixture(scope="session")
def document(service):
    with service.client() as client:
        return client.get("/openapi.json").json()


def test_its_report_is_the_one_that_ships(document):
    shipped = json.loads((ROOT / "imagegate" / "report.schema.json").read_text())["$defs"]
    described = json.loads(json.dumps(document["components"]["schemas"]).replace("#/components/schemas/", "#/$defs/"))

    assert {name: described[name] for name in shipped if name != "record"} == {
        name: schema for name, schema in shipped.items() if name != "record"
    }


def test_an_answer_is_as_described(service, document):
    whole = {"$ref": "#/components/schemas/report", "components": document["components"]}
    with service.client() as client:
        body = (ROOT / "sample_images" / "good_mst05.jpg").read_bytes()
        answer = client.post("/v1/check", content=body, headers={"Content-Type": "image/jpeg"})

    jsonschema.validate(answer.json(), whole)


def test_it_names_every_dialect_and_every_profile_that_can_be_asked_for(service, document):
    parameters = {one["name"]: one["schema"] for one in document["paths"]["/v1/check"]["post"]["parameters"]}

    assert parameters["format"]["enum"] == [*BODIES]
    assert parameters["profile"]["enum"] == [*service.service.policies]


def test_nothing_of_it_is_loaded_from_elsewhere(service):
    with service.client() as client:
        assert [client.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]
