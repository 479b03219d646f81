from __future__ import annotations

from pathlib import Path

import pytest

from rollbook.errors import InvalidInput
from rollbook.evaluation.detection import read_boxes
from rollbook.evaluation.protocol import Pair, Role, read_pairs, read_protocol

GOOD = "role,identity,path\nenrol,Ada,a.jpg\nprobe_mated,Ada,b.jpg\nprobe_nonmated,,c.jpg\n"


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "list.csv"
    file.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return file


def test_rows_go_to_their_roles(tmp_path: Path) -> None:
    protocol = read_protocol(written(tmp_path, GOOD))
    assert [row.path for row in protocol.enrol] == ["a.jpg"]
    assert [(row.role, row.identity) for row in protocol.mated] == [(Role.MATED, "Ada")]
    assert [(row.identity, row.path) for row in protocol.nonmated] == [("", "c.jpg")]


@pytest.mark.parametrize(
    "text",
    ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD + "\n,,\n", GOOD.replace(",a", ", a")],
)
def test_what_spreadsheets_do_to_a_file_does_no_harm(tmp_path: Path, text: str) -> None:
    assert read_protocol(written(tmp_path, text)) == read_protocol(written(tmp_path, GOOD))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column role, identity, path"),
        ("role,identity\nenrol,Ada\n", "no column path"),
        ("role,identity,path\n", "enrols nobody"),
        ("role,identity,path\nenroll,Ada,a.jpg\n", "line 2: the role 'enroll'"),
        ("role,identity,path\nenrol,,a.jpg\n", "line 2: the identity is missing"),
        ("role,identity,path\nenrol,Ada,\n", "line 2: the path"),
        (GOOD + "probe_mated,Bob,d.jpg\n", "line 5: a mated probe of somebody who is never"),
        (GOOD + "probe_nonmated,Ada,d.jpg\n", "line 5: a non-mated probe of somebody who is"),
        ("role,identity,path\nenrol,Ada\n", "line 2: the path"),
        (b"role,identity,path\nenrol,\xff\xfe,a.jpg\n", "cannot be read"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_protocol(written(tmp_path, text))


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read as a CSV file"):
        read_protocol(tmp_path / "none.csv")


def test_pairs_say_whether_they_are_the_same(tmp_path: Path) -> None:
    text = "img1,img2,same\na.jpg,b.jpg,1\na.jpg,c.jpg,0\n"
    assert read_pairs(written(tmp_path, text)) == (
        Pair("a.jpg", "b.jpg", True),
        Pair("a.jpg", "c.jpg", False),
    )


@pytest.mark.parametrize("rows", ["a,b,yes", "a,,1", "a,b,1", "a,b,0"])
def test_pairs_that_cannot_be_judged_are_refused(tmp_path: Path, rows: str) -> None:
    with pytest.raises(InvalidInput):
        read_pairs(written(tmp_path, f"img1,img2,same\n{rows}\n"))


def test_boxes_that_are_small_or_invalid_do_not_count(tmp_path: Path) -> None:
    text = "image,x,y,w,h,blur,invalid\np,0,0,30,40,0,0\np,0,0,29,40,0,0\nq,0,0,99,99,0,1\n"
    boxes = read_boxes(written(tmp_path, text))
    assert [face.counts for face in boxes["p"]] == [True, False]
    assert [face.counts for face in boxes["q"]] == [False]
    with pytest.raises(InvalidInput, match="line 2"):
        read_boxes(written(tmp_path, "image,x,y,w,h,invalid\np,0,0,wide,9,0\n"))
