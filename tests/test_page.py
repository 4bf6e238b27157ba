"""The report page of a scan: one file that asks nothing of anybody, whatever the pictures are called."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import re
import zipfile
from html.parser import HTMLParser
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageOps

import imagegate
from imagegate import page as page_module
from imagegate.cli.running import run
from imagegate.page import Page
from imagegate.page.worst import PER_CAUSE
from imagegate.policy import PROFILES, Policy
from imagegate.scanning import Record
from imagegate.versions import versions
from tests.contrast import contrast
from tests.reports import finding, report
from tests.samples.make import PICTURES
from tests.scenes import BLURRED, SHARP

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT = PROFILES["default"]

HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>.jpg",
    "</script><script>alert(1)</script>.jpg",
    "<!--<script>.jpg",
    "]]>&amp;'\"`${alert(1)}.jpg",
    "line\u2028and paragraph\u2029.jpg",
    "\u202egpj.exe",
    "tab\tnull\\new\nline.jpg",
    "фото_皮膚_صورة_תמונה_ภาพ_🩹.jpg",
)


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str | None]
    text: str


class _Elements(HTMLParser):
    """The elements of a page in their order, each with the text that begins it."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.open = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append(Element(tag, dict(attrs), ""))
        self.open = True

    def handle_endtag(self, tag):  # noqa: ARG002 - HTMLParser's name for it
        self.open = False

    def handle_data(self, data):
        if self.open:
            self.found[-1] = self.found[-1]._replace(text=self.found[-1].text + data)


def elements(path: Path) -> list[Element]:
    return _Elements(path.read_text(encoding="utf-8")).found


def held(path: Path, name: str):
    """What a script element of the page holds as JSON."""
    (text,) = (element.text for element in elements(path) if element.attributes.get("id") == name)
    return json.loads(text)


def record(source="photo.jpg", *found, **more):
    """A record with these findings, as a scan gives it."""
    return Record(**({"source": source, "size": 1000, "report": report(*found)} | more))


def beyond(value, limit=2.8):
    return finding("image_blurred", metric="blur_radius", value=value, limit=limit, unit="px")


def written(path: Path, records, policy: Policy = DEFAULT) -> Path:
    with Page(path, policy) as page:
        assert list(page.noting(records)) == list(records)
    return path


# The file


def test_names_of_files_are_data_whatever_they_are_called(tmp_path):
    page = written(tmp_path / "report.html", [record(name, "image_blurred") for name in HOSTILE_NAMES])
    plain = written(tmp_path / "plain.html", [record("photo.jpg", "image_blurred") for _ in HOSTILE_NAMES])

    assert [row["source"] for row in held(page, "records")] == list(HOSTILE_NAMES)
    assert [element.tag for element in elements(page)] == [element.tag for element in elements(plain)]
    assert not set("\u2028\u2029") & set(page.read_text(encoding="utf-8"))


def test_a_name_that_is_not_utf8_is_shown_by_its_escapes(tmp_path):
    page = written(tmp_path / "report.html", [record("photo_\udcff.jpg")])

    assert held(page, "records")[0]["source"] == "photo_\\udcff.jpg"


