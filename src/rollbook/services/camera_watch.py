"""Runs the cameras of the site: each watches while one of its sessions takes marks.

One thread looks every second what should run; each running camera has a thread of its own, around
a `Watch` whose pictures come from a process that can be killed. A camera that fails is tried again
after a while, and of several servers of one site only one runs it.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollbook.domain.attendance import Session
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.camera_reports import CameraReport, Running
from rollbook.domain.faces import Pixels
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.errors import StorageError, places_of
from rollbook.services.camera_worker import CameraWorker, RunCamera
from rollbook.services.site import faces_enabled

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SupervisorRules:
    """How often is looked, and how long is waited. Seconds, where no unit is said."""

    every: float = 1.0
    lease: timedelta = timedelta(seconds=30)
    renew_before: timedelta = timedelta(seconds=20)
    first_wait: timedelta = timedelta(seconds=2)
    longest_wait: timedelta = timedelta(minutes=1)
    calm_after: timedelta = timedelta(minutes=2)  # a run of this length was no failure to start
    patience: float = 10.0  # for all cameras together to end, when the server ends


@dataclass(slots=True)
class _Trouble:
    """What is remembered about a camera between two runs."""

    failures: int = 0
    retry_at: datetime | None = None
    sentence: str = ""
    ended_for: str | None = None  # a clip is played once for a session
    elsewhere: bool = False


class CameraWatch:
    """The supervisor. `look` is one round of it; `start` lets a thread do the rounds."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        run: RunCamera,
        rules: SupervisorRules | None = None,
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._run = run
        self._rules = rules or SupervisorRules()
        self._workers: dict[str, CameraWorker] = {}
        self._troubles: dict[str, _Trouble] = {}
        self._faces = True  # whether the site uses them at all
        self._lock = threading.Lock()  # of what reports read
        self._round = threading.Lock()  # of one round
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def active(self) -> bool:
        """Whether this process runs cameras."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Look every second until `stop`; nothing happens when it does already."""
        if self.active:
            return
        self._ending.clear()
        self._thread = threading.Thread(target=self._rounds, name="cameras", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End all cameras in order: what they recognised is written first."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(self._rules.patience)
            self._thread = None
        self.end_all()

    def end_all(self) -> None:
        """End what runs, and let other servers have it."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        share = self._rules.patience / max(len(workers), 1)
        for worker in workers:
            worker.join(share)
        with self._round:
            self._reap()

    def look(self) -> None:
        """Start what should run and does not, end what should not, and keep the leases."""
        with self._round:
            self._look(self._clock.now())

    def _look(self, now: datetime) -> None:
        self._reap()
        cameras, sessions = self._read(now)
        wanted = {
            camera.camera_id: (camera, session)
            for camera in cameras
            if camera.enabled and (session := camera.session_at(sessions, now)) is not None
        }
        for camera_id, worker in list(self._workers.items()):
            if worker.task != wanted.get(camera_id) or not self._kept(worker, now):
                worker.stop()
        for camera_id, (camera, session) in wanted.items():
            if camera_id not in self._workers:
                self._begin(camera, session, now)

    def report(self, camera: SiteCamera) -> CameraReport:
        """Return what can be said about a camera now."""
        now = self._clock.now()
        with self._lock:
            worker = self._workers.get(camera.camera_id)
            trouble = self._troubles.get(camera.camera_id, _Trouble())
        if worker is not None:
            return worker.report(now)
        if not camera.enabled:
            return CameraReport(Running.OFF)
        if not self.active:
            return CameraReport(Running.NOT_RUN)
        if not self._faces:
            return CameraReport(Running.FACES_OFF)
        if trouble.elsewhere:
            return CameraReport(Running.ELSEWHERE)
        if trouble.sentence:
            return CameraReport(Running.TROUBLE, trouble.sentence)
        return CameraReport(Running.ENDED if trouble.ended_for else Running.WAITING)

    def picture(self, camera_id: str) -> Pixels | None:
        """Return the newest picture of a camera that runs here, or None."""
        with self._lock:
            worker = self._workers.get(camera_id)
        return None if worker is None else worker.picture

    def runs(self, camera_id: str) -> bool:
        """Return whether a thread of this process reads the camera."""
        with self._lock:
            return camera_id in self._workers

    def _rounds(self) -> None:
        while not self._ending.is_set():
            try:
                self.look()
            except StorageError as error:
                log.warning("cameras wait for the database: %s", error)
            except Exception as error:  # nobody would start the thread again
                why = places_of(error)
                log.error("a round of the cameras failed; the next one follows", exc_info=why)
            self._ending.wait(self._rules.every)

    def _read(self, now: datetime) -> tuple[list[SiteCamera], list[Session]]:
        with self._open_uow() as uow:
            cameras = uow.cameras.all()
            self._faces = faces_enabled(uow)
            if not self._faces or not any(camera.enabled for camera in cameras):
                return cameras, []
            day, around = now.date(), timedelta(days=2)  # of any zone, and long night sessions
            sessions = uow.sessions.all(
                first_day=day - around, last_day=day + around, open_only=True
            )
        return cameras, sessions

    def _begin(self, camera: SiteCamera, session: Session, now: datetime) -> None:
        trouble = self._troubles.setdefault(camera.camera_id, _Trouble())
        if trouble.ended_for == session.session_id:
            return
        if trouble.retry_at is not None and now < trouble.retry_at:
            return
        held = now + self._rules.lease
        with self._open_uow() as uow:
            mine = uow.cameras.claim(camera.camera_id, now, held)
            uow.commit()
        trouble.elsewhere = not mine
        if mine:
            trouble.ended_for = None
            worker = CameraWorker(camera, session, held, self._run, self._clock)
            with self._lock:
                self._workers[camera.camera_id] = worker
            worker.start()

    def _kept(self, worker: CameraWorker, now: datetime) -> bool:
        """Keep the lease; False when it was lost, so that never two servers run one camera."""
        if worker.held - now > self._rules.renew_before:
            return True
        until = now + self._rules.lease
        with self._open_uow() as uow:
            mine = uow.cameras.renew(worker.camera.camera_id, worker.held, until)
            uow.commit()
        if mine:
            worker.held = until
        return mine

    def _reap(self) -> None:
        """Take away the workers that are over, and remember why."""
        over = [worker for worker in self._workers.values() if worker.over]
        for worker in over:
            self._remember(worker)
            with self._open_uow() as uow:
                uow.cameras.release(worker.camera.camera_id, worker.held)
                uow.commit()
            with self._lock:
                del self._workers[worker.camera.camera_id]

    def _remember(self, worker: CameraWorker) -> None:
        now, trouble = self._clock.now(), self._troubles[worker.camera.camera_id]
        trouble.ended_for = worker.session.session_id if worker.source_ended else None
        trouble.sentence = worker.failure
        if not worker.failure:
            trouble.failures, trouble.retry_at = 0, None
            return
        if now - worker.began > self._rules.calm_after:
            trouble.failures = 0
        wait = self._rules.first_wait * 2 ** min(trouble.failures, 10)
        trouble.failures += 1
        trouble.retry_at = now + min(wait, self._rules.longest_wait)
