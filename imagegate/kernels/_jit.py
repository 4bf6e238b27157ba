"""The one place where JIT options stand."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar, cast

import numba
from numba.core import caching

from imagegate.kernel_cache import source_stamp

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
        # Numba finds no place that can be written to, and so reads none either: of a container whose file system is
        # read-only, each start would compile what its build has compiled.
        compiled = compile_as()(function)
        with suppress(RuntimeError):
            compiled._cache = _Kept(function)  # noqa: SLF001 - Numba has no public way to give a function its cache
    cache: Any = getattr(compiled, "_cache", None)
    if hasattr(cache, "_cache_file"):
        cache._cache_file = _Files.of(cache)  # noqa: SLF001 - nor to tell it what a function is made of
    return cast("Callable[P, R]", compiled)


class _Files(caching.IndexDataCacheFile):  # type: ignore[misc] # Numba is untyped
    """The index of one kernel, and the machine code of each of its signatures."""

    @classmethod
    def of(cls, cache: Any) -> Self:
        """The files of a function's cache; they are stale as soon as any kernel was changed."""
        stamp = (cache._impl.locator.get_source_stamp(), source_stamp())  # noqa: SLF001 - Numba has no public way
        return cls(cache.cache_path, cache._impl.filename_base, stamp)  # noqa: SLF001 - likewise

    def save(self, key: Any, data: Any) -> None:
        """Save machine code under a name of its signature's own.

        Numba numbers them: of two processes that compile two signatures at once, each takes number 1, and the index
        then names the code of the one for that of the other.
        """
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:8]
        self._data_name_pattern = f"{self._index_name.removesuffix('.nbi')}.{name}.{{number:d}}.nbc"
        super().save(key, data)


class _Readable:
    """Makes a locator of Numba's take a place that has compiled kernels, where Numba asks for one it can write to."""

    get_cache_path: Callable[[], str]

    def ensure_cache_path(self) -> None:
        """Raise FileNotFoundError, as a locator does of a place that it cannot use, where there are none."""
        if not any(Path(self.get_cache_path()).glob("*.nbi")):
            raise FileNotFoundError(self.get_cache_path())


class _Places(caching.CompileResultCacheImpl):  # type: ignore[misc] # Numba is untyped
    """Numba's own places, in its order: NUMBA_CACHE_DIR, beside the source, the user's cache."""

    _locator_classes = tuple(
        type(f"Readable{place.__name__}", (_Readable, place), {})
        for place in (caching.UserProvidedCacheLocator, caching.InTreeCacheLocator, caching.UserWideCacheLocator)
    )


class _Kept(caching.FunctionCache):  # type: ignore[misc] # Numba is untyped
    """Compiled kernels that are read where nothing can be written."""

    _impl_class = _Places

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep nothing: a kernel that is missing, as on another processor, is compiled for this process alone."""
