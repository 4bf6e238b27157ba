"""Numbers and a policy to judgements, and the failed ones to findings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Literal, NamedTuple

from imagegate.causes import CAUSES, Finding
from imagegate.metrics import METRICS, Metric
from imagegate.policy import Policy
from imagegate.rules import RULES, Rule, Stage
from imagegate.words import Phrase


class Judged(NamedTuple):
    """One number beside its limit.

    Attributes:
        rule: The row of RULES.
        value: The number; NaN where it cannot be told.
        limit: The policy's limit.
        verdict: "pass"; "warn" or "reject" where the number fails; "unknown" where it cannot be told.
    """

    rule: Rule
    value: float
    limit: float
    verdict: Literal["pass", "warn", "reject", "unknown"]

    @property
    def metric(self) -> Metric:
        """What the number means."""
        return METRICS[self.rule.metric]

    @property
    def cause(self) -> str:
        """Code of the cause that it gives: another one where the number cannot be told."""
        return (self.rule.undetermined if self.verdict == "unknown" else None) or self.rule.cause

    @property
    def value_text(self) -> str:
        """The number with its unit."""
        return self.metric.text(self.value, self.limit)

    @property
    def limit_text(self) -> str:
        """The limit in words."""
        return self.metric.limit_text(self.rule.bound, self.limit)


def evaluate(stage: Stage, values: object, policy: Policy) -> Iterator[Finding]:
    """What `values` falls short of.

    Args:
        stage: Which rules can be judged now.
        values: Has the metrics of the stage's rules as attributes: a number, NaN for "cannot tell", or None for
            "does not apply".
        policy: The limits.
    """
    failed = [row for row in judged(policy, values, stage=stage) if row.verdict != "pass"]
    # "It moved" says more than "it is blurred": the precise cause stands for the vague one.
    vague = {name for row in failed for name in row.rule.refines}
    precise = {row.cause: row for row in reversed(failed) if row.rule.id not in vague}
    for row in reversed(precise.values()):
        yield from _findings(row, policy)


def judged(policy: Policy, *facts: object, stage: Stage | None = None) -> list[Judged]:
    """Every number that is held against a limit, in the order of RULES.

    Args:
        policy: The limits.
        *facts: What has the numbers as attributes; where several have one, the first counts.
        stage: Only the rules of this one; None for all.
    """
    rules = (rule for rule in RULES if stage in {None, rule.stage})
    rows = {rule.id: row for rule in rules if (row := _judge(rule, policy, facts))}
    beyond = {name for name, row in rows.items() if row.verdict in {"warn", "reject"}}
    return [row for row in rows.values() if _counts(row.rule, beyond)]


def stated(findings: Iterable[Finding]) -> object:
    """The numbers that findings state, as facts: of what was not read, they are all that is known."""
    return SimpleNamespace(**{finding.metric: finding.value for finding in findings if finding.metric})


def unlimited(policy: Policy, *facts: object) -> Iterator[tuple[Metric, float]]:
    """The numbers that are told, but held against no limit."""
    limited = {row.rule.metric for row in judged(policy, *facts)}
    for name, metric in METRICS.items():
        value = _value(name, facts)
        if value is not None and not math.isnan(value) and name not in limited:
            yield metric, value


def _counts(rule: Rule, beyond: set[str]) -> bool:
    return (not rule.refines or not beyond.isdisjoint(rule.refines)) and beyond.isdisjoint(rule.unless)


def _judge(rule: Rule, policy: Policy, facts: tuple[object, ...]) -> Judged | None:
    """NaN fails no rule and passes none: it is a finding of its own where the row says so, else nothing."""
    limit = policy.limit(rule)
    if limit is None or math.isinf(limit):
        return None
    value = _value(rule.metric, facts)
    if value is None:
        return None
    unknown = math.isnan(value)
    code = rule.undetermined if unknown else rule.cause
    severity = "ignore" if code is None else policy.severity(CAUSES[code])
    if severity == "ignore":
        return None
    return Judged(rule, value, limit, "unknown" if unknown else severity if rule.fails(value, limit) else "pass")


def _value(name: str, facts: tuple[object, ...]) -> float | None:
    for fact in facts:
        value: float | None = getattr(fact, name, None)
        if value is not None:
            return value
    return None


def _findings(row: Judged, policy: Policy) -> Iterator[Finding]:
    yield from policy.findings(
        row.cause,
        _message(row),
        metric=row.rule.metric,
        value=row.value,
        limit=row.limit,
        unit=row.metric.unit,
    )


def _message(row: Judged) -> Phrase:
    said = {"title": CAUSES[row.cause].title, "meaning": row.metric.meaning, "value": row.value_text}
    if row.verdict == "unknown":
        return Phrase("{title} ({meaning}: {value}).", **said)
    return Phrase("{title} ({meaning}: {value}; limit: {limit}).", limit=row.limit_text, **said)
