"""What the fuzzer has found stays mended, and what it looks for it would find."""

import sys

import pytest

import imagegate
from fuzz import corpus, targets
from fuzz.__main__ import NAMES, main
from fuzz.targets import TARGETS
from tests.generated import ROOT
from tests.header.files import chunk, idat, ihdr, png

FINDS = sorted(path for path in (ROOT / "tests" / "finds").rglob("*") if path.is_file())
SOUND = png(ihdr(), chunk(b"tEXt", b"a\0b"), idat())


@pytest.mark.parametrize("path", FINDS, ids=[f"{path.parent.name}-{path.name[:14]}" for path in FINDS])
def test_finds_are_answered(path):
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_answered(name):
    seeds = list(corpus.seeds(name))

    assert len(seeds) > 9
    for data in seeds[:: 1 + len(seeds) // 50]:
        TARGETS[name](data)


def test_the_script_knows_the_targets():
    assert set(NAMES) == set(TARGETS)


@pytest.mark.slow
def test_the_seeds_are_the_same_in_each_run():
    assert [list(corpus.seeds(name)) for name in TARGETS] == [list(corpus.seeds(name)) for name in TARGETS]


def test_a_report_that_another_picture_had_a_part_in_is_a_find(monkeypatch):
    reports = iter([imagegate.check(SOUND), imagegate.check(SOUND), imagegate.check(b"")])
    monkeypatch.setattr(imagegate, "check", lambda *_, **__: next(reports))
    with pytest.raises(AssertionError):
        targets.judged(SOUND)


def test_a_changed_png_has_true_checksums_again():
    at = SOUND.index(b"IDAT") + 10
    changed = SOUND[:at] + b"\xff" + SOUND[at + 1 :]
    mended = targets.with_checksums(changed)

    assert targets.with_checksums(SOUND) == SOUND
    assert mended[: at + 1] == changed[: at + 1]
    assert "checksum" in imagegate.check(changed).findings[0].message
    assert "checksum" not in imagegate.check(mended).findings[0].message


@pytest.mark.parametrize("length", range(0, len(SOUND), 5))
def test_a_part_of_a_png_keeps_its_length(length):
    assert len(targets.with_checksums(SOUND[:length])) == length


def test_without_atheris_the_script_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "atheris", None)

    assert main(["png"]) == 2
    assert "pip install -e '.[fuzz]'" in capsys.readouterr().err
