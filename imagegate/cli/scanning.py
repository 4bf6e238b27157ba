"""One run of `imagegate scan`: its records are printed, written and sorted as they come."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.filesize import decimal

from imagegate.cli.inputs import STDOUT, Misuse, shortened
from imagegate.cli.interrupts import Interrupt
from imagegate.cli.output import FULL, complain, discard_results
from imagegate.cli.printing import WIDEST_NAME, width_of
from imagegate.scanning import scan_items
from imagegate.scanning.duplicates import Duplicates
from imagegate.scanning.filtering import Filter
from imagegate.scanning.output import Output, OutputRefused, files_of
from imagegate.scanning.sorting import Sorter
from imagegate.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imagegate.cli.printing import Printer
    from imagegate.cli.progress import Progress
    from imagegate.page import Page
    from imagegate.policy import Policy
    from imagegate.scanning.sources import Item, Items

# Names by which the table's width is chosen: those on the first screens.
_MEASURED_NAMES: Final = 200


def output_of(name: str, asked: Mapping[str, Any], *, resume: bool) -> Output | None:
    """The file of the records, None for standard output; a scan that was asked for otherwise cannot go on with it."""
    if name == STDOUT:
        if resume:
            raise Misuse("--resume goes on with a file: name it by -o")
        return None
    try:
        return Output(name, {**asked, "versions": dict(versions())}, resume=resume)
    except OutputRefused as error:
        raise Misuse(f"-o: {error}") from None


def filter_of(
    include: Sequence[str] | None, exclude: Sequence[str] | None, output: str, page: Path | None, *, strict: bool
) -> Filter:
    """What of the sources is scanned; the files that the scan writes are not."""
    own = [*(() if output == STDOUT else files_of(output)), *(() if page is None else (page,))]
    try:
        return Filter(include=include or (), exclude=exclude or (), strict=strict, own=own)
    except ValueError as error:
        raise Misuse(f"--{error}") from None


def sorter_of(names: Sequence[str], move_rejected: Path | None, copy_passed: Path | None, *, plain: bool) -> Sorter:
    """Where pictures go by their verdict; those within a file, or in a store, cannot be moved."""
    if not plain and (move_rejected or copy_passed):
        raise Misuse("--move-rejected and --copy-passed need a PATH, and every PATH to be a picture or a folder")
    try:
        return Sorter([Path(name) for name in names], move_rejected=move_rejected, copy_passed=copy_passed)
    except ValueError as error:
        raise Misuse(str(error)) from None


@contextmanager
def explaining_stops(output: str) -> Iterator[None]:
    """Turn an error of the system that stops a scan into one line: which file, where the records are, what to do."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            discard_results()
        raise _stopped_by(error, output) from None


def _stopped_by(error: OSError, output: str) -> Misuse:
    name = error.filename or "standard output"
    reason = f"{shortened(str(name))}: {error.strerror}"
    first = "free some space, then " if error.errno in FULL else ""
    files = files_of(output)
    if output == STDOUT or not files.part.exists():
        return Misuse(f"{reason}; {first}scan again" if first else reason)
    size = decimal(files.part.stat().st_size)
    holder = "it" if name == str(files.part) else str(files.part)
    return Misuse(f"{reason}; {holder} has the records so far ({size}): {first}continue with --resume")


class Run:
    """One scan.

    Args:
        printer: Prints and counts the records.
        output: Where they are written; None for nowhere.
        page: Where they are shown; None for nowhere.
        sorter: Moves and copies the pictures.
        progress: Says how far it is.
        plain: The source is files and folders, whose names cost nothing to read ahead.
    """

    def __init__(  # noqa: PLR0913 - the ends to which records go
        self,
        printer: Printer,
        output: Output | None,
        page: Page | None,
        sorter: Sorter,
        progress: Progress,
        *,
        plain: bool,
    ) -> None:
        self._printer = printer
        self._output = output
        self._page = page
        self._sorter = sorter
        self._progress = progress
        self._plain = plain

    def pictures(self, items: Items, policy: Policy, lang: str, workers: int | None) -> int | None:
        """Scan the pictures of a source from its first on.

        Returns:
            The exit code that says what interrupted it; None where nothing did.
        """
        with Interrupt() as interrupt:
            earlier = Duplicates(policy)
            left = interrupt.until(self._left(items, interrupt, earlier))
            with scan_items(
                left, items.skipped, policy=policy, workers=workers, lang=lang, duplicates=earlier
            ) as records:
                for record in records:
                    plain = record.to_dict()
                    if self._output is not None:
                        self._output.write(plain)
                    self._printer.record(record, plain)
                    self._show(plain)
                    self._sort(record.source, ok=record.ok)
                    self._progress.advance(ok=record.ok)
            self._printer.tally.skipped.update(items.skipped)
            if self._page is not None:
                self._page.interrupted = interrupt.code is not None
        return interrupt.code

    def _left(self, items: Iterator[Item], interrupt: Interrupt, earlier: Duplicates) -> Iterator[Item]:
        """What no earlier run has finished; of what it has, the pictures are remembered."""
        if self._output is None:
            return self._headed(interrupt.until(items))
        try:
            for item, plain in interrupt.until(self._output.finished(items, self._sorter.is_gone)):
                self._printer.tally.add(plain)
                self._progress.advance(ok=plain["ok"], fresh=False)
                earlier.remember(plain)
                self._show(plain)
                if item is not None:
                    self._sort(item.source, ok=plain["ok"], again=True)
        except OutputRefused as error:
            raise Misuse(f"-o: {error}") from None
        return self._output.rest

    def _headed(self, items: Iterator[Item]) -> Iterator[Item]:
        first = list(islice(items, _MEASURED_NAMES if self._plain else 1))
        if first:
            self._printer.heading(width_of(item.source for item in first) if self._plain else WIDEST_NAME)
        return chain(first, items)

    def _show(self, plain: Mapping[str, Any]) -> None:
        if self._page is not None:
            self._page.add(plain)

    def _sort(self, source: str, *, ok: bool, again: bool = False) -> None:
        try:
            self._sorter.sort(source, ok=ok, again=again)
        except OSError as error:
            if error.errno in FULL:  # A full disk would take none of the others either.
                raise
            complain(f"{source} was not {'copied' if ok else 'moved'}: {error}")
