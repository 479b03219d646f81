"""Dashboard, reports and API say the same: one month read in four ways, compared with the marks."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from openpyxl import load_workbook
from pypdf import PdfReader

from rollbook.domain import figures
from rollbook.domain.attendance import Method, Status
from rollbook.domain.figures import RiskRules
from rollbook.domain.month import Month
from rollbook.domain.totals import Totals
from web.programs import Program, make_token
from web.school import MONDAY, Site

pytestmark = pytest.mark.slow

MARCH = Month(2026, 3)
STATUSES = ("present", "late", "left_early", "absent", "excused")


@pytest.fixture
def month(site: Site) -> Site:
    """Let 5b have a lesson on each weekday of March; who comes when follows a fixed pattern."""
    register = site.parts.register
    register.close_session(site.session.session_id)
    for number in range(1, 30):
        starts_at = MONDAY + timedelta(days=number, minutes=5)
        if starts_at.weekday() > 4 or starts_at.month > 3:
            continue
        site.clock.at = starts_at
        held = register.open_session(
            site.group.group_id,
            starts_at,
            starts_at + timedelta(minutes=45),
            business_date=starts_at.date(),
            title="Mathematics",
        )
        _attend(site, held.session_id, starts_at, number)
        site.clock.at = starts_at + timedelta(hours=2)
        register.close_session(held.session_id)
    return site


def _attend(site: Site, session_id: str, starts_at: datetime, number: int) -> None:
    for place, person in enumerate(site.people):
        kind = (number * 7 + place * 3) % 10
        if (place == 2 and number > 20) or kind == 0:
            continue  # absent; the third person from the middle of the month on
        if kind == 1:
            site.parts.register.mark_by_hand(
                session_id, person.subject_id, Status.EXCUSED, "ill", "office"
            )
            continue
        at = starts_at + timedelta(minutes=25 if kind == 2 else kind - 4)
        site.parts.register.sight(session_id, person.subject_id, at, Method.PIN)


def counted(rows: list[dict[str, str]]) -> Totals:
    return Totals(**Counter(row["status"] for row in rows))


def test_facts_files_and_the_interface_tell_the_same_numbers(month: Site, web_app: Flask) -> None:
    site, group_id = month, month.group.group_id
    bob = Program(web_app, make_token(site, "bob", None))
    days = f"first_day={MARCH.first_day}&last_day={MARCH.last_day}"
    told = bob.get(f"/figures?{days}").get_json()
    order = {"month": "2026-03", "format": "csv"}
    text = bob.post("/exports", order).data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    totals = counted(rows)
    assert totals.counted > 40 and all(getattr(totals, status) for status in ("late", "excused"))

    # what dashboards and the web page read
    facts = site.parts.facts.read(MARCH.first_day, MARCH.last_day, {group_id})
    site.parts.facts.fold()
    folded = site.parts.facts.read(MARCH.first_day, MARCH.last_day, {group_id})
    register = site.parts.exporter.read(MARCH, [site.group.name])
    (group,) = register.groups
    same = (facts.totals, folded.totals, register.facts.totals, group.totals)
    assert set(same) == {totals}
    percent = told["counts"].pop("percent")
    assert (Totals(**told["counts"]), percent) == (totals, totals.percent)

    # by day
    by_day = {
        day: counted([row for row in rows if row["date"] == str(day)])
        for day in {date.fromisoformat(row["date"]) for row in rows}
    }
    assert figures.by_day(facts) == dict(sorted(by_day.items()))
    assert figures.by_day(register.facts) == figures.by_day(facts)
    assert [(one["day"], one["counts"]["percent"]) for one in told["days"]] == [
        (str(day), by_day[day].percent or None) for day in sorted(by_day)
    ]
    assert [(one["group_id"], one["counts"]["percent"]) for one in told["groups"]] == [
        (group_id, totals.percent)
    ]

    # by person, and who is at risk with the same reasons
    people = {person.subject_id: person.name for person in site.people}
    for subject_id, found in figures.by_subject(facts).items():
        assert found == counted([row for row in rows if row["name"] == people[subject_id]])
    rules, today = RiskRules(), min(site.parts.today(), MARCH.last_day)
    risk = figures.at_risk(facts, rules, today)
    assert risk == figures.at_risk(folded, rules, today)
    assert risk == figures.at_risk(register.facts, rules, today)
    assert [(r["subject_id"], r["below"], r["absences_in_a_row"]) for r in told["at_risk"]] == [
        (one.subject_id, one.low, one.in_a_row) for one in risk
    ]
    assert risk

    # punctuality and methods
    assert told["methods"] == {m.value: n for m, n in figures.by_method(register.facts).items()}
    assert [bar["arrivals"] for bar in told["arrivals"]] == [
        bar.arrivals for bar in figures.punctuality(facts)
    ]

    # the workbook's kept results and the PDF's cover
    book = bob.post("/exports", {**order, "format": "xlsx"}).data
    sheet = load_workbook(io.BytesIO(book), data_only=True)["5b"]
    (sums,) = [r for r in sheet.iter_rows(values_only=True) if r[1] == "Attended"]
    assert list(sums[-7:-2]) == [getattr(totals, status) for status in STATUSES]
    assert round(100 * sums[-1], 1) == round(totals.percentage or 0, 1)
    pdf = PdfReader(io.BytesIO(bob.post("/exports", {**order, "format": "pdf"}).data))
    pages = [" ".join(page.extract_text().split()) for page in pdf.pages]
    assert f"{totals.percent} %" in pages[0]
    assert sum("Why somebody should look" in page for page in pages) == len(risk)


def test_figures_are_of_own_groups_alone(month: Site, web_app: Flask) -> None:
    days = "first_day=2026-03-01&last_day=2026-03-31"
    charlie = Program(web_app, make_token(month, "charlie", None))
    told = charlie.get(f"/figures?{days}").get_json()
    assert {one["group_id"] for one in told["groups"]} == {month.other_group.group_id}
    assert charlie.get(f"/figures?{days}&group_id={month.group.group_id}").status_code == 404
    alice = Program(web_app, make_token(month, "alice", None))
    both = alice.get(f"/figures?{days}").get_json()
    assert len(both["groups"]) == 2
    assert (
        Program(web_app, make_token(month, "ada", None)).get(f"/figures?{days}").status_code == 403
    )
    for odd in (
        "first_day=2026-03-02&last_day=2026-03-01",
        "first_day=2024-01-01&last_day=2026-01-01",
    ):
        assert alice.get(f"/figures?{odd}").status_code == 422


# one group's four lessons, as they are marked; the letters and sums are counted by hand
LESSONS = {"Ada Lovelace": "PPLP", "Alan Turing": "AXAA", "Grace Hopper": "PLAP"}
GERMAN = str.maketrans("PLAX", "AVFE")
OF_PERSON = {  # present, late, left early, absent, excused, percentage
    "Ada Lovelace": (3, 1, 0, 0, 0, "100.0"),
    "Alan Turing": (0, 0, 0, 3, 1, "0.0"),
    "Grace Hopper": (2, 1, 0, 1, 0, "75.0"),
}
OF_DAY = {2: "66.7", 3: "100.0", 4: "33.3", 5: "66.7"}
OF_GROUP = (5, 2, 0, 4, 1, "63.6")  # 7 of 11


@pytest.fixture
def lessons(site: Site) -> Site:
    """Let 5b have a lesson on four days, in each of which everybody is marked as `LESSONS` says."""
    starts_at, session_id = site.session.starts_at, site.session.session_id
    for number in range(4):
        if number:
            starts_at += timedelta(days=1)
            site.clock.at = starts_at
            ends_at, day = starts_at + timedelta(minutes=45), starts_at.date()
            session_id = site.parts.register.open_session(
                site.group.group_id, starts_at, ends_at, business_date=day, title="Mathematics"
            ).session_id
        for person in site.people:
            _mark(site, session_id, person.subject_id, starts_at, LESSONS[person.name][number])
        site.clock.at = starts_at + timedelta(hours=2)
        site.parts.register.close_session(session_id)
    return site


def _mark(site: Site, session_id: str, subject_id: str, starts_at: datetime, letter: str) -> None:
    register, late = site.parts.register, {"P": 1, "L": 20}
    if letter in late:
        at = starts_at + timedelta(minutes=late[letter])
        register.sight(session_id, subject_id, at, Method.PIN)
    elif letter == "X":
        register.mark_by_hand(session_id, subject_id, Status.EXCUSED, "ill", "office")


@pytest.mark.parametrize("language", ["en", "de"])
def test_one_group_is_what_was_counted_by_hand(
    language: str, lessons: Site, web_app: Flask
) -> None:
    site = lessons
    bob = Program(web_app, make_token(site, "bob", None))
    order = {"month": "2026-03", "language": language}

    def file(kind: str) -> bytes:
        return bytes(bob.post("/exports", {**order, "format": kind}).data)

    def letters(person: str) -> str:
        return LESSONS[person].translate(GERMAN) if language == "de" else LESSONS[person]

    def written(percent: str) -> str:
        return percent.replace(".", ",") if language == "de" else percent

    # the raw rows
    raw = list(csv.DictReader(io.StringIO(file("csv").decode("utf-8-sig"))))
    codes = {"present": "P", "late": "L", "absent": "A", "excused": "X"}
    for person, marks in LESSONS.items():
        assert "".join(codes[row["status"]] for row in raw if row["name"] == person) == marks

    # the PDF: cover, grid, and the page of who is at risk
    pdf = PdfReader(io.BytesIO(file("pdf")))
    cover, grid, at_risk = (" ".join(page.extract_text().split()) for page in pdf.pages)
    assert f"{written(OF_GROUP[5])} %" in cover
    for day, percent in OF_DAY.items():
        assert written(percent) in cover and str(day) in cover
    for number, (person, (*counts, percent)) in enumerate(OF_PERSON.items(), 1):
        line = [str(number), person, *letters(person), *map(str, counts), written(percent)]
        assert " ".join(line) in grid
    assert " ".join([*map(str, OF_GROUP[:5]), written(OF_GROUP[5])]) in grid
    assert "Alan Turing" in at_risk
    assert {
        "en": "The last 3 sessions in a row were missed without an excuse.",
        "de": "Die letzten 3 Stunden hintereinander wurden ohne Entschuldigung versäumt.",
    }[language] in at_risk

    # the workbook: letters, and the kept results of its formulas
    sheet = load_workbook(io.BytesIO(file("xlsx")), data_only=True)["5b"]
    for line in [row for row in sheet.iter_rows(values_only=True) if row[1] in LESSONS]:
        *counts, percent = OF_PERSON[line[1]]
        assert "".join(filter(None, line[3:-7])) == letters(line[1])
        assert list(line[-7:-2]) == counts and f"{100 * line[-1]:.1f}" == percent

    # what the dashboard reads
    facts = site.parts.facts.read(MARCH.first_day, MARCH.last_day, {site.group.group_id})
    assert {day.day: one.percent for day, one in figures.by_day(facts).items()} == OF_DAY
    people = {person.subject_id: person.name for person in site.people}
    found = {people[one]: totals for one, totals in figures.by_subject(facts).items()}
    assert {name: totals.percent for name, totals in found.items()} == {
        name: counts[5] for name, counts in OF_PERSON.items()
    }
    (risk,) = figures.at_risk(facts, RiskRules(), site.parts.today())
    assert (people[risk.subject_id], risk.in_a_row, risk.low) == ("Alan Turing", 3, None)
