"""calibrate(): limits that keep what is promised of them, and no promise that the photos do not bear out."""

from __future__ import annotations

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace
from rich.console import Console

import imagegate
from imagegate.calibration import calibrate
from imagegate.calibration.binomial import Share, at_most, photos_needed, quantile_ranks, worst
from imagegate.calibration.blocks import cut, least
from imagegate.calibration.page import to_html
from imagegate.calibration.roc import auc, curve
from imagegate.calibration.texts import to_toml
from imagegate.cli.calibrating import calibration_screen, write_whole
from imagegate.cli.inputs import Misuse
from imagegate.policy import PROFILES, Policy
from imagegate.report import Report
from imagegate.scanning import Record
from tests.reports import finding, real
from tests.samples import camera
from tests.samples.make import METERED_EV, taken
from tests.samples.skin import draw_skin
from tests.test_cli import MISUSE, PASSED, run  # noqa: F401 - a fixture

SOUND = real("sharp").measurements
BLUR_ALONE = Policy(
    name="blur_alone",
    severities=dict.fromkeys(("underexposed", "overexposed", "low_contrast"), "warn"),
    limits={"blur_radius": {"max": math.inf}},
)


def records(*columns, policy=BLUR_ALONE, start=0, **more):
    """A record for each value of a number, all else as in one sharp picture."""
    names = more or {"blur_score": columns[0]}
    for index, values in enumerate(zip(*names.values(), strict=True)):
        numbers = replace(SOUND, **dict(zip(names, map(float, values), strict=True)))
        yield Record(
            source=f"{start + index}.jpg",
            sha256=f"{start + index:x}",
            report=Report(policy=policy, measurements=numbers),
        )


# What a count promises


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.3085), (1, 10, 0.0025, 0.4450), (5, 10, 0.1871, 0.8129), (10, 100, 0.0490, 0.1762), (0, 0, 0, 1)],
)
def test_the_interval_of_a_share_is_the_published_one(count, total, low, high):
    """Clopper and Pearson, as in the tables of Documenta Geigy."""
    share = Share(count, total)

    assert (share.low, share.high) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("values", "rate", "photos"),
    [(1, 0.05, 59), (2, 0.05, 93), (3, 0.05, 124), (4, 0.05, 153), (5, 0.05, 181), (1, 0.01, 299), (2, 0.01, 473)],
)
def test_a_promise_takes_as_many_photos_as_wilks_found(values, rate, photos):
    """The sample sizes of one-sided tolerance limits at 95 %, as in nuclear safety's use of Wilks's formula."""
    assert photos_needed(values, rate) == photos
    assert worst(photos, rate) == values
    assert worst(photos - 1, rate) == values - 1


@pytest.mark.parametrize(("total", "ranks"), [(10, (2, 9)), (20, (6, 15)), (50, (18, 33)), (5, (None, None))])
def test_the_interval_of_the_median_is_the_published_one(total, ranks):
    """Table of the ranks for the median's interval at 95 %: W. J. Conover, "Practical Nonparametric Statistics"."""
    assert tuple(quantile_ranks(total, 0.5)) == ranks


def test_the_binomial_sum_is_exact():
    """From whole numbers."""
    exact = sum(math.comb(60, number) * 3**number * 7 ** (60 - number) for number in range(21)) / 10**60

    assert at_most(20, 60, 0.3) == pytest.approx(exact, rel=1e-12)


# Several limits, one promise


def test_limits_on_related_numbers_keep_their_promise_as_often_as_they_say():
    """20 worst of 200 photos are cut off by four limits: Beta(20, 181) of all photos are beyond, 0.0995 on average."""
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(4, 4))
    many = mixing @ rng.exponential(size=(4, 20_000))
    rates = []
    for _ in range(400):
        limits = cut(mixing @ rng.exponential(size=(4, 200)), None, 20)
        rates.append((many > np.array(limits)[:, None]).any(axis=0).mean())

    assert np.mean(rates) == pytest.approx(20 / 201, abs=0.003)
    assert np.quantile(rates, 0.95) == pytest.approx(0.137, abs=0.006)  # qbeta(0.95, 20, 181)


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3, st.booleans()), min_size=20, max_size=60), st.integers(0, 10))
def test_no_more_photos_are_beyond_the_limits_than_were_cut_off(photos, more):
    *numbers, condemned = map(np.array, zip(*photos, strict=True))
    numbers = [np.where(column == 0, -np.inf, column.astype(float)) for column in numbers]
    photos_cut = min(least(3, int(condemned.sum())) + more, len(photos))
    if least(3, int(condemned.sum())) > len(photos):
        return
    limits = cut(numbers, condemned, photos_cut)
    beyond = np.any([column > limit for column, limit in zip(numbers, limits, strict=True)], axis=0)

    assert (beyond | condemned).sum() <= photos_cut - 1


