"""Reports in German: every format, with names that attack, and what stays for programs."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from itertools import pairwise

import pytest
from months import APRIL, make_group, make_register, make_sessions, weekdays
from openpyxl import load_workbook
from pypdf import PdfReader

from rollbook.domain.attendance import Status
from rollbook.domain.month import MonthRegister
from rollbook.errors import InvalidInput
from rollbook.reports.formats import RENDERERS

HOSTILE = ["=HYPERLINK(1)", "+1", "-1", "@x", "＝1", "'x", "Alle Zeilen", "F", "%(share)s"]
COVERED = "Anwesenheitsbuch Anwesenheit Gruppe Personen Stunden Einträge nach Status abwesend"


class Stopped(Exception):
    """Stands for a person who stops the work."""


def at_risk(person: int, session: int) -> Status:
    """Let the first person miss every second session."""
    return Status.ABSENT if person == 0 and session % 2 else Status.PRESENT


def register(name: str = "8A") -> MonthRegister:
    group = make_group(HOSTILE, make_sessions(weekdays(APRIL)), status=at_risk, name=name)
    first = group.people[1]
    erased = replace(first, person=replace(first.person, name="erased person", erased=True))
    people = (group.people[0], erased, *group.people[2:])
    return make_register(replace(group, people=people), idle=["9C"])


def pages(data: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(data)).pages]


def test_a_german_pdf_says_nothing_in_english() -> None:
    data = RENDERERS["pdf"](register(), "de", None)
    assert PdfReader(io.BytesIO(data)).root_object["/Lang"] == "de"
    cover, grid, idle, person = pages(data)
    for said in COVERED.split():
        assert said in cover
    assert "8A April 2025" in grid and "leer: keine Stunde" in grid and "gelöschte Person" in grid
    assert "Keine Stunden (April 2025): 9C" in idle
    assert "Die Anwesenheit ist 50,0 %, unter 85 %: 11 von 22 Stunden wurden" in person
    assert "erstellt am 02.05.2025 um 09:30 (Europe/Berlin)" in person
    for word in ("present", "absent", "Attendance", "session", "person who", "made on", "erased"):
        assert all(word not in page for page in (cover, grid, idle, person)), word


def test_a_german_workbook_counts_its_own_letters_and_names_stay_texts() -> None:
    data = RENDERERS["xlsx"](register("Alle Zeilen"), "de", None)
    book = load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Alle Zeilen (2)", "Alle Zeilen", "Über diese Datei"]
    grid = list(book["Alle Zeilen (2)"].iter_rows(values_only=True))
    first = grid[6]
    assert first[1] == "=HYPERLINK(1)" and "F" in first and "A" in first
    assert first[-7].startswith("=COUNTIF(") and first[-7].endswith('"A")')
    texts = [c for row in book["Alle Zeilen (2)"].iter_rows() for c in row if c.value in HOSTILE]
    assert {cell.data_type for cell in texts} == {"s"}
    quoted = {cell.value for cell in texts if cell.quotePrefix}
    assert quoted == {"=HYPERLINK(1)", "-1", "@x", "＝1"}
    rows = list(book["Alle Zeilen"].iter_rows(values_only=True))
    assert rows[0][:4] == ("Datum", "Wochentag", "Gruppe", "Stunde")
    assert {row[8] for row in rows[1:]} == {"anwesend", "abwesend"}
    assert {row[7] for row in rows[1:]} >= {"gelöschte Person"}
    assert book["Alle Zeilen"]["A2"].number_format == "dd.mm.yyyy"
    formulas = [c.value for s in book for row in s.iter_rows() for c in row if c.data_type == "f"]
    assert formulas and all(f.startswith(("=COUNTIF(", "=IF(", "=SUM(")) for f in formulas)


def test_csv_is_the_same_in_every_language() -> None:
    made = {RENDERERS["csv"](register(), language, None) for language in ("en", "de")}
    hours = {RENDERERS["hours csv"](register(), language, None) for language in ("en", "de")}
    assert len(made) == len(hours) == 1
    rows = list(csv.DictReader(io.StringIO(made.pop().decode("utf-8-sig"))))
    assert {row["status"] for row in rows} == {"present", "absent"}
    assert {row["name"] for row in rows} >= {"'=HYPERLINK(1)", "''x", "erased person"}


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_language_without_texts_is_refused(renderer: str) -> None:
    with pytest.raises(InvalidInput):
        RENDERERS[renderer](register(), "../../etc", None)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_how_far_it_is_grows_from_nothing_to_the_end(renderer: str) -> None:
    told: list[int] = []
    groups = [
        replace(register().groups[0], group=replace(register().groups[0].group, name=f"{n}"))
        for n in range(8)
    ]
    many = make_register(*groups)
    RENDERERS[renderer](many, "de", lambda done, total: told.append(100 * done // total))
    assert told == sorted(told) and (told[0], told[-1]) == (0, 100)
    steps = [after - before for before, after in pairwise(told)]
    assert max(steps) <= 20 or renderer == "hours pdf"  # of one page here


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("percent", [1, 50, 99])
def test_who_is_told_may_end_the_work(renderer: str, percent: int) -> None:
    def progress(done: int, total: int) -> None:
        if 100 * done // total >= percent:
            raise Stopped

    with pytest.raises(Stopped):
        RENDERERS[renderer](register(), "en", progress)


def test_a_workbook_holds_no_text_twice_in_two_languages() -> None:
    data = RENDERERS["xlsx"](register(), "de", None)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        held = archive.read("xl/sharedStrings.xml").decode()
    for word in ("present", "absent", "Attended", "External", "All rows", "About", "Monday"):
        assert word not in held, word
