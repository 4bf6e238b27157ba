"""What people see of the catalogue, the profiles and the doctor's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich.console import Group
from rich.table import Table
from rich.text import Text

from imagegate.cli.output import visible
from imagegate.cli.screens import STYLES
from imagegate.policy import PROFILES
from imagegate.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.console import Console, RenderableType

    from imagegate.causes import Cause
    from imagegate.doctor import Diagnosis, Probe
    from imagegate.policy import Policy

# Below this, advice and source would stand in columns of a few letters.
WIDE: Final = 200
_MARK: Final = {True: ("ok", "pass"), False: ("failed", "reject")}


def causes_table(console: Console, causes: Iterable[Cause]) -> RenderableType:
    """The catalogue in the order of a report; a narrow terminal gets its short columns."""
    wide = console.width >= WIDE
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("Code", "Status", "Default"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Title", "Advice", "Source") if wide else ("Title",):
        table.add_column(heading)
    for cause in causes:
        severity = Text(cause.severity, style=STYLES[cause.severity])
        more = (cause.title, cause.advice, cause.source) if wide else (cause.title,)
        table.add_row(cause.code, str(cause.status), severity, *more)
    if wide:
        return table
    return Group(
        table, Text("\n`imagegate causes CODE` shows a cause in full: its advice and who documents it.", style="dim")
    )


def cause_page(cause: Cause) -> RenderableType:
    """One cause in full."""
    grid = _grid()
    facts = msgspec.structs.asdict(cause) | {"status": str(cause.status)}
    for name, text in facts.items():
        grid.add_row(Text(name, style="bold"), text)
    return grid


def profiles_table(console: Console) -> RenderableType:
    """Every profile, with what it says otherwise than the default; a line each where there is room, as in a pipe."""
    wide = console.width >= WIDE
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Name", no_wrap=True)
    table.add_column("Title")
    table.add_column("Limits", no_wrap=not wide)
    for policy in PROFILES.values():
        table.add_row(policy.name, policy.title, (", " if wide else "\n").join(_own(policy)) or "the default limits")
    return Group(
        table, Text("\n`imagegate profiles NAME` prints one as TOML, with the source of each line.", style="dim")
    )


def _own(policy: Policy) -> Iterator[str]:
    """What a profile takes otherwise than the default, inherited or not, as it can stand in a policy file."""
    default = PROFILES["default"]
    if policy.formats != default.formats:
        yield f"formats = {msgspec.json.encode(policy.formats).decode()}"
    if policy.data_uri != default.data_uri:
        yield f'data_uri = "{policy.data_uri}"'
    for rule in RULES:
        limit = policy.limits.get(rule.metric, {}).get(rule.bound)
        if limit is not None:
            yield f"{rule.id} = {limit:_.15g}"


def effective(policy: Policy) -> dict[str, Any]:
    """A profile as JSON, with every limit that holds."""
    limits: dict[str, dict[str, float]] = {}
    for rule in RULES:
        limit = policy.limit(rule)
        if limit is not None:
            limits.setdefault(rule.metric, {})[rule.bound] = limit
    return policy.to_dict() | {"limits": limits}


def doctor_screen(diagnosis: Diagnosis) -> RenderableType:
    """Versions, cache, decoders, self-test and what follows from them."""
    return Group(
        _section("Versions", diagnosis.versions),
        Text("\nJIT cache", style="bold"),
        _probes([diagnosis.jit_cache]),
        Text("\nDecoders", style="bold"),
        _probes(diagnosis.decoders),
        Text("\nSelf-test", style="bold"),
        _probes(diagnosis.self_test),
        "",
        _prognosis(diagnosis),
    )


def _prognosis(diagnosis: Diagnosis) -> Text:
    names = ", ".join(probe.name for probe in diagnosis.failed)
    if not diagnosis.ok:
        return Text(f"Verdicts of this installation cannot be trusted. Failed: {names}.", style=STYLES["reject"])
    if names:
        return Text("Verdicts are right, but every process compiles the kernels anew.", style=STYLES["warn"])
    return Text("All is well.", style=STYLES["pass"])


def _section(title: str, facts: Mapping[str, str]) -> RenderableType:
    grid = _grid()
    for name, text in facts.items():
        grid.add_row(f"  {name}", visible(text))
    return Group(Text(title, style="bold"), grid)


def _probes(probes: tuple[Probe, ...] | list[Probe]) -> Table:
    grid = _grid()
    for probe in probes:
        word, style = _MARK[probe.ok]
        grid.add_row(f"  {probe.name}", Text(word, style=STYLES[style]), visible(probe.detail))
    return grid


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    return grid
