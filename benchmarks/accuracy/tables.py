"""The figures as tables, for the terminal and for docs/accuracy.md."""

from __future__ import annotations

import datetime as dt
import math
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.accuracy import sheets
from benchmarks.accuracy.gates import GATES, OURS
from benchmarks.accuracy.scores import RESAMPLES, Estimate
from benchmarks.accuracy.variants import LARGEST, SEED, SENSOR, VARIANTS
from benchmarks.race import machine
from benchmarks.tables import Grid, Line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Figures = dict[str, dict[str, Estimate]]
NOWHERE = Estimate(math.nan, math.nan, math.nan)


class Target(NamedTuple):
    """A bound on one of imagegate's figures: at least, or at most."""

    figure: str
    bound: float
    most: bool = False

    def line(self, figures: Figures) -> Line:
        found = figures[self.figure][OURS]
        met = found.value <= self.bound if self.most else found.value >= self.bound
        shown = _auc_text if self.figure == sheets.AUC else _percent_text
        bound = f"{self.bound:g}" if self.figure == sheets.AUC else f"{self.bound:.0%}"
        label = f"caught: {self.figure}" if self.figure in _names(acceptable=False) else self.figure
        return Line(label, f"at {'most' if self.most else 'least'} {bound}", shown(found), met)


# fmt: off
TARGETS = (
    Target(sheets.ALL_ACCEPTABLE, 0.03, most=True),
    Target("defocus 3", 0.93),
    Target("defocus 6", 0.98),
    Target("motion 16", 0.88),
    Target("motion 32", 0.95),
    Target("defocus 4, noise 8", 0.90),
    Target("defocus 4, -2 EV", 0.90),
    Target("defocus 4, JPEG 40", 0.90),
    Target("dark, -4.5 EV", 0.95),
    Target("bright, +3 EV", 0.95),
    Target("haze, 15 % of contrast left", 0.95),
    Target(sheets.ALL_NAMED, 0.90),
    Target(sheets.AUC, 0.98),
)
# fmt: on


def target_lines(figures: Figures) -> list[Line]:
    """Hold imagegate's figures against TARGETS, and against the rivals'."""
    return [target.line(figures) for target in TARGETS] + _lead(figures)


def _lead(figures: Figures) -> list[Line]:
    """Two ways of making catch rates equal: rivals moved to imagegate's, imagegate moved to theirs."""
    ours = figures[sheets.EQUAL][OURS].value
    moved = {gate: found.value for gate, found in figures[sheets.EQUAL].items() if gate != OURS}
    # A rival's own verdict, against blur_score at the limit that catches as much.
    own = {
        gate: (found.value, figures[sheets.ALL_ACCEPTABLE][gate].value)
        for gate, found in figures.get(sheets.OURS_AT_THEIRS, {}).items()
    }
    behind = [f"{gate} {theirs:.1%}" for gate, theirs in moved.items() if theirs <= ours]
    behind += [f"{gate} {theirs:.1%} against {mine:.1%}" for gate, (mine, theirs) in own.items() if theirs <= mine]
    return [
        Line(
            "false rejects at equal catch of blur, both ways",
            "below every rival's",
            "not below: " + ", ".join(behind) if behind else f"below all {len(moved)}",
            not behind,
        )
    ]


def comparison(figures: Figures) -> Grid:
    """Every variant, every gate: share rejected."""
    gates = list(figures[sheets.ALL_ACCEPTABLE])
    rows = [["rejected, % (95 % interval)", *gates]]
    rows += [_row(figures, name, name, gates) for name in (sheets.ALL_ACCEPTABLE, *_names(acceptable=True))]
    rows += [_row(figures, name, f"caught: {name}", gates) for name in _names(acceptable=False)]
    rows += [_row(figures, name, name, gates) for name in (sheets.ALL_BLURRED, sheets.EQUAL, sheets.OURS_AT_THEIRS)]
    rows.append([sheets.AUC, *(_auc_text(figures[sheets.AUC][gate]) for gate in gates)])
    return Grid("imagegate and its rivals", rows)


