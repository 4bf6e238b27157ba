"""Packages of an extra: imported when they are first used, by a function or by whoever resolves its annotations."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Extra:
    """A module that may not be installed.

    Args:
        name: Its name.
        missing: What to do where it cannot be imported.
    """

    def __init__(self, name: str, missing: str) -> None:
        self._name = name
        self._missing = missing

    def __getattr__(self, attribute: str) -> Any:
        try:
            module = import_module(self._name)
        except ImportError:
            raise ImportError(self._missing) from None
        return getattr(module, attribute)


pyarrow = Extra("pyarrow", "this needs pyarrow: pip install 'imagegate[parquet]'")
pandas = Extra("pandas", "to_pandas() needs pandas: pip install pandas")
