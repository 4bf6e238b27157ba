"""No parser takes more than time and memory that grow with its input: counted, and at full size with wide margins."""

import math
import re
import sys
from itertools import pairwise

import pytest

import imagegate
from tests import patterns
from tests.backtracking import Endless, Matcher
from tests.counted import cost_of
from tests.hostile import FORMS, PARSERS, measured_forms

# Twice the input, twice the cost; what takes the square of it takes four times as much.
MOST_GROWTH = 2.3
# Below these a cost does not count: it is what any input costs.
LEAST_LINES = 5000
SIZE = 5000
# Where the cost grows in larger steps, or is cut off beyond a bound.
SIZES = {"zip": 1 << 14, "csv": 1500, "policy": 1 << 17, "list of names": 1 << 18}
# Characters for each pattern; no repeat with a bound is as long, but for those that are possessive.
LENGTH = 80
FULL_SIZE = 20_000_000
# So many bytes more than the input, and so many seconds: 20 times and more what the slowest take.
MOST_MEMORY, MOST_SECONDS = 200_000_000, 20
# Each piece of these is a record of its own, or a frame that Pillow counts: a tenth of the size is enough to wait for.
SHORTER = {"zip", "tar", "csv", "GIF of Pillow"}

NAMES = [f"{form.parser}: {form.name}" for form in FORMS]
PATTERNS = patterns.patterns()
# Found in this package once: each takes the square of a run.
BAD = {
    "padding before the end of a JPEG": rb"(?<!\xff)\0+(?=\xff\xd9)",
    "letters of both cases": r"(?=[a-z0-9+]*[A-Z])(?=[A-Z0-9+]*[a-z])[A-Za-z0-9+]{48}",
    "an announcement of Base64": rb"\s*(?:b['\"]|data:[^,]*,?)",
    "one repeat behind another": r"\s+\s+$",
    "a repeat within a repeat": r"(?:a+)+b",
}


@pytest.fixture(scope="module", autouse=True)
def _warm():
    imagegate.warmup()


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_twice_the_input_costs_twice_as_much(form):
    size = SIZES.get(form.parser, SIZE)
    read = PARSERS[form.parser]
    read(form.make(size))  # loads what is loaded once
    costs = [cost_of(read, form.make(times * size)) for times in (1, 2, 4)]
    lines = [max(cost.lines, LEAST_LINES) for cost in costs]
    visited = [max(cost.visited, times * size) for cost, times in zip(costs, (1, 2, 4), strict=True)]

    assert max(growth(lines) + growth(visited)) < MOST_GROWTH, costs


def growth(counts):
    return [after / before for before, after in pairwise(counts)]


def test_every_parser_is_fed():
    assert {form.parser for form in FORMS} == set(PARSERS)


def test_the_square_of_the_input_is_noticed_in_python_and_in_c():
    def compares_all(data):
        return sum(1 for _ in data for _ in data)

    def copies_the_rest(data):
        while data:
            data = data[1:]

    def looks_for_what_is_not_there(data):
        return [data.find(b"\xff") for _ in range(len(data))]

    for parse in (compares_all, copies_the_rest, looks_for_what_is_not_there):
        first, second = (cost_of(parse, bytes(length)) for length in (200, 400))

        assert max(second.lines / first.lines, second.visited / first.visited) > MOST_GROWTH, parse.__name__


def steepest(pattern, way):
    """How much more steps the pattern takes with twice the text, of all attacks on it; the second doubling counts."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # a repeat of a group takes some frames for each time
    try:
        attacks = zip(*(Matcher(pattern).attacks(times * LENGTH) for times in (1, 2)), strict=True)
        return max((steps(pattern, way, long) / steps(pattern, way, short) for short, long in attacks), default=1.0)
    except Endless:
        return math.inf
    finally:
        sys.setrecursionlimit(limit)


def steps(pattern, way, text):
    matcher = Matcher(pattern)
    getattr(matcher, way)(text)
    return matcher.steps + len(text)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_takes_steps_as_many_as_its_text_has_characters(name):
    way = "search" if patterns.searched(name) else "match"

    assert steepest(PATTERNS[name], way) < MOST_GROWTH


@pytest.mark.parametrize("pattern", BAD.values(), ids=BAD)
def test_patterns_that_take_the_square_are_noticed(pattern):
    assert steepest(re.compile(pattern), "search") > 3


def test_the_matcher_finds_what_python_finds():
    texts = ["", "a", "aab", "b'x", "data:a,b", " \t 12.5", '"a""b",c', "x  y", "HTTP/1.1 200 OK\n\n", "a" * 60 + "B"]
    for pattern in PATTERNS.values():
        for text in texts:
            own = text.encode("latin-1") if isinstance(pattern.pattern, bytes) else text

            assert Matcher(pattern).match(text) == (pattern.match(own) is not None), (pattern, text)


def test_every_pattern_is_compiled_once_and_where_it_is_found():
    assert [use for use in patterns.uses_of_re() if use[2] or use[1] not in {"compile", "escape"}] == []
    assert len(PATTERNS) > 50


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak of memory anew")
@pytest.mark.parametrize("parser", PARSERS)
def test_20_mb_of_any_form_are_read_in_bounded_time_and_memory(parser):
    """What C code does within one call is not counted above: at this size a square of it would never end."""
    size = FULL_SIZE // 10 if parser in SHORTER else FULL_SIZE
    found = measured_forms(parser, size, MOST_SECONDS)

    assert [name for name, cost in found.items() if cost is None] == []
    assert {name: cost.memory for name, cost in found.items() if cost.memory > MOST_MEMORY} == {}
