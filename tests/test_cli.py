"""The command line: what it prints where, and its exit codes."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image
from rich.console import Console

import imagegate
from imagegate.cli import inputs, main, running, screens
from imagegate.cli.reference import profiles_table
from tests.scenes import BLURRED, SHARP, encoded, polygons

ROOT = Path(imagegate.__file__).parents[1]
PASSED, REJECTED, MISUSE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsysbinary, monkeypatch):
    """The command in this process."""

    def call(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Result(left.value.code, out.decode(), err.decode())

    return call


def shell(*arguments, **options):
    """The command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "imagegate", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False, **options)


def shell_line(arguments):
    """The command as a shell runs it, redirections and all."""
    line = f"exec {sys.executable} -m imagegate {arguments}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(["/bin/sh", "-c", line], env=environment, capture_output=True, timeout=120, check=False)


@pytest.fixture
def sharp(tmp_path):
    (tmp_path / "sharp.jpg").write_bytes(SHARP)
    return tmp_path / "sharp.jpg"


@pytest.fixture
def blurred(tmp_path):
    (tmp_path / "blurred.jpg").write_bytes(BLURRED)
    return tmp_path / "blurred.jpg"


def lines_of(text):
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


# check


def test_a_picture_that_passes_exits_with_0_and_says_so(run, sharp):
    result = run("check", sharp)

    assert (result.code, result.err) == (PASSED, "")
    assert f"{sharp}: passes" in result.out


def test_a_rejected_picture_exits_with_1_and_names_cause_advice_number_and_limit(run, blurred, tmp_path):
    (tmp_path / "p.toml").write_text("limits.blur_radius.max = 2.5")
    result = run("check", "--policy", tmp_path / "p.toml", blurred)
    cause = imagegate.CAUSES["image_blurred"]

    assert result.code == REJECTED
    assert f"{blurred}: rejected (422)" in result.out
    assert f"image_blurred: {cause.title}" in result.out
    assert cause.advice in result.out
    (row,) = (line for line in result.out.splitlines() if line.startswith("blur_radius"))
    assert "at most 2.5 px" in row
    assert row.endswith("too high")


def test_several_pictures_get_a_screen_each_and_a_summary(run, sharp, blurred):
    result = run("check", sharp, blurred)

    assert result.code == REJECTED
    assert "2 pictures: 1 passed, 1 rejected" in result.out


def test_json_is_one_object_a_line_and_equals_the_reports(run, sharp, blurred):
    result = run("check", "--json", sharp, blurred)

    assert lines_of(result.out) == [imagegate.check(path).to_dict(str(path)) for path in (sharp, blurred)]


def test_a_profile_and_json_give_one_object_that_names_the_profile(run, tmp_path):
    (tmp_path / "big.jpg").write_bytes(SHARP.ljust(5 * 2**20 + 1, b"\0"))
    result = run("check", "--profile", "anthropic", "--json", tmp_path / "big.jpg")

    (found,) = lines_of(result.out)
    assert (result.code, found["profile"], found["ok"], found["status"]) == (REJECTED, "anthropic", False, 400)
    assert [finding["cause"] for finding in found["findings"]] == ["file_too_large"]


def test_quiet_names_only_what_is_rejected(run, sharp, blurred):
    result = run("check", "--quiet", sharp, blurred)

    assert result == (REJECTED, f"{blurred}: 422 image_blurred\n", "")


def test_api_prints_the_error_body_of_rejected_pictures_alone(run, sharp, blurred):
    result = run("check", "--api", "problem", sharp, blurred)

    (body,) = lines_of(result.out)
    assert body["status"] == 422
    assert body["errors"][0]["code"] == "image_blurred"


def test_a_number_is_shown_if_it_fails_or_was_measured(run, sharp):
    shown = run("check", sharp).out
    failed = run("check", sharp, "--profile", "ata_teledermatology").out

    assert "blur_radius" in shown
    assert "short_side" not in shown
    assert "short_side 480 pixels" in " ".join(failed.split())


