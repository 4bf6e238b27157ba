"""Isolation: a picture that takes its decoder down costs itself alone. Real processes, killed for real."""

import os
import pathlib
import pickle
import select
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

import imagegate.worker
from imagegate import isolation, workers
from imagegate.cli import main
from imagegate.policy import Policy
from imagegate.workers import Pool
from tests.scenes import BLURRED, SHARP, encoded, polygons

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by way of /proc")

ROOT = pathlib.Path(imagegate.__file__).parents[1]
SAMPLES = sorted((ROOT / "sample_images").glob("*.*"))
# On a busy machine ten seconds are soon over.
ISOLATED = Policy(isolation="process", worker_seconds=600)
FRUGAL = Policy(isolation="process", worker_seconds=600, worker_memory=64 << 20)
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def large():
    """A PNG of 12 megapixels and 16-bit RGBA: 96 MB decoded."""
    rgba = np.full((3000, 4000, 4), 65535, np.uint16)
    rgba[:, :, :3] = np.arange(4000, dtype=np.uint16)[:, np.newaxis] * 16
    return cv2.imencode(".png", rgba)[1].tobytes()


@pytest.fixture(scope="module")
def pool():
    """Three workers that are ready: each takes a second to start."""
    with pytest.MonkeyPatch.context() as patch:
        pool = Pool(isolation.worker_command(), 3)
        patch.setattr(isolation, "_pool", pool)
        for worker in [pool.take() for _ in range(3)]:
            worker.start()
            pool.give_back(worker)
        yield pool
        pool.close()


@pytest.fixture
def empty_pool(monkeypatch):
    """Room for one worker, whose command a test may set."""
    pool = Pool([sys.executable, "-c", "raise SystemExit(3)"], 1)
    monkeypatch.setattr(isolation, "_pool", pool)
    yield pool
    pool.close()


def plain(report):
    """The report but for the policy, which says where it was made."""
    return report.to_json(), report.header


def pids(pool):
    return {worker.process.pid for worker in pool.workers}


def next_pid(pool):
    """The worker that takes the next picture; it is ready, for it has taken the one before."""
    assert imagegate.check(SHARP, policy=ISOLATED).ok
    return pool.idle[-1].process.pid


