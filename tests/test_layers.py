"""Imports run down the flow only, and importing imagegate costs nothing."""

import ast
import pathlib
import subprocess
import sys

import pytest

import imagegate

PACKAGE = pathlib.Path(imagegate.__file__).parent

# Each may import those before it.
FLOW = (
    "stepwise", "words", "causes", "metrics", "rules", "privacy", "unnamed", "inheritance", "request", "policy",
    "judge", "measurements", "strict_json", "header", "pil", "heif", "intake", "integrity", "kernel_cache", "kernels",
    "traces", "reduction", "decode", "measure", "overlay", "notebook", "bodies", "report", "schema", "workers",
    "isolation", "gate", "compiling", "payload", "errors", "rejections", "waits", "explanation", "worker", "versions",
    "scanning", "page", "calibration", "doctor", "web", "frameworks", "cli",
)  # fmt: skip


def imported(path):
    """Names of the modules of ours that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("imagegate"):
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("imagegate."))


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__main__.py")


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def test_imports_run_down_the_flow(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    below = {*FLOW[: FLOW.index(own) + 1]}
    if own == "cli":
        below |= set(imagegate.__all__) | {"__version__"}

    assert set(imported(path)) <= below


def test_kernels_import_nothing_of_ours():
    """But for where their machine code is kept, which is told without Numba, so before any of them is imported."""
    for path in (PACKAGE / "kernels").glob("*.py"):
        assert set(imported(path)) <= {"kernels", "kernel_cache"}


@pytest.mark.parametrize("statement", ["import imagegate", "import imagegate; imagegate.CAUSES, imagegate.RULES"])
def test_importing_loads_neither_numba_nor_opencv(statement):
    code = f"import sys; {statement}; print([name for name in ('numba', 'cv2', 'numpy') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"


def test_every_public_name_is_there():
    assert all(getattr(imagegate, name) is not None for name in imagegate.__all__)
    assert set(imagegate.__all__) <= set(dir(imagegate))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'imagegate' has no attribute 'chek'"):
        imagegate.chek  # noqa: B018 - the access is the test