def test_only_its_own_style_and_script_may_run_and_nothing_may_be_fetched(tmp_path):
    page = written(tmp_path / "report.html", [record()])
    (policy,) = (e.attributes["content"] for e in elements(page) if "http-equiv" in e.attributes)
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    of_tag = {e.tag: e.text for e in elements(page) if e.tag in {"style", "script"}}  # of scripts the last one runs

    def allowed(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert directives == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": allowed(of_tag["style"]),
        "script-src": allowed(of_tag["script"]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_no_address_stands_in_the_page(tmp_path):
    text = written(tmp_path / "report.html", [record()]).read_text(encoding="utf-8")

    assert set(re.findall(r"\w+://[^\"'\s]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not [
        element for element in elements(tmp_path / "report.html") if {"src", "srcset"} & set(element.attributes)
    ]


def test_its_verdicts_and_causes_are_those_of_the_scan(tmp_path):
    passed, warned, poor, broken = (
        record("x", *found) for found in ((), ("glare",), (beyond(4.0), "glare"), ("image_corrupt",))
    )
    unread = record("gone.jpg", report=None, size=None, error="No such file or directory")
    page = written(tmp_path / "report.html", [passed, warned, poor, poor, broken, unread])
    summary = held(page, "summary")

    assert summary["verdicts"] == {"passed": 1, "warned": 1, "poor": 2, "unreadable": 1, "unread": 1}
    assert [(cause["code"], cause["severity"], cause["status"], cause["count"]) for cause in summary["causes"]] == [
        ("image_blurred", "reject", 422, 2),
        ("image_corrupt", "reject", 400, 1),
        ("glare", "warn", 422, 3),
    ]
    assert held(page, "records")[-1]["error"] == "No such file or directory"


def test_limits_are_the_policys(tmp_path):
    policy = Policy(limits={"blur_radius": {"max": 1.5}, "contrast": {"min": float("-inf")}})
    metrics = {m["name"]: m for m in held(written(tmp_path / "report.html", [record()], policy), "summary")["metrics"]}

    assert metrics["blur_radius"]["limits"] == [{"bound": "max", "limit": 1.5, "cause": "image_blurred"}]
    assert metrics["contrast"]["limits"] == []


def test_numbers_are_those_of_the_record(tmp_path):
    (scanned,) = imagegate.scan(PICTURES / "good_orientation6.jpg")
    page = written(tmp_path / "report.html", [scanned])
    names = [metric["name"] for metric in held(page, "summary")["metrics"]]
    numbers = dict(zip(names, held(page, "records")[0]["numbers"], strict=True))
    measured = scanned.report.measurements

    assert numbers["blur_score"] == pytest.approx(measured.blur_score, rel=1e-5)
    assert numbers["file_size"] == scanned.size
    assert numbers["short_side"] == min(measured.width, measured.height)
    assert numbers["base64_length"] is None


def test_beyond_what_a_browser_can_list_records_are_still_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "MOST_LISTED", 3)
    page = written(tmp_path / "report.html", [record(str(number), beyond(3.0 + number)) for number in range(9)])
    summary = held(page, "summary")

    assert [row["source"] for row in held(page, "records")] == ["0", "1", "2"]
    assert (summary["listed"], summary["verdicts"]) == (3, {"poor": 9})
    assert summary["worst"][str(summary["causes"][0]["worst"][0])]["source"] == "8"


# It is there when it is whole


def test_the_page_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("the last one")
    with Page(path, DEFAULT) as page:
        page.add(record().to_dict())
        assert path.read_text() == "the last one"

    assert held(path, "summary")["complete"] is True
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_scan_leaves_a_page_that_says_so(tmp_path):
    path = tmp_path / "report.html"

    def records():
        yield record()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Page(path, DEFAULT) as page:
        list(page.noting(records()))

    assert held(path, "summary")["complete"] is False
    assert len(held(path, "records")) == 1


def test_where_it_cannot_be_finished_the_last_page_stays(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("the last one")

    def full(**_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"), Page(path, DEFAULT) as page:
        monkeypatch.setattr(page, "_summary", full)

    assert path.read_text() == "the last one"
    assert list(tmp_path.iterdir()) == [path]


# The worst


def worst_of(page, code="image_blurred"):
    summary = held(page, "summary")
    (cause,) = (cause for cause in summary["causes"] if cause["code"] == code)
    return [summary["worst"][str(index)]["source"] for index in cause["worst"]]


def test_the_worst_are_the_farthest_beyond_their_limit_relative_to_it(tmp_path):
    """5 at a limit of 2 is 2.5 times as much as is taken; 10 at a limit of 8 is 1.25 times."""
    found = {
        "near": beyond(10.0, 8.0),
        "unknown": beyond(float("nan")),
        "far": beyond(5.0, 2.0),
        "same": beyond(5.0, 2.0),
    }

    assert worst_of(written(tmp_path / "r.html", [record(*pair) for pair in found.items()])) == [
        "far",
        "same",
        "near",
        "unknown",
    ]


def test_a_number_below_its_limit_is_as_far_beyond_it(tmp_path):
    dark = {
        name: finding("underexposed", metric="luma_p98", value=value, limit=60)
        for name, value in {"dim": 50, "black": 5}.items()
    }

    assert worst_of(written(tmp_path / "r.html", [record(*pair) for pair in dark.items()]), "underexposed") == [
        "black",
        "dim",
    ]


def test_only_a_few_of_each_cause_are_kept(tmp_path):
    order = [3, 9, 1, 7, 0, 5, 8, 2, 6, 4]
    page = written(tmp_path / "r.html", [record(str(number), beyond(3.0 + number)) for number in order])

    assert worst_of(page) == [str(number) for number in range(9, 9 - PER_CAUSE, -1)]


def thumbnails_of(page, source):
    (found,) = (row for row in held(page, "summary")["worst"].values() if row["source"] == str(source))
    return {
        kind: Image.open(io.BytesIO(base64.b64decode(found[kind].removeprefix("data:image/jpeg;base64,"))))
        for kind in ("plain", "marked")
        if kind in found
    }


def test_a_thumbnail_is_the_picture_as_it_is_seen(tmp_path):
    """Turned as Pillow's exif_transpose turns it; within what JPEG and two ways to shrink it may differ."""
    path = PICTURES / "good_orientation6.jpg"
    nothing_is_large_enough = Policy(limits={"short_side": {"min": 100_000}})
    records = list(imagegate.scan(path, policy=nothing_is_large_enough))
    thumbnail = thumbnails_of(written(tmp_path / "r.html", records, nothing_is_large_enough), path)["plain"]
    with Image.open(path) as stored:
        seen = ImageOps.exif_transpose(stored).convert("RGB").resize(thumbnail.size, Image.Resampling.BOX)

    assert thumbnail.height > thumbnail.width
    assert np.abs(np.asarray(thumbnail, float) - np.asarray(seen, float)).mean() < 6


def test_a_blurred_picture_is_shown_with_and_without_marks(tmp_path):
    path = PICTURES / "blurred_strong_mst04.jpg"
    shown = thumbnails_of(written(tmp_path / "r.html", list(imagegate.scan(path))), path)

    assert {kind: max(picture.size) for kind, picture in shown.items()} == {"plain": 240, "marked": 240}


def test_a_file_that_was_changed_since_has_no_thumbnail(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(BLURRED)
    records = list(imagegate.scan(path))
    path.write_bytes(SHARP)

    assert thumbnails_of(written(tmp_path / "r.html", records), path) == {}


@pytest.mark.parametrize("name", ["truncated.jpg", "declared_65000x65000.png", "empty.jpg"])
def test_what_cannot_be_decoded_has_no_thumbnail(tmp_path, name):
    path = PICTURES / name

    assert thumbnails_of(written(tmp_path / "r.html", list(imagegate.scan(path))), path) == {}


# What it looks like


STYLE = (resources.files("imagegate.page") / "page.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--(\w+): (#\w{6});", part)) for part in STYLE.split("*, *::before")[0].split("@media"))


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_graphics_meet_wcag_aa(colours):
    """WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for graphics and the mark of the focus (1.4.11)."""
    for ground in ("paper", "panel"):
        for text in ("ink", "quiet", "passed", "warned", "rejected", "unread", "focus"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["bar"], colours[ground]) >= 3, ground


# The command


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, data in {"sharp.jpg": SHARP, "blurred.jpg": BLURRED, "<img src=x onerror=alert(1)>.jpg": b"x"}.items():
        (folder / name).write_bytes(data)
    return folder


def test_the_command_writes_the_page_beside_what_it_prints(tmp_path, photos, capsysbinary):
    assert run(["scan", "--json", "--html", str(tmp_path / "report.html"), str(photos)]) == 1
    printed = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]

    shown = held(tmp_path / "report.html", "records")
    assert [row["source"] for row in shown] == [row["source"] for row in printed]
    assert [row["status"] for row in shown] == [row["status"] for row in printed]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("report.png", "must end in .html"),
        ("missing/report.html", "there is no folder"),
        ("photos/page.html", "would be lost"),
        ("folder.html", "is a folder"),
    ],
)
def test_a_page_that_cannot_be_written_is_misuse(tmp_path, photos, capsys, page, said):
    (photos / "page.html").write_bytes(SHARP)
    (tmp_path / "folder.html").mkdir()

    assert run(["scan", "--html", str(tmp_path / page), str(photos / "page.html")]) == 2
    assert said in capsys.readouterr().err
    assert (photos / "page.html").read_bytes() == SHARP


