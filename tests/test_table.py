"""Records as rows: the same columns, with the same types, for every picture."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import imagegate
from imagegate.scanning.columns import COLUMNS, arrow_batches, row
from tests.scenes import BLURRED, SHARP

ROOT = Path(imagegate.__file__).parents[1]


@pytest.fixture
def photos(tmp_path):
    files = {"a.jpg": SHARP, "b.jpg": BLURRED, "c.gif": b"no picture" * 20, "d.jpg": SHARP[:3000]}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "e.jpg").symlink_to(tmp_path / "nowhere")
    return tmp_path


def test_every_row_has_every_column_in_order_and_of_its_type(photos):
    rows = [row(record.to_dict()) for record in imagegate.scan(photos)]

    assert len(rows) == 5
    for cells in rows:
        assert list(cells) == list(COLUMNS)
        for name, cell in cells.items():
            assert cell is None or type(cell) is COLUMNS[name] or (type(cell) is int and COLUMNS[name] is float)


def test_a_row_says_what_its_record_says(photos):
    sharp, blurred, *_, gone = list(imagegate.scan(photos))
    cells = row(blurred.to_dict())

    assert (cells["rejections"], cells["ok"], cells["status"]) == ("image_blurred", False, 422)
    assert cells["header_format"] == "jpeg"
    assert cells["blur_radius"] == blurred.report.measurements.blur_radius
    assert cells["seconds_decode"] == blurred.report.timings["decode"]
    assert json.loads(cells["findings"]) == blurred.to_dict()["findings"]
    assert row(sharp.to_dict())["rejections"] == ""
    assert row(gone.to_dict())["error"] == "No such file or directory"


def test_nothing_of_a_records_object_is_missing_from_its_row(photos):
    (record,) = imagegate.scan(photos / "a.jpg")
    plain = record.to_dict()
    keys = {*plain} - {"header", "measurements", "timings"}
    keys |= {f"header_{name}" for name in plain["header"]} | {*plain["measurements"]}
    keys |= {f"seconds_{stage}" for stage in plain["timings"]} | {"rejections", "warnings"}

    assert keys == {*COLUMNS}


def test_to_arrow_has_one_schema_whatever_the_records(photos):
    pytest.importorskip("pyarrow")
    table = imagegate.scan(photos).to_arrow()
    nothing = imagegate.scan([]).to_arrow()

    assert nothing.schema == table.schema
    assert nothing.num_rows == 0
    assert table.column_names == list(COLUMNS)
    assert table.column("status").to_pylist() == [200, 422, 400, 400, None]
    assert {str(field.type) for field in table.schema} == {"string", "bool", "int64", "double"}


def test_batches_are_made_as_the_records_come(photos, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("imagegate.scanning.columns.BATCH", 2)
    taken = 0

    def counted():
        nonlocal taken
        for record in imagegate.scan(photos):
            taken += 1
            yield record.to_dict()

    batches = arrow_batches(counted())

    assert next(batches).num_rows == 2
    assert taken == 2
    assert [batch.num_rows for batch in batches] == [2, 1]


def test_to_pandas_keeps_whole_numbers_whole_where_some_are_missing(photos):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")

    frame = imagegate.scan(photos).to_pandas()

    assert list(frame.columns) == list(COLUMNS)
    assert [str(frame[name].dtype) for name in ("ok", "status", "size", "blur_radius")] == [
        "boolean",
        "Int64",
        "Int64",
        "float64",
    ]
    assert frame.status.sum() == 200 + 422 + 400 + 400
    assert math.isnan(frame.blur_radius.iloc[-1])


@pytest.mark.parametrize(
    ("method", "missing", "remedy"),
    [
        ("to_arrow", "pyarrow", r"imagegate\[parquet\]"),
        ("to_pandas", "pyarrow", r"imagegate\[parquet\]"),
        ("to_pandas", "pandas", "pandas"),
    ],
)
def test_what_is_not_installed_is_named_with_its_remedy(photos, monkeypatch, method, missing, remedy):
    if missing == "pyarrow" and method == "to_pandas":
        pytest.importorskip("pandas")
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ImportError, match=remedy):
        getattr(imagegate.scan(photos), method)()


@pytest.mark.slow
def test_a_scan_works_under_spawn_without_a_guard(photos):
    """A process that is spawned imports the main module anew: a scan must start no process of its own then."""
    script = photos.parent / "script.py"
    script.write_text(
        "import multiprocessing, sys, imagegate\n"
        "def count(folder):\n"
        "    return [record.status for record in imagegate.scan(folder, workers=2)]\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(count, [sys.argv[1]]))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, script, photos]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)

    assert run.stdout.strip() == "[200, 422, 400, 400, None]"


@pytest.mark.slow
def test_a_scan_works_where_an_event_loop_runs_as_in_a_notebook(photos):
    script = (
        "import asyncio, sys, imagegate\n"
        "async def cell():\n"
        "    return [record.status for record in imagegate.scan(sys.argv[1], workers=2)]\n"
        "print(asyncio.run(cell()))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, photos]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)

    assert run.stdout.strip() == "[200, 422, 400, 400, None]"
