"""Which sessions a kiosk shows now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rollbook.domain.attendance import Session, SessionState
from rollbook.domain.kiosk_answers import SessionShown
from rollbook.domain.kiosks import Device
from rollbook.domain.ports import Clock, OpenUnitOfWork

OPEN_FRESH = timedelta(seconds=1)  # so soon a closed session takes no more marks
NEXT_FRESH = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class _Read:
    at: datetime
    sessions: tuple[Session, ...]
    groups: dict[str, str]  # names by id


class KioskSessions:
    """Reads open sessions once for all kiosks of this process."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, today: Callable[[], date]) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._today = today
        self._lock = threading.Lock()
        self._open: _Read | None = None
        self._planned: _Read | None = None

    def now(self, device: Device) -> list[Session]:
        """Return the sessions that take marks now, earliest first."""
        at, read = self._clock.now(), self._read_open()
        return [s for s in read.sessions if device.shows(s.group_id) and s.takes_marks_at(at)]

    def next(self, device: Device) -> SessionShown | None:
        """Return the next session of today that will take marks."""
        at, read = self._clock.now(), self._read_planned()
        coming = [s for s in read.sessions if device.shows(s.group_id) and s.first_mark_at > at]
        return self._shown(min(coming, key=lambda s: s.starts_at), read) if coming else None

    def shown(self, session: Session) -> SessionShown:
        return self._shown(session, self._read_open())

    def _shown(self, session: Session, read: _Read) -> SessionShown:
        return SessionShown(
            session.session_id,
            session.title,
            read.groups.get(session.group_id, ""),
            session.starts_at,
            session.ends_at,
        )

    def _read_open(self) -> _Read:
        with self._lock:
            if self._open is None or self._is_old(self._open, OPEN_FRESH):
                with self._open_uow() as uow:
                    self._open = self._read(uow.sessions.all(open_only=True))
            return self._open

    def _read_planned(self) -> _Read:
        with self._lock:
            if self._planned is None or self._is_old(self._planned, NEXT_FRESH):
                today = self._today()
                with self._open_uow() as uow:
                    found = uow.sessions.all(first_day=today, last_day=today)
                waiting = (SessionState.PLANNED, SessionState.OPEN)
                self._planned = self._read([s for s in found if s.state in waiting])
            return self._planned

    def _read(self, sessions: Sequence[Session]) -> _Read:
        wanted = {session.group_id for session in sessions}
        with self._open_uow() as uow:
            groups = {group_id: uow.groups.get(group_id).name for group_id in wanted}
        return _Read(self._clock.now(), tuple(sessions), groups)

    def _is_old(self, read: _Read, fresh: timedelta) -> bool:
        return not timedelta(0) <= self._clock.now() - read.at < fresh
