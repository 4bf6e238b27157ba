"""What `imagegate calibrate` asks for, prints and writes."""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress import track
from rich.table import Table
from rich.text import Text

import imagegate
from imagegate.calibration import calibrate
from imagegate.calibration.texts import check, left_out, number, percent, promise
from imagegate.cli.inputs import Misuse, refuse_missing, shortened
from imagegate.cli.output import warnings_console
from imagegate.metrics import METRICS
from imagegate.scanning import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import RenderableType

    from imagegate.calibration import Calibrated, Calibration, Share
    from imagegate.policy import Policy
    from imagegate.scanning import Record


def refuse_unusable_targets(output: Path | None, page: Path | None, policy: Path | None) -> None:
    """Both files can be written, and neither is the other or the policy that is read."""
    for option, path in (("-o", output), ("--html", page)):
        if path is None:
            continue
        if path.is_dir():
            raise Misuse(f"{option}: {shortened(str(path))} is a folder")
        if not path.parent.is_dir():
            raise Misuse(f"{option}: there is no folder {shortened(str(path.parent))}")
        if policy is not None and path.exists() and path.samefile(policy):
            raise Misuse(f"{option}: {shortened(str(path))} is the policy that is calibrated and would be lost")
    if output is not None and page is not None and output.resolve() == page.resolve():
        raise Misuse("-o and --html name the same file")


def calibrated(good: str, bad: str | None, policy: Policy, reject_rate: float, *, hidden: bool) -> Calibration:
    """Scan the folders and calibrate; a bar on standard error tells how far it is."""
    for folder in filter(None, (good, bad)):
        refuse_missing(folder)
    try:
        return calibrate(
            _scanned(good, "good", policy, hidden=hidden),
            None if bad is None else _scanned(bad, "bad", policy, hidden=hidden),
            reject_rate=reject_rate,
            policy=policy,
        )
    except ValueError as error:
        raise Misuse(str(error)) from None


def _scanned(folder: str, name: str, policy: Policy, *, hidden: bool) -> Iterator[Record]:
    with imagegate.scan(folder, policy=policy) as records:
        yield from track(
            records,
            f"{name} photos",
            total=sum(1 for _ in items_of(folder)),
            console=warnings_console(),
            transient=True,
            disable=hidden or not sys.stderr.isatty(),
        )


def calibration_screen(calibration: Calibration) -> RenderableType:
    """Promise, limits, and how well each number tells bad photos from good."""
    parts: list[RenderableType] = [Text(promise(calibration), style="bold"), check(calibration)]
    for name, reasons in (("good", calibration.good_left_out), ("bad", calibration.bad_left_out)):
        if left_out(reasons):
            parts.append(f"Of the {name} files these do not count: {left_out(reasons)}.")
    parts += ["", _limits(calibration), "", _rates(calibration)]
    if calibration.bad is not None:
        parts += ["", _areas(calibration)]
    parts += [Text(f"{row.rule.id} stays: {row.stays}.", style="dim") for row in calibration.rules if row.stays]
    return Group(*parts)


def _limits(calibration: Calibration) -> Table:
    share = percent(calibration.reject_rate)
    table = _table("Limit", "Proposed", "Before", f"{share} are beyond")
    for row in calibration.rules:
        proposed = Text("stays", style="dim") if row.limit is None else _number(row, row.limit)
        table.add_row(row.rule.id, proposed, _number(row, row.before), _quantile(row))
    return table


def _rates(calibration: Calibration) -> Table:
    """What the limits do now, and what they did before."""
    bad = calibration.bad is not None
    table = _table("In per cent", "Good rejected", "before", *(("Bad caught", "before") if bad else ()))
    rows = [(row.rule.id, row.good, row.good_before, row.bad, row.bad_before) for row in calibration.rules]
    whole = calibration
    for name, good, good_before, caught, caught_before in (
        *rows,
        ("all together", whole.good, whole.good_before, whole.bad, whole.bad_before),
    ):
        cells = [_per_cent(good), number(good_before.rate)]
        if caught is not None and caught_before is not None:
            cells += [_per_cent(caught), number(caught_before.rate)]
        table.add_row(name, *cells)
    return table


def _areas(calibration: Calibration) -> Table:
    table = _table("Tells bad from good", "AUC", "95 %", "")
    for row in calibration.rules:
        if row.auc is not None:
            words = Text("yes", style="green") if row.auc.separates else Text("no", style="yellow")
            table.add_row(row.rule.id, f"{row.auc.area:.3f}", f"{row.auc.low:.3f} to {row.auc.high:.3f}", words)
    return table


def _per_cent(share: Share) -> str:
    return f"{number(share.rate)} ({number(share.low)} to {number(share.high)})"


def _number(row: Calibrated, limit: float) -> str:
    """Without "at most": the rule's name says that."""
    return "none" if math.isinf(limit) else str(METRICS[row.rule.metric].text(limit))


def _quantile(row: Calibrated) -> str:
    value, inner, outer = (f"{end:.3g}" for end in row.quantile)
    return f"{value} ({inner} to {'?' if 'inf' in outer else outer})"


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def write_whole(option: str, path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was before; a pipe or device is written to as it is."""
    target = path.resolve()
    unfinished = target.with_name(f".{target.name}.part")
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(target)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise Misuse(f"{option}: {shortened(str(path))}: {error.strerror or error}") from None
