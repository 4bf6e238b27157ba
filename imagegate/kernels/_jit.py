"""The one place where JIT options stand."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile an arrays-in, numbers-out loop on its first call and keep the machine code on disk.

    `nogil` lets two threads measure two pictures. No `fastmath`: sums must equal the NumPy reference. No
    `parallel`: threads belong to the caller, and cached parallel kernels have crashed (pynndescent #175).
    """
    compile_as = partial(numba.njit, nogil=True, error_model="numpy")
    try:
        compiled = compile_as(cache=True)(function)
    except RuntimeError:
        # Numba finds no place that can be written to, as in a container whose file system is read-only.
        compiled = compile_as()(function)
    return cast("Callable[P, R]", compiled)
