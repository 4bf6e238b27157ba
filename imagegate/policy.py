"""Policy: what one API takes, as limits, severities, statuses and formats; read from and written to TOML."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

from imagegate.causes import CAUSES, Cause, Finding, Severity, Status
from imagegate.inheritance import PROFILE_TEXTS, no_profile, tables_of
from imagegate.metrics import METRICS
from imagegate.request import Request, request_of
from imagegate.rules import RULES, Bound, Rule
from imagegate.words import Phrase

DataUri: TypeAlias = Literal["allowed", "required", "forbidden"]
Readable: TypeAlias = Literal["jpeg", "png", "heic"]
Isolation: TypeAlias = Literal["none", "process"]

RULE_OF: Final[Mapping[str, Rule]] = MappingProxyType({rule.id: rule for rule in RULES})


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one API takes. What is not said here is as in RULES and CAUSES.

    Attributes:
        name: Stands in every report.
        title: One line for people.
        formats: Formats by content that are taken; "heic" needs the extra imagegate[heif].
        data_uri: Whether Base64 text may, must or must not be a data: URI.
        limits: Metric, then "min" or "max", then the limit: {"blur_radius": {"max": 2.0}}. `inf` (or `-inf` for a
            min) never fails.
        severities: Cause code to "reject", "warn" or "ignore".
        statuses: Cause code to 400 or 422, for an API that answers otherwise than the catalogue.
        request: Where the JSON request of the API holds its pictures, for `check_payload()`.
        isolation: "process" reads each picture in a worker process; docs/isolation.md says what that promises.
        worker_memory: Bytes that reading one picture may take there; whatever takes more is `image_too_large`.
        worker_seconds: Seconds that it may take there; likewise.

    Raises:
        ValueError: For an unknown metric, bound, cause, format or value, or a limit that no picture could be held
            against; the message names the key.
        TypeError: For a value of the wrong type; the message names the key.
    """

    name: str = "default"
    title: str = ""
    formats: tuple[Readable, ...] = ("jpeg", "png")
    data_uri: DataUri = "allowed"
    limits: Mapping[str, Mapping[Bound, float]] = {}
    severities: Mapping[str, Severity] = {}
    statuses: Mapping[str, Status] = {}
    request: Request = Request()
    isolation: Isolation = "none"
    worker_memory: int = 1 << 30
    worker_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse by name what cannot be meant; keep copies that cannot be changed, for profiles are shared."""
        _check_strings(self)
        checked = {
            "formats": _checked_formats(self.formats),
            "limits": {
                metric: MappingProxyType(_checked_bounds(metric, bounds))
                for metric, bounds in _mapping("limits", self.limits).items()
            },
            "severities": _checked_choices("severities", self.severities, get_args(Severity)),
            "statuses": _checked_choices("statuses", self.statuses, get_args(Status)),
            "request": request_of(self.request),
            "worker_memory": _checked_bytes("worker_memory", self.worker_memory),
            "worker_seconds": _checked_budget("worker_seconds", self.worker_seconds),
        }
        for field, value in checked.items():
            frozen = MappingProxyType(value) if isinstance(value, dict) else value
            msgspec.structs.force_setattr(self, field, frozen)

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Policy], tuple[dict[str, Any]]]:
        """Pickle as plain tables: a view that cannot be changed cannot be pickled."""
        return _restored, (self.to_dict(),)

    @classmethod
    def from_toml(cls, text: str) -> Policy:
        """Read a policy; the message of an error names the key that is wrong.

        Args:
            text: TOML. With the key `extends`, what it does not say is as in the profile of that name, key by key; its
                name too.

        Raises:
            ValueError: The text is not TOML, or a key or value is not a policy's.
            TypeError: A value has the wrong type.
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a string of TOML, got {type(text).__name__}")
        raw = tables_of(text)
        unknown = sorted(set(raw) - set(cls.__struct_fields__))
        if unknown:
            raise ValueError(f"policy: unknown key {unknown[0]!r}; known: {', '.join(cls.__struct_fields__)}, extends")
        return cls(**raw)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Policy:
        """Read a policy from a TOML file; errors as `from_toml`, or the OSError of opening it."""
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - takes whatever open() takes
            return cls.from_toml(file.read())

    def to_toml(self) -> str:
        """The policy as TOML; `from_toml` reads it back to an equal policy."""
        return msgspec.toml.encode(self.to_dict()).decode()

    def to_dict(self) -> dict[str, Any]:
        """The policy as plain containers."""
        plain = {
            "name": self.name,
            "title": self.title,
            "formats": list(self.formats),
            "data_uri": self.data_uri,
            "limits": {metric: dict(bounds) for metric, bounds in self.limits.items()},
            "severities": dict(self.severities),
            "statuses": dict(self.statuses),
            "request": self.request.to_dict(),
            "isolation": self.isolation,
            "worker_memory": self.worker_memory,
            "worker_seconds": self.worker_seconds,
        }
        return {key: value for key, value in plain.items() if value not in ("", {})}

    def limit(self, rule: Rule) -> float | None:
        """The limit this policy holds the rule's metric to; None where it is not judged."""
        return self.limits.get(rule.metric, {}).get(rule.bound, rule.limit)

    def ceiling(self, metric: str) -> float:
        """The largest value of a metric that this policy does not reject: what is read and decoded at most."""
        rule = RULE_OF[f"{metric}.max"]
        limit = self.limit(rule)
        rejects = self.severity(CAUSES[rule.cause]) == "reject"
        return limit if rejects and limit is not None else math.inf

    def severity(self, cause: Cause) -> Severity:
        """What this policy makes of a cause."""
        return self.severities.get(cause.code, cause.severity)

    def status(self, cause: Cause) -> Status:
        """The status this policy's API answers for a cause."""
        return self.statuses.get(cause.code, cause.status)

    def rejection(self, code: str, message: Phrase, *, hint: str = "", decoder_failure: bool = False) -> Finding:
        """The finding for a picture of which nothing is left to judge: no policy lets that pass."""
        cause = CAUSES[code]
        return Finding(
            cause=cause,
            status=self.status(cause),
            severity="reject",
            message=message,
            hint=hint,
            decoder_failure=decoder_failure,
        )

    def findings(self, code: str, message: Phrase, **judged: Any) -> Iterator[Finding]:
        """The finding for a cause, or nothing where this policy ignores it.

        Args:
            code: Code of the cause.
            message: What was found.
            **judged: `metric`, `value`, `limit` and `unit`, where a number was judged; `hint`.
        """
        cause = CAUSES[code]
        severity = self.severity(cause)
        if severity != "ignore":
            yield Finding(cause=cause, status=self.status(cause), severity=severity, message=message, **judged)


