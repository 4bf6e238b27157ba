"""Hostile archives: headers that claim too much or never end, lists of entries that lie, streams that swell."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import tempfile
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagegate
from imagegate.scanning import archives, items_of, tar
from imagegate.scanning.item import Unopened
from tests.scenes import SHARP

BLOCK = 512
MOST = 16_384  # bytes of the headers before one member


def block(name="x", flag=b"0", size=0):
    """One header of a tar, as tarfile writes it."""
    member = tarfile.TarInfo(name)
    member.type, member.size = flag, size
    return bytearray(member.tobuf(tarfile.GNU_FORMAT))


def signed(header):
    """A header with its true sum of bytes."""
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def extension(flag, data):
    return bytes(block("ext", flag, len(data))) + padded(data)


def record(keyword, value):
    """One record of a pax header, whose length counts itself."""
    rest = b" " + keyword + b"=" + value + b"\n"
    length = next(length for length in range(len(rest), len(rest) + 20) if length == len(rest) + len(str(length)))
    return str(length).encode() + rest


PHOTO = bytes(block("photo.jpg", size=len(SHARP))) + padded(SHARP)
END = bytes(2 * BLOCK)
PACKED = {"tar": bytes, "tar.gz": gzip.compress, "tgz": gzip.compress}


def scanned(tmp_path, data, ending="tar"):
    """Name to status or error of each record, and what was skipped."""
    path = tmp_path / f"a.{ending}"
    path.write_bytes(data)
    scan = imagegate.scan(path)
    found = {each.source.removeprefix(f"{path}/"): each.error or each.status for each in scan}
    return {"archive" if name == str(path) else name: said for name, said in found.items()}, scan.skipped


# Tar


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("flag", [b"x", b"X", b"g", b"L", b"K"])
def test_a_header_of_16_kib_is_read_and_one_byte_more_is_refused(tmp_path, ending, flag):
    fits = record(b"comment", b"c" * (MOST - len(b"16384 comment=\n")))
    assert len(fits) == MOST
    data = fits if flag in b"xXg" else b"long.jpg".ljust(MOST, b"\0")
    longer = data + b"\0"

    found, _ = scanned(tmp_path, PACKED[ending](extension(flag, data) + PHOTO + END), ending)
    refused, _ = scanned(tmp_path, PACKED[ending](PHOTO + extension(flag, longer) + PHOTO + END), ending)

    assert found == {"long.jpg" if flag == b"L" else "photo.jpg": 200}
    assert refused == {"photo.jpg": 200, "archive": "A tar header claims 16,385 bytes; at most 16,384 are read"}


@pytest.mark.parametrize("flags", [b"x" * 20, b"g" * 20, b"L" * 20, b"LKxg" * 5])
def test_a_chain_of_headers_before_one_member_has_the_same_bound(tmp_path, flags):
    chain = b"".join(extension(bytes([flag]), record(b"comment", b"c" * 980)) for flag in flags)

    found, _ = scanned(tmp_path, chain + PHOTO + END)

    assert found.keys() == {"archive"}
    assert "at most 16,384 are read" in found["archive"]


def test_ten_thousand_empty_headers_before_one_member_are_read_without_recursion(tmp_path):
    found, _ = scanned(tmp_path, extension(b"x", b"") * 10_000 + PHOTO + END)

    assert found == {"photo.jpg": 200}


def test_facts_for_all_members_do_not_pile_up(tmp_path):
    each = extension(b"g", record(b"comment", b"c" * 16_000))
    path = tmp_path / "a.tar"
    path.write_bytes((each + bytes(block("a.jpg"))) * 200 + END)
    tracemalloc.start()
    names = [item.source for item in items_of(path)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(names) == 200
    assert peak < 2 << 20


@pytest.mark.parametrize(
    "data",
    [
        b"9" * 16_000,
        b"20 hdrcharset" * 1_000,
        b"0 path=x\n",
        b"-5 path=x\n",
        b"999 path=x\n",
        b"9 path=x\n ",
        b"12 no_mark..\n",
        record(b"size", b"-1"),
        record(b"size", b"1e9"),
        record(b"size", b"9" * 5_000),
        record(b"size", b""),
    ],
)
def test_a_pax_header_that_is_none_is_a_record(tmp_path, data):
    found, _ = scanned(tmp_path, PHOTO + extension(b"x", data) + PHOTO + END)

    assert found == {"photo.jpg": 200, "archive": "Damaged, or cut short"}


@pytest.mark.parametrize("size", [1 << 33, 10**19])
def test_a_size_that_lies_reads_no_more_than_is_there(tmp_path, size):
    header = extension(b"x", record(b"size", str(size).encode()))

    found, _ = scanned(tmp_path, PHOTO + header + PHOTO + END)

    assert found == {"photo.jpg": 200, "archive": "Damaged, or cut short"}


@pytest.mark.parametrize(
    "facts",
    [
        record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0"),
        record(b"GNU.sparse.map", b"0," * 5_000),
        record(b"GNU.sparse.offset", b"1" * 9_000),
    ],
)
def test_a_sparse_file_of_pax_is_a_record_and_its_map_is_not_read(tmp_path, facts):
    data = b"1" * 5_000
    sparse = extension(b"x", facts + record(b"GNU.sparse.name", b"s.jpg"))

    found, _ = scanned(tmp_path, sparse + bytes(block("x", size=len(data))) + padded(data) + PHOTO + END)

    assert found == {"s.jpg": "A sparse file, which is not supported", "photo.jpg": 200}


@pytest.mark.parametrize("blocks", [0, 1, 5_000])
def test_a_sparse_file_of_gnu_is_a_record_and_its_map_is_skipped(tmp_path, blocks):
    header = block("s.jpg", b"S", 100)
    header[482] = blocks > 0
    more = b"".join(bytes(504) + bytes([number + 1 < blocks]) + bytes(7) for number in range(blocks))

    found, _ = scanned(tmp_path, signed(header) + more + padded(bytes(100)) + PHOTO + END)

    assert found == {"s.jpg": "A sparse file, which is not supported", "photo.jpg": 200}


def test_a_map_of_a_sparse_file_that_never_ends_is_cut_short_and_holds_nothing(tmp_path):
    header = block("s.jpg", b"S", 100)
    header[482] = 1
    path = tmp_path / "a.tar"
    path.write_bytes(signed(header) + (bytes(504) + b"\1" + bytes(7)) * 10_000)
    tracemalloc.start()
    (item,) = items_of(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1 << 20
    with pytest.raises(OSError, match="Damaged, or cut short"):
        item.read(imagegate.PROFILES["default"])


NAMES = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), min_size=1, max_size=150)


@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=1500)), max_size=5),
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.sampled_from([bytes, gzip.compress]),
)
def test_what_python_writes_is_read_as_python_reads_it(entries, form, packed):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form) as archive:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            try:
                archive.addfile(member, io.BytesIO(content))
            except ValueError:  # too long a name for ustar
                archive.addfile(tarfile.TarInfo("short"))
    with tarfile.open(fileobj=io.BytesIO(data.getvalue())) as archive:
        expected = [(each.name, archive.extractfile(each).read()) for each in archive if each.isreg()]
    stream = io.BytesIO(packed(data.getvalue()))
    found = [
        (each.name, b"".join(iter(lambda each=each: each.file.read(700), b"")))
        for each in tar.members(stream if packed is bytes else tar.Gunzipped(stream))
        if each.kind == "file"
    ]

    assert found == expected


@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=600))
def test_whatever_is_written_into_a_tar_is_members_or_one_refusal(at, data):
    whole = bytearray(extension(b"x", record(b"path", b"long/" * 30)) + PHOTO + END)
    whole[at : at + len(data)] = data
    with suppress(Unopened):
        for member in tar.members(io.BytesIO(bytes(whole))):
            assert isinstance(member.name, str)


@given(st.binary(max_size=5_000), st.integers(1, 400), st.lists(st.binary(max_size=3_000), max_size=4))
def test_gzip_is_unpacked_as_python_unpacks_it(first, step, more):
    packed = b"".join(map(gzip.compress, [first, *more]))
    stream = tar.Gunzipped(io.BytesIO(packed))

    assert b"".join(iter(lambda: stream.read(step), b"")) == gzip.decompress(packed)


def test_a_gzip_bomb_is_unpacked_in_passing(tmp_path):
    member = bytes(block("bomb.jpg", size=1 << 27))
    path = tmp_path / "a.tgz"
    with gzip.open(path, "wb", 1) as file:
        file.write(member)
        for _ in range(128):
            file.write(bytes(1 << 20))
        file.write(PHOTO + END)
    small = imagegate.Policy(limits={"file_size": {"max": 1 << 20}, "base64_length": {"max": 1 << 20}})
    tracemalloc.start()
    items = items_of(path, policy=small)
    held = [item.held for item in items]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held == [(1 << 20) + 1, len(SHARP)]
    assert peak < 8 << 20


@pytest.mark.parametrize(("ending", "pack"), [("tar.bz2", bz2.compress), ("tar.xz", lzma.compress)])
def test_tars_in_other_compressions_are_not_unpacked(tmp_path, ending, pack):
    """Neither has a bound on the memory that its header asks for; such a file is no image, and named it is rejected."""
    found, _ = scanned(tmp_path, pack(PHOTO + END), ending)

    assert found == {"archive": 400}


# Zip


def listed(count=1, *, name=b"a.jpg", offset=0, size=0, method=0):
    """A list of entries of a zip, and its end."""
    entry = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, 0, method, 0, 33, 0, size, size, len(name), 0, 0, 0, 0, 0, offset
    )  # fmt: skip
    entries = (entry + name) * count
    return entries + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(entries), 0, 0)


def test_a_list_of_entries_beyond_its_bound_is_refused_unread(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(listed(1_100, name=b"a" * 0xFFFF))
    tracemalloc.start()
    (item,) = items_of(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert archives.LONGEST_LIST == 16 << 20
    assert peak < 2 << 20
    with pytest.raises(OSError, match=r"The list of entries has 72,139,100 bytes; at most 16,777,216 are read"):
        item.read(imagegate.PROFILES["default"])


@pytest.mark.slow
def test_the_longest_list_of_entries_takes_less_than_200_mb(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(listed(archives.LONGEST_LIST // 46 - 1, name=b""))
    tracemalloc.start()
    next(items_of(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 100 << 20 < peak < 200 << 20


def test_entries_that_overlap_are_refused_and_the_others_read(tmp_path):
    """As in Fifield's zip bomb: every entry of the list leads to the same compressed bytes."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.jpg", SHARP)
        archive.writestr("bomb.jpg", bytes(1 << 16))
        bomb = archive.getinfo("bomb.jpg")
        for number in range(3):
            copy = zipfile.ZipInfo(f"bom{number}.jpg")
            copy.header_offset, copy.compress_type = bomb.header_offset, bomb.compress_type
            copy.CRC, copy.compress_size, copy.file_size = bomb.CRC, bomb.compress_size, bomb.file_size
            archive.filelist.append(copy)

    found = {Path(each.source).name: each.error or each.status for each in imagegate.scan(path)}

    refused = "Overlaps another entry"
    assert found == {"good.jpg": 200} | dict.fromkeys(("bomb.jpg", "bom0.jpg", "bom1.jpg", "bom2.jpg"), refused)


