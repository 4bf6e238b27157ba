"""What the documents say is so: generated tables are current, examples run, limits are the code's."""

import ast
import inspect
import re

import pytest
from typer.main import get_command

import imagegate
from imagegate.cli.commands import app
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


@pytest.mark.parametrize(
    ("user", "lines"),
    [
        ("Before an upload", ("check(", 'policy="legit_health"', "explain(", "imagegate explain --status 429")),
        (
            "Folders of photos",
            ("scan(", 'policy="perfect_corp_hd"', "--profile perfect_corp_hd", "explain session.har"),
        ),
        ("The uploads of an app", ("check(", "check_payload(", "to_error(", "imagegate payload")),
    ],
)
def test_the_readme_shows_each_user_the_lines_that_speak_an_apis_language(user, lines):
    section = README.split(f"**{user}", 1)[1].split("\n**", 1)[0].split("\n## ", 1)[0]

    assert [line for line in lines if line not in section] == []


def test_the_readmes_examples_call_what_there_is():
    for example in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        for call in ast.walk(ast.parse(example)):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("imagegate."):
                function = getattr(imagegate, call.func.attr)
                inspect.signature(function).bind(*call.args, **{word.arg: word.value for word in call.keywords})


def test_the_readmes_commands_have_the_options_that_it_gives_them():
    known = get_command(app).commands
    for line in re.findall(r"^imagegate (.*)$", README, re.MULTILINE):
        name, *words = line.partition(" #")[0].split()
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, line


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
