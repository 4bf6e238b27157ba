"""What the tests share."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from imagegate.cli.compiling import compile_first

# A busy machine is no failure.
settings.register_profile("imagegate", deadline=None)
settings.load_profile("imagegate")

# A shell starts what runs in its background with SIGINT ignored, which processes of tests would inherit, and not end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionstart(session):
    """Compile once, before each of pytest's workers does: no command that is tested is the first of an installation."""
    if not hasattr(session.config, "workerinput"):
        compile_first(quiet=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real pictures: IMAGEGATE_SHARED, or `shared` beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("IMAGEGATE_SHARED", beside))
    if not (folder / "data").is_dir():
        pytest.skip(f"the real pictures are not here: {folder} is missing; set IMAGEGATE_SHARED")
    return folder


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    """The Chromium that is installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed; extra `browser`")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on the path")
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield launched
        launched.close()
