"""What the documents say is so: generated tables are current, examples run, limits are the code's."""

import ast
import re

import pytest

from imagegate.rules import RULES
from tests.generated import BLOCKS, ROOT, filled

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", BLOCKS)
def test_generated_tables_are_current(document):
    """`python -m tests.generated` mends this."""
    assert (ROOT / document).read_text(encoding="utf-8") == filled(document)


def test_the_table_of_limits_is_the_table_of_rules():
    text = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9_]+\.(?:min|max))` \| ([^|]+) \| `([a-z_]+)` \| ([^|]+) \|$", text, re.MULTILINE)
    stated = [
        (rule, None if limit == "none" else float(limit.replace(",", "")), cause) for rule, limit, cause, _ in rows
    ]

    assert stated == [(rule.id, rule.limit, rule.cause) for rule in RULES]


def test_the_readme_begins_with_its_two_commands():
    block = re.search(r"```\n(.*?)```", README, re.DOTALL)[1].splitlines()

    assert block == [
        "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/imagegate scan sample_images",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ]


def test_the_first_example_of_the_readme_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - the README is ours
    printed = capsys.readouterr().out.splitlines()

    assert printed[0] == "True 200"
    assert printed[1].startswith("image_blurred ")


def test_links_between_documents_lead_somewhere():
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


PROMISES = [
    row.split("|")[1:3]
    for row in (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
    if row.startswith("| **")
]


@pytest.mark.parametrize(("promise", "tests"), PROMISES, ids=[promise.split("**")[1] for promise, _ in PROMISES])
def test_every_promise_is_held_by_tests_that_exist(promise, tests):  # noqa: ARG001 - the promise is named by its id
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)

    assert named
    assert len(named) == tests.count("`") // 2
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"
