"""The commands: what is asked for, which function answers, what the exit code says."""

# Typer reads the annotations when a command is called, so they are not postponed here.
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import imagegate
from imagegate.causes import CAUSES
from imagegate.cli import ExitCode, inputs, reference
from imagegate.cli.inputs import STDIN, Misuse
from imagegate.cli.output import complain, results, show, visible, write_json
from imagegate.cli.printing import Printer, Tally, survey
from imagegate.policy import PROFILES, Isolation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from imagegate.page import Page
    from imagegate.policy import Policy
    from imagegate.report import Report


ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="Judge by this profile; `profiles` lists them.")
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE.toml", help="Judge by the policy in this file.")
]
ApiOption = Annotated[
    str | None,
    typer.Option("--api", metavar="DIALECT", help="Print the error body of each rejected picture, one a line."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
LangOption = Annotated[str, typer.Option("--lang", metavar="LANG", help="Language of messages and advice.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only what is rejected, one line each, and no progress.")
]
NamesOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print names alone, one a line.")]
TroubleOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is wrong.")]

app = typer.Typer(
    help="Say, before the upload, whether an API will take a photo.",
    epilog="Exit code: 0 every picture passes, 1 some picture is rejected, 2 misuse, 130 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
)


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
    api: ApiOption = None,
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
    printer = Printer(json=json, quiet=quiet, api=api)
    for name in files:
        report = _checked(name, judge, lang, detail=overlay is not None)
        printer.picture(name, report)
        if overlay is not None:
            _save_overlay(report, overlay)
    if len(files) > 1:
        printer.summary()
    return _exit_code(printer.tally)


@app.command()
def scan(  # noqa: PLR0913 - the options of the command
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, and folders with all that is below them.")],
    *,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Threads; without it, one a processor.")
    ] = None,
    isolation: Annotated[
        Isolation | None, typer.Option(help="Read pictures in worker processes, whatever the policy says.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write a page to look at; it holds small copies of the worst photos."),
    ] = None,
    api: ApiOption = None,
    profile: ProfileOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
    lang: LangOption = "en",
    quiet: QuietOption = False,
) -> int:
    """Check folders of pictures, a line each.

    A table of every file below the folders, hidden ones apart; then how many passed, and what was wrong.
    """
    from imagegate.scanning import items_of  # noqa: PLC0415 - it loads the decoders, which --help does not need

    judge = inputs.policy_of(profile, policy)
    if isolation is not None:
        judge = msgspec.structs.replace(judge, isolation=isolation)
    inputs.refuse_unusable_paths(paths)
    inputs.refuse_unusable_page(html, paths)
    inputs.refuse_unknown_dialect(api)
    printer = Printer(json=json, quiet=quiet, api=api)
    count, width = survey(items_of(paths))
    if not count:
        complain(f"there are no files in {', '.join(paths)}")
    with imagegate.scan(paths, policy=judge, workers=workers, lang=lang) as records, _page(html, judge) as page:
        printer.records(records if page is None else page.noting(records), count, width)
    printer.summary()
    return _exit_code(printer.tally)


@app.command()
def causes(
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="Show this cause alone, in full.")] = None,
    *,
    json: JsonOption = False,
    lang: LangOption = "en",  # noqa: ARG001 - titles and advice are English so far
    quiet: NamesOption = False,
) -> None:
    """List the causes for which a picture is refused."""
    listed = list(CAUSES.values()) if code is None else [inputs.entry(CAUSES, code, "cause", "causes")]
    if json:
        for cause in listed:
            write_json(msgspec.to_builtins(cause))
    elif quiet:
        _print_lines(cause.code for cause in listed)
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
    quiet: NamesOption = False,
) -> None:
    """List the profiles: what each API takes."""
    listed = list(PROFILES.values()) if name is None else [inputs.entry(PROFILES, name, "profile", "profiles")]
    if json:
        for profile in listed:
            write_json(reference.effective(profile))
    elif quiet:
        _print_lines(profile.name for profile in listed)
    elif name is None:
        show(results(), reference.profiles_table())
    else:
        results().print(reference.profile_toml(listed[0]), soft_wrap=True, end="")


@app.command()
def warmup(*, json: JsonOption = False, quiet: TroubleOption = False) -> None:
    """Compile every kernel.

    The first picture after it is checked as fast as any; the compiled kernels are kept on disk.
    """
    start = perf_counter()
    imagegate.warmup()
    seconds = perf_counter() - start
    if json:
        write_json({"seconds": seconds})
    elif not quiet:
        results().print(f"Every kernel is compiled and loaded; that took {seconds:.1f} s.")


@app.command()
def doctor(*, json: JsonOption = False, quiet: TroubleOption = False) -> int:
    """Examine this installation.

    Versions, the cache of compiled kernels, decoders and a self-test; exit code 1 where one of the last two fails.
    """
    from imagegate.doctor import diagnose  # noqa: PLC0415 - --help does not need it

    diagnosis = diagnose()
    if json:
        write_json(diagnosis.to_dict())
    elif quiet:
        _print_lines(f"{probe.name}: {probe.detail}" for probe in diagnosis.failed)
    else:
        show(results(), reference.doctor_screen(diagnosis))
    return ExitCode.PASSED if diagnosis.ok else ExitCode.REJECTED


def _page(path: Path | None, policy: "Policy") -> "AbstractContextManager[Page | None]":
    if path is None:
        return nullcontext()
    from imagegate.page import Page  # noqa: PLC0415 - it loads the decoders, which --help does not need

    return Page(path, policy)


def _print_lines(lines: "Iterable[str]") -> None:
    console = results()
    for line in lines:
        console.print(visible(line), soft_wrap=True)


def _checked(name: str, policy: "Policy", lang: str, *, detail: bool) -> "Report":
    image = inputs.standard_input() if name == STDIN else Path(name)
    try:
        return imagegate.check(image, policy=policy, detail=detail, lang=lang)
    except OSError as error:
        raise Misuse(f"{inputs.shortened(name)}: {error.strerror or type(error).__name__}") from None


def _save_overlay(report: "Report", path: Path) -> None:
    if report.maps is None:
        complain("there is no overlay, because the picture could not be decoded")
        return
    try:
        report.overlay().save(path, format="PNG")
    except OSError as error:
        raise Misuse(f"--overlay: {path}: {error.strerror or error}") from None


def _exit_code(tally: Tally) -> ExitCode:
    return ExitCode.REJECTED if tally.rejected else ExitCode.PASSED
