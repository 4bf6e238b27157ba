"""The commands: what is asked for, which function answers, what the exit code says."""

# Typer reads the annotations when a command is called, so they are not postponed here.
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import imagegate
from imagegate.causes import CAUSES
from imagegate.cli import ExitCode, inputs, reference
from imagegate.cli.compiling import compile_first
from imagegate.cli.inputs import STDIN, STDOUT, Misuse, shortened
from imagegate.cli.output import as_utf8, complain, results, show, visible, write_json
from imagegate.cli.printing import Printer, Tally
from imagegate.cli.progress import Progress
from imagegate.cli.saved import saved
from imagegate.cli.screens import answer_screen
from imagegate.explanation import KNOWN
from imagegate.inheritance import PROFILE_TEXTS
from imagegate.policy import PROFILES, Isolation
from imagegate.words import choose

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from imagegate.cli.saved import Answer
    from imagegate.explanation import ApiError
    from imagegate.page import Page
    from imagegate.policy import Policy
    from imagegate.report import Report
    from imagegate.scanning.sorting import Sorter


ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="Judge by this profile; `profiles` lists them.")
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE.toml", help="Judge by the policy in this file.")
]
ApiOption = Annotated[
    str | None,
    typer.Option("--api", metavar="DIALECT", help="Print the error body of what is rejected, one a line."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
LangOption = Annotated[
    str,
    typer.Option(
        "--lang",
        metavar="LANG",
        help="Language of messages, titles and advice, as in Accept-Language: en, es, fr, de. All else is English.",
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only what is rejected, one line each, and no progress.")
]
NamesOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print names alone, one a line.")]
TroubleOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is wrong.")]

app = typer.Typer(
    help="Say, before the upload, whether an API will take a photo.",
    epilog="Exit code: 0 every picture passes, 1 some picture is rejected, 2 misuse, 130 interrupted, 143 terminated.",
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
    compile_first(quiet=quiet)
    printer = Printer(json=json, quiet=quiet, api=api, lang=lang)
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
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH", help="Files, folders with all that is below them, archives, tables, globs and URLs."
        ),
    ] = None,
    *,
    from_list: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Scan what this list names, one a line or null-separated; - is standard input."
        ),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The column of tables (JSONL, CSV, Parquet) that has the pictures."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Of folders and archives, scan only what matches, as '*.jpg' or '2024/**'; repeatable."
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Skip files and folders that match, whatever --include says; repeatable."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Reject files that are not images, too, instead of skipping them.")
    ] = False,
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="OUT", help="Write the records to OUT.jsonl, OUT.csv or OUT.parquet."),
    ] = STDOUT,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an output where an earlier scan stopped.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Threads; without it, one a processor.")
    ] = None,
    isolation: Annotated[
        Isolation | None, typer.Option(help="Read pictures in worker processes, whatever the policy says.")
    ] = None,
    move_rejected: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Move the rejected pictures there; nothing is overwritten.")
    ] = None,
    copy_passed: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Copy those that pass there; nothing is overwritten.")
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

    A table of every image below the folders; then how many passed, and what was wrong. Hidden files and files that are
    not images are skipped, counted, and never moved. Archives (zip, tar) and tables (JSONL, CSV, Parquet) that are
    named are read in place. With -o the records are written to a file instead.
    """
    judge = inputs.policy_of(profile, policy)
    if isolation is not None:
        judge = msgspec.structs.replace(judge, isolation=isolation)
    names = paths or []
    inputs.refuse_unusable_page(html, names)
    inputs.refuse_unknown_dialect(api)
    compile_first(quiet=quiet)
    # They load Numba and the decoders, which --help does not need, nor who waits for the kernels.
    from imagegate.cli import locations  # noqa: PLC0415
    from imagegate.cli.scanning import Run, explaining_stops, filter_of, output_of, sorter_of  # noqa: PLC0415
    from imagegate.scanning import items_of  # noqa: PLC0415
    from imagegate.scanning.counting import Count  # noqa: PLC0415

    locations.refuse_unusable(names, from_list)
    plain = locations.are_files_and_folders(names)
    sorter = sorter_of(names, move_rejected, copy_passed, plain=plain)
    chosen = filter_of(include, exclude, output, html, strict=strict)
    asked = {
        "policy": judge.to_dict(), "lang": lang, "column": column, "from_list": from_list,
        "include": include or None, "exclude": exclude or None, "strict": strict or None,
    }  # fmt: skip
    with (
        explaining_stops(output),
        locations.opened(names, from_list) as source,
        output_of(output, asked, resume=resume) or nullcontext() as file,
    ):
        with _page(html, judge, sorter) as page:
            items = items_of(source, policy=judge, column=column, chosen=chosen)
            printer = Printer(json=json, quiet=quiet, api=api, lang=lang, table=file is None)
            if judge.isolation == "none":
                imagegate.warmup()  # else the slowest picture would be the one that loads the kernels
            on_screen = (json or api is not None) and sys.stdout.isatty()
            # What comes out of a stream can be read only once, so it is not counted beforehand.
            with (
                Count(names if plain else None, chosen) as count,
                Progress(lambda: count.total, hidden=on_screen, quiet=quiet) as progress,
            ):
                run = Run(printer, file, page, sorter, progress, plain=plain)
                interrupted = run.pictures(items, judge, lang, workers)
        # After the page, for a scan that is complete is not gone on with.
        if file is not None and interrupted is None:
            file.finish()
    if file is not None and interrupted is not None:
        complain(f"interrupted; {file.part} has the records so far, and --resume goes on with it")
    if interrupted is None and not printer.tally.total:
        complain(f"there are no images in {', '.join(names) or shortened(str(from_list))}")
    printer.summary()
    return interrupted or _exit_code(printer.tally)


@app.command()
def payload(  # noqa: PLR0913 - the options of the command
    file: Annotated[str, typer.Argument(metavar="FILE", help="The JSON body; - reads it from standard input.")],
    *,
    api: ApiOption = None,
    profile: ProfileOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
    lang: LangOption = "en",
    quiet: QuietOption = False,
) -> int:
    """Check a JSON request and every picture in it.

    Says whether an API will take the request; if not, which field is at fault, why, and what helps.
    """
    judge = inputs.policy_of(profile, policy)
    inputs.refuse_unusable_files([file])
    inputs.refuse_unknown_dialect(api)
    compile_first(quiet=quiet)
    printer = Printer(json=json, quiet=quiet, api=api, lang=lang)
    printer.payload(file, imagegate.check_payload(inputs.body_of(file, judge), policy=judge, lang=lang))
    return _exit_code(printer.tally)


@app.command()
def explain(  # noqa: PLR0913 - the options of the command
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="An answer's body, or whole as `curl -i` saves it, or a HAR file; - reads standard input.",
        ),
    ] = None,
    *,
    status: Annotated[int | None, typer.Option(metavar="N", help="Its HTTP status; 0 if there was no answer.")] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="H", help="One of its headers, 'Name: value'; may be repeated.")
    ] = None,
    api: Annotated[
        str | None, typer.Option(metavar="DIALECT", help="Whose answer it is; without it, that is recognised.")
    ] = None,
    json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Say what an API's answer means.

    Why, whose fault it is, whether a retry helps and when. Of a HAR file: every error, and every success with a
    rejection inside.
    """
    inputs.refuse_unknown_dialect(api, KNOWN)
    answers, is_har = saved(file, status, header or ())
    shown = 0
    for answer in answers:
        error = _explained(answer, api, lang)
        if is_har and error.fault is None:
            continue
        shown += 1
        if json:
            write_json({"source": answer.source and as_utf8(answer.source), **error.to_dict()})
            continue
        if shown > 1:
            results().print()
        show(results(), answer_screen(answer.source, error))
    if not shown and not json:
        results().print("No answer is an error, or has a rejection inside.")


