"""What the fuzzer found stays mended, what it looks for it would find, and a dead target is refused."""

import base64
import importlib.util
import os
import re
import subprocess
import sys
from types import MappingProxyType

import pytest
from numba.core.dispatcher import Dispatcher

import imagegate
from fuzz import answers, engine, folder, judging, smoke
from fuzz.__main__ import main
from fuzz.judging import Budget, Cost, judge
from fuzz.targets import TARGETS, Target
from tests.generated import ROOT
from tests.header.files import chunk, idat, ihdr, png

FINDS = sorted(path for path in (ROOT / "tests" / "finds").rglob("*") if path.is_file())
SOUND = png(ihdr(), chunk(b"tEXt", b"a\0b"), idat())
SECRET = b"Rosengasse 17, third floor"
AMPLE = Budget(Cost(seconds=100, mebibytes=100), Cost(seconds=100, mebibytes=100))


def target(answer, budget=AMPLE, **more):
    return Target(answer, tuple, budget, 1, **more)


# What was found


@pytest.mark.parametrize("path", FINDS, ids=[f"{path.parent.name}-{path.name[:14]}" for path in FINDS])
def test_finds_are_answered(path):
    judge(TARGETS[path.parent.name], path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_answered(name):
    seeds = list(TARGETS[name].seeds())

    assert len(seeds) >= 7
    for data in seeds[:: 1 + len(seeds) // 50]:
        judge(TARGETS[name], data)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_the_same_in_each_run(name):
    assert list(TARGETS[name].seeds()) == list(TARGETS[name].seeds())


# What is looked for


def test_a_harmless_answer_is_no_find():
    judge(target(lambda data: {"length": len(data), "of": ["a text of imagegate", None]}), SECRET)


def test_a_second_answer_that_differs_is_a_find():
    answered = iter(["one", "another"])
    with pytest.raises(AssertionError, match="differ"):
        judge(target(lambda _: next(answered)), SECRET)


def test_a_report_that_another_picture_had_a_part_in_is_a_find(monkeypatch):
    reports = iter([imagegate.check(SOUND)] * 3 + [imagegate.check(b"")])
    monkeypatch.setattr(imagegate, "check", lambda *_, **__: next(reports))
    with pytest.raises(AssertionError, match="differ"):
        judge(target(answers.picture), SOUND)


def test_an_answer_without_a_bound_of_time_is_a_find():
    budget = Budget(Cost(seconds=0, mebibytes=100), Cost(seconds=0, mebibytes=0))
    with pytest.raises(AssertionError, match="processor time"):
        judge(target(lambda data: sum(range(10_000)) and len(data), budget), SECRET)


def test_the_budget_grows_with_the_input():
    budget = Budget(Cost(seconds=1, mebibytes=2), Cost(seconds=3, mebibytes=4))

    assert budget.of(0) == Cost(1, 2)
    assert budget.of(1 << 19) == Cost(2.5, 4)


def test_an_answer_that_takes_much_memory_is_a_find():
    budget = Budget(Cost(seconds=100, mebibytes=2), Cost(seconds=0, mebibytes=0))

    judge(target(lambda _: len(bytes(1 << 20)), budget), SECRET)
    with pytest.raises(AssertionError, match="MiB"):
        judge(target(lambda _: len(bytes(3 << 20)), budget), SECRET)


def test_memory_is_measured_of_thorough_judgements_alone():
    budget = Budget(Cost(seconds=100, mebibytes=0), Cost(seconds=0, mebibytes=0))

    judge(target(lambda _: len(bytes(1 << 20)), budget), SECRET, thorough=False)


def test_an_answer_whose_time_grows_with_the_square_of_the_input_is_a_find():
    """It copies what is left at every byte: 0.2 s for the stretched input, no time for a few bytes."""
    budget = Budget(Cost(seconds=0.03, mebibytes=100), Cost(seconds=0.1, mebibytes=0))
    copying = target(lambda data: sum(len(data[at:]) for at in range(len(data))), budget)

    judge(copying, SECRET, thorough=False)
    with pytest.raises(AssertionError, match="processor time"):
        judge(copying, SECRET)


@pytest.mark.parametrize("data", [b"a", b"ab", SECRET, bytes(range(256)) * 20])
def test_a_stretched_input_repeats_a_few_of_its_bytes(data):
    long = judging.stretched(data)

    assert 0.9 * judging.STRETCHED < len(long) - len(data) <= judging.STRETCHED
    assert any(long.startswith(data[:at]) and long.endswith(data[at:]) for at in range(len(data)))


FORMS = {
    "raw": SECRET.decode(),
    "Base64": base64.b64encode(SECRET).decode(),
    "Base64 from the second byte on": base64.b64encode(SECRET[1:]).decode(),
    "hexadecimal": SECRET.hex(),
    "repr": repr(b"\n" + SECRET + b"\xff"),
}


@pytest.mark.parametrize("said", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("place", ["text", "list", "value", "key"])
def test_a_part_of_the_input_in_the_answer_is_a_find(said, place):
    said = f"The file begins with {said}"
    answer = {"text": said, "list": [1, [said]], "value": {"a": {"b": said}}, "key": {said: None}}[place]
    with pytest.raises(AssertionError, match="repeats") as caught:
        judge(target(lambda _: answer), b"\n" + SECRET + b"\xff")

    assert SECRET[:8].decode() not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ("sizes 640 x 480 and so on: 1,234,567,890,123.5", b"1,234,567,890,123.5"),
        ("0" * 40, b"0" * 100),
        ("Rosengasse", SECRET),
        (str(imagegate.CAUSES["image_blurred"].advice), imagegate.CAUSES["image_blurred"].advice.encode()),
    ],
    ids=["a number", "a row of zeros", "a short part", "a text of imagegate's own"],
)
def test_what_is_also_said_without_the_input_is_no_find(said, data):
    judge(target(lambda _: said), data)


def test_what_may_repeat_its_input_may():
    judge(target(lambda data: data.decode(), echoes=True), SECRET)


def test_a_changed_png_has_right_checksums_again():
    at = SOUND.index(b"IDAT") + 10
    changed = SOUND[:at] + b"\xff" + SOUND[at + 1 :]
    mended = answers.with_checksums(changed)

    assert answers.with_checksums(SOUND) == SOUND
    assert mended[: at + 1] == changed[: at + 1]
    assert "checksum" in imagegate.check(changed).findings[0].message
    assert "checksum" not in imagegate.check(mended).findings[0].message


@pytest.mark.parametrize("length", range(0, len(SOUND), 5))
def test_a_part_of_a_png_keeps_its_length(length):
    assert len(answers.with_checksums(SOUND[:length])) == length


# Whether the fuzzer is alive

ALIVE = """\
INFO: Instrumenting imagegate
#2\tINITED cov: 146 ft: 146 corp: 1/1b exec/s: 0 rss: 147Mb
#6\tNEW    cov: 147 ft: 153 corp: 2/4b lim: 4 exec/s: 0 rss: 147Mb L: 3/3 MS: 1 CMP-
#1000\tDONE   cov: 151 ft: 160 corp: 2/2b lim: 11 exec/s: 0 rss: 147Mb
Done 1000 runs in 0 second(s)
stat::number_of_executed_units: 1000
stat::new_units_added:          3
"""


def test_a_target_that_reaches_new_coverage_is_alive():
    life = smoke.read(0, ALIVE)

    assert life == smoke.Life(code=0, executions=1000, first=146, last=151)
    assert not life.fault(1000)


@pytest.mark.parametrize(
    ("code", "log", "fault"),
    [
        (1, ALIVE, "exit code 1"),
        (77, ALIVE, "exit code 77"),
        (0, "", "executed 0 of 1000"),
        (0, ALIVE.replace("units: 1000", "units: 999"), "executed 999 of 1000"),
        (0, ALIVE.replace("cov: 151", "cov: 146"), "no new coverage"),
        (0, ALIVE.replace("cov: 1", "cov: ?"), "no new coverage"),
    ],
    ids=["not started", "a find", "nothing executed", "stopped early", "nothing new", "no coverage at all"],
)
def test_a_target_that_is_not_alive_is_refused(code, log, fault):
    assert fault in smoke.read(code, log).fault(1000)


NOTHING = """\
from types import MappingProxyType
from fuzz import __main__, targets

idle = targets.TARGETS["policy"]._replace(answer=lambda data: [], seeds=lambda: [b"a"])
targets.TARGETS = MappingProxyType({"policy": idle})
__main__.main(["policy", "--runs", "50", "--from-nothing"])
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="the extra fuzz is not installed")
@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (["-m", "fuzz", "policy", "--runs", "50", "--from-nothing"], None),
        (["-c", NOTHING], "no new coverage"),
    ],
    ids=["a parser", "a target that does nothing"],
)
def test_a_target_is_alive_where_it_calls_a_parser(command, fault):
    run = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    life = smoke.read(run.returncode, run.stdout)

    assert life.code == 0
    assert life.executions == 50
    assert (fault or "") in life.fault(50)
    assert bool(life.fault(50)) == bool(fault)


@pytest.mark.parametrize("dead", [(), ("png",)], ids=["all alive", "one dead"])
def test_smoke_fails_where_a_target_is_not_alive(monkeypatch, capsys, dead):
    two = MappingProxyType({name: TARGETS[name]._replace(runs=1000) for name in ("jpeg", "png")})
    monkeypatch.setattr(smoke, "TARGETS", two)
    monkeypatch.setattr(smoke, "_ran", lambda command: (1, "Traceback") if command[3] in dead else (0, ALIVE))

    assert smoke.run() == bool(dead)
    out, err = capsys.readouterr()
    assert "jpeg: 1000 executions, 146 to 151 edges" in out
    assert ("png is not alive: it ended with exit code 1\nTraceback" in err) == bool(dead)


def test_the_modules_with_kernels_are_not_instrumented():
    modules = [importlib.import_module(name) for name in engine.kernel_modules()]
    compiled = [name for name in sys.modules if name.startswith("imagegate") and _has_kernel(sys.modules[name])]

    assert sorted(module.__name__ for module in modules) == sorted(compiled)


def _has_kernel(module):
    values = [value for value in vars(module).values() if isinstance(value, Dispatcher)]
    return any(value.py_func.__module__ == module.__name__ for value in values)


@pytest.mark.parametrize("command", [["png"], ["smoke"]], ids=" ".join)
def test_without_atheris_the_script_says_what_to_do(monkeypatch, capsys, command):
    monkeypatch.setitem(sys.modules, "atheris", None)
    monkeypatch.setattr(smoke, "_ran", lambda _: (engine.UNAVAILABLE, engine.MISSING))

    assert main(command) == engine.UNAVAILABLE
    assert "pip install -e '.[fuzz]'" in capsys.readouterr().err


# A folder of files


def test_a_folder_without_a_find_ends_with_0(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a.png").write_bytes(SOUND)
    (tmp_path / "b.txt").write_bytes(b"")

    assert main(["corpus", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"2 files, {len(TARGETS)} targets, 0 finds\n"


def test_a_folder_with_a_find_names_its_file_and_the_target_and_ends_with_1(tmp_path, capsys, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(SECRET)

    def failing(data):
        raise ValueError(data)

    broken = {"broken": target(failing), "repeating": target(bytes.decode), "sound": target(len)}
    monkeypatch.setattr(folder, "TARGETS", broken)

    assert main(["corpus", str(tmp_path)]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{path}: broken: ValueError in test_fuzz.py:")
    assert second == f"{path}: repeating: the answer repeats a part of the input"
    assert last == "1 files, 3 targets, 2 finds"


def test_a_folder_without_files_is_misuse(tmp_path, capsys):
    assert main(["corpus", str(tmp_path)]) == 2
    assert "no file" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["corpus"], ["png", "folder"]])
def test_only_corpus_takes_a_folder(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "corpus takes one folder" in capsys.readouterr().err


# What is written of it


def test_the_document_has_a_row_of_every_target():
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text.partition("## Fuzzing")[2]))

    assert set(TARGETS) <= named
