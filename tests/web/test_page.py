"""The page of the service: what it is made of, what it asks for, and what a person can do with it in a browser."""

import base64
import io
import json
import re
import shlex
import shutil
import subprocess
from contextlib import contextmanager

import jsonschema
import numpy as np
import pytest
from PIL import Image

import imagegate
from imagegate.web.site import SCRIPT_TEXTS, TEXTS
from imagegate.words import LANGUAGES
from tests.contrast import contrast
from tests.generated import ROOT
from tests.scenes import blurred, encoded, polygons

SAMPLES = ROOT / "sample_images"
GOOD, BLURRED, BROKEN = "good_mst05.jpg", "blurred_defocus_mst06.jpg", "truncated.jpg"
FILES = {path.name: path.read_text() for path in (ROOT / "imagegate" / "web" / "page").iterdir()}


def half_blurred():
    """A sharp scene whose left half is blurred."""
    rgb = polygons()
    half = rgb.shape[1] // 2
    rgb[:, :half] = blurred(rgb, 8)[:, :half]
    return encoded(rgb)


# What it is made of


def page_of(service, **headers):
    with service.client(headers=headers) as client:
        return client.get("/")


@pytest.mark.parametrize("path", ["/", "/static/page.css", "/static/page.js", "/static/icon.svg"])
def test_a_browser_is_told_to_load_nothing_from_elsewhere_and_to_keep_nothing(service, path):
    with service.client() as client:
        answer = client.get(path)
    directives = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))

    assert answer.status_code == 200
    assert directives == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers


