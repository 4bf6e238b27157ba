"""The files of a scan's records: whole whatever happens, gone on with by --resume; what is moved and copied by them."""

from __future__ import annotations

import csv
import errno
import importlib.util
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imagegate
from imagegate.cli import main
from imagegate.cli.output import visible
from imagegate.cli.progress import SECONDS_PER_LINE, Progress
from imagegate.scanning import items_of, sorting
from imagegate.scanning.cells import csv_row, without_quote
from imagegate.scanning.columns import COLUMNS
from imagegate.scanning.counting import Count
from imagegate.scanning.filtering import Filter
from imagegate.scanning.output import Output, OutputRefused
from imagegate.scanning.sources import Item
from imagegate.schema import PATH as SCHEMA
from imagegate.versions import versions
from tests.scenes import BLURRED, SHARP, encoded, polygons

ROOT = Path(imagegate.__file__).parents[1]
PASSED, REJECTED, MISUSE, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
FILES = 100
FORMS = [
    "jsonl",
    "csv",
    pytest.param(
        "parquet",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("pyarrow") is None, reason="the extra imagegate[parquet] is not installed"
        ),
    ),
]
posix = pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsysbinary):
    """The command in this process."""

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Result(left.value.code, out.decode(), err.decode())

    return call


@pytest.fixture
def photos(tmp_path):
    """Two pictures that pass, one that is blurred, one that is none, and one that is not there."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(SHARP)
    (folder / "more" / 'b, "c"\nd.jpg').write_bytes(BLURRED)
    (folder / "more" / "кожа 皮膚.jpg").write_bytes(SHARP)
    (folder / "notes.png").write_bytes(b"no picture at all, but long enough to be one, if only it were a picture " * 2)
    (folder / "z.jpg").symlink_to(folder / "nowhere")
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A folder of many small pictures, and a few that are broken."""
    folder = tmp_path_factory.mktemp("many")
    kinds = [encoded(polygons(240, 320, seed=seed)) for seed in range(7)] + [SHARP[:3000], b"no picture " * 9]
    for number in range(FILES):
        (folder / f"{number:04}.jpg").write_bytes(kinds[number % len(kinds)])
    return folder


