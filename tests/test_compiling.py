"""The first command of an installation: what it says before it compiles, and what is left of a compile that ended."""

import gc
import importlib
import json
import os
import pkgutil
import pty
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

from imagegate import kernel_cache, kernels, measure
from imagegate.cli import compiling
from imagegate.cli.compiling import compile_first
from imagegate.compiling import compilers
from imagegate.kernels._jit import _Files
from imagegate.workers import python_command

ROOT = Path(kernels.__file__).parents[2]
SAMPLE = ROOT / "sample_images" / "good_mst05.jpg"
BODY = '{"image": "AAAA"}'
COMMANDS = (
    ("check", SAMPLE), ("scan", SAMPLE.parent), ("payload", "-"), ("calibrate", "--good", SAMPLE.parent), ("serve",),
    ("warmup",), ("doctor",),
)  # fmt: skip


@pytest.fixture
def nothing_compiled(tmp_path, monkeypatch):
    """A cache that is empty, for this process's look at it and for those that it starts."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


@contextmanager
def started(*arguments, errors=subprocess.PIPE, flags=()):
    """A command in a group of its own, as a terminal starts it; nothing of the group is left behind."""
    with subprocess.Popen(
        [sys.executable, *flags, "-m", "imagegate", *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def announced(process):
    """All lines of standard error up to the one that says what is compiled."""
    lines = [process.stderr.readline()]
    while lines[-1] and not lines[-1].startswith("imagegate: "):
        lines.append(process.stderr.readline())
    return lines


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.usefixtures("nothing_compiled")
def test_what_takes_time_is_announced_before_numba_is_loaded_and_ends_by_one_interrupt(command):
    with started(*command, flags=("-X", "importtime")) as process:
        *imports, announcement = announced(process)
        os.killpg(process.pid, signal.SIGINT)
        out, rest = process.communicate()

        assert announcement.startswith("imagegate: compiling 70 kernels, once for this installation, which takes ")
        modules = {line.rpartition("|")[2].strip() for line in imports}
        assert "imagegate.kernel_cache" in modules
        assert not {"numba", "numba._version", "numba.core", "cv2", "numpy"} & modules
        assert (process.returncode, out) == (130, "")
        assert "Traceback" not in rest


@pytest.mark.usefixtures("nothing_compiled")
def test_a_terminal_shows_how_many_kernels_are_done():
    ours, theirs = pty.openpty()
    with started("warmup", errors=theirs) as process:
        seen = b""
        while b"0/70" not in seen:
            seen += os.read(ours, 1000)
        os.killpg(process.pid, signal.SIGINT)
        while b"\x1b[?25h" not in seen:  # the cursor is shown again
            seen += os.read(ours, 1000)
        process.communicate()
    os.close(ours)
    os.close(theirs)

    assert process.returncode == 130
    assert seen.index(b"imagegate: compiling") < seen.index(b"0/70")


def test_nothing_is_said_where_all_is_compiled(capfd, monkeypatch):
    monkeypatch.setattr(compiling, "compilers", None)  # none is started either
    compile_first(quiet=False)

    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("nothing_compiled")
def test_a_misuse_compiles_nothing():
    with started("check", "no_such_file.jpg") as process:
        out, err = process.communicate()

    assert (process.returncode, out, err) == (2, "", "imagegate: there is no file no_such_file.jpg\n")


def test_a_broken_installation_is_left_to_the_command_to_name(monkeypatch, capfd):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(kernel_cache, "version", missing)
    compile_first(quiet=False)

    assert capfd.readouterr() == ("", "")


def test_every_kernel_is_counted():
    """Numba's own objects of our functions are as many as the source has decorators."""
    for package in (kernels, measure):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    # Not isinstance, which asks the object: Flask's proxies raise outside of a request.
    ours = [each.py_func for each in gc.get_objects() if issubclass(type(each), Dispatcher)]
    names = {(each.__module__, each.__qualname__) for each in ours if each.__module__.startswith("imagegate.")}

    assert kernel_cache.done() == kernel_cache.total() == len(names)


@pytest.mark.parametrize("change", ["processor", "source", "numba"])
def test_machine_code_of_another_processor_source_or_numba_does_not_count(change, monkeypatch):
    if change == "processor":
        monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    elif change == "source":
        monkeypatch.setattr(kernel_cache, "source_stamp", lambda: b"of other sources")
    else:
        monkeypatch.setattr(kernel_cache, "version", lambda _: "0.1.2")

    assert kernel_cache.done() == 0


@pytest.mark.usefixtures("nothing_compiled")
def test_a_process_that_compiles_ends_with_the_one_that_started_it():
    code = "from imagegate import compiling; compiling.end_with_parent(); compiling.the_tiles()"
    process = subprocess.Popen(python_command(code), stdin=subprocess.PIPE)
    process.communicate()  # closes its end of the pipe, as the system does for a process that was killed

    assert process.returncode == 1


@pytest.mark.usefixtures("nothing_compiled")
def test_whatever_ends_the_wait_ends_the_processes_that_compile(monkeypatch):
    running, start = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *given, **named: running.append(start(*given, **named)) or running[-1]
    )
    with pytest.raises(KeyboardInterrupt), compilers():
        raise KeyboardInterrupt

    assert running
    assert None not in [process.returncode for process in running]


def test_two_processes_that_compile_two_signatures_at_once_do_not_mix_them_up(tmp_path, monkeypatch):
    """Both have read the index before either wrote it, and the second writes all while the first writes its code."""
    first, second = (_Files(str(tmp_path), "module.kernel-1.py311", "stamp") for _ in range(2))
    write = first._save_data  # noqa: SLF001 - Numba's own step between index and code

    def overtaken(name, data):
        monkeypatch.setattr(second, "_load_index", dict)
        second.save(("int64",), "code for int64")
        write(name, data)

    monkeypatch.setattr(first, "_save_data", overtaken)
    first.save(("float64",), "code for float64")
    reader = _Files(str(tmp_path), "module.kernel-1.py311", "stamp")

    assert reader.load(("int64",)) == "code for int64"
    assert reader.load(("float64",)) is None  # is compiled once more


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_compiled")
def test_an_interrupted_compile_is_gone_on_with():
    with compilers() as counts:
        next(count for count in counts if count)
    done = kernel_cache.done()
    with started("warmup") as process:
        (announcement,) = announced(process)

    assert announcement.endswith(f"; {done} of 70 are done\n")


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_compiled")
def test_two_first_commands_at_once_both_answer_and_the_next_one_finds_all_compiled():
    with started("check", SAMPLE, "--json") as one, started("check", SAMPLE, "--json", "--quiet") as quiet:
        results = [process.communicate() for process in (one, quiet)]
    assert kernel_cache.done() == kernel_cache.total()
    with started("check", SAMPLE, "--json") as warm:
        results.append(warm.communicate())

    assert [err.count("\n") for _, err in results] == [1, 0, 0]
    assert all(json.loads(out)["ok"] for out, _ in results)
    assert len({out for out, _ in results}) == 1
