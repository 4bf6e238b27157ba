"""calibrate(): limits for one's own photos, and what may be promised of them.

docs/calibrate.md explains it; binomial.py, blocks.py and roc.py have the statistics, each with its sources.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Context
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from imagegate.calibration.binomial import (
    CONFIDENCE,
    ONE_SIDED,
    Share,
    photos_needed,
    quantile_ranks,
    upper_bound,
    worst,
)
from imagegate.calibration.blocks import cut, least
from imagegate.calibration.photos import Photos, badness, parted, photos_of
from imagegate.calibration.roc import Auc, auc
from imagegate.causes import CAUSES
from imagegate.judge import evaluate
from imagegate.measurements import Measurements
from imagegate.metrics import METRICS
from imagegate.policy import RULE_OF, Policy, resolve
from imagegate.rules import RULES, Rule
from imagegate.scanning import Record

__all__ = ["CONFIDENCE", "Calibrated", "Calibration", "Quantile", "Share", "calibrate"]

SUFFIX: Final = "_calibrated"
FOLDS: Final = 10
LOWEST: Final = 1e-6  # takes three million good photos
MOST: Final = 0.5  # no photos are good half of which are to be rejected
DIGITS: Final = 4  # of a limit


class Quantile(NamedTuple):
    """The value that the wanted share of good photos is beyond, and its interval at CONFIDENCE; infinite where open.

    Attributes:
        value: What at most that share of these photos is beyond.
        inner: The stricter end of the interval.
        outer: The looser end; infinite where there are too few photos for one.
    """

    value: float
    inner: float
    outer: float


class Calibrated(msgspec.Struct, frozen=True, kw_only=True):
    """One rule with its limit before and after.

    Attributes:
        rule: The row of RULES.
        limit: What is proposed; infinite where it is to reject nothing; None where `before` stays.
        before: The limit of the base policy.
        stays: Why that stays; "" where it does not.
        unknown: How many good photos have no such number.
        quantile: Where the wanted share of good photos would be rejected by this rule alone.
        good: Good photos beyond the limit that holds now.
        good_before: Good photos beyond the base policy's.
        bad: Bad photos beyond the limit that holds now; None without bad photos.
        bad_before: Bad photos beyond the base policy's; likewise.
        auc: How well the number tells bad photos from good; likewise.
        values: The numbers of good and of bad photos as they were measured, NaN for none.
    """

    rule: Rule
    limit: float | None
    before: float
    stays: str
    unknown: int
    quantile: Quantile
    good: Share
    good_before: Share
    bad: Share | None
    bad_before: Share | None
    auc: Auc | None
    values: tuple[NDArray[np.float64], NDArray[np.float64]]

    @property
    def holds(self) -> float:
        """The limit that holds now."""
        return self.before if self.limit is None else self.limit

    def to_dict(self) -> dict[str, Any]:
        """All but the values, as plain containers."""
        return {
            "rule": self.rule.id,
            "cause": self.rule.cause,
            "unit": METRICS[self.rule.metric].unit,
            "limit": self.limit,
            "before": self.before,
            "stays": self.stays,
            "unknown": self.unknown,
            "quantile": self.quantile._asdict(),
            "good": self.good.to_dict(),
            "good_before": self.good_before.to_dict(),
            "bad": self.bad and self.bad.to_dict(),
            "bad_before": self.bad_before and self.bad_before.to_dict(),
            "auc": self.auc and msgspec.structs.asdict(self.auc),
        }


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Limits for one's own photos.

    Attributes:
        base: The policy that the limits are a change of.
        policy: The policy with the proposed limits.
        reject_rate: What is promised, at CONFIDENCE: of photos like the good ones, of which nothing else is wrong, the
            policy's rules of the picture reject at most this share.
        rules: Every rule of the picture that rejects under `base`, in the order of RULES.
        good: Good photos that `policy` rejects.
        good_before: Good photos that `base` rejects.
        held_out: Good photos that were rejected, each tenth by limits that are made of the other nine tenths.
        bad: Bad photos that `policy` rejects; None without bad photos.
        bad_before: Bad photos that `base` rejects; likewise.
        good_left_out: Why a good file does not count, to how many.
        bad_left_out: Why a bad file does not count, to how many.
        made: The day, in UTC.
    """

    base: Policy
    policy: Policy
    reject_rate: float
    rules: tuple[Calibrated, ...]
    good: Share
    good_before: Share
    held_out: Share
    bad: Share | None
    bad_before: Share | None
    good_left_out: Mapping[str, int]
    bad_left_out: Mapping[str, int]
    made: date

    @property
    def confirmed(self) -> bool:
        """Whether the good photos that were held out leave the promise possible."""
        return self.held_out.low <= self.reject_rate

    def to_dict(self) -> dict[str, Any]:
        """The calibration as plain containers that JSON can hold, but for infinite and undefined numbers."""
        return {
            "policy": self.policy.to_dict(),
            "base": self.base.name,
            "made": self.made.isoformat(),
            "reject_rate": self.reject_rate,
            "confidence": CONFIDENCE,
            "confirmed": self.confirmed,
            "good": self.good.to_dict(),
            "good_before": self.good_before.to_dict(),
            "held_out": self.held_out.to_dict(),
            "bad": self.bad and self.bad.to_dict(),
            "bad_before": self.bad_before and self.bad_before.to_dict(),
            "good_left_out": dict(self.good_left_out),
            "bad_left_out": dict(self.bad_left_out),
            "rules": [rule.to_dict() for rule in self.rules],
        }