# In a browser

MANY = 10_000
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1440, "height": 900}}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A page of 10,000 records: real ones by turns, under other names; the first of them hostile."""
    kinds = ["good_mst05.jpg", "blurred_defocus_mst06.jpg", "glare_mst06.jpg", "truncated.jpg", "dark_mst02.jpg"]
    scanned = [one.to_dict() for one in imagegate.scan([PICTURES / name for name in kinds])]
    names = itertools.chain(HOSTILE_NAMES, (f"photos/{number:05}.jpg" for number in itertools.count()))
    path = tmp_path_factory.mktemp("page") / "report.html"
    with Page(path, DEFAULT) as page:
        for number, name in zip(range(MANY), names, strict=False):
            page.add(scanned[number % len(scanned)] | {"source": name, "size": 1000 + number * 7919 % MANY})
    return path


@pytest.fixture
def opened(browser, many):
    """The page, opened; what it asked for and complained of is held against it when the test ends."""
    trouble = []
    context = browser.new_context(viewport=SIZES["desktop"])
    tab = context.new_page()
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("dialog", lambda dialog: trouble.append(dialog.message))
    tab.on("request", lambda request: trouble.append(request.url) if not _its_own(request.url, many) else None)
    tab.goto(many.as_uri())
    yield tab
    context.close()
    assert trouble == []


def _its_own(url, path):
    return url == path.as_uri() or url.startswith("data:")


def first_name(tab):
    return tab.locator("#rows tr").first.locator("td.name").text_content()


def shown_count(tab):
    return tab.locator("#count").inner_text()


# Both parts by the page's own clock: until its script has run, and what a sort by size takes then.
UNTIL_SORTED = """() => {
    const start = performance.now();
    document.querySelector("th[data-key=size] button").click();
    const [opening] = performance.getEntriesByType("navigation");
    return opening.domContentLoadedEventEnd + performance.now() - start;
}"""


def test_ten_thousand_records_are_opened_and_sorted_within_two_seconds(opened, many):
    """The issue's bound, which is three times what it takes; a busy machine has three attempts."""
    taken = []
    for _ in range(3):
        opened.goto(many.as_uri())
        taken.append(opened.evaluate(UNTIL_SORTED))

    assert opened.locator("#rows tr").first.locator("td.size").inner_text() == "1000 B"
    assert min(taken) < 2000, taken


