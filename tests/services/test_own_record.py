"""One person's own record, and the boards that show a session."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from builders import DAY, NOW, make_class
from rollbook.domain.attendance import Direction, Method, Status
from rollbook.domain.month import Month
from rollbook.domain.subjects import Membership
from rollbook.errors import NotFound
from rollbook.services.board import Boards
from rollbook.services.own_record import OwnRecords
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

MARCH = Month(2026, 3)


class Room:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.own = OwnRecords(database.uow, self.clock)
        self.boards = Boards(database.uow, self.clock)
        self.group, people = make_class(database.uow, ["Bob", "Ada"])
        self.bob, self.ada = (person.subject_id for person in people)
        self.session = self.open(NOW)

    def open(self, at: object) -> object:
        return self.keeper.open_session(
            self.group.group_id,
            at,  # type: ignore[arg-type]
            at + timedelta(hours=1),  # type: ignore[operator]
            business_date=at.date(),  # type: ignore[attr-defined]
        )

    @property
    def id(self) -> str:
        return self.session.session_id  # type: ignore[attr-defined, no-any-return]

    def see(self, who: str, minute: float) -> None:
        at = NOW + timedelta(minutes=minute)
        self.keeper.sight(self.id, who, at, Method.FACE, Direction.BOTH, "door", None)


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


def test_a_month_without_sessions_is_empty(room: Room) -> None:
    found = room.own.month(room.ada, Month(2025, 1))
    assert found.lines == () and found.totals.percentage is None


def test_a_month_holds_the_own_marks_and_totals_alone(room: Room) -> None:
    room.see(room.ada, 12)
    room.see(room.bob, 1)
    room.keeper.close_session(room.id)
    (line,) = room.own.month(room.ada, MARCH).lines
    assert line.record.status is Status.LATE
    assert {mark.subject_id for mark in line.record.marks} == {room.ada}
    assert room.own.month(room.ada, MARCH).totals.late == 1
    assert room.own.month(room.ada, MARCH).on(DAY) == [line]


def test_sessions_to_come_are_ahead_and_not_in_the_month(room: Room) -> None:
    later = room.open(NOW + timedelta(days=2))
    assert len(room.own.month(room.ada, MARCH).lines) == 1
    ahead = [session for session, _ in room.own.ahead(room.ada, DAY)]
    assert ahead == [room.session, later]


def test_days_outside_the_own_membership_are_nobodys_business(room: Room) -> None:
    with room.database.uow() as uow:
        uow.groups.leave(room.group.group_id, room.ada, date(2026, 3, 1))
        uow.commit()
    assert room.own.month(room.ada, MARCH).lines == ()
    with pytest.raises(NotFound):
        room.own.line(room.ada, room.id)
    with room.database.uow() as uow:
        uow.groups.join(Membership(room.group.group_id, room.ada, DAY))
        uow.commit()
    assert room.own.line(room.ada, room.id).record.status is Status.OPEN


def test_own_data_is_told_in_numbers(room: Room) -> None:
    data = room.own.data(room.ada, DAY)
    assert (data.name, data.samples, len(data.consents)) == ("Ada", 0, 1)
    assert [group.name for group in data.groups] == ["7a"]


def test_a_board_shows_who_is_in_and_who_is_missing(room: Room) -> None:
    board = room.boards.of(room.id)
    assert [p.name for p in board.missing] == ["Ada", "Bob"] and board.there == ()
    room.see(room.bob, 1)
    room.see(room.ada, 12)
    board = room.boards.of(room.id)
    assert [(p.name, p.record.status) for p in board.there] == [
        ("Ada", Status.LATE),
        ("Bob", Status.PRESENT),
    ]
    assert board.missing == () and board.totals.attended == 2


def test_a_board_knows_what_of_the_register_is_in_it(room: Room) -> None:
    board = room.boards.of(room.id)
    assert room.boards.changes(board.number) == (board.number, frozenset())
    room.see(room.ada, 1)
    assert room.boards.changes(board.number) == (board.number + 1, frozenset({room.id}))


def test_the_sessions_of_now_are_those_that_go_on(room: Room) -> None:
    room.open(NOW + timedelta(hours=5))
    assert room.boards.now(DAY) == [room.session]
    assert room.boards.now(DAY, [room.group.group_id]) == [room.session]
    assert room.boards.now(DAY, ["other"]) == []
    (line,) = room.boards.lines([room.session])  # type: ignore[list-item]
    assert (line.totals.open, line.group.name) == (2, "7a")
    assert room.boards.lines([]) == []


def test_numbers_follow_every_mark_and_time_at_once(room: Room) -> None:
    def numbers() -> tuple[int, int, int]:
        with room.database.uow() as uow:
            session = uow.sessions.get(room.id)
        (line,) = room.boards.lines([session])
        return line.totals.present, line.totals.open, line.totals.absent

    assert numbers() == numbers() == (0, 2, 0)
    room.see(room.ada, 1)
    assert numbers() == (1, 1, 0)
    room.clock.advance(2 * 3600)
    assert numbers() == (1, 0, 1)
    room.keeper.close_session(room.id)
    assert numbers() == (1, 0, 1)


def test_erased_people_leave_the_board_unless_they_were_marked(room: Room) -> None:
    room.see(room.ada, 1)
    with room.database.uow() as uow:
        uow.subjects.remove(room.ada)
        uow.subjects.remove(room.bob)
        uow.commit()
    assert [p.name for p in room.boards.of(room.id).people] == ["erased person"]
