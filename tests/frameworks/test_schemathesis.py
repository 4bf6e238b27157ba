"""schemathesis calls the FastAPI example with all that its OpenAPI allows and forbids: every answer is as it says."""

import pytest

pytest.importorskip("schemathesis", reason="needs the extra imagegate[dev]")

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance


@pytest.fixture(scope="module")
def schema(examples):
    with examples("fastapi_app").client() as client:
        return schemathesis.openapi.from_url(str(client.base_url.join("/openapi.json")))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("path", ["/photos", "/telesoft"])
def test_every_answer_is_as_described(schema, path, mode):
    cases = schema[path]["POST"].as_strategy(generation_mode=mode)

    @given(case=cases)
    @settings(max_examples=50, suppress_health_check=[*HealthCheck])
    def call(case):
        # No schema can say which bytes are a picture, so that what it allows need not be accepted.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    call()
