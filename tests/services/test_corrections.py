"""Statuses set by hand: only differences, nothing overwritten, and undo."""

from __future__ import annotations

from datetime import timedelta

import pytest

from builders import NOW, make_class
from rollbook.domain.attendance import (
    Direction,
    Mark,
    MarkKind,
    Method,
    Session,
    SessionState,
    Status,
)
from rollbook.domain.explanation import decisive_mark
from rollbook.domain.statements import FROM_PAPER, TAKEN_BACK, Change, statements, version
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput, NotFound, SessionClosed
from rollbook.services.corrections import Corrections, Outcome
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

BELL, CARR = "faculty bell", "faculty carr"


class Room:
    """A class with an open session and two teachers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.hand = Corrections(database.uow, self.clock)
        self.group, people = make_class(database.uow, ["Ada", "Bob", "Cleo"])
        self.ada, self.bob, self.cleo = (person.subject_id for person in people)
        self.session: Session = self.keeper.open_session(
            self.group.group_id, NOW, NOW + timedelta(hours=1), business_date=NOW.date()
        )

    @property
    def id(self) -> str:
        return self.session.session_id

    def set(self, who: str, status: Status, by: str = BELL, **more: str | None) -> Outcome:
        self.clock.advance(1)
        return self.hand.set(self.id, [Change(who, status, **more)], by)

    def undo(self, by: str = BELL) -> int:
        self.clock.advance(1)
        return len(self.hand.undo(self.id, by).written)

    def see(self, who: str, minute: float) -> None:
        at = NOW + timedelta(minutes=minute)
        self.keeper.sight(self.id, who, at, Method.FACE, Direction.BOTH, "door", None)

    def statuses(self) -> str:
        """Return the first letters of the statuses, in the order of the roster."""
        return "".join(r.status.value[0] for r in self.keeper.records(self.id))

    def version(self, who: str) -> str:
        records = {r.subject_id: r for r in self.keeper.records(self.id)}
        return version(records[who])

    def count(self) -> int:
        return len(self.keeper.marks(self.id))


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


def test_nobody_to_change_writes_nothing(room: Room) -> None:
    assert room.hand.set(room.id, [], BELL) == Outcome()
    assert room.hand.undo(room.id, BELL).written == ()
    assert room.hand.undoable(room.id, BELL) is None


def test_only_differences_are_written(room: Room) -> None:
    assert room.set(room.ada, Status.LATE).written
    assert room.set(room.ada, Status.LATE).unchanged == (room.ada,)
    assert room.set(room.bob, Status.OPEN).unchanged == (room.bob,)
    assert room.count() == 1


def test_a_remark_alone_is_a_difference(room: Room) -> None:
    room.set(room.ada, Status.LATE)
    assert room.set(room.ada, Status.LATE, reason="bus").written
    assert room.set(room.ada, Status.LATE, reason=" bus ").unchanged == (room.ada,)
    assert room.keeper.records(room.id)[0].reason == "bus"


def test_everybody_present_leaves_those_alone_about_whom_something_is_known(room: Room) -> None:
    room.see(room.ada, 12)
    room.set(room.bob, Status.EXCUSED)
    outcome = room.hand.everybody_present(room.id, BELL)
    assert [mark.subject_id for mark in outcome.written] == [room.cleo]
    assert room.statuses() == "lep"
    assert room.hand.everybody_present(room.id, BELL).written == ()


def test_undo_takes_back_one_change_after_the_other(room: Room) -> None:
    room.hand.everybody_present(room.id, BELL)
    room.set(room.ada, Status.LATE)
    room.set(room.ada, Status.ABSENT)
    assert room.statuses() == "app"
    assert (room.undo(), room.statuses()) == (1, "lpp")
    assert (room.undo(), room.statuses()) == (1, "ppp")
    assert (room.undo(), room.statuses()) == (3, "ooo")
    assert room.undo() == 0
    assert room.count() == 3 + 2 + 5


def test_undo_writes_marks_that_point_at_what_they_take_back(room: Room) -> None:
    (late,) = room.set(room.ada, Status.LATE, reason="bus").written
    (absent,) = room.set(room.ada, Status.ABSENT).written
    (undone,) = room.hand.undo(room.id, BELL).written
    assert absent.corrects == late.mark_id
    assert (undone.corrects, undone.status, undone.rule) == (
        absent.mark_id,
        Status.LATE,
        TAKEN_BACK,
    )
    assert undone.reason == "bus"
    assert [m.mark_id for m in statements(room.keeper.marks(room.id), room.ada)] == [late.mark_id]


def test_after_undo_another_change_can_be_made_and_undone(room: Room) -> None:
    room.set(room.ada, Status.LATE)
    room.undo()
    room.set(room.ada, Status.EXCUSED)
    assert (room.undo(), room.statuses()) == (1, "ooo")
    assert room.undo() == 0


def test_changes_of_one_instant_are_undone_one_by_one(room: Room) -> None:
    room.hand.everybody_present(room.id, BELL)
    for who, status in ((room.ada, Status.LATE), (room.bob, Status.ABSENT)):
        room.hand.set(room.id, [Change(who, status)], BELL)
    assert (room.undo(), room.statuses()) == (1, "lpp")
    assert (room.undo(), room.statuses()) == (1, "ppp")
    assert room.undo() == 3


def test_undo_leaves_alone_what_somebody_else_changed_since(room: Room) -> None:
    room.hand.everybody_present(room.id, BELL)
    room.set(room.bob, Status.ABSENT, CARR)
    room.clock.advance(1)
    undone = room.hand.undo(room.id, BELL)
    assert (len(undone.written), undone.outrun) == (2, (room.bob,))
    assert room.statuses() == "oao"
    assert room.undo(CARR) == 1
    assert room.statuses() == "opo"


def test_a_change_on_sight_of_an_older_state_is_given_back(room: Room) -> None:
    seen = room.version(room.ada)
    assert room.set(room.ada, Status.LATE, CARR, seen=seen).written
    outcome = room.set(room.ada, Status.ABSENT, BELL, seen=seen)
    assert [change.status for change in outcome.outrun] == [Status.ABSENT]
    assert room.statuses() == "loo"
    assert room.set(room.ada, Status.ABSENT, BELL, seen=room.version(room.ada)).written


def test_two_who_say_the_same_agree(room: Room) -> None:
    seen = room.version(room.ada)
    room.set(room.ada, Status.LATE, CARR, seen=seen)
    assert room.set(room.ada, Status.LATE, BELL, seen=seen).unchanged == (room.ada,)


def test_being_seen_once_more_is_no_newer_state(room: Room) -> None:
    room.see(room.ada, 1)
    seen = room.version(room.ada)
    room.see(room.ada, 8)
    assert room.set(room.ada, Status.LEFT_EARLY, seen=seen).written


def test_a_closed_session_is_changed_with_a_reason_alone(room: Room) -> None:
    room.see(room.ada, 1)
    room.keeper.close_session(room.id)
    with pytest.raises(InvalidInput, match="closed"):
        room.set(room.bob, Status.EXCUSED)
    room.set(room.bob, Status.EXCUSED, reason="note from home")
    assert room.statuses() == "pea"
    assert (room.undo(), room.statuses()) == (1, "paa")
    assert room.keeper.verify().holds


def test_nobody_is_marked_in_a_session_that_was_called_off(room: Room) -> None:
    from dataclasses import replace

    with room.database.uow() as uow:
        uow.sessions.update(replace(room.session, state=SessionState.CANCELLED))
        uow.commit()
    with pytest.raises(SessionClosed):
        room.set(room.ada, Status.PRESENT)
    with pytest.raises(SessionClosed):
        room.hand.everybody_present(room.id, BELL)


def test_all_changes_of_one_form_are_written_or_none(room: Room) -> None:
    changes = [Change(room.ada, Status.LATE), Change(new_id(), Status.LATE)]
    with pytest.raises(NotFound):
        room.hand.set(room.id, changes, BELL)
    assert room.count() == 0


def test_a_paper_register_holds_from_the_lessons_start_and_names_who_entered_it(
    room: Room,
) -> None:
    room.keeper.close_session(room.id)
    room.clock.advance(9000)
    changes = [Change(room.ada, Status.PRESENT), Change(room.bob, Status.LATE)]
    outcome = room.hand.enter_from_paper(room.id, changes, BELL)
    assert {(m.at, m.by, m.rule, m.reason) for m in outcome.written} == {
        (NOW, BELL, FROM_PAPER, FROM_PAPER)
    }
    assert room.statuses() == "pla"
    assert room.undo() == 2


def test_everybody_present_passes_over_erased_people(room: Room) -> None:
    with room.database.uow() as uow:
        uow.subjects.remove(room.cleo)
        uow.commit()
    assert len(room.hand.everybody_present(room.id, BELL).written) == 2


def test_the_last_statement_decides_and_an_arrival_where_there_is_none(room: Room) -> None:
    room.see(room.ada, 1)
    room.set(room.ada, Status.LATE)
    record = room.keeper.records(room.id)[0]
    said = decisive_mark(record)
    assert isinstance(said, Mark) and said.kind is MarkKind.STATUS
    room.undo()
    said = decisive_mark(room.keeper.records(room.id)[0])
    assert isinstance(said, Mark) and said.kind is MarkKind.ARRIVED
