"""Every kernel against its twins: an ordinary test by default, a benchmark with `--benchmark-enable`.

`pytest -n 0 benchmarks --benchmark-enable --benchmark-group-by=group` prints the ratios within each group.
"""

import numpy as np
import pytest

from tests.comparisons import COMPARISONS

SIZES = {"working size, 1000 x 750": (750, 1000), "12 megapixels, 4000 x 3000": (3000, 4000)}
CASES = [
    pytest.param(size, kernel, library, id=f"{kernel}-{library}-{size.split(',')[0]}")
    for size in SIZES
    for kernel, rivals in COMPARISONS.items()
    for library in rivals
]


@pytest.mark.parametrize(("size", "kernel", "library"), CASES)
def test_kernel(benchmark, size, kernel, library):
    benchmark.group = f"{kernel}, {size}"
    setup = COMPARISONS[kernel][library]
    run = setup(np.random.default_rng(0), *SIZES[size])

    assert benchmark(run) is not None
