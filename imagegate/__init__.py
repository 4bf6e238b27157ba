"""imagegate says, before the upload, whether an API will take a photo.

The names below are loaded when they are first used: `import imagegate` itself loads no NumPy, Numba or OpenCV.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from imagegate.causes import CAUSES, Cause, Finding
    from imagegate.explanation import ApiError, explain
    from imagegate.gate import check, warmup
    from imagegate.measurements import Measurements
    from imagegate.payload import PayloadReport, check_payload
    from imagegate.policy import PROFILES, Policy
    from imagegate.report import ImageRejected, Report
    from imagegate.rules import RULES
    from imagegate.scanning import Record, Scan, scan

__version__: Final = "0.1.0"

__all__ = [
    "CAUSES",
    "PROFILES",
    "RULES",
    "ApiError",
    "Cause",
    "Finding",
    "ImageRejected",
    "Measurements",
    "PayloadReport",
    "Policy",
    "Record",
    "Report",
    "Scan",
    "check",
    "check_payload",
    "explain",
    "scan",
    "warmup",
]

_HOME: Final = {
    "ApiError": "explanation",
    "CAUSES": "causes",
    "Cause": "causes",
    "Finding": "causes",
    "ImageRejected": "report",
    "Measurements": "measurements",
    "PROFILES": "policy",
    "PayloadReport": "payload",
    "Policy": "policy",
    "RULES": "rules",
    "Record": "scanning",
    "Report": "report",
    "Scan": "scanning",
    "check": "gate",
    "check_payload": "payload",
    "explain": "explanation",
    "scan": "scanning",
    "warmup": "gate",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'imagegate' has no attribute {name!r}")
    return getattr(import_module(f"imagegate.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