@app.command()
def causes(
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="Show this cause alone, in full.")] = None,
    *,
    json: JsonOption = False,
    lang: LangOption = "en",
    quiet: NamesOption = False,
) -> None:
    """List the causes for which a picture is refused."""
    rows = CAUSES.values() if code is None else [inputs.entry(CAUSES, code, "cause", "causes")]
    listed = [cause.in_language(choose(lang)) for cause in rows]
    if json:
        for cause in listed:
            write_json(msgspec.to_builtins(cause))
    elif quiet:
        _print_lines(cause.code for cause in listed)
    elif code is None:
        console = results()
        show(console, reference.causes_table(console, listed))
    else:
        show(results(), reference.cause_page(listed[0]))


@app.command()
def profiles(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Print this profile as its file stands, with its sources.")
    ] = None,
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
        console = results()
        show(console, reference.profiles_table(console))
    else:
        results().print(PROFILE_TEXTS[listed[0].name], soft_wrap=True, end="")


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Listen on this address; without it, on 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Listen on this port; without it, on 8000.")] = None,
    show_config: Annotated[bool, typer.Option("--show-config", help="Print the settings in force, and end.")] = False,
) -> None:
    """Answer over HTTP whether an API will take a photo.

    Settings come from these options, from IMAGEGATE_* in the environment, and from the TOML file that
    IMAGEGATE_CONFIG names. SIGTERM ends it when all that was accepted is answered.
    """
    inputs.require_web()
    # The service's own parts are loaded by those who serve alone.
    from imagegate.web.config import load  # noqa: PLC0415

    try:
        settings = load(os.environ, host=host, port=port)
        if show_config:
            results().print(settings.to_toml(), soft_wrap=True, end="")
        else:
            compile_first(quiet=False)
            from imagegate.web.server import run  # noqa: PLC0415 - it loads Numba

            run(settings)
    except (TypeError, ValueError) as error:
        raise Misuse(f"serve: {error}") from None


