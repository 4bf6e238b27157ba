"""What a notebook shows of a report."""

import html.parser
import math

import pytest

from imagegate.header import Header
from imagegate.judge import judged, stated
from imagegate.policy import Policy
from imagegate.rules import RULES
from tests.reports import DEFAULT, PHOTOS, finding, real, report

TAGS = {
    "div", "strong", "ul", "li", "br", "small", "code", "table", "thead", "tbody", "tr", "th", "td", "details",
    "summary",
}  # fmt: skip


class Page(html.parser.HTMLParser):
    """The tags, attributes and text of a piece of HTML."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), [], ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", PHOTOS)
def test_html_is_whole_and_needs_nothing_from_outside(name):
    page = Page(real(name)._repr_html_())

    assert page.open == []
    assert page.tags <= TAGS
    assert {key for key, _ in page.attributes} <= {"style", "lang", "scope"}
    assert not any("url(" in value for _, value in page.attributes)


@pytest.mark.parametrize("name", PHOTOS)
def test_html_takes_the_colours_of_the_notebook(name):
    """Only borders have a colour of their own, so text is readable on a light and on a dark page."""
    styles = [value for key, value in Page(real(name)._repr_html_()).attributes if key == "style"]
    rules = [rule.split(":") for style in styles for rule in style.split(";")]

    assert {value for key, value in rules if key == "color"} == {"inherit"}
    assert {value for key, value in rules if key.startswith("background")} == {"none"}


@pytest.mark.parametrize("name", PHOTOS)
def test_html_tells_verdict_causes_and_advice(name):
    text = Page(real(name)._repr_html_()).text

    assert ("Passes" in text) == real(name).ok
    assert (f"Rejected ({real(name).status})" in text) != real(name).ok
    for item in real(name).findings:
        assert all(part in text for part in (item.cause.code, item.cause.title, item.advice, item.message))


def test_html_shows_the_numbers_beside_their_limits():
    radius = real("blurred").measurements.blur_radius
    limit = next(rule.limit for rule in RULES if rule.id == "blur_radius.max")
    text = Page(real("blurred")._repr_html_()).text

    assert f"{radius:.3g} px" in text
    assert f"at most {limit:g} px✗ fails" in text
    assert "at least 224 pixels✓ passes" in text


def test_html_escapes_every_text():
    script = "<script>alert('&')</script>"
    page = Page(
        report(
            finding("glare", message=script),
            policy=Policy(name=script),
            header=Header(format=script, width=1, height=1),
        )._repr_html_()
    )

    assert "script" not in page.tags
    assert page.text.count(script) == 3


def test_a_number_is_shown_with_as_many_digits_as_tell_it_from_its_limit():
    policy = Policy(limits={"aspect_ratio": {"max": 1.33}})
    header = Header(format="jpeg", width=1331, height=1000)
    found = {row.metric.name: row for row in judged(policy, header)}

    assert found["aspect_ratio"].value_text == "1.331"
    assert found["aspect_ratio"].verdict == "warn"


def test_limits_that_a_policy_lifts_or_ignores_are_not_shown():
    policy = Policy(limits={"pixels": {"max": math.inf}}, severities={"image_animated": "ignore"})
    shown = [row.metric.name for row in judged(policy, Header(format="jpeg", width=9, height=9))]

    assert "pixels" not in shown
    assert "frames" not in shown
    assert "short_side" in shown


def test_the_number_of_a_finding_is_shown_where_nothing_else_is_known():
    """A file that is too large is judged by its length alone."""
    found = finding("file_too_large", metric="file_size", value=3e7, limit=2e7, unit="bytes")
    rows = list(judged(DEFAULT, stated((found,))))

    assert [(row.value_text, row.verdict) for row in rows if row.rule.bound == "max"] == [
        ("30,000,000 bytes", "reject")
    ]
