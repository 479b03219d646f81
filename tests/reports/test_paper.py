"""Lists on paper: every name, in any script, on as many pages as are needed."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from rollbook.reports.paper import PaperList, PaperWords, paper_pdf

WORDS = PaperWords(
    name="Name",
    present="present",
    late="late",
    excused="excused",
    absent="absent",
    left_early="left early",
    remark="Remark",
    signature="Taken by:",
    hint="Tick one box.",
    made="Rollbook",
)
MADE = datetime(2026, 3, 2, tzinfo=UTC)


def read(*lists: PaperList) -> PdfReader:
    return PdfReader(io.BytesIO(paper_pdf(lists, WORDS, MADE)))


@pytest.mark.parametrize(("people", "pages"), [(0, 1), (1, 1), (37, 1), (38, 2), (200, 6)])
def test_a_class_fits_on_a_page_and_more_on_more(people: int, pages: int) -> None:
    names = tuple(f"Person {number}" for number in range(people))
    found = read(PaperList("Maths", "Monday", names))
    assert len(found.pages) == pages
    text = " ".join(page.extract_text() for page in found.pages)
    assert all(name in text for name in names)


def test_each_session_begins_on_a_page_of_its_own() -> None:
    found = read(*(PaperList(f"Class {n}", "Monday", ("Ada",)) for n in range(3)))
    assert [f"Class {n}" in page.extract_text() for n, page in enumerate(found.pages)] == [True] * 3


def test_names_of_any_script_and_length_are_drawn() -> None:
    names = ("فاطمة الزهراء", "李小龍", "Đặng Thị Ngọc", "W" * 300, "😀")
    assert len(read(PaperList("T" * 300, "Monday", names, frozenset({1}))).pages) == 1
