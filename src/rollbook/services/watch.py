"""Watch a camera for a session: whoever is recognised is marked, and nothing else is written."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from rollbook.domain.attendance import Direction, Evidence, Ignored, Mark, Method, Session
from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.evidence import evidence_of
from rollbook.domain.faces import Frame, Refusal
from rollbook.domain.identification import Doubt, Identified, Unidentified
from rollbook.domain.ports import Camera, Clock
from rollbook.errors import NotFound, SessionClosed, StorageUnavailable, StreamEnded
from rollbook.services.galleries import SessionGallery
from rollbook.services.recognise import FrameResult, Recogniser, TrackState, TrackView

Sight = Callable[
    [str, str, datetime, Method, Direction, str | None, Evidence | None], Mark | Ignored
]


@dataclass(frozen=True, slots=True)
class Marked:
    """Somebody was recognised and marked."""

    mark: Mark
    decision: Identified


@dataclass(frozen=True, slots=True)
class NotMarked:
    """Somebody was recognised, and there was nothing to write, or no way to."""

    subject_id: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class UnknownSeen:
    """A face that belongs to nobody of this session."""

    track_id: int
    at: datetime
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class FaceRefused:
    """A face that cannot be used as it is now; told once for each track and reason."""

    track_id: int
    at: datetime
    reason: Refusal


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """The camera went away, came back, or sees nothing."""

    health: CameraHealth


@dataclass(frozen=True, slots=True)
class MarksWaiting:
    """Marks could not be written yet; they are kept and tried again."""

    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class GalleryChanged:
    """People, samples or consents changed; `size` people can be found from now on."""

    size: int


WatchEvent = (
    Marked | NotMarked | UnknownSeen | FaceRefused | HealthChanged | MarksWaiting | GalleryChanged
)


class WatchEnd(StrEnum):
    """Why a watch is over."""

    STOPPED = "stopped"
    SESSION_OVER = "session over"
    SESSION_CLOSED = "session closed"
    SOURCE_ENDED = "source ended"


@dataclass(frozen=True, slots=True)
class WatchSummary:
    """What a watch did. Times are those of recognising, without waiting for the camera."""

    end: WatchEnd
    frames: int
    seconds: float
    frames_a_second: float
    median_ms: float | None
    p95_ms: float | None
    marks: int
    people: int  # different people who were recognised
    unknown: int  # tracks that stayed unknown
    refused: dict[str, int]  # tracks by the code of their refusal
    health: CameraHealth


@dataclass(frozen=True, slots=True)
class WatchRules:
    """How patient a watch is. Times in seconds."""

    tick: float = 0.2  # at the latest so often it is looked whether to stop
    gallery_every: float = 1.0
    first_retry: float = 0.1
    longest_retry: float = 5.0
    last_patience: float = 30.0  # at the end, for marks that are not written yet


@dataclass(frozen=True, slots=True)
class Post:
    """Which session is watched, from where."""

    session: Session
    camera_id: str
    direction: Direction = Direction.BOTH
    attack_detector: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A decision on its way to the register."""

    decision: Identified
    at: datetime
    evidence: Evidence


