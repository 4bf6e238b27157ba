"""schemathesis calls the service with all that its OpenAPI allows and forbids, and finds no answer that it does not."""

import pytest

pytest.importorskip("schemathesis", reason="needs the extra imagegate[dev]")

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

ALLOWED, FORBIDDEN = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
CALLS = [
    ("/v1/check", "POST", ALLOWED),
    ("/v1/check", "POST", FORBIDDEN),
    ("/v1/check-payload", "POST", ALLOWED),
    ("/v1/check-payload", "POST", FORBIDDEN),
    ("/v1/inspect", "POST", ALLOWED),
    ("/v1/inspect", "POST", FORBIDDEN),
    ("/healthz", "GET", ALLOWED),
    ("/readyz", "GET", ALLOWED),
    ("/metrics", "GET", ALLOWED),
]


@pytest.fixture(scope="module")
def schema(service):
    return schemathesis.openapi.from_url("http://{}:{}/openapi.json".format(*service.address))


def test_every_operation_is_called(schema):
    described = {(operation.ok().path, operation.ok().method.upper()) for operation in schema.get_all_operations()}

    assert described == {(path, method) for path, method, _ in CALLS}


@pytest.mark.parametrize(("path", "method", "mode"), CALLS)
def test_every_answer_is_as_described(schema, path, method, mode):
    cases = schema[path][method].as_strategy(generation_mode=mode)

    @given(case=cases)
    @settings(max_examples=50, suppress_health_check=[*HealthCheck])
    def call(case):
        # No schema can say which bytes are a picture, so that what it allows need not be accepted.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    call()
