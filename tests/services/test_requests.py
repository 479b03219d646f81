"""Disputes and excuses: asked, granted with a correction, refused with a reason, taken back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from builders import DAY, NOW, make_class
from rollbook.domain.attendance import Direction, Method, Status
from rollbook.domain.requests import RequestKind, RequestState
from rollbook.errors import AlreadyExists, InvalidInput, NotFound
from rollbook.services.register import RegisterKeeper
from rollbook.services.request_rules import OVERDUE
from rollbook.services.requests import RequestDesk, Verdict
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

BELL = "faculty bell"


class Room:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.desk = RequestDesk(database.uow, self.clock)
        self.group, people = make_class(database.uow, ["Ada", "Bob"])
        self.ada, self.bob = (person.subject_id for person in people)
        self.session = self.keeper.open_session(
            self.group.group_id, NOW, NOW + timedelta(hours=1), business_date=DAY
        )

    @property
    def id(self) -> str:
        return self.session.session_id

    def decide(self, request_id: str, *, grant: bool = True, answer: str = "") -> Verdict:
        return self.desk.decide(
            request_id, grant=grant, answer=answer, by=BELL, group_ids=[self.group.group_id]
        )

    def status(self, who: str) -> Status:
        return {r.subject_id: r.status for r in self.keeper.records(self.id)}[who]


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


def test_nobody_has_asked_anything_at_first(room: Room) -> None:
    assert room.desk.of(room.ada) == [] and room.desk.waiting(None) == []


def test_a_granted_dispute_corrects_the_mark_that_it_is_about(room: Room) -> None:
    at = NOW + timedelta(minutes=20)
    arrived = room.keeper.sight(room.id, room.ada, at, Method.FACE, Direction.BOTH, "door", None)
    request = room.desk.dispute(room.ada, room.id, Status.PRESENT, "the door was locked")
    assert request.kind is RequestKind.DISPUTE and request.mark_id == arrived.mark_id  # type: ignore[union-attr]
    verdict = room.decide(request.request_id, answer="seen in the corridor")
    (mark,) = verdict.marks
    assert mark.corrects == request.mark_id and mark.by == BELL
    assert room.status(room.ada) is Status.PRESENT
    assert room.desk.of(room.ada)[0].state is RequestState.GRANTED


def test_a_refusal_needs_a_reason_and_changes_no_mark(room: Room) -> None:
    room.keeper.close_session(room.id)
    request = room.desk.dispute(room.ada, room.id, Status.PRESENT, "I was there")
    with pytest.raises(InvalidInput):
        room.decide(request.request_id, grant=False)
    verdict = room.decide(request.request_id, grant=False, answer="nobody saw you")
    assert verdict.marks == () and room.status(room.ada) is Status.ABSENT
    (kept,) = room.desk.of(room.ada)
    assert (kept.state, kept.answer) == (RequestState.REFUSED, "nobody saw you")


def test_who_decides_second_is_told(room: Room) -> None:
    request = room.desk.dispute(room.ada, room.id, Status.PRESENT, "I was there")
    room.decide(request.request_id)
    with pytest.raises(AlreadyExists):
        room.decide(request.request_id, grant=False, answer="no")
    with pytest.raises(AlreadyExists):
        room.desk.withdraw(request.request_id, room.ada)


def test_the_same_is_asked_once(room: Room) -> None:
    first = room.desk.dispute(room.ada, room.id, Status.PRESENT, "I was there")
    with pytest.raises(AlreadyExists):
        room.desk.dispute(room.ada, room.id, Status.LATE, "I was there")
    room.desk.withdraw(first.request_id, room.ada)
    room.desk.dispute(room.ada, room.id, Status.LATE, "I was there")
    assert [r.state for r in room.desk.of(room.ada)].count(RequestState.OPEN) == 1


def test_nothing_is_asked_about_what_is_not_ones_own(room: Room) -> None:
    _, strangers = make_class(room.database.uow, ["Zoe"], "8b")
    zoe = strangers[0].subject_id
    with pytest.raises(NotFound):
        room.desk.dispute(zoe, room.id, Status.PRESENT, "I was there")
    request = room.desk.dispute(room.ada, room.id, Status.PRESENT, "I was there")
    with pytest.raises(NotFound):
        room.desk.withdraw(request.request_id, zoe)
    with pytest.raises(NotFound):
        room.desk.decide(request.request_id, grant=True, answer="", by=BELL, group_ids=["other"])


@pytest.mark.parametrize(
    ("wanted", "text"),
    [(Status.PRESENT, " "), (Status.OPEN, "why"), (Status.ABSENT, "it says so already")],
)
def test_a_request_that_says_nothing_is_refused(room: Room, wanted: Status, text: str) -> None:
    room.keeper.close_session(room.id)
    with pytest.raises(InvalidInput):
        room.desk.dispute(room.ada, room.id, wanted, text)


def test_days_that_were_are_excused_and_those_to_come_are_told_in_advance(room: Room) -> None:
    room.keeper.close_session(room.id)
    request = room.desk.excuse_days(room.ada, DAY, DAY + timedelta(days=3), "flu")
    verdict = room.decide(request.request_id)
    assert [mark.status for mark in verdict.marks] == [Status.EXCUSED]
    assert (room.status(room.ada), room.status(room.bob)) == (Status.EXCUSED, Status.ABSENT)
    with room.database.uow() as uow:
        (absence,) = uow.absences.of([room.ada])[room.ada]
    assert (absence.last_day, absence.label) == (DAY + timedelta(days=3), "flu")


def test_an_excuse_of_days_leaves_alone_who_was_there(room: Room) -> None:
    room.keeper.sight(room.id, room.ada, NOW, Method.FACE)
    request = room.desk.excuse_days(room.ada, DAY, DAY, "flu")
    assert room.decide(request.request_id).marks == ()
    assert room.status(room.ada) is Status.PRESENT


@pytest.mark.parametrize(
    ("first", "last"),
    [(DAY, DAY - timedelta(days=1)), (DAY, DAY + timedelta(days=400)), (date(2046, 1, 1),) * 2],
)
def test_days_that_cannot_be_meant_are_refused(room: Room, first: date, last: date) -> None:
    with pytest.raises(InvalidInput):
        room.desk.excuse_days(room.ada, first, last, "flu")


def test_the_oldest_waits_first_and_is_overdue_in_time(room: Room) -> None:
    room.desk.dispute(room.ada, room.id, Status.PRESENT, "one")
    room.clock.advance(86_400 * 2)
    room.desk.dispute(room.bob, room.id, Status.PRESENT, "two")
    room.clock.advance(86_400 * 1.5)
    waiting = room.desk.waiting([room.group.group_id])
    assert [(w.name, w.overdue) for w in waiting] == [("Ada", True), ("Bob", False)]
    with room.database.uow() as uow:
        uow.site.set(OVERDUE, 1)
        uow.commit()
    assert [w.overdue for w in room.desk.waiting(None)] == [True, True]
    assert room.desk.waiting(["other"]) == []


def test_erasing_somebody_destroys_what_they_asked(room: Room) -> None:
    request = room.desk.dispute(room.ada, room.id, Status.PRESENT, "private")
    with room.database.uow() as uow:
        uow.subjects.remove(room.ada)
        uow.commit()
    assert room.desk.waiting(None) == []
    with pytest.raises(NotFound):
        room.decide(request.request_id)