def test_only_the_rows_in_sight_are_elements(opened):
    assert opened.locator("#table").get_attribute("aria-rowcount") == str(MANY + 1)
    assert opened.locator("#rows tr").count() < 60


def test_hostile_names_are_shown_as_text(opened):
    assert opened.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    for name in (
        "<img src=x onerror=alert(1)>.jpg",
        "фото_皮膚_صورة_תמונה_ภาพ_🩹.jpg",
        "\\u202egpj.exe",
        "line\\u2028and paragraph",
    ):
        assert opened.locator("#rows", has_text=name).count() == 1


def test_sorting_twice_turns_the_order(opened):
    button = opened.get_by_role("columnheader", name="File").get_by_role("button")
    button.click()
    button.click()

    assert opened.locator("th[aria-sort=descending]").inner_text() == "File ↓"
    assert first_name(opened) == "фото_皮膚_صورة_תמונה_ภาพ_🩹.jpg"


def test_filters_narrow_the_records(opened):
    opened.get_by_label("Verdict").and_(opened.locator("select")).select_option("unreadable")
    assert shown_count(opened) == "2,000 of 10,000 records"
    opened.get_by_label("Cause").and_(opened.locator("select")).select_option("image_blurred")
    assert opened.get_by_text("No record is like that.").is_visible()
    opened.get_by_role("button", name="Show all").click()
    opened.get_by_label("Name or text").fill("00042.JPG")
    assert (shown_count(opened), first_name(opened)) == ("1 of 10,000 records", "photos/00042.jpg")


