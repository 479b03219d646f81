"""The register read page by page, and what the ids of a page stand for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from builders import make_class
from rollbook.domain.attendance import Method, Session, Status
from rollbook.domain.register import Entry, EntryKind, NewEntry
from rollbook.services import audit
from rollbook.services.audit import Audit, AuditPage, AuditQuery, people_of, when
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class School:
    """Two classes that meet every day of a week; sessions are closed, so marks lie in sheets."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(MONDAY)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.audit = Audit(database.uow)
        self.classes = [make_class(database.uow, ["Ada", "Alan"], name) for name in ("5b", "6a")]
        for day in range(5):
            self.clock.at = MONDAY + day * DAY
            for group, people in self.classes:
                session = self.open(group.group_id, day)
                for person in people:
                    self.keeper.sight(
                        session.session_id, person.subject_id, self.clock.at, Method.FACE
                    )
                self.keeper.mark_by_hand(
                    session.session_id, people[0].subject_id, Status.LATE, "bus", "faculty f00"
                )
                self.keeper.close_session(session.session_id, "faculty f00")

    def open(self, group_id: str, day: int) -> Session:
        start = MONDAY + day * DAY
        return self.keeper.open_session(
            group_id, start, start + timedelta(hours=1), business_date=start.date(), title="Art"
        )

    def pages(self, query: AuditQuery) -> list[AuditPage]:
        found = [self.audit.page(query)]
        while found[-1].before is not None:
            further = AuditQuery(
                query.kinds,
                query.account_id,
                query.subject_id,
                query.since,
                query.until,
                found[-1].before,
                query.size,
            )
            found.append(self.audit.page(further))
        return found

    def all(self, query: AuditQuery) -> list[Entry]:
        return [entry for page in self.pages(query) for entry in page.entries]


@pytest.fixture
def school(database: Database) -> School:
    return School(database)


def test_an_empty_book_has_one_empty_page(database: Database) -> None:
    page = Audit(database.uow).page(AuditQuery())
    assert (page.entries, page.before, page.complete, page.head) == ((), None, True, 0)


def test_pages_follow_each_other_without_gaps(school: School) -> None:
    with school.database.uow() as uow:
        every = [entry.number for entry in uow.register.entries()]
    assert every == sorted(every, reverse=True)
    for size in (1, 7, 50):
        assert [entry.number for entry in school.all(AuditQuery(size=size))] == every


def test_kinds_and_people_and_accounts_are_found(school: School) -> None:
    opened = school.all(AuditQuery(kinds=frozenset({EntryKind.SESSION}), size=3))
    assert [entry.body["event"] for entry in opened] == ["closed", "opened"] * 10
    ada = school.classes[0][1][0].subject_id
    about = school.all(AuditQuery(subject_id=ada, size=4))
    assert [entry.body.get("kind") for entry in about] == ["status", "arrived"] * 5
    assert school.all(AuditQuery(kinds=frozenset({EntryKind.SESSION}), subject_id=ada)) == []
    by = school.all(AuditQuery(account_id="f00", size=6))
    assert len(by) == 20
    assert school.all(AuditQuery(account_id="nobody")) == []


def test_a_search_that_costs_too_much_goes_on_later(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "OPENED", 3)
    ada = school.classes[0][1][0].subject_id
    first = school.audit.page(AuditQuery(subject_id=ada))
    assert not first.complete and first.before is not None
    assert len(school.all(AuditQuery(subject_id=ada))) == 10


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [(None, None, 5), (1, 2, 1), (0, 1, 1), (3, None, 2), (None, 2, 2), (9, None, 0), (None, 0, 0)],
)
def test_days_are_found_by_halving(
    school: School, since: int | None, until: int | None, days: int
) -> None:
    query = AuditQuery(
        kinds=frozenset({EntryKind.MARK}),
        since=None if since is None else MONDAY.replace(hour=0) + since * DAY,
        until=None if until is None else MONDAY.replace(hour=0) + until * DAY,
        size=4,
    )
    found = school.all(query)
    assert len(found) == days * 6
    assert len({when(entry).date() for entry in found if when(entry)}) == days  # type: ignore[union-attr]


def test_entries_of_another_time_among_them_do_not_lead_astray(school: School) -> None:
    """A mark from paper tells of an earlier time than its neighbours."""
    with school.database.uow() as uow:
        for _ in range(30):
            uow.register.append(NewEntry(EntryKind.SETTING, {"event": "x"}))  # tells no time
        uow.commit()
    session = school.open(school.classes[0][0].group_id, 6)
    ada = school.classes[0][1][0].subject_id
    school.keeper.sight(session.session_id, ada, MONDAY + 6 * DAY, Method.FACE)
    sunday = MONDAY.replace(hour=0) + 6 * DAY
    found = school.all(AuditQuery(kinds=frozenset({EntryKind.MARK}), since=sunday))
    assert len(found) == 1


def test_names_are_given_for_what_a_page_shows(school: School) -> None:
    page = school.audit.page(AuditQuery())
    names = school.audit.names(page.entries)
    ada = school.classes[0][1][0]
    assert names.people[ada.subject_id].name == "Ada"
    assert set(names.sessions.values()) == {"Art"}
    assert {group.name for group in names.groups.values()} == {"5b", "6a"}


def test_whom_an_entry_names() -> None:
    def entry(**body: object) -> Entry:
        return Entry(1, EntryKind.SUBJECT, body, None)

    assert people_of(entry()) == []
    assert people_of(entry(subject_id="a", candidates=["b", 3], by="subject c")) == ["a", "b", "c"]
    assert when(entry()) is None and when(entry(at="yesterday")) is None