def test_an_overlay_is_a_picture_of_the_working_size(run, blurred, tmp_path):
    out = tmp_path / "seen.png"
    result = run("check", blurred, "--overlay", out)

    assert result.code == REJECTED
    with Image.open(out) as overlay:
        assert overlay.format == "PNG"
        assert overlay.width == 640


def test_there_is_no_overlay_of_what_cannot_be_decoded(run, tmp_path):
    (tmp_path / "no.jpg").write_bytes(SHARP[:2000])
    result = run("check", tmp_path / "no.jpg", "--overlay", tmp_path / "seen.png")

    assert result.code == REJECTED
    assert "no overlay" in result.err
    assert not (tmp_path / "seen.png").exists()


def test_standard_input_is_a_picture_or_its_base64(run, sharp):
    expected = imagegate.check(sharp).to_dict("-")
    for stdin in (SHARP, base64.b64encode(SHARP), base64.encodebytes(SHARP)):
        result = run("check", "-", "--json", stdin=stdin)

        assert result.code == PASSED
        (found,) = lines_of(result.out)
        assert found["measurements"] == expected["measurements"]


def test_empty_standard_input_is_a_missing_picture(run):
    result = run("check", "-")

    assert result.code == REJECTED
    assert "standard input: rejected (400)" in result.out
    assert "image_missing" in result.out


def test_a_policy_file_decides(run, blurred, tmp_path):
    policy = tmp_path / "lenient.toml"
    policy.write_text('name = "lenient"\n[severities]\nimage_blurred = "warn"\nmotion_blurred = "warn"\n')
    result = run("check", "--policy", policy, blurred)

    assert result.code == PASSED
    assert "passes, 1 warning" in result.out
    assert "profile: lenient" in result.out


@pytest.mark.parametrize(
    "name",
    ["[red]x[/red].jpg", "皮膚 ほくろ.jpg", "кожа.jpg", "جلد.jpg", "🧴.jpg", "a b'c\"d.jpg", "[/].jpg", ":cat:.jpg"],
)
@pytest.mark.parametrize("command", ["check", "scan"])
def test_names_are_shown_as_they_are(run, tmp_path, command, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(SHARP)
    result = run(command, tmp_path / name)

    assert result.code == PASSED
    assert name in result.out


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("new\nline.jpg", r"new\nline.jpg"),
        ("tab\tbell\a.jpg", r"tab\tbell\x07.jpg"),
        ("\x1b[31mred.jpg", r"\x1b[31mred.jpg"),
        ("gpj.\u202egepj", r"gpj.\u202egepj"),
        (os.fsdecode(b"\xff.jpg"), r"\udcff.jpg"),
    ],
)
@pytest.mark.parametrize("command", ["check", "scan"])
def test_what_cannot_be_seen_in_a_name_is_shown_as_its_escape(run, tmp_path, command, name, shown):
    (tmp_path / name).write_bytes(SHARP)

    assert shown in run(command, tmp_path / name).out
    assert run(command, "--json", tmp_path / name).code == PASSED


def test_a_long_name_is_never_cut(run, tmp_path):
    name = "n" * 240 + ".jpg"
    (tmp_path / name).write_bytes(BLURRED)

    for arguments in (["check"], ["scan"], ["check", "-q"], ["scan", "-q"]):
        assert f"{tmp_path / name}" in run(*arguments, tmp_path / name).out


# One screen


def rendered(report, width=80):
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    console.print(screens.picture_screen(console, "photo.jpg", report))
    return console.file.getvalue()


def test_a_screen_has_24_lines_at_most_and_nothing_beyond_80_columns():
    severe = imagegate.Policy(
        name="severe",
        limits={
            "short_side": {"min": 1000},
            "blur_radius": {"max": 0.1},
            "luma_p98": {"min": 250},
            "bright_share": {"max": 0.0},
            "contrast": {"min": 1.0},
            "noise_sigma": {"max": 0.001},
            "jpeg_quality": {"min": 100},
            "skin_share": {"min": 1.0},
            "unevenness": {"max": 0.0},
        },
    )
    default = imagegate.PROFILES["default"]
    for policy in (default, severe):
        for data in (SHARP, BLURRED, SHARP[:3000], b"", b"no picture " * 9):
            screen = rendered(imagegate.check(data, policy=policy)).splitlines()

            assert len(screen) <= 24
            assert max(map(len, screen)) <= 80