def test_a_limit_is_the_worst_photo_that_may_still_pass():
    found = calibrate(records(np.arange(299)), reject_rate=0.01, policy=BLUR_ALONE)

    assert [(row.rule.id, row.limit) for row in found.rules] == [("blur_score.max", 298.0)]
    assert found.good.count == 0


def test_of_a_min_the_smallest_photos_are_cut_off():
    others = ("image_blurred", "motion_blurred", "overexposed", "low_contrast")
    policy = Policy(name="dark", severities=dict.fromkeys(others, "warn"))
    found = calibrate(records(luma_p98=np.linspace(90, 200, 93)), reject_rate=0.05, policy=policy)

    # Two may be cut off, so the second smallest may still pass.
    assert found.rules[0].limit == pytest.approx(90 + 110 / 92, abs=0.01)
    assert found.rules[0].good.count == 1


def test_too_few_photos_are_refused_with_what_they_could_promise_and_how_many_more_are_needed():
    with pytest.raises(ValueError, match=r"50 good photos cannot promise 0\.5 %.* 5\.816 %.* 598 \(548 more\)"):
        calibrate(records(np.arange(50)), reject_rate=0.005, policy=BLUR_ALONE)


def test_what_they_could_promise_they_do_promise():
    assert calibrate(records(np.arange(50)), reject_rate=0.05816, policy=BLUR_ALONE).rules[0].limit == 49


def test_what_stays_and_rejects_good_photos_costs_as_many_of_the_promise():
    """Four photos too dark for a limit that stays: with the blur's own, six worst, as Wilks's 208 of 5 % allow."""
    policy = Policy(limits={"blur_radius": {"max": math.inf}})
    rng = np.random.default_rng(0)
    dark = np.where(np.arange(208) < 4, 50.0, 200.0)
    bad = list(records(rng.normal(3, 1, 50), start=1000))

    def good(count):
        return records(blur_score=rng.normal(-3, 1, count), luma_p98=dark[:count])

    found = calibrate(good(208), bad, reject_rate=0.05, policy=policy)

    assert {row.rule.id for row in found.rules if row.limit is None} == {
        "luma_p98.min", "bright_share.max", "contrast.min",
    }  # fmt: skip
    assert found.good.count >= 4
    with pytest.raises(
        ValueError, match=r"207 good photos, and 4 that are rejected whatever the limits, cannot promise"
    ):
        calibrate(good(207), bad, reject_rate=0.05, policy=policy)


# Bad photos


def test_the_area_under_the_curve_of_hanley_and_mcneil():
    """Their table of 1982: 109 CT images in five ratings, area 0.893, standard error 0.032."""
    normal, abnormal = (np.repeat(np.arange(5.0), counts) for counts in ((33, 6, 6, 11, 2), (3, 2, 2, 11, 33)))
    area = auc(normal, abnormal)

    assert area.area == pytest.approx(0.893, abs=5e-4)
    assert (area.high - area.low) / (2 * 1.96) == pytest.approx(0.032, abs=0.003)


def test_the_interval_of_the_area_holds_the_truth_as_often_as_it_says():
    """Two normal groups a deviation apart have an area of Phi(1 / sqrt 2) = 0.7602."""
    rng = np.random.default_rng(3)
    areas = [auc(rng.normal(size=40), rng.normal(1, 1, size=25)) for _ in range(1000)]

    assert np.mean([area.low <= 0.7602 <= area.high for area in areas]) == pytest.approx(0.95, abs=0.02)


def test_a_few_photos_without_error_do_not_prove_a_perfect_number():
    area = auc(np.arange(5.0), np.arange(5.0) + 10)

    assert area.area == 1.0
    assert area.high == pytest.approx(1.0)
    assert area.low < 0.8


def test_the_area_is_that_below_the_drawn_curve():
    rng = np.random.default_rng(4)
    good, bad = rng.integers(0, 9, 50).astype(float), rng.integers(3, 12, 30).astype(float)
    good[:5] = bad[:3] = -np.inf
    false, caught = curve(good, bad)

    assert auc(good, bad).area == pytest.approx(-np.trapezoid(caught, false))