class MarkWriter:
    """Writes marks in the order of decisions; keeps those that cannot be written yet."""

    def __init__(
        self,
        sight: Sight,
        post: Post,
        rules: WatchRules,
        tell: Callable[[WatchEvent], None],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sight = sight
        self._post = post
        self._rules = rules
        self._tell = tell
        self._stopwatch = stopwatch
        self._waiting: deque[Sighting] = deque()
        self._wait = rules.first_retry
        self._next_try = 0.0
        self.marks = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, sighting: Sighting) -> None:
        self._waiting.append(sighting)

    def write(self) -> None:
        """Write what waits, unless the last failure was a moment ago.

        Raises:
            SessionClosed: the session takes no more marks; what waits was told as not marked.
        """
        while self._waiting and self._stopwatch() >= self._next_try:
            try:
                self._write_first()
            except StorageUnavailable as error:
                self._put_off(str(error))
                return
            except SessionClosed as error:
                self._give_up(str(error))
                raise

    def write_all(self) -> None:
        """Write what waits, however long that takes within the last patience.

        Raises:
            StorageUnavailable: some marks could not be written; the text says how many.
        """
        until = self._stopwatch() + self._rules.last_patience
        while self._waiting:
            self.write()
            if self._waiting and self._stopwatch() >= until:
                raise StorageUnavailable(
                    f"{len(self._waiting)} marks could not be written, since the database could "
                    "not be used. Mark these people by hand: rollbook mark"
                )
            if self._waiting:
                time.sleep(min(0.05, self._rules.first_retry))

    def _write_first(self) -> None:
        first, post = self._waiting[0], self._post
        subject_id = first.decision.subject_id
        try:
            outcome = self._sight(
                post.session.session_id,
                subject_id,
                first.at,
                Method.FACE,
                post.direction,
                post.camera_id,
                first.evidence,
            )
        except NotFound as error:  # removed since the gallery was read
            outcome = Ignored(str(error))
        self._waiting.popleft()
        self._wait, self._next_try = self._rules.first_retry, 0.0
        if isinstance(outcome, Mark):
            self.marks += 1
            self._tell(Marked(outcome, first.decision))
        else:
            self._tell(NotMarked(subject_id, first.at, outcome.reason))

    def _put_off(self, reason: str) -> None:
        if self._wait == self._rules.first_retry:
            self._tell(MarksWaiting(len(self._waiting), reason))
        self._next_try = self._stopwatch() + self._wait
        self._wait = min(2 * self._wait, self._rules.longest_retry)

    def _give_up(self, reason: str) -> None:
        for sighting in self._waiting:
            self._tell(NotMarked(sighting.decision.subject_id, sighting.at, reason))
        self._waiting.clear()


@dataclass(slots=True)
class _Tally:
    """What a watch counts. Of very long watches the times of the newest frames are kept."""

    frames: int = 0
    milliseconds: deque[float] = field(default_factory=lambda: deque(maxlen=20_000))
    people: set[str] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    refused: set[tuple[int, Refusal]] = field(default_factory=set)


