"""Archives: planned without unpacking, and the hostile ones refused."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping

import pytest

from rollbook.errors import InvalidInput, UnreadableImage
from rollbook.services.archive import (
    LARGEST_LIST,
    PhotoArchive,
    find_photo,
    plan_archive,
    shown,
)

SUFFIXES = frozenset({".jpg", ".png"})


def made(files: Mapping[str, bytes], **options: object) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:  # type: ignore[arg-type]
        for name, data in files.items():
            archive.writestr(name, data)
    return stream


def people(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    plan = plan_archive(PhotoArchive(made(files)), SUFFIXES)
    return {person.name: [file.name for file in person.files] for person in plan.people}


def codes(files: Mapping[str, bytes]) -> list[str]:
    return [one.code for one in plan_archive(PhotoArchive(made(files)), SUFFIXES).refused]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], {}),
        (["Ada/1.jpg", "Ada/2.PNG", "Bob.jpg"], {"Ada": ["1.jpg", "2.PNG"], "Bob": ["Bob.jpg"]}),
        (["photos/Ada/1.jpg", "photos/Bob/1.jpg"], {"Ada": ["1.jpg"], "Bob": ["1.jpg"]}),
        (["Ada/1.jpg"], {"Ada": ["1.jpg"]}),
        (
            ["__MACOSX/Ada/._1.jpg", ".hidden/1.jpg", "Ada/.DS_Store", "Ada/1.jpg"],
            {"Ada": ["1.jpg"]},
        ),
        (["Ada/notes.txt", "Ada/Thumbs.db"], {}),
        (["مريم/1.jpg", "渡辺 さくら/1.jpg"], {"مريم": ["1.jpg"], "渡辺 さくら": ["1.jpg"]}),
        (["Ada\\1.jpg"], {"Ada": ["1.jpg"]}),
    ],
)
def test_who_is_in_an_archive(names: list[str], expected: dict[str, list[str]]) -> None:
    assert people(dict.fromkeys(names, b"x")) == expected


def test_two_ways_to_write_one_name_are_one_name_twice() -> None:
    files = {"e\u0301mile/1.jpg": b"1", "\u00e9mile/1.jpg": b"2"}
    assert people(files) == {}
    assert codes(files) == ["same_name", "same_name"]


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "Ada/../../evil.jpg", "/etc/evil.jpg", "C:\\evil.jpg", "..\\evil.jpg"]
)
def test_paths_that_lead_out_are_refused(name: str) -> None:
    assert people({name: b"x", "Ada/1.jpg": b"y"}) == {"Ada": ["1.jpg"]}
    assert codes({name: b"x"}) == ["outside_the_folder"]


def test_links_are_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("Ada/1.jpg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    (refused,) = plan_archive(PhotoArchive(stream), SUFFIXES).refused
    assert refused.code == "outside_the_folder"


def test_huge_and_strange_names_are_refused_and_cut_when_shown() -> None:
    (refused,) = plan_archive(PhotoArchive(made({f"{'x' * 5000}/1.jpg": b"x"})), SUFFIXES).refused
    assert refused.code == "bad_name"
    assert len(refused.what) <= 81
    assert shown(("a\u202eb\n",)) == "a?b?"


def test_the_same_file_twice_is_taken_once() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("Ada/1.jpg", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("Ada/1.jpg", b"2")
    plan = plan_archive(PhotoArchive(stream), SUFFIXES)
    assert len(plan.people[0].files) == 1
    assert [one.code for one in plan.refused] == ["same_name"]


def test_a_bomb_is_refused_without_being_unpacked() -> None:
    stream = made({"Ada/1.jpg": bytes(30_000_000)}, compression=zipfile.ZIP_DEFLATED)
    plan = plan_archive(PhotoArchive(stream), SUFFIXES)
    assert plan.people == ()
    assert "unpacks to far more" in plan.refused[0].sentence


def test_a_file_that_is_larger_than_the_archive_says_is_not_read_on() -> None:
    stream = made({"Ada/1.jpg": bytes(5_000_000)}, compression=zipfile.ZIP_DEFLATED)
    archive = PhotoArchive(stream)
    (member,) = archive.members.values() if archive.members else (None,)
    assert member is None  # too dense
    stream = made({"Ada/1.jpg": b"x" * 2000})
    archive = PhotoArchive(stream)
    (kept,) = archive.members.values()
    with pytest.raises(UnreadableImage, match="too large"):
        archive.read(kept, limit=1000)


def locked() -> bytes:
    data = bytearray(made({"Ada/1.jpg": b"x"}).getvalue())
    for place in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[place] |= 1
    return bytes(data)


def long_list() -> bytes:
    data = bytearray(made({"a": b"x"}).getvalue())
    struct.pack_into("<I", data, data.rfind(b"PK\x05\x06") + 12, LARGEST_LIST + 1)
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: b"", "not a ZIP"),
        (lambda: b"\x00" * 100, "not a ZIP"),
        (lambda: b"PK\x05\x06", "not a ZIP"),
        (lambda: made({"a": b"x"}).getvalue()[:-5], "not a ZIP"),
        (locked, "password"),
        (long_list, "more than"),
    ],
)
def test_what_is_no_archive_or_a_locked_or_lying_one_is_refused(
    make: Callable[[], bytes], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        PhotoArchive(io.BytesIO(make()))


def test_a_damaged_file_is_refused_alone() -> None:
    data = bytearray(made({"Ada/1.jpg": b"x" * 500, "Bob/1.jpg": b"y"}).getvalue())
    data[60:80] = bytes(20)
    archive = PhotoArchive(io.BytesIO(bytes(data)))
    first, second = archive.members.values()
    with pytest.raises(UnreadableImage, match="damaged"):
        archive.read(first)
    assert archive.read(second) == b"y"


def test_a_table_s_photographs_are_found_beside_it_or_by_their_name_alone() -> None:
    files = {"x/list.csv": b"", "x/p/1.jpg": b"1", "y/2.jpg": b"2", "z/3.jpg": b"3", "w/3.jpg": b""}
    archive = PhotoArchive(made(files))
    table = archive.table()
    assert table is not None
    beside = table.parts[:-1]
    assert find_photo(archive, beside, "p/1.jpg").content() == b"1"
    assert find_photo(archive, beside, "p\\1.jpg").content() == b"1"
    assert find_photo(archive, beside, "2.jpg").content() == b"2"
    for photo, said in (("3.jpg", "several"), ("4.jpg", "no file"), ("../x", "no file")):
        with pytest.raises(InvalidInput, match=said):
            find_photo(archive, beside, photo)
    with pytest.raises(InvalidInput, match="Upload the archive"):
        find_photo(None, (), "1.jpg")


def test_several_tables_are_refused() -> None:
    with pytest.raises(InvalidInput, match="several tables"):
        PhotoArchive(made({"a.csv": b"", "b.csv": b""})).table()


def test_a_file_without_a_name_is_left_out() -> None:
    whole = made({"Ada/1.jpg": b"x", "?": b"y"}).getvalue()
    nameless = whole.replace(b"?", b"\0")
    archive = PhotoArchive(io.BytesIO(nameless))
    assert [info.filename for info in archive._zip.infolist()] == ["Ada/1.jpg", ""]
    assert list(archive.members) == [("Ada", "1.jpg")]