def test_a_number_that_does_not_tell_bad_from_good_gets_no_limit():
    rng = np.random.default_rng(5)
    policy = Policy(limits={"blur_radius": {"max": math.inf}})
    found = calibrate(
        records(blur_score=rng.normal(-3, 1, 400), contrast=rng.uniform(0.5, 0.9, 400)),
        records(blur_score=rng.normal(3, 1, 60), contrast=rng.uniform(0.5, 0.9, 60), start=1000),
        reject_rate=0.02,
        policy=policy,
    )
    rows = {row.rule.id: row for row in found.rules}

    assert rows["blur_score.max"].limit is not None
    assert rows["contrast.min"].limit is None
    assert "does not tell bad photos from good" in rows["contrast.min"].stays
    assert "contrast" not in found.policy.limits


def test_bad_photos_that_nothing_tells_from_good_ones_are_refused():
    rng = np.random.default_rng(6)
    with pytest.raises(ValueError, match=r"bad: no limit can be proposed .*blur_score.max: does not tell"):
        calibrate(
            records(rng.normal(size=400)),
            records(rng.normal(size=100), start=1000),
            reject_rate=0.02,
            policy=BLUR_ALONE,
        )


def test_a_limit_stands_half_way_to_the_nearest_bad_photo():
    found = calibrate(
        records(np.linspace(0, 1, 59)), records(np.linspace(3, 4, 20), start=100), reject_rate=0.05, policy=BLUR_ALONE
    )

    assert found.rules[0].limit == 2.0
    assert (found.bad.count, found.bad_before.count) == (20, 20)
    assert (found.good.count, found.good_before.count) == (0, 58)


# What does not count


def test_files_that_do_not_count_are_told_with_their_reason():
    good = [*records(np.arange(60)), *records(np.arange(2))]
    good += [
        Record(source="gone.jpg", error="No such file or directory"),
        Record(source="cut.jpg", sha256="c", report=Report(policy=BLUR_ALONE, findings=(finding("image_truncated"),))),
        Record(
            source="tiny.jpg",
            sha256="t",
            report=Report(
                policy=BLUR_ALONE, measurements=SOUND, findings=(finding("resolution_too_low", metric="short_side"),)
            ),
        ),
    ]
    found = calibrate(good, [*records(np.arange(100, 150), start=59)], reject_rate=0.05, policy=BLUR_ALONE)

    assert found.good.total == 59
    assert dict(found.good_left_out) == {
        "the same file again": 2, "not read": 1, "image_truncated": 1, "resolution_too_low": 1, "in both folders": 1,
    }  # fmt: skip
    assert dict(found.bad_left_out) == {"in both folders": 1}


def test_what_cannot_be_told_counts_as_passing():
    policy = replace(BLUR_ALONE, limits={"blur_score": {"max": math.inf}})
    values = np.where(np.arange(59) < 10, np.nan, np.arange(59) / 10 + 0.1)
    found = calibrate(records(blur_radius=values), reject_rate=0.05, policy=policy)

    assert found.rules[0].unknown == 10
    assert found.rules[0].limit == 5.9


def test_where_not_knowing_rejects_each_such_photo_costs_one_of_the_promise():
    """Three of 181 cannot be told: with one limit, five worst, as Wilks's 181 of 5 % allow."""
    off = {"blur_score": {"max": math.inf}, "centre_sharpness": {"min": -math.inf}}
    severities = {**BLUR_ALONE.severities, "focus_undetermined": "reject"}
    policy = replace(BLUR_ALONE, severities=severities, limits=off)
    values = np.where(np.arange(181) < 3, np.nan, np.arange(181) / 100 + 0.1)
    found = calibrate(records(blur_radius=values), reject_rate=0.05, policy=policy)

    assert found.rules[0].limit == pytest.approx(1.9, abs=0.002)
    assert found.good.count == 3
    with pytest.raises(ValueError, match="cannot promise 5 %"):
        calibrate(records(blur_radius=values[:180]), reject_rate=0.05, policy=policy)


def test_a_rate_that_takes_millions_of_photos_is_refused_at_once():
    with pytest.raises(ValueError, match=r"for 0\.0001 % it takes 2,995,731"):
        calibrate(records(np.arange(50)), reject_rate=1e-6, policy=BLUR_ALONE)


def test_a_number_that_most_good_photos_do_not_have_gets_no_limit():
    values = np.where(np.arange(59) < 30, np.nan, 1.0)
    policy = replace(BLUR_ALONE, limits={})
    found = calibrate(records(blur_radius=values, blur_score=np.arange(59) / 10), reject_rate=0.1, policy=policy)

    assert found.rules[0].stays == "only 29 of 59 good photos have this number"


