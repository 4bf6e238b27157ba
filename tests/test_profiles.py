"""Each profile takes what is just within each limit that it states, and answers what is just beyond as its API does."""

import base64
import csv
import functools
import io
import pathlib
import re
import tomllib

import pytest
from PIL import Image

import imagegate
from imagegate.causes import CAUSES
from imagegate.inheritance import PROFILE_TEXTS, tables_of
from imagegate.policy import PROFILES, RULE_OF, Policy
from tests.generated import ROOT
from tests.samples.make import EXPECTED, PICTURES

MIB = 1 << 20
KIB = 1 << 10

# The limits as the documents give them (../shared/research/domain.md, section 3), in their own units.
DOCUMENTED = {
    "ailabtools": {"file_size.max": 2 * MIB, "short_side.min": 200 + 1, "long_side.max": 4096 - 1},
    "anthropic": {"base64_length.max": 5 * MIB, "file_size.max": 5 * MIB * 3 // 4, "long_side.max": 8000},
    "any_quality": {},
    "ata_teledermatology": {"long_side.min": 800, "short_side.min": 600},
    "autoderm": {},
    "azure_face": {"file_size.min": 1 * KIB, "file_size.max": 6 * MIB},
    "default": {},
    "glamar": {"file_size.max": 5 * MIB, "short_side.min": 1024, "long_side.max": 2048},
    "google_vision": {"file_size.max": 20 * MIB, "long_side.min": 640, "short_side.min": 480},
    "haut_ai": {"file_size.max": 31457280, "base64_length.max": 31457280 * 4 // 3, "short_side.min": 256},
    "legit_health": {"short_side.min": 224},
    "neolens": {"base64_length.max": 10 * MIB, "file_size.max": 10 * MIB * 3 // 4, "short_side.min": 512},
    "openai": {"file_size.max": 20 * MIB, "frames.max": 1},
    "perfect_corp_hd": {"file_size.max": 10 * MIB - 1, "short_side.min": 1080, "long_side.max": 4096},
    "perfect_corp_sd": {"file_size.max": 10 * MIB - 1, "short_side.min": 480, "long_side.max": 4096},
    "rekognition": {"file_size.max": 5242880, "short_side.min": 80, "long_side.max": 10_000},
    "telesoft": {},
}
# Where an API answers otherwise than the catalogue (GlamAR: 422 whatever the cause; Amazon's exceptions: 400).
ANSWERED = {
    "glamar": dict.fromkeys(
        ("file_too_large", "format_unsupported", "image_too_large", "image_truncated", "image_corrupt"), 422
    ),
    "legit_health": {"data_uri_forbidden": 422},
    "rekognition": {"resolution_too_low": 400},
}
DATA_URI = {
    "legit_health": "forbidden", "anthropic": "forbidden", "google_vision": "forbidden", "rekognition": "forbidden",
    "openai": "required",
}  # fmt: skip
JPEG_ALONE = {"ailabtools", "perfect_corp_sd", "perfect_corp_hd"}
STATING = {"formats", "data_uri", "limits", "severities", "statuses"}
NAMING = {"name", "title", "extends"}
# Where the pictures of a request are: tests/test_payload.py.
OF_REQUESTS = {"request"}

with EXPECTED.open(encoding="utf-8") as rows:
    SAMPLES = {
        cause: PICTURES / row["file"]
        for row in reversed(list(csv.DictReader(rows)))
        for cause in f"{row['causes']} {row['warnings']}".split()
    }


@functools.cache
def flat(width, height, kind="JPEG"):
    """A grey picture: little to encode and to decode."""
    file = io.BytesIO()
    Image.new("L", (width, height), 128).save(file, kind)
    return file.getvalue()


def padded(length):
    """A sound JPEG of so many bytes, whose end is padding after its picture."""
    picture = flat(16, 16)
    assert len(picture) <= length
    return picture + bytes(length - len(picture))


def of_length(policy, length):  # noqa: ARG001 - as the other builders
    return padded(length)


def of_base64_length(policy, length):  # noqa: ARG001 - as the other builders
    """Base64 comes in groups of four characters: the last one beyond the limit has one too many, or a few more."""
    return base64.b64encode(padded(-(-length // 4) * 3)).decode()


def of_short_side(policy, length):
    return flat(max(length, policy.limit(RULE_OF["long_side.min"]) or 0), length)


def of_long_side(policy, length):
    return flat(length, min(length, policy.limit(RULE_OF["short_side.min"])))


def of_frames(policy, count):  # noqa: ARG001 - as the other builders
    frames = [Image.new("L", (256, 256), 60 * index) for index in range(count)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    return file.getvalue()


BUILDERS = {
    "base64_length": of_base64_length,
    "file_size": of_length,
    "short_side": of_short_side,
    "long_side": of_long_side,
    "frames": of_frames,
}


def walked(table):
    """Profile and key of everything that the profiles say in a table, inherited or not."""
    return [(name, key) for name, policy in PROFILES.items() for key in getattr(policy, table)]


def limits():
    rules = [
        (name, RULE_OF[f"{metric}.{bound}"])
        for name, policy in PROFILES.items()
        for metric, bounds in policy.limits.items()
        for bound in bounds
    ]
    # Those of a whole request: tests/test_payload.py.
    return [(name, rule) for name, rule in rules if rule.stage != "request"]


def found(picture, name, cause):
    return [found for found in imagegate.check(picture, policy=name).findings if found.cause.code == cause]


def answer(name, cause):
    return ANSWERED.get(name, {}).get(cause, CAUSES[cause].status)


def test_every_profile_states_what_is_documented():
    stated = {name: {} for name in PROFILES}
    for name, rule in limits():
        stated[name][rule.id] = PROFILES[name].limits[rule.metric][rule.bound]

    assert stated == DOCUMENTED
    assert {name: dict(policy.statuses) for name, policy in PROFILES.items() if policy.statuses} == ANSWERED
    assert {name: policy.data_uri for name, policy in PROFILES.items() if policy.data_uri != "allowed"} == DATA_URI
    assert {name for name, policy in PROFILES.items() if policy.formats != ("jpeg", "png")} == JPEG_ALONE


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_states_nothing_that_no_test_looks_at(name):
    assert set(tomllib.loads(PROFILE_TEXTS[name])) <= STATING | NAMING | OF_REQUESTS


@pytest.mark.parametrize(("name", "rule"), limits(), ids=lambda value: getattr(value, "id", value))
def test_what_is_just_within_a_limit_is_taken_and_what_is_just_beyond_is_not(name, rule):
    policy, limit = PROFILES[name], DOCUMENTED[name][rule.id]
    build = BUILDERS[rule.metric]
    within, beyond = build(policy, limit), build(policy, limit + (1 if rule.bound == "max" else -1))

    report = imagegate.check(within, policy=name)
    assert rule.cause not in {finding.cause.code for finding in report.findings}
    assert report.measurements is not None, "it was stopped by something else"
    (finding,) = found(beyond, name, rule.cause)
    assert (finding.metric, finding.limit) == (rule.metric, limit)
    assert finding.status == answer(name, rule.cause)
    assert finding.severity == policy.severity(CAUSES[rule.cause])


@pytest.mark.parametrize("name", PROFILES)
def test_the_formats_that_are_taken_are_and_no_others(name):
    # Padded, so that none is too small a file.
    pictures = {kind: flat(256, 256, kind) + bytes(2 * KIB) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP")}
    refused = {kind: found(picture, name, "format_unsupported") for kind, picture in pictures.items()}

    assert {kind for kind, findings in refused.items() if not findings} == (
        {"JPEG"} if name in JPEG_ALONE else {"JPEG", "PNG"}
    )
    assert {finding.status for findings in refused.values() for finding in findings} == {
        answer(name, "format_unsupported")
    }


@pytest.mark.parametrize("name", PROFILES)
def test_a_data_uri_is_taken_required_or_refused(name):
    bare = base64.b64encode(padded(2 * KIB)).decode()
    texts = {"data_uri_required": bare, "data_uri_forbidden": f"data:image/jpeg;base64,{bare}"}
    refused = {cause: found(text, name, cause) for cause, text in texts.items()}
    statuses = {cause: findings[0].status for cause, findings in refused.items() if findings}

    wanted = DATA_URI.get(name)
    assert statuses == ({f"data_uri_{wanted}": answer(name, f"data_uri_{wanted}")} if wanted else {})


def caused_otherwise(pairs):
    """Those whose causes no limit, format or data: URI of the same profile gives: the tests above have the others."""
    judged = {(name, rule.cause) for name, rule in limits()}
    return [
        pair for pair in pairs if pair not in judged and pair[1] not in ("format_unsupported", "data_uri_forbidden")
    ]


@pytest.mark.parametrize(("name", "cause"), caused_otherwise(walked("severities")))
def test_a_severity_is_what_a_sample_gets(name, cause):
    (finding, *_) = found(SAMPLES[cause], name, cause)

    assert finding.severity == tables_of(PROFILE_TEXTS[name])["severities"][cause]
    assert not found(PICTURES / "good_2400x1800.jpg", name, cause)


@pytest.mark.parametrize(("name", "cause"), caused_otherwise(walked("statuses")))
def test_a_status_is_what_a_sample_gets(name, cause):
    (finding, *_) = found(SAMPLES[cause], name, cause)

    assert finding.status == ANSWERED[name][cause]


@pytest.mark.parametrize(("width", "height"), [(627, 345), (500, 400), (388, 495), (650, 350)])
def test_legit_health_takes_the_sizes_of_its_own_examples(width, height):
    """Legit.Health's PHP SDK, tests/DiagnosisSupportTest.php and its severity tests."""
    assert not found(flat(width, height), "legit_health", "resolution_too_low")


@pytest.mark.parametrize("name", ["anthropic", "azure_face", "google_vision", "openai", "rekognition"])
def test_an_api_that_takes_any_quality_is_only_warned_of_a_blurred_picture(name):
    report = imagegate.check(SAMPLES["image_blurred"], policy=name)

    assert report.ok
    assert "image_blurred" in {finding.cause.code for finding in report.warnings}


# Files


def stating(name):
    """The lines of a profile's file that state a value."""
    lines = [line for line in PROFILE_TEXTS[name].splitlines() if re.match(r"[^#\[]+=", line)]
    return [line for line in lines if line.split("=")[0].strip() not in NAMING]


def test_the_document_has_each_line_that_states_a_value():
    text = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^###|\Z)", text, re.DOTALL | re.MULTILINE))

    assert {name: len(re.findall(r"^\| `", section, re.MULTILINE)) for name, section in sections.items()} == {
        name: len(stating(name)) for name in PROFILES
    }


@pytest.mark.parametrize("name", PROFILES)
def test_every_line_that_states_a_value_has_its_source_and_the_day_it_was_read(name):
    assert not [line for line in stating(name) if not re.search(r"=.*  # .+\b2026-\d\d-\d\d\b", line)]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_named_as_its_file_and_says_at_its_head_what_it_is(name):
    assert PROFILES[name].name == name
    assert PROFILES[name].title
    assert PROFILE_TEXTS[name].startswith("# ")


def test_the_profiles_are_the_files_of_their_folder():
    folder = pathlib.Path(imagegate.__file__).with_name("profiles")

    assert set(PROFILES) == {file.stem for file in folder.iterdir()} == set(DOCUMENTED)


def test_the_documents_say_of_every_seed_which_profile_it_has():
    text = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)

    assert [number for number, _, _ in rows] == ["1", "2", "3", "4", "5"]
    assert [re.findall(r"^`(\w+)`", profile) for _, _, profile in rows] == [
        ["legit_health"], ["telesoft"], [], ["neolens"], [],
    ]  # fmt: skip


# extends


def test_a_policy_states_only_what_differs_from_the_profile_it_extends():
    policy = Policy.from_toml('name = "ours"\nextends = "perfect_corp_sd"\nlimits.short_side.min = 600')

    assert policy.name == "ours"
    assert policy.limits == {"file_size": {"max": 10485759}, "short_side": {"min": 600}, "long_side": {"max": 4096}}
    assert policy.formats == ("jpeg",)


def test_a_policy_without_a_name_keeps_that_of_the_profile_it_extends():
    assert Policy.from_toml('extends = "haut_ai"').name == "haut_ai"


def test_a_limit_of_the_profile_below_is_taken_away_by_infinity():
    policy = Policy.from_toml('extends = "anthropic"\nlimits.long_side.max = inf')

    assert imagegate.check(flat(8001, 300), policy=policy).ok


def test_what_extends_is_written_out_whole():
    policy = PROFILES["perfect_corp_hd"]

    assert "extends" not in policy.to_toml()
    assert Policy.from_toml(policy.to_toml()) == policy


TREE = {
    "a": 'extends = "b"\nlimits.x.min = 1\nformats = ["png"]',
    "b": 'extends = "c"\nlimits.x = { min = 2, max = 3 }\nformats = ["jpeg", "png"]',
    "c": 'limits = { x = { min = 4 }, y = { max = 5 } }\ntitle = "C"',
}


def test_tables_are_merged_key_by_key_over_several_levels_and_lists_are_replaced():
    assert tables_of(TREE["a"], TREE) == {
        "title": "C",
        "formats": ["png"],
        "limits": {"x": {"min": 1, "max": 3}, "y": {"max": 5}},
    }


CIRCLES = {
    "itself": ({"a": 'extends = "a"'}, "extends: a extends a, which is a circle"),
    "one another": (
        {"a": 'extends = "b"', "b": 'extends = "c"', "c": 'extends = "b"'},
        "extends: b extends c extends b, which is a circle",
    ),
}


@pytest.mark.parametrize(("profiles", "message"), CIRCLES.values(), ids=CIRCLES)
def test_profiles_that_extend_one_another_in_a_circle_are_refused(profiles, message):
    with pytest.raises(ValueError, match="circle") as caught:
        tables_of(profiles["a"], profiles)

    assert str(caught.value) == message


REFUSED = {
    "an unknown profile": ('extends = "nobody"', ValueError, "extends: no profile is named 'nobody'; there are: "),
    "a long name": (f'extends = "{"A" * 5000}"', ValueError, "extends: no profile is named a text of 5,000 characters"),
    "no name": ("extends = 3", TypeError, "extends must be the name of a profile, got int"),
    "a list of names": ('extends = ["default"]', TypeError, "extends must be the name of a profile, got list"),
    "a limit against one below": (
        'extends = "glamar"\nlimits.long_side.min = 4000',
        ValueError,
        "long_side.min must not be above long_side.max, got 4000 and 2048",
    ),
}


@pytest.mark.parametrize(("text", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_extended_is_refused_by_name(text, error, message):
    with pytest.raises(error) as caught:
        Policy.from_toml(text)

    assert str(caught.value).startswith(message)
