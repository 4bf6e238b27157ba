"""What the tests share."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure.
settings.register_profile("imagegate", deadline=None)
settings.load_profile("imagegate")

# A shell starts what runs in its background with SIGINT ignored, which processes of tests would inherit, and not end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real pictures: IMAGEGATE_SHARED, or `shared` beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("IMAGEGATE_SHARED", beside))
    if not (folder / "data").is_dir():
        pytest.skip(f"the real pictures are not here: {folder} is missing; set IMAGEGATE_SHARED")
    return folder