@pytest.mark.parametrize("rate", [0, 1e-9, 1, 0.5, -0.1, math.nan])
def test_a_rate_that_cannot_be_meant_is_refused(rate):
    with pytest.raises(ValueError, match=r"reject_rate must be at least 1e-06 and below 0\.5"):
        calibrate([], reject_rate=rate)


def test_misuse_names_the_argument():
    with pytest.raises(TypeError, match="reject_rate must be a number"):
        calibrate([], reject_rate="1 %")
    with pytest.raises(ValueError, match="good: there is no photo"):
        calibrate([])
    with pytest.raises(ValueError, match="bad: there is no photo"):
        calibrate(records(np.arange(9)), [])
    with pytest.raises(ValueError, match="policy: any_quality rejects no picture for its quality"):
        calibrate([], policy="any_quality")


def test_photos_that_change_along_the_folder_raise_doubt():
    """The last tenth is worse than all before it: no limit from those can pass it."""
    values = np.arange(400)
    sorted_out = calibrate(records(values), reject_rate=0.01, policy=BLUR_ALONE)
    mixed = calibrate(records(np.random.default_rng(0).permutation(values)), reject_rate=0.01, policy=BLUR_ALONE)

    assert sorted_out.held_out.count == 40
    assert not sorted_out.confirmed
    assert mixed.confirmed
    assert "come in series" in to_toml(sorted_out)
    assert "come in series" in to_html(sorted_out)


# The policy and the page


@pytest.fixture(scope="module")
def calibration():
    rng = np.random.default_rng(7)
    good = {"blur_score": rng.normal(-3, 1, 500), "luma_p98": rng.uniform(120, 250, 500)}
    bad = {"blur_score": rng.normal(2, 2, 80), "luma_p98": rng.uniform(50, 240, 80)}
    return calibrate(records(**good), records(start=1000, **bad), reject_rate=0.03)


def test_the_file_is_the_policy(calibration):
    read = Policy.from_toml(to_toml(calibration))

    assert read.limits == calibration.policy.limits
    assert read.name == "default_calibrated"


def test_each_limit_of_the_file_says_what_it_is_made_of(calibration):
    lines = [line for line in to_toml(calibration).splitlines() if re.match(r"\w+\.(min|max) = ", line)]

    assert len(lines) == 2
    for line in lines:
        assert "of 500 good photos" in line
        assert "at most 3 % (95 % confidence)" in line
        assert str(calibration.made) in line


def test_a_policy_of_ones_own_keeps_all_that_it_says():
    own = Policy.from_toml(
        'name = "ours"\nformats = ["jpeg"]\n[limits]\nshort_side.min = 300\nblur_radius.max = inf\n'
        '[severities]\nglare = "reject"\n[request]\nimages = ["/photo"]\n'
    )
    rng = np.random.default_rng(8)
    found = calibrate(records(rng.normal(-3, 1, 500), policy=own), reject_rate=0.05, policy=own)
    read = Policy.from_toml(to_toml(found))

    assert read == found.policy
    assert (read.formats, read.severities["glare"], read.request.images) == (("jpeg",), "reject", ("/photo",))
    assert read.limits["short_side"] == {"min": 300}


def test_the_page_is_one_file_that_asks_nothing_of_anybody(calibration):
    page = to_html(calibration)

    assert "<script" not in page
    assert not re.search(r"(?:src|href)=|url\(|@import", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_shows_each_rule_with_its_curves(calibration):
    page = to_html(calibration)
    figures = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]  # noqa: S314 - ours

    for row in calibration.rules:
        assert f"<h3>{row.rule.id}</h3>" in page
    assert len([figure for figure in figures if figure.get("role") == "img"]) == 2 * len(calibration.rules)
    assert "nan" not in " ".join(re.findall(r' d="[^"]*"', page))


def test_the_same_photos_give_the_same_calibration():
    rng = np.random.default_rng(9)
    values = rng.normal(size=400)
    first, second = (calibrate(records(values), reject_rate=0.02, policy=BLUR_ALONE).to_dict() for _ in range(2))

    assert first == second


# Drawn skin

PROMISED = 0.15


def _photo(seed, *, blurred):
    """A small photo of skin: tone, exposure and noise vary; blurred are some out of focus, some moved."""
    rng = np.random.default_rng(seed)
    tone = seed % 10 + 1
    scene = draw_skin(tone, size=(320, 240), seed=seed, lesion=False, hairs=4)
    if blurred and seed % 2:
        scene = camera.defocus(scene, rng.uniform(1.5, 4))
    elif blurred:
        scene = camera.motion(scene, rng.uniform(6, 20), rng.uniform(0, 180))
    ev = METERED_EV[tone] + rng.uniform(-0.8, 0.4)
    return camera.jpeg(taken(scene, ev=ev, noise=rng.uniform(1, 5), seed=seed), int(rng.integers(60, 95)))


