"""The workbook, read back: formulas, what they give, names that are no formulas."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from months import APRIL, make_group, make_register, make_sessions, pattern, weekdays
from openpyxl import Workbook, load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.utils.escape import unescape

from rollbook.domain.attendance import Status
from rollbook.domain.month import GroupMonth, MonthRegister
from rollbook.domain.totals import Totals
from rollbook.languages.writing import Words
from rollbook.reports import xlsx
from rollbook.reports.letters import letter_of
from rollbook.reports.rows import headings
from rollbook.reports.xlsx import month_xlsx

HEAD, FIRST = 7, 4  # first row and column of the grid, counted from 1


def read(register: MonthRegister, *, results: bool = False) -> Workbook:
    return load_workbook(io.BytesIO(month_xlsx(register)), data_only=results)


@cache
def small_group() -> GroupMonth:
    def status(person: int, session: int) -> Status | None:
        if person == 2 and session < 9:
            return None
        return Status.OPEN if session == 21 and person < 2 else pattern(person, session)

    return make_group(["Ada", "Bob", "New", "Eve"], make_sessions(weekdays(APRIL)), status=status)


def compute(sheet: Any, formula: str) -> float | str:
    """Compute the few formulas that the grid uses, from the cells, as a spreadsheet would."""
    text = formula.removeprefix("=")
    condition = re.fullmatch(r'IF\((.+?)=0,"",\((.+)\)/\((.+)\)\)', text)
    if condition:
        whole, part, rest = (compute(sheet, piece) for piece in condition.groups())
        return "" if whole == 0 else float(part) / float(rest)
    total = 0.0
    for term in text.split("+"):
        total += _term(sheet, term)
    return total


def _term(sheet: Any, term: str) -> float:
    count = re.fullmatch(r'COUNTIF\(([A-Z0-9:]+),"(~?.)"\)', term)
    if count:
        wanted = count[2].removeprefix("~")
        return sum(value == wanted for value in _values(sheet, count[1]))
    total = re.fullmatch(r"SUM\(([A-Z0-9:]+)\)", term)
    if total:
        return sum(float(compute(sheet, value)) for value in _values(sheet, total[1]))
    value = sheet[term].value
    return float(compute(sheet, value) if str(value).startswith("=") else value)


def _values(sheet: Any, area: str) -> list[Any]:
    left, top, right, bottom = range_boundaries(area)
    rows = sheet.iter_rows(min_row=top, max_row=bottom, min_col=left, max_col=right)
    return [cell.value for row in rows for cell in row]


def formulas(sheet: Any) -> dict[str, str]:
    return {
        cell.coordinate: cell.value
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def test_every_formula_gives_the_result_that_is_in_the_file() -> None:
    register = make_register(small_group())
    sheet = read(register)["8A"]
    results = read(register, results=True)["8A"]
    found = formulas(sheet)
    assert len(found) == 4 * 7 + 22 * 3 + 7
    for place, formula in found.items():
        computed, kept = compute(sheet, formula), results[place].value
        assert (computed or 0) == pytest.approx(kept or 0), (place, formula)


def test_the_totals_of_a_person_are_those_of_the_register() -> None:
    group = small_group()
    sheet = read(make_register(group), results=True)["8A"]
    end = FIRST + 30
    for row, person in enumerate(group.people, HEAD):
        counts = [sheet.cell(row, end + n).value for n in range(6)]
        assert Totals(*counts) == person.totals
        share = sheet.cell(row, end + 6).value
        assert share == pytest.approx(person.totals.attended / person.totals.counted)
    sums = [sheet.cell(HEAD + 4, end + n).value for n in range(6)]
    assert Totals(*sums) == group.totals


def test_the_grid_shows_letters_below_days_and_nothing_where_nobody_was_expected() -> None:
    group = small_group()
    sheet = read(make_register(group))["8A"]
    days = [sheet.cell(HEAD - 2, FIRST + n).value for n in range(30)]
    assert days == list(range(1, 31))
    by_day = {session.business_date.day: n for n, session in enumerate(group.sessions)}
    for row, person in enumerate(group.people, HEAD):
        for day in days:
            shown = sheet.cell(row, FIRST + day - 1).value
            cell = person.cells[by_day[day]] if day in by_day else None
            assert shown == (letter_of(cell.status, Words()) if cell else None)


def test_the_sheet_is_set_up_for_reading_and_printing() -> None:
    sheet = read(make_register(small_group()))["8A"]
    assert sheet.freeze_panes == "D7"
    assert sheet.page_setup.orientation == "landscape"
    assert str(sheet.page_setup.paperSize) == "9"
    assert sheet.print_title_rows == "$4:$6"
    assert sheet["A1"].value == "8A"
    said = " ".join(str(cell.value) for row in sheet.iter_rows(min_row=12) for cell in row)
    assert "P = present" in said and "excused - open" in said


def test_all_rows_are_on_one_sheet_with_dates_as_dates() -> None:
    register = make_register(small_group())
    sheet = read(register)["All rows"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == headings(Words())
    assert len(rows) - 1 == sum(1 for _ in register.rows())
    assert f"{rows[1][0]:%Y-%m-%d}" == "2025-04-01"
    assert f"{rows[1][4]:%H:%M}" == "08:00"
    assert {row[-1] for row in rows[1:]} == {"no"}


NASTY = ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "＝1", "http://example.org", "'x", "{=1}", "1"]


def test_names_that_look_like_formulas_are_texts_and_stay_texts_when_edited() -> None:
    group = make_group(NASTY, make_sessions(weekdays(APRIL)[:1]), name="=1+1")
    book = read(make_register(group))
    sheet = book["=1+1"]
    shown = [sheet.cell(HEAD + n, 2) for n in range(len(NASTY))]
    assert [cell.value for cell in shown] == NASTY
    assert {cell.data_type for cell in shown} == {"s"}
    assert [cell.quotePrefix for cell in shown] == [True] * 6 + [False] * 4
    assert sheet["A1"].data_type == "s"
    assert not formulas(book["All rows"]) and not formulas(book["About"])


def test_sheets_of_groups_with_awkward_names_are_all_there() -> None:
    sessions = make_sessions(weekdays(APRIL)[:1])
    names = ["8A", "8a", "a/b:c" * 20, "About", "All rows", "'", "王😀" * 30]
    groups = [make_group(["Ada"], sessions, name=name) for name in names]
    book = read(make_register(*groups))
    assert len(book.sheetnames) == len(names) + 2
    assert [book[name]["A1"].value for name in book.sheetnames[: len(names)]] == names


def test_a_month_without_sessions_is_a_workbook_that_says_so() -> None:
    book = read(make_register(idle=["8A"]))
    assert book.sheetnames == ["All rows", "About"]
    said = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    assert said["Sessions"] == "There were no sessions in April 2025."
    assert said["Without sessions"] == "8A"
    assert said["Site"] == "Lindenschule Bergfelde"


def test_invented_data_are_marked_on_every_sheet_and_row() -> None:
    group = make_group(["Eva"], make_sessions(weekdays(APRIL)[:2]), invented=True)
    book = read(make_register(group))
    assert all("INVENTED" in sheet.oddHeader.center.text for sheet in book)
    assert "INVENTED" in book["8A"]["A2"].value
    assert [row[-1] for row in book["All rows"].iter_rows(min_row=2, values_only=True)] == [
        "yes"
    ] * 2
    assert "INVENTED" in str([row[1] for row in book["About"].iter_rows(values_only=True)])


def test_what_xml_cannot_hold_does_not_break_the_file() -> None:
    group = make_group(
        ["a\x00\x1fb\ufffe\uffff\ud800", "x" * 40_000], make_sessions(APRIL.days[:1])
    )
    sheet = read(make_register(group))["8A"]
    assert sheet.cell(HEAD, 2).value.endswith("b���")
    assert len(sheet.cell(HEAD + 1, 2).value) == 32_000


def test_groups_without_people_are_written(tmp_path: Path) -> None:
    group = make_group([], make_sessions(weekdays(APRIL)[:1]))
    assert not formulas(read(make_register(group))["8A"])


def test_nothing_is_written_to_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    data = month_xlsx(make_register(small_group()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None


ODD = ["a\x01b", "_x0041_", " blanks ", "two\nlines", "<&>\"'", "😀", "x" * 40_000, "\ud800", "=1"]


def test_all_rows_hold_every_text_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS_A_SHEET", 6)
    group = make_group(ODD, make_sessions(weekdays(APRIL)[:1]))
    book = load_workbook(io.BytesIO(month_xlsx(make_register(group))))
    assert book.sheetnames == ["8A", "All rows", "All rows 2", "About"]
    cells = [c for name in book.sheetnames[1:3] for c in list(book[name].columns)[7][1:]]
    held = [unescape(cell.value) for cell in cells]  # as Excel reads it, and openpyxl does not
    assert held == [*ODD[:6], "x" * 32_000, "\ufffd", "=1"]
    assert all(cell.data_type == "s" for cell in cells)
    assert cells[-1].quotePrefix and not cells[0].quotePrefix
    assert book["All rows 2"].auto_filter.ref == "A1:O4"
