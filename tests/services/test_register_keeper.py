"""Sessions are opened and closed; marks are written once, corrected and never overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import NOW, make_class, make_consent, make_subject
from rollbook.domain.attendance import (
    NO_CONSENT,
    NOT_IN,
    NOT_OPEN_YET,
    OFFICE_DAY,
    OVER,
    QUIET,
    Direction,
    Evidence,
    Mark,
    MarkKind,
    Method,
    Session,
    SessionState,
    Status,
)
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput, NotFound, SessionClosed
from rollbook.services.consenting import Consenting
from rollbook.services.register import REASON_LIMIT, RegisterKeeper, clean_remark
from rollbook.services.site import Site
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

HOUR = timedelta(hours=1)


class Room:
    """A class with an open session."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.group, people = make_class(database.uow, ["Ada", "Bob"])
        self.ada, self.bob = (person.subject_id for person in people)
        self.session = self.open()

    def open(self) -> Session:
        return self.keeper.open_session(
            self.group.group_id, NOW, NOW + HOUR, business_date=NOW.date(), title=" Maths "
        )

    def see(self, who: str, minute: float, direction: Direction = Direction.BOTH) -> object:
        at = NOW + timedelta(minutes=minute)
        self.clock.at = at
        return self.keeper.sight(
            self.session.session_id, who, at, Method.FACE, direction, "door", None
        )

    def set(self, who: str, status: Status, reason: str | None = None) -> Mark:
        return self.keeper.mark_by_hand(self.session.session_id, who, status, reason, "Ms Bell")

    def statuses(self) -> list[Status]:
        return [record.status for record in self.keeper.records(self.session.session_id)]


@pytest.fixture
def room(database: Database) -> Iterator[Room]:
    yield Room(database)


def test_an_opened_session_is_kept_with_its_policy(room: Room) -> None:
    office = room.keeper.open_session(
        room.group.group_id, NOW, NOW + HOUR, business_date=NOW.date(), policy=OFFICE_DAY
    )
    with room.database.uow() as uow:
        assert uow.sessions.get(office.session_id) == office
        assert uow.sessions.get(room.session.session_id).title == "Maths"
        kinds = [entry.kind for entry in uow.register.entries()]
    assert kinds == [EntryKind.SESSION, EntryKind.SESSION, EntryKind.ROWS]
    with pytest.raises(NotFound):
        room.keeper.open_session("none", NOW, NOW + HOUR, business_date=NOW.date())


def test_somebody_seen_arrives_once_and_is_quiet_then(room: Room) -> None:
    first = room.see(room.ada, 1)
    assert isinstance(first, Mark) and first.kind is MarkKind.ARRIVED
    assert room.see(room.ada, 2) == QUIET
    again = room.see(room.ada, 7)
    assert isinstance(again, Mark) and again.kind is MarkKind.SEEN
    assert room.keeper.marks(room.session.session_id) == [first, again]
    assert room.statuses() == [Status.PRESENT, Status.OPEN]


def test_each_mark_keeps_the_rule_that_led_to_it(room: Room) -> None:
    for minute, direction in ((1, Direction.IN), (7, Direction.BOTH), (13, Direction.OUT)):
        room.see(room.ada, minute, direction)
    room.see(room.bob, 11)
    assert [mark.rule for mark in room.keeper.marks(room.session.session_id)] == [
        "school lesson: arrived within 10 min of the start",
        "school lesson: seen again after 5 min or more",
        "school lesson: passed on the way out",
        "school lesson: arrived more than 10 min after the start",
    ]


def test_who_is_seen_too_early_too_late_or_leaving_first_writes_nothing(room: Room) -> None:
    assert room.see(room.ada, -16) == NOT_OPEN_YET
    assert room.see(room.ada, 61) == OVER
    assert room.see(room.ada, 5, Direction.OUT) == NOT_IN
    assert room.keeper.marks(room.session.session_id) == []


def test_evidence_travels_with_the_mark(room: Room) -> None:
    evidence = Evidence(0.6, 0.4, 0.2, 0.05, 4, ((room.ada, 0.6),), 2, 0.001, "sface", "dev")
    room.keeper.sight(room.session.session_id, room.ada, NOW, Method.PHOTO, evidence=evidence)
    (mark,) = room.keeper.marks(room.session.session_id)
    assert (mark.evidence, mark.method, mark.by) == (evidence, Method.PHOTO, "camera")


def test_nobody_unknown_is_marked(room: Room) -> None:
    with pytest.raises(NotFound):
        room.see(new_id(), 1)
    with pytest.raises(NotFound):
        room.set(new_id(), Status.PRESENT)
    with pytest.raises(NotFound):
        room.keeper.sight("0123456789", room.ada, NOW, Method.FACE)
    assert room.keeper.marks(room.session.session_id) == []


def test_a_visitor_who_was_marked_is_listed_as_well(room: Room) -> None:
    guest = make_subject("Guest")
    with room.database.uow() as uow:
        uow.subjects.add(guest)
        uow.consents.add(make_consent(guest.subject_id))
        uow.commit()
    room.see(guest.subject_id, 1)
    assert len(room.statuses()) == 3