def _drawn(folder, seeds, *, blurred=False):
    folder.mkdir()
    with ThreadPoolExecutor() as pool:
        for seed, data in zip(seeds, pool.map(partial(_photo, blurred=blurred), seeds), strict=True):
            (folder / f"{seed}.jpg").write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def skin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("skin")
    _drawn(folder / "good", range(40_000, 40_064))
    _drawn(folder / "bad", range(41_000, 41_024), blurred=True)
    return folder


@pytest.mark.slow
def test_on_drawn_skin_the_limits_keep_their_promise_on_other_seeds(skin, run, tmp_path):  # noqa: F811 - a fixture
    policy = tmp_path / "policy.toml"
    page = tmp_path / "page.html"
    result = run(
        "calibrate", "--good", skin / "good", "--bad", skin / "bad", "--reject-rate", PROMISED,
        "-o", policy, "--html", page, "--json",
    )  # fmt: skip
    told = json.loads(result.out)

    assert (result.code, result.err) == (PASSED, "")
    assert {row["rule"] for row in told["rules"] if row["limit"] is not None} >= {"blur_radius.max", "blur_score.max"}
    assert told["bad"]["rate"] >= told["bad_before"]["rate"]
    assert told["bad"]["rate"] > 0.8
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")

    others = _drawn(tmp_path / "others", range(42_000, 42_064))
    rejected = [not record.ok for record in imagegate.scan(others, policy=Policy.from_file(policy))]

    assert np.mean(rejected) <= PROMISED


@pytest.mark.slow
def test_the_screen_names_promise_limits_and_rates(skin, run):  # noqa: F811 - a fixture
    result = run("calibrate", "--good", skin / "good", "--bad", skin / "bad", "--reject-rate", PROMISED)

    assert result.code == PASSED
    assert "reject at most 15 %, with 95 % confidence" in result.out
    assert "Tells bad from good" in result.out


# The command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--good", "nowhere"), "there is no file nowhere"),
        (("--good", "{good}"), "cannot promise 1 %"),
        (("--good", "{good}", "--reject-rate", "2"), "reject_rate must be at least 1e-06 and below 0.5"),
        (("--good", "{good}", "--profile", "any_quality"), "rejects no picture for its quality"),
        (("--good", "{good}", "-o", "nowhere/x.toml"), "-o: there is no folder nowhere"),
        (("--good", "{good}", "--html", "."), "--html: . is a folder"),
        (("--good", "{good}", "-o", "x", "--html", "x"), "-o and --html name the same file"),
    ],
)
def test_what_cannot_be_done_is_misuse_in_one_line(run, tmp_path, monkeypatch, arguments, said):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    good = tmp_path / "good"
    good.mkdir()
    (good / "one.jpg").write_bytes(_photo(1, blurred=False))
    result = run("calibrate", *(argument.format(good=good) for argument in arguments))

    assert (result.code, result.out) == (MISUSE, "")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_the_policy_that_is_calibrated_is_not_overwritten(run, tmp_path):  # noqa: F811 - a fixture
    base = tmp_path / "base.toml"
    base.write_text(PROFILES["default"].to_toml(), encoding="utf-8")
    result = run("calibrate", "--good", tmp_path, "--policy", base, "-o", base)

    assert result.code == MISUSE
    assert "is the policy that is calibrated and would be lost" in result.err


def test_no_column_is_cut_on_a_terminal_of_80_columns(calibration):
    console = Console(width=80)
    with console.capture() as printed:
        console.print(calibration_screen(calibration))

    assert "…" not in printed.get()
    assert "contrast.min stays: does not tell bad photos from good" in printed.get()


def test_the_files_are_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "ours.toml"
    write_whole("-o", target, "first")
    write_whole("-o", target, "second")
    with pytest.raises(Misuse, match=r"-o: .*nowhere"):
        write_whole("-o", tmp_path / "nowhere" / "ours.toml", "third")

    assert [path.name for path in tmp_path.iterdir()] == ["ours.toml"]
    assert target.read_text(encoding="utf-8") == "second"


def test_json_holds_no_name_of_a_photo(calibration):
    assert ".jpg" not in json.dumps(calibration.to_dict())
    assert asdict(calibration)["reject_rate"] == 0.03
