"""Every text has its translations, and a reader gets the language that was asked for."""

import ast
import json
import pathlib
import pickle
import re
import string
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import imagegate
from imagegate.causes import CAUSES
from imagegate.cli.commands import app
from imagegate.errors import ERRORS, UNKNOWN
from imagegate.header import FORMATS
from imagegate.metrics import METRICS
from imagegate.policy import Policy
from imagegate.words import LANGUAGES, Digits, Phrase, choose, language, listed, say
from tests.reports import PHOTOS

PACKAGE = pathlib.Path(imagegate.__file__).parent
FOREIGN = LANGUAGES[1:]

# What a language writes as English does.
SAME = {
    "de": {"px", "{title}.", "{number} {unit}", "{title} ({meaning}: {value})."},
    "es": {"px", "{title}.", "bytes", "bits", "{number} {unit}", "{title} ({meaning}: {value})."},
    "fr": {"px", "{title}.", "pixels", "bits", "{number} {unit}"},
}


def calls_of_phrase():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Phrase":
                yield pytest.param(node, id=f"{path.name}:{node.lineno}")


CALLS = list(calls_of_phrase())


def texts():
    """All that can be said: the templates of phrases, and the texts in the rows of tables."""
    yield from (call.values[0].args[0].value for call in CALLS)
    for cause in CAUSES.values():
        yield from (cause.title, cause.advice)
    for metric in METRICS.values():
        yield from (metric.meaning, metric.unit)
    yield from (kind.advice for kind in FORMATS.values())
    for meaning in (*ERRORS, UNKNOWN):
        yield from (meaning.cause, meaning.advice)


TEXTS = dict.fromkeys(filter(None, texts()))


def words(lang):
    return language(lang).words


def placeholders(template):
    """Each placeholder as often as it stands there, with the form of its number."""
    return sorted((name, form) for _, name, form, _ in string.Formatter().parse(template) if name is not None)


# The texts and their translations


@pytest.mark.parametrize("call", CALLS)
def test_a_phrase_is_written_where_it_is_said(call):
    """So that all of them can be found; and it is given what stands in it, unless that comes as a dictionary."""
    (template,) = call.args

    assert isinstance(template, ast.Constant)
    assert isinstance(template.value, str)
    named = {keyword.arg for keyword in call.keywords}
    assert None in named or named == {name for name, _ in placeholders(template.value)}


def test_there_is_a_file_for_each_language_but_english():
    assert {path.stem for path in (PACKAGE / "words").glob("*.toml")} == set(FOREIGN)


@pytest.mark.parametrize("lang", FOREIGN)
def test_no_translation_is_missing_and_none_is_stale(lang):
    assert set(words(lang)) == set(TEXTS)


@pytest.mark.parametrize("lang", FOREIGN)
def test_no_translation_is_empty_or_left_in_english(lang):
    assert all(text.strip() == text != "" for text in words(lang).values())
    assert {text for text, translation in words(lang).items() if text == translation} == SAME[lang]


@pytest.mark.parametrize("lang", FOREIGN)
def test_a_translation_has_the_placeholders_of_its_text_and_ends_as_it_does(lang):
    for text, translation in words(lang).items():
        assert placeholders(translation) == placeholders(text), text
        assert translation.endswith(".") == text.endswith("."), text


ADVICE = [cause.advice for cause in CAUSES.values()] + [kind.advice for kind in FORMATS.values() if kind.advice]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_advice_is_one_sentence(lang):
    for advice in ADVICE:
        assert re.fullmatch(r"[A-Z][^.!?]*\.", say(advice, lang)), advice


def test_advice_is_for_whoever_holds_the_phone():
    """Nobody mends a request on a phone, and nobody is to blame."""
    for advice in ADVICE:
        assert not re.search(r"Base64|URI|JSON|Content-Type|field|request|API|server|decode|wrong|your fault", advice)


def test_french_has_no_blank_at_which_a_line_may_break_before_a_colon():
    assert not [text for text in words("fr").values() if re.search(r" [:;%»]|« ", text)]


# What is said


