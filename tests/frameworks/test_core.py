"""What all pages share, and how they are come by."""

import subprocess
import sys

import pytest

import imagegate
from imagegate.frameworks.core import Gate, GatedImage
from imagegate.report import ImageRejected
from tests.frameworks.conftest import BLURRED, FOLDER, GOOD, command_of
from tests.generated import ROOT

NEEDS = {
    "fastapi": ("fastapi", "pip install fastapi python-multipart"),
    "asgi": ("python_multipart", "pip install starlette python-multipart"),
    "flask": ("flask", "pip install flask"),
    "django": ("django", "pip install django"),
    "drf": ("rest_framework", "pip install djangorestframework"),
}


def test_without_its_framework_a_page_says_what_to_install():
    code = "import sys, importlib\n"
    for page, (framework, _) in NEEDS.items():
        code += f"sys.modules[{framework!r}] = None\n"
        code += (
            f"try: importlib.import_module('imagegate.frameworks.{page}')\nexcept ImportError as error: print(error)\n"
        )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert [line.partition(": ")[2] for line in run.stdout.splitlines()] == [hint for _, hint in NEEDS.values()]


def test_flask_and_django_need_nothing_of_the_service():
    code = "import sys\nfor name in ('fastapi', 'starlette', 'python_multipart', 'uvicorn', 'prometheus_client'):\n"
    code += "    sys.modules[name] = None\nimport imagegate.frameworks.flask, imagegate.frameworks.django"

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_gate_hands_on_what_passes_and_says_where_it_was():
    image = Gate("legit_health", api="problem", largest_body=1000).accept(GOOD, {}, "photo")

    assert image == GatedImage(data=GOOD, report=imagegate.check(GOOD, policy="legit_health"))


@pytest.mark.parametrize(("given", "request_id"), [("req-7", "req-7"), ("", None), ("a b", None), ("x" * 65, None)])
def test_an_answer_has_the_id_of_the_request_if_that_is_one(given, request_id):
    gate = Gate(None, api="problem", largest_body=1000)
    with pytest.raises(ImageRejected) as rejected:
        gate.accept(BLURRED, {"accept-language": "fr"}, "photo/1")

    status, headers, body = gate.answer(rejected.value, {"x-request-id": given})

    assert (status, headers["Content-Language"]) == (422, "fr")
    assert body.get("requestId") == request_id
    assert body["errors"][0]["pointer"] == "#/photo~11"


# The page of the documentation


@pytest.mark.parametrize("example", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_the_page_shows_each_example_with_its_command(example):
    page = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")

    assert f"\n{command_of(example.stem)}\n" in page
    assert f"```python\n{example.read_text(encoding='utf-8').strip()}\n```" in page
