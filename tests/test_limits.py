"""What is longer, or more, than anybody sends is refused or not read on, at a stated limit."""

import io
import json

import pytest

import imagegate
from imagegate import explanation, heif
from imagegate.bodies import paths
from imagegate.cli import saved
from imagegate.inheritance import MOST_DOTS
from imagegate.scanning import tables
from imagegate.web.parts import MOST_PARTS, picture_of
from imagegate.web.refusals import Refused
from imagegate.words import LONGEST, choose
from tests.hostile import FILE_TYPE, TAKES_HEIC, box


def har(*entries):
    return json.dumps({"log": {"entries": entries}}).encode()


ENTRY = {"response": {"status": 400, "headers": [{"name": "Retry-After", "value": "7"}], "content": {"text": "{}"}}}


@pytest.fixture
def file(tmp_path):
    def written(data):
        path = tmp_path / "saved.har"
        path.write_bytes(data)
        return str(path)

    return written


def test_a_har_file_of_more_entries_than_a_browser_saves_is_refused(file, monkeypatch):
    monkeypatch.setattr(saved, "MOST_ENTRIES", 2)

    assert len([*saved.saved(file(har(ENTRY, ENTRY)), None, []).answers]) == 2
    with pytest.raises(saved.Misuse, match="more than 2 entries"):
        saved.saved(file(har(ENTRY, ENTRY, ENTRY)), None, [])


def test_of_many_entries_that_cannot_be_read_the_first_are_named_and_the_others_counted(file, capsys):
    bad = {"response": 1}
    answers = [*saved.saved(file(har(*[bad] * (saved.MOST_COMPLAINTS + 3), ENTRY)), None, []).answers]
    lines = capsys.readouterr().err.splitlines()

    assert [answer.status for answer in answers] == [400]
    assert len(lines) == saved.MOST_COMPLAINTS + 1
    assert lines[-1].endswith("3 more entries cannot be read")


def test_headers_of_a_har_entry_that_no_server_sends_are_left_out(file):
    long = {"response": {**ENTRY["response"], "headers": [{"name": "a", "value": "b" * saved.LONGEST_HEADERS}]}}
    short, without = saved.saved(file(har(ENTRY, long)), None, []).answers

    assert short.headers == [("Retry-After", "7")]
    assert without.headers == []


def test_a_saved_head_that_curl_would_not_read_is_none(file):
    head = b"HTTP/1.1 429 Too Many\nA: %s\n\n{}"
    (short,) = saved.saved(file(head % b"b"), None, []).answers
    (long,) = saved.saved(file(head % (b"b" * saved.LONGEST_HEAD)), None, []).answers

    assert (short.status, long.status) == (429, None)


def test_of_heads_in_a_row_no_more_are_read_than_curl_follows(file):
    (answer,) = saved.saved(file(b"HTTP/1.1 302 Found\n\n" * (saved.MOST_HEADS + 2)), None, []).answers

    assert answer.body.count(b"HTTP") == 2


def test_headers_of_an_answer_beyond_the_limit_are_not_read():
    others = [(f"a{number}", "b") for number in range(explanation.MOST_HEADERS)]

    assert imagegate.explain(503, None, [*others[1:], ("Retry-After", "7")]).retry_after == 7
    assert imagegate.explain(503, None, [*others, ("Retry-After", "7")]).retry_after is None


def test_a_path_in_an_answer_that_no_field_has_is_no_pointer():
    name = "a" * (paths.LONGEST - 2)

    assert paths.pointer_of(f"a.{name}") == f"/a/{name}"
    assert paths.pointer_of(f"a.{name}b") is None


def test_languages_beyond_the_limit_are_not_read():
    others = "xx," * (LONGEST // 3)

    assert choose(f"{others[: LONGEST - 4]}de") == "de"
    assert choose(f"{others}de") == "en"
    assert choose(f"fr,{others}de") == "fr"


def test_a_language_that_the_limit_cuts_through_is_not_read():
    assert choose(" " * (LONGEST - 3) + "de,fr") == "de"
    assert choose(" " * (LONGEST - 3) + "de-AT") == "en"


def codes(data):
    return [finding.cause.code for finding in imagegate.check(data, policy=TAKES_HEIC).findings]


def message(data):
    return imagegate.check(data, policy=TAKES_HEIC).findings[0].message


def test_a_heic_of_more_boxes_than_photos_have_is_refused_unread():
    pytest.importorskip("pillow_heif", reason="needs the extra imagegate[heif]")
    few, many = (FILE_TYPE + box(b"free", b"") * count for count in (heif._MOST_BOXES - 1, heif._MOST_BOXES))  # noqa: SLF001

    assert codes(many) == ["image_corrupt"]
    assert "boxes" not in message(few)
    assert message(many) == "The HEIC file has more than 1,000 boxes."


@pytest.mark.parametrize("length", [b"\0\0\0\1", b"\0\0\0\0"], ids=["wide", "to the end"])
def test_a_heic_with_a_box_that_is_longer_than_photos_need_is_refused_unread(length):
    pytest.importorskip("pillow_heif", reason="needs the extra imagegate[heif]")
    body = length + b"meta" + (1 << 21).to_bytes(8, "big") + bytes(1 << 21)

    assert message(FILE_TYPE + body) == "A box of the HEIC file is longer than any photo needs."


def rows(data, column="image"):
    items = tables.KINDS[".csv"]("a.csv", io.BytesIO(data), column, imagegate.Policy())
    return [item.source for item in items]


def test_a_heading_of_csv_longer_than_a_row_beside_its_picture_names_no_column():
    assert rows(b"a," * 1000 + b"image\n" + b"," * 1000 + b"/9j/\n") == ["a.csv:2"]
    assert rows(b"a," * tables.OTHER_CELLS + b"image\n" + b"/9j/\n") == ["a.csv"]


def test_quotes_behind_the_picture_of_a_row_do_not_matter():
    (item,) = tables.KINDS[".csv"]("a.csv", io.BytesIO(b'image,note\nAAAA,"a"b"\n'), "image", imagegate.Policy())

    assert item.read(imagegate.Policy()).image == "AAAA"


def test_a_line_of_a_policy_with_more_dots_than_a_key_has_is_refused():
    with pytest.raises(ValueError, match="a line of TOML has at most 200 dots"):
        imagegate.Policy.from_toml("a" + ".a" * (MOST_DOTS + 1) + " = 1")


def test_a_form_of_more_boundaries_than_parts_are_taken_is_refused_unparsed():
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    with pytest.raises(Refused, match="content_type_unsupported"):
        picture_of("multipart/form-data; boundary=b", bytearray(part * (MOST_PARTS + 1) + b"--b--\r\n"))
    with pytest.raises(Refused, match="image_missing"):
        picture_of("multipart/form-data; boundary=b", bytearray(part * MOST_PARTS + b"--b--\r\n"))
