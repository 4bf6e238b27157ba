"""A calibration as a page: one file without scripts, in light and dark, for people to look at."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.calibration import Calibrated, Calibration
from imagegate.calibration.binomial import Share
from imagegate.calibration.roc import beyond, curve
from imagegate.calibration.texts import check, doubt, left_out, limit_text, number, percent, promise
from imagegate.metrics import METRICS, Metric

Values = NDArray[np.float64]

# Drawn at the width of a phone, so that text is as large as it says there.
WIDTH: Final = 340
HEIGHT: Final = 230
LEFT: Final = 46
RIGHT: Final = 20
TOP: Final = 22
BOTTOM: Final = 40
POINTS: Final = 240  # of a curve: more than can be told apart
SHOWN: Final = 0.01  # of the photos may lie outside a figure on either side
RATES: Final = (0, 0.01, 0.05, 0.25, 0.5, 1)
QUARTERS: Final = (0, 0.25, 0.5, 0.75, 1)


def to_html(calibration: Calibration) -> str:
    """The whole page; of the photos it tells numbers only, no names."""
    style = resources.files("imagegate.calibration").joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    body = "".join(_body(calibration))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>imagegate calibration</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""  # noqa: E501 - the policy is one line


def _body(calibration: Calibration) -> Iterator[str]:
    groups = [f"{calibration.good.total:,} good photos"]
    groups += [] if calibration.bad is None else [f"{calibration.bad.total:,} bad ones"]
    yield (
        f'<header><p class="maker">imagegate</p><h1>Limits from {" and ".join(groups)}</h1>'
        f"<p>{escape(promise(calibration))}</p><p>{escape(check(calibration))}</p>"
    )
    if doubt(calibration):
        yield f'<p class="notice">{escape(doubt(calibration))}</p>'
    for name, reasons in (("good", calibration.good_left_out), ("bad", calibration.bad_left_out)):
        if left_out(reasons):
            yield f'<p class="quiet">Of the {name} files these do not count: {escape(left_out(reasons))}.</p>'
    yield f"</header>\n<main><section><h2>Limits</h2>{_table(calibration)}</section>"
    yield f"<section><h2>Curves</h2>{_key(bad=calibration.bad is not None)}"
    yield from map(_article, calibration.rules)
    yield (
        f"</section></main><footer>Made on {calibration.made} from the policy {escape(calibration.base.name)}. "
        "Intervals are at 95 % confidence. This page holds no photo and no file's name, and sends nothing anywhere."
        "</footer>"
    )


def _table(calibration: Calibration) -> str:
    bad = calibration.bad is not None
    head = ["Rule", "Proposed", "Before", "Good photos rejected", *(("Bad photos caught", "AUC") if bad else ())]
    rows = [_row(row, head) for row in calibration.rules]
    everything = [
        ("",),
        ("",),
        _share(calibration.good, calibration.good_before),
        *(
            (_share(calibration.bad, calibration.bad_before), ("",))
            if calibration.bad and calibration.bad_before
            else ()
        ),
    ]
    rows.append(_cells("All together", everything, head, "all"))
    heads = "".join(f'<th scope="col">{name}</th>' for name in head)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(row: Calibrated, head: list[str]) -> str:
    cells = [
        (limit_text(row, row.limit),) if row.limit is not None else ("stays", row.stays),
        (limit_text(row, row.before),),
        _share(row.good, row.good_before),
    ]
    if row.bad and row.bad_before and row.auc:
        cells.append(_share(row.bad, row.bad_before))
        cells.append((f"{row.auc.area:.3f}", f"{row.auc.low:.3f} to {row.auc.high:.3f}"))
    return _cells(row.rule.id, cells, head)


def _share(now: Share, before: Share) -> tuple[str, ...]:
    text = f"{now.count:,} of {now.total:,}, {percent(now.rate)}"
    return text, f"{number(now.low)} to {percent(now.high)}", f"before {percent(before.rate)}"


def _cells(name: str, cells: Iterable[tuple[str, ...]], head: list[str], kind: str = "") -> str:
    parts = "".join(
        f'<td data-label="{label}"{"" if text else " class=none"}>{escape(text)}'
        f"{''.join(f'<small>{escape(line)}</small>' for line in more)}</td>"
        for label, (text, *more) in zip(head[1:], cells, strict=True)
    )
    return f'<tr class="{kind}"><th scope="row">{escape(name)}</th>{parts}</tr>'


def _key(*, bad: bool) -> str:
    lines = [("curve good", "good photos"), *([("curve bad", "bad photos")] if bad else [])]
    lines += [("now", "limit that holds now"), ("before", "limit before")]
    return '<ul class="key">' + "".join(_key_item(kind, text) for kind, text in lines) + "</ul>"


def _key_item(kind: str, text: str) -> str:
    return f'<li><svg viewBox="0 0 32 12" aria-hidden="true"><path class="{kind}" d="M0 8H32"/></svg>{text}</li>'


def _article(row: Calibrated) -> str:
    figures = _rates(row) + (_roc(row) if row.auc else "")
    metric = METRICS[row.rule.metric]
    unknown = f" Good photos of which it cannot be told, and which pass: {row.unknown:,}." if row.unknown else ""
    stays = f" The limit stays: {row.stays}." if row.stays else ""
    meaning = f"{metric.meaning[0].upper()}{metric.meaning[1:]}.{stays}{unknown}"
    return f'<article><h3>{row.rule.id}</h3><p>{escape(meaning)}</p><div class="plots">{figures}</div></article>'


class _Axes:
    """The scales of a figure: values across, shares of photos upwards."""

    def __init__(self, low: float, high: float, *, stretched: bool) -> None:
        self._low = low
        self._high = high
        self._stretched = stretched

    def x(self, value: float) -> float:
        """Where a value stands; what is outside stands at the border."""
        part = (value - self._low) / (self._high - self._low)
        return LEFT + min(max(part, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, share: float) -> float:
        """Where a share stands; stretched by the square root, so that 1 % can be told from 0."""
        return HEIGHT - BOTTOM - (math.sqrt(share) if self._stretched else share) * (HEIGHT - TOP - BOTTOM)

    def path(self, kind: str, xs: Values, ys: Values) -> str:
        """A curve."""
        steps = "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in zip(xs, ys, strict=True))
        return f'<path class="curve {kind}" d="M{steps}"/>'

    def upright(self, kind: str, value: float) -> str:
        """A line at a value."""
        if math.isinf(value):
            return ""
        x = self.x(value)
        return f'<path class="{kind}" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'

    def grid(self, ticks: Iterable[tuple[float, str]], shares: Iterable[float], across: str, upwards: str) -> str:
        """Lines and names."""
        levels = "".join(
            f'<path class="grid" d="M{LEFT} {self.y(share):.1f}H{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 6}" y="{self.y(share) + 4:.1f}" text-anchor="end">{100 * share:g} %</text>'
            for share in shares
        )
        names = "".join(
            f'<text x="{self.x(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{text}</text>'
            for value, text in ticks
        )
        middle = (LEFT + WIDTH - RIGHT) / 2
        return (
            f'{levels}{names}<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(across)}</text>'
            f'<text x="2" y="12">{escape(upwards)}</text>'
        )


def _rates(row: Calibrated) -> str:
    """The shares of good and bad photos that each limit would reject."""
    groups = [values[np.isfinite(values)] for values in row.values]
    limits = [limit for limit in (row.holds, row.before) if math.isfinite(limit)]
    metric = METRICS[row.rule.metric]
    low, high = _span(groups, limits, metric)
    axes = _Axes(low, high, stretched=True)
    at = np.linspace(low, high, POINTS)
    sign = -1.0 if row.rule.bound == "min" else 1.0
    curves = "".join(
        axes.path(kind, at, beyond(sign * known, sign * at) * (len(known) / len(values)))
        for kind, known, values in zip(("bad", "good"), groups[::-1], row.values[::-1], strict=True)
        if len(known)
    )
    lines = axes.upright("before", row.before) + axes.upright("now", row.holds)
    unit = f", {metric.unit}" if metric.unit else ""
    across = f"{'at least' if row.rule.bound == 'min' else 'at most'}{unit}"
    grid = axes.grid(_ticks(low, high), RATES, across, "photos rejected")
    title = f"Share of photos that each limit on {row.rule.metric} would reject"
    return _figure(
        title,
        grid + curves + lines,
        "What each limit would reject, by this rule alone; shares near 0 are drawn larger.",
    )


def _roc(row: Calibrated) -> str:
    """Catches against false rejects, for every limit."""
    sign = -1.0 if row.rule.bound == "min" else 1.0
    good, bad = (np.where(np.isnan(values), -np.inf, sign * values) for values in row.values)
    false, caught = curve(good, bad)
    thinned = np.unique(np.linspace(0, len(false) - 1, POINTS).astype(int))
    axes = _Axes(0, 1, stretched=False)
    points = [("before", row.good_before, row.bad_before), ("now", row.good, row.bad)]
    marks = "".join(
        f'<circle class="{kind}" cx="{axes.x(ours.rate):.1f}" cy="{axes.y(theirs.rate):.1f}" r="4.5"/>'
        for kind, ours, theirs in points
        if theirs is not None
    )
    grid = axes.grid(
        [(share, f"{100 * share:g} %") for share in QUARTERS], QUARTERS, "good photos rejected", "bad photos caught"
    )
    chance = f'<path class="grid" d="M{axes.x(0):.1f} {axes.y(0):.1f}L{axes.x(1):.1f} {axes.y(1):.1f}"/>'
    said = "" if row.auc is None else f"AUC {row.auc.area:.3f} ({row.auc.low:.3f} to {row.auc.high:.3f}). "
    title = f"ROC curve of {row.rule.metric}"
    drawn = grid + chance + axes.path("roc", false[thinned], caught[thinned]) + marks
    return _figure(title, drawn, f"ROC. {said}Filled: the limit now; hollow: before.")


def _figure(title: str, drawn: str, caption: str) -> str:
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{drawn}</svg>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _span(groups: Iterable[Values], limits: Iterable[float], metric: Metric) -> tuple[float, float]:
    """What a figure shows: all but the farthest photos of each group, and both limits."""
    ends = [end for known in groups if len(known) for end in np.quantile(known, (SHOWN, 1 - SHOWN))]
    ends += limits
    low, high = (float(pick(ends)) for pick in (min, max)) if ends else (0.0, 1.0)
    margin = (high - low) / 20 or 0.5
    return max(low - margin, metric.low), min(high + margin, metric.high)


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Three to seven round numbers."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step)
    return [(step * n, f"{step * n + 0.0:.6g}") for n in range(first, math.floor(high / step) + 1)]