def test_every_finding_stands_on_the_screen():
    policy = imagegate.Policy(limits={"short_side": {"min": 1000}, "luma_p98": {"min": 250}})
    report = imagegate.check(BLURRED, policy=policy)
    screen = rendered(report)

    assert len(report.findings) >= 3
    assert [f.cause.code for f in report.findings if f"{f.cause.code}: " not in screen] == []


@pytest.mark.parametrize("width", [30, 40, 50, 64])
def test_a_narrow_screen_keeps_names_and_verdicts_whole(width):
    screen = rendered(imagegate.check(BLURRED), width)
    table = screen[screen.index("Number") :].splitlines()[1:-1]

    assert [line.split()[0] for line in table if line.split()[0] not in imagegate.policy.METRICS] == []
    assert table[0].rstrip().endswith("too high")
    assert "…" not in screen


def test_a_screen_shows_sizes_as_the_picture_is_seen():
    turned = Image.Exif()
    turned[0x0112] = 6

    assert "480 x 640 pixels" in rendered(imagegate.check(encoded(polygons(480, 640), exif=turned)))


# scan


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "good.jpg").write_bytes(SHARP)
    (folder / "more" / "bad.jpg").write_bytes(BLURRED)
    (folder / "more" / "good.png").write_bytes(encoded(polygons(480, 640, seed=3), "PNG"))
    return folder


def test_a_scan_prints_a_line_a_file_and_a_summary(run, photos):
    result = run("scan", photos)
    lines = result.out.splitlines()

    assert (result.code, result.err) == (REJECTED, "")
    assert [line.split()[0] for line in lines[:4]] == ["Verdict", "passed", "rejected", "passed"]
    assert lines[2].endswith("bad.jpg  image_blurred, duplicate_image (warning)")
    assert "3 pictures: 2 passed, 1 rejected" in lines
    assert ["1", "image_blurred"] in [line.split()[:2] for line in lines]


def test_a_scan_of_good_pictures_exits_with_0(run, photos):
    assert run("scan", photos / "good.jpg", photos / "more" / "good.png").code == PASSED


def test_a_scans_json_lines_are_its_records(run, photos):
    result = run("scan", "--json", "--workers", "2", photos)

    found = lines_of(result.out)
    expected = [record.to_dict() for record in imagegate.scan(photos)]
    for record in (*found, *expected):
        del record["timings"]
    assert found == expected


def test_a_file_that_cannot_be_read_counts_as_rejected(run, photos):
    (photos / "gone.jpg").symlink_to(photos / "nowhere")
    result = run("scan", photos)

    assert result.code == REJECTED
    assert "error" in result.out
    assert "No such file or directory" in result.out
    assert "could not be read" in result.out


def test_an_empty_folder_passes_with_a_warning(run, tmp_path):
    result = run("scan", tmp_path)

    assert result.code == PASSED
    assert "there are no images" in result.err


def test_quiet_scans_name_only_what_is_rejected(run, photos):
    result = run("scan", "-q", photos)

    assert result.code == REJECTED
    assert [line.split()[0] for line in result.out.splitlines()] == ["rejected"]


def test_api_prints_the_error_body_of_each_rejected_picture_of_a_scan(run, photos):
    (photos / "gone.jpg").symlink_to(photos / "nowhere")
    result = run("scan", "--api", "problem", photos)

    assert result.code == REJECTED
    assert lines_of(result.out) == [imagegate.check(photos / "more" / "bad.jpg").to_error("problem")[2]]
    assert result.err == f"imagegate: {photos / 'gone.jpg'}: No such file or directory\n"


# payload


@pytest.fixture
def body(tmp_path):
    path = tmp_path / "body.json"
    path.write_text(json.dumps({"image_data": base64.b64encode(BLURRED).decode()}))
    return path