class Watch:
    """One camera, one session, until somebody stops it or there is nothing more to see."""

    def __init__(
        self,
        camera: Camera,
        recogniser: Recogniser,
        sight: Sight,
        post: Post,
        clock: Clock,
        *,
        newer_gallery: Callable[[int], SessionGallery | None] = lambda version: None,
        rules: WatchRules | None = None,
        tell: Callable[[WatchEvent], None] = lambda event: None,
        show: Callable[[Frame, FrameResult], None] = lambda frame, result: None,
    ) -> None:
        """`newer_gallery(version)` returns a gallery when that version is not the newest one, and
        raises SessionClosed when the session takes no more marks.


        `tell` gets what happens; `show` each frame with what was recognised in it.
        """
        self._camera = camera
        self._recogniser = recogniser
        self._post = post
        self._clock = clock
        self._newer_gallery = newer_gallery
        self._rules = rules or WatchRules()
        self._tell = tell
        self._show = show
        self._writer = MarkWriter(sight, post, self._rules, tell)
        self._tally = _Tally()
        self._told: tuple[CameraState, str] | None = None
        self._gallery_at = time.monotonic()

    def run(self, stop: Callable[[], bool] = lambda: False) -> WatchSummary:
        """Watch until the end; Ctrl-C is a regular end. Every decision is written before return.

        Raises:
            CameraUnavailable: a clip cannot be read.
            StorageUnavailable: marks could not be written, however often it was tried.
        """
        began = time.perf_counter()
        try:
            end = self._until_the_end(stop)
            seconds, health = time.perf_counter() - began, self._camera.health()
        finally:
            self._camera.close()
            self._write_what_is_left()
        return self._summary(end, seconds, health)

    def _write_what_is_left(self) -> None:
        try:
            self._writer.write_all()
        except SessionClosed:
            return  # what could not be written was told

    def _until_the_end(self, stop: Callable[[], bool]) -> WatchEnd:
        try:
            while not stop():
                if (end := self._step()) is not None:
                    return end
        except KeyboardInterrupt:
            pass
        except SessionClosed:
            return WatchEnd.SESSION_CLOSED
        return WatchEnd.STOPPED

    def _step(self) -> WatchEnd | None:
        """Take the next frame, if one comes; return why the watch is over, or None."""
        try:
            frame = self._camera.read(self._rules.tick)
        except StreamEnded:
            return WatchEnd.SOURCE_ENDED
        self._tell_health()
        self._look_for_gallery()
        at = self._clock.now() if frame is None else frame.captured_at
        if at > self._post.session.ends_at + self._post.session.policy.closes_after:
            return WatchEnd.SESSION_OVER
        if frame is not None:
            self._see(frame)
        self._writer.write()
        return None

    def _see(self, frame: Frame) -> None:
        began = time.perf_counter()
        result = self._recogniser.process(frame)
        self._tally.milliseconds.append(1000 * (time.perf_counter() - began))
        self._tally.frames += 1
        for track in result.tracks:
            self._note(track, frame.captured_at)
        self._show(frame, result)

    def _note(self, track: TrackView, at: datetime) -> None:
        """Send a decision on its way, and count what stays unknown or is refused."""
        tally = self._tally
        match track.decision:
            case Identified() as decision:
                tally.people.add(decision.subject_id)
                tally.unknown.discard(track.track_id)
                self._writer.add(Sighting(decision, at, self._evidence(decision, track)))
            case Unidentified(doubt=doubt) if track.track_id not in tally.unknown:
                tally.unknown.add(track.track_id)
                self._tell(UnknownSeen(track.track_id, at, doubt))
        if track.state is TrackState.REFUSED and track.reason is not None:
            seen = (track.track_id, track.reason)
            if seen not in tally.refused:
                tally.refused.add(seen)
                self._tell(FaceRefused(track.track_id, at, track.reason))

    def _evidence(self, decision: Identified, track: TrackView) -> Evidence:
        attack = track.attack
        return evidence_of(
            decision,
            attack_detector=attack.detector if attack else self._post.attack_detector,
            attack_score=attack.score if attack else None,
        )

    def _tell_health(self) -> None:
        health = self._camera.health()
        if self._told != (health.state, health.sentence):
            self._told = (health.state, health.sentence)
            self._tell(HealthChanged(health))

    def _look_for_gallery(self) -> None:
        """Take over a changed gallery; a database that is busy is asked again later."""
        now = time.monotonic()
        if now - self._gallery_at < self._rules.gallery_every:
            return
        self._gallery_at = now
        try:
            newer = self._newer_gallery(self._recogniser.known.version)
        except StorageUnavailable:
            return
        if newer is not None:
            self._recogniser.use(newer)
            self._tell(GalleryChanged(len(newer.gallery)))

    def _summary(self, end: WatchEnd, seconds: float, health: CameraHealth) -> WatchSummary:
        tally = self._tally
        times = np.array(tally.milliseconds)
        refused = Counter(reason.value for _, reason in tally.refused)
        return WatchSummary(
            end=end,
            frames=tally.frames,
            seconds=seconds,
            frames_a_second=tally.frames / seconds if seconds > 0 else 0.0,
            median_ms=float(np.median(times)) if len(times) else None,
            p95_ms=float(np.percentile(times, 95)) if len(times) else None,
            marks=self._writer.marks,
            people=len(tally.people),
            unknown=len(tally.unknown),
            refused=dict(refused),
            health=health,
        )


def renewal(session: Session) -> timedelta:
    """Return how often somebody who stays in view is to be decided anew.

    As often as a mark of being seen again can be written, so that presence has no gaps.
    """
    return max(session.policy.quiet_period, timedelta(minutes=1))
