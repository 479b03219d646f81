"""Hours as CSV, workbook and PDF: the same numbers in each, by formula where one computes."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from months import BERLIN
from openpyxl import load_workbook
from pypdf import PdfReader

from rollbook.domain.hours import HoursBook, PersonHours, Stamp, Way, pair
from rollbook.domain.month import Month, Person
from rollbook.reports.hours_rows import hours_csv
from rollbook.reports.hours_xlsx import hours_xlsx
from rollbook.reports.pdf import hours_pdf


def day_of(number: int, *times: tuple[float, Way]):  # type: ignore[no-untyped-def]
    start = datetime(2025, 3, number, tzinfo=UTC)
    return pair(
        date(2025, 3, number), [Stamp(start + timedelta(hours=at), way) for at, way in times]
    )


@pytest.fixture
def book() -> HoursBook:
    """Ada has two days, one without an out; Bob works in the night in which clocks change."""
    ada = PersonHours(
        Person("a", "=Ada", "17"),
        (
            day_of(3, (7, Way.IN), (11, Way.OUT), (11.5, Way.IN), (16.25, Way.OUT)),
            day_of(4, (7, Way.IN), (16, Way.IN)),
        ),
    )
    bob = PersonHours(Person("b", "محمد علي"), (day_of(29, (21, Way.IN), (28, Way.OUT)),))
    made = datetime(2025, 4, 2, tzinfo=UTC)
    people = (ada, bob, PersonHours(Person("c", "Zoe"), ()))
    return HoursBook("Office", BERLIN, Month(2025, 3), made, people, False)


def test_csv_has_a_row_a_day_with_what_is_unpaired(book: HoursBook) -> None:
    rows = list(csv.DictReader(io.StringIO(hours_csv(book).decode("utf-8-sig"))))
    assert [(r["name"], r["date"], r["hours"], r["unpaired"]) for r in rows] == [
        ("'=Ada", "2025-03-03", "8:45", ""),
        ("'=Ada", "2025-03-04", "0:00", "in 08:00, in 17:00"),
        ("محمد علي", "2025-03-29", "7:00", ""),
    ]
    assert rows[0]["times"] == "08:00–12:00, 12:30–17:15"
    assert rows[2]["came"] == "2025-03-29T22:00:00+01:00"
    assert rows[2]["went"] == "2025-03-30T06:00:00+02:00"


def test_the_workbook_sums_by_formula(book: HoursBook) -> None:
    data = hours_xlsx(book)
    sheet = load_workbook(io.BytesIO(data))["Hours"]
    assert sheet["D2"].value == "=COUNTIF(Days!$A$2:$A$4,A2)"
    assert sheet["E2"].value == "=SUMIF(Days!$A$2:$A$4,A2,Days!$H$2:$H$4)"
    assert (sheet["E5"].value, sheet.freeze_panes) == ("=SUM(E2:E4)", "C2")
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=Ada", "s")
    kept = load_workbook(io.BytesIO(data), data_only=True)["Hours"]
    assert [kept[f"D{n}"].value for n in (2, 3, 4)] == [2, 1, 0]
    # openpyxl reads a duration
    assert [kept[f"E{n}"].value for n in (2, 3, 5)] == [
        timedelta(hours=8, minutes=45),
        timedelta(hours=7),
        timedelta(hours=15, minutes=45),
    ]
    assert [kept[f"F{n}"].value for n in (2, 3, 5)] == [2, 0, 2]


def test_the_pdf_has_sums_and_a_page_for_each_who_has_times(book: HoursBook) -> None:
    reader = PdfReader(io.BytesIO(hours_pdf(book)))
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert len(pages) == 3
    assert "2 times have no partner." in pages[0] and "8:45" in pages[0] and "Zoe" in pages[0]
    assert "Mon, Mar 3, 2025 08:00–12:00, 12:30–17:15 8:45" in pages[1]
    assert "in 08:00, in 17:00" in pages[1] and "8:45 hours on 2 days" in pages[1]
    assert "22:00–06:00 (+1)" in pages[2] and "7:00" in pages[2]


def test_nobody_is_a_file_all_the_same() -> None:
    made = datetime(2025, 4, 2, tzinfo=UTC)
    nobody = HoursBook("Office", BERLIN, Month(2025, 3), made, (), False)
    assert hours_csv(nobody).decode("utf-8-sig").count("\r\n") == 1
    assert load_workbook(io.BytesIO(hours_xlsx(nobody))).sheetnames == ["Hours", "Days", "About"]
    assert len(PdfReader(io.BytesIO(hours_pdf(nobody))).pages) == 1