def _restored(tables: dict[str, Any]) -> Policy:
    return Policy(**tables)


def _check_strings(policy: Policy) -> None:
    for field in ("name", "title"):
        if not isinstance(getattr(policy, field), str):
            raise TypeError(f"{field} must be a string, got {type(getattr(policy, field)).__name__}")
    if not policy.name:
        raise ValueError("name must not be empty")
    for field, choices in (("data_uri", get_args(DataUri)), ("isolation", get_args(Isolation))):
        if getattr(policy, field) not in choices:
            raise ValueError(f"{field} must be one of {_listed(choices)}, got {getattr(policy, field)!r}")


def _checked_budget(field: str, value: Any) -> float:
    budget = _number(field, value)
    if not 0 < budget < math.inf:
        raise ValueError(f"{field} must be > 0 and finite, got {budget:g}")
    return budget


def _checked_bytes(field: str, value: Any) -> int:
    if _checked_budget(field, value) < 1:
        raise ValueError(f"{field} must be at least one byte, got {value:g}")
    return int(value)


def _checked_formats(formats: Any) -> tuple[Any, ...]:
    if isinstance(formats, str) or not isinstance(formats, (tuple, list)):
        raise TypeError(f"formats must be a list of names, got {type(formats).__name__}")
    for name in formats:
        if name not in get_args(Readable):
            raise ValueError(f"formats: {name!r} is not one of {_listed(get_args(Readable))}")
    if not formats:
        raise ValueError("formats must name at least one format")
    return tuple(formats)


def _checked_bounds(metric: str, bounds: Any) -> dict[Bound, float]:
    known = [rule.bound for rule in RULES if rule.metric == metric]
    if not known:
        judged = dict.fromkeys(rule.metric for rule in RULES)
        raise ValueError(f"limits: {metric!r} is not a metric that is judged; these are: {', '.join(judged)}")
    checked: dict[Bound, float] = {}
    for bound, limit in _mapping(f"limits.{metric}", bounds).items():
        if bound not in known:
            raise ValueError(f"limits.{metric}: unknown bound {bound!r}; known: {_listed(known)}")
        checked[bound] = _checked_limit(f"{metric}.{bound}", metric, limit)
    if checked.get("min", -math.inf) > checked.get("max", math.inf):
        raise ValueError(f"{metric}.min must not be above {metric}.max, got {checked['min']:g} and {checked['max']:g}")
    return checked


def _number(key: str, value: Any) -> float:
    """Any real number, NumPy's too, as Python's own; whole ones stay whole, as TOML tells them apart."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{key} must be a number, got {type(value).__name__}")
    try:
        inexact = float(value)
    except OverflowError:
        raise ValueError(f"{key} is too large a number") from None
    return int(value) if isinstance(value, Integral) else inexact


def _checked_limit(key: str, name: str, value: Any) -> float:
    limit = _number(key, value)
    metric = METRICS[name]
    off = -math.inf if key.endswith(".min") else math.inf
    if limit == off:
        return limit
    if math.isnan(limit):
        raise ValueError(f"{key} must not be NaN")
    if limit < metric.low or (metric.open_low and limit == metric.low):
        raise ValueError(f"{key} must be {'>' if metric.open_low else '>='} {metric.low:g}, got {limit:g}")
    if limit > metric.high or math.isinf(limit):
        raise ValueError(f"{key} must be <= {metric.high:g}, got {limit:g}")
    return limit


def _checked_choices(field: str, table: Any, choices: tuple[Any, ...]) -> dict[str, Any]:
    for code, choice in _mapping(field, table).items():
        if code not in CAUSES:
            raise ValueError(f"{field}: unknown cause {code!r}; the known ones are listed by `imagegate causes`")
        if choice not in choices or type(choice) not in map(type, choices):
            raise ValueError(f"{field}.{code} must be one of {_listed(choices)}, got {choice!r}")
    return dict(table)


def _mapping(field: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{field} must be a table, got {type(value).__name__}")
    return value


def _listed(choices: Any) -> str:
    return ", ".join(repr(choice) for choice in choices)


PROFILES: Final[Mapping[str, Policy]] = MappingProxyType(
    {name: Policy.from_toml(text) for name, text in PROFILE_TEXTS.items()}
)


def resolve(policy: Policy | str | None) -> Policy:
    """The policy a caller means: None is the default, a string is a profile's name.

    Raises:
        ValueError: The name is not a profile's.
        TypeError: `policy` is none of these.
    """
    if policy is None:
        return PROFILES["default"]
    if isinstance(policy, Policy):
        return policy
    if not isinstance(policy, str):
        raise TypeError(f"policy must be a Policy, a profile's name or None, got {type(policy).__name__}")
    if policy not in PROFILES:
        raise ValueError(f"policy: {no_profile(policy, PROFILES)}")
    return PROFILES[policy]