def test_payload_names_field_cause_and_advice(run, body):
    result = run("payload", "--profile", "neolens", body)

    assert (result.code, result.err) == (REJECTED, "")
    assert f"{body}: rejected (422)" in result.out
    assert "\n/image_data\n" in result.out
    assert imagegate.CAUSES["image_blurred"].advice in result.out


def test_payload_reads_standard_input_and_passes(run):
    result = run("payload", "-", stdin=json.dumps({"image": base64.b64encode(SHARP).decode()}).encode())

    assert (result.code, result.err) == (PASSED, "")
    assert "standard input: passes" in result.out


def test_payload_prints_json_quiet_lines_and_error_bodies(run, body):
    report = imagegate.check_payload(body.read_bytes())

    assert lines_of(run("payload", "--json", body).out) == [report.to_dict(str(body))]
    assert run("payload", "--quiet", body).out == f"{body}: 422 image_blurred\n"
    assert lines_of(run("payload", "--api", "problem", body).out) == [report.to_error()[2]]


def test_payload_does_not_read_what_is_too_long(run, tmp_path):
    path = tmp_path / "long.json"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    (plain,) = lines_of(run("payload", "--json", path).out)

    assert [(item["cause"], item["value"]) for item in plain["findings"]] == [("file_too_large", 200_000_000)]


@pytest.mark.parametrize("arguments", [["nowhere.json"], ["."], ["-", "--api", "nobodys"], []])
def test_payload_refuses_what_it_cannot_use(run, arguments):
    assert run("payload", *arguments).code == MISUSE


# The other commands


@pytest.mark.parametrize(
    ("command", "names"), [("causes", list(imagegate.CAUSES)), ("profiles", list(imagegate.PROFILES))]
)
def test_quiet_tables_are_their_names(run, command, names):
    assert run(command, "--quiet") == (PASSED, "".join(f"{name}\n" for name in names), "")
    assert run(command, "--quiet", names[-1]) == (PASSED, f"{names[-1]}\n", "")


@pytest.mark.parametrize("command", ["warmup", "doctor"])
def test_quiet_says_nothing_where_nothing_is_wrong(run, command):
    assert run(command, "--quiet") == (PASSED, "", "")


def test_a_quiet_doctor_says_what_is_wrong(run, monkeypatch):
    monkeypatch.setattr(imagegate, "check", lambda _: imagegate.Report(policy=imagegate.PROFILES["default"]))
    result = run("doctor", "--quiet")

    assert result.code == REJECTED
    assert [line.split(":")[0] for line in result.out.splitlines()] == ["blurred JPEG", "blurred PNG", "blurred Base64"]


def test_causes_are_the_catalogue(run):
    printed = run("causes").out

    assert [code for code in imagegate.CAUSES if code not in printed] == []
    assert [cause["code"] for cause in lines_of(run("causes", "--json").out)] == list(imagegate.CAUSES)


def test_one_cause_is_shown_in_full(run):
    cause = imagegate.CAUSES["glare"]
    result = run("causes", "glare")

    assert result.code == PASSED
    assert all(text in result.out for text in (cause.title, cause.advice, cause.source, "422", "warn"))


def test_profiles_are_listed_with_title_and_limits(run):
    printed = run("profiles").out

    lines = {line.split()[0]: line for line in printed.splitlines() if line}
    assert all(policy.title in lines[name] for name, policy in imagegate.PROFILES.items())
    assert lines["ata_teledermatology"].endswith("short_side.min = 600, long_side.min = 800")


def test_profiles_on_a_terminal_of_80_columns_have_each_limit_on_a_line_of_its_own():
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False)
    console.print(profiles_table(console))
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]

    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.endswith(("=", "\u2026"))]
    for limit in ("base64_length.max = 5_242_880", 'data_uri = "forbidden"', "long_side.max = 8_000"):
        assert any(line.endswith(f"  {limit}") for line in lines)


@pytest.mark.parametrize("name", imagegate.PROFILES)
def test_a_profile_is_printed_as_its_file_stands(run, name):
    file = resources.files("imagegate") / "profiles" / f"{name}.toml"

    assert run("profiles", name).out == file.read_text(encoding="utf-8")


