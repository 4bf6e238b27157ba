"""A policy says what an API takes; what cannot be meant is refused by the name of its key."""

import math
import pickle

import numpy as np
import pytest

import imagegate
from imagegate.causes import CAUSES
from imagegate.metrics import METRICS
from imagegate.policy import PROFILES, RULE_OF, Policy, resolve
from imagegate.rules import RULES

FULL = """
name = "strict"
title = "A strict one"
formats = ["png"]
data_uri = "forbidden"
isolation = "process"
worker_memory = 500_000_000
worker_seconds = 2.5

[limits]
blur_radius.max = 1.5
laplacian_variance.min = 20
short_side = { min = 512 }
glare_share.max = inf

[severities]
glare = "reject"

[statuses]
data_uri_forbidden = 422
"""


def test_a_policy_is_read_from_toml():
    policy = Policy.from_toml(FULL)

    assert policy.name == "strict"
    assert policy.formats == ("png",)
    assert policy.limits["short_side"]["min"] == 512
    assert policy.limit(RULE_OF["blur_radius.max"]) == 1.5
    assert policy.severity(CAUSES["glare"]) == "reject"
    assert policy.status(CAUSES["data_uri_forbidden"]) == 422
    assert (policy.isolation, policy.worker_memory, policy.worker_seconds) == ("process", 500_000_000, 2.5)


def test_a_policy_written_to_toml_is_read_back_equal():
    policy = Policy.from_toml(FULL)

    assert Policy.from_toml(policy.to_toml()) == policy


def test_a_policy_is_read_from_a_file(tmp_path):
    path = tmp_path / "strict.toml"
    path.write_text(FULL)

    assert Policy.from_file(path) == Policy.from_toml(FULL)


def test_what_a_policy_does_not_say_is_as_in_the_tables():
    policy = Policy()

    assert all(policy.limit(rule) == rule.limit for rule in RULES)
    assert all(policy.severity(cause) == cause.severity for cause in CAUSES.values())
    assert all(policy.status(cause) == cause.status for cause in CAUSES.values())


REFUSED = {
    "a negative radius": ("limits.blur_radius.max = -1", ValueError, "blur_radius.max must be > 0, got -1"),
    "a radius of nothing": ("limits.blur_radius.max = 0", ValueError, "blur_radius.max must be > 0, got 0"),
    "NaN": ("limits.blur_radius.max = nan", ValueError, "blur_radius.max must not be NaN"),
    "a share above one": ("limits.glare_share.max = 1.5", ValueError, "glare_share.max must be <= 1, got 1.5"),
    "a ratio below one": ("limits.aspect_ratio.max = 0.5", ValueError, "aspect_ratio.max must be >= 1, got 0.5"),
    "a limit of the wrong infinity": (
        "limits.short_side.min = inf",
        ValueError,
        "short_side.min must be <= inf, got inf",
    ),
    "a text for a limit": ('limits.blur_radius.max = "2"', TypeError, "blur_radius.max must be a number, got str"),
    "a bool for a limit": ("limits.blur_radius.max = true", TypeError, "blur_radius.max must be a number, got bool"),
    "a limit without a bound": ("limits.blur_radius = 2", TypeError, "limits.blur_radius must be a table, got int"),
    "an unknown metric": ("limits.sharpness.min = 1", ValueError, "limits: 'sharpness' is not a metric"),
    "a bound nobody judges": ("limits.blur_radius.min = 1", ValueError, "limits.blur_radius: unknown bound 'min'"),
    "min above max": (
        "limits.long_side = { min = 900, max = 800 }",
        ValueError,
        "long_side.min must not be above long_side.max, got 900 and 800",
    ),
    "an unknown cause": ('severities.blurry = "warn"', ValueError, "severities: unknown cause 'blurry'"),
    "an unknown severity": ('severities.glare = "fatal"', ValueError, "severities.glare must be one of 'reject'"),
    "an unknown status": ("statuses.glare = 404", ValueError, "statuses.glare must be one of 400, 422, got 404"),
    "an unknown format": ('formats = ["gif"]', ValueError, "formats: 'gif' is not one of 'jpeg', 'png'"),
    "no format": ("formats = []", ValueError, "formats must name at least one format"),
    "a format without a list": ('formats = "png"', TypeError, "formats must be a list of names, got str"),
    "an unknown data_uri": ('data_uri = "maybe"', ValueError, "data_uri must be one of 'allowed', 'required'"),
    "an unknown isolation": ('isolation = "thread"', ValueError, "isolation must be one of 'none', 'process'"),
    "no memory": ("worker_memory = 0", ValueError, "worker_memory must be > 0 and finite, got 0"),
    "less than a byte": ("worker_memory = 0.02", ValueError, "worker_memory must be at least one byte, got 0.02"),
    "time without end": ("worker_seconds = inf", ValueError, "worker_seconds must be > 0 and finite, got inf"),
    "a text for a time": ('worker_seconds = "2"', TypeError, "worker_seconds must be a number, got str"),
    "a number for a name": ("name = 3", TypeError, "name must be a string, got int"),
    "no name": ('name = ""', ValueError, "name must not be empty"),
    "a number without end": (f"limits.file_size.max = 1{'0' * 400}", ValueError, "file_size.max is too large"),
    "a status that is a float": (
        "statuses.glare = 400.0",
        ValueError,
        "statuses.glare must be one of 400, 422, got 400.0",
    ),
    "an unknown key": ("max_blur = 3", ValueError, "policy: unknown key 'max_blur'; known: name"),
    "no TOML": ("name = ", ValueError, "policy: not valid TOML"),
    "TOML of dotted keys that would take minutes": (
        "limits" + ".a" * 1_000_000 + " = 1",
        ValueError,
        "policy: at most 65,536 characters of TOML are read, got 2,000,010",
    ),
    "TOML that is nested too deeply": ("a = " + "[" * 5000, ValueError, "policy: not valid TOML: it is nested"),
}


