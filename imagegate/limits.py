"""The numbers of a picture beside their limits: what people are shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from imagegate.causes import CAUSES
from imagegate.metrics import METRICS
from imagegate.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imagegate.causes import Finding
    from imagegate.metrics import Metric
    from imagegate.policy import Policy
    from imagegate.rules import Bound, Rule


class Judged(NamedTuple):
    """One number beside its limit.

    Attributes:
        metric: What the number means.
        value: The number; NaN where it cannot be told and the rule makes a finding of that.
        bound: "min": it must not be below the limit; "max": not above.
        limit: The policy's limit.
        verdict: "pass"; "warn" or "reject" where the number fails; "unknown" where it cannot be told.
    """

    metric: Metric
    value: float
    bound: Bound
    limit: float
    verdict: Literal["pass", "warn", "reject", "unknown"]

    @property
    def value_text(self) -> str:
        """The number with its unit."""
        return self.metric.text(self.value, self.limit)

    @property
    def limit_text(self) -> str:
        """The limit in words."""
        return self.metric.limit_text(self.bound, self.limit)


def judged(policy: Policy, findings: Sequence[Finding], *facts: object) -> Iterator[Judged]:
    """Every number that was held against a limit, in the order of RULES.

    Args:
        policy: The limits.
        findings: What was found: a number that stands nowhere else stands there.
        *facts: Have the numbers as attributes: measurements and header, or None.
    """
    for rule in RULES:
        value, limit = _value(rule.metric, findings, facts), policy.limit(rule)
        severity = policy.severity(CAUSES[rule.cause])
        if value is None or limit is None or math.isinf(limit) or severity == "ignore":
            continue
        if _says_nothing(rule, value, findings):
            continue
        verdict = "unknown" if math.isnan(value) else severity if rule.fails(value, limit) else "pass"
        yield Judged(METRICS[rule.metric], value, rule.bound, limit, verdict)


def unlimited(policy: Policy, *facts: object) -> Iterator[tuple[Metric, float]]:
    """The numbers that are told, but held against no limit."""
    limited = {row.metric.name for row in judged(policy, (), *facts)}
    for name, metric in METRICS.items():
        value = _value(name, (), facts)
        if value is not None and not math.isnan(value) and name not in limited:
            yield metric, value


def _says_nothing(rule: Rule, value: float, findings: Sequence[Finding]) -> bool:
    """A number that cannot be told is no finding of most rules, and one that refines others counts only with them."""
    if math.isnan(value) and rule.undetermined is None:
        return True
    return bool(rule.refines) and rule.metric not in {finding.metric for finding in findings}


def _value(name: str, findings: Sequence[Finding], facts: Sequence[object]) -> float | None:
    """As measured, as the header has it, or as a finding states it; None where it was not reached or does not apply."""
    found = [finding.value for finding in findings if finding.metric == name]
    known = (*(getattr(part, name, None) for part in facts), *found)
    return next((value for value in known if value is not None), None)
