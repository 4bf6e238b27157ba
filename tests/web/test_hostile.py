"""Files that were made to break decoders cost the service no more than themselves."""

import pytest

import imagegate
from tests.bombs import BOMBS

HEADERS = {"Content-Type": "application/octet-stream"}


def as_check_says(client, data):
    """Whether the service answers as check() does, and is ready for more."""
    answer = client.post("/v1/check", content=data, headers=HEADERS)
    return answer.status_code == imagegate.check(data).status and client.get("/readyz").status_code == 200


@pytest.fixture
def client(service):
    with service.client() as one:
        yield one


def test_bombs_are_refused_by_their_cause(client):
    for name, (data, cause) in BOMBS.items():
        answer = client.post("/v1/check", content=data, headers=HEADERS)

        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, cause), name
    assert client.get("/readyz").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["afl_jpeg", "pillow_broken", "pngsuite"])
def test_the_finds_of_fuzzers_are_answered_as_check_does(client, shared, folder):
    for path in sorted((shared / "data" / folder).rglob("*.*")):
        assert as_check_says(client, path.read_bytes()), path.name
