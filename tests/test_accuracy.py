"""The accuracy benchmark: what it does to a photo, how it counts, and that a rival that is missing is only left out."""

import itertools
import math
import pathlib
from importlib import import_module

import numpy as np
import pytest

from benchmarks.accuracy import gates, lines, scores, sheets, tables, variants
from benchmarks.accuracy.gates import Gate, Verdict
from benchmarks.accuracy.variants import VARIANTS, Photo, Variant
from tests.samples import camera

RNG_SEED = 7


@pytest.fixture(scope="module")
def texture():
    """A photo of 240x180 with detail at every scale, as a file and as light."""
    rng = np.random.default_rng(RNG_SEED)
    light = rng.uniform(0.05, 0.9, (180, 240, 3)).astype(np.float32)
    return Photo("texture.jpg", variants.stored(camera.sensor(light, 0, rng)), light, 30.0)


def edge(long_side):
    """A photo of an upright edge."""
    light = np.full((120, long_side, 3), 0.1, np.float32)
    light[:, long_side // 2 :] = 0.6
    return Photo("edge.jpg", b"", light, 0.0)


def edge_spread(photo, variant):
    """Standard deviation of the edge's line-spread function, in pixels of the picture."""
    profile = variants.to_light(variants.decode(variants.render(photo, variant)))[..., 1].mean(0)
    spread = np.diff(profile) / np.diff(profile).sum()
    x = np.arange(spread.size)
    return math.sqrt(spread @ (x - spread @ x) ** 2)


class TestVariants:
    def test_every_fault_is_expected_by_a_cause_and_every_name_is_its_own(self):
        assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
        assert sum(variant.acceptable for variant in VARIANTS) == 6
        assert sum(variant.blurred for variant in VARIANTS) == 9

    def test_as_is_is_the_file_itself(self, texture):
        assert variants.render(texture, Variant("as is", untouched=True)) == texture.data

    @pytest.mark.parametrize("variant", VARIANTS, ids=[variant.name for variant in VARIANTS])
    def test_a_photo_is_degraded_alike_every_time(self, texture, variant):
        assert variants.render(texture, variant) == variants.render(texture, variant)

    def test_noise_differs_from_photo_to_photo(self, texture):
        noisy = Variant("noise", noise=8)

        other = Photo("other.jpg", texture.data, texture.scene, texture.angle)

        assert variants.render(texture, noisy) != variants.render(other, noisy)

    def test_half_size_halves_both_sides(self, texture):
        assert variants.decode(variants.render(texture, Variant("half", scale=0.5))).shape == (90, 120, 3)

    @pytest.mark.parametrize("long_side", [500, 1000])
    def test_lengths_are_in_pixels_of_a_1000_pixel_picture(self, long_side):
        """Seen along one axis, a disk has the standard deviation radius / 2, a segment length / sqrt(12)."""
        unit = long_side / 1000
        defocused = edge_spread(edge(long_side), Variant("defocus", defocus=10))
        moved = edge_spread(edge(long_side), Variant("motion", motion=20))

        assert defocused == pytest.approx(unit * 10 / 2, rel=0.1)
        assert moved == pytest.approx(unit * 20 / math.sqrt(12), rel=0.1)

    def test_haze_leaves_its_share_of_the_contrast_and_the_mean(self, texture):
        hazy = variants.to_light(variants.decode(variants.render(texture, Variant("haze", light_left=0.15))))

        assert hazy.std() == pytest.approx(0.15 * texture.scene.std(), rel=0.1)
        assert hazy.mean() == pytest.approx(texture.scene.mean(), rel=0.02)

    def test_a_large_photo_is_reduced_but_its_file_kept(self, tmp_path):
        path = tmp_path / "large.jpg"
        path.write_bytes(camera.jpeg(np.full((30, 2400, 3), 128, np.uint8)))

        photo = variants.load(path)

        assert photo.scene.shape == (25, 2000, 3)
        assert photo.unit == 2.0
        assert photo.data == path.read_bytes()
        assert photo.angle == variants.load(path).angle


class TestScores:
    def test_auc_is_the_share_of_pairs_in_order(self):
        rng = np.random.default_rng(RNG_SEED)
        faults = rng.integers(2, 9, (5, 4)).astype(float)
        goods = rng.integers(0, 7, (5, 3)).astype(float)
        faults[1, 2] = goods[4, 0] = goods[2, 1] = np.nan
        drawn = np.array([[1, 1, 1, 1, 1], [0, 3, 1, 0, 1]])

        for photos, found in zip(drawn, scores.auc(drawn.astype(float), faults, goods), strict=True):
            above = [x for x in np.repeat(faults, photos, axis=0).ravel() if not math.isnan(x)]
            below = [x for x in np.repeat(goods, photos, axis=0).ravel() if not math.isnan(x)]
            wins = [(a > b) + 0.5 * (a == b) for a, b in itertools.product(above, below)]
            assert found == pytest.approx(np.mean(wins))

    def test_equal_catch_takes_the_highest_limit_that_catches_enough(self):
        rng = np.random.default_rng(RNG_SEED)
        faults = rng.integers(3, 12, (6, 5)).astype(float)
        goods = rng.integers(0, 9, (6, 4)).astype(float)
        drawn = np.array([[1, 1, 1, 1, 1, 1], [2, 0, 0, 3, 1, 0]])
        catch = np.array([0.71, 0.4])

        found = scores.false_rejects_at(drawn.astype(float), faults, goods, catch)

        for photos, share, value in zip(drawn, catch, found, strict=True):
            above = np.repeat(faults, photos, axis=0)
            limit = max(x for x in np.unique(above) if (above >= x).mean() >= share)
            assert value == pytest.approx((np.repeat(goods, photos, axis=0) >= limit).mean())

    def test_nothing_to_catch_refuses_nothing(self):
        weights = np.ones((1, 2))

        assert scores.false_rejects_at(weights, np.ones((2, 1)), np.ones((2, 1)), np.zeros(1)) == 0

    def test_photos_are_drawn_not_pictures(self):
        """Ten pictures of one photo that are all alike say no more than one of them."""
        weights = scores.resamples(20, RNG_SEED)
        one = np.arange(20)[:, None] < 10

        found = scores.estimate(scores.rate(weights, np.repeat(one, 10, axis=1)))

        assert weights.sum(1) == pytest.approx(20)
        assert found == scores.estimate(scores.rate(weights, one))
        # The binomial standard deviation of 20 fair draws is .112; 1.96 of them to either side.
        assert found.value == 0.5
        assert found.high - found.low == pytest.approx(2 * 1.96 * 0.112, abs=0.07)

    def test_a_rate_counts_only_what_it_is_among(self):
        hits = np.array([[True, True], [False, True]])
        among = np.array([[True, False], [True, False]])

        assert scores.rate(np.ones((1, 2)), hits, among)[0] == 0.5
        assert math.isnan(scores.rate(np.ones((1, 2)), hits, np.zeros((2, 2), bool))[0])

    def test_rank_correlation_shares_ranks_among_equals(self):
        """Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 1 - 6 * .5 / 60 would ignore the tie; Pearson's gives .9487."""
        assert scores.rank_correlation(np.array([1.0, 5, 5, 9]), np.array([2.0, 3, 4, 50])) == pytest.approx(
            0.9487, abs=1e-4
        )
        assert scores.rank_correlation(np.array([1.0, 2, 3]), np.array([9.0, 4, 1])) == pytest.approx(-1)


def photo_of(name, gate_verdicts):
    return sheets.PhotoVerdicts(name, [1000] * len(VARIANTS), gate_verdicts)


def perfect():
    return [Verdict(not v.acceptable, 1.0 if v.blurred else 0.0, v.right) for v in VARIANTS]


def refusing():
    return [Verdict(rejected=True, blur=0.0) for _ in VARIANTS]


@pytest.fixture(scope="module")
def figures():
    return sheets.figures([photo_of(f"{n}.jpg", {"imagegate": perfect(), "rival": refusing()}) for n in range(4)])


class TestFigures:
    def test_a_perfect_gate_meets_every_target(self, figures):
        assert all(line.met for line in tables.target_lines(figures))

    def test_a_gate_that_refuses_everything_catches_everything(self, figures):
        assert figures["defocus 3"]["rival"].value == 1
        assert figures[sheets.ALL_ACCEPTABLE]["rival"].value == 1
        assert figures[sheets.AUC]["rival"].value == 0.5
        assert figures[sheets.EQUAL]["rival"].value == 1

    def test_a_blind_gate_meets_none_but_the_false_rejects(self):
        blind = [Verdict(rejected=False, blur=0.0) for _ in VARIANTS]

        figures = sheets.figures([photo_of(f"{n}.jpg", {"imagegate": blind}) for n in range(3)])

        assert [line.what for line in tables.target_lines(figures)[:-1] if line.met] == [sheets.ALL_ACCEPTABLE]

    def test_small_pictures_do_not_count_for_auc(self):
        small = sheets.PhotoVerdicts("small.jpg", [499] * len(VARIANTS), {"imagegate": refusing()})
        large = photo_of("large.jpg", {"imagegate": perfect()})

        assert sheets.figures([small, large])[sheets.AUC]["imagegate"].value == 1

    def test_mistakes_are_named(self):
        photos = [photo_of("a.jpg", {"imagegate": refusing()}), photo_of("b.jpg", {"imagegate": perfect()})]

        assert len(sheets.false_rejects(photos)) == 6
        assert sheets.missed(photos) == []

    def test_the_table_has_a_row_a_variant_and_a_column_a_gate(self, figures):
        grid = tables.comparison(figures)
        markdown = grid.markdown().splitlines()

        assert grid.rows[0][1:] == ["imagegate", "rival"]
        assert len(grid.rows) == 1 + len(VARIANTS) + 5
        assert {line.count("|") for line in markdown[1:]} == {4}


class TestGates:
    def test_the_pasted_recipe_is_the_variance_of_the_laplacian(self):
        grey = np.random.default_rng(RNG_SEED).integers(0, 256, (40, 50), np.uint8)
        padded = np.pad(grey.astype(float), 1, mode="reflect")
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        judge = gates.judges()["pasted recipe, native"]

        verdict = judge(b"", np.repeat(grey[..., None], 3, axis=2))

        assert -verdict.blur == pytest.approx(np.var(around - 4 * padded[1:-1, 1:-1]))
        assert not verdict.rejected
        assert judge(b"", np.full((40, 50, 3), 128, np.uint8)).rejected

    def test_a_rival_that_is_not_installed_is_skipped_with_a_reason(self):
        gone = Gate("gone", "gone-package", "number", lambda: import_module("no_such_module_of_a_rival"))

        assert "pip install gone-package" in gates.skipped([gone])["gone"]

    def test_imagegate_names_its_causes(self):
        verdict = gates.judges()["imagegate"](variants.stored(np.zeros((300, 400, 3), np.uint8)), None)

        assert verdict.rejected
        assert "underexposed" in verdict.causes


class TestLines:
    @pytest.mark.parametrize(
        ("radii", "steady"),
        [
            ([4.0, 4.5, 3.5], True),
            ([4.0, 4.7], False),
            ([0.5, 0.79, 0.21], True),
            ([math.nan, math.nan], True),
            ([math.nan, 1.0], False),
            ([1.0, math.nan], False),
        ],
    )
    def test_a_radius_may_differ_by_a_share_or_by_a_length(self, radii, steady):
        assert lines.Scaled("photo", [200] * len(radii), radii).steady is steady

    def test_a_changed_verdict_is_told(self):
        verdicts, radii = lines.scale_lines([lines.Scaled("photo", [200, 422], [1.0, 1.0])])

        assert verdicts.met is False
        assert radii.met is True

    def test_depth_is_the_step_in_which_a_place_has_most_detail(self):
        """Three depths side by side, each sharp in one step, in the order 2, 0, 1."""
        rng = np.random.default_rng(RNG_SEED)
        scene = rng.uniform(0, 1, (128, 288, 3)).astype(np.float32)
        scene = camera.defocus(scene, 1) * 0.8
        soft = camera.defocus(scene, 5)
        in_focus = np.repeat([2, 0, 1], 96)
        steps = [
            camera.sensor(np.where((in_focus == step)[None, :, None], scene, soft), 1, rng)[..., 1] for step in range(3)
        ]
        steps = [np.ascontiguousarray(step) for step in steps]

        # The tile at a border of two depths holds a little of both.
        depth = lines.depth_from_focus(steps)[:, [0, 1, 4, 7, 8]]

        assert (depth == [2, 2, 0, 1, 1]).all()

    def test_the_subject_lies_in_the_middle(self):
        mask = lines.subject_mask((300, 400))

        assert mask[150, 200] == 1
        assert mask[0, 0] == mask[150, 0] == 0
        assert mask.mean() == pytest.approx(math.pi * 0.4**2 * 300 / 400, rel=0.02)

    def test_tones_of_one_verdict_must_also_get_the_right_one(self):
        sharp, blurred = "sharp at 0 EV", "blurred at 0 EV"

        assert lines.fairness_lines([{sharp: 200, blurred: 422}] * 2)[0].met
        assert not lines.fairness_lines([{sharp: 422, blurred: 422}] * 2)[0].met
        assert not lines.fairness_lines([{sharp: 200, blurred: 422}, {sharp: 200, blurred: 200}])[0].met

    def test_pairs_belong_to_one_scene(self, tmp_path):
        for name in ("1_PHONE_S.JPG", "1_PHONE_F.JPG", "1_PHONE_M.JPG"):
            (tmp_path / name).touch()

        (sharp,) = lines.sharp_ones(tmp_path)

        assert lines.of_scene(sharp, "M") == pathlib.Path(tmp_path / "1_PHONE_M.JPG")
