"""CI's audit tells what is vulnerable from what could not be asked, and the constraints name every dependency."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# As pip-audit 2.10 prints it: https://github.com/pypa/pip-audit#json-format; skipped as on a machine with a mirror.
SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
VULNERABLE = {
    "name": "pillow",
    "version": "9.0.0",
    "vulns": [{"id": "PYSEC-2022-42979", "fix_versions": ["9.2.0", "9.3.0"], "aliases": ["CVE-2022-45198"]}],
}
SKIPPED = {"name": "numpy", "skip_reason": "Dependency not found on PyPI and could not be audited: numpy (2.4.6)"}
UNREACHED = "raise ConnectionError('api.osv.dev could not be resolved')"


def printing(*packages, code=0):
    return f"import json, sys; print({json.dumps({'dependencies': packages})!r}); sys.exit({code})"


def audit(folder, pypi, osv):
    """The audit with a pip-audit that does this for each of its services."""
    for service, code in (("pypi", pypi), ("osv", osv)):
        (folder / f"{service}.py").write_text(code, encoding="utf-8")
    chosen = "import importlib, sys; importlib.import_module('osv' if '=osv' in str(sys.argv) else 'pypi')"
    (folder / "pip_audit.py").write_text(chosen, encoding="utf-8")
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit.py", "site-packages"],
        cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("osv", [UNREACHED, printing(SOUND)])
def test_a_vulnerable_package_fails_and_is_named_with_the_version_that_is_sound(tmp_path, osv):
    ended = audit(tmp_path, printing(SOUND, VULNERABLE, code=1), osv)

    assert ended.returncode == 1
    assert ended.stdout == "pillow 9.0.0 is vulnerable: PYSEC-2022-42979, CVE-2022-45198; fixed in 9.2.0, 9.3.0\n"


def test_a_second_service_is_asked_where_the_first_knows_nothing(tmp_path):
    ended = audit(tmp_path, printing(SKIPPED), printing(VULNERABLE, code=1))

    assert ended.returncode == 1
    assert "pillow 9.0.0" in ended.stdout


def test_what_could_not_be_asked_is_skipped_with_the_reason_and_never_called_sound(tmp_path):
    ended = audit(tmp_path, printing(SKIPPED), UNREACHED)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (
        "Skipped: no data on vulnerabilities could be had here ("
        "pypi: Dependency not found on PyPI and could not be audited; "
        "osv: ConnectionError: api.osv.dev could not be resolved).\n"
    )


def test_sound_packages_are_counted(tmp_path):
    ended = audit(tmp_path, printing(SOUND, SKIPPED), UNREACHED)

    assert ended.returncode == 0
    assert ended.stdout == "1 packages have no vulnerability that pypi knows of.\n"


def constrained():
    """Name to version, of the packages that the constraints name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def extras_of_ci():
    """Those that the command which writes the constraints installs."""
    return re.search(r"\[([\w,]+)\]", (ROOT / ".ci" / "constraints").read_text(encoding="utf-8"))[1].split(",")


def required(extras):
    """What the package itself and its extras ask for, through the extras that these name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [*project["dependencies"], *(f"imagegate[{extra}]" for extra in extras)]
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name == "imagegate":
            waiting += [each for extra in requirement.extras for each in project["optional-dependencies"][extra]]
        else:
            yield requirement


def test_the_constraints_name_every_dependency_in_a_version_that_it_may_have():
    versions = constrained()
    for requirement in required(extras_of_ci()):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, requirement
        assert requirement.specifier.contains(version), requirement


def test_the_constraints_cover_all_that_ci_installs():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installed = {extra for names in re.findall(r"'\.\[([\w,]+)\]'", script) for extra in names.split(",")}

    assert {"test", "dev"} <= installed
    assert {each.name for each in required(installed)} <= {each.name for each in required(extras_of_ci())}
