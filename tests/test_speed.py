"""The speed benchmark: what it races, how it sums up, what it holds against what. No time is asserted."""

import io
import itertools
import subprocess
import sys
from importlib import import_module

import msgspec
import numpy as np
import pytest
from PIL import Image

from benchmarks import race
from benchmarks.speed import calls, libraries, pictures, processes, record, rivals
from benchmarks.speed.guard import TOLERANCE, compare, worse_rows
from benchmarks.speed.record import RECORDED, figure
from benchmarks.speed.tables import document, grids, summary
from benchmarks.speed.targets import ANY, TARGETS, Target, target_lines

SAMPLE = pictures.DRAWN.with_name("good_640x480.jpg")
LARGE = pictures.Photo("large", pictures.DRAWN.read_bytes())


class TestRace:
    def test_everybody_runs_in_every_round_and_order_turns(self):
        ran = []
        contenders = {name: lambda name=name: ran.append(name) for name in "abc"}

        times = race.race(contenders, 2)

        assert "".join(ran) == "abc" + "abc" + "cba"
        assert {name: len(rounds) for name, rounds in times.items()} == {"a": 2, "b": 2, "c": 2}

    def test_a_round_that_is_slow_for_all_changes_no_ratio(self):
        times = {"check()": [1.0, 9.0, 1.0], "rival": [3.0, 27.0, 3.0]}

        (found,) = record.ratios("Photos", "photo", times)

        assert (found.column, found.low, found.median, found.high) == ("rival", 3, 3, 3)

    def test_a_figure_is_the_median_and_the_middle_half(self):
        """Of 0 to 100 the quartiles are 25, 50 and 75."""
        values = np.random.default_rng(0).permutation(101).tolist()

        found = figure("Photos", "photo", "rival", values)

        assert (found.low, found.median, found.high) == (25, 50, 75)


class TestRivals:
    def test_the_decoder_alone_decodes_at_the_scale_and_in_the_colours_of_check(self):
        """Half of 2400x1800 is the smallest that fills the working size; what check() makes of it is not decoding."""
        assert rivals.decoder_alone(LARGE)().shape == (900, 1200, 3)

    def test_the_entropy_floor_is_an_eighth_and_grey(self):
        assert rivals.entropy_floor(LARGE.data).shape == (1800 // 8, 2400 // 8, 1)

    def test_check_comes_first_against_what_can_be_had_everywhere(self):
        png = io.BytesIO()
        Image.new("L", (64, 64)).save(png, "PNG")

        assert list(rivals.contenders(LARGE)) == ["check()", "decoder alone", "entropy floor", "pasted recipe"]
        assert list(rivals.contenders(pictures.Photo("png", png.getvalue()))) == [
            "check()",
            "cv2.imdecode to grey",
            "pasted recipe",
        ]

    def test_a_library_that_is_not_installed_is_skipped_with_a_reason(self):
        gone = libraries.Library("gone", "pip install gone", lambda: import_module("no_such_module_of_a_library"))

        others = libraries.loaded([gone])

        assert not others.prepare
        assert "pip install gone" in others.skipped["gone"]

    def test_the_laplacians_are_of_equal_sums(self):
        """Asserted by the benchmark itself, before it times them."""
        runs = calls.laplacians((31, 47))
        luma_sums = runs["imagegate"]()

        assert luma_sums == runs[calls.FAIR]()
        assert runs[calls.NAIVE]() == pytest.approx(luma_sums[1] / (31 * 47) - (luma_sums[0] / (31 * 47)) ** 2)


class TestPictures:
    def test_sizes_are_what_their_rows_say(self):
        found = {}
        for row, photo in pictures.at_sizes(LARGE, largest=2).items():
            image = Image.open(io.BytesIO(photo.data))
            found[row] = (image.format, round(image.width * image.height / 1e6, 2), bool(image.info.get("progressive")))

        assert found == {
            "JPEG, 0.3 MP": ("JPEG", 0.3, False),
            "JPEG, 0.3 MP, progressive": ("JPEG", 0.3, True),
            "JPEG, 2 MP": ("JPEG", 2.0, False),
            "JPEG, 2 MP, progressive": ("JPEG", 2.0, True),
            "PNG, 2 MP": ("PNG", 2.0, False),
        }

    def test_named_files_are_taken_and_told(self):
        taken = pictures.pictures([SAMPLE])

        assert [photo.data for photo in taken.photos] == [SAMPLE.read_bytes()]
        assert "good_640x480" in taken.origin

    def test_without_photos_one_of_12_megapixels_is_drawn(self, monkeypatch, tmp_path):
        monkeypatch.setenv("IMAGEGATE_SHARED", str(tmp_path))

        taken = pictures.pictures([])

        (photo,) = taken.photos
        assert Image.open(io.BytesIO(photo.data)).size == (4000, 3000)
        assert "drawn" in taken.origin


class TestProcesses:
    @pytest.mark.skipif(processes.no_memory() is not None, reason=str(processes.no_memory()))
    def test_growth_counts_what_was_freed_again_and_not_what_was_before(self):
        """In a process of its own: one that ran other tests may have fifty megabytes to spare."""
        code = """
import numpy as np
from benchmarks.speed.processes import growth
print(growth(lambda: np.ones(50_000_000, np.uint8)), growth(lambda: None))
"""
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=processes.ROOT, capture_output=True, text=True, check=True
        )
        grown, nothing = map(int, run.stdout.split())

        assert grown == pytest.approx(50e6, rel=0.1)
        assert nothing < 5e6


