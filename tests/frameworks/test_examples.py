"""Each example app, as it is documented, answers a real client: good, blurred, broken, missing and too large photos."""

import csv

import pytest

from imagegate.bodies import BODIES
from imagegate.causes import CAUSES
from imagegate.words import say
from tests.frameworks.conftest import BLURRED, BROKEN, GOOD, NAME, SAMPLES, as_form
from tests.generated import ROOT

APPS = ("fastapi_app", "asgi_app", "flask_app", "django_app", "drf_app")
WITH_BOUND = ("fastapi_app", "asgi_app", "flask_app")
TABLE = (ROOT / "tests" / "samples" / "expected.csv").read_text(encoding="utf-8")
EXPECTED = {row["file"]: row for row in csv.DictReader(TABLE.splitlines())}


@pytest.fixture(params=APPS, scope="module")
def app(request, examples):
    """Of this scope, so that all tests of one app are run together, and few apps are started by two processes."""
    return examples(request.param)


@pytest.fixture
def client(app):
    with app.client() as one:
        yield one


def to_telesoft(app, picture):
    """Send it where the example answers as Telesoft does."""
    method, path = ("PUT", "/patients/7/photo") if app.name == "asgi_app" else ("POST", "/telesoft")
    with app.client() as client:
        return client.request(method, path, **as_form(picture))


def test_a_good_photo_reaches_the_app_as_it_was_sent(client):
    answer = client.post("/photos", **as_form(GOOD))

    assert answer.status_code == 200
    # The middleware hands on the whole request, the others the file.
    assert answer.json()["bytes"] in (len(GOOD), int(answer.request.headers["content-length"]))
    assert answer.json()["warnings"] == []


@pytest.mark.parametrize("file", ["glare_mst06.jpg", "gps.jpg"])
def test_a_warning_reaches_the_app_and_keeps_no_photo_out(client, file):
    answer = client.post("/photos", **as_form((SAMPLES / file).read_bytes()))

    assert answer.status_code == 200
    assert answer.json()["warnings"] == EXPECTED[file]["warnings"].split()


@pytest.mark.parametrize("file", ["blurred_defocus_mst06.jpg", "damaged_middle.jpg"])
def test_a_photo_that_is_not_taken_is_answered_with_its_problem(client, file):
    answer = client.post("/photos", **as_form((SAMPLES / file).read_bytes()))

    assert answer.status_code == int(EXPECTED[file]["status"])
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["code"] for error in answer.json()["errors"]] == EXPECTED[file]["causes"].split()


@pytest.mark.parametrize("sent", [as_form(GOOD, field="other"), as_form(b"")], ids=["another field", "no bytes"])
def test_a_form_without_a_photo_is_answered_so_too(app, client, sent):
    if app.name == "asgi_app" and "other" in sent["files"]:
        pytest.skip("the middleware takes the one file of a form, whatever its field is called")
    answer = client.post("/photos", **sent)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["code"] == "image_missing"


@pytest.mark.parametrize("lang", ["es", "fr", "de"])
def test_advice_is_in_the_language_of_the_request(client, lang):
    answer = client.post("/photos", **as_form(BLURRED), headers={"Accept-Language": f"{lang}-AT, en;q=0.5"})

    assert answer.headers["content-language"] == lang
    assert answer.json()["errors"][0]["advice"] == say(CAUSES["image_blurred"].advice, lang)
    assert answer.json()["title"] == say(CAUSES["image_blurred"].title, lang)


@pytest.mark.parametrize(("picture", "status"), [(BLURRED, 422), (BROKEN, 400)], ids=["blurred", "broken"])
def test_another_dialect_is_answered_where_it_is_asked_for(app, picture, status):
    answer = to_telesoft(app, picture)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert BODIES["telesoft"].parse(answer.json()) is not None


@pytest.mark.parametrize("name", WITH_BOUND)
def test_a_request_over_the_bound_is_answered_413_in_its_dialect(examples, name):
    answer = to_telesoft(examples(name), GOOD + bytes(5_000_000))

    assert answer.status_code == 413
    assert "5,000,000 bytes" in BODIES["telesoft"].parse(answer.json()).message


@pytest.mark.parametrize("name", [name for name in APPS if name not in WITH_BOUND])
def test_a_file_over_the_policys_limit_is_refused_and_leaves_nothing_on_disk(examples, name):
    """A file of this size Django keeps on disk, and it has been sent when its form is looked at."""
    with examples(name).client() as client:
        answer = client.post("/photos", **as_form(GOOD + bytes(20 << 20)))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "file_too_large"
    assert list(examples(name).folder.iterdir()) == []


def test_an_id_of_the_request_stands_in_the_answer(client):
    answer = client.post("/photos", **as_form(BLURRED), headers={"X-Request-Id": "req-7"})

    assert answer.json()["requestId"] == "req-7"


def test_the_name_of_a_file_is_in_no_answer_and_no_log(app, client):
    answers = [client.post("/photos", **as_form(picture)) for picture in (GOOD, BLURRED, BROKEN, b"")]

    assert NAME not in "".join(answer.text for answer in answers)
    assert NAME not in "".join(app.lines)
