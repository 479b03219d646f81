"""A session's life after it was planned: opened and closed, by itself or by hand, or called off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rollbook.domain.attendance import Session, SessionState
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.errors import NotFound, SessionClosed
from rollbook.services.announcing import announce_closing
from rollbook.services.due import Errand
from rollbook.services.excusing import excuse_told, was_taken
from rollbook.services.marks import marks_of
from rollbook.services.register import session_entry
from rollbook.services.session_times import closing, forget_times, opening

TIMETABLE = "timetable"  # who opened and closed when nobody did


class SessionLife:
    """Moves sessions from one state to the next; each step is in the register."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def open(self, session_id: str, by: str) -> Session:
        """Open a planned session by hand, also before its time.

        Raises:
            NotFound: there is no such session.
            SessionClosed: it is not planned.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            if session.state is not SessionState.PLANNED:
                raise SessionClosed("Only a planned session can be opened. Nothing was changed.")
            opened = _opened(uow, session, self._clock.now(), by)
            uow.commit()
        return opened

    def cancel(self, session_id: str, by: str) -> Session:
        """Call a session off: it takes no marks and counts nowhere; its entries stay.

        Raises:
            NotFound: there is no such session.
            SessionClosed: it is closed, or called off already.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            if session.state in (SessionState.CLOSED, SessionState.CANCELLED):
                raise SessionClosed(
                    "A session that is closed or called off cannot be called off. "
                    "Nothing was changed."
                )
            forget_times(uow, [session.session_id])
            session = _moved(
                uow, session, SessionState.CANCELLED, "called off", self._clock.now(), by
            )
            uow.commit()
        return session

    def restore(self, session_id: str, by: str) -> Session:
        """Let a session that was called off take place after all.

        Raises:
            NotFound: there is no such session.
            SessionClosed: it was not called off.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            if session.state is not SessionState.CANCELLED:
                raise SessionClosed("The session was not called off. Nothing was changed.")
            now = self._clock.now()
            session = _moved(uow, session, SessionState.PLANNED, "restored", now, by)
            uow.due.add(*closing(session))
            if now < session.first_mark_at:
                uow.due.add(*opening(session))
            else:
                session = _opened(uow, session, now, by)
            uow.commit()
        return session

    def open_when_due(self, errand: Errand) -> None:
        """Open a planned session whose time has come; one whose time is over was not taken.

        Done is noted in the same transaction, so a kill in between changes nothing.
        """
        with self._open_uow() as uow:
            session = _held(uow, errand.target)
            if session is not None and session.state is SessionState.PLANNED:
                if session.first_mark_at <= errand.now:
                    _opened(uow, session, errand.now, TIMETABLE)
            errand.finish(uow)
            uow.commit()

    def close_when_due(self, errand: Errand) -> None:
        """Close an open session whose time is over.

        One in which nobody marked anybody is left to a person: a kiosk that was switched off must
        not make a whole class absent.
        """
        with self._open_uow() as uow:
            session = _held(uow, errand.target)
            if session is not None and session.state is SessionState.OPEN:
                if session.last_mark_at <= errand.now:
                    _closed(uow, session, errand.now)
            errand.finish(uow)
            uow.commit()


def _held(uow: UnitOfWork, session_id: str) -> Session | None:
    uow.register.hold()
    try:
        return uow.sessions.get(session_id)
    except NotFound:  # the timetable was changed meanwhile
        return None


def _opened(uow: UnitOfWork, session: Session, now: datetime, by: str) -> Session:
    over = now > session.last_mark_at
    state, event = (SessionState.NOT_TAKEN, "not taken") if over else (SessionState.OPEN, "opened")
    opened = _moved(uow, session, state, event, now, by)
    excuse_told(uow, opened, now)
    return opened


def _closed(uow: UnitOfWork, session: Session, now: datetime) -> None:
    if not was_taken(marks_of(uow, [session.session_id])[session.session_id]):
        _moved(uow, session, SessionState.NOT_TAKEN, "not taken", now, TIMETABLE)
        return
    closed = _moved(uow, session, SessionState.CLOSED, "closed", now, TIMETABLE)
    announce_closing(uow, closed, now)
    uow.register.seal_sheet(session.session_id)


def _moved(
    uow: UnitOfWork, session: Session, state: SessionState, event: str, now: datetime, by: str
) -> Session:
    moved = replace(session, state=state)
    uow.sessions.update(moved)
    uow.register.append(session_entry(moved, event, now, by))
    return moved