def test_a_face_writes_nothing_once_the_consent_is_withdrawn(room: Room) -> None:
    """However early it was seen: the transaction that writes the mark looks again."""
    Consenting(room.database.uow, room.clock).withdraw(room.ada)
    assert room.see(room.ada, 1) == NO_CONSENT
    assert room.statuses()[0] is Status.OPEN
    with room.database.uow() as uow:
        assert not uow.register.entries([EntryKind.MARK])


def test_a_face_writes_nothing_after_the_day_that_the_consent_ends(room: Room) -> None:
    with room.database.uow() as uow:
        (consent,) = uow.consents.of(room.ada)
        uow.consents.update(replace(consent, retain_until=NOW.date() - timedelta(days=1)))
        uow.commit()
    assert room.see(room.ada, 1) == NO_CONSENT


def test_a_face_writes_nothing_where_faces_are_switched_off(room: Room) -> None:
    Site(room.database.uow, room.clock).change("admin", faces_enabled=False)
    assert room.see(room.ada, 1) == NO_CONSENT


@pytest.mark.parametrize("method", [Method.PIN, Method.QR])
def test_who_did_not_agree_is_marked_by_pin_by_code_and_by_hand(room: Room, method: Method) -> None:
    Consenting(room.database.uow, room.clock).withdraw(room.ada)
    mark = room.keeper.sight(room.session.session_id, room.ada, NOW, method)
    assert isinstance(mark, Mark) and mark.method is method
    Consenting(room.database.uow, room.clock).withdraw(room.bob)
    assert room.set(room.bob, Status.PRESENT).method is Method.HAND
    assert room.statuses() == [Status.PRESENT, Status.PRESENT]


def test_closing_makes_absent_who_was_not_seen_and_folds_the_marks(room: Room) -> None:
    room.see(room.ada, 12)
    closed = room.keeper.close_session(room.session.session_id[:8])
    assert closed.state is SessionState.CLOSED
    assert room.statuses() == [Status.LATE, Status.ABSENT]
    found = room.keeper.verify()
    assert (found.holds, found.entries, found.sheets) == (True, 4, 1)
    with pytest.raises(SessionClosed):
        room.keeper.close_session(room.session.session_id)
    assert room.see(room.bob, 13) == OVER


def test_a_correction_points_at_what_it_replaces_and_overwrites_nothing(room: Room) -> None:
    arrived = room.see(room.ada, 12)
    assert isinstance(arrived, Mark)
    first = room.set(room.ada, Status.EXCUSED, "bus was late")
    second = room.set(room.ada, Status.PRESENT, "bus was early after all")
    assert (first.corrects, second.corrects) == (arrived.mark_id, first.mark_id)
    assert room.set(room.bob, Status.ABSENT).corrects is None
    marks = room.keeper.marks(room.session.session_id)
    assert [mark.mark_id for mark in marks][:3] == [
        arrived.mark_id,
        first.mark_id,
        second.mark_id,
    ]
    record = room.keeper.records(room.session.session_id)[0]
    assert (record.status, record.reason) == (Status.PRESENT, "bus was early after all")


def test_a_closed_session_is_corrected_beside_its_sheet(room: Room) -> None:
    room.keeper.close_session(room.session.session_id)
    room.set(room.bob, Status.EXCUSED, "ill")
    assert room.statuses() == [Status.ABSENT, Status.EXCUSED]
    assert room.keeper.verify().holds


def test_what_was_set_can_be_taken_back(room: Room) -> None:
    room.see(room.ada, 1)
    room.set(room.ada, Status.ABSENT)
    room.set(room.ada, Status.OPEN)
    assert room.statuses()[0] is Status.PRESENT


def test_erasing_somebody_takes_the_reason_and_leaves_the_register(room: Room) -> None:
    room.see(room.ada, 1)
    room.set(room.ada, Status.EXCUSED, "a private matter")
    room.keeper.close_session(room.session.session_id)
    before = room.keeper.verify()
    with room.database.uow() as uow:
        uow.subjects.remove(room.ada)
        uow.commit()
    record = room.keeper.records(room.session.session_id)[0]
    assert (record.subject_id, record.status, record.reason) == (
        room.ada,
        Status.EXCUSED,
        "erased",
    )
    assert room.keeper.verify() == before


def test_records_of_many_sessions_are_those_of_each(room: Room) -> None:
    room.see(room.ada, 1)
    other = room.open()
    room.keeper.close_session(other.session_id)
    sessions = [room.session, other]
    with room.database.uow() as uow:
        sessions = uow.sessions.all()
    found = room.keeper.records_of_sessions(sessions)
    assert found == {s.session_id: room.keeper.records(s.session_id) for s in sessions}
    assert room.keeper.records_of_sessions([]) == {}


def test_a_session_of_an_invented_group_is_invented(room: Room) -> None:
    from rollbook.domain.subjects import Group

    with room.database.uow() as uow:
        uow.groups.add(Group("made up", "9z", invented=True))
        uow.commit()
    session = room.keeper.open_session("made up", NOW, NOW + HOUR, business_date=NOW.date())
    assert session.invented and not room.session.invented


def test_remarks_are_kept_as_one_line_and_bounded() -> None:
    assert clean_remark(None) is None
    assert clean_remark(" \n ") is None
    assert clean_remark(" two\n lines\tof 🙂 \udcff") == "two lines of 🙂 ?"
    with pytest.raises(InvalidInput, match="1000"):
        clean_remark("x" * (REASON_LIMIT + 1))
