"""The CSV file: what stands in it, and that no name becomes a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from months import APRIL, make_group, make_register, make_sessions, pattern, weekdays

from rollbook.domain.attendance import Method, Status
from rollbook.domain.month import MonthRegister
from rollbook.reports.csv_file import cell, month_csv
from rollbook.reports.rows import HEADINGS


def read(register: MonthRegister) -> list[dict[str, str]]:
    data = month_csv(register)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_month_without_sessions_says_so() -> None:
    (row,) = read(make_register())
    assert (row["date"], row["session"], row["name"]) == ("2025-04", "no sessions", "")


def test_a_row_holds_what_the_register_says_in_local_time() -> None:
    days = weekdays(APRIL)[:1]
    group = make_group(["Ada"], make_sessions(days), status=lambda _p, _s: Status.LEFT_EARLY)
    assert read(make_register(group)) == [
        {
            "date": "2025-04-01",
            "weekday": "Tuesday",
            "group": "8A",
            "session": "Lesson",
            "starts": "2025-04-01T08:00:00+02:00",
            "ends": "2025-04-01T08:45:00+02:00",
            "external_id": "1000",
            "name": "Ada",
            "status": "left_early",
            "arrived": "2025-04-01T08:00:00+02:00",
            "left": "2025-04-01T08:45:00+02:00",
            "method": "face",
            "rule": "a rule",
            "reason": "",
            "invented": "no",
        }
    ]


def test_there_is_one_row_a_person_and_session_and_none_where_nobody_was_expected() -> None:
    sessions = make_sessions(weekdays(APRIL))
    group = make_group(
        ["Ada", "Bob", "New"],
        sessions,
        status=lambda p, s: None if p == 2 and s < 10 else pattern(p, s),
    )
    rows = read(make_register(group))
    assert len(rows) == 3 * len(sessions) - 10
    assert list(rows[0]) == list(HEADINGS)
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)


def test_invented_rows_say_so_each() -> None:
    sessions = make_sessions(weekdays(APRIL)[:2])
    real = make_group(["Ada"], sessions)
    invented = make_group(["Eva"], sessions, invented=True, name="9B")
    rows = read(make_register(real, invented))
    assert [row["invented"] for row in rows] == ["no", "no", "yes", "yes"]
    cells = tuple(c and replace(c, method=Method.INVENTED) for c in real.people[0].cells)
    by_method = replace(real, people=(replace(real.people[0], cells=cells),))
    assert {row["invented"] for row in read(make_register(by_method))} == {"yes"}


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+49 170", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "  =1", "'x"],
)
def test_a_text_that_a_spreadsheet_could_run_gets_an_apostrophe(name: str) -> None:
    assert cell(name) == f"'{name}"


@given(st.text(max_size=30))
def test_no_cell_begins_like_a_formula_and_every_text_can_be_had_back(text: str) -> None:
    shown = cell(text)
    assert shown[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert shown.removeprefix("'") == text


def test_names_with_quotes_commas_line_breaks_and_any_script_come_back() -> None:
    names = ['O"Neil, "Q"', "a\nb", "محمد", "王小明", "Ada 😀", "../../etc", "x" * 300, "\ud800"]
    group = make_group(names, make_sessions(weekdays(APRIL)[:1]))
    assert [row["name"] for row in read(make_register(group))] == [*names[:-1], "?"]
