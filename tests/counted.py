"""What a call costs, as counts that are the same on every machine and in every run.

Lines of Python and calls are counted as they happen. What C code does within a line is counted in bytes: those that
are allocated in it, which are all that it copies, and those that it looks at without a copy, where it looks for
something: all of a text whose method is called, of what a regular expression goes over, of what is unpacked, decoded
or summed. That a regular expression looks at each byte a bounded number of times is counted in `tests.backtracking`.
"""

from __future__ import annotations

import json
import re
import sys
import tracemalloc
import zlib
from contextlib import ExitStack, contextmanager
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

import msgspec
import pybase64

from tests.patterns import modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TEXTS: Final = (str, bytes, bytearray)
# What goes over its first argument in C.
_READERS: Final = ((zlib, "crc32"), (pybase64, "b64decode"), (msgspec.json, "decode"), (json, "loads"))


class Cost(NamedTuple):
    """Lines of Python and calls, and bytes that C code copied or looked at."""

    lines: int
    visited: int


class _Meter:
    def __init__(self) -> None:
        self.lines = 0
        self.visited = 0
        self._held = 0

    def trace(self, _: Any, event: str, __: Any) -> Callable[..., Any]:
        if event == "line":
            self.lines += 1
            self.note_memory()
        return self.trace

    def profile(self, _: Any, event: str, function: Any) -> None:
        if event in {"call", "c_call"}:
            self.lines += 1
        owner = getattr(function, "__self__", None)
        if event == "c_call" and isinstance(owner, _TEXTS):
            self.visited += len(owner)

    def note_memory(self) -> None:
        """Count what was allocated since the last time, though it may be gone again."""
        held, peak = tracemalloc.get_traced_memory()
        self.visited += max(0, peak - self._held)
        self._held = held
        tracemalloc.reset_peak()

    def goes_over(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(data: Any, *args: Any, **options: Any) -> Any:
            self.visited += len(data)
            return function(data, *args, **options)

        return counted


class _Pattern:
    """A compiled pattern that counts what it goes over."""

    def __init__(self, pattern: re.Pattern[Any], meter: _Meter) -> None:
        self._pattern = pattern
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._pattern, name)
        return self._one(method) if name in {"match", "search", "fullmatch"} else self._all(name, method)

    def _one(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(text: Any, start: int = 0, end: int = sys.maxsize) -> Any:
            found = method(text, start, end)
            self._meter.visited += (found.end() if found else min(end, len(text))) - start
            return found

        return counted

    def _all(self, name: str, method: Any) -> Any:
        def counted(*args: Any, **options: Any) -> Any:
            self._meter.visited += len(args[name in {"sub", "subn"}])
            return method(*args, **options)

        return counted if callable(method) else method


def _with_meter(value: Any, meter: _Meter) -> Any:
    """A value with each pattern in it replaced by one that counts; the value itself where there is none."""
    if isinstance(value, re.Pattern):
        return _Pattern(value, meter)
    if isinstance(value, (dict, MappingProxyType)):
        replaced = {key: _with_meter(each, meter) for key, each in value.items()}
        return value if all(replaced[key] is each for key, each in value.items()) else replaced
    if type(value) in {tuple, list}:
        items = [_with_meter(each, meter) for each in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else type(value)(items)
    return value


@contextmanager
def _watched(meter: _Meter) -> Iterator[None]:
    with ExitStack() as stack:
        for module, name in _READERS:
            stack.enter_context(patch.object(module, name, meter.goes_over(getattr(module, name))))
        for module, name, value in _replaced(meter):
            stack.enter_context(patch.object(module, name, value))
        yield


def _replaced(meter: _Meter) -> Iterator[tuple[ModuleType, str, Any]]:
    for module in modules():
        for name, value in list(vars(module).items()):
            if name.startswith("__") or isinstance(value, type):
                continue
            counting = _with_meter(value, meter)
            if counting is not value:
                yield module, name, counting


def cost_of(call: Callable[[Any], object], argument: Any) -> Cost:
    """What a call with one argument costs."""
    meter = _Meter()
    with _watched(meter):
        tracemalloc.start()
        meter.note_memory()
        meter.visited = 0
        sys.setprofile(meter.profile)
        sys.settrace(meter.trace)
        try:
            call(argument)
        finally:
            sys.settrace(None)
            sys.setprofile(None)
            meter.note_memory()
            tracemalloc.stop()
    return Cost(meter.lines, meter.visited)