def test_a_phrase_is_its_english_text():
    phrase = Phrase("at least {limit}", limit=Phrase("{number} {unit}", number=Digits("1,234.5"), unit="stops"))

    assert phrase == "at least 1,234.5 stops"


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "at least 1,234.5 stops"),
        ("es", "al menos 1.234,5 pasos"),
        ("fr", "au moins 1\u202f234,5 IL"),
        ("de", "mindestens 1.234,5 Blendenstufen"),
    ],
)
def test_numbers_and_units_are_written_as_the_language_does(lang, said):
    phrase = Phrase("at least {limit}", limit=Phrase("{number} {unit}", number=Digits("1,234.5"), unit="stops"))

    assert say(phrase, lang) == said
    assert type(say(phrase, lang)) is str


def test_a_number_without_a_unit_is_written_as_the_language_does_too():
    assert say(Digits("1,234.5"), "de") == "1.234,5"


def test_names_in_a_row_are_joined_by_the_word_of_the_language():
    names = listed(["JPEG", "PNG", "HEIC"])

    assert [say(names, lang) for lang in LANGUAGES] == [
        "JPEG and PNG and HEIC",
        "JPEG y PNG y HEIC",
        "JPEG et PNG et HEIC",
        "JPEG und PNG und HEIC",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_braces_that_are_no_placeholders_are_left_alone(lang):
    assert "{at}" in say(Phrase("The JPEG cannot be decoded: {said}.", said="{at} 1.5"), lang)
    assert say("{no phrase}", lang) == "{no phrase}"


# The language that is asked for

# RFC 9110, section 12.5.4: "da, en-gb;q=0.8, en;q=0.7"; RFC 4647, section 3.4 for the lookup.
CHOICES = {
    "": "en",
    "en": "en",
    "de": "de",
    "DE": "de",
    "de-AT": "de",
    "es-419": "es",
    "fr-Latn-CA-x-private": "fr",
    "da, en-gb;q=0.8, en;q=0.7": "en",
    "da, fr;q=0.7": "fr",
    "de;q=0.5, fr;q=0.9, es;q=0.7": "fr",
    "en;q=0.5, es": "es",
    "de;q=0.7, fr;q=0.7": "de",
    "de;q=0": "en",
    "de-AT, de;q=0, fr;q=0.1": "fr",
    "de;q=0.000, fr;q=0.001": "fr",
    "*": "en",
    "*, de;q=0.5": "de",
    "\tfr ;\tq=1.000 ,": "fr",
    ",,de": "de",
    "zh": "en",
    "deutsch": "en",
    "den": "en",
    "de_AT": "en",
    "de;q=2": "en",
    "de;q=0.1234": "en",
    "de;q=-1, fr": "fr",
    "de;level=1": "en",
    "q=1": "en",
    "d\u00e9, fr": "fr",
    "-": "en",
    "\0": "en",
    "\u0660": "en",
}


@pytest.mark.parametrize("asked", CHOICES)
def test_a_reader_gets_the_language_liked_best(asked):
    assert choose(asked) == CHOICES[asked]


@given(st.text() | st.text(alphabet="deEN-*;,q=01. \t"))
def test_any_string_chooses_a_language(asked):
    assert choose(asked) in LANGUAGES


@given(
    st.lists(
        st.tuples(st.sampled_from(["es", "fr", "de", "en"]), st.integers(1, 1000)), min_size=1, unique_by=lambda r: r[0]
    )
)
def test_the_greatest_weight_wins_and_of_equals_the_first(ranges):
    asked = ", ".join(f"{tag};q={weight / 1000:.3f}" for tag, weight in ranges)

    assert choose(asked) == max(ranges, key=lambda item: item[1])[0]


@pytest.mark.parametrize("element", ["de-" + "a-" * 500_000, "de;" + " " * 1_000_000, "de," * 300_000])
def test_a_long_value_is_answered(element):
    assert choose(element) in LANGUAGES


# Reports


@pytest.mark.parametrize("lang", FOREIGN)
@pytest.mark.parametrize("name", [name for name, photo in PHOTOS.items() if imagegate.check(photo).findings])
def test_a_report_says_all_in_its_language(lang, name):
    english, foreign = imagegate.check(PHOTOS[name]), imagegate.check(PHOTOS[name], lang=f"{lang}-XX, en;q=0.5")

    assert (english.lang, foreign.lang) == ("en", lang)
    for said, translated in zip(english.findings, foreign.findings, strict=True):
        for text in ("message", "advice"):
            assert type(getattr(translated, text)) is str
            assert getattr(translated, text) != getattr(said, text)
        assert translated.cause.title == words(lang)[said.cause.title]
        same = ("status", "severity", "metric", "limit", "unit", "pointer")
        assert [getattr(translated, key) for key in same] == [getattr(said, key) for key in same]
        assert translated.cause.code == said.cause.code


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_in_any_language_survives_pickling(lang):
    report = imagegate.check(PHOTOS["blurred"], lang=lang)

    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - it was pickled here


def test_reports_in_two_languages_are_not_equal():
    assert imagegate.check(PHOTOS["dark"], lang="fr") == imagegate.check(PHOTOS["dark"], lang="fr-CA")
    assert imagegate.check(PHOTOS["dark"], lang="fr") != imagegate.check(PHOTOS["dark"])


def test_a_number_in_a_message_is_written_as_the_language_does_and_in_json_as_json_does():
    policy = Policy(limits={"contrast": {"min": 0.125}})
    report = imagegate.check(PHOTOS["flat"], policy=policy, lang="de")
    (finding,) = [finding for finding in report.findings if finding.metric == "contrast"]

    assert "0,125" in finding.message
    assert finding.to_dict()["limit"] == 0.125


def test_the_error_body_says_its_language():
    _, headers, body = imagegate.check(PHOTOS["dark"], lang="de").to_error()

    assert headers["Content-Language"] == "de"
    assert body["title"] == "Das Bild ist zu dunkel"
    assert body["detail"].startswith("Das Bild ist zu dunkel (")


@pytest.mark.parametrize("name", ["dark", "truncated", "gif", "sharp"])
def test_a_worker_process_says_the_same(name):
    isolated = imagegate.check(PHOTOS[name], policy=Policy(isolation="process"), lang="es")

    assert isolated.to_dict() == imagegate.check(PHOTOS[name], policy=Policy(), lang="es").to_dict()


def test_what_became_of_a_worker_is_said_in_the_language_too():
    policy = Policy(isolation="process", worker_seconds=1e-6)
    (finding,) = imagegate.check(PHOTOS["sharp"], policy=policy, lang="fr").findings

    assert finding.message.startswith("La lecture de l\u2019image dépasse les 1e-06")


def test_a_scan_says_it_in_the_language(tmp_path):
    (tmp_path / "dark.jpg").write_bytes(PHOTOS["dark"])
    (record,) = imagegate.scan(tmp_path, lang="de-CH")

    assert record.report.lang == "de"
    assert record.report.findings[0].cause.title == "Das Bild ist zu dunkel"


def test_the_notebook_marks_the_language_of_the_findings():
    assert '<ul lang="fr"' in imagegate.check(PHOTOS["dark"], lang="fr")._repr_html_()


# The command line


def printed(*arguments):
    return CliRunner().invoke(app, arguments).stdout


def test_the_commands_take_a_language(tmp_path):
    photo = tmp_path / "dark.jpg"
    photo.write_bytes(PHOTOS["dark"])

    (finding,) = json.loads(printed("check", "--json", "--lang", "de", str(photo)))["findings"]
    assert finding["advice"] == imagegate.CAUSES[finding["cause"]].in_language("de").advice
    assert "Nehmen Sie das Foto bei Tageslicht" in printed("check", "--lang", "de", str(photo))
    assert "Das Bild ist zu dunkel" in printed("scan", "--lang", "de", str(tmp_path))
    assert "L\u2019image est floue" in printed("causes", "image_blurred", "--lang", "fr")
    assert (
        json.loads(printed("causes", "image_blurred", "--json", "--lang", "es"))["title"]
        == "La imagen está desenfocada"
    )
    assert "Das Bild ist unscharf" in printed("causes", "--lang", "de")


# Cost


def test_english_reads_no_file_of_another_language():
    code = (
        "import imagegate; from imagegate.causes import CAUSES; from imagegate.words import language, choose, say;"
        "say(CAUSES['glare'].title, choose('en')); print(language.cache_info().currsize)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "1"
