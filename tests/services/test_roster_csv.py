"""Rosters are read as they come out of other programs."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.errors import InvalidInput
from rollbook.services.roster_csv import RosterRow, RowError, read_roster

PLAIN = "external id,name,group\n1,Zoë Müller,7b\n2,Bob,\n"
EXPECTED = [RosterRow(2, "Zoë Müller", "1", "7b"), RosterRow(3, "Bob", "2", None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_encoding_separator_and_line_ends_are_found_out(
    encoding: str, separator: str, ends: str
) -> None:
    text = PLAIN.replace(",", separator).replace("\n", ends)
    assert list(read_roster(text.encode(encoding))) == EXPECTED


@pytest.mark.parametrize(
    "headings",
    [
        "Student ID,Full Name,Class",
        "student_id,NAME,klasse",
        "Roll No.,Student,Team",
        "ID,Name,Section",
    ],
)
def test_headings_come_in_several_spellings(headings: str) -> None:
    assert list(read_roster(PLAIN.replace("external id,name,group", headings).encode())) == EXPECTED


def test_first_and_last_names_are_put_together() -> None:
    rows = list(read_roster(b"Last name;First name;ID\nLovelace;Ada;1\nPele;;2\n"))
    assert [row.name for row in rows if isinstance(row, RosterRow)] == ["Ada Lovelace", "Pele"]


def test_quoted_cells_may_hold_separators_quotes_and_line_breaks() -> None:
    data = b'name,group\n"Lovelace, ""Ada""",7b\n"Two\nlines",7c\nBob,7d\n'
    rows = list(read_roster(data))
    assert [(row.line, row.name) for row in rows if isinstance(row, RosterRow)] == [
        (2, 'Lovelace, "Ada"'),
        (3, "Two lines"),
        (5, "Bob"),
    ]


def test_excels_separator_line_and_empty_lines_are_passed_over() -> None:
    rows = list(read_roster(b"sep=;\n\nname;id\n\nAda;1\n;;\n"))
    assert rows == [RosterRow(5, "Ada", "1")]


def test_unknown_columns_are_left_alone() -> None:
    assert list(read_roster(b"name,shoe size\nAda,37\n")) == [RosterRow(2, "Ada")]


def test_errors_name_their_line_and_the_others_are_still_read() -> None:
    data = b"name,id,until\n,1,\nAda,2,next year\nBob,3,,extra\nCy,4,2027-01-31\n"
    rows = list(read_roster(data))
    assert [(row.line, type(row)) for row in rows] == [
        (2, RowError),
        (3, RowError),
        (4, RowError),
        (5, RosterRow),
    ]
    assert "YYYY-MM-DD" in rows[1].sentence  # type: ignore[union-attr]
    assert rows[3].until == date(2027, 1, 31)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"a,b\n1,2\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"first name,id\nAda,1\n"],
)
def test_what_is_no_roster_is_refused_with_what_is_missing(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"name|text"):
        list(read_roster(data))


def test_a_column_that_comes_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Two columns"):
        list(read_roster(b"name,id,student id\nAda,1,2\n"))


@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_sentence(data: bytes) -> None:
    try:
        rows = list(read_roster(data))
    except InvalidInput as error:
        assert str(error).endswith(".")
    else:
        assert all(isinstance(row, RosterRow | RowError) for row in rows)


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(st.lists(names, max_size=8))
def test_every_name_survives(people: list[str]) -> None:
    lines = ["name;id", *(f'"{name.replace(chr(34), chr(34) * 2)}";x' for name in people)]
    rows = list(read_roster("\n".join(lines).encode("utf-8-sig")))
    assert [row.name for row in rows if isinstance(row, RosterRow)] == people
