"""Duplicates of a scan: the same file, and nearly the same picture."""

import hashlib
import io
import json
import os
import tracemalloc
from unittest.mock import patch

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

import imagegate
from imagegate.measure.phash import BYTES, phash
from imagegate.scanning import duplicates, hamming, names
from imagegate.scanning.hamming import HammingIndex
from tests.scenes import SHARP, encoded, polygons

SCENE = polygons(480, 640, seed=1)
OTHER = polygons(480, 640, seed=2)
CAUSE = "duplicate_image"


@pytest.fixture
def folder(tmp_path):
    def write(**pictures):
        paths = []
        for name, data in pictures.items():
            paths.append(tmp_path / f"{name}.jpg")
            paths[-1].write_bytes(data)
        return paths

    return write


def messages(records):
    """What each record says of duplicates; None where it says nothing."""
    found = ({finding.cause.code: finding.message for finding in record.report.findings} for record in records)
    return [causes.get(CAUSE) for causes in found]


def duplicated(records):
    return [message is not None for message in messages(records)]


# The same file


def test_the_same_file_names_the_first_one(folder):
    first, other, second, third = folder(a=encoded(SCENE), b=encoded(OTHER), c=encoded(SCENE), d=encoded(SCENE))

    said = messages(imagegate.scan([first, other, second, third]))

    assert said == [None, None, f"The file is the same as {first}.", f"The file is the same as {first}."]


def test_a_duplicate_warns_and_passes_by_default(folder):
    _, record = imagegate.scan(folder(a=encoded(SCENE), b=encoded(SCENE)))

    (finding,) = [finding for finding in record.report.findings if finding.cause.code == CAUSE]
    assert (finding.severity, finding.status, record.ok) == ("warn", 422, True)


def test_a_duplicate_differs_from_its_first_in_nothing_else(folder):
    first, second = (record.to_dict() for record in imagegate.scan(folder(a=encoded(SCENE), b=encoded(SCENE))))

    added = [finding for finding in second["findings"] if finding not in first["findings"]]

    assert [finding["cause"] for finding in added] == [CAUSE]
    assert all(first[key] == second[key] for key in ("measurements", "header", "sha256", "phash", "size"))


def test_a_policy_that_rejects_duplicates_rejects_all_but_the_first(folder):
    policy = imagegate.Policy(severities={CAUSE: "reject"})

    records = list(imagegate.scan(folder(a=encoded(SCENE), b=encoded(SCENE)), policy=policy))

    assert [record.status for record in records] == [200, 422]


def test_a_policy_that_ignores_duplicates_looks_for_none(folder):
    policy = imagegate.Policy(severities={CAUSE: "ignore"})

    records = list(imagegate.scan(folder(a=encoded(SCENE), b=encoded(SCENE)), policy=policy))

    assert duplicated(records) == [False, False]
    assert [record.phash for record in records] == [None, None]


def test_what_cannot_be_decoded_has_no_duplicates(folder):
    records = list(imagegate.scan(folder(a=b"no picture" * 20, b=b"no picture" * 20)))

    assert duplicated(records) == [False, False]
    assert [record.phash for record in records] == [None, None]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_the_first_is_the_sources_first_whatever_the_number_of_workers(folder, workers):
    large = encoded(polygons(1600, 2000, seed=3))  # takes longer than those behind it
    paths = folder(z=large, y=encoded(SCENE), x=large, w=encoded(OTHER), v=encoded(OTHER)) * 3

    said = messages(imagegate.scan(paths, workers=workers))

    assert said[:5] == [
        None,
        None,
        f"The file is the same as {paths[0]}.",
        None,
        f"The file is the same as {paths[3]}.",
    ]
    assert said[5] == said[10] == f"The file is the same as {paths[0]}."


def test_a_name_that_is_not_utf8_can_be_named(tmp_path):
    odd = tmp_path / "a\udcff.jpg"
    try:
        odd.write_bytes(encoded(SCENE))
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such names")
    (tmp_path / "b.jpg").write_bytes(encoded(SCENE))

    _, record = imagegate.scan(tmp_path)

    (message,) = (f["message"] for f in json.loads(msgspec.json.encode(record.to_dict()))["findings"])
    assert message == f"The file is the same as {tmp_path / 'a'}\\udcff.jpg."


@pytest.mark.slow
def test_isolation_finds_the_same(folder):
    paths = folder(a=encoded(SCENE), b=encoded(SCENE, quality=60), c=encoded(OTHER))

    apart = list(imagegate.scan(paths, policy=imagegate.Policy(isolation="process"), workers=1))

    assert duplicated(apart) == [False, True, False]
    assert [record.phash for record in apart] == [record.phash for record in imagegate.scan(paths)]


def test_a_record_keeps_no_pixels(folder):
    (record,) = imagegate.scan(folder(a=encoded(SCENE)))

    assert record.report.maps is None


# Nearly the same picture


def copied(scene, change):
    return encoded(np.asarray(change(Image.fromarray(scene)).convert("RGB")))


