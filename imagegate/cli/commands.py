"""The commands: what is asked for, which function answers, what the exit code says."""

# Typer reads the annotations when a command is called, so they are not postponed here.
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import msgspec
import typer

import imagegate
from imagegate.causes import CAUSES
from imagegate.cli import inputs, reference, scanning, screens
from imagegate.cli.inputs import STDIN, Misuse
from imagegate.cli.output import as_utf8, complain, make_safe, results, show, write_json
from imagegate.policy import PROFILES

if TYPE_CHECKING:
    from imagegate.policy import Policy
    from imagegate.report import Report


class ExitCode(IntEnum):
    """What the shell is told."""

    PASSED = 0
    REJECTED = 1
    MISUSE = 2
    INTERRUPTED = 130


# Typer brings a copy of Click or imports it, depending on its version; either way this is the base of its errors.
_UsageError = cast("type[Exception]", typer.BadParameter.__mro__[2])

ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="Judge by this profile; `profiles` lists them.")
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE.toml", help="Judge by the policy in this file.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
LangOption = Annotated[str, typer.Option("--lang", metavar="LANG", help="Language of messages and advice.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only what is rejected, one line each, and no progress.")
]

app = typer.Typer(
    help="Say, before the upload, whether an API will take a photo.",
    epilog="Exit code: 0 every picture passes, 1 some picture is rejected, 2 misuse, 130 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code.

    Args:
        argv: The arguments; those of the process if None.
    """
    make_safe()
    sys.exit(_run(argv))


def _run(argv: Sequence[str] | None) -> int:
    command: Any = typer.main.get_command(app)
    try:
        code: int | None = command.main(argv, prog_name="imagegate", standalone_mode=False)
    except Misuse as error:
        complain(str(error))
        return ExitCode.MISUSE
    except _UsageError as error:
        complain(" ".join(cast("Any", error).format_message().split()))
        return ExitCode.MISUSE
    except (typer.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return code or ExitCode.PASSED


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the option's value
    if wanted:
        typer.echo(f"imagegate {imagegate.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _without_command(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.MISUSE)


@app.command()
def check(  # noqa: PLR0913 - the options of the command
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Pictures; - reads a picture or Base64 from standard input."),
    ],
    *,
    overlay: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="Draw what is blurred or clipped on the picture, and save that."),
    ] = None,
    api: Annotated[
        str | None,
        typer.Option(metavar="DIALECT", help="Print the error body of each rejected picture as JSON."),
    ] = None,
    profile: ProfileOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
    lang: LangOption = "en",
    quiet: QuietOption = False,
) -> int:
    """Check pictures, a screen each.

    Says whether an API will take the picture; if not, why, and what helps.
    """
    judge = inputs.policy_of(profile, policy)
    inputs.refuse_unusable_files(files)
    inputs.refuse_unusable_overlay(overlay, files)
    inputs.refuse_unknown_dialect(api)
    tally, form = screens.Tally(), _form(json=json, quiet=quiet)
    for name in files:
        if tally.total and form == "screen" and api is None:
            results().print()
        report = _checked(name, judge, lang, detail=overlay is not None)
        tally.add(report)
        _print_report(name, report, form, api)
        if overlay is not None:
            _save_overlay(report, overlay)
    if len(files) > 1 and form == "screen" and api is None:
        console = results()
        console.print()
        show(console, tally.summary())
    return _exit_code(tally)


@app.command()
def scan(  # noqa: PLR0913 - the options of the command
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, and folders with all that is below them.")],
    *,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Threads; without it, one a processor.")
    ] = None,
    profile: ProfileOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
    lang: LangOption = "en",
    quiet: QuietOption = False,
) -> int:
    """Check folders of pictures, a line each.

    A table of every file below the folders, hidden ones apart; then how many passed, and what was wrong.
    """
    from imagegate.folder import files_of  # noqa: PLC0415 - it loads the decoders, which --help does not need

    judge = inputs.policy_of(profile, policy)
    inputs.refuse_unusable_paths(paths)
    console, form = results(), _form(json=json, quiet=quiet)
    count, width = scanning.survey(files_of(paths))
    if not count:
        complain(f"there are no files in {', '.join(paths)}")
    if count and form == "screen":
        console.print(screens.record_heading(width), soft_wrap=True)
    with imagegate.scan(paths, policy=judge, workers=workers, lang=lang) as records:
        tally = scanning.print_records(records, console, form, count, width)
    if form == "screen":
        console.print()
        show(console, tally.summary())
    return _exit_code(tally)


@app.command()
def causes(
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="Show this cause alone, in full.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """List the causes for which a picture is refused."""
    listed = list(CAUSES.values()) if code is None else [inputs.entry(CAUSES, code, "cause", "causes")]
    if json:
        for cause in listed:
            write_json(msgspec.to_builtins(cause))
    elif code is None:
        console = results()
        show(console, reference.causes_table(console))
    else:
        show(results(), reference.cause_page(listed[0]))


@app.command()
def profiles(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Print this profile as TOML.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """List the profiles: what each API takes."""
    listed = list(PROFILES.values()) if name is None else [inputs.entry(PROFILES, name, "profile", "profiles")]
    if json:
        for profile in listed:
            write_json(reference.effective(profile))
    elif name is None:
        show(results(), reference.profiles_table())
    else:
        results().print(reference.profile_toml(listed[0]), soft_wrap=True, end="")


@app.command()
def warmup(*, json: JsonOption = False) -> None:
    """Compile every kernel.

    The first picture after it is checked as fast as any; the compiled kernels are kept on disk.
    """
    start = perf_counter()
    imagegate.warmup()
    seconds = perf_counter() - start
    if json:
        write_json({"seconds": seconds})
    else:
        results().print(f"Every kernel is compiled and loaded; that took {seconds:.1f} s.")


@app.command()
def doctor(*, json: JsonOption = False) -> int:
    """Examine this installation.

    Versions, the cache of compiled kernels, decoders and a self-test; exit code 1 where the self-test fails.
    """
    from imagegate.doctor import diagnose  # noqa: PLC0415 - --help does not need it

    diagnosis = diagnose()
    if json:
        write_json(diagnosis.to_dict())
    else:
        show(results(), reference.doctor_screen(diagnosis))
    return ExitCode.PASSED if diagnosis.ok else ExitCode.REJECTED


def _form(*, json: bool, quiet: bool) -> scanning.Form:
    if json:
        return "json"
    return "quiet" if quiet else "screen"


def _checked(name: str, policy: "Policy", lang: str, *, detail: bool) -> "Report":
    image: Any = sys.stdin.buffer if name == STDIN else Path(name)
    try:
        return imagegate.check(image, policy=policy, detail=detail, lang=lang)
    except OSError as error:
        raise Misuse(f"{name}: {error.strerror}") from None


def _print_report(name: str, report: "Report", form: scanning.Form, api: str | None) -> None:
    title = "standard input" if name == STDIN else name
    if api is not None:
        if not report.ok:
            write_json(report.to_error(api)[2])
    elif form == "json":
        write_json(report.to_dict(as_utf8(name)))
    elif form == "screen":
        console = results()
        show(console, screens.picture_screen(console, title, report))
    elif not report.ok:
        results().print(screens.quiet_line(title, report), soft_wrap=True)


def _save_overlay(report: "Report", path: Path) -> None:
    if report.maps is None:
        complain("there is no overlay, because the picture could not be decoded")
        return
    try:
        report.overlay().save(path, format="PNG")
    except OSError as error:
        raise Misuse(f"--overlay: {path}: {error.strerror or error}") from None


def _exit_code(tally: screens.Tally) -> ExitCode:
    return ExitCode.REJECTED if tally.rejected else ExitCode.PASSED
