"""What deploy/ starts is there, with its settings and times; compiled kernels are read where nothing can be written."""

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from typer.main import get_command

import imagegate
from imagegate.cli import main
from imagegate.cli.commands import app

pytest.importorskip("fastapi", reason="needs the extra imagegate[web]")

from benchmarks.web import Service
from imagegate.web.config import FILE, PREFIX, Settings
from imagegate.web.server import LAST_SECONDS

ROOT = Path(__file__).parents[1]
SETTINGS = {FILE, *(PREFIX + name.upper() for name in Settings.__struct_fields__)}


def lines_of(text):
    """Without comments, and those that go on in the next one put together."""
    return [line for line in re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "").splitlines() if line]


def stages():
    """Of the Dockerfile: each stage's instructions, as pairs of a name and its text."""
    found = []
    for line in lines_of((ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")):
        name, text = line.split(maxsplit=1)
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, text))
    return found


def unit():
    """Of the unit's file: pairs of a name and its value."""
    text = (ROOT / "deploy" / "imagegate.service").read_text(encoding="utf-8")
    return [tuple(line.split("=", 1)) for line in lines_of(text) if not line.startswith("[")]


def values(pairs, name):
    return [value for key, value in pairs if key == name]


def image_environment(stage):
    """What a stage sets, with the defaults of its arguments."""
    arguments = dict(text.split("=") for text in values(stage, "ARG"))
    stated = " ".join(values(stage, "ENV"))
    for name, value in arguments.items():
        stated = stated.replace(f"${{{name}}}", value)
    return dict(word.split("=", 1) for word in shlex.split(stated))


BUILD, IMAGE = stages()
ENVIRONMENTS = {
    "Dockerfile": image_environment(IMAGE),
    "unit": dict(value.split("=", 1) for value in values(unit(), "Environment")),
}
COMMANDS = {
    "the image's": json.loads(values(IMAGE, "CMD")[0]),
    "the build's": shlex.split(values(BUILD, "RUN")[-1].rpartition("&& ")[2]),
    "the unit's": shlex.split(values(unit(), "ExecStart")[0]),
    "the unit's first": shlex.split(values(unit(), "ExecStartPre")[0]),
}


@pytest.mark.parametrize("whose", COMMANDS)
def test_a_command_is_one_of_ours_with_its_options(whose):
    program, name, *options = COMMANDS[whose]
    command = get_command(app).commands[name]

    assert Path(program).name == "imagegate"
    assert not command.make_context(name, options).args


@pytest.mark.parametrize("whose", ENVIRONMENTS)
def test_an_environment_names_settings_that_there_are(whose, monkeypatch, capsys):
    stated = {name: value for name, value in ENVIRONMENTS[whose].items() if name.startswith(PREFIX)}
    for name, value in stated.items():
        monkeypatch.setenv(name, value)

    assert set(stated) <= SETTINGS
    with pytest.raises(SystemExit) as end:
        main(["serve", "--show-config"])
    assert end.value.code == 0
    shown = msgspec.toml.decode(capsys.readouterr().out)
    assert {name: str(shown[name.removeprefix(PREFIX).lower()]) for name in stated} == stated


def test_the_page_names_settings_that_there_are():
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")

    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+", text)) <= SETTINGS


def test_the_image_listens_to_the_outside_on_the_port_that_it_exposes():
    assert ENVIRONMENTS["Dockerfile"]["IMAGEGATE_HOST"] == "0.0.0.0"  # noqa: S104 - what is meant
    assert ENVIRONMENTS["Dockerfile"]["IMAGEGATE_PORT"] == values(IMAGE, "EXPOSE")[0]


