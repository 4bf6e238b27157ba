"""The versions that a verdict can depend on: they stand in a scan's records and in the doctor's answer."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Final

import imagegate

_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "numpy": "numpy",
        "numba": "numba",
        "opencv": "cv2",
        "pillow": "PIL",
        "simplejpeg": "simplejpeg",
        "pybase64": "pybase64",
    }
)


@cache
def versions() -> Mapping[str, str]:
    """Name to version; of a package that cannot be imported, why not."""
    packages = {name: _version(module) for name, module in _MODULES.items()}
    return MappingProxyType(
        {"imagegate": imagegate.__version__, "python": platform.python_version()} | packages,
    )


def _version(module: str) -> str:
    # The modules' own word: OpenCV is installed under any of four names.
    try:
        return str(import_module(module).__version__)
    except Exception as error:  # noqa: BLE001 - modules built for another NumPy fail in many ways, and the doctor tells
        return f"cannot be imported: {error}"
