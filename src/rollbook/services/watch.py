"""Watch a camera for a session: whoever is recognised is marked, and nothing else is written."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from rollbook.domain.attendance import Evidence, Session
from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.evidence import evidence_of
from rollbook.domain.faces import Frame, Refusal
from rollbook.domain.identification import Identified, Unidentified
from rollbook.domain.ports import Camera, Clock
from rollbook.errors import SessionClosed, StorageUnavailable, StreamEnded
from rollbook.services.galleries import SessionGallery
from rollbook.services.mark_writer import MarkWriter, Post, Sight, Sighting, WatchRules
from rollbook.services.recognise import FrameResult, Recogniser, TrackState, TrackView
from rollbook.services.tallies import FaceCounts
from rollbook.services.watch_events import (
    FaceRefused,
    GalleryChanged,
    HealthChanged,
    RosterRead,
    UnknownSeen,
    WatchEvent,
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
    with_faces: int  # frames that showed a face
    seconds: float
    frames_a_second: float
    median_ms: float | None
    p95_ms: float | None
    marks: int
    people: int  # different people who were recognised
    unknown: int  # tracks that stayed unknown
    refused: dict[str, int]  # tracks by the code of their refusal
    health: CameraHealth


@dataclass(slots=True)
class _Tally:
    """What a watch counts. Of very long watches the times of the newest frames are kept."""

    frames: int = 0
    with_faces: int = 0
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
        newer_gallery: Callable[[SessionGallery], SessionGallery | None] = lambda known: None,
        rules: WatchRules | None = None,
        tell: Callable[[WatchEvent], None] = lambda event: None,
        show: Callable[[Frame, FrameResult], None] = lambda frame, result: None,
        leave: Callable[[Unidentified, datetime, float], object] = lambda one, at, level: None,
        count: Callable[[str], object] = lambda what: None,
    ) -> None:
        """`newer_gallery(known)` returns a gallery when the known one does not hold any more, and
        raises SessionClosed when the session takes no more marks.

        `tell` gets what happens; `show` each frame with what was recognised in it; `leave` keeps
        a face that stayed unknown for a person to decide, with the gallery's review level;
        `count` gets each refusal, doubt and retry.
        """
        self._camera = camera
        self._recogniser = recogniser
        self._post = post
        self._clock = clock
        self._newer_gallery = newer_gallery
        self._rules = rules or WatchRules()
        self._tell = tell
        self._show = show
        self._leave = leave
        self._faces = FaceCounts(count)
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
        known = self._recogniser.known
        self._tell(RosterRead(len(known.gallery), len(known.without_samples)))
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
        self._tally.with_faces += bool(result.tracks)
        for track in result.tracks:
            self._note(track, frame.captured_at)
        self._faces.see(result)
        self._show(frame, result)

    def _note(self, track: TrackView, at: datetime) -> None:
        """Send a decision on its way, and count what stays unknown or is refused."""
        tally = self._tally
        match track.decision:
            case Identified() as decision:
                tally.people.add(decision.subject_id)
                tally.unknown.discard(track.track_id)
                self._writer.add(Sighting(decision, at, self._evidence(decision, track)))
            case Unidentified(doubt=doubt) as unknown if track.track_id not in tally.unknown:
                tally.unknown.add(track.track_id)
                self._tell(UnknownSeen(track.track_id, at, doubt))
                self._leave_for_review(unknown, at)
        if track.state is TrackState.REFUSED and track.reason is not None:
            seen = (track.track_id, track.reason)
            if seen not in tally.refused:
                tally.refused.add(seen)
                self._tell(FaceRefused(track.track_id, at, track.reason))

    def _leave_for_review(self, unknown: Unidentified, at: datetime) -> None:
        try:
            self._leave(unknown, at, self._recogniser.known.review_level)
        except StorageUnavailable:
            return  # marks come first; the face is asked about again when it is seen again

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
            newer = self._newer_gallery(self._recogniser.known)
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
            with_faces=tally.with_faces,
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
