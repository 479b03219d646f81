"""Watching: from pictures to marks, with colours for people and a register that can fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

import pytest

from rollbook import testing as t
from rollbook.domain.attendance import (
    Direction,
    Evidence,
    Ignored,
    Mark,
    MarkKind,
    Method,
    Session,
    next_mark,
)
from rollbook.domain.cameras import CameraState
from rollbook.domain.faces import DetectedFace, Pixels, Quality, QualityMeasures, Refusal
from rollbook.domain.gallery import Gallery
from rollbook.domain.identification import Doubt, OperatingPoint, ProbeKind
from rollbook.domain.tallies import RETRY
from rollbook.errors import NotFound, SessionClosed, StorageUnavailable
from rollbook.services.galleries import SessionGallery
from rollbook.services.mark_writer import Post, WatchRules
from rollbook.services.recognise import Recogniser, RecogniserParts
from rollbook.services.watch import Watch, WatchEnd, WatchSummary, renewal
from rollbook.services.watch_events import (
    FaceRefused,
    GalleryChanged,
    HealthChanged,
    Marked,
    MarksWaiting,
    NotMarked,
    UnknownSeen,
    WatchEvent,
)
from rollbook.vision.engine import Engine
from rollbook.vision.tracker import FaceFollower

SESSION = Session(
    "session-1",
    "group-1",
    "Mathematics",
    t.START,
    t.START + timedelta(minutes=45),
    date(2026, 3, 2),
)
QUICK = WatchRules(tick=0.01, gallery_every=0.0, first_retry=0.01, last_patience=0.3)


Event = TypeVar("Event")


class Book:
    """A register in memory that keeps the rules of attendance, and fails when told to."""

    def __init__(self, failures: list[Exception] | None = None) -> None:
        self.marks: list[Mark] = []
        self.failures = failures or []
        self.calls = 0

    def sight(
        self,
        session_id: str,
        subject_id: str,
        at: datetime,
        method: Method,
        direction: Direction,
        camera_id: str | None,
        evidence: Evidence | None,
    ) -> Mark | Ignored:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        earlier = [mark for mark in self.marks if mark.subject_id == subject_id]
        kind = next_mark(SESSION, earlier, at, direction)
        if isinstance(kind, Ignored):
            return kind
        mark = Mark(
            f"mark-{len(self.marks)}",
            session_id,
            subject_id,
            kind,
            at,
            method,
            "camera",
            camera_id=camera_id,
            direction=direction,
            evidence=evidence,
        )
        self.marks.append(mark)
        return mark


def gallery(people: dict[str, t.Colour], version: int = 1) -> SessionGallery:
    references = [(name, t.template_of(colour)) for name, colour in people.items()]
    point = OperatingPoint(0.8, 0.1, ProbeKind.TRACK, t.COLOUR_SPACE, 0.001, len(people), "test")
    held = Gallery.of(t.COLOUR_SPACE, references)
    return SessionGallery(held, {ProbeKind.TRACK: point}, frozenset(), version, ())


def scene(*people: tuple[t.Colour, float, float]) -> Pixels:
    pixels = t.picture(320, 240)
    for colour, left, top in people:
        t.paint(pixels, t.face_at(left, top, 40), colour)
    return pixels


RED_AT_THE_DOOR = scene((t.RED, 100, 100))
GOOD = Quality(80, QualityMeasures(30, 100, 120, 120, 0, 0, 0, 1))
DARK = replace(GOOD, refusals=(Refusal.TOO_DARK,))


class Bench:
    """A watch over a list of pictures, and all that it says."""

    def __init__(
        self,
        pictures: Sequence[Pixels | None],
        book: Book | None = None,
        *,
        start: datetime = t.START,
        frames_a_second: float = 10.0,
        direction: Direction = Direction.BOTH,
        newer: Callable[[SessionGallery], SessionGallery | None] = lambda known: None,
        judge: Callable[[Pixels, DetectedFace], Quality] = lambda pixels, face: GOOD,
    ) -> None:
        engine = Engine(t.ColourDetector([t.RED, t.GREEN, t.BLUE]), t.ColourEmbedder())
        parts = RecogniserParts(engine.detect, engine.embed, judge, FaceFollower())
        self.book = book or Book()
        self.camera = t.ListSource(pictures, start=start, frames_a_second=frames_a_second)
        self.clock = t.FixedClock(start)
        self.events: list[WatchEvent] = []
        self.shown = 0
        self.counted: list[str] = []
        self.watch = Watch(
            self.camera,
            Recogniser(parts, gallery({"red": t.RED, "green": t.GREEN})),
            self.book.sight,
            Post(SESSION, "door", direction),
            self.clock,
            newer_gallery=newer,
            rules=QUICK,
            tell=self.events.append,
            show=lambda frame, result: setattr(self, "shown", self.shown + 1),
            count=self.counted.append,
        )

    def run(self, stop: Callable[[], bool] = lambda: False) -> WatchSummary:
        return self.watch.run(stop)

    def told(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def test_somebody_known_arrives_once_with_the_evidence_of_it() -> None:
    bench = Bench([RED_AT_THE_DOOR] * 20)
    summary = bench.run()
    (mark,) = bench.book.marks
    assert (mark.subject_id, mark.kind, mark.method) == ("red", MarkKind.ARRIVED, Method.FACE)
    assert (mark.camera_id, mark.at) == ("door", t.START + timedelta(milliseconds=200))
    assert mark.evidence is not None
    assert mark.evidence.frames == 3
    assert mark.evidence.score >= mark.evidence.threshold
    assert mark.evidence.candidates[0][0] == "red"
    assert mark.evidence.attack_detector is None
    assert bench.told(Marked) == [Marked(mark, bench.told(Marked)[0].decision)]
    assert (summary.end, summary.frames, summary.marks, summary.people) == (
        WatchEnd.SOURCE_ENDED,
        20,
        1,
        1,
    )
    assert summary.median_ms is not None
    assert summary.p95_ms is not None
    assert summary.median_ms <= summary.p95_ms
    assert bench.shown == 20
    assert bench.camera.closed


def test_somebody_unknown_is_counted_and_never_marked() -> None:
    bench = Bench([scene((t.BLUE, 100, 100))] * 80)
    summary = bench.run()
    assert bench.book.calls == 0
    assert summary.unknown == 1
    (event,) = bench.told(UnknownSeen)
    assert event.doubt is Doubt.BELOW_THRESHOLD
    assert bench.counted[0] == "below_threshold"
    assert set(bench.counted[1:]) == {RETRY}  # the face is asked about again while it stays


def test_somebody_who_comes_again_is_told_as_marked_already() -> None:
    away: list[Pixels | None] = [scene()] * 15
    bench = Bench([RED_AT_THE_DOOR] * 6 + away + [RED_AT_THE_DOOR] * 6)
    summary = bench.run()
    assert summary.marks == 1
    (event,) = bench.told(NotMarked)
    assert event.reason == "already marked"


def test_refusals_are_told_once_for_a_track_and_reason() -> None:
    bench = Bench([RED_AT_THE_DOOR] * 10, judge=lambda pixels, face: DARK)
    summary = bench.run()
    assert summary.refused == {"too_dark": 1}
    assert len(bench.told(FaceRefused)) == 1
    assert bench.counted == ["too_dark"]
    assert summary.marks == 0


def test_a_locked_database_delays_a_mark_and_never_loses_it() -> None:
    book = Book([StorageUnavailable("locked")] * 3)
    bench = Bench([RED_AT_THE_DOOR] * 8, book)
    summary = bench.run()
    assert [mark.subject_id for mark in book.marks] == ["red"]
    assert book.marks[0].at == t.START + timedelta(milliseconds=200)  # when it happened
    assert summary.marks == 1
    assert len(bench.told(MarksWaiting)) == 1


def test_marks_are_written_in_the_order_of_decisions_after_a_delay() -> None:
    book = Book([StorageUnavailable("locked")])
    both = scene((t.RED, 20, 100), (t.GREEN, 200, 100))
    Bench([RED_AT_THE_DOOR] * 5 + [scene()] * 12 + [both] * 8, book).run()
    assert [mark.subject_id for mark in book.marks] == ["red", "green"]


def test_a_database_that_stays_locked_is_said_aloud_with_the_number_of_marks() -> None:
    book = Book([StorageUnavailable("locked")] * 10_000)
    with pytest.raises(StorageUnavailable, match="1 marks could not be written"):
        Bench([RED_AT_THE_DOOR] * 8, book).run()


def test_a_person_removed_meanwhile_is_not_marked_and_the_watch_goes_on() -> None:
    book = Book([NotFound("There is no such person.")])
    bench = Bench([RED_AT_THE_DOOR] * 6 + [scene((t.GREEN, 250, 20))] * 12, book)
    assert bench.run().marks == 1
    assert [mark.subject_id for mark in book.marks] == ["green"]
    assert [event.subject_id for event in bench.told(NotMarked)] == ["red"]


def test_a_closed_session_ends_the_watch_and_says_who_was_not_marked() -> None:
    book = Book([SessionClosed("The session is closed.")])
    bench = Bench([RED_AT_THE_DOOR] * 50, book)
    summary = bench.run()
    assert summary.end is WatchEnd.SESSION_CLOSED
    assert summary.frames < 50
    assert [event.reason for event in bench.told(NotMarked)] == ["The session is closed."]


def test_a_session_closed_by_somebody_ends_the_watch_between_faces() -> None:
    def closed(version: int) -> SessionGallery | None:
        raise SessionClosed("The session was closed.")

    assert Bench([scene()] * 50, newer=closed).run().end is WatchEnd.SESSION_CLOSED


def test_the_end_of_the_session_ends_the_watch() -> None:
    start = SESSION.ends_at - timedelta(seconds=1)
    bench = Bench([RED_AT_THE_DOOR] * 30, start=start)
    summary = bench.run()
    assert summary.end is WatchEnd.SESSION_OVER
    assert (summary.frames, summary.marks) == (11, 1)


def test_a_camera_without_pictures_does_not_outlive_its_session() -> None:
    bench = Bench([None] * 50)
    bench.clock.at = SESSION.ends_at + timedelta(seconds=1)
    assert bench.run().end is WatchEnd.SESSION_OVER


def test_ctrl_c_is_a_regular_end_and_what_was_decided_is_written() -> None:
    book = Book([StorageUnavailable("locked")] * 2)
    bench = Bench([RED_AT_THE_DOOR] * 100, book)
    seen = 0

    def interrupted() -> bool:
        nonlocal seen
        seen += 1
        if seen == 4:
            raise KeyboardInterrupt
        return False

    summary = bench.run(interrupted)
    assert summary.end is WatchEnd.STOPPED
    assert [mark.subject_id for mark in book.marks] == ["red"]
    assert bench.camera.closed


def test_the_loss_of_a_camera_and_its_return_are_told_once_each() -> None:
    bench = Bench([scene()] * 3 + [None] * 5 + [scene()] * 3)
    bench.run()
    states = [event.health.state for event in bench.told(HealthChanged)]
    assert states[:3] == [CameraState.WORKING, CameraState.LOST, CameraState.WORKING]


def test_somebody_enrolled_meanwhile_is_recognised_without_a_restart() -> None:
    asked = 0

    def newer(known: SessionGallery) -> SessionGallery | None:
        nonlocal asked
        asked += 1
        return gallery({"blue": t.BLUE}, version=2) if known.version == 1 and asked > 12 else None

    bench = Bench([scene((t.BLUE, 100, 100))] * 40, newer=newer)
    bench.run()
    assert [mark.subject_id for mark in bench.book.marks] == ["blue"]
    assert bench.told(GalleryChanged) == [GalleryChanged(1)]


@pytest.mark.slow
def test_whoever_stays_in_view_is_seen_again_after_the_quiet_period() -> None:
    """So that presence has no gaps for a camera that looks over a whole class."""
    bench = Bench([RED_AT_THE_DOOR] * 400, frames_a_second=1.0)
    bench.run()
    kinds = [mark.kind for mark in bench.book.marks]
    assert kinds == [MarkKind.ARRIVED, MarkKind.SEEN]
    assert renewal(SESSION) == SESSION.policy.quiet_period


def test_an_out_camera_writes_no_arrival() -> None:
    bench = Bench([RED_AT_THE_DOOR] * 8, direction=Direction.OUT)
    bench.run()
    assert bench.book.marks == []
    (event,) = bench.told(NotMarked)
    assert event.reason == "left without having arrived"
