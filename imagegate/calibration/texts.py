"""A calibration in words: numbers as people read them, and the policy's file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from imagegate.calibration import Calibrated, Calibration
from imagegate.calibration.binomial import CONFIDENCE, Share
from imagegate.metrics import METRICS
from imagegate.policy import PROFILES
from imagegate.versions import versions

ONE_PERCENT: Final = 0.01


def number(rate: float) -> str:
    """A share in per cent without the sign: "0.31", "87.4"."""
    return f"{100 * rate:.3g}" if rate >= ONE_PERCENT else f"{round(100 * rate, 2):g}"


def percent(rate: float) -> str:
    """A share in per cent: "0.31 %"."""
    return f"{number(rate)} %"


def share_text(share: Share) -> str:
    """A share with its interval: "0.5 % (0.06 to 1.79 %)"."""
    return f"{percent(share.rate)} ({number(share.low)} to {percent(share.high)})"


def limit_text(row: Calibrated, limit: float) -> str:
    """A limit with its unit and bound: "at most 2 px"."""
    return "none" if math.isinf(limit) else str(METRICS[row.rule.metric].limit_text(row.rule.bound, limit))


def promise(calibration: Calibration) -> str:
    """What may be relied on, in a sentence."""
    return (
        f"Of photos like the good ones these limits together reject at most {100 * calibration.reject_rate:g} %, "
        f"with {100 * CONFIDENCE:g} % confidence."
    )


def check(calibration: Calibration) -> str:
    """What the photos that were held out say of the promise."""
    held_out = calibration.held_out
    return (
        f"Each tenth judged by limits from the other nine: {held_out.count:,} of {held_out.total:,} good photos "
        f"rejected, {share_text(held_out)}."
    )


def doubt(calibration: Calibration) -> str:
    """Why the promise is not to be believed; "" where it is."""
    if calibration.confirmed:
        return ""
    return (
        "More of the photos that were held out are rejected than is promised, so the good photos come in series or "
        "change from one part of the folder to another; see docs/calibrate.md"
    )


def left_out(reasons: Mapping[str, int]) -> str:
    """Files that do not count, and why; "" where all count."""
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()) if count)


def to_toml(calibration: Calibration) -> str:
    """The calibrated policy as a file that `--policy` reads, with what each limit is made of beside it."""
    base = calibration.base
    tables: dict[str, Any] = {"name": calibration.policy.name}
    shipped = PROFILES.get(base.name) == base
    if shipped:
        tables |= {"title": f"{base.name}, calibrated on {calibration.made}", "extends": base.name}
    else:
        tables = base.to_dict() | tables
    limits = tables.pop("limits", {})
    head = [
        f"# Proposed by imagegate {versions()['imagegate']} on {calibration.made}, {_numbers(calibration)}.",
        f"# {promise(calibration)}",
        f"# {check(calibration)}",
        *(f"# {line}" for line in (doubt(calibration),) if line),
    ]
    body = msgspec.toml.encode(tables).decode().strip()
    # Tables last: what follows one's heading belongs to it.
    scalars, bracket, rest = body.partition("\n[")
    parts = ["\n".join(head), scalars.strip(), "\n".join(["[limits]", *_limit_lines(calibration, limits)])]
    return "\n\n".join(parts + ([f"[{rest}"] if bracket else [])) + "\n"


def _limit_lines(calibration: Calibration, limits: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    rows = {row.rule.id: row for row in calibration.rules}
    for metric, bounds in limits.items():
        for bound, limit in bounds.items():
            if rows.get(f"{metric}.{bound}") is None:
                yield f"{metric}.{bound} = {limit!r}"
    for row in rows.values():
        if row.limit is None:
            stays = f"{row.rule.id} = {row.before!r}"
            yield f"{stays if row.rule.metric in limits else f'# {stays}'}  # stays: {row.stays}"
        else:
            yield f"{row.rule.id} = {row.limit!r}  # {_reason(calibration, row)}"


def _reason(calibration: Calibration, row: Calibrated) -> str:
    caught = "" if row.bad is None else f", {row.bad.count:,} of {row.bad.total:,} bad ones"
    kept = f"{100 * calibration.reject_rate:g} % ({100 * CONFIDENCE:g} % confidence)"
    return (
        f"beyond it: {row.good.count:,} of {row.good.total:,} good photos{caught}; "
        f"all limits together reject at most {kept}; {calibration.made}; was {row.before:g}"
    )


def _numbers(calibration: Calibration) -> str:
    bad = "" if calibration.bad is None else f" and {calibration.bad.total:,} bad ones"
    return f"from {calibration.good.total:,} good photos{bad}"