def ratio(median, spread=0.0, *, unit="x", column="rival"):
    return record.Figure(
        table="Photos",
        row="photo",
        column=column,
        unit=unit,
        median=median,
        low=median * (1 - spread),
        high=median * (1 + spread),
    )


def run_of(*figures):
    return record.Record(
        machine="", pictures="photos", rounds=1, scipy=False, rivals={}, skipped={}, figures=list(figures)
    )


def compared(recorded, now, *, pictures="photos", scipy=False):
    return compare(recorded, now, pictures, scipy=scipy)


class TestGuard:
    @pytest.mark.parametrize(
        ("recorded", "now", "worse"),
        [
            (ratio(4.0), ratio(4.0), False),
            (ratio(4.0), ratio(4.0 / (1 + TOLERANCE / 2)), False),
            (ratio(4.0), ratio(4.0 / (1 + 2 * TOLERANCE)), True),
            (ratio(4.0), ratio(8.0), False),
            (ratio(4.0, 0.2), ratio(4.0 / (1 + 2 * TOLERANCE), 0.2), False),
            (ratio(10.0, unit="MB"), ratio(20.0, unit="MB"), True),
            (ratio(10.0, unit="MB"), ratio(5.0, unit="MB"), False),
        ],
    )
    def test_worse_is_beyond_the_tolerance_and_beyond_the_spread(self, recorded, now, worse):
        (pair,) = compared(run_of(recorded), [now])

        assert pair.worse is worse

    def test_a_row_is_worse_that_is_worse_beside_everybody(self):
        recorded = run_of(ratio(4.0), ratio(4.0, column="other"))

        slower = compared(recorded, [ratio(2.0), ratio(3.0, column="other")])
        rival_faster = compared(recorded, [ratio(2.0), ratio(4.0, column="other")])

        assert worse_rows(slower) == [("Photos", "photo")]
        assert worse_rows(rival_faster) == []

    def test_only_what_both_have_is_compared_and_no_shares(self):
        recorded = run_of(ratio(4.0), ratio(10.0, unit="%", column="measure"), ratio(2.0, column="not now"))
        now = [ratio(4.0), ratio(20.0, unit="%", column="measure"), ratio(2.0, column="not then")]

        assert [pair.now.column for pair in compared(recorded, now)] == ["rival"]

    def test_of_other_pictures_only_the_kernels_are_compared(self):
        figures = [ratio(4.0), msgspec.structs.replace(ratio(4.0), table=calls.KERNELS)]

        assert [pair.now.table for pair in compared(run_of(*figures), figures, pictures="drawn")] == [calls.KERNELS]

    def test_cold_starts_with_scipy_are_not_compared_with_those_without(self):
        figures = [ratio(4.0), msgspec.structs.replace(ratio(4.0), table=processes.COLD)]

        assert [pair.now.table for pair in compared(run_of(*figures), figures, scipy=True)] == ["Photos"]
        assert len(compared(run_of(*figures), figures)) == 2


class TestTargets:
    @pytest.mark.parametrize(
        ("sense", "bound", "medians", "shown", "met"),
        [
            ("faster", 4, [5.0, 4.5], "4.50 x (5.00, 4.50)", True),
            ("faster", 4, [5.0, 3.5], "3.50 x (5.00, 3.50)", False),
            ("slower", 1.3, [0.8, 1.0], "1.25 x (1.25, 1.00)", True),
            ("slower", 1.2, [0.8, 1.0], "1.25 x (1.25, 1.00)", False),
            ("most", 12, [11.0, 13.0], "13.00 x (11.00, 13.00)", False),
        ],
    )
    def test_the_worst_photo_counts(self, sense, bound, medians, shown, met):
        figures = [msgspec.structs.replace(ratio(median), row=str(row)) for row, median in enumerate(medians)]

        line = Target("what", "Photos", ANY, "rival", sense, bound).line(figures, {})

        assert (line.measured, line.met) == (shown, met)

    def test_what_was_skipped_is_neither_met_nor_missed(self):
        line = Target("what", "Photos", ANY, "rival", "faster", 9).line([], {"rival": "not installed"})

        assert line.met is None
        assert "not installed" in line.measured

    def test_every_target_is_measured_or_skipped_in_the_record(self):
        recorded = record.read()
        lines = target_lines(recorded.figures, recorded.skipped)[: len(TARGETS)]

        for target, line in zip(TARGETS, lines, strict=True):
            assert line.met is not None or {target.column, target.table} & set(recorded.skipped), target.what


class TestRecord:
    def test_it_is_read_as_it_was_written_with_one_figure_a_line(self, tmp_path):
        recorded = record.read()
        path = tmp_path / "speed.json"

        record.write(recorded, path)

        assert record.read(path) == recorded
        assert len(path.read_text().splitlines()) == 1 + len(recorded.figures)

    def test_its_document_is_current(self):
        """`python -m benchmarks.speed` writes both."""
        assert RECORDED.with_suffix(".md").read_text(encoding="utf-8") == document(record.read())

    def test_every_figure_stands_in_a_table(self):
        recorded = record.read()
        cells = itertools.chain.from_iterable(itertools.chain.from_iterable(g.rows) for g in grids(recorded)[1:])

        assert sum("(" in cell and cell[0].isdigit() for cell in cells) == len(recorded.figures)

    def test_the_summary_has_a_row_a_picture(self):
        recorded = record.read()
        rows = {figure.row for figure in recorded.figures if figure.table in {calls.PHOTOS, calls.SIZES}}

        assert len(summary(recorded).splitlines()) == 4 + len(rows)