def calibrate(
    good: Iterable[Record],
    bad: Iterable[Record] | None = None,
    *,
    reject_rate: float = 0.01,
    policy: Policy | str | None = None,
) -> Calibration:
    """Propose limits for one's own photos.

    Each rule of the picture that rejects under `policy` gets a limit, so that all together keep to `reject_rate`; with
    bad photos only those whose number tells them from the good ones, and the limits of the others stay. A photo that
    is there twice, that cannot be read, or that is rejected for other reasons than its picture, does not count.

    Args:
        good: Photos that are to pass, as `imagegate.scan` gives them, scanned with the same `policy`.
        bad: Photos that are to be rejected, likewise.
        reject_rate: The share of photos like the good ones that may be rejected, at least 1e-6 and below 0.5; it is
            promised with 95 % confidence.
        policy: What the API takes: None for the default, a profile's name, or a Policy.

    Raises:
        ValueError: There are too few good photos to promise `reject_rate`; no number tells bad photos from good ones;
            there is nothing to calibrate; or an argument cannot be used. The message says what can be done.
        TypeError: An argument has the wrong type.
    """
    base = resolve(policy)
    _check_rate(reject_rate)
    fit = _Fit(base, reject_rate)
    kept, spoilt = photos_of(good), None if bad is None else photos_of(bad)
    if spoilt is not None:
        kept, spoilt = parted(kept, spoilt)
    return fit.result(kept, spoilt)


def _check_rate(rate: object) -> None:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        raise TypeError(f"reject_rate must be a number, got {type(rate).__name__}")
    if not LOWEST <= rate < MOST:
        raise ValueError(f"reject_rate must be at least {LOWEST:g} and below {MOST:g}, got {rate:g}")


