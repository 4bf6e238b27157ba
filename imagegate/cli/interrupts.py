"""Ctrl-C in the middle of a scan: what is under way is finished; a second one ends at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

T = TypeVar("T")

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
# As shells report a process that a signal ended.
_SHELL: Final = 128
_END: Final = object()


class _Stopped(BaseException):
    """Ends a read that may wait for ever, as of a list that somebody still writes; no record is made of it."""


class Interrupt:
    """Takes SIGINT and SIGTERM while it is entered.

    Attributes:
        code: The exit code that says which came; None while none has.
    """

    def __init__(self) -> None:
        self.code: int | None = None
        self._before: dict[int, Any] = {}
        self._waits = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            for number in SIGNALS:
                # What a shell started in the background is not meant by its Ctrl-C.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def until(self, values: Iterable[T]) -> Iterator[T]:
        """These values, as long as no signal has come; whatever waits for the next one is broken off."""
        source: Iterator[Any] = iter(values)
        try:
            while self.code is None:
                self._waits = True
                value: Any = next(source, _END)
                self._waits = False
                if value is _END:
                    return
                yield value
        except _Stopped:
            return
        finally:
            self._waits = False

    def _note(self, number: int, _: object) -> None:
        if self.code is not None:
            _end(self.code)
        self.code = _SHELL + number
        if self._waits:
            raise _Stopped


def _end(code: int) -> None:
    """Leave without waiting for any thread; the bar has hidden the cursor."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), b"\x1b[?25h\n")
    os._exit(code)