def test_profiles_as_json_hold_every_limit(run):
    (profile,) = lines_of(run("profiles", "ata_teledermatology", "--json").out)

    assert profile["limits"]["short_side"] == {"min": 600}
    assert set(profile["limits"]) >= {rule.metric for rule in imagegate.RULES if rule.limit is not None}


def test_warmup_says_how_long_it_took(run):
    assert run("warmup").out.rstrip().endswith("s.")
    (answer,) = lines_of(run("warmup", "--json").out)
    assert answer["seconds"] > 0


def test_the_doctor_shows_every_part_of_the_diagnosis(run):
    result = run("doctor")

    assert result.code == PASSED
    assert all(part in result.out for part in ("Versions", "numba", "JIT cache", "Decoders", "Self-test"))
    (diagnosis,) = lines_of(run("doctor", "--json").out)
    assert diagnosis["ok"] is True


def test_a_failed_self_test_exits_with_1(run, monkeypatch):
    monkeypatch.setattr(imagegate, "check", lambda _: imagegate.Report(policy=imagegate.PROFILES["default"]))
    result = run("doctor")

    assert result.code == REJECTED
    assert "cannot be trusted. Failed: blurred JPEG, blurred PNG, blurred Base64." in result.out


def test_the_version_is_the_packages(run):
    assert run("--version") == (PASSED, f"imagegate {imagegate.__version__}\n", "")


@pytest.mark.parametrize("command", ["check", "scan", "payload", "causes", "profiles", "warmup", "doctor"])
def test_every_command_explains_itself(run, command):
    result = run(command, "--help")

    assert result.code == PASSED
    assert "--json" in result.out


# Misuse


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["frobnicate"], "frobnicate"),
        (["check"], "FILE"),
        (["check", "--frobnicate", "{sharp}"], "--frobnicate"),
        (["check", "{folder}/missing.jpg"], "missing.jpg"),
        (["check", "{folder}"], "imagegate scan"),
        (["check", ""], "empty"),
        (["scan", ""], "empty"),
        (["check", "-", "-"], "standard input"),
        (["check", "--profile", "unheard-of", "{sharp}"], "unheard-of"),
        (["check", "--profile", "", "{sharp}"], "profile"),
        (["check", "--profile", "default", "--policy", "p.toml", "{sharp}"], "--policy"),
        (["check", "--policy", "{folder}/missing.toml", "{sharp}"], "missing.toml"),
        (["check", "--policy", "{folder}", "{sharp}"], "--policy"),
        (["check", "--policy", "{sharp}", "{sharp}"], "--policy"),
        (["check", "--policy", "{folder}/bad.toml", "{sharp}"], "blur_radius.max must be > 0, got -1"),
        (["check", "--api", "unheard-of", "{sharp}"], "unheard-of"),
        (["check", "--overlay", "{folder}/o.png", "{sharp}", "{sharp}"], "--overlay"),
        (["check", "--overlay", "{folder}/o.jpg", "{sharp}"], ".png"),
        (["check", "--overlay", "{folder}/no/o.png", "{sharp}"], "--overlay"),
        (["check", "--overlay", "{folder}/itself.png", "{folder}/itself.png"], "itself"),
        (["scan"], "PATH"),
        (["scan", "{folder}/missing"], "missing"),
        (["scan", "--workers", "0", "{folder}"], "--workers"),
        (["scan", "--workers", "many", "{folder}"], "--workers"),
        (["scan", "--profile", "unheard-of", "{folder}"], "unheard-of"),
        (["scan", "--api", "unheard-of", "{folder}"], "unheard-of"),
        (["causes", "unheard-of"], "unheard-of"),
        (["profiles", "unheard-of"], "unheard-of"),
    ],
)
def test_misuse_exits_with_2_and_one_line_that_names_it(run, sharp, arguments, named):
    (sharp.parent / "bad.toml").write_text("[limits.blur_radius]\nmax = -1\n")
    (sharp.parent / "itself.png").write_bytes(SHARP)
    result = run(*(argument.format(sharp=sharp, folder=sharp.parent) for argument in arguments))

    assert (result.code, result.out) == (MISUSE, "")
    assert result.err.startswith("imagegate: ")
    assert result.err.count("\n") == 1
    assert named in result.err