@pytest.mark.parametrize(("text", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_by_name(text, error, message):
    with pytest.raises(error) as caught:
        Policy.from_toml(text)

    assert str(caught.value).startswith(message)


def test_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="max_blur"):
        Policy(max_blur=3)


def test_a_policy_keeps_its_own_copy_of_the_tables():
    severities = {"glare": "reject"}
    policy = Policy(severities=severities)
    severities["glare"] = "ignore"

    assert policy.severities == {"glare": "reject"}


def test_a_policy_survives_pickling():
    policy = Policy.from_toml(FULL)

    assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301 - our own bytes


def test_the_ceiling_is_what_is_not_rejected():
    assert Policy().ceiling("file_size") == 20 * 1024 * 1024
    assert Policy(limits={"file_size": {"max": 9}}).ceiling("file_size") == 9
    assert Policy(severities={"file_too_large": "warn"}).ceiling("file_size") == math.inf


def test_a_policy_is_meant_by_name_by_itself_or_not_at_all():
    own = Policy(name="own")

    assert resolve(None) is PROFILES["default"]
    assert resolve("ata_teledermatology").limits["short_side"] == {"min": 600}
    assert resolve(own) is own


@pytest.mark.parametrize(("policy", "error"), [("nobody", ValueError), (3, TypeError), ({}, TypeError)])
def test_what_is_no_policy_is_refused_by_name(policy, error):
    with pytest.raises(error, match="policy"):
        imagegate.check(b"", policy=policy)


def test_the_default_profile_says_nothing_but_its_name():
    default = PROFILES["default"]

    assert not default.limits
    assert not default.severities
    assert not default.statuses


def test_the_tables_fit_together():
    """Every rule names a cause and a metric of the catalogues, and refines a rule that stands."""
    assert {rule.cause for rule in RULES} | {rule.undetermined for rule in RULES} - {None} <= set(CAUSES)
    assert {rule.metric for rule in RULES} <= set(METRICS)
    assert {name for rule in RULES for name in rule.refines} <= set(RULE_OF)
    assert len(RULE_OF) == len(RULES)


def test_every_cause_is_complete():
    for cause in CAUSES.values():
        assert cause.title
        assert cause.advice.endswith(".")
        assert "." not in cause.title
        assert cause.source


DOCUMENTED = {
    400: {
        "image_missing", "json_malformed", "content_type_unsupported", "field_missing", "field_invalid",
        "too_many_images", "base64_invalid", "data_uri_forbidden", "data_uri_required", "format_unsupported",
        "format_mismatch", "image_truncated", "image_corrupt", "image_animated", "file_too_large", "file_too_small",
        "image_too_large",
    },
    422: {
        "resolution_too_low", "aspect_ratio_extreme", "image_blurred", "motion_blurred", "underexposed",
        "overexposed", "glare", "uneven_lighting", "low_contrast", "noise_high", "colour_cast", "compression_heavy",
        "no_skin_visible", "focus_undetermined", "location_embedded", "duplicate_image",
    },
}  # fmt: skip
REJECTED_422 = {
    "resolution_too_low", "image_blurred", "motion_blurred", "underexposed", "overexposed", "low_contrast",
}  # fmt: skip


@pytest.mark.parametrize("status", DOCUMENTED)
def test_the_catalogue_has_the_documented_codes(status):
    assert {cause.code for cause in CAUSES.values() if cause.status == status} == DOCUMENTED[status]


def test_the_default_rejects_what_the_design_says():
    rejected = {cause.code for cause in CAUSES.values() if cause.severity == "reject"}

    assert rejected == DOCUMENTED[400] | REJECTED_422


def test_the_shared_default_cannot_be_changed():
    with pytest.raises(TypeError):
        PROFILES["default"].limits["short_side"] = {"min": 5000}
    with pytest.raises(TypeError):
        PROFILES["ata_teledermatology"].limits["short_side"]["min"] = 5


def test_a_text_that_is_no_name_is_not_repeated():
    with pytest.raises(ValueError, match="a text of 5,000 characters"):
        resolve("A" * 5000)


def test_numpys_numbers_are_numbers():
    assert Policy(limits={"file_size": {"max": np.int64(9)}}).ceiling("file_size") == 9
    assert Policy(limits={"blur_radius": {"max": np.float32(1.5)}}).to_toml()