@app.command()
def calibrate(  # noqa: PLR0913 - the options of the command
    *,
    good: Annotated[str, typer.Option(metavar="DIR", help="Photos that are to pass.")],
    bad: Annotated[str | None, typer.Option(metavar="DIR", help="Photos that are to be rejected.")] = None,
    reject_rate: Annotated[
        float, typer.Option(metavar="SHARE", help="The share of good photos that may be rejected, all limits together.")
    ] = 0.01,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="POLICY.toml", help="Write the policy with these limits.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="PAGE.html", help="Write a page with the curves.")] = None,
    profile: ProfileOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
    quiet: TroubleOption = False,
) -> None:
    """Propose limits for your own photos.

    Of good photos: limits that keep to a reject rate. With bad ones: only of what tells them apart.
    """
    base = inputs.policy_of(profile, policy)
    compile_first(quiet=quiet)
    # They load Numba and the decoders, which --help does not need, nor who waits for the kernels.
    from imagegate.calibration import page, texts  # noqa: PLC0415
    from imagegate.cli import calibrating  # noqa: PLC0415

    calibrating.refuse_unusable_targets(output, html, policy)
    found = calibrating.calibrated(good, bad, base, reject_rate, hidden=quiet)
    if output is not None:
        calibrating.write_whole("-o", output, texts.to_toml(found))
    if html is not None:
        calibrating.write_whole("--html", html, page.to_html(found))
    if json:
        write_json(found.to_dict())
    elif not quiet:
        show(results(), calibrating.calibration_screen(found))
    if texts.doubt(found):
        complain(texts.doubt(found))


@app.command()
def warmup(*, json: JsonOption = False, quiet: TroubleOption = False) -> None:
    """Compile every kernel.

    The first picture after it is checked as fast as any; the compiled kernels are kept on disk.
    """
    start = perf_counter()
    compile_first(quiet=quiet)
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

    compile_first(quiet=quiet)
    diagnosis = diagnose()
    if json:
        write_json(diagnosis.to_dict())
    elif quiet:
        _print_lines(f"{probe.name}: {probe.detail}" for probe in diagnosis.failed)
    else:
        show(results(), reference.doctor_screen(diagnosis))
    return ExitCode.PASSED if diagnosis.ok else ExitCode.REJECTED


def _page(path: Path | None, policy: "Policy", sorter: "Sorter") -> "AbstractContextManager[Page | None]":
    if path is None:
        return nullcontext()
    from imagegate.page import Page  # noqa: PLC0415 - it loads the decoders, which --help does not need

    return Page(path, policy, place=sorter.place)


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


def _explained(answer: "Answer", api: str | None, lang: str) -> "ApiError":
    try:
        return imagegate.explain(answer.status, answer.body, answer.headers, api=api, lang=lang)
    except ValueError as error:
        raise Misuse(f"--status: {error}") from None


def _save_overlay(report: "Report", path: Path) -> None:
    if report.maps is None:
        complain("there is no overlay, because the picture could not be decoded")
        return
    try:
        report.overlay().save(path, format="PNG")
    except OSError as error:
        if path.is_file():
            path.unlink()  # It is not whole.
        raise Misuse(f"--overlay: {path}: {error.strerror or error}") from None


def _exit_code(tally: Tally) -> ExitCode:
    return ExitCode.REJECTED if tally.rejected else ExitCode.PASSED
