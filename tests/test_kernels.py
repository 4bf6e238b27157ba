"""Every kernel equals its twins, to the last integer where it gives integers, on any size."""

import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imagegate import kernels
from imagegate.kernels import statistics
from tests.comparisons import COMPARISONS

SIZES = [(64, 96), (33, 65), (100, 257), (3, 2), (2, 3), (1030, 5), (5, 4099), (256, 256)]
RIVALS = [(name, library) for name, row in COMPARISONS.items() for library in row if library != "imagegate"]


def result(name, library, size, seed=0):
    given = COMPARISONS[name][library](np.random.default_rng(seed), *size)()
    return given if isinstance(given, tuple) else (given,)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("name", "library"), RIVALS)
def test_a_kernel_equals_its_twins(name, library, size):
    ours, theirs = result(name, "imagegate", size), result(name, library, size)

    for mine, other in zip(ours, theirs, strict=True):
        # Integers equal; the sums of float32 products are rounded in another order.
        tolerance = 1e-5 if np.asarray(mine).dtype == np.float32 else 0
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)


def test_every_kernel_is_compared():
    assert set(COMPARISONS) == set(kernels.__all__)


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6)), st.floats(0, 1))
def test_means_and_quantiles_are_those_of_numpy(values, share):
    place = int(share * (values.size - 1))

    assert statistics.mean(values) == pytest.approx(values.mean(), rel=1e-9, abs=1e-6)
    assert statistics.select(values, place) == statistics.quantile(values, share) == np.sort(values)[place]


def test_the_largest_laplacians_do_not_overflow():
    """A chessboard gives +-1020 in every pixel."""
    board = (np.indices((300, 9000)).sum(axis=0) % 2 * 255).astype(np.uint8)

    assert kernels.laplacian_sums(board) == (0, 1020**2 * board.size)


def test_the_largest_differences_do_not_overflow():
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    table = kernels.tile_structure(board, False)

    assert table[0, 0, 0] == 255**2 * 32 * 31
    assert table[8, 0, 0] == 8 * 255 * 30 * 30


def test_the_brightest_cells_do_not_overflow():
    light, bright, pixels = kernels.grid_sums(np.full((514, 300), 255, np.uint8), 257, 255)

    np.testing.assert_array_equal(light, 255 * pixels)
    np.testing.assert_array_equal(bright, pixels)
    np.testing.assert_array_equal(pixels, [[257 * 257, 257 * 43]] * 2)


@pytest.mark.slow
def test_a_kernel_that_calls_one_that_was_changed_is_compiled_anew(tmp_path):
    package = pathlib.Path(kernels.__file__).parents[1]
    shutil.copytree(package, tmp_path / "imagegate", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from imagegate.measure.tiles import _noise_sigma; import numpy; print(_noise_sigma(numpy.full(9, 4.0)))"
    command = [sys.executable, "-c", code]
    before = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    changed = tmp_path / "imagegate" / "kernels" / "statistics.py"
    changed.write_text(changed.read_text(encoding="utf-8").replace("left[place])", "left[place] + 5.0)"), "utf-8")
    after = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert (before.stdout, after.stdout) == ("2.0\n", "3.0\n")


NOWHERE = """
from numba.core import caching
for place in caching.CompileResultCacheImpl._locator_classes:
    place.from_function = classmethod(lambda *_: None)
import numpy as np
from imagegate import doctor, kernels
print(kernels.luma_of(np.full((1, 1, 3), 7, np.uint8)), doctor._probe("cache", doctor._jit_cache).ok)
"""


@pytest.mark.slow
def test_where_there_is_no_place_for_them_kernels_are_compiled_all_the_same():
    run = subprocess.run([sys.executable, "-c", NOWHERE], capture_output=True, text=True, check=True)

    assert run.stdout == "[[7]] False\n"
