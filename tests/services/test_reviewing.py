"""Unsure faces wait for a person, once for each person and session, and without a picture."""

from __future__ import annotations

from datetime import timedelta

import pytest

from builders import NOW, make_class
from rollbook.domain.attendance import Direction, MarkKind, Method, Status
from rollbook.domain.gallery import Candidate
from rollbook.domain.identification import Doubt, OperatingPoint, ProbeKind, Unidentified
from rollbook.domain.ports import ReviewItem
from rollbook.domain.statements import Change
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.corrections import Corrections
from rollbook.services.due import DueRunner, no_jobs
from rollbook.services.register import RegisterKeeper
from rollbook.services.reviewing import LOOK_EVERY, Reviewing
from rollbook.services.site import Site as SiteChoices
from rollbook.storage.database import Database
from rollbook.testing import COLOUR_SPACE, FixedClock

BELL, CARR = "faculty bell", "faculty carr"
LEVEL = 0.35
DAY = 24 * 3600  # seconds
POINT = OperatingPoint(0.4, 0.05, ProbeKind.TRACK, COLOUR_SPACE, 0.001, 3, "test")


class Room:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.queue = Reviewing(database.uow, self.clock)
        self.group, people = make_class(database.uow, ["Ada", "Bob", "Cleo"])
        self.ada, self.bob, self.cleo = (person.subject_id for person in people)
        self.session = self.keeper.open_session(
            self.group.group_id, NOW, NOW + timedelta(hours=1), business_date=NOW.date()
        )

    @property
    def id(self) -> str:
        return self.session.session_id

    def leave(self, *scores: tuple[str, float], minute: float = 3) -> bool:
        shown = tuple(Candidate(subject, score) for subject, score in scores)
        unknown = Unidentified(Doubt.AMBIGUOUS, shown, POINT, 5)
        at = NOW + timedelta(minutes=minute)
        return self.queue.leave(self.id, unknown, at, LEVEL, "door")

    def see(self, who: str, minute: float = 1) -> None:
        at = NOW + timedelta(minutes=minute)
        self.keeper.sight(self.id, who, at, Method.FACE, Direction.BOTH, "door", None)

    def waiting(self) -> list[str]:
        return [i.review_id for _, items in self.queue.waiting() for i in items]

    def status(self, who: str) -> Status:
        return {r.subject_id: r.status for r in self.keeper.records(self.id)}[who]


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


def test_nothing_waits_at_first(room: Room) -> None:
    assert room.queue.waiting() == []
    assert not room.leave()


def test_a_face_that_resembles_nobody_enough_is_not_kept(room: Room) -> None:
    assert not room.leave((room.ada, LEVEL - 0.01))
    assert room.waiting() == []


def test_one_face_waits_for_a_person_and_session(room: Room) -> None:
    assert room.leave((room.ada, 0.41), (room.bob, 0.4))
    assert not room.leave((room.ada, 0.45))
    assert room.leave((room.bob, 0.39))
    assert len(room.waiting()) == 2


def test_who_is_marked_already_leaves_nothing(room: Room) -> None:
    room.see(room.ada)
    assert not room.leave((room.ada, 0.41))


def test_what_waits_goes_away_when_everybody_it_may_be_is_marked(room: Room) -> None:
    room.leave((room.ada, 0.41), (room.bob, 0.4), (room.cleo, 0.1))
    room.see(room.ada)
    assert len(room.waiting()) == 1
    room.see(room.bob)
    assert room.waiting() == []


def test_it_was_somebody_who_arrived_when_the_face_was_seen(room: Room) -> None:
    room.leave((room.ada, 0.41), (room.bob, 0.4), minute=12)
    (review_id,) = room.waiting()
    (mark,) = room.queue.it_was(review_id, room.bob, BELL).marks
    assert (mark.kind, mark.method, mark.by, mark.camera_id) == (
        MarkKind.ARRIVED,
        Method.HAND,
        BELL,
        "door",
    )
    assert mark.at == NOW + timedelta(minutes=12)
    assert mark.evidence is not None
    assert (mark.evidence.score, mark.evidence.margin, mark.evidence.frames) == (0.4, -0.01, 5)
    assert room.status(room.bob) is Status.LATE
    assert room.waiting() == []


def test_of_two_who_decide_one_does_and_the_other_is_told(room: Room) -> None:
    room.leave((room.ada, 0.41))
    (review_id,) = room.waiting()
    room.queue.it_was(review_id, room.ada, BELL)
    with pytest.raises(NotFound):
        room.queue.it_was(review_id, room.bob, CARR)
    with pytest.raises(NotFound):
        room.queue.it_was_nobody(review_id, CARR)
    assert room.status(room.bob) is Status.OPEN