def data_in_use(pid):
    """Private memory of a process in bytes, 0 where it is gone."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0


def strike(pool, thread, number):
    before = {pid: data_in_use(pid) for pid in pids(pool)}
    thread.start()
    while thread.is_alive():
        for pid, idle in before.items():
            if data_in_use(pid) > idle + 60 * MEBIBYTE:
                os.kill(pid, number)
                return
    raise AssertionError("the picture was decoded before anyone could strike")


def killed_in_mid_decode(pool, image, number):
    """The report on a picture whose worker is sent a signal when it has taken half of what the pixels need."""
    reports = []
    thread = threading.Thread(target=lambda: reports.append(imagegate.check(image, policy=ISOLATED)))
    strike(pool, thread, number)
    thread.join()
    return reports[0]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
@pytest.mark.usefixtures("pool")
def test_a_worker_says_what_the_caller_would(sample):
    here = imagegate.check(sample, detail=True)
    there = imagegate.check(sample, policy=ISOLATED, detail=True)

    assert plain(there) == plain(here)
    assert [finding.cause is imagegate.CAUSES[finding.cause.code] for finding in there.findings] == [True] * len(
        there.findings
    )
    for field in () if here.maps is None else here.maps.__struct_fields__:
        np.testing.assert_array_equal(getattr(there.maps, field), getattr(here.maps, field), strict=True)


@pytest.mark.slow
def test_one_is_killed_and_one_exceeds_its_memory_and_a_hundred_others_are_right(pool, large):
    expected = [plain(imagegate.check(image)) for image in (SHARP, BLURRED)]
    with ThreadPoolExecutor(8) as callers:
        others = [callers.submit(imagegate.check, (SHARP, BLURRED)[n % 2], policy=ISOLATED) for n in range(50)]
        hog = callers.submit(imagegate.check, large, policy=FRUGAL)
        others += [callers.submit(imagegate.check, (SHARP, BLURRED)[n % 2], policy=ISOLATED) for n in range(50)]
        killed = killed_in_mid_decode(pool, large, signal.SIGKILL)

    (dead,) = killed.findings
    (greedy,) = hog.result().findings
    assert (dead.cause.code, dead.severity, dead.decoder_failure) == ("image_corrupt", "reject", True)
    assert dead.message == "The decoder failed: its process died of SIGKILL while it read the picture."
    assert (greedy.cause.code, greedy.severity, greedy.decoder_failure) == ("image_too_large", "reject", False)
    assert "memory" in greedy.message
    assert [plain(other.result()) for other in others] == expected * 50
    assert plain(imagegate.check(large, policy=ISOLATED)) == plain(imagegate.check(large))


@pytest.mark.slow
def test_jpegs_that_ask_for_more_than_their_share_are_too_large(empty_pool):
    """Of a fresh worker, which keeps nothing of a larger share."""
    empty_pool.command = isolation.worker_command()
    for progressive in (False, True):
        jpeg = encoded(np.full((3000, 4000, 3), 128, np.uint8), progressive=progressive)
        (finding,) = imagegate.check(jpeg, policy=Policy(isolation="process", worker_memory=MEBIBYTE)).findings

        assert (finding.cause.code, finding.decoder_failure) == ("image_too_large", False)
        assert "memory" in finding.message


def test_a_crash_names_its_signal_and_leaves_no_core(pool, large):
    """A core dump would be the photo on the disk."""
    for worker in pool.workers:
        assert pathlib.Path(f"/proc/{worker.process.pid}/cwd").readlink() == pathlib.Path.cwd()
    before = set(pathlib.Path.cwd().iterdir())
    report = killed_in_mid_decode(pool, large, signal.SIGSEGV)

    assert "SIGSEGV" in report.findings[0].message
    assert set(pathlib.Path.cwd().iterdir()) == before
    assert imagegate.check(SHARP, policy=ISOLATED).ok


def test_a_worker_starts_where_core_dumps_are_forbidden_for_good(monkeypatch):
    """As by `docker run --ulimit core=0`: only root may raise the limit to what a worker sets."""

    def refuse(*_):
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr("imagegate.worker.resource.getrlimit", lambda _: (0, 0))
    monkeypatch.setattr("imagegate.worker.resource.setrlimit", refuse)

    imagegate.worker._forgo_core_dumps()  # noqa: SLF001 - what a worker does first


@pytest.mark.slow
@pytest.mark.parametrize("length", [0, 1 << 22], ids=["that answers nothing", "that takes nothing in"])
def test_a_worker_that_stands_still_is_killed_in_time(pool, length):
    """A pipe holds the small picture, but not the large one."""
    pid = next_pid(pool)
    os.kill(pid, signal.SIGSTOP)
    (finding,) = imagegate.check(SHARP + bytes(length), policy=Policy(isolation="process", worker_seconds=0.2)).findings

    assert (finding.cause.code, finding.decoder_failure) == ("image_too_large", False)
    assert finding.message == "Reading the picture takes longer than the 0.2 s that it may."
    assert imagegate.check(SHARP, policy=ISOLATED).ok
    assert pid not in pids(pool)


def test_a_worker_that_dies_between_two_pictures_costs_none(pool):
    pid = next_pid(pool)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    assert imagegate.check(SHARP, policy=ISOLATED).ok
    assert pid not in pids(pool)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_sent_to_the_whole_group_is_left_to_the_caller(pool, number):
    pid = next_pid(pool)
    os.kill(pid, number)

    assert next_pid(pool) == pid


@pytest.mark.usefixtures("pool")
def test_an_answer_that_nobody_waited_for_is_never_taken_for_the_next(monkeypatch):
    def interrupted(*_):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(workers, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        imagegate.check(BLURRED, policy=ISOLATED)

    assert plain(imagegate.check(SHARP, policy=ISOLATED)) == plain(imagegate.check(SHARP))


class Boom:
    """What would run code in whoever unpickles it."""

    def __reduce__(self):
        return os.abort, ()


NONSENSE = {
    "pickled code": pickle.dumps(Boom()),
    "no outcome": msgspec.msgpack.encode({"findings": 3}),
    "an unknown cause": msgspec.msgpack.encode(
        {"findings": [{"cause": dict.fromkeys(("code", "title", "advice", "source"), "x") | {"status": 400, "severity": "reject"}, "status": 400, "severity": "reject", "message": "x"}]}  # noqa: E501
    ),
    "nothing": b"",
}  # fmt: skip


def answering(message):
    """The command of a worker that is ready, and says this whatever it is asked."""
    said = f"sys.stdout.buffer.write(bytes(8) + {message!r})"
    script = f"import sys; {said}; sys.stdout.flush(); sys.stdin.read()"
    return [sys.executable, "-c", script]


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
def test_a_worker_that_a_picture_has_taken_over_is_not_believed(empty_pool, answer):
    empty_pool.command = answering(len(answer).to_bytes(8, "little") + answer)
    (finding,) = imagegate.check(SHARP, policy=ISOLATED).findings

    assert (finding.cause.code, finding.decoder_failure) == ("image_corrupt", True)


def test_an_answer_without_end_is_not_read(empty_pool):
    empty_pool.command = answering(b"\xff" * 8)

    assert imagegate.check(SHARP, policy=ISOLATED).findings[0].decoder_failure


def test_a_worker_that_cannot_start_is_no_fault_of_the_picture(empty_pool):
    with pytest.raises(RuntimeError, match="could not be started: it ended with exit code 3"):
        imagegate.check(SHARP, policy=ISOLATED)
    assert pids(empty_pool) == set()


@pytest.mark.parametrize("image", [polygons(), Image.fromarray(polygons())], ids=["array", "PIL"])
def test_what_is_decoded_already_needs_no_worker(empty_pool, image):
    assert imagegate.check(image, policy=ISOLATED).ok
    assert pids(empty_pool) == set()


def test_what_intake_refuses_needs_no_worker(empty_pool):
    assert imagegate.check("***", policy=ISOLATED).status == 400
    assert pids(empty_pool) == set()


def test_there_are_no_more_workers_than_places(pool):
    with ThreadPoolExecutor(12) as callers:
        reports = list(callers.map(lambda image: imagegate.check(image, policy=ISOLATED), [SHARP] * 40))

    assert all(report.ok for report in reports)
    assert len(pids(pool)) == 3


@pytest.mark.usefixtures("pool")
def test_warnings_of_the_file_and_of_the_picture_are_one_list():
    policy = {
        "limits": {"file_size": {"max": 100}},
        "severities": {"file_too_large": "warn", "image_truncated": "warn"},
    }
    here = imagegate.check(SHARP[:-200], policy=Policy(**policy))
    there = imagegate.check(SHARP[:-200], policy=Policy(**policy, isolation="process"))

    assert {finding.cause.code for finding in there.warnings} >= {"file_too_large", "image_truncated"}
    assert plain(there) == plain(here)


def test_nothing_of_the_picture_is_left_where_others_can_read_it(pool, capfd):
    before = set(pathlib.Path.cwd().iterdir())
    noisy = encoded(polygons(300, 300), "PNG")
    libpng_warns = noisy[:33] + bytes.fromhex("00000004") + b"gAMA" + bytes(4) + bytes.fromhex("00000000") + noisy[33:]
    pid = next_pid(pool)
    for image in (SHARP, libpng_warns, SHARP[: len(SHARP) // 2]):
        imagegate.check(image, policy=ISOLATED)

    process = pathlib.Path("/proc") / str(pid)
    words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    kinds = {str(link.readlink()).split(":")[0] for link in (process / "fd").iterdir()}
    assert SHARP[:8] not in words
    assert SHARP[1000:1016] not in words
    assert kinds <= {"pipe", "/dev/null", f"/proc/{pid}/statm", "anon_inode"}
    assert set(pathlib.Path.cwd().iterdir()) == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("pool")
def test_a_scan_is_isolated_by_its_policy():
    here, there = (list(imagegate.scan(SAMPLES[:6], policy=policy)) for policy in (None, ISOLATED))

    assert [plain(record.report) for record in there] == [plain(record.report) for record in here]
    assert all(record.report.policy == ISOLATED for record in there)


def test_the_scan_command_can_isolate_what_its_policy_does_not(empty_pool, capsys):
    """The worker that is asked here answers nonsense, of which no scan without isolation would tell."""
    empty_pool.command = answering(b"\xff" * 8)
    with pytest.raises(SystemExit) as end:
        main(["scan", str(SAMPLES[1]), "--isolation", "process", "--json"])

    assert end.value.code == 1
    assert "The decoder failed" in capsys.readouterr().out


SCRIPT = """
import os, sys
import imagegate
from imagegate import isolation

