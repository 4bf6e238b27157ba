"""The page of a calibration, in a browser."""

from __future__ import annotations

import re
from importlib import resources

import numpy as np
import pytest

from imagegate.calibration import calibrate
from imagegate.calibration.page import to_html
from tests.contrast import contrast
from tests.test_calibration import records
from tests.test_page import SIZES

STYLE = (resources.files("imagegate.calibration") / "page.css").read_text(encoding="utf-8")
LIGHT, DARK, PRINTED = (dict(re.findall(r"--(\w+): (#\w{3,6});", part)) for part in STYLE.split(":root")[1:])
SIZES = SIZES | {"small phone": {"width": 320, "height": 568}}

# Of each curve: its length, and whether it lies in its figure.
CURVES = """() => [...document.querySelectorAll("figure path.curve")].map(path => {
    const [line, figure] = [path, path.ownerSVGElement].map(element => element.getBoundingClientRect());
    const inside = line.left >= figure.left && line.right <= figure.right
        && line.top >= figure.top && line.bottom <= figure.bottom;
    return [path.getTotalLength(), inside, getComputedStyle(path).stroke !== "none"];
})"""


@pytest.fixture(scope="module", params=["good alone", "good and bad"])
def page(request, tmp_path_factory):
    rng = np.random.default_rng(7)
    good = records(blur_score=rng.normal(-3, 1, 500), luma_p98=rng.uniform(120, 250, 500))
    bad = records(start=1000, blur_score=rng.normal(2, 2, 80), luma_p98=rng.uniform(50, 240, 80))
    path = tmp_path_factory.mktemp("calibration") / "page.html"
    found = calibrate(good, bad if request.param == "good and bad" else None, reject_rate=0.03)
    path.write_text(to_html(found), encoding="utf-8")
    return path, len(found.rules)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_curves_meet_wcag_aa(colours):
    """WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for graphics (1.4.11)."""
    for text in ("ink", "quiet"):
        assert contrast(colours[text], colours["paper"]) >= 4.5, text
    for curve in ("good", "bad", "doubt"):
        assert contrast(colours[curve], colours["paper"]) >= 3, curve


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_it_is_whole_on_every_screen_in_light_and_dark(browser, page, size, scheme):
    path, rules = page
    trouble = []
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
    tab = context.new_page()
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("request", lambda request: trouble.append(request.url) if request.url != path.as_uri() else None)
    tab.goto(path.as_uri())
    wide, ground = tab.evaluate(
        "[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
    )
    curves = tab.evaluate(CURVES)
    context.close()

    colours = {"light": LIGHT, "dark": DARK}[scheme]
    assert trouble == []
    assert wide == SIZES[size]["width"]
    assert ground == f"rgb({', '.join(str(int(colours['paper'][at : at + 2], 16)) for at in (1, 3, 5))})"
    assert len(curves) >= rules
    assert all(length > 0 and inside and stroked for length, inside, stroked in curves)