def test_a_cause_shows_its_records(opened):
    opened.get_by_role("button", name="The picture is too dark").first.click()

    assert shown_count(opened) == "2,000 of 10,000 records"
    assert set(opened.locator("#rows td.found").all_inner_texts()) == {"underexposed"}


def test_a_histogram_sorts_by_its_number_with_its_worst_end_first(opened):
    opened.get_by_role("button", name="Sort by luma_p98").click()

    assert opened.locator("th[aria-sort=ascending]").inner_text() == "luma_p98, levels ↑"
    assert opened.locator("#rows td.found").first.inner_text() == "underexposed"


def test_each_limit_is_drawn_in_its_histogram(opened):
    figure = opened.locator("figure", has_text="blur_radius").first

    assert figure.locator("line.limit").count() == 1
    assert figure.locator("text.limit-name").text_content() == "2.8"
    assert figure.locator("rect.bin.reject").count() >= 1
    assert "2,000 beyond the limit of at most 2.8 px" in figure.locator("svg").get_attribute("aria-label")


def test_what_is_its_limit_is_not_drawn_as_beyond_it(opened):
    """Every sample has one frame, and one is what is taken."""
    opened.get_by_text("Numbers of the file").click()
    figure = opened.locator("figure", has_text="number of pictures that play")
    figure.locator("rect.bin").first.wait_for(state="attached")  # histograms are drawn when they are asked for

    assert figure.locator("rect.bin").count() == 1
    assert figure.locator("rect.reject").count() == 0


def test_everything_can_be_done_by_keyboard(opened):
    table = opened.locator("#table")
    table.focus()
    opened.keyboard.press("End")
    assert table.get_attribute("aria-activedescendant") == f"row-{MANY - 1}"
    assert opened.locator(f"#row-{MANY - 1}").is_visible()
    opened.keyboard.press("ArrowUp")
    opened.keyboard.press("Enter")
    assert opened.locator("#place").inner_text() == "9,999 of 10,000"
    opened.keyboard.press("ArrowRight")
    assert opened.locator("#place").inner_text() == "10,000 of 10,000"
    opened.keyboard.press("Escape")
    assert not opened.locator("#detail").is_visible()
    opened.get_by_role("columnheader", name="Verdict").get_by_role("button").press("Enter")
    assert opened.locator("th[aria-sort]").inner_text() == "Verdict ↑"
    assert opened.evaluate("document.activeElement.textContent") == "Verdict ↑"


def test_scrolling_draws_the_rows_that_come_into_sight(opened):
    opened.locator("#scroller").evaluate("element => element.scrollTo(0, element.scrollHeight)")

    opened.wait_for_selector(f"#row-{MANY - 1}")


def test_a_print_has_rows_and_says_how_many_are_left_out(opened):
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert opened.locator("#rows tr").count() == 500
    assert opened.locator("#printed").text_content().startswith("The first 500 of 10,000 records")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_in_light_and_dark(browser, many, size, scheme):
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
    tab = context.new_page()
    tab.goto(many.as_uri())
    wide, ground = tab.evaluate(
        "[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
    )
    context.close()

    colours = {"light": LIGHT, "dark": DARK}[scheme]
    assert wide == SIZES[size]["width"]
    assert ground == f"rgb({', '.join(str(int(colours['paper'][at : at + 2], 16)) for at in (1, 3, 5))})"


def test_marks_are_shown_on_demand(browser, tmp_path):
    page = written(tmp_path / "r.html", list(imagegate.scan(PICTURES / "blurred_strong_mst04.jpg")))
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(page.as_uri())
    picture = tab.locator("#worst img").first
    plain = picture.get_attribute("src")
    tab.get_by_label("Mark what is blurred or clipped").check()
    marked = picture.get_attribute("src")
    drawn = picture.evaluate("image => image.decode().then(() => image.naturalWidth)")
    tab.locator("#worst button").first.click()
    in_detail = tab.locator("#detail img").count()
    context.close()

    assert plain != marked
    assert drawn == 240
    assert in_detail == 2