policy = imagegate.Policy(isolation="process")
photo = sys.stdin.buffer.read()
report = imagegate.check(photo, policy=policy)
print(report.ok, *[worker.process.pid for worker in isolation._pool.workers], flush=True)
"""
FORK = """
child = os.fork()
print(imagegate.check(photo, policy=policy).ok, *[worker.process.pid for worker in isolation._pool.workers], flush=True)
if child:
    os.waitpid(child, 0)
"""
# A script without an `if __name__ == "__main__"` guard, whose interpreter is killed in the end.
KILLED = "\nos.kill(os.getpid(), 9)"


def run(script, cwd):
    """Lines that a script prints, each split into words."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    (cwd / "script.py").write_text(script)
    command = [sys.executable, "-W", "error::ResourceWarning", cwd / "script.py"]
    done = subprocess.run(command, input=SHARP, capture_output=True, cwd=cwd, env=environment, check=False)
    assert done.stderr == b""
    return [line.split() for line in done.stdout.decode().splitlines()]


def has_ended(pid):
    """Whether a process is gone, or is in a moment."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([watched], [], [], 30)
    os.close(watched)
    return bool(ended)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["", KILLED], ids=["that ends", "that is killed"])
def test_no_worker_outlives_its_script(tmp_path, end):
    ((ok, pid),) = run(SCRIPT + end, tmp_path)

    assert ok == "True"
    assert has_ended(int(pid))
    assert end or not pathlib.Path("/proc", pid).exists()  # not even as a zombie


@pytest.mark.slow
def test_a_forked_process_has_workers_of_its_own(tmp_path):
    (first, *others) = run(SCRIPT + FORK, tmp_path)
    workers = {pid for _, pid in others}

    assert {ok for ok, _ in (first, *others)} == {"True"}
    assert len(others) == len(workers) == 2
    assert first[1] in workers
    assert all(has_ended(int(pid)) for pid in workers)


def test_the_current_folder_is_no_place_to_import_from(tmp_path):
    """It may be the folder of the photos."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "numpy.py").write_text("raise SystemExit(3)")
    script = "import os, sys\nsys.path.insert(0, '')\n" + SCRIPT.replace("photo = ", "os.chdir('elsewhere')\nphoto = ")

    assert run(script, tmp_path)[0][0] == "True"
