"""What is in memory follows the register."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rollbook.domain.attendance import Status
from rollbook.domain.facts import Facts
from rollbook.errors import StorageUnavailable
from rollbook.services import live_facts
from rollbook.services.demo_school import invent_school
from rollbook.services.fact_book import FactBook
from rollbook.services.live_facts import CALM, LiveFacts
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

pytestmark = pytest.mark.slow  # each test invents a school

BERLIN = ZoneInfo("Europe/Berlin")
FIRST, LAST = date(2025, 1, 1), date(2025, 5, 31)


class School:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(datetime(2025, 5, 2, 8, tzinfo=UTC))
        self.book = FactBook(database.uow, self.clock)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        invent_school(database.uow, self.clock, people=30, seed=3, zone=BERLIN)
        self.live = LiveFacts(self.book, database.uow, self.clock, lambda: self.clock.at.date())

    def same(self) -> Facts:
        """Return the facts in memory, once they are what reading everything gives."""
        _number, facts = self.live.between(FIRST, LAST)
        assert rows(facts) == rows(self.book.read(FIRST, LAST))
        return facts


def rows(facts: Facts) -> list[tuple[object, ...]]:
    held = zip(facts.session, facts.subject, facts.status, facts.arrival, strict=True)
    return sorted(
        (facts.sessions[s].session_id, facts.subjects[p], int(status), int(arrival))
        for s, p, status, arrival in held
    )


@pytest.fixture
def school(database: Database) -> School:
    return School(database)


def test_what_is_read_month_by_month_is_the_whole(school: School) -> None:
    assert len(school.same()) > 500


def test_a_correction_is_seen_after_a_moment(school: School) -> None:
    facts = school.same()
    held, subject = facts.sessions[facts.session[0]], facts.subjects[facts.subject[0]]
    before = facts.totals
    now = Status.EXCUSED if facts.status[0] != list(Status).index(Status.EXCUSED) else Status.ABSENT
    school.keeper.mark_by_hand(held.session_id, subject, now, "a reason", "administrator x")
    school.clock.advance(CALM.total_seconds() + 1)
    assert school.same().totals != before


def test_a_correction_is_seen_with_a_clock_that_was_set_back(school: School) -> None:
    facts = school.same()
    held, subject = facts.sessions[facts.session[0]], facts.subjects[facts.subject[0]]
    school.clock.advance(-3600)
    before = facts.totals
    now = Status.EXCUSED if facts.status[0] != list(Status).index(Status.EXCUSED) else Status.ABSENT
    school.keeper.mark_by_hand(held.session_id, subject, now, "a reason", "administrator x")
    school.clock.advance(CALM.total_seconds() + 1)
    assert school.same().totals != before


def test_a_new_session_is_seen_and_days_are_cut(school: School) -> None:
    facts = school.same()
    group = facts.sessions[0].group_id
    at = school.clock.at
    school.keeper.open_session(group, at, at + timedelta(hours=1), business_date=at.date())
    school.clock.advance(CALM.total_seconds() + 1)
    school.same()
    _number, today = school.live.between(at.date(), at.date())
    assert {session.day for session in (today.sessions[n] for n in today.session)} == {at.date()}


def test_what_cannot_be_read_is_said(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> Facts:
        raise StorageUnavailable("The database cannot be read.")

    monkeypatch.setattr(school.book, "read", broken)
    with pytest.raises(StorageUnavailable):
        school.live.between(FIRST, LAST)
    monkeypatch.undo()
    school.same()  # the next page tries again


def test_a_page_does_not_wait_for_ever(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_facts, "WAIT", 0.3)
    monkeypatch.setattr(school.live, "_read_all", lambda: None)
    with pytest.raises(StorageUnavailable):
        school.live.between(FIRST, LAST)