def test_a_page_of_no_pictures_says_so(browser, tmp_path):
    context = browser.new_context()
    tab = context.new_page()
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(written(tmp_path / "r.html", []).as_uri())
    said = tab.locator("main").inner_text()
    context.close()

    assert errors == []
    assert "There were no pictures." in said
    assert "Nothing was measured." in said


# As a part of the command


def counted(path):
    summary = held(path, "summary")
    return summary["complete"], sum(summary["verdicts"].values())


def test_a_scan_that_goes_on_has_a_page_of_the_whole(tmp_path, photos, capsysbinary):
    out, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    assert run(["scan", "-o", str(out), "--html", str(tmp_path / "whole.html"), str(photos)]) == 1
    finished, *_ = out.read_bytes().splitlines(keepends=True)
    asked = {"policy": DEFAULT.to_dict(), "lang": "en", "column": None, "from_list": None, "versions": dict(versions())}
    part.write_bytes(json.dumps(asked).encode() + b"\n" + finished)
    out.unlink()

    assert run(["scan", "-o", str(out), "--resume", "--html", str(tmp_path / "rest.html"), str(photos)]) == 1
    assert counted(tmp_path / "rest.html") == counted(tmp_path / "whole.html")
    assert held(tmp_path / "rest.html", "records") == held(tmp_path / "whole.html", "records")
    assert b"Traceback" not in capsysbinary.readouterr().err


def test_a_scan_whose_page_could_not_be_written_is_gone_on_with(tmp_path, photos, monkeypatch, capsysbinary):
    arguments = ["scan", "-o", str(tmp_path / "out.jsonl"), "--html", str(tmp_path / "report.html"), str(photos)]

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Page, "_summary", full)
        assert run(arguments) == 2
    assert {path.name for path in tmp_path.glob("out*")} == {"out.jsonl.part"}
    assert run([*arguments, "--resume"]) == 1
    assert counted(tmp_path / "report.html") == (True, len((tmp_path / "out.jsonl").read_bytes().splitlines()))
    assert b"No space left on device" in capsysbinary.readouterr().err


def test_a_page_in_the_scanned_folder_is_no_picture_of_it(tmp_path, capsysbinary):
    (tmp_path / "a.jpg").write_bytes(SHARP)
    page = tmp_path / "report.html"
    for _ in range(2):
        assert run(["scan", "--json", "--html", str(page), str(tmp_path)]) == 0

    assert [row["source"] for row in held(page, "records")] == [str(tmp_path / "a.jpg")]
    assert capsysbinary.readouterr().out.count(b"\n") == 2


def test_what_was_moved_is_still_shown(tmp_path, capsysbinary):
    folder, page = tmp_path / "photos", tmp_path / "report.html"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(BLURRED)
    code = run(["scan", "-q", "--html", str(page), "--move-rejected", str(tmp_path / "bad"), str(folder)])

    assert code == 1
    assert not (folder / "a.jpg").exists()
    assert "plain" in held(page, "summary")["worst"]["0"]
    assert b"blurred" in capsysbinary.readouterr().out


def test_pictures_in_an_archive_are_listed_without_a_copy(tmp_path, capsysbinary):
    page = tmp_path / "report.html"
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", BLURRED)
    code = run(["scan", "-q", "--html", str(page), str(tmp_path / "photos.zip")])

    assert code == 1
    assert [row["source"] for row in held(page, "records")] == [f"{tmp_path}/photos.zip/a.jpg"]
    assert "plain" not in held(page, "summary")["worst"]["0"]
    assert b"blurred" in capsysbinary.readouterr().out


def test_a_scan_that_was_interrupted_says_so_on_its_page(tmp_path):
    with Page(tmp_path / "report.html", DEFAULT) as page:
        page.add(record().to_dict())
        page.interrupted = True

    assert counted(tmp_path / "report.html") == (False, 1)


def test_a_scan_that_cannot_begin_keeps_the_last_page(tmp_path):
    written(tmp_path / "report.html", [record()])
    with pytest.raises(ValueError, match="refused"), Page(tmp_path / "report.html", DEFAULT):
        raise ValueError("refused")

    assert counted(tmp_path / "report.html") == (True, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
