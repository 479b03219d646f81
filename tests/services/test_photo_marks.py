"""A teacher's word about the faces of a photograph, as marks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from builders import NOW, make_class
from rollbook.domain.attendance import Method, Status
from rollbook.domain.gallery import Candidate
from rollbook.domain.geometry import Box
from rollbook.domain.identification import (
    Decision,
    Doubt,
    Identified,
    OperatingPoint,
    ProbeKind,
    Unidentified,
)
from rollbook.domain.statements import Change
from rollbook.errors import InvalidInput
from rollbook.services.corrections import Corrections
from rollbook.services.photo import PhotoFace, PhotoResult
from rollbook.services.photo_marks import ASSIGNED, FaceKey, PhotoMarks, PhotoWritten
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import COLOUR_SPACE, FixedClock

BELL = "faculty bell"
POINT = OperatingPoint(0.4, 0.05, ProbeKind.SINGLE, COLOUR_SPACE, 0.001, 3, "test")


class Room:
    """A photograph with three faces: Ada's, one that may be Bob's, and a stranger's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        group, people = make_class(database.uow, ["Ada", "Bob", "Cleo"])
        self.ada, self.bob, self.cleo = (person.subject_id for person in people)
        self.session = self.keeper.open_session(
            group.group_id, NOW, NOW + timedelta(hours=1), business_date=NOW.date()
        )
        ada = (Candidate(self.ada, 0.7), Candidate(self.bob, 0.1))
        bob = (Candidate(self.bob, 0.38),)
        faces = [
            _face(1, Identified(self.ada, 0.7, 0.6, ada, POINT)),
            _face(2, Unidentified(Doubt.BELOW_THRESHOLD, bob, POINT)),
            _face(3, Unidentified(Doubt.BELOW_THRESHOLD, (Candidate(self.bob, 0.0),), POINT)),
        ]
        self.result = PhotoResult((), tuple(faces), (), 0.4, 0.05, 0.35)

    def write(
        self, people: dict[FaceKey, str], later: frozenset[FaceKey] = frozenset()
    ) -> PhotoWritten:
        at = NOW + timedelta(minutes=2)
        return PhotoMarks(self.database.uow, self.clock).write(
            self.session.session_id, self.result, people, at, BELL, later
        )

    def waiting(self) -> int:
        with self.database.uow() as uow:
            return len(uow.reviews.all())


def _face(number: int, decision: Decision) -> PhotoFace:
    return PhotoFace(0, number, Box(0, 0, 9, 9), decision)


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


def test_nothing_confirmed_writes_nothing(room: Room) -> None:
    assert room.write({}) == PhotoWritten((), (), 0)
    assert room.keeper.marks(room.session.session_id) == []


def test_a_confirmed_name_keeps_its_evidence_and_an_assigned_one_a_note(room: Room) -> None:
    first, second = room.write({(0, 1): room.ada, (0, 3): room.cleo}).marks
    assert (first.method, first.by, first.reason) == (Method.PHOTO, BELL, None)
    assert first.evidence is not None and first.evidence.score == 0.7
    assert (second.method, second.by, second.reason) == (Method.HAND, BELL, ASSIGNED)
    assert second.evidence is None


def test_the_same_again_writes_nothing(room: Room) -> None:
    assert len(room.write({(0, 1): room.ada}, frozenset({(0, 2)})).marks) == 1
    again = room.write({(0, 1): room.ada}, frozenset({(0, 2)}))
    assert (again.marks, again.reviews, room.waiting()) == ((), 0, 1)
    assert again.ignored == ((room.ada, "already marked"),)


def test_a_corrected_name_is_a_mark_by_hand(room: Room) -> None:
    (mark,) = room.write({(0, 1): room.bob}).marks
    assert (mark.subject_id, mark.method) == (room.bob, Method.HAND)


def test_only_unsure_faces_wait_and_not_for_those_who_are_named(room: Room) -> None:
    every = frozenset({(0, 1), (0, 2), (0, 3)})
    assert room.write({(0, 3): room.bob}, every).reviews == 0
    assert room.write({}, every).reviews == 1


def test_nobody_stands_twice_on_one_photograph_and_only_the_list_is_there(room: Room) -> None:
    with pytest.raises(InvalidInput):
        room.write({(0, 1): room.ada, (0, 2): room.ada})
    with pytest.raises(InvalidInput):
        room.write({(0, 1): "somebody else"})
    assert room.keeper.marks(room.session.session_id) == []


def test_who_was_set_absent_is_there_after_all(room: Room) -> None:
    hand = Corrections(room.database.uow, room.clock)
    hand.set(room.session.session_id, [Change(room.ada, Status.ABSENT)], BELL)
    room.write({(0, 1): room.ada})
    assert room.keeper.records(room.session.session_id)[0].status is Status.PRESENT


def test_a_closed_session_takes_no_photograph(room: Room) -> None:
    room.keeper.close_session(room.session.session_id)
    written = room.write({(0, 1): room.ada})
    assert written.marks == () and written.ignored[0][0] == room.ada
