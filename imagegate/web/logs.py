"""Logs, a JSON object a line: what each request came to; never a byte of it, a file's name or a client's address."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

LOGGER: Final = "imagegate.web"


class WorkerError(Exception):
    """A worker process met a flaw of ours.

    Attributes:
        place: The kind of the error, and where it arose.
    """

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


class JsonLines(logging.Formatter):
    """A record as one line of JSON.

    Of an exception it says the kind and the place: its text can hold anything, a photo's bytes too.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info is not None and record.exc_info[1] is not None:
            line["error"] = place_of(record.exc_info[1])
        return msgspec.json.encode(line).decode()


def place_of(error: BaseException) -> str:
    """The kind of an error and where it arose; one of a worker process knows its own."""
    if isinstance(error, WorkerError):
        return error.place
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{where}"


def configuration() -> dict[str, Any]:
    """For logging.config, by way of the server: everything as JSON lines to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stderr}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
    }
