"""One running camera: a thread around a watch, and what it tells."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from rollbook.domain.attendance import Session
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.camera_reports import CameraReport, RecentCounts, Running
from rollbook.domain.cameras import CameraHealth
from rollbook.domain.faces import Frame, Pixels, Refusal
from rollbook.domain.ports import Camera, Clock
from rollbook.errors import RollbookError, StreamEnded, places_of
from rollbook.services.recognise import FrameResult
from rollbook.services.watch import WatchEnd, WatchSummary
from rollbook.services.watch_events import (
    FaceRefused,
    HealthChanged,
    Marked,
    UnknownSeen,
    WatchEvent,
)

log = logging.getLogger(__name__)

BROKE_OFF = "The camera's work broke off for an unexpected reason, which is in the log."
DARK, WARM_UP = 12.0, 30  # mean of 0..255; pictures that are waited for light
FRAMES, FACES, MARKS = "frames", "frames with faces", "marks"  # beside the codes of reasons


class RunCamera(Protocol):
    """Watches a camera for a session until `stop`, in the thread that calls."""

    def __call__(
        self,
        camera: SiteCamera,
        session: Session,
        *,
        tell: Callable[[WatchEvent], None],
        show: Callable[[Frame, FrameResult], None],
        stop: Callable[[], bool],
    ) -> WatchSummary: ...


class CameraWorker:
    """A camera that watches one session."""

    def __init__(
        self, camera: SiteCamera, session: Session, held: datetime, run: RunCamera, clock: Clock
    ) -> None:
        """`held` is until when no other process takes the camera."""
        self.camera = camera
        self.session = session
        self.held = held
        self.began = clock.now()
        self.failure = ""  # a sentence, once it is over
        self.source_ended = False
        self.picture: Pixels | None = None
        self._run = run
        self._clock = clock
        self._counts = RecentCounts()
        self._health: CameraHealth | None = None
        self._lock = threading.Lock()
        self._ending = threading.Event()
        name = f"camera {camera.camera_id[:8]}"
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @property
    def task(self) -> tuple[SiteCamera, Session]:
        """What it was started for; another one is wanted when this changes."""
        return self.camera, self.session

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; what was recognised is written first."""
        self._ending.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def report(self, now: datetime) -> CameraReport:
        with self._lock:
            counts, health = self._counts.total(now), self._health
        frames, faces, marks = (counts.pop(what, 0) for what in (FRAMES, FACES, MARKS))
        if frames > faces:
            counts[Refusal.NO_FACE.value] = frames - faces
        session_id = self.session.session_id
        reasons = dict(counts.most_common())
        return CameraReport(Running.RUNNING, "", session_id, health, frames, faces, marks, reasons)

    def _work(self) -> None:
        try:
            summary = self._run(
                self.camera,
                self.session,
                tell=self._tell,
                show=self._show,
                stop=self._ending.is_set,
            )
            self.source_ended = summary.end is WatchEnd.SOURCE_ENDED
        except RollbookError as error:
            self.failure = str(error)
            log.warning("camera %s ended: %s", self.camera.camera_id, type(error).__name__)
        except Exception as error:  # the top of a camera's loop: the watch starts it again
            self.failure = BROKE_OFF
            log.error("camera %s broke off", self.camera.camera_id, exc_info=places_of(error))
        finally:
            self.picture = None

    def _show(self, frame: Frame, result: FrameResult) -> None:
        self.picture = frame.pixels
        self._count(FRAMES)
        if result.tracks:
            self._count(FACES)

    def _tell(self, event: WatchEvent) -> None:
        match event:
            case HealthChanged(health=health):
                with self._lock:
                    self._health = health
            case Marked():
                self._count(MARKS)
            case FaceRefused(reason=reason):
                self._count(reason.value)
            case UnknownSeen(doubt=doubt):
                self._count(doubt.value)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts.add(what, self._clock.now())


def first_picture(source: Camera, patience: float = 8.0) -> Pixels | None:
    """Return the first picture that shows something, else the last one that came; close it after.

    Webcams begin with a few black pictures.
    """
    until, newest = time.monotonic() + patience, None
    try:
        while time.monotonic() < until and (newest is None or newest.mean() < DARK):
            frame = source.read(0.5)
            newest = newest if frame is None else frame.pixels
            if frame is not None and frame.sequence >= WARM_UP:
                break
    except StreamEnded:
        pass
    finally:
        source.close()
    return newest
