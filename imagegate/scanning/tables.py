"""Pictures in a column of a table: Base64 in JSON Lines and CSV, Base64 or encoded pictures in Parquet."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, BinaryIO, Final

import msgspec

from imagegate.policy import Policy
from imagegate.scanning.cells import without_quote
from imagegate.scanning.item import Content, Item, content_of, failed, longest
from imagegate.stepwise import end_of

# Beside the picture, a row holds at most so many bytes.
OTHER_CELLS: Final = 1 << 20
CHUNK: Final = 1 << 20
# Rows of Parquet that are read at once: photos are megabytes each.
ROWS: Final = 4
UTF8_MARK: Final = b"\xef\xbb\xbf"
DELIMITERS: Final = (",", ";", "\t")
SHORTEST_LINE: Final = 64
_BLANK_LINES: Final = re.compile(rb"(?:\r?\n)++")

_TOO_LONG: Final = "The row is too long"
_EMPTY: Final = "The column is empty"


def _json_lines(name: str, file: BinaryIO, column: str, policy: Policy) -> Iterator[Item]:
    """A row a line, named by the number of its line."""
    row: Any = msgspec.defstruct(
        "Row", [("cell", str | msgspec.UnsetType | None, msgspec.UNSET)], rename={"cell": column}
    )
    decoder = msgspec.json.Decoder(row)
    with file:
        for number, line in _lines(file, policy):
            source = f"{name}:{number}"
            if line is None:
                yield failed(source, _TOO_LONG)
            elif line.strip():
                yield _json_row(source, line, column, decoder)


def _json_row(source: str, line: bytes, column: str, decoder: Any) -> Item:
    try:
        cell = decoder.decode(line).cell
    except msgspec.ValidationError:
        return failed(source, f"The row is no object, or its {column!r} is no text")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return failed(source, "The row is not valid JSON")
    if cell is msgspec.UNSET:
        return failed(source, f"The row has no {column!r}")
    return _item(source, cell)


def _csv(name: str, file: BinaryIO, column: str, policy: Policy) -> Iterator[Item]:
    """A row a picture, named by the number of the line on which it begins; the first row has the columns' names.

    RFC 4180, with comma, semicolon or tabulator. Python's own reader takes cells of 128 KiB, or what the whole process
    is set to.
    """
    with file:
        lines = _lines(file, policy)
        _, heading = next(lines, (1, b""))
        delimiter, place = _place(heading or b"", column)
        if delimiter is None:
            yield failed(name, f"The first line names no column {column!r}")
            return
        for number, row in _csv_rows(lines, delimiter, policy):
            source = f"{name}:{number}"
            if row is not None and not row.strip():
                continue
            cells = None if row is None else _cells(row, delimiter, place + 1)
            if cells is None:
                yield failed(source, _TOO_LONG if row is None else "The row's quotes do not match")
            elif place >= len(cells):
                yield failed(source, f"The row has no {column!r}")
            else:
                yield _item(source, cells[place])


def _csv_rows(
    lines: Iterator[tuple[int, bytes | None]], delimiter: str, policy: Policy
) -> Iterator[tuple[int, bytes | None]]:
    """Rows with the number of their first line. A quoted cell can have several; an odd number of quotes ends it.

    A row that grows too long has lost its quote; the lines after it are rows again.
    """
    parts: list[bytes] = []
    first, length, longest_row = 1, 0, _longest_row(policy)
    for number, line in lines:
        first = first if parts else number
        # Base64 is wrapped at 64 characters or more, so that of shorter lines there is no end to be waited for.
        length += max(len(line or b""), SHORTEST_LINE)
        if line is None or length > longest_row:
            yield first, None
            parts, length = [], 0
            continue
        odd = line.count(b'"') % 2 == 1
        ends = odd if parts else not (odd and _is_open(line, delimiter))
        parts.append(line)
        if ends:
            yield first, b"".join(parts)
            parts, length = [], 0
    if parts:
        yield first, b"".join(parts)


def _place(heading: bytes, column: str) -> tuple[str | None, int]:
    """Delimiter and number of the column that is named so; none where the heading is longer than OTHER_CELLS."""
    for delimiter in DELIMITERS if len(heading) <= OTHER_CELLS else ():
        names = _cells(heading, delimiter, OTHER_CELLS)
        if names and column in names:
            return delimiter, names.index(column)
    return None, 0


def _cells(row: bytes, delimiter: str, most: int) -> list[str] | None:
    """The first cells of one row; None where its quotes do not match before there are so many."""
    text = _text(row, delimiter)
    cells: list[str] = []
    end = 0
    while end < len(text) and len(cells) < most:
        match = _CELL[delimiter].match(text, end)
        if match is None:
            return None
        quoted, bare = match.groups()
        cells.append(without_quote(bare if quoted is None else quoted.replace('""', '"')))
        end = match.end()
    return cells


def _is_open(line: bytes, delimiter: str) -> bool:
    """Whether its last cell goes on in the next line; a quote within a cell is but a character."""
    text = _text(line, delimiter)
    return text.startswith('"', end_of(_CELLS[delimiter], text, 0))


def _text(row: bytes, delimiter: str) -> str:
    """A row in which a delimiter ends every cell."""
    return row.rstrip(b"\r\n").decode(errors="surrogateescape") + delimiter


_CELL: Final = {
    mark: re.compile(rf'(?:"((?:[^"]++|"")*+)"|((?:[^"{mark}][^{mark}]*+)?+)){mark}') for mark in DELIMITERS
}
_CELLS: Final = {
    mark: re.compile(rf'(?:(?:"(?:[^"]++|"")*+"|(?:[^"{mark}][^{mark}]*+)?+){mark}){{0,65536}}+') for mark in DELIMITERS
}


def _parquet(name: str, file: BinaryIO, column: str, _: Policy) -> Iterator[Item]:
    """A row a picture, named by its number from 1 on. Of a struct, as datasets have it, its `bytes`: `image.bytes`."""
    try:
        import pyarrow.parquet as pq  # noqa: PLC0415 - it is in an extra
    except ImportError:
        file.close()
        raise ImportError("source: Parquet needs pyarrow: pip install 'imagegate[parquet]'") from None
    with file, pq.ParquetFile(file, pre_buffer=False, buffer_size=CHUNK) as table:
        names = [table.schema.column(index).path for index in range(len(table.schema))]
        if column not in names:
            yield failed(name, f"There is no column {column!r}")
            return
        number = 0
        for batch in table.iter_batches(ROWS, columns=[column], use_threads=False):
            cells = batch.column(0)
            for _level in column.split(".")[1:] if batch.schema.names != [column] else ():
                cells = cells.field(0)
            for cell in cells:
                number += 1
                yield _item(f"{name}:{number}", cell.as_py())


def _item(source: str, cell: Any) -> Item:
    """The picture in a cell."""
    if cell is None or not len(cell):
        return failed(source, _EMPTY)
    if isinstance(cell, str):
        data = memoryview(cell.encode(errors="surrogateescape"))
        return Item(source, partial(_read_text, cell, data), 2 * data.nbytes)
    data = memoryview(cell)
    return Item(source, partial(content_of, data), data.nbytes)


def _read_text(text: str, data: memoryview, policy: Policy) -> Content:
    return content_of(data, policy)._replace(image=text)


def _lines(file: BinaryIO, policy: Policy) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their numbers from 1 on; None for one that is longer than any row with a picture can be.

    Blank lines come many at once: of 20 million, each took half a microsecond.
    """
    number, limit = 1, _longest_row(policy)
    while line := file.readline(limit + 1):
        if len(line) > limit:
            yield number, None
            while line and not line.endswith(b"\n"):
                line = file.readline(CHUNK)
        else:
            line = line.removeprefix(UTF8_MARK) if number == 1 else line
            if not line.strip(b"\r\n"):
                line += file.read(_blank_lines(file))
            yield number, line
        number += line.count(b"\n")


def _blank_lines(file: BinaryIO) -> int:
    """Bytes of the blank lines that stand next in a buffered file, as far as it holds them already."""
    ahead = file.peek() if isinstance(file, io.BufferedReader) else b""
    match = _BLANK_LINES.match(ahead)
    return match.end() if match else 0


def _longest_row(policy: Policy) -> int:
    return int(min(longest(policy), 1 << 40)) + OTHER_CELLS


# Ending of a file's name to what gives the pictures of its rows.
KINDS: Final[Mapping[str, Callable[[str, BinaryIO, str, Policy], Iterator[Item]]]] = MappingProxyType(
    {".jsonl": _json_lines, ".ndjson": _json_lines, ".csv": _csv, ".tsv": _csv, ".parquet": _parquet}
)
