"""Facts are what the month's register says, whether they come from a block or from the book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import select, update

from builders import erase
from rollbook.domain.attendance import Status
from rollbook.domain.facts import NO_ARRIVAL, STATUSES, Facts
from rollbook.domain.month import ERASED, Month
from rollbook.domain.totals import Totals
from rollbook.services.demo_school import invent_school
from rollbook.services.export import Exporter
from rollbook.services.fact_book import FactBook
from rollbook.services.people import People
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.storage.tables import blocks

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = Month(2025, 3)


@dataclass
class Clock:
    at: datetime = datetime(2025, 5, 2, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class School:
    """An invented school of two classes and one term, which ended yesterday."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.book = FactBook(database.uow, self.clock)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.people = People(database.uow, self.clock, lambda: self.clock.at.date())
        self.exporter = Exporter(database.uow, self.clock, BERLIN, {})
        invent_school(database.uow, self.clock, people=54, seed=3, zone=BERLIN)

    def march(self) -> Facts:
        return self.book.read(MARCH.first_day, MARCH.last_day)

    def opened(self) -> int:
        """Return how many sheets reading March opens."""
        count = 0
        ledger = type(self.database.uow().register)
        original = ledger._open_sheet

        def counting(one: object, session_id: str, payload: bytes) -> object:
            nonlocal count
            count += 1
            return original(one, session_id, payload)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ledger, "_open_sheet", counting)
            self.march()
        return count


@pytest.fixture
def school(database: Database) -> School:
    return School(database)


def as_printed(school: School) -> dict[str, Totals]:
    """Return group -> totals as the month's report has them."""
    register = school.exporter.read(MARCH)
    return {group.group.group_id: group.totals for group in register.groups}


def as_charted(facts: Facts) -> dict[str, Totals]:
    return {one: facts.of_groups([one]).totals for one in {s.group_id for s in facts.sessions}}


def test_charts_count_what_the_report_counts(school: School) -> None:
    assert as_charted(school.march()) == as_printed(school)


def test_blocks_change_nothing_but_the_time_it_takes(school: School) -> None:
    before = school.march()
    sheets = school.opened()
    assert school.book.fold() > 0
    after = school.march()
    assert school.opened() == 0 < sheets
    assert as_charted(after) == as_charted(before)
    for name in ("status", "method", "arrival"):
        assert np.array_equal(getattr(after, name), getattr(before, name))


def test_nothing_is_made_anew_that_is_there(school: School) -> None:
    school.book.fold()
    assert school.book.fold() == 0


def test_a_correction_is_seen_at_once_and_opens_one_sheet(school: School) -> None:
    school.book.fold()
    facts = school.march()
    row = int(np.flatnonzero(facts.status == STATUSES.index(Status.ABSENT))[0])
    session = facts.sessions[facts.session[row]].session_id
    person = facts.subjects[facts.subject[row]]
    school.keeper.mark_by_hand(session, person, Status.PRESENT, "was there", "office")
    assert school.opened() == 1
    assert school.march().totals.absent == facts.totals.absent - 1
    assert as_charted(school.march()) == as_printed(school)


def test_somebody_who_joins_in_the_past_is_counted_from_that_day(school: School) -> None:
    school.book.fold()
    facts = school.march()
    group = facts.sessions[0].group_id
    person = school.people.add("Noor", "N-1")
    school.people.join(group, [person.subject_id], MARCH.first_day + timedelta(days=10))
    later = school.march()
    assert later.of_subject(person.subject_id).totals.absent > 0
    assert as_charted(later) == as_printed(school)


def test_totals_stay_when_a_person_is_erased(school: School) -> None:
    school.book.fold()
    facts = school.march()
    person = facts.subjects[0]
    erase(school.database, person, school.clock)
    assert as_charted(school.march()) == as_charted(facts) == as_printed(school)
    names = {p.person.name for g in school.exporter.read(MARCH).groups for p in g.people}
    assert ERASED in names


def test_who_did_not_come_has_no_arrival(school: School) -> None:
    facts = school.march()
    absent = facts.status == STATUSES.index(Status.ABSENT)
    assert absent.any() and (facts.arrival[absent] == NO_ARRIVAL).all()


def test_a_site_without_sessions_has_no_rows(database: Database) -> None:
    book = FactBook(database.uow, Clock())
    assert len(book.read(date(2025, 1, 1), date(2025, 12, 31))) == 0
    assert book.fold() == 0


def test_a_block_that_was_changed_is_made_anew_and_never_shown(school: School) -> None:
    school.book.fold()
    whole = school.march().totals
    with school.database.engine.begin() as connection:
        other = select(blocks.c.payload).where(blocks.c.month == "2025-04").scalar_subquery()
        swapped = update(blocks).where(blocks.c.month == "2025-03").values(payload=other)
        connection.execute(swapped)
    assert school.march().totals == whole and school.opened() > 0
    assert school.book.fold() == 1
    assert school.march().totals == whole and school.opened() == 0
