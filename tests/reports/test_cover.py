"""Cover and pages of people at risk, read back and compared with the register."""

from __future__ import annotations

import io
from datetime import date

from months import APRIL, make_group, make_register, make_sessions, pattern, weekdays
from openpyxl import load_workbook
from pypdf import PdfReader

from rollbook.domain.attendance import Status
from rollbook.domain.month import Days, MonthRegister, Period
from rollbook.domain.totals import Totals
from rollbook.reports.pdf import month_pdf
from rollbook.reports.xlsx import month_xlsx

TERM = Days(date(2025, 1, 7), date(2025, 3, 14), "Spring term")
NAMES = ["Ada Lovelace", "Bob", "Eve", "Zoe"]


def statuses(person: int, session: int) -> Status | None:
    """Bob stays away from the twelfth session on."""
    return Status.ABSENT if person == 1 and session > 10 else pattern(person, session)


def register(period: Period = APRIL, names: list[str] | None = None) -> MonthRegister:
    days = [day for day in period.days if day.weekday() < 5]
    group = make_group(names or NAMES, make_sessions(days), status=statuses)
    return make_register(group, month=period)  # type: ignore[arg-type]


def pages(of: MonthRegister) -> list[str]:
    reader = PdfReader(io.BytesIO(month_pdf(of)))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def test_the_cover_tells_the_same_as_the_rows() -> None:
    one = register()
    totals = Totals.of(row.record.status for row in one.rows())
    cover = pages(one)[0]
    assert f"{totals.percent} %" in cover and "Attendance register" in cover
    assert "1 group " in cover and "4 people" in cover
    assert f"{len(weekdays(APRIL))} sessions" in cover
    for letter, status in (("P", "present"), ("A", "absent"), ("X", "excused")):
        assert f"{letter} {status} {getattr(totals, status)}" in cover


def test_who_is_at_risk_has_a_page_with_reasons_in_words() -> None:
    one = register()
    [bob] = [text for text in pages(one) if "Why somebody should look" in text]
    line = one.groups[0].people[1]
    row = len(one.groups[0].sessions) - 11
    assert "Bob" in bob and "id 1001" in bob
    assert f"Attendance is {line.totals.percent} %, below 85 %" in bob
    assert f"{line.totals.absent} of {line.totals.counted} sessions were missed" in bob
    assert f"The last {row} sessions in a row" in bob
    assert f"{line.totals.absent} absent" in bob


def test_a_register_of_one_person_has_their_page_without_reasons() -> None:
    only = pages(register(names=["Ada Lovelace"]))[-1]
    assert "Ada Lovelace" in only and "Attendance in % by week" in only
    assert "Why somebody" not in only


def test_a_term_has_a_grid_for_each_month_with_totals_of_all_days() -> None:
    one = register(TERM)
    grids = [text for text in pages(one) if "all days" in text]
    assert [m in text for m, text in zip(("January", "February", "March"), grids, strict=True)] == [
        True
    ] * 3
    totals = one.groups[0].people[0].totals
    for grid in grids:
        assert "Spring term, Jan 7, 2025 to Mar 14, 2025" in grid
        assert f"{totals.present} {totals.late} {totals.left_early}" in grid


def test_the_workbook_of_a_term_names_its_months_and_counts_by_formula() -> None:
    book = load_workbook(io.BytesIO(month_xlsx(register(TERM))))
    sheet = book["8A"]
    above = [cell.value for cell in sheet[3] if cell.value]
    assert above == ["January 2025", "February 2025", "March 2025"]
    formulas = [c.value for c in sheet[7] if isinstance(c.value, str) and c.value.startswith("=")]
    assert len(formulas) == 7 and formulas[0].startswith("=COUNTIF(D7:")
    assert sheet.freeze_panes == "D7"
    assert [cell.value for cell in book["About"]["A"]][1] == "Days"


def test_nobody_is_at_risk_where_nothing_counts_yet() -> None:
    group = make_group(["Ada"], make_sessions(weekdays(APRIL)), status=lambda *_: Status.OPEN)
    found = pages(make_register(group))
    assert "nothing counts yet" in found[0] and "0 people who need a look" in found[0]