def causes(figures: Figures) -> Grid:
    """Of what imagegate caught: the reasons it gave."""
    rows = [["of those caught, % (95 % interval)", "right cause named", "motion named"]]
    rows += [
        [name, *(_cell(figures, figure(name), OURS) for figure in (sheets.named, sheets.motion_named))]
        for name in _names(acceptable=False)
    ]
    rows.append(["all", _cell(figures, sheets.ALL_NAMED, OURS), ""])
    return Grid("Causes that imagegate names", rows)


def _names(*, acceptable: bool) -> list[str]:
    return [variant.name for variant in VARIANTS if variant.acceptable == acceptable]


def _row(figures: Figures, figure: str, label: str, gates: Sequence[str]) -> list[str]:
    return [label, *(_cell(figures, figure, gate) for gate in gates)]


def _cell(figures: Figures, figure: str, gate: str) -> str:
    return _percent_text(figures.get(figure, {}).get(gate, NOWHERE))


def _percent_text(found: Estimate) -> str:
    if math.isnan(found.value):
        return ""
    return f"{_percent(found.value)} ({_percent(found.low)}-{_percent(found.high)})"


def _percent(share: float) -> str:
    """One digit where a whole number would hide what counts."""
    return f"{100 * share:.1f}" if 0 < share < 0.1 else f"{100 * share:.0f}"


def _auc_text(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f})"


def document(grids: Sequence[Grid], method: str, missing: Mapping[str, str], refused: Sequence[str]) -> str:
    """docs/accuracy.md."""
    parts = ["# Accuracy", method, *(grid.markdown() for grid in grids)]
    if refused:
        parts.append("## Acceptable pictures that imagegate rejected\n" + "\n".join(f"- {line}" for line in refused))
    parts += [f"Skipped: {gate}, {reason}." for gate, reason in missing.items()]
    return "\n\n".join(parts) + "\n"


def method(photos: Sequence[str], count: int) -> str:
    """Say how the figures were come by."""
    numbers = ", ".join(f"{gate.name}: {gate.number}" for gate in GATES)
    today = dt.datetime.now(tz=dt.UTC).date()
    # None of n seen: the highest share that shows so in 5 % of samples.
    unseen = 1 - 0.05 ** (1 / count)
    return f"""\
Written by `python -m benchmarks.accuracy` on {today}. To measure on sharp, good photos of your own:
`python -m benchmarks.accuracy FOLDER`.

- **Photos**: {count}, each in {len(VARIANTS)} variants. {"; ".join(photos)}.
- **Camera**: photos are reduced to a long side of at most {LARGEST} pixels, turned into linear light, and degraded
  there in the order of the light: haze, defocus by a disk, motion along a segment, exposure, sensor noise; then stored
  as JPEG 92, 4:4:4 (lower qualities 4:2:0). "As is" is the file itself. Lengths are in pixels of a 1000-pixel picture,
  noise in 8-bit codes at mid-grey; a changed exposure and haze come with sensor noise of {SENSOR:g}. Haze replaces 85 %
  of the light by the scene's mean. The angle of motion is drawn once a photo. Sources: `tests/samples/camera.py`.
- **Rejected** is each gate's verdict with the limits it ships. Rivals get the decoded file.
- **Equal catch**: the limit on one number for blur ({numbers})
  is moved until it catches the stated share of all blurred pictures; the false rejects are those of that limit alone.
- **AUC**: of the same numbers, all blurred against all acceptable pictures of at least {sheets.SMALLEST_FOR_AUC} pixels
  (long side).
- **Intervals**: 95 %, percentile bootstrap over photos, {RESAMPLES} resamples. Where nothing or everything was rejected
  the interval is empty and says little: none of {count} photos still allows {unseen:.0%} of all photos.
- **Fitting**: nothing is fitted or tuned here; docs/focus.md says which photos imagegate's numbers come from.
- **Seeds**: {SEED}, with the names of the photo and of the variant.
- **Machine**: {machine()}{_rival_versions()}."""


def _rival_versions() -> str:
    found = []
    for gate in GATES:
        try:
            found.append(f", {gate.package} {version(gate.package)}" if gate.package else "")
        except PackageNotFoundError:
            continue
    return "".join(found)