def started(*arguments, **options):
    """The command in a process of its own, under way."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-m", "imagegate", *map(str, arguments)]
    # Without a buffer: communicate() would not see what readline() has read ahead.
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    return subprocess.Popen(command, env=environment, **pipes, **options)


def without_timings(path):
    """What a file says, but for the seconds that each stage took."""
    if path.suffix == ".jsonl":
        return re.sub(rb'\{"intake":[^}]*\}', b"{}", path.read_bytes())
    if path.suffix == ".parquet":
        from pyarrow import parquet  # noqa: PLC0415 - an extra

        rows = parquet.read_table(path).to_pylist()
    else:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    return [{name: cell for name, cell in row.items() if not name.startswith("seconds_")} for row in rows]


def lines_of(path):
    return [json.loads(line, parse_constant=pytest.fail) for line in path.read_text("utf-8").splitlines()]


def names_in(folder):
    return {path.name for path in folder.iterdir()}


# The files


def test_jsonl_has_the_objects_of_the_records(run, photos, tmp_path):
    result = run("scan", photos, "-o", tmp_path / "out.jsonl")

    assert (result.code, result.err) == (REJECTED, "")
    found, expected = lines_of(tmp_path / "out.jsonl"), [record.to_dict() for record in imagegate.scan(photos)]
    for record in (*found, *expected):
        del record["timings"]
    assert found == expected


def test_a_file_replaces_the_table_but_not_the_summary(run, photos, tmp_path):
    lines = run("scan", photos, "-o", tmp_path / "out.jsonl").out.splitlines()

    assert lines[0] == "5 pictures: 2 passed, 3 rejected"
    assert not any(line.startswith("Verdict") for line in lines)


def test_csv_has_a_row_for_each_picture_and_a_cell_for_each_value(run, photos, tmp_path):
    run("scan", photos, "-o", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    records = [record.to_dict() for record in imagegate.scan(photos)]

    assert [row["source"] for row in rows] == [record["source"] for record in records]
    assert [row["ok"] for row in rows] == ["true", "false", "true", "false", "false"]
    assert [row["status"] for row in rows] == ["200", "422", "200", "400", ""]
    assert rows[1]["rejections"] == "image_blurred"
    assert float(rows[0]["blur_radius"]) == records[0]["measurements"]["blur_radius"]
    assert rows[0]["header_format"] == "jpeg"
    assert json.loads(rows[1]["findings"]) == records[1]["findings"]
    assert rows[4]["error"] == "No such file or directory"
    assert rows[4]["blur_radius"] == ""


@posix
def test_a_name_with_a_line_end_is_one_cell_of_csv(run, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a\rb.jpg", "c\nd.jpg", "e\r\nf.jpg"):
        (folder / name).write_bytes(SHARP)
    run("scan", folder, "-o", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [Path(row["source"]).name for row in rows] == ["a\rb.jpg", "c\nd.jpg", "e\r\nf.jpg"]


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff201",
    "'=1",
    "''@",
    "'",
    "''",
    "",
]


@given(
    st.lists(
        st.one_of(st.text(), st.sampled_from(FORMULAS), st.builds("{}{}".format, st.sampled_from(FORMULAS), st.text()))
    )
)
def test_no_text_of_csv_is_a_formula_and_each_is_read_back_unchanged(texts):
    """Read by Python's own reader, and by that of the sources; as OWASP lists what begins a formula."""
    text = "".join(map(csv_row, [["photo", "x"], *([each, 1] for each in texts)]))
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]

    assert not any(cell.startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")) for cell, _ in rows)
    assert [without_quote(cell) for cell, _ in rows] == texts
    assert read_back(text, "photo") == texts


def read_back(text, column):
    """The texts of a column, as a table that is a source of a scan has them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        found = []
        for item in items_of(path, column=column):
            try:
                found.append(item.read(imagegate.PROFILES["default"]).image)
            except OSError as error:
                assert error.strerror == "The column is empty"  # noqa: PT017 - all else is a failure
                found.append("")
    return found


def test_numbers_and_truths_of_csv_stay_what_they_are():
    assert csv_row([-3.5, 1e-07, -2, True, False, None, "-3.5", 'a "b"; c']) == (
        '-3.5,1e-07,-2,true,false,,"\'-3.5","a ""b""; c"\r\n'
    )


@posix
def test_names_that_are_formulas_are_quoted_in_csv_and_whole_in_what_is_gone_on_with(run, tmp_path, monkeypatch):
    names = ["=cmd|'calc'!A1.jpg", "+1.jpg", "-1.jpg", "@a.jpg", "\ta.jpg", "'=a.jpg", "a;=1+1.jpg", "'a.jpg"]
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path / "photos")
    for name in names:
        Path(name).write_bytes(BLURRED)
    assert (
        run("scan", *(f"./{name}" for name in names), "-o", "../out.csv", "--move-rejected", "../bad").code == REJECTED
    )
    text = Path("../out.csv").read_bytes().decode()
    cells = [row["source"] for row in csv.DictReader(io.StringIO(text, newline=""))]

    assert cells == [f"'{name}" if name[0] in "=+-@\t" or name[:2] == "'=" else name for name in names]
    assert read_back(text, "source") == names
    assert names_in(tmp_path / "bad") == set(names)


def test_parquet_is_read_back_by_pyarrow_with_the_types_of_its_columns(run, photos, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="the extra imagegate[parquet] is not installed")
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    assert run("scan", photos, "-o", tmp_path / "out.parquet").code == REJECTED
    table = parquet.read_table(tmp_path / "out.parquet")
    records = [record.to_dict() for record in imagegate.scan(photos)]
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}

    assert {field.name: field.type for field in table.schema} == {name: types[kind] for name, kind in COLUMNS.items()}
    assert table["source"].to_pylist() == [record["source"] for record in records]
    assert table["status"].to_pylist() == [200, 422, 200, 400, None]
    assert table["luma_mean"].to_pylist()[:3] == [record["measurements"]["luma_mean"] for record in records[:3]]


def test_the_columns_are_all_that_the_schema_of_a_record_knows():
    definitions = json.loads(SCHEMA.read_bytes())["$defs"]
    plain = {*definitions["shared"]["properties"], *definitions["record"]["properties"]} - {"header", "measurements"}
    nested = {*definitions["measurements"]["properties"]}
    nested |= {f"header_{name}" for name in definitions["header"]["properties"]}
    nested |= {f"seconds_{stage}" for stage in ("intake", "header", "decode", "measure", "rules")}

    assert {*COLUMNS} == (plain - {"timings"}) | nested | {"rejections", "warnings"}


def test_the_kinds_of_the_columns_are_those_of_the_schema():
    definitions = json.loads(SCHEMA.read_bytes())["$defs"]
    properties = {
        **definitions["shared"]["properties"],
        **definitions["record"]["properties"],
        **definitions["measurements"]["properties"],
        **{f"header_{name}": rule for name, rule in definitions["header"]["properties"].items()},
    }
    kinds = {str: "string", int: "integer", float: "number", bool: "boolean"}
    for name, rule in properties.items():
        types = {rule["type"]} if isinstance(rule.get("type"), str) else {*rule.get("type", ())}
        types |= {option["type"] for option in rule.get("anyOf", ()) if "type" in option}
        if not types <= {"object", "array", "null"}:
            assert types - {"null"} == {kinds[COLUMNS[name]]}, name


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_folder_has_an_empty_file(run, tmp_path, form):
    (tmp_path / "none").mkdir()
    result = run("scan", tmp_path / "none", "-o", tmp_path / f"out.{form}")

    assert result.code == PASSED
    assert names_in(tmp_path) == {"none", f"out.{form}"}


def test_a_file_in_the_folder_that_is_scanned_is_no_picture_of_it(run, photos):
    result = run("scan", photos, "-o", photos / "out.jsonl", "--html", photos / "report.html")

    assert len(lines_of(photos / "out.jsonl")) == 5
    assert "skipped" not in result.out


# Nothing is overwritten


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_complete_file_is_never_overwritten(run, photos, tmp_path, resume):
    (tmp_path / "out.csv").write_text("of value")
    result = run("scan", photos, "-o", tmp_path / "out.csv", *resume)

    assert (result.code, result.out) == (MISUSE, "")
    assert "out.csv exists and is complete" in result.err
    assert (tmp_path / "out.csv").read_text() == "of value"


def test_what_an_earlier_scan_has_left_is_kept_unless_it_is_gone_on_with(run, photos, tmp_path):
    (tmp_path / "out.csv.part").write_text("of value")
    result = run("scan", photos, "-o", tmp_path / "out.csv")

    assert result.code == MISUSE
    assert "--resume" in result.err
    assert (tmp_path / "out.csv.part").read_text() == "of value"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["-o", "{tmp}/out.xlsx"], ".jsonl, .csv, .parquet"),
        (["-o", "{tmp}/out"], ".jsonl, .csv, .parquet"),
        (["-o", "{tmp}/no/out.csv"], "No such file or directory"),
        (["--resume"], "-o"),
        (["--move-rejected", "{tmp}/photos"], "photos is in the folder that is scanned"),
        (["--copy-passed", "{tmp}/photos/more"], "more is in the folder that is scanned"),
        (["--copy-passed", "{tmp}/photos/a.jpg"], "not a folder"),
    ],
)
def test_what_cannot_be_written_to_is_misuse(run, photos, tmp_path, arguments, named):
    result = run("scan", photos, *(argument.format(tmp=tmp_path) for argument in arguments))

    assert (result.code, result.out) == (MISUSE, "")
    assert result.err.count("\n") == 1
    assert named in result.err


def test_parquet_without_pyarrow_is_misuse_that_names_the_extra(run, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    result = run("scan", photos, "-o", tmp_path / "out.parquet")

    assert result.code == MISUSE
    assert "imagegate[parquet]" in result.err


# Killed, and gone on with


@pytest.fixture(scope="module")
def undisturbed(many, tmp_path_factory):
    """The files of scans that nothing disturbed, by form."""
    folder = tmp_path_factory.mktemp("undisturbed")

    def file(form):
        path = folder / f"out.{form}"
        if not path.exists():
            with pytest.raises(SystemExit):
                main(["scan", "-q", str(many), "-o", str(path)])
        return path

    return file


@posix
@pytest.mark.parametrize("moment", range(10))
@pytest.mark.slow
def test_a_scan_that_is_killed_leaves_whole_records_and_is_gone_on_with(run, many, tmp_path, undisturbed, moment):
    """Ten moments, drawn by number: so many records after the first, and wherever the scan is when the kill comes."""
    parquet = [] if importlib.util.find_spec("pyarrow") is None else ["parquet"]
    drawn = random.Random(moment)  # noqa: S311 - a test, not a secret
    form = drawn.choice(["jsonl", "csv", *parquet])
    out = tmp_path / f"out.{form}"
    killed = started("scan", many, "-o", out, "--json", "--workers", 2)
    for _ in range(drawn.randint(1, 60)):
        killed.stdout.readline()
    killed.kill()
    killed.communicate()

    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    part = (tmp_path / f"out.{form}.part").read_bytes()
    whole = [json.loads(line) for line in part.split(b"\n")[1:-1]]
    assert [Path(record["source"]).name for record in whole] == [f"{number:04}.jpg" for number in range(len(whole))]
    assert run("scan", "-q", many, "-o", out, "--resume").code == REJECTED
    assert without_timings(out) == without_timings(undisturbed(form))
    assert names_in(tmp_path) == {out.name}


SETTINGS = {"policy": {"name": "default"}}
RECORDS = [{"source": name, "ok": True, "text": "é\n"} for name in ("a", "b", "c")]


def left_by_a_scan(folder):
    """The part of a scan that wrote three records and did not end."""
    with Output(folder / "out.jsonl", SETTINGS) as output:
        for record in RECORDS:
            output.write(record)
    return output.part


def items(*names):
    return iter([Item(name, None) for name in names])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_torn_last_line_is_cut_off(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("torn")
    part = left_by_a_scan(folder)
    whole = part.read_bytes()
    length = data.draw(st.integers(0, len(whole)))
    os.truncate(part, length)
    with Output(folder / "out.jsonl", SETTINGS, resume=True) as output:
        finished = [record for _, record in output.finished(items("a", "b", "c"))]
        for item in output.rest:
            output.write(next(record for record in RECORDS if record["source"] == item.source))

        assert len(finished) == max(0, whole[:length].count(b"\n") - 1)
        assert part.read_bytes() == whole
        output.finish()
    assert lines_of(folder / "out.jsonl") == RECORDS


def test_a_torn_line_longer_than_a_block_is_cut_off(tmp_path):
    part = left_by_a_scan(tmp_path)
    whole = part.read_bytes()
    part.write_bytes(whole + b"x" * 200_000)
    Output(tmp_path / "out.jsonl", SETTINGS, resume=True).__exit__(None, None, None)

    assert part.read_bytes() == whole


def test_a_scan_that_was_killed_while_it_was_given_its_name_is_gone_on_with(tmp_path):
    left_by_a_scan(tmp_path)
    (tmp_path / "out.jsonl").write_text("as far as it had come")
    (tmp_path / "out.jsonl.tmp").write_text("as far as it had come")
    with Output(tmp_path / "out.jsonl", SETTINGS, resume=True) as output:
        list(output.finished(items("a", "b", "c")))
        output.finish()

    assert lines_of(tmp_path / "out.jsonl") == RECORDS
    assert names_in(tmp_path) == {"out.jsonl"}


def test_where_there_is_nothing_to_go_on_with_a_scan_begins(run, photos, tmp_path):
    assert run("scan", photos, "-o", tmp_path / "out.jsonl", "--resume").code == REJECTED
    assert len(lines_of(tmp_path / "out.jsonl")) == 5


@pytest.mark.parametrize("now", [["a", "c"], ["x", "a", "b", "c"], ["a", "b"], []])
def test_a_source_that_is_not_what_it_was_is_refused(tmp_path, now):
    left_by_a_scan(tmp_path)
    with (
        Output(tmp_path / "out.jsonl", SETTINGS, resume=True) as output,
        pytest.raises(OutputRefused, match="cannot be gone on with: the source has"),
    ):
        list(output.finished(items(*now)))


def test_what_comes_after_the_finished_records_may_be_new(tmp_path):
    left_by_a_scan(tmp_path)
    with Output(tmp_path / "out.jsonl", SETTINGS, resume=True) as output:
        assert [item.source for item, _ in output.finished(items("a", "b", "c", "d", "e"))] == ["a", "b", "c"]
        assert [item.source for item in output.rest] == ["d", "e"]


@pytest.mark.parametrize(
    "options", [["--profile", "ata_teledermatology"], ["--lang", "de"], ["--isolation", "process"]]
)
def test_a_scan_with_other_settings_does_not_go_on(run, photos, tmp_path, monkeypatch, options):
    monkeypatch.setattr(Output, "finish", lambda _: None)
    run("scan", photos, "-o", tmp_path / "out.jsonl")
    result = run("scan", photos, "-o", tmp_path / "out.jsonl", "--resume", *options)

    assert (result.code, result.out) == (MISUSE, "")
    assert "was begun with another " + ("lang" if "--lang" in options else "policy") in result.err


def test_a_scan_by_another_version_does_not_go_on(run, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(Output, "finish", lambda _: None)
    run("scan", photos, "-o", tmp_path / "out.jsonl")
    monkeypatch.setattr("imagegate.cli.scanning.versions", lambda: {"imagegate": "0.0.1"})

    assert "another versions" in run("scan", photos, "-o", tmp_path / "out.jsonl", "--resume").err


def test_a_damaged_part_is_refused(tmp_path):
    part = left_by_a_scan(tmp_path)
    part.write_bytes(part.read_bytes().replace(b'"b"', b'"b'))
    with (
        Output(tmp_path / "out.jsonl", SETTINGS, resume=True) as output,
        pytest.raises(OutputRefused, match="is damaged"),
    ):
        list(output.finished(items("a", "b", "c")))


@pytest.mark.parametrize("theirs", [b"[1, 2]\n3", b'{"a": 1}\n{"b"', b"no line end", b'"text"\n'])
def test_a_file_that_is_no_scans_is_refused_and_stays_as_it_is(tmp_path, theirs):
    (tmp_path / "out.jsonl.part").write_bytes(theirs)
    with pytest.raises(OutputRefused, match="remove it to begin anew"):
        Output(tmp_path / "out.jsonl", SETTINGS, resume=True)

    assert (tmp_path / "out.jsonl.part").read_bytes() == theirs


@posix
def test_two_scans_do_not_write_one_file(tmp_path):
    with (
        Output(tmp_path / "out.jsonl", SETTINGS),
        pytest.raises(OutputRefused, match="is being written by another scan"),
    ):
        Output(tmp_path / "out.jsonl", SETTINGS, resume=True)


def test_the_summary_of_a_scan_that_went_on_counts_all(run, photos, tmp_path, monkeypatch):
    finish = Output.finish
    monkeypatch.setattr(Output, "finish", lambda _: None)
    run("scan", photos, "-o", tmp_path / "out.jsonl")
    monkeypatch.setattr(Output, "finish", finish)
    result = run("scan", photos, "-o", tmp_path / "out.jsonl", "--resume")

    assert result.code == REJECTED
    assert result.out.startswith("5 pictures: 2 passed, 3 rejected\n")


# Out of space


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_an_error_and_no_record_before_it_is_lost(tmp_path):
    with Output(tmp_path / "out.jsonl", SETTINGS) as output:
        output.write(RECORDS[0])
        with Path("/dev/full").open("wb") as full:
            os.dup2(full.fileno(), output.fileno())
        with pytest.raises(OSError, match="No space left on device"):
            output.write(RECORDS[1])
    with Output(tmp_path / "out.jsonl", SETTINGS, resume=True) as output:
        assert [record for _, record in output.finished(items("a", "b"))] == RECORDS[:1]


@pytest.mark.slow
@posix
def test_a_scan_that_may_write_no_more_says_so_and_is_gone_on_with(run, many, tmp_path, undisturbed):
    import resource  # noqa: PLC0415 - POSIX has it

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    out = tmp_path / "out.jsonl"
    full = started("scan", many, "-o", out, "-q", preexec_fn=limit)
    _, err = full.communicate()

    assert full.returncode == MISUSE
    assert err.startswith(f"imagegate: {out}.part: {os.strerror(errno.EFBIG)}; ".encode())
    assert err.count(b"\n") == 1
    assert run("scan", "-q", many, "-o", out, "--resume").code == REJECTED
    assert without_timings(out) == without_timings(undisturbed("jsonl"))


# Interrupted


@pytest.mark.slow
@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_scan_finishes_what_is_under_way(run, many, tmp_path, undisturbed, number):
    out = tmp_path / "out.jsonl"
    scan = started("scan", many, "-o", out, "--json", "--workers", 2)
    first = scan.stdout.readline()
    scan.send_signal(number)
    rest, err = scan.communicate()

    part = (tmp_path / "out.jsonl.part").read_bytes()
    assert scan.returncode == {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}[number]
    assert part.split(b"\n", 1)[1] == first + rest
    assert part.count(b"\n") - 1 < FILES
    assert b"--resume" in err
    assert err.count(b"\n") == 1
    assert run("scan", "-q", many, "-o", out, "--resume").code == REJECTED
    assert without_timings(out) == without_timings(undisturbed("jsonl"))


@pytest.mark.slow
@posix
@pytest.mark.parametrize("to_file", [False, True])
def test_an_interrupt_ends_the_wait_for_a_list_that_is_still_written(many, tmp_path, to_file):
    options = ["-o", tmp_path / "out.jsonl"] if to_file else []
    scan = started("scan", "--from-list", "-", "--json", "--workers", 1, *options, stdin=subprocess.PIPE)
    listed = b"".join(b"%s\n" % os.fsencode(path) for path in sorted(many.iterdir())[:5])
    scan.stdin.write(listed.ljust(1 << 16, b"\n"))  # as much as is read at once
    seen = [scan.stdout.readline() for _ in range(2)]
    scan.send_signal(signal.SIGINT)

    assert scan.wait(timeout=60) == INTERRUPTED
    assert len(seen + scan.stdout.readlines()) == 5
    scan.communicate()


@pytest.mark.slow
@posix
def test_an_interrupted_scan_for_people_ends_with_its_summary(many):
    scan = started("scan", many, "--workers", 1)
    for _ in range(3):
        scan.stdout.readline()
    scan.send_signal(signal.SIGINT)
    rest, _ = scan.communicate()

    assert scan.returncode == INTERRUPTED
    assert re.search(rb"^\d+ pictures: ", rest, re.MULTILINE)


@posix
def test_a_second_interrupt_ends_at_once():
    code = (
        "import signal\n"
        "from imagegate.cli.interrupts import Interrupt\n"
        "with Interrupt() as interrupt:\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    print(interrupt.code, list(interrupt.until([1])), flush=True)\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    print('still here', flush=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)

    assert (ended.returncode, ended.stdout) == (INTERRUPTED, b"130 []\n")


@pytest.mark.slow
@posix
def test_an_interrupted_scan_has_a_page_of_what_was_done(many, tmp_path):
    page = tmp_path / "report.html"
    scan = started("scan", many, "--html", page, "--workers", 1, "--json")
    scan.stdout.readline()
    scan.send_signal(signal.SIGINT)
    rest, _ = scan.communicate()
    shown = page.read_text(encoding="utf-8")
    done = 1 + rest.count(b"\n")

    assert scan.returncode == INTERRUPTED
    assert '"complete":false' in shown
    assert f'"listed":{done},' in shown
    assert done < FILES


# Progress


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(capsys):
    now = 0.0
    with Progress(lambda: 1000, hidden=False, quiet=False, clock=lambda: now) as progress:
        for number in range(100):
            now += SECONDS_PER_LINE / 50
            progress.advance(ok=number % 10 != 0)
    err = capsys.readouterr().err

    assert err.splitlines() == [
        "imagegate: 50 of 1,000 pictures, 1.7 a second, 5 rejected, 0:09:30 left",
        "imagegate: 100 of 1,000 pictures, 1.7 a second, 10 rejected, 0:09:00 left",
    ]


def test_what_an_earlier_run_did_says_nothing_of_the_speed():
    now = 0.0
    progress = Progress(lambda: None, hidden=False, quiet=True, clock=lambda: now)
    for _ in range(1000):
        progress.advance(ok=True, fresh=False)
    now = 10.0
    progress.advance(ok=False)

    assert str(progress) == "1,001 pictures, 0.1 a second, 1 rejected"


def test_quiet_progress_says_nothing(capsys):
    now = 0.0
    with Progress(lambda: 10, hidden=False, quiet=True, clock=lambda: now) as progress:
        now = 1000.0
        progress.advance(ok=True)

    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
@posix
def test_progress_is_a_bar_on_a_terminal(many, tmp_path):
    import pty  # noqa: PLC0415 - POSIX has it

    terminal, end = pty.openpty()
    scan = subprocess.Popen(
        [sys.executable, "-m", "imagegate", "scan", str(many), "-o", str(tmp_path / "out.jsonl")],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200"},
        stdout=subprocess.DEVNULL,
        stderr=end,
    )
    os.close(end)
    shown = b""
    with open(terminal, "rb", buffering=0) as screen:  # noqa: PTH123 - a descriptor has no path
        try:
            while block := screen.read(4096):
                shown += block
        except OSError:  # how Linux says that the other end is closed
            pass

    assert scan.wait() == REJECTED
    assert b"checking" in shown
    assert re.search(rb"of 100 pictures, [\d.]+ a second, \d+ rejected", shown)


def test_the_files_of_a_scan_are_counted_beside_it(photos):
    (photos / ".hidden").touch()
    (photos / "z.jpg").unlink()
    (photos / "list.csv").write_text("a,b")
    (photos / "raw").mkdir()
    (photos / "raw" / "d.jpg").touch()
    chosen = Filter(exclude="raw")
    with Count([str(photos), str(photos / "a.jpg")], chosen) as count:
        count._thread.join()  # noqa: SLF001 - else the test would have to wait for it by the clock
        before = count.total

    assert before == 6
    assert sum(1 for _ in items_of([photos, photos / "a.jpg"], chosen=chosen)) == 5 == count.total


# The summary


def test_the_summary_names_the_largest_the_slowest_and_the_advice_that_helps_most(run, photos, tmp_path):
    (photos / "large.jpg").write_bytes(encoded(polygons(600, 800)))
    out = run("scan", photos, "-o", tmp_path / "out.jsonl").out
    slowest = max(lines_of(tmp_path / "out.jsonl"), key=lambda record: sum(record["timings"].values()))["source"]

    assert f"Largest: {photos / 'large.jpg'} (" in out
    assert f"Slowest: {visible(slowest)} (" in out
    assert re.search(r"^Would help most \(1 of 3 rejected\): [A-Z]", out, re.MULTILINE)
    assert re.search(r"^1 +could not be read", out, re.MULTILINE)


# Moved and copied


@pytest.mark.parametrize("form", [[], ["-o", "{tmp}/out.jsonl"]])
def test_pictures_are_moved_and_copied_by_their_verdict_with_their_place_in_the_folder(run, photos, tmp_path, form):
    blurred = 'more/b, "c"\nd.jpg'
    result = run(
        "scan", photos, "--move-rejected", tmp_path / "bad", "--copy-passed", tmp_path / "good",
        *(argument.format(tmp=tmp_path) for argument in form),
    )  # fmt: skip

    assert result.code == REJECTED
    assert (tmp_path / "bad" / blurred).read_bytes() == BLURRED
    assert (tmp_path / "bad" / "notes.png").exists()
    assert (tmp_path / "good" / "a.jpg").read_bytes() == SHARP
    assert (tmp_path / "good" / "more" / "кожа 皮膚.jpg").read_bytes() == SHARP
    assert sorted(path.name for path in photos.rglob("*.*")) == ["a.jpg", "z.jpg", "кожа 皮膚.jpg"]
    assert result.err.startswith(f"imagegate: {photos / 'z.jpg'} was not moved: ")
    assert not list(tmp_path.rglob(".imagegate-*"))


def test_what_has_the_place_of_a_picture_is_kept_and_the_picture_stays(run, photos, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "notes.png").write_text("others")
    result = run("scan", photos, "--move-rejected", tmp_path / "bad")

    assert (tmp_path / "bad" / "notes.png").read_text() == "others"
    assert (photos / "notes.png").exists()
    assert "notes.png was not moved: [Errno 17] File exists" in result.err


def sorter(folder, **options):
    return sorting.Sorter([folder], **({"move_rejected": None, "copy_passed": None} | options))


@pytest.fixture(params=["one file system", "another", "another without links"])
def apart(request, monkeypatch):
    """Whether pictures and the folders they are moved to have a file system in common, and what that can do."""
    link = os.link

    def fails(source, target, *, src_dir_fd=None):
        if src_dir_fd is None:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(source, target, src_dir_fd=src_dir_fd)

    if request.param != "one file system":
        monkeypatch.setattr(os, "link", fails)
    if request.param == "another without links":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


@pytest.mark.usefixtures("apart")
def test_a_move_that_was_killed_halfway_is_ended_by_the_next(photos, tmp_path, monkeypatch):
    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda path, **more: None if path.name == "a.jpg" else unlink(path, **more))
    mover = sorter(photos, move_rejected=tmp_path / "bad")
    mover.sort(str(photos / "a.jpg"), ok=False)

    assert (photos / "a.jpg").read_bytes() == (tmp_path / "bad" / "a.jpg").read_bytes() == SHARP

    monkeypatch.setattr(Path, "unlink", unlink)
    mover.sort(str(photos / "a.jpg"), ok=False)

    assert not (photos / "a.jpg").exists()
    assert (tmp_path / "bad" / "a.jpg").read_bytes() == SHARP


def raising(error):
    def fail(*_, **__):
        raise error

    return fail


def test_a_copy_that_fails_leaves_nothing(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", raising(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        sorter(photos, copy_passed=tmp_path / "good").sort(str(photos / "a.jpg"), ok=True)

    assert names_in(tmp_path / "good") == set()


@pytest.mark.usefixtures("apart")
def test_a_picture_that_cannot_be_removed_is_in_its_folder_alone(photos, tmp_path, monkeypatch):
    source, unlink = photos / "a.jpg", Path.unlink

    def kept(path, **options):
        if path == source:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", kept)
    with pytest.raises(PermissionError):
        sorter(photos, move_rejected=tmp_path / "bad").sort(str(source), ok=False)

    assert source.read_bytes() == SHARP
    assert not (tmp_path / "bad" / "a.jpg").exists()


def test_a_copy_never_takes_a_name_that_was_taken_while_it_was_made(photos, tmp_path, monkeypatch):
    def taken(*_):
        (tmp_path / "good" / "a.jpg").write_text("others")

    monkeypatch.setattr(shutil, "copystat", taken)
    with pytest.raises(FileExistsError):
        sorter(photos, copy_passed=tmp_path / "good").sort(str(photos / "a.jpg"), ok=True)

    assert (tmp_path / "good" / "a.jpg").read_text() == "others"
    assert names_in(tmp_path / "good") == {"a.jpg"}


def test_a_copy_keeps_times_and_permissions(photos, tmp_path):
    (photos / "a.jpg").chmod(0o640)
    os.utime(photos / "a.jpg", ns=(10**18, 10**18))
    sorter(photos, copy_passed=tmp_path / "good").sort(str(photos / "a.jpg"), ok=True)
    copy = (tmp_path / "good" / "a.jpg").stat()

    assert (copy.st_mode & 0o777, copy.st_mtime_ns) == (0o640, 10**18)


def test_what_could_not_be_copied_is_copied_when_the_scan_is_gone_on_with(run, photos, tmp_path, monkeypatch):
    good, out = tmp_path / "good", tmp_path / "out.jsonl"
    monkeypatch.setattr(Output, "finish", raising(OSError(errno.ENOSPC, "No space left on device")))
    monkeypatch.setattr(shutil, "copystat", raising(OSError(errno.EIO, "Input/output error")))
    assert "a.jpg was not copied" in run("scan", photos, "-o", out, "--copy-passed", good).err
    assert not [path for path in good.rglob("*") if path.is_file()]
    monkeypatch.undo()

    assert run("scan", photos, "-o", out, "--resume", "--copy-passed", good).code == REJECTED
    assert (good / "a.jpg").read_bytes() == SHARP


def test_of_a_link_the_picture_is_moved_and_the_link_removed(photos, tmp_path):
    (photos / "link.jpg").symlink_to(photos / "a.jpg")
    sorter(photos, move_rejected=tmp_path / "bad").sort(str(photos / "link.jpg"), ok=False)

    assert not (tmp_path / "bad" / "link.jpg").is_symlink()
    assert (tmp_path / "bad" / "link.jpg").read_bytes() == SHARP
    assert (photos / "a.jpg").exists()
    assert not (photos / "link.jpg").is_symlink()


def test_a_picture_is_not_moved_onto_itself(photos, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "more").symlink_to(photos / "more")
    source = photos / "more" / "кожа 皮膚.jpg"
    with pytest.raises(FileExistsError):
        sorter(photos, move_rejected=tmp_path / "bad").sort(str(source), ok=False)

    assert source.read_bytes() == SHARP


def test_a_file_above_the_scanned_folder_stays_in_the_other(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(photos / "more")
    mover = sorting.Sorter([Path(), Path("../a.jpg")], move_rejected=None, copy_passed=tmp_path / "good")
    mover.sort("../a.jpg", ok=True)

    assert (tmp_path / "good" / "a.jpg").read_bytes() == SHARP


@pytest.mark.slow
@posix
def test_a_scan_that_moves_is_gone_on_with_after_a_kill(run, many, tmp_path, undisturbed):
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in many.iterdir():
        os.link(path, folder / path.name)
    out = tmp_path / "out.jsonl"
    killed = started("scan", folder, "-o", out, "--json", "--move-rejected", tmp_path / "bad")
    for _ in range(40):
        killed.stdout.readline()
    killed.kill()
    killed.communicate()
    run("scan", "-q", folder, "-o", out, "--resume", "--move-rejected", tmp_path / "bad")

    expected = without_timings(undisturbed("jsonl")).replace(os.fsencode(many), os.fsencode(folder))
    assert without_timings(out) == expected
    rejected = {Path(record["source"]).name for record in lines_of(out) if not record["ok"]}
    assert names_in(tmp_path / "bad") == rejected
    assert names_in(folder) == names_in(many) - rejected


# Sources that are no files and folders


@pytest.fixture
def archive(photos, tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.write(photos / "a.jpg", "a.jpg")
        file.write(photos / "notes.png", "notes.png")
    return path


@pytest.mark.parametrize("kind", ["archive", "table", "glob", "list", "url"])
def test_what_is_no_file_of_its_own_is_neither_moved_nor_copied(run, photos, archive, tmp_path, kind):
    (tmp_path / "table.csv").touch()
    (tmp_path / "list.txt").write_text(str(photos))
    source = {
        "archive": [archive],
        "table": [photos, tmp_path / "table.csv"],
        "glob": [photos / "*.jpg"],
        "list": ["--from-list", tmp_path / "list.txt"],
        "url": [f"memory://{photos.name}"],
    }[kind]
    if kind == "url":
        pytest.importorskip("fsspec")
    for option in ("--move-rejected", "--copy-passed"):
        result = run("scan", *source, option, tmp_path / "sorted")

        assert result.code == MISUSE
        assert "--move-rejected and --copy-passed need" in result.err
        assert not (tmp_path / "sorted").exists()


def test_the_records_of_an_archive_are_written_and_gone_on_with(run, archive, tmp_path):
    out = tmp_path / "out.jsonl"
    run("scan", "-q", archive, "-o", out)
    whole = without_timings(out)
    first, *_ = out.read_bytes().splitlines(keepends=True)
    asked = {"policy": imagegate.PROFILES["default"].to_dict(), "lang": "en", "column": None, "from_list": None}
    (tmp_path / "out.jsonl.part").write_bytes(
        json.dumps({**asked, "versions": dict(versions())}).encode() + b"\n" + first
    )
    out.unlink()

    assert run("scan", "-q", archive, "-o", out, "--resume").code == REJECTED
    assert without_timings(out) == whole


@pytest.mark.parametrize("setting", ["column", "from_list", "include", "exclude", "strict"])
def test_a_scan_that_is_asked_for_otherwise_does_not_go_on(run, tmp_path, setting):
    (tmp_path / "list").touch()
    source = ["--from-list", tmp_path / "list"] if setting == "from_list" else [tmp_path]
    asked = {"policy": imagegate.PROFILES["default"].to_dict(), "lang": "en", "column": None, "from_list": None}
    part = tmp_path / "out.jsonl.part"
    part.write_text(json.dumps(asked | {"versions": dict(versions()), setting: "another"}) + "\n")
    result = run("scan", *source, "-o", tmp_path / "out.jsonl", "--resume")

    assert result.code == MISUSE
    assert f"another {setting}" in result.err


def test_pictures_that_come_out_of_a_stream_are_not_counted_beforehand():
    with Count(None, Filter()) as count:
        pass

    assert count.total is None