class _Fit:
    """How limits are found: the same for all photos, and for nine tenths of them."""

    def __init__(self, base: Policy, reject_rate: float) -> None:
        self.base = base
        self.reject_rate = reject_rate
        self.rules = [rule for rule in RULES if _rejects_by(rule, base)]
        if not self.rules:
            raise ValueError(
                f"policy: {base.name} rejects no picture for its quality, so there is nothing to calibrate"
            )

    def result(self, kept: Photos, spoilt: Photos | None) -> Calibration:
        good = list(kept.measured.values())
        bad = None if spoilt is None else list(spoilt.measured.values())
        if not good:
            raise ValueError("good: there is no photo that can be measured")
        if bad is not None and not bad:
            raise ValueError("bad: there is no photo that can be measured")
        stays = self._stays(good, bad)
        limits = self._limits(good, bad, stays, self._photos_to_cut(good, stays))
        policy = _limited(self.base, limits)
        return Calibration(
            base=self.base,
            policy=msgspec.structs.replace(policy, name=f"{self.base.name.removesuffix(SUFFIX)}{SUFFIX}"),
            reject_rate=self.reject_rate,
            rules=tuple(
                self._calibrated(rule, limits.get(rule.id), stays.get(rule.id, ""), good, bad) for rule in self.rules
            ),
            good=_rejected(good, policy),
            good_before=_rejected(good, self.base),
            held_out=self._held_out(good, bad),
            bad=None if bad is None else _rejected(bad, policy),
            bad_before=None if bad is None else _rejected(bad, self.base),
            good_left_out=MappingProxyType(kept.left_out),
            bad_left_out=MappingProxyType(Counter() if spoilt is None else spoilt.left_out),
            made=datetime.now(UTC).date(),
        )

    def _stays(self, good: Sequence[Measurements], bad: Sequence[Measurements] | None) -> dict[str, str]:
        """Why the limits of some rules stay, by the rules' ids."""
        reasons = {rule.id: _why_not(rule, good, bad) for rule in self.rules}
        if all(reasons.values()):
            told = "; ".join(f"{rule}: {reason}" for rule, reason in reasons.items())
            raise ValueError(f"{'good' if bad is None else 'bad'}: no limit can be proposed ({told})")
        return {rule: reason for rule, reason in reasons.items() if reason}

    def _condemned(self, good: Sequence[Measurements], stays: Mapping[str, str]) -> NDArray[np.bool_] | None:
        """Which photos are rejected whatever the limits; None where nothing can be."""
        if not stays and not any(_may_reject_unknown(rule, self.base) for rule in self.rules):
            return None
        free = _limited(self.base, {rule.id: _loosest(rule) for rule in self.rules if rule.id not in stays})
        return np.array([_rejects(photo, free) for photo in good], np.bool_)

    def _least(self, good: Sequence[Measurements], stays: Mapping[str, str]) -> int:
        condemned = self._condemned(good, stays)
        return least(len(self.rules) - len(stays), None if condemned is None else int(condemned.sum()))

    def _photos_to_cut(self, good: Sequence[Measurements], stays: Mapping[str, str]) -> int:
        """How many of the good photos the limits may cut off.

        Raises:
            ValueError: Fewer than they must.
        """
        needed, allowed = self._least(good, stays), worst(len(good), self.reject_rate)
        if allowed >= needed:
            return allowed
        limits = len(self.rules) - len(stays)
        condemned = needed - limits - 1
        others = f", and {condemned:,} that are rejected whatever the limits," if condemned > 0 else ""
        lowest = upper_bound(needed - 1, len(good), ONE_SIDED)
        fewest = photos_needed(needed, self.reject_rate)
        possible = f"they can promise {_up(100 * lowest):g} %" if lowest < MOST else "they can promise nothing"
        raise ValueError(
            f"reject_rate: {len(good):,} good photos{others} cannot promise {100 * self.reject_rate:g} % with {limits} "
            f"{'limit' if limits == 1 else 'limits'}; {possible}, and for {100 * self.reject_rate:g} % it takes "
            f"{fewest:,} ({fewest - len(good):,} more)"
        )

    def _limits(
        self,
        good: Sequence[Measurements],
        bad: Sequence[Measurements] | None,
        stays: Mapping[str, str],
        photos: int,
    ) -> dict[str, float]:
        """The limit of each rule that gets one, by its id."""
        rules = [rule for rule in self.rules if rule.id not in stays]
        found = cut([badness(rule, good) for rule in rules], self._condemned(good, stays), photos)
        if bad is not None:
            found = [_eased(limit, badness(rule, bad)) for rule, limit in zip(rules, found, strict=True)]
        return {rule.id: _as_limit(rule, limit) for rule, limit in zip(rules, found, strict=True)}

    def _held_out(self, good: Sequence[Measurements], bad: Sequence[Measurements] | None) -> Share:
        """Each tenth judged by what is found, choice of rules and all, in the other nine.

        The tenths are stretches of the folder: what comes in series, or changes with time, stands together there.
        """
        allowed = worst(len(good), self.reject_rate)
        rejected = 0
        for fold in range(FOLDS):
            start, end = (len(good) * part // FOLDS for part in (fold, fold + 1))
            rest = [*good[:start], *good[end:]]
            try:
                stays = self._stays(rest, bad)
            except ValueError:
                policy = self.base
            else:
                photos = max(self._least(rest, stays), allowed * len(rest) // len(good))
                policy = _limited(self.base, self._limits(rest, bad, stays, photos))
            rejected += sum(_rejects(photo, policy) for photo in good[start:end])
        return Share(rejected, len(good))

    def _calibrated(
        self,
        rule: Rule,
        limit: float | None,
        stays: str,
        good: Sequence[Measurements],
        bad: Sequence[Measurements] | None,
    ) -> Calibrated:
        before = _limit_of(rule, self.base)
        holds = before if limit is None else limit
        worse = None if bad is None else badness(rule, bad)
        values = badness(rule, good)
        return Calibrated(
            rule=rule,
            limit=limit,
            before=before,
            stays=stays,
            unknown=int(np.isneginf(values).sum()),
            quantile=_quantile(rule, values, self.reject_rate),
            good=_beyond(rule, values, holds),
            good_before=_beyond(rule, values, before),
            bad=None if worse is None else _beyond(rule, worse, holds),
            bad_before=None if worse is None else _beyond(rule, worse, before),
            auc=None if worse is None else auc(values, worse),
            values=(_measured(rule, good), _measured(rule, bad or ())),
        )


def _rejects_by(rule: Rule, policy: Policy) -> bool:
    """Whether a rule rejects on its own: what refines another's verdict only names it, where that rejects as well."""
    if rule.stage != "picture" or not math.isfinite(_limit_of(rule, policy)):
        return False
    rejecting = policy.severity(CAUSES[rule.cause]) == "reject"
    names = rule.refines and all(policy.severity(CAUSES[RULE_OF[other].cause]) == "reject" for other in rule.refines)
    return rejecting and not names


def _limit_of(rule: Rule, policy: Policy) -> float:
    limit = policy.limit(rule)
    return _off(rule) if limit is None else limit


def _off(rule: Rule) -> float:
    """The limit that nothing fails."""
    return -math.inf if rule.bound == "min" else math.inf


def _loosest(rule: Rule) -> float:
    """The limit that no number fails, but that one which cannot be told is still held against."""
    metric = METRICS[rule.metric]
    if rule.bound == "max":
        return min(metric.high, sys.float_info.max)
    return math.nextafter(metric.low, math.inf) if metric.open_low else max(metric.low, -sys.float_info.max)


def _may_reject_unknown(rule: Rule, policy: Policy) -> bool:
    return rule.undetermined is not None and policy.severity(CAUSES[rule.undetermined]) == "reject"


def _why_not(rule: Rule, good: Sequence[Measurements], bad: Sequence[Measurements] | None) -> str:
    """Why a rule gets no limit; "" where it does."""
    if rule.refines:
        return "counts only together with other rules"
    values = badness(rule, good)
    known = int(np.isfinite(values).sum())
    if 2 * known < len(good):
        return f"only {known:,} of {len(good):,} good photos have this number"
    if bad is None:
        return ""
    area = auc(values, badness(rule, bad))
    if area.separates:
        return ""
    return f"does not tell bad photos from good (AUC {area.area:.2f}, {area.low:.2f} to {area.high:.2f})"


def _eased(limit: float, bad: NDArray[np.float64]) -> float:
    """Half-way to the nearest bad photo that it catches: it still catches that, and rejects fewer others."""
    caught = bad[bad > limit]
    return (limit + float(caught.min())) / 2 if caught.size else limit


def _as_limit(rule: Rule, worst_value: float) -> float:
    """Of four digits, rounded to the looser side; what is no limit that a policy can have rejects nothing."""
    loose = _up(worst_value)
    limit = -loose if rule.bound == "min" else loose
    metric = METRICS[rule.metric]
    return _off(rule) if metric.open_low and limit <= metric.low else limit + 0.0  # not -0.0


def _up(value: float) -> float:
    return float(Context(prec=DIGITS, rounding=ROUND_CEILING).create_decimal_from_float(value))


def _limited(policy: Policy, limits: Mapping[str, float]) -> Policy:
    """The policy with these limits, by the ids of their rules."""
    tables = {metric: dict(bounds) for metric, bounds in policy.limits.items()}
    for name, limit in limits.items():
        rule = RULE_OF[name]
        tables.setdefault(rule.metric, {})[rule.bound] = limit
    return msgspec.structs.replace(policy, limits=tables)


def _rejects(photo: Measurements, policy: Policy) -> bool:
    return any(finding.severity == "reject" for finding in evaluate("picture", photo, policy))


def _rejected(photos: Sequence[Measurements], policy: Policy) -> Share:
    return Share(sum(_rejects(photo, policy) for photo in photos), len(photos))


def _beyond(rule: Rule, values: NDArray[np.float64], limit: float) -> Share:
    worst_allowed = -limit if rule.bound == "min" else limit
    return Share(int((values > worst_allowed).sum()), len(values))


def _quantile(rule: Rule, values: NDArray[np.float64], share: float) -> Quantile:
    """As the rule's own numbers: of a min the smallest ones are beyond."""
    order = np.sort(values)[::-1]
    ranks = quantile_ranks(len(order), share)
    sign = -1.0 if rule.bound == "min" else 1.0
    value = order[int(len(order) * share)]
    inner = -math.inf if ranks.inner is None else order[ranks.inner - 1]
    outer = math.inf if ranks.outer is None else order[ranks.outer - 1]
    return Quantile(*(float(sign * end) for end in (value, inner, outer)))


def _measured(rule: Rule, photos: Sequence[Measurements]) -> NDArray[np.float64]:
    return np.array([getattr(photo, rule.metric) for photo in photos], np.float64)