def test_it_was_nobody_writes_no_mark_and_says_who_decided(room: Room) -> None:
    room.leave((room.ada, 0.41))
    (review_id,) = room.waiting()
    assert room.queue.it_was_nobody(review_id, BELL).marks == ()
    assert room.keeper.marks(room.id) == []
    with room.database.uow() as uow:
        assert uow.register.of_session(room.id)[-1].body["by"] == BELL


def test_somebody_of_the_list_without_evidence_can_be_named_and_nobody_else(room: Room) -> None:
    room.leave((room.ada, 0.41))
    (review_id,) = room.waiting()
    _, strangers = make_class(room.database.uow, ["Zoe"], "8b")
    with pytest.raises(InvalidInput):
        room.queue.it_was(review_id, strangers[0].subject_id, BELL)
    (mark,) = room.queue.it_was(review_id, room.cleo, BELL).marks
    assert mark.evidence is None and room.status(room.cleo) is Status.PRESENT


def test_who_was_set_absent_is_so_no_more_and_an_excuse_stays(room: Room) -> None:
    hand = Corrections(room.database.uow, room.clock)
    room.leave((room.ada, 0.41))
    room.leave((room.bob, 0.41))
    first, second = room.waiting()
    hand.set(room.id, [Change(room.ada, Status.ABSENT), Change(room.bob, Status.EXCUSED)], CARR)
    room.queue.it_was(first, room.ada, BELL)
    room.queue.it_was(second, room.bob, BELL)
    assert (room.status(room.ada), room.status(room.bob)) == (Status.PRESENT, Status.EXCUSED)


def test_a_decision_counts_in_a_closed_session_too(room: Room) -> None:
    room.leave((room.ada, 0.41))
    room.keeper.close_session(room.id)
    (review_id,) = room.waiting()
    room.queue.it_was(review_id, room.ada, BELL)
    assert room.status(room.ada) is Status.PRESENT
    assert room.keeper.verify().holds


def test_only_the_own_groups_are_shown(room: Room) -> None:
    room.leave((room.ada, 0.41))
    assert room.queue.waiting(["another"]) == []
    assert len(room.queue.waiting([room.group.group_id])) == 1


def test_faces_that_an_earlier_version_left_are_read(room: Room) -> None:
    body: dict[str, object] = {
        "subject_id": room.ada,
        "doubt": "below_threshold",
        "candidates": [[room.ada, 0.3]],
        "photo": 0,
        "face": 2,
    }
    with room.database.uow() as uow:
        uow.reviews.add(ReviewItem("old", room.id, body, NOW))
        uow.commit()
    ((_, (item,)),) = room.queue.waiting()
    assert (item.source, item.seen_at, item.face) == ("photo", NOW, 2)
    (mark,) = room.queue.it_was("old", room.ada, BELL).marks
    assert mark.evidence is None


def test_what_nobody_decides_on_is_forgotten_after_the_days_of_the_site(room: Room) -> None:
    jobs = no_jobs({})
    jobs.register("forget", room.queue.forget_when_due, lambda after: after + timedelta(days=1))
    due = DueRunner(room.database.uow, room.clock, jobs)
    room.leave((room.ada, 0.41))
    room.clock.advance(13 * DAY)
    room.leave((room.bob, 0.41))
    assert due.run_due() == 1
    assert len(room.waiting()) == 2
    room.clock.advance(DAY)
    assert due.run_due() == 1
    assert len(room.waiting()) == 1
    with room.database.uow() as uow:
        last = uow.register.of_session(room.id)[-1].body
    assert (last["event"], last["count"]) == ("unsure faces forgotten", 1)
    choices = SiteChoices(room.database.uow, room.clock)
    choices.change(BELL, review_days=1)
    room.clock.advance(DAY + 1)
    assert due.run_due() == 1
    assert room.waiting() == []
    for wrong in (0, 91, -1):
        with pytest.raises(InvalidInput):
            choices.change(BELL, review_days=wrong)


def test_nobody_waits_longer_than_the_days_of_the_site_even_between_two_looks(room: Room) -> None:
    room.leave((room.ada, 0.41))
    room.clock.advance(14 * DAY - LOOK_EVERY.total_seconds() + 1)
    assert room.queue.forget(room.clock.now()) == 1
    assert room.queue.forget(room.clock.now()) == 0


def test_a_server_that_was_stopped_shows_no_old_face_and_forgets_it_at_once(room: Room) -> None:
    jobs = no_jobs({})
    jobs.register("forget", room.queue.forget_when_due, lambda after: after + LOOK_EVERY)
    DueRunner(room.database.uow, room.clock, jobs).run_due()
    room.leave((room.ada, 0.41))
    room.clock.advance(100 * DAY)
    assert room.waiting() == []
    started_anew = DueRunner(room.database.uow, room.clock, jobs)
    assert started_anew.run_due() == 1
    with room.database.uow() as uow:
        assert uow.reviews.all() == []