PAYLOAD = base64.b64encode(SHARP).decode()[:60_000]


@pytest.mark.parametrize(
    "arguments",
    [
        ["{payload}"],
        ["check", "{payload}"],
        ["scan", "{payload}"],
        ["check", "{sharp}", "--profile", "{payload}"],
        ["check", "{sharp}", "--policy={payload}"],
        ["check", "{sharp}", "--api", "{payload}"],
        ["check", "{sharp}", "--overlay", "{payload}"],
        ["causes", "{payload}"],
    ],
)
def test_a_picture_given_as_a_name_is_not_repeated(run, sharp, arguments):
    result = run(*(argument.format(sharp=sharp, payload=PAYLOAD) for argument in arguments))

    assert result == (MISUSE, "", f"imagegate: {inputs.LOOKS_LIKE_BASE64}\n")


@pytest.mark.parametrize(
    "arguments", [["{long}"], ["check", "{long}"], ["profiles", "{long}"], ["check", "--policy", "{long}", "{sharp}"]]
)
def test_a_long_name_is_cut_in_an_error(run, sharp, arguments):
    result = run(*(argument.format(sharp=sharp, long="n" * 5000) for argument in arguments))

    assert result.code == MISUSE
    assert len(result.err) < 250


def test_no_command_shows_the_help_and_is_misuse(run):
    result = run()

    assert result.code == MISUSE
    assert "Usage: imagegate" in result.out


def test_an_interrupted_command_exits_with_130(run, sharp, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(imagegate, "check", interrupted)

    assert run("check", sharp).code == INTERRUPTED

    monkeypatch.setattr(running, "run", interrupted)

    assert run("check", sharp).code == INTERRUPTED


def test_an_error_that_nobody_foresaw_is_misuse_to_the_shell_and_its_text_stays_unsaid(run, sharp, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a part of the photo")

    monkeypatch.setattr(imagegate, "check", broken)
    result = run("check", sharp)

    assert (result.code, result.out) == (MISUSE, "")
    assert result.err.startswith("imagegate: internal error: RuntimeError (test_cli.py, line ")
    assert "photo" not in result.err
    assert result.err.count("\n") == 1


# As a process


def test_the_module_runs_as_a_command(sharp, blurred):
    assert shell("check", sharp).returncode == PASSED
    rejected = shell("check", sharp, blurred, "--json")
    assert rejected.returncode == REJECTED
    assert [record["ok"] for record in lines_of(rejected.stdout.decode())] == [True, False]
    assert rejected.stderr == b""


def test_a_picture_can_be_piped_in():
    piped = shell("check", "-", "--quiet", input=base64.b64encode(SHARP))

    assert (piped.returncode, piped.stdout, piped.stderr) == (PASSED, b"", b"")


@pytest.mark.slow
def test_a_reader_that_leaves_early_ends_the_command_quietly(photos):
    reader, writer = os.pipe()
    os.close(reader)
    left = subprocess.run(
        [sys.executable, "-m", "imagegate", "scan", photos],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    os.close(writer)

    assert (left.returncode, left.stderr) == (PIPE_CLOSED, b"")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("redirected", "code", "told"),
    [
        ("check - <&-", MISUSE, b"imagegate: standard input is closed\n"),
        ("check {sharp} >&-", PASSED, b""),
        ("check {sharp}.missing 2>&-", MISUSE, b""),
    ],
)
def test_streams_may_be_closed(sharp, redirected, code, told):
    ended = shell_line(redirected.format(sharp=sharp))

    assert (ended.returncode, ended.stderr) == (code, told)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["check {sharp}", "check --json {sharp}", "scan {sharp}", "causes", "--help"])
def test_a_full_disk_is_told_in_one_line(sharp, command):
    ended = shell_line(f"{command.format(sharp=sharp)} >/dev/full")

    first, *others = ended.stderr.splitlines()
    assert ended.returncode == MISUSE
    assert first.startswith(b"imagegate: standard output: No space left on device")
    assert others == []


@pytest.mark.slow
def test_names_are_printed_in_a_locale_that_cannot_show_them(tmp_path):
    (tmp_path / "皮膚.jpg").write_bytes(SHARP)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    printed = subprocess.run(
        [sys.executable, "-m", "imagegate", "check", tmp_path / "皮膚.jpg"],
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert (printed.returncode, printed.stderr) == (PASSED, b"")
    assert rb"\u76ae\u819a.jpg" in printed.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["causes"], ["profiles"], ["check", "--help"]])