COPIES = {
    "compressed": lambda image: Image.open(io.BytesIO(encoded(np.asarray(image), quality=30))),
    "halved": lambda image: image.resize((image.width // 2, image.height // 2)),
    "enlarged": lambda image: image.resize((image.width * 3 // 2, image.height * 3 // 2)),
    "brightened": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "darkened": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "grey": lambda image: image.convert("L"),
    "cropped by 1 %": lambda image: image.crop((3, 2, image.width - 3, image.height - 3)),
    "as PNG of fewer colours": lambda image: ImageOps.posterize(image, 5),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_a_copy_names_its_original(folder, change):
    paths = folder(a=encoded(OTHER), b=encoded(SCENE), c=copied(SCENE, change))

    assert messages(imagegate.scan(paths)) == [None, None, f"The picture is nearly the same as {paths[1]}."]


def test_a_copy_of_a_copy_names_the_first_it_is_near_to(folder):
    paths = folder(a=encoded(SCENE), b=encoded(SCENE, quality=60), c=encoded(SCENE, quality=40))

    assert messages(imagegate.scan(paths))[2] == f"The picture is nearly the same as {paths[0]}."


def test_a_copy_is_not_remembered_beside_its_original(folder):
    """Else of thousands of frames of one scene each would be compared with all before it."""
    earlier = duplicates.Duplicates(imagegate.PROFILES["default"])
    for record in imagegate.scan(folder(a=encoded(SCENE), b=encoded(SCENE, quality=60), c=encoded(OTHER))):
        earlier.judged(record)

    assert len(earlier) == 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_copy_that_was_turned_as_it_is_seen_is_a_copy(folder, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = io.BytesIO()
    Image.fromarray(SCENE).save(stored, "JPEG", quality=92, exif=exif)
    seen = encoded(np.asarray(ImageOps.exif_transpose(Image.open(stored))))

    assert duplicated(imagegate.scan(folder(a=stored.getvalue(), b=seen))) == [False, True]


def test_different_pictures_are_no_duplicates(folder):
    paths = folder(**{f"n{seed}": encoded(polygons(240, 320, seed=seed)) for seed in range(12)})

    assert not any(duplicated(imagegate.scan(paths)))


def blanks():
    rng = np.random.default_rng(0)
    yield np.full((480, 640, 3), 128, np.uint8)
    yield np.full((480, 640, 3), 40, np.uint8)
    yield np.linspace(60, 180, 640, dtype=np.uint8)[None, :, None].repeat(480, axis=0).repeat(3, axis=2)
    yield np.clip(rng.normal(128, 10, (480, 640, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)


def test_pictures_that_show_nothing_are_only_duplicates_where_the_file_is_the_same(folder):
    files = [encoded(blank) for blank in blanks()]
    records = list(imagegate.scan(folder(a=files[0], b=files[1], c=files[2], d=files[3], e=files[0])))

    assert [record.phash for record in records] == [None] * 5
    assert duplicated(records) == [False] * 4 + [True]


def test_real_photos_of_one_kind_are_told_apart_and_their_copies_found(shared, folder):
    files = sorted((shared / "data" / "derm_isic_uda1").glob("*.jpg"))
    copies = folder(**{path.stem: copied(np.asarray(Image.open(path)), COPIES["halved"]) for path in files})

    said = messages(imagegate.scan([*files, *copies]))

    assert said == [None] * len(files) + [f"The picture is nearly the same as {path}." for path in files]


# The hash


def dct_hash(luma):
    """The same bits by OpenCV's DCT of a picture of 64 x 64 cells, one by one."""
    waves = cv2.dct(luma.reshape(64, 8, 64, 8).mean(axis=(1, 3)))[1:17, 1:17]
    median = np.median(waves)
    return "".join(
        str(int(waves[4 * down + y, 4 * across + x] > median))
        for down in range(4)
        for across in range(4)
        for y in range(4)
        for x in range(4)
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_hash_is_that_of_a_dct(seed):
    luma = np.ascontiguousarray(polygons(512, 512, seed=seed)[:, :, 1])

    assert f"{int.from_bytes(phash(luma)):0256b}" == dct_hash(luma)


def test_half_the_bits_are_set():
    assert int.from_bytes(phash(np.ascontiguousarray(SCENE[:, :, 1]))).bit_count() == 128


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (7, 9), (31, 33)])
def test_the_smallest_pictures_have_a_hash_or_none(shape):
    luma = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

    assert phash(luma) is None or len(phash(luma)) == BYTES


# The index


def differing(code, other):
    return (int.from_bytes(code) ^ int.from_bytes(other)).bit_count()


def near_by_comparing_all(codes, wanted, radius):
    return [row for row, code in enumerate(codes) if differing(code, wanted) <= radius]


def neighbours(seed, count, size):
    """Codes in clusters, so that some are near each other."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (count, size), np.uint8)
    for row in range(count // 2, count):
        flips = np.packbits(rng.random(8 * size) < rng.choice([0.0, 0.02, 0.1]))
        codes[row] = codes[rng.integers(0, count // 2)] ^ flips
    return [code.tobytes() for code in rng.permutation(codes)]


@given(seed=st.integers(0, 2**32 - 1), reach=st.integers(0, 2), spare=st.integers(0, 3), block=st.integers(1, 200))
@pytest.mark.slow
def test_the_index_finds_what_comparing_all_finds(seed, reach, spare, block):
    # Of four chunks one differs in at most `reach` bits, where all together differ in at most so many.
    radius = 4 * reach + spare
    codes = neighbours(seed, 150, 8)
    index = HammingIndex(8, radius=radius, chunks=4, reach=reach)
    with patch.object(hamming, "BLOCK", block):
        for row, code in enumerate(codes):
            assert index.near(code) == near_by_comparing_all(codes[:row], code, radius)
            index.add(code)


@given(seed=st.integers(0, 2**32 - 1), chunks=st.integers(1, 3), reach=st.integers(0, 2))
@pytest.mark.slow
def test_the_index_misses_only_what_differs_in_every_chunk_and_finds_nothing_far(seed, chunks, reach):
    codes = neighbours(seed, 150, 32)
    index = HammingIndex(32, radius=32, chunks=chunks, reach=reach)
    for row, code in enumerate(codes):
        near = near_by_comparing_all(codes[:row], code, 32)
        sure = [earlier for earlier in near if in_reach(codes[earlier], code, chunks, reach)]
        assert set(sure) <= set(index.near(code)) <= set(near)
        index.add(code)


def in_reach(code, other, chunks, reach):
    return any(differing(code[at : at + 2], other[at : at + 2]) <= reach for at in range(0, 2 * chunks, 2))


@given(st.lists(st.text(st.characters(), max_size=3), max_size=40), st.integers(1, 9))
def test_names_are_kept_in_their_order(given_names, block):
    with patch.object(names, "BLOCK", block):
        kept = names.Names()
        for name in given_names:
            kept.append(name)

        assert [kept[number] for number in range(len(given_names))] == given_names


@given(st.lists(st.binary(min_size=1, max_size=3), max_size=40), st.integers(1, 5), st.integers(1, 9))
def test_names_of_a_folder_come_in_the_order_of_their_bytes(given_names, block, run):
    with patch.object(names, "BLOCK", block), patch.object(names, "RUN", run):
        found = list(names.sorted_names(map(os.fsdecode, given_names)))

    assert [os.fsencode(name) for name in found] == sorted(given_names)


# Memory


def peak(count):
    """Bytes that a scan of a folder keeps at most, where no picture is like another, as Python counts them."""
    rng = np.random.default_rng(0)
    # As a file system lists them: in no order.
    listed = (f"IMG_{number:06}.jpg" for number in rng.permutation(count))
    tracemalloc.start()
    try:
        earlier = duplicates.Duplicates(imagegate.PROFILES["default"])
        for name in names.sorted_names(listed):
            seen = {"measurements": {}, "sha256": rng.bytes(32).hex(), "phash": rng.bytes(32).hex()}
            earlier.remember(seen | {"source": f"photos/{name}"})
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_grows_by_at_most_64_bytes_a_file():
    # Smaller blocks than in earnest, else what is set aside for 65,536 would hide what each takes.
    with patch.object(hamming, "BLOCK", 1 << 11):
        peak(1)  # what is loaded and compiled once
        assert peak(5 << 11) - peak(1 << 11) <= 64 * (4 << 11)


def test_a_scan_that_is_gone_on_with_knows_the_pictures_before(folder):
    first, second = folder(a=encoded(SCENE), b=encoded(SCENE, quality=60))
    (record,) = imagegate.scan(first)
    earlier = duplicates.Duplicates(imagegate.PROFILES["default"])
    earlier.remember(record.to_dict())

    (alone,) = imagegate.scan(second)

    assert messages([earlier.judged(alone)]) == [f"The picture is nearly the same as {first}."]


def test_a_hash_is_hexadecimal_as_the_files(folder):
    (record,) = imagegate.scan(folder(a=encoded(SCENE)))

    assert record.to_dict()["phash"] == record.phash
    assert len(bytes.fromhex(record.phash)) == 2 * len(bytes.fromhex(record.sha256)) // 2
    assert record.sha256 == hashlib.sha256(encoded(SCENE)).hexdigest()


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("es", "El archivo es el mismo que {first}."),
        ("fr", "Le fichier est le même que {first}."),
        ("de", "Die Datei ist dieselbe wie {first}."),
    ],
)
def test_a_duplicate_is_named_in_the_language_of_the_scan(tmp_path, lang, said):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(SHARP)
    _, second = imagegate.scan(tmp_path, lang=lang)
    (finding,) = [finding for finding in second.report.findings if finding.cause.code == "duplicate_image"]

    assert finding.message == said.format(first=tmp_path / "a.jpg")
    assert finding.cause.title != imagegate.CAUSES["duplicate_image"].title