def test_the_build_is_given_what_it_copies():
    """All else of the repository is no business of an image's."""
    lines = lines_of((ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8"))
    copied = [name for text in values(BUILD, "COPY") for name in text.split()[:-1]]

    assert sorted(copied) == sorted(line[1:] for line in lines if line.startswith("!"))
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_as_a_user_that_is_not_root():
    """A number, or Kubernetes cannot tell (runAsNonRoot)."""
    assert min(map(int, values(IMAGE, "USER")[-1].split(":"))) > 0


def test_kernels_are_compiled_for_the_processor_that_they_are_looked_up_by():
    def processor(environment):
        return {name: value for name, value in environment.items() if name.startswith("NUMBA_CPU")}

    assert processor(image_environment(BUILD)) == processor(ENVIRONMENTS["Dockerfile"])
    assert set(processor(ENVIRONMENTS["Dockerfile"])) == {"NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"}


def test_the_unit_keeps_kernels_where_it_may_write():
    folder = Path(ENVIRONMENTS["unit"]["NUMBA_CACHE_DIR"])

    assert folder == Path("/var/cache") / values(unit(), "CacheDirectory")[0]


def test_the_unit_waits_for_what_is_under_way():
    assert int(values(unit(), "TimeoutStopSec")[0]) > Settings().deadline + LAST_SECONDS


@pytest.mark.slow
def test_the_images_health_check_tells_a_service_that_is_ready_from_none():
    python, *arguments = json.loads(values(IMAGE, "HEALTHCHECK")[0].partition("CMD ")[2])
    service = Service()
    check = [sys.executable, *arguments]
    environment = os.environ | {"IMAGEGATE_PORT": service.address.rpartition(":")[2]}
    try:
        healthy = subprocess.run(check, env=environment, check=False).returncode
    finally:
        service.end()
    gone = subprocess.run(check, env=environment, stderr=subprocess.DEVNULL, check=False).returncode

    assert python == "python"
    assert (healthy, gone) == (0, 1)


# What a process has compiled, and what it has found compiled.
ONE_KERNEL = """
import numpy as np
from imagegate.kernels import luma_of
print(luma_of(np.full((1, 1, 3), 7, np.uint8)), *(sum(count.values()) for count in luma_of.stats[1:]))
"""
EVERY_KERNEL = """
import importlib, pkgutil, imagegate
imagegate.warmup()
packages = [importlib.import_module(f"imagegate.{name}") for name in ("kernels", "measure")]
names = [f"{package.__name__}.{each.name}" for package in packages for each in pkgutil.iter_modules(package.__path__)]
modules = [importlib.import_module(name) for name in names]
called = [kernel for module in modules for kernel in vars(module).values() if getattr(kernel, "signatures", None)]
print(len(called) > 9 and all(sum(each.stats.cache_hits.values()) for each in called))
print(sum(sum(each.stats.cache_misses.values()) for each in called))
"""
FOUND, COMPILED = "[[7]] 1 0\n", "[[7]] 0 1\n"
# The package is of a folder that was copied; there is no home, not even for root.
BARE = {"HOME": "/dev/null", "PATH": os.environ["PATH"]}
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def run(folder, code, *before, **environment):
    """What a program prints that uses the package in the folder."""
    environment = BARE | {"PYTHONPATH": str(folder)} | environment
    ended = subprocess.run(
        [*before, sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert not ended.returncode, ended.stderr
    return ended.stdout


@pytest.fixture
def package(tmp_path):
    """A folder with the package, of which nothing is compiled."""
    shutil.copytree(
        Path(imagegate.__file__).parent, tmp_path / "imagegate", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


@contextmanager
def read_only(folder):
    """What is put before a command that shall not be able to write to the folder."""
    if os.geteuid() == 0:  # root may write whatever the permissions are
        before = ("unshare", "--mount", "sh", "-c", READ_ONLY, str(folder))
        if (
            not shutil.which("unshare")
            or subprocess.run([*before, "true"], capture_output=True, check=False).returncode
        ):
            pytest.skip("root that may not mount cannot make a folder read-only")
        yield before
        return
    places = [(path, path.stat().st_mode) for path in [folder, *folder.rglob("*")]]
    for path, mode in places:
        path.chmod(mode & ~0o222)
    yield ()
    for path, mode in places:
        path.chmod(mode)


@pytest.mark.slow
def test_kernels_that_a_build_compiled_are_found_where_nothing_can_be_written(package):
    assert run(package, ONE_KERNEL) == COMPILED
    for path in package.rglob("*.py"):  # an image's layers may keep whole seconds alone
        os.utime(path, (0, 0))
    with read_only(package) as before:
        assert run(package, ONE_KERNEL, *before) == FOUND


@pytest.mark.slow
def test_kernels_in_a_folder_of_their_own_are_found_where_nothing_can_be_written(package):
    kept = {"NUMBA_CACHE_DIR": str(package / "kernels")}
    assert run(package, ONE_KERNEL, **kept) == COMPILED
    with read_only(package) as before:
        assert run(package, ONE_KERNEL, *before, **kept) == FOUND


@pytest.mark.slow
def test_kernels_for_another_processor_are_compiled_anew_where_nothing_can_be_written(package):
    assert run(package, ONE_KERNEL, NUMBA_CPU_NAME="generic") == COMPILED
    with read_only(package) as before:
        assert run(package, ONE_KERNEL, *before) == COMPILED


PLACES = """
from pathlib import Path
from imagegate import kernel_cache, kernels
print(kernel_cache.place_of(Path(kernels.__file__).parent))
print(kernels.luma_of.stats.cache_path)
"""


def test_the_place_of_the_kernels_is_the_one_that_numba_takes(package, tmp_path_factory):
    """The folder named, else beside the source, else the user's cache; without Numba they are looked for there."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    named = run(package, PLACES, NUMBA_CACHE_DIR=str(elsewhere)).split("\n")
    beside = run(package, PLACES).split("\n")
    with read_only(package) as before:
        of_the_user = run(package, PLACES, *before, HOME=str(elsewhere)).split("\n")

    for told, taken, _ in (named, beside, of_the_user):
        assert told == taken
    assert [Path(taken).parent for _, taken, _ in (named, beside, of_the_user)] == [
        elsewhere, package / "imagegate" / "kernels", elsewhere / ".cache" / "numba"
    ]  # fmt: skip


def test_where_nothing_can_be_written_a_command_says_that_it_compiles_for_itself_alone(package):
    with (
        read_only(package) as before,
        subprocess.Popen(
            [*before, sys.executable, "-P", "-m", "imagegate", "warmup"],
            env=BARE | {"PYTHONPATH": str(package)}, stderr=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        said = process.stderr.readline()
        process.kill()

    assert said.startswith("imagegate: compiling the kernels for this run alone, which takes about half a minute: ")


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the image's kernels are for x86-64-v3")
def test_the_image_compiles_nothing(package):
    """What its stages do, but for the installation: the build's last command, then any process of the image's."""
    built, image = image_environment(BUILD), ENVIRONMENTS["Dockerfile"] | {"PATH": BARE["PATH"]}
    assert COMMANDS["the build's"][1:] == ["warmup"]
    run(package, "import imagegate; imagegate.warmup()", **built)
    with read_only(package) as before:
        assert run(package, EVERY_KERNEL, *before, **image) == "True\n0\n"
        doctor = run(package, "from imagegate.doctor import diagnose; print(diagnose().jit_cache)", *before, **image)
    assert "ok=True" in doctor
    assert "cannot be written to, and has the kernels" in doctor
