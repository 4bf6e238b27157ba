"""Numbers and a policy to findings: every rule of a stage that its number fails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imagegate.causes import CAUSES
from imagegate.metrics import METRICS
from imagegate.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagegate.causes import Finding
    from imagegate.policy import Policy
    from imagegate.rules import Rule, Stage


def evaluate(stage: Stage, values: object, policy: Policy) -> Iterator[Finding]:
    """What `values` falls short of.

    Args:
        stage: Which rules can be judged now.
        values: Has each metric of the stage's rules as an attribute: a number, NaN for "cannot tell", or None for
            "does not apply".
        policy: The limits.
    """
    failed = {rule.id: rule for rule in RULES if rule.stage == stage and _fails(rule, values, policy)}
    _keep_the_precise(failed)
    for rule in failed.values():
        yield from _findings(rule, values, policy)


def _keep_the_precise(failed: dict[str, Rule]) -> None:
    """Of a rule and the ones it refines only one stays: "it moved" says more than "it is blurred"."""
    for rule in [rule for rule in failed.values() if rule.refines]:
        vague = [name for name in rule.refines if name in failed]
        for name in vague or [rule.id]:
            del failed[name]


def _fails(rule: Rule, values: object, policy: Policy) -> bool:
    """NaN fails no rule, but is a finding of its own where the row says so."""
    value, limit = getattr(values, rule.metric), policy.limit(rule)
    if value is None or limit is None or math.isinf(limit):
        return False
    return rule.undetermined is not None if math.isnan(value) else rule.fails(value, limit)


def _findings(rule: Rule, values: object, policy: Policy) -> Iterator[Finding]:
    value, limit = getattr(values, rule.metric), policy.limit(rule) or 0.0
    metric = METRICS[rule.metric]
    judged = {"metric": rule.metric, "value": value, "limit": limit, "unit": metric.unit}
    if rule.undetermined is not None and math.isnan(value):
        yield from policy.findings(
            rule.undetermined, f"{CAUSES[rule.undetermined].title} ({metric.meaning}: cannot be told).", **judged
        )
        return
    told = f"{metric.meaning}: {metric.text(value, limit)}; taken: {metric.limit_text(rule.bound, limit)}"
    yield from policy.findings(rule.cause, f"{CAUSES[rule.cause].title} ({told}).", **judged)
