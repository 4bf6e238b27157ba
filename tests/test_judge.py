"""A number beyond its limit is a finding; a number that could not be told is none, or one of its own."""

import math
from types import SimpleNamespace

import pytest

from imagegate.judge import evaluate
from imagegate.policy import Policy
from imagegate.rules import RULES

# Limits of its own, so that these tests do not move with the defaults.
POLICY = Policy(
    limits={
        "blur_radius": {"max": 2.0},
        "blur_score": {"max": 1.0},
        "motion_ratio": {"max": 5.0},
        "centre_sharpness": {"min": 0.9},
        "luma_p98": {"min": 60.0},
        "glare_share": {"max": 0.1},
    }
)


def values(stage, **known):
    """Every metric of the stage, None (does not apply) unless it is said."""
    return SimpleNamespace(**{rule.metric: None for rule in RULES if rule.stage == stage} | known)


def codes(policy=POLICY, **known):
    return [finding.cause.code for finding in evaluate("picture", values("picture", **known), policy)]


@pytest.mark.parametrize(("value", "expected"), [(59.9, ["underexposed"]), (60.0, []), (61, [])])
def test_a_minimum_is_still_taken(value, expected):
    assert codes(luma_p98=value) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.099, []), (0.1, []), (0.101, ["glare"])])
def test_a_maximum_is_still_taken(value, expected):
    assert codes(glare_share=value) == expected


def test_nan_fails_no_rule():
    assert codes(glare_share=math.nan, luma_p98=math.nan) == []


def test_a_focus_that_cannot_be_told_is_a_finding_of_its_own():
    assert codes(blur_radius=math.nan, motion_ratio=math.nan) == ["focus_undetermined"]


def test_motion_names_the_blur_it_explains():
    assert codes(blur_radius=4.0, motion_ratio=6.0) == ["motion_blurred"]
    assert codes(blur_radius=4.0, blur_score=2.0, motion_ratio=6.0) == ["motion_blurred"]
    assert codes(blur_radius=4.0, motion_ratio=4.0) == ["image_blurred"]


def test_stripes_that_are_sharp_did_not_move():
    assert codes(blur_radius=1.0, motion_ratio=60.0) == []


def test_a_middle_less_sharp_than_the_rim_leaves_the_focus_undetermined():
    assert codes(centre_sharpness=0.5) == ["focus_undetermined"]
    assert codes(centre_sharpness=1.0) == []
    assert codes(centre_sharpness=math.nan) == []


def test_of_a_burnt_out_picture_only_that_is_said():
    assert codes(Policy(), bright_share=0.6, centre_sharpness=0.5) == ["overexposed"]


def test_of_a_blurred_picture_it_is_not_said_that_its_focus_cannot_be_told():
    assert codes(blur_score=2.0, centre_sharpness=0.5) == ["image_blurred"]
    assert codes(blur_radius=4.0, motion_ratio=6.0, centre_sharpness=0.5) == ["motion_blurred"]


def test_an_ignored_cause_is_no_finding():
    policy = Policy(limits=POLICY.limits, severities={"glare": "ignore"})

    assert codes(policy, glare_share=1.0) == []


def test_a_limit_of_infinity_never_fails():
    assert codes(Policy(limits={"glare_share": {"max": math.inf}}), glare_share=1.0) == []


def test_a_metric_without_a_default_limit_is_judged_once_a_policy_bounds_it():
    assert codes(Policy(), laplacian_variance=0.1) == []
    assert codes(Policy(limits={"laplacian_variance": {"min": 20}}), laplacian_variance=0.1) == ["image_blurred"]


def test_a_finding_carries_number_limit_unit_severity_and_status():
    policy = Policy(
        limits={"noise_sigma": {"max": 5}}, severities={"noise_high": "reject"}, statuses={"noise_high": 400}
    )
    (finding,) = evaluate("picture", values("picture", noise_sigma=7.25), policy)

    assert (finding.metric, finding.value, finding.limit, finding.unit) == ("noise_sigma", 7.25, 5, "levels")
    assert (finding.severity, finding.status) == ("reject", 400)
    assert "7.25 levels" in finding.message
    assert "at most 5 " in finding.message


def test_the_message_on_laplacian_variance_says_that_it_is_of_the_working_size():
    policy = Policy(limits={"laplacian_variance": {"min": 20}})
    (finding,) = evaluate("picture", values("picture", laplacian_variance=3.0), policy)

    assert "working size" in finding.message


def test_only_the_rules_of_the_stage_are_judged():
    (finding,) = evaluate("header", values("header", short_side=100), POLICY)

    assert finding.cause.code == "resolution_too_low"


def test_a_focus_that_cannot_be_told_hides_no_rejection_of_another_rule():
    """On a bare field the radius is NaN, but a Laplacian variance that a policy bounds is not."""
    policy = Policy(limits={"laplacian_variance": {"min": 20}})

    assert sorted(codes(policy, blur_radius=math.nan, laplacian_variance=0.0)) == [
        "focus_undetermined",
        "image_blurred",
    ]


def test_a_cause_that_two_rules_give_is_named_once():
    assert codes(blur_radius=4.0, blur_score=2.0) == ["image_blurred"]
