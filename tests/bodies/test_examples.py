"""Every error body that an API documents is understood as its page means it, and written as the page writes it."""

import copy
import json
import re

import pytest

from imagegate.bodies import BODIES
from tests.bodies.examples import BLANKS, EXAMPLES

NAMES = [f"{example.api}-{example.parsed.code or 'sentence'}" for example in EXAMPLES]
OURS = [example for example in EXAMPLES if example.refusal]


def bodies_in(page):
    """The outermost JSON objects in a text."""
    for blank, filled in BLANKS.items():
        page = page.replace(blank, filled)
    start = 0
    while opening := re.compile(r'\{(?=\s*")').search(page, start):
        try:
            body, start = json.JSONDecoder().raw_decode(page, opening.start())
        except ValueError:
            start = opening.end()
        else:
            yield body


def without(body, paths):
    """A body less the members at these paths, and less the objects that this empties."""
    left = copy.deepcopy(body)
    for path in paths:
        *way, last = path.split(".")
        parents = [left]
        for name in way:
            parents.append(parents[-1][int(name) if name.isdigit() else name])
        del parents[-1][last]
        if not parents[-1]:
            del parents[-2][way[-1]]
    return left


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_documented_body_says_what_its_page_says(example):
    assert BODIES[example.api].parse(example.body) == example.parsed


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
@pytest.mark.parametrize("api", BODIES)
def test_a_documented_body_is_of_one_dialect_only(api, example):
    assert (BODIES[api].parse(example.body) is not None) == (api == example.api)


@pytest.mark.parametrize("example", OURS, ids=[example.api for example in OURS])
def test_a_documented_body_of_a_cause_of_ours_is_written_as_the_page_writes_it(example):
    status, _, body = BODIES[example.api].render(example.refusal)

    assert without(body, example.added) == without(example.body, example.unsaid)
    assert status == example.refusal.status


def test_every_dialect_is_documented_by_an_example():
    assert {example.api for example in EXAMPLES} == set(BODIES)


def test_every_body_in_the_seeds_is_an_example(shared):
    """Whoever adds a body to a page says here what it means."""
    found = [
        (page.name, body)
        for page in sorted((shared / "seeds").glob("*.txt"))
        for body in bodies_in(page.read_text("utf-8"))
    ]
    expected = [(example.source, example.body) for example in EXAMPLES if example.source.endswith(".txt")]

    assert found == expected
    assert len(found) == 9
