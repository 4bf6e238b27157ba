"""check(): anything that arrives as a picture gets a report, by every way in the same one."""

import base64
import io
import pathlib
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import imagegate
from imagegate.decode import decode
from imagegate.header import read
from imagegate.intake import Received
from imagegate.policy import Policy
from tests.scenes import blurred, encoded, polygons

SHARP = encoded(polygons())
SAMPLES = pathlib.Path(imagegate.__file__).parents[1] / "sample_images"


def codes(image, **options):
    return [finding.cause.code for finding in imagegate.check(image, **options).findings]


def test_the_same_picture_gets_the_same_report_by_every_way_in(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(SHARP)
    text = base64.b64encode(SHARP).decode()
    ways = [text, f"data:image/jpeg;base64,{text}", SHARP, bytearray(SHARP), path, io.BytesIO(SHARP), text.encode()]
    first, *others = [imagegate.check(way) for way in ways]

    assert (first.ok, first.status) == (True, 200)
    assert all(report == first for report in others)
    assert all(report.to_json() == first.to_json() for report in others)


def test_arrays_and_pil_images_measure_as_their_png_does():
    rgb = polygons()
    png = imagegate.check(encoded(rgb, "PNG")).measurements

    assert imagegate.check(rgb).measurements == png
    assert imagegate.check(Image.fromarray(rgb)).measurements == png
    assert imagegate.check(rgb.astype(np.uint16) * 257).measurements == png


def test_every_run_and_every_thread_gives_the_same_report():
    expected = imagegate.check(SHARP).to_json()
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(imagegate.check(SHARP).to_json())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reports == [expected] * 8


def test_two_policies_in_two_threads_do_not_meet():
    strict = Policy(name="strict", limits={"short_side": {"min": 5000}})
    oks = {"default": [], "strict": []}

    def run(policy):
        for _ in range(5):
            report = imagegate.check(SHARP, policy=policy)
            oks[report.profile].append(report.ok)

    threads = [threading.Thread(target=run, args=(policy,)) for policy in (None, strict) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert oks == {"default": [True] * 10, "strict": [False] * 10}


def test_the_laplacian_variance_is_opencvs_of_the_same_luma(shared):
    for path in sorted((shared / "data" / "camera_originals").glob("*.jpg")):
        data = memoryview(path.read_bytes())
        luma = decode(Received(data=data), read(data)).luma
        expected = cv2.Laplacian(luma, cv2.CV_64F).var()

        assert imagegate.check(data).measurements.laplacian_variance == pytest.approx(expected, rel=1e-12)


HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(100)
BAD = {
    "an empty text": ("", "image_missing"),
    "no bytes": (b"", "image_missing"),
    "one byte": (b"\xff", "file_too_small"),
    "a start of a JPEG": (SHARP[:40], "file_too_small"),
    "random bytes": (np.random.default_rng(1).bytes(5000), "format_unsupported"),
    "a sentence": (b"This is no picture: it is a sentence." * 3, "format_unsupported"),
    "Base64 of a sentence": (base64.b64encode(b"no picture at all " * 20).decode(), "format_unsupported"),
    "a PDF": (b"%PDF-1.7\n" + bytes(200), "format_unsupported"),
    "an iPhone's HEIC": (HEIC, "format_unsupported"),
    "a HEIC that is called JPEG": (f"data:image/jpeg;base64,{base64.b64encode(HEIC).decode()}", "format_unsupported"),
    "a PNG that is called JPEG": (
        f"data:image/jpeg;base64,{base64.b64encode(encoded(polygons(60, 80), 'PNG')).decode()}",
        "format_mismatch",
    ),
    "half a JPEG": (SHARP[: len(SHARP) // 2], "image_truncated"),
    "half a PNG": (encoded(polygons(60, 80), "PNG")[:4000], "image_truncated"),
}  # fmt: skip


@pytest.mark.parametrize(("image", "code"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_one_rejection_with_400(image, code):
    report = imagegate.check(image)

    assert (report.ok, report.status, report.measurements) == (False, 400, None)
    assert [finding.cause.code for finding in report.findings] == [code]


def test_one_pixel_is_a_picture_that_is_too_small():
    report = imagegate.check(np.zeros((1, 1, 3), np.uint8))

    assert report.status == 422
    assert "resolution_too_low" in codes(np.zeros((1, 1, 3), np.uint8))


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (31, 31), (40, 40, 3), (1, 5000), (5000, 2, 3)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_of_one_level_and_any_shape_get_a_report(shape, level):
    report = imagegate.check(np.full(shape, level, np.uint8))

    assert report.measurements.laplacian_variance == 0.0
    assert np.isfinite(report.measurements.blur_score)


def test_a_16_bit_grey_png_and_a_cmyk_jpeg_are_read():
    out = io.BytesIO()
    Image.fromarray(polygons()[:, :, 1].astype(np.uint16) * 257).save(out, "PNG")
    cmyk = io.BytesIO()
    Image.fromarray(polygons()).convert("CMYK").save(cmyk, "JPEG", quality=95)

    assert imagegate.check(out.getvalue()).status != 400
    assert imagegate.check(cmyk.getvalue()).status != 400


def test_bombs_are_refused_from_the_header():
    for kind in ("declared_65000x65000.jpg", "declared_65000x65000.png"):
        report = imagegate.check(SAMPLES / kind)

        assert [finding.cause.code for finding in report.findings] == ["image_too_large"]
        assert "decode" not in report.timings


def test_blur_is_rejected_and_sharpness_is_not():
    assert "image_blurred" in codes(blurred(polygons(), 6))
    assert "image_blurred" not in codes(polygons())


def test_all_that_is_poor_is_listed_at_once():
    poor = (blurred(polygons(150, 200), 4) * 0.05).astype(np.uint8)

    assert {"resolution_too_low", "underexposed"} <= set(codes(poor))


def test_a_data_uri_can_be_forbidden_or_required():
    text = base64.b64encode(SHARP).decode()
    uri = f"data:image/jpeg;base64,{text}"

    assert codes(uri, policy=Policy(data_uri="forbidden")) == ["data_uri_forbidden"]
    assert codes(text, policy=Policy(data_uri="forbidden")) == codes(text)
    assert codes(text, policy=Policy(data_uri="required")) == ["data_uri_required"]
    assert codes(SHARP, policy=Policy(data_uri="required")) == codes(SHARP)


def test_an_api_may_answer_422_for_what_others_answer_400():
    uri = f"data:image/jpeg;base64,{base64.b64encode(SHARP).decode()}"
    policy = Policy(data_uri="forbidden", statuses={"data_uri_forbidden": 422})

    assert imagegate.check(uri, policy=policy).status == 422


def test_a_format_the_policy_does_not_take_is_refused():
    assert codes(SHARP, policy=Policy(formats=("png",))) == ["format_unsupported"]


def test_a_policy_that_only_warns_of_damage_measures_what_can_be_saved():
    policy = Policy(severities={"image_truncated": "warn"})
    report = imagegate.check(SHARP[: len(SHARP) - 200], policy=policy)

    assert report.ok
    assert "image_truncated" in [finding.cause.code for finding in report.warnings]
    assert report.measurements is not None


def test_a_policy_that_takes_any_length_is_not_stopped_by_it():
    policy = Policy(limits={"file_size": {"max": 100}}, severities={"file_too_large": "warn"})

    assert imagegate.check(SHARP, policy=policy).warnings[0].cause.code == "file_too_large"


def test_orientation_turns_the_size_that_is_reported_and_not_the_verdict(shared):
    reports = [imagegate.check(path) for path in sorted((shared / "data" / "exif_orientation").glob("Landscape_*.jpg"))]

    assert len(reports) == 8
    assert len({(report.measurements.width, report.measurements.height) for report in reports}) == 1
    assert len({report.status for report in reports}) == 1


def test_real_photos_pass(shared):
    folders = ("camera_originals", "derm_isic_uda1")
    reports = {path.name: imagegate.check(path) for name in folders for path in (shared / "data" / name).glob("*.*")}

    assert len(reports) == 23
    assert {name: [f.cause.code for f in report.rejections] for name, report in reports.items() if not report.ok} == {}


def test_real_blur_is_found_and_real_sharpness_kept(shared):
    photos = sorted((shared / "data" / "blur_kwentar_2048").iterdir())
    verdicts = {path.stem: imagegate.check(path).ok for path in photos}
    blurry = [ok for name, ok in verdicts.items() if not name.endswith("_S")]

    assert all(ok for name, ok in verdicts.items() if name.endswith("_S"))
    assert len(blurry) == 6
    assert blurry.count(False) >= 4


def test_pngsuite_is_answered_whole(shared):
    """The 14 damaged files are refused as unreadable, the 161 sound ones are read."""
    files = sorted((shared / "data" / "pngsuite").glob("*.png"))
    # Icons of 32 x 32 pixels in files of fewer than 64 bytes are sound, whatever a policy says of their size.
    policy = Policy(severities={"file_too_small": "ignore"})
    wrong = [
        path.name for path in files if (imagegate.check(path, policy=policy).status == 400) != path.name.startswith("x")
    ]

    assert len(files) == 175
    assert wrong == []


def test_files_that_broke_other_readers_get_a_report(shared):
    for folder in ("pillow_broken", "afl_jpeg"):
        for path in (shared / "data" / folder).rglob("*"):
            if path.is_file():
                assert imagegate.check(path).status in {200, 400, 422}


WARM = """
import pathlib, sys
import numpy
from numba.core.registry import CPUDispatcher
import imagegate.kernels
from imagegate.gate import examine
from imagegate.policy import resolve

def loaded():
    modules = [module for name, module in sys.modules.items() if name.startswith("imagegate")]
    kernels = {id(k): k for module in modules for k in vars(module).values() if isinstance(k, CPUDispatcher)}
    return {k.py_func.__module__ + "." + k.py_func.__qualname__: list(k.signatures) for k in kernels.values()}

imagegate.warmup()
warm = loaded()
for name in sys.argv[1:]:
    examine(pathlib.Path(name), resolve(None), keep="phash")
pixels = numpy.random.default_rng(0).integers(0, 256, (400, 500, 3), numpy.uint8)
for array in (pixels, pixels[::2, ::-1], pixels[:, :, 0], pixels.astype(numpy.uint16) * 257):
    array.flags.writeable = False
    examine(array, resolve(None))
public = [getattr(imagegate.kernels, name) for name in imagegate.kernels.__all__]
assert all(len(kernel.signatures) <= 1 for kernel in public)
print({name: signatures for name, signatures in loaded().items() if signatures != warm[name]})
"""


def test_after_warmup_no_picture_compiles_or_loads_a_kernel(tmp_path):
    """In a process of its own, because here other tests have loaded them."""
    pictures = {"grey.jpg": polygons()[:, :, 0], "grey.png": polygons()[:, :, 0], "wide.png": polygons().repeat(3, 1)}
    for name, pixels in pictures.items():
        cv2.imwrite(str(tmp_path / name), pixels)
    Image.fromarray(polygons()).convert("CMYK").save(tmp_path / "cmyk.jpg")
    Image.fromarray(polygons()).convert("RGBA").save(tmp_path / "alpha.png")
    photos = [*tmp_path.iterdir(), *SAMPLES.glob("good_*"), *SAMPLES.glob("blurred_*")]
    run = subprocess.run([sys.executable, "-c", WARM, *photos], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "{}"


def test_nothing_of_the_picture_is_in_what_is_said_of_it():
    text = base64.b64encode(SHARP).decode()
    report = imagegate.check(text[: len(text) // 2] + "*" + text[len(text) // 2 :], detail=True)
    said = repr(report) + str(report) + report.to_json()

    assert text[len(text) // 2 - 12 : len(text) // 2] not in said
    assert text[:12] not in said


@pytest.mark.parametrize("lang", [None, 3])
def test_a_language_that_is_no_text_is_misuse(lang):
    with pytest.raises(TypeError, match="lang must be"):
        imagegate.check(SHARP, lang=lang)


def test_timings_name_the_stages():
    assert set(imagegate.check(SHARP).timings) == {"intake", "header", "decode", "measure", "rules"}


def test_what_holds_the_photo_prints_nothing_of_it():
    report = imagegate.check(SHARP, detail=True)
    received = Received(data=memoryview(SHARP), declared="image/jpeg")
    for holder in (report.maps, received, decode(received, read(received.data))):
        printed = io.StringIO()
        Console(file=printed).print(holder)

        assert len(repr(holder) + printed.getvalue()) < 60


@pytest.mark.parametrize("severity", ["ignore", "warn"])
@pytest.mark.parametrize("image", ["****", b"", b"%PDF-1.7" + bytes(99)])
def test_no_policy_lets_pass_what_leaves_nothing_to_judge(severity, image):
    policy = Policy(severities=dict.fromkeys(["base64_invalid", "image_missing", "format_unsupported"], severity))

    assert not imagegate.check(image, policy=policy).ok


def test_a_format_that_is_only_warned_of_is_measured():
    report = imagegate.check(SHARP, policy=Policy(formats=("png",), severities={"format_unsupported": "warn"}))

    assert report.ok
    assert report.warnings[0].cause.code == "format_unsupported"
    assert report.measurements is not None


def test_what_cannot_be_read_is_not_also_called_too_small():
    small = encoded(polygons(150, 200))

    assert codes(small[: len(small) // 2]) == ["image_truncated"]


@pytest.mark.parametrize("declared", ["application/octet-stream", ""])
def test_an_undeclared_type_is_no_mismatch(declared):
    uri = f"data:{declared};base64,{base64.b64encode(SHARP).decode()}"

    assert imagegate.check(uri) == imagegate.check(SHARP)


def test_a_policy_without_a_limit_still_has_the_decoders():
    bomb = SAMPLES / "declared_65000x65000.png"
    policy = Policy(severities={"image_too_large": "warn"})

    assert codes(bomb, policy=policy) == ["image_too_large"]
    assert not imagegate.check(bomb, policy=policy).ok


def test_the_overlays_picture_is_not_the_callers_array():
    rgb = polygons()
    report = imagegate.check(rgb, detail=True)

    assert not np.shares_memory(report.maps.rgb, rgb)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.*")), ids=lambda path: path.name)
def test_the_laplacian_variance_of_every_sample_is_opencvs(sample):
    report = imagegate.check(sample, detail=True)
    if report.measurements is not None:
        expected = cv2.Laplacian(report.maps.luma, cv2.CV_64F).var()

        assert report.measurements.laplacian_variance == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.*")), ids=lambda path: path.name)
def test_a_lenient_policy_names_the_same_damage_and_writes_nothing(sample, capfd):
    lenient = Policy(severities={cause.code: "warn" for cause in imagegate.CAUSES.values() if cause.status == 400})
    strict = [finding.cause.code for finding in imagegate.check(sample).findings if finding.status == 400]
    found = [finding.cause.code for finding in imagegate.check(sample, policy=lenient).findings]

    assert set(strict) <= set(found) | {"file_too_small"}
    assert capfd.readouterr().err == ""
