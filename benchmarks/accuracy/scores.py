"""Rates, AUC and equal catch rates with bootstrap intervals; photos, not pictures, are what is drawn.

Everything takes `weights`, (B + 1, P): how often each of P photos was drawn in each resample, the first row all
ones. Everything returns (B + 1,) values, so the first is the figure and the others are its spread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 2000


class Estimate(NamedTuple):
    """A figure with its 95 % interval (percentile bootstrap: Efron and Tibshirani 1993, section 13.3)."""

    value: float
    low: float
    high: float


def resamples(photos: int, seed: int) -> NDArray[np.float64]:
    """Draw the weights."""
    drawn = np.random.default_rng(seed).multinomial(photos, np.full(photos, 1 / photos), RESAMPLES)
    return np.vstack([np.ones(photos), drawn])


def estimate(values: NDArray[np.float64]) -> Estimate:
    """Take the figure and its interval from the values of a statistic; NaN where nothing could be counted."""
    spread = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or not spread.size:
        return Estimate(np.nan, np.nan, np.nan)
    return Estimate(float(values[0]), *(float(bound) for bound in np.percentile(spread, (2.5, 97.5))))


def rate(
    weights: NDArray[np.float64], hits: NDArray[np.bool_], among: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Share of hits, (P, n), among those that count; all do by default."""
    among = np.ones_like(hits) if among is None else among
    return ratio(weights @ (hits & among).sum(1), weights @ among.sum(1))


def ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0))


def auc(weights: NDArray[np.float64], faults: NDArray[np.float64], goods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under the ROC curve: how often a fault scores above a good picture, ties counting half.

    The Mann-Whitney form (Hanley and McNeil, Radiology 143 (1982), p. 29), over all pairs, of one photo or of two.

    Args:
        weights: (B + 1, P).
        faults: (P, n) scores, NaN for what does not count.
        goods: (P, m) likewise.
    """
    photos = len(faults)
    wins = np.zeros((photos, photos))
    for photo, scores in enumerate(faults):
        counted = scores[~np.isnan(scores)][:, None, None]
        # NaN compares as neither above nor equal.
        wins[photo] = ((counted > goods) + 0.5 * (counted == goods)).sum((0, 2))
    pairs = (weights @ (~np.isnan(faults)).sum(1)) * (weights @ (~np.isnan(goods)).sum(1))
    return ratio(np.einsum("bi,ij,bj->b", weights, wins, weights, optimize=True), pairs)


def false_rejects_at(
    weights: NDArray[np.float64],
    faults: NDArray[np.float64],
    goods: NDArray[np.float64],
    catch: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Share of good pictures refused by the highest limit on the score that catches the share `catch` of faults.

    Args:
        weights: (B + 1, P).
        faults: (P, n) scores; the limit is one of them, and a score that equals it is refused.
        goods: (P, m) scores.
        catch: (B + 1,), each within 0..1.
    """
    order = np.argsort(-faults, axis=None, kind="stable")
    drawn = np.repeat(weights, faults.shape[1], axis=1)[:, order]
    caught = np.cumsum(drawn, axis=1)
    # Whole numbers of pictures: the slack is for the rounding of their ratios.
    enough = caught >= catch[:, None] * caught[:, -1:] - 1e-6
    limit = np.where(catch > 0, faults.ravel()[order][enough.argmax(1)], np.inf)
    refused = goods.ravel() >= limit[:, None]
    among = np.repeat(weights, goods.shape[1], axis=1)
    return ratio((refused * among).sum(1), among.sum(1))


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Spearman's rho; equal values share the mean of their ranks."""
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[where]