@pytest.mark.parametrize("lie", ["name", "offset", "far", "size", "crc", "method", "length"])
def test_a_list_that_lies_costs_its_entry_alone(tmp_path, lie):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", SHARP)
        archive.writestr("b.jpg", SHARP)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)  # the second entry of the list
    place, value = {
        "name": (46, b"c"), "offset": (42, b"\7\0\0\0"), "far": (42, b"\0\0\0\x7f"), "size": (24, b"\xff\xff\xff\x7f"),
        "crc": (16, b"\0\0\0\0"), "method": (10, b"\x08\0"), "length": (20, b"\x05\0\0\0"),
    }[lie]  # fmt: skip
    data[at + place : at + place + len(value)] = value
    path.write_bytes(data)

    found = {Path(each.source).name: each.error or each.status for each in imagegate.scan(path)}

    if lie != "offset":
        assert found.pop("a.jpg") == 200
    if lie == "size":  # The bytes are those of the checksum, and a length that lies is no harm.
        assert found.pop("b.jpg") == 200
    assert set(found) <= {"a.jpg", "b.jpg", "c.jpg"}
    assert all(str(said).startswith(("The entry is damaged", "Overlaps")) for said in found.values()), found


@given(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8))
def test_whatever_is_written_into_a_zip_is_records(at, data):
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.jpg", bytes(300))
            archive.writestr("b", bytes(range(256)))
        whole = bytearray(file.getvalue())
    whole[at % len(whole) :][: len(data)] = data
    at %= len(whole)
    whole[at : at + len(data)] = data
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.zip")  # noqa: PTH118 - a str is scanned
        Path(path).write_bytes(whole)
        for each in items_of(path):
            try:
                each.read(imagegate.PROFILES["default"])
            except OSError as error:
                assert error.strerror  # noqa: PT017 - what its record says
