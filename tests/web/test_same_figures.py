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