def test_commands_that_read_no_picture_load_neither_numba_nor_opencv(arguments):
    code = (
        "import sys\n"
        "from imagegate.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit:\n"
        "    print(sorted({'numba', 'cv2', 'numpy', 'PIL'} & set(sys.modules)), file=sys.stderr)\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=True,
    )

    assert loaded.stderr.strip() == b"[]"


# What a scan is told to read


def test_a_list_from_standard_input_or_a_file_names_what_is_scanned(run, photos, tmp_path):
    listed = f"{photos / 'good.jpg'}\n{photos / 'more'}\n{photos / 'nope.jpg'}\n".encode()
    (tmp_path / "list.txt").write_bytes(listed)

    piped = run("scan", "--json", "--from-list", "-", stdin=listed)
    read = run("scan", "--json", "--from-list", tmp_path / "list.txt")

    assert (piped.code, piped.err) == (REJECTED, "")
    expected = ["good.jpg", "more/bad.jpg", "more/good.png", "nope.jpg"]
    for result in (piped, read):
        assert [Path(line["source"]).relative_to(photos).as_posix() for line in lines_of(result.out)] == expected


def test_standard_input_is_not_read_unless_asked(run, photos, monkeypatch):
    monkeypatch.setattr(inputs, "standard_input", pytest.fail)

    assert run("scan", photos / "good.jpg").code == PASSED


@pytest.mark.parametrize(
    ("arguments", "stdin", "named"),
    [
        (["{folder}", "--from-list", "-"], b"", "either PATH or --from-list"),
        (["--from-list", "{folder}/missing.txt"], b"", "missing.txt"),
        (["--from-list", "-"], "a.jpg".encode("utf-16"), "UTF-16"),
        (["--from-list", "-"], base64.b64encode(SHARP), "no name of a file"),
        (["nonsense://a"], b"", "nonsense://"),
    ],
)
def test_a_source_that_cannot_be_used_is_misuse(run, photos, arguments, stdin, named):
    result = run("scan", *(argument.format(folder=photos) for argument in arguments), stdin=stdin)

    assert result.code == MISUSE
    assert named in result.err
    assert len(result.err.splitlines()) == 1


def test_a_table_of_pictures_is_scanned_by_its_column(run, tmp_path):
    (tmp_path / "t.csv").write_text(f"id,photo\n1,{base64.b64encode(SHARP).decode()}\n")

    told = run("scan", "--json", tmp_path / "t.csv", "--column", "photo")
    untold = run("scan", tmp_path / "t.csv")

    assert told.code == PASSED
    assert lines_of(told.out)[0]["source"] == f"{tmp_path / 't.csv'}:2"
    assert untold.code == REJECTED
    assert "say which column" in untold.out


def test_what_is_passed_over_is_counted_in_the_summary(run, photos):
    (photos / ".hidden.jpg").write_bytes(SHARP)
    (photos / "loop").symlink_to(photos)
    result = run("scan", photos)
    counted = [line.split(maxsplit=2) for line in result.out.splitlines() if "skipped" in line]

    assert sorted(counted) == [["1", "skipped", "hidden"], ["1", "skipped", "link to a folder"]]


def test_a_glob_in_quotes_stands_for_the_files_that_match(run, photos):
    result = run("scan", "--json", f"{photos}/**/*.png")

    assert [Path(line["source"]).name for line in lines_of(result.out)] == ["good.png"]