def test_no_address_stands_in_it():
    assert {url for text in FILES.values() for url in re.findall(r"\w+://[^\"'\s]*", text)} <= {
        "http://www.w3.org/2000/svg"
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_speaks_the_visitors_language(service, lang):
    page = page_of(service, **{"Accept-Language": f"{lang}-XX, en;q=0.1"})

    assert f'<html lang="{lang}">' in page.text
    assert page.headers["content-language"] == lang
    assert page.headers["vary"] == "Accept-Language"
    assert "{{" not in page.text


def test_every_text_has_its_place():
    assert set(re.findall(r"\{\{(\w+)\}\}", FILES["page.html"])) == {*TEXTS, "lang", "profiles", "texts"}
    assert set(re.findall(r"TEXTS\.(\w+)", FILES["page.js"])) <= set(SCRIPT_TEXTS)


def test_it_offers_the_profiles_that_can_be_asked_for_and_begins_with_the_services_own(serve):
    own = serve(profile="legit_health")
    page = page_of(own).text

    assert re.findall(r"<option[^>]*>(\w+)<", page) == [*own.service.policies]
    assert re.findall(r"<option selected>(\w+)<", page) == ["legit_health"]


def test_what_is_not_there_is_not_found(service):
    with service.client() as client:
        assert [client.get(f"/static/{name}").status_code for name in ("page.html", "../site.py", "")] == [404] * 3
        assert client.post("/").status_code == 405


LIGHT, DARK = (
    dict(re.findall(r"--(\w+): (#\w{6});", part)) for part in FILES["page.css"].split("*, *::before")[0].split("@media")
)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_controls_meet_wcag_aa(colours):
    """WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for the borders of controls and the mark of the focus (1.4.11)."""
    for ground in ("paper", "panel"):
        for text in ("ink", "quiet", "passed", "warned", "rejected", "focus"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["edge"], colours[ground]) >= 3, ground


# What it asks for


def inspected(service, data, **options):
    with service.client() as client:
        return client.post("/v1/inspect", content=data, **{"headers": {"Content-Type": "image/jpeg"}} | options)


@pytest.mark.parametrize("name", [GOOD, BLURRED, BROKEN, "glare_mst06.jpg", "heic_from_iphone.jpg", "empty.jpg"])
def test_a_picture_is_inspected_whatever_its_verdict(service, name):
    data = (SAMPLES / name).read_bytes()
    answer = inspected(service, data, headers={"Content-Type": "image/jpeg", "X-Request-Id": "req-1"})
    report = imagegate.check(data)
    body = answer.json()

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert body["report"] == report.to_dict()
    assert body["error"] == (None if report.ok else report.to_error(request_id="req-1")[2])
    assert body["titles"] == {finding.cause.code: finding.cause.title for finding in report.findings}


@pytest.mark.parametrize("name", [GOOD, BLURRED, BROKEN, "tiny_200x150.jpg"])
def test_an_inspection_is_as_described(service, name):
    with service.client() as client:
        document = client.get("/openapi.json").json()
    body = inspected(service, (SAMPLES / name).read_bytes()).json()

    jsonschema.validate(body, {"$ref": "#/components/schemas/inspection", "components": document["components"]})


def test_each_number_stands_beside_its_limit_in_the_language_that_is_asked_for(service):
    """The limits are those that docs/limits.md states."""
    headers = {"Content-Type": "image/jpeg", "Accept-Language": "de"}
    numbers = inspected(service, (SAMPLES / BLURRED).read_bytes(), headers=headers).json()["numbers"]
    radius, entropy = (next(one for one in numbers if one["metric"] == name) for name in ("blur_radius", "entropy"))
    measured = imagegate.check((SAMPLES / BLURRED).read_bytes()).measurements

    assert radius == {
        "metric": "blur_radius",
        "meaning": "Radius der Unschärfe, in Pixeln eines Bildes von 1000 Pixeln",
        "value": f"{measured.blur_radius:.3g} px".replace(".", ","),
        "limit": "höchstens 2,8 px",
        "verdict": "reject",
        "stage": "picture",
    }
    assert (entropy["limit"], entropy["verdict"], entropy["stage"]) == (None, None, None)


def layer_in(answer):
    return Image.open(io.BytesIO(base64.b64decode(answer.json()["marks"]["png"])))


def test_the_blurred_half_is_marked_and_the_sharp_half_is_not(service):
    answer = inspected(service, half_blurred())
    marked = np.asarray(layer_in(answer).convert("RGBA"))[:, :, 3] > 0
    half = marked.shape[1] // 2

    assert marked.shape == (768, 1024)
    assert marked[:, :half].mean() > 0.2  # of the hatched tiles less than half is stroke
    assert marked[:, half + 32 :].mean() < 0.01
    assert 0.3 < answer.json()["marks"]["shares"]["blurred"] < 0.5


def test_marks_are_turned_as_the_picture_is_seen(service):
    answer = inspected(service, (SAMPLES / "good_orientation6.jpg").read_bytes())

    assert layer_in(answer).size == (780, 1040)


def test_the_marks_hold_nothing_of_the_picture(service):
    layer = layer_in(inspected(service, (SAMPLES / GOOD).read_bytes()))

    assert layer.getcolors() == [(1040 * 780, 0)]
    assert layer.convert("RGBA").getextrema()[3] == (0, 0)


def test_what_cannot_be_decoded_has_no_marks(service):
    assert inspected(service, (SAMPLES / BROKEN).read_bytes()).json()["marks"] is None


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_only_the_bytes_of_a_picture_are_inspected(service, kind):
    answer = inspected(service, b"{}", headers={"Content-Type": kind})

    assert answer.status_code == 415
    assert answer.json()["errors"][0]["detail"] == "A picture is taken as application/octet-stream or image/*."


def test_a_picture_in_a_process_of_its_own_is_marked_too(serve):
    isolated = serve(isolation="process")

    assert layer_in(inspected(isolated, half_blurred())).size == (1024, 768)


def test_an_inspection_is_bounded_as_a_check_is(serve):
    small = serve(largest_body=1000)

    assert inspected(small, bytes(1001)).status_code == 413
    assert inspected(small, bytes(10), params={"profile": "nobody's"}).status_code == 400


# In a browser

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def url_of(service):
    return "http://{}:{}/".format(*service.address)


@contextmanager
def visit(browser, service, trouble=None, **options):
    """The page in a tab; what is asked of others, complained of or stored is held against it."""
    url, found = url_of(service), [] if trouble is None else trouble
    context = browser.new_context(**DESKTOP | {"locale": "en-GB"} | options)
    tab = context.new_page()
    tab.on("console", lambda message: found.append(message.text))
    tab.on("pageerror", lambda error: found.append(str(error)))
    tab.on("request", lambda request: found.append(request.url) if not _is_own(request.url, url) else None)
    tab.goto(url)
    yield tab
    stored = tab.evaluate("[document.cookie, localStorage.length, sessionStorage.length]")
    kept = context.storage_state()
    context.close()
    assert (stored, kept) == (["", 0, 0], {"cookies": [], "origins": []})
    if trouble is None:
        assert found == []


def _is_own(url, own):
    return url.startswith((own, f"blob:{own}", "data:"))


@pytest.fixture
def tab(browser, service):
    with visit(browser, service) as one:
        yield one


def choose(tab, *names):
    tab.set_input_files("#files", [SAMPLES / name for name in names])


def card(tab, number=0):
    """The card of a photo, when it is judged."""
    tab.locator(".card").nth(number).and_(tab.locator("[aria-busy=false]")).wait_for()
    return tab.locator(".card").nth(number)


def word(tab, number=0):
    return card(tab, number).locator(".word").inner_text()


def transfer(tab, *files):
    """A DataTransfer that holds these files."""
    contents = [[name, base64.b64encode(data).decode()] for name, data in files]
    return tab.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const [name, text] of files) {
                const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
                transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            }
            return transfer;
        }""",
        contents,
    )


def test_a_chosen_photo_is_judged(tab):
    choose(tab, BLURRED)
    one = card(tab)

    assert one.locator(".word").inner_text() == "Too poor"
    assert one.locator(".status").inner_text() == "422"
    assert one.locator(".advice").inner_text() == imagegate.CAUSES["image_blurred"].advice
    assert re.fullmatch(
        r"[Rr]adius of blur, in pixels of a 1000-pixel picture: [\d.]+ px; limit: at most 2.8 px",
        one.locator(".message").inner_text(),
    )
    assert one.locator("tr.reject", has_text="blur_radius").inner_text().endswith("at most 2.8 px")
    assert tab.locator("#said").inner_text().startswith(f"{BLURRED}: Too poor. Hold the phone")


def test_a_dropped_photo_is_judged(tab):
    held = transfer(tab, (GOOD, (SAMPLES / GOOD).read_bytes()))
    tab.dispatch_event("body", "dragover", {"dataTransfer": held})
    highlighted = tab.locator("body.dragging").count()
    tab.dispatch_event("#drop", "drop", {"dataTransfer": held})

    assert highlighted == 1
    assert word(tab) == "Passes"
    assert tab.locator("body.dragging").count() == 0


def test_a_pasted_photo_is_judged(tab):
    held = transfer(tab, ("image.png", (SAMPLES / GOOD).read_bytes()))
    held.evaluate(
        "held => document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: held, bubbles: true }))"
    )

    assert word(tab) == "Passes"


def test_pasting_a_text_says_that_it_is_no_photo(tab):
    transfer(tab).evaluate(
        "held => document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: held, bubbles: true }))"
    )

    assert tab.locator("#said").inner_text().strip() == "There is no photo to paste."
    assert tab.locator("#results").is_hidden()


def test_several_photos_are_judged_each_by_itself_and_counted(tab):
    choose(tab, GOOD, BLURRED, BROKEN, "glare_mst06.jpg", "heic_from_iphone.jpg")

    assert [word(tab, number) for number in range(5)] == [
        "Passes",
        "Too poor",
        "Cannot be read",
        "Passes, with warnings",
        "Cannot be read",
    ]
    assert tab.locator("#tally").inner_text() == (
        "Passes: 1 · Passes, with warnings: 1 · Too poor: 1 · Cannot be read: 2"
    )
    tab.get_by_role("button", name="Remove all").click()
    assert tab.locator(".card").count() == 0


def test_a_wrong_file_is_called_what_it_is(tab, tmp_path):
    wrong = tmp_path / "<img src=x onerror=alert(1)>.pdf"
    wrong.write_bytes(b"%PDF-1.7\n" + bytes(100))
    tab.set_input_files("#files", wrong)
    one = card(tab)

    assert one.locator(".word").inner_text() == "Cannot be read"
    assert "PDF" in one.locator(".message").inner_text()
    assert one.locator("h3").inner_text() == wrong.name
    assert one.locator(".frame").inner_text() == "The browser cannot show this file."
    assert one.locator("figcaption").is_hidden()


def test_a_service_that_is_gone_is_said_to_be(browser, serve):
    own = serve()
    with visit(browser, own, trouble=[]) as tab:
        own.stop()
        choose(tab, GOOD)

        assert word(tab) == "Not checked"
        assert card(tab).locator(".findings").inner_text() == "The service cannot be reached."


def test_a_photo_can_be_tried_again(browser, service):
    with visit(browser, service, trouble=[]) as tab:
        tab.context.set_offline(True)
        choose(tab, GOOD)
        assert word(tab) == "Not checked"
        tab.context.set_offline(False)
        tab.get_by_role("button", name="Try again").click()
        tab.locator(".card.passed").wait_for()

        assert tab.get_by_role("button", name="Try again").count() == 0


def test_a_busy_service_is_asked_again_when_it_says(browser, service):
    asked = []

    def answer(route):
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}")
        else:
            route.continue_()

    with visit(browser, service, trouble=[]) as tab:
        tab.route("**/v1/inspect*", answer)
        choose(tab, GOOD)

        assert word(tab) == "Passes"
        assert len(asked) == 2


def test_a_refusal_is_shown_in_the_services_words(browser, serve):
    small = serve(largest_body=1000)
    with visit(browser, small, trouble=[]) as tab:
        tab.set_input_files("#files", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": bytes(2000)})

        assert word(tab) == "Not checked"
        assert card(tab).locator(".status").inner_text() == "413"
        assert card(tab).locator(".findings").inner_text().startswith(imagegate.CAUSES["file_too_large"].advice)


def test_another_profile_judges_anew(tab):
    """The quick guide of the ATA asks for more than 480 pixels: see ata_teledermatology.toml."""
    choose(tab, "good_640x480.jpg")
    before = word(tab)
    tab.get_by_label("Profile").select_option("ata_teledermatology")
    tab.locator(".card.poor").wait_for()

    assert before == "Passes"
    assert card(tab).locator(".title").inner_text() == imagegate.CAUSES["resolution_too_low"].title
    assert json.loads(card(tab).locator(".json pre").text_content())["errors"][0]["code"] == "resolution_too_low"


def test_the_visitors_language_is_spoken(browser, service):
    with visit(browser, service, locale="de-CH") as tab:
        choose(tab, BLURRED)
        german = imagegate.CAUSES["image_blurred"].in_language("de")

        assert tab.locator("h1").inner_text() == "Ein Foto prüfen, bevor Sie es senden"
        assert word(tab) == "Zu schlecht"
        assert card(tab).locator(".title").inner_text() == german.title
        assert card(tab).locator(".advice").inner_text() == german.advice
        assert "höchstens 2,8 px" in card(tab).locator(".limited").inner_text()


def test_the_blurred_half_is_marked_over_the_photo(tab):
    tab.set_input_files("#files", {"name": "half.jpg", "mimeType": "image/jpeg", "buffer": half_blurred()})
    one = card(tab)
    layer, photo = one.locator(".marks"), one.locator(".photo")
    left, right = layer.evaluate(
        """async (image) => {
            await image.decode();
            const { naturalWidth: width, naturalHeight: height } = image;
            const canvas = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
            canvas.drawImage(image, 0, 0);
            const marked = (x, w) => {
                const pixels = canvas.getImageData(x, 0, w, height).data;
                return pixels.filter((level, at) => at % 4 === 3 && level).length / (w * height);
            };
            return [marked(0, width / 2), marked(width / 2 + 32, width / 2 - 32)];
        }"""
    )

    assert left > 0.2
    assert right < 0.01
    assert layer.bounding_box() == photo.bounding_box()
    one.get_by_label("Mark what is blurred or clipped").uncheck()
    assert layer.is_hidden()


def test_a_turned_photo_and_its_marks_are_both_as_seen(tab):
    choose(tab, "good_orientation6.jpg")
    shown, layer = (card(tab).locator(name).bounding_box() for name in (".photo", ".marks"))

    assert shown == layer
    assert shown["width"] / shown["height"] == pytest.approx(780 / 1040, rel=0.01)
    assert "780 \u00d7 1040" in card(tab).locator(".file").inner_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on the path")
def test_the_copied_command_gives_the_copied_json(browser, service, tmp_path):
    photo = tmp_path / 'it\'s; a "photo" $(x).jpg'
    photo.write_bytes((SAMPLES / BLURRED).read_bytes())
    with visit(browser, service, permissions=["clipboard-read", "clipboard-write"]) as tab:
        tab.set_input_files("#files", photo)
        card(tab).get_by_text("For developers").click()
        copied = []
        for block in (".curl", ".json"):
            card(tab).locator(block).get_by_role("button").click()
            card(tab).locator(block).get_by_text("Copied").wait_for()
            copied.append(tab.evaluate("navigator.clipboard.readText()"))

    command, shown = copied
    run = subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, check=True)
    printed, shown = json.loads(run.stdout), json.loads(shown)
    assert printed.pop("requestId") != shown.pop("requestId")
    assert printed == shown


def test_all_of_it_can_be_reached_by_keyboard(tab):
    choose(tab, BLURRED)
    card(tab)
    tab.locator("#files").focus()
    reached = []
    for _ in range(7):
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.innerText || 'marks'"))
        ring = tab.evaluate(
            "getComputedStyle(document.activeElement.closest('.button') ?? document.activeElement).outlineStyle"
        )
        assert ring == "solid", reached[-1]
        tab.keyboard.press("Tab")

    assert reached == [
        "files",
        "profile",
        "clear",
        "marks",
        "Numbers beside their limits",
        "More numbers",
        "For developers",
    ]


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_turns_where_motion_is_to_be_reduced(browser, service, motion):
    with visit(browser, service, reduced_motion=motion) as tab:
        tab.route("**/v1/inspect*", lambda _: None)
        choose(tab, GOOD)
        turning = tab.locator(".verdict .sign").evaluate("sign => getComputedStyle(sign).animationName")

        assert turning == {"reduce": "none", "no-preference": "turn"}[motion]
        assert tab.locator(".card").get_attribute("aria-busy") == "true"


def test_a_phone_offers_its_camera(browser, service):
    with visit(browser, service, **PHONE) as tab:
        camera = tab.locator("#camera")

        assert tab.get_by_text("Take a photo").is_visible()
        assert (camera.get_attribute("accept"), camera.get_attribute("capture")) == ("image/*", "environment")
        camera.set_input_files(SAMPLES / GOOD)
        assert word(tab) == "Passes"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_in_light_and_dark(browser, service, screen, scheme, lang):
    with visit(browser, service, color_scheme=scheme, locale=lang, **screen) as tab:
        choose(tab, BLURRED)
        card(tab).locator(".developers summary").click()
        wide, ground = tab.evaluate(
            "[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
        )

    paper = {"light": LIGHT, "dark": DARK}[scheme]["paper"]
    assert wide == screen["viewport"]["width"]
    assert ground == f"rgb({', '.join(str(int(paper[at : at + 2], 16)) for at in (1, 3, 5))})"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_number_is_broken_on_a_phone(browser, service, lang):
    """The longest verdict stands beside the status, and the longest units beside their limits."""
    with visit(browser, service, locale=lang, **PHONE) as tab:
        choose(tab, "glare_mst06.jpg")
        card(tab)
        broken = tab.evaluate(
            """[...document.querySelectorAll(".status, .limited td")].map((cell) => cell.firstChild).filter((text) => {
                const word = document.createRange();
                return [...text.data.matchAll(/\\S+/g)].some(({ 0: { length }, index }) => {
                    word.setStart(text, index);
                    word.setEnd(text, index + length);
                    return word.getClientRects().length > 1;
                });
            }).map((text) => text.data)"""
        )

    assert broken == []
