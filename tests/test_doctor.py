"""The doctor: what it finds, and that it outlives what it finds."""

from __future__ import annotations

import platform
import tempfile
from collections import Counter
from types import SimpleNamespace

import cv2
import numpy as np
import PIL
import pytest
import simplejpeg

import imagegate
from imagegate import doctor, kernels


def test_a_sound_installation_passes():
    diagnosis = doctor.diagnose()

    assert diagnosis.ok
    assert [probe.detail for probe in (*diagnosis.decoders, *diagnosis.self_test) if not probe.ok] == []


def test_versions_are_the_modules_own():
    versions = doctor.diagnose().versions

    assert versions["imagegate"] == imagegate.__version__
    assert versions["python"] == platform.python_version()
    assert (versions["numpy"], versions["opencv"], versions["pillow"]) == (
        np.__version__,
        cv2.__version__,
        PIL.__version__,
    )


def test_the_self_test_checks_both_pictures_in_each_form():
    assert [probe.name for probe in doctor.diagnose().self_test] == [
        "sharp JPEG",
        "blurred JPEG",
        "sharp PNG",
        "blurred PNG",
        "sharp Base64",
        "blurred Base64",
    ]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Counts what was found in a cache that cannot be written."""

    def refuse(**_):
        raise OSError(30, "Read-only file system")

    imagegate.warmup()  # what uses the kernels has them
    found = Counter()
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    stats = SimpleNamespace(cache_path=str(tmp_path), cache_hits=found)
    monkeypatch.setattr(kernels, "laplacian_sums", SimpleNamespace(stats=stats))
    return found


def test_a_cache_that_cannot_be_written_and_has_no_kernels_is_named_and_costs_only_time(cache):
    assert not cache
    diagnosis = doctor.diagnose()

    assert not diagnosis.jit_cache.ok
    assert "Read-only file system" in diagnosis.jit_cache.detail
    assert diagnosis.ok


def test_a_cache_that_cannot_be_written_and_has_the_kernels_is_well(cache):
    cache["(uint8[:, ::1],)"] += 1

    assert doctor.diagnose().jit_cache.ok


def test_a_decoder_that_fails_is_not_well(monkeypatch):
    decode = simplejpeg.decode_jpeg
    # Lenient about damage: the self-test's pictures are whole and pass all the same.
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda data, *a, **k: decode(data, *a, **k | {"strict": False}))
    diagnosis = doctor.diagnose()

    assert all(probe.ok for probe in diagnosis.self_test)
    assert [probe.name for probe in diagnosis.failed] == ["JPEG"]
    assert not diagnosis.ok


def test_a_gate_that_passes_everything_fails_the_self_test(monkeypatch):
    monkeypatch.setattr(imagegate, "check", lambda _: imagegate.Report(policy=imagegate.PROFILES["default"]))
    diagnosis = doctor.diagnose()

    assert not diagnosis.ok
    assert {probe.name for probe in diagnosis.self_test if not probe.ok} == {
        "blurred JPEG",
        "blurred PNG",
        "blurred Base64",
    }


def test_a_gate_that_does_not_load_is_a_diagnosis(monkeypatch):
    def broken(_):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(imagegate, "check", broken)
    diagnosis = doctor.diagnose()

    assert not diagnosis.ok
    assert "no locator available" in diagnosis.self_test[0].detail


def test_the_diagnosis_is_plain_containers():
    plain = doctor.diagnose().to_dict()

    assert plain["ok"] is True
    assert set(plain) == {"ok", "versions", "jit_cache", "decoders", "self_test"}
    assert plain["jit_cache"].keys() == {"name", "ok", "detail"}
