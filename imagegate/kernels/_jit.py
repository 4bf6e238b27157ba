"""The one place where JIT options stand."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile an arrays-in, numbers-out loop on its first call and keep the machine code on disk.

    `nogil` lets two threads measure two pictures. No `fastmath`: sums must equal the NumPy reference. No
    `parallel`: threads belong to the caller, and cached parallel kernels have crashed (pynndescent #175).
    """
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Callable[P, R]", compiled)
