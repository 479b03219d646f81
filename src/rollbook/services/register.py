"""The register's use cases: sessions, marks, corrections and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from rollbook.domain.attendance import (
    NO_CONSENT,
    QUIET,
    SCHOOL_LESSON,
    AttendancePolicy,
    AttendanceRecord,
    Direction,
    Evidence,
    Ignored,
    Mark,
    Method,
    Session,
    SessionState,
    Status,
    next_mark,
    record_of,
    records_of,
    rule_of,
)
from rollbook.domain.policy_codec import policy_to_json
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry, Verification
from rollbook.domain.statements import Change, statement
from rollbook.domain.subjects import new_id
from rollbook.errors import AlreadyExists, InvalidInput, SessionClosed
from rollbook.services.announcing import announce_closing, write_mark
from rollbook.services.excusing import excuse_told
from rollbook.services.galleries import may_be_recognised
from rollbook.services.marks import marks_about, marks_of
from rollbook.services.replays import replays
from rollbook.services.session_times import closing

REASON_LIMIT = 1000  # characters
CAMERA = "camera"
BY_FACE = (Method.FACE, Method.PHOTO)


class RegisterKeeper:
    """Writes marks and reads what they say; what it returns was committed before."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def open_session(
        self,
        group_id: str,
        starts_at: datetime,
        ends_at: datetime,
        *,
        business_date: date,
        title: str = "",
        policy: AttendancePolicy = SCHOOL_LESSON,
        by: str | None = None,
    ) -> Session:
        """Open a session; `domain.attendance.plan_session` gives the instants of local times.

        It closes by itself where due work is done, unless its time is over already.

        Raises:
            NotFound: there is no such group.
        """
        title = clean_remark(title) or ""
        session = Session(new_id(), group_id, title, starts_at, ends_at, business_date, policy)
        with self._open_uow() as uow:
            session = replace(session, invented=uow.groups.get(group_id).invented)
            uow.sessions.add(session)
            now = self._clock.now()
            uow.register.append(session_entry(session, "opened", now, by))
            excuse_told(uow, session, now)
            if session.last_mark_at > now:
                uow.due.add_many([closing(session)])
            uow.commit()
        return session

    def close_session(self, session_id: str, by: str | None = None) -> Session:
        """Close a session and seal its marks as one sheet. Absence is derived, never written.

        Raises:
            NotFound: there is no such session.
            SessionClosed: it is closed already, or not open.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            if session.state is SessionState.CLOSED:
                raise SessionClosed("The session is closed already. Nothing was changed.")
            require_counted(session)
            session = replace(session, state=SessionState.CLOSED)
            uow.sessions.update(session)
            now = self._clock.now()
            uow.register.append(session_entry(session, "closed", now, by))
            announce_closing(uow, session, now)
            uow.register.seal_sheet(session.session_id)
            uow.commit()
        return session

    def sight(
        self,
        session_id: str,
        subject_id: str,
        at: datetime,
        method: Method,
        direction: Direction = Direction.BOTH,
        camera_id: str | None = None,
        evidence: Evidence | None = None,
    ) -> Mark | Ignored:
        """Write that somebody was seen, or say why nothing is written.

        Of two processes that see an arrival at the same time one writes it. A face writes nothing
        once its consent is withdrawn, however long before that it was seen.

        Raises:
            NotFound: there is no such session or person.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            uow.subjects.get(subject_id)
            if method in BY_FACE and not may_be_recognised(uow, subject_id, self._clock.now()):
                return NO_CONSENT
            earlier = marks_about(uow, session.session_id, subject_id)
            kind = next_mark(session, earlier, at, direction)
            if isinstance(kind, Ignored):
                return kind
            mark = Mark(
                mark_id=new_id(),
                session_id=session.session_id,
                subject_id=subject_id,
                kind=kind,
                at=at,
                method=method,
                by=CAMERA if method in BY_FACE else method.value,
                rule=rule_of(session, kind, at),
                camera_id=camera_id,
                direction=direction,
                evidence=evidence,
            )
            return mark if _append(uow, session, mark, self._clock.now()) else QUIET

    def mark_by_hand(
        self, session_id: str, subject_id: str, status: Status, reason: str | None, by: str
    ) -> Mark:
        """Set somebody's status, also after the session was closed; nothing is overwritten.

        The mark points at the statement that it replaces. `Status.OPEN` takes back what was set.

        Raises:
            NotFound: there is no such session or person.
            SessionClosed: it is planned or called off, and takes no marks.
            InvalidInput: the reason is too long.
        """
        reason = clean_remark(reason)
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            require_counted(session)
            uow.subjects.get(subject_id)
            now, said = self._clock.now(), Change(subject_id, status, reason)
            marks = marks_about(uow, session.session_id, subject_id)
            record = record_of(session, subject_id, marks, now)
            mark = statement(session, record, said, clean_remark(by) or "unknown", at=now)
            _append(uow, session, mark, now)
            return mark

    def marks(self, session_id: str) -> list[Mark]:
        """Return a session's marks in the order of the register."""
        with self._open_uow() as uow:
            session = uow.sessions.get(session_id)
            return marks_of(uow, [session.session_id])[session.session_id]

    def records(self, session_id: str) -> list[AttendanceRecord]:
        """Return what follows for everybody on the roster, and for others who were marked."""
        with self._open_uow() as uow:
            session = uow.sessions.get(session_id)
            return self._records(uow, [session])[session.session_id]

    def records_of_sessions(self, sessions: Sequence[Session]) -> dict[str, list[AttendanceRecord]]:
        """Return the records of many sessions by session id, in one reading."""
        with self._open_uow() as uow:
            return self._records(uow, sessions)

    def _records(
        self, uow: UnitOfWork, sessions: Sequence[Session]
    ) -> dict[str, list[AttendanceRecord]]:
        marks = marks_of(uow, [session.session_id for session in sessions])
        now = self._clock.now()
        return {
            session.session_id: records_of(
                session,
                uow.groups.roster(session.group_id, session.business_date),
                marks[session.session_id],
                now,
            )
            for session in sessions
        }

    def verify(self, progress: Progress | None = None) -> Verification:
        """Check the whole chain of the register, and that no old row was put back beside it."""
        with self._open_uow() as uow:
            return verified(uow, progress)

    def note_rows(self) -> bool:
        """Write down digests of accounts, settings and groups' people as they are found.

        Once in a register: those that were made since begin with it. False: it was done before.

        Raises:
            RegisterTampered: nothing can be appended; `verify` tells why.
        """
        with self._open_uow() as uow:
            noted = uow.register.find_rows()
            uow.commit()
        return noted


def verified(uow: UnitOfWork, progress: Progress | None = None) -> Verification:
    """Return what a check of the chain found; only one that holds is compared with other rows.

    Nothing may have been read in this transaction: entries and rows have to be of one moment.
    """
    uow.see_one_moment()
    found = uow.register.verify(progress)
    if found.faults:
        return found
    compared = replays(uow)
    return replace(found, faults=compared.faults, rows_since=compared.since)


def require_counted(session: Session) -> None:
    """Raises SessionClosed when the session takes no marks at all, not even by hand."""
    if session.state is SessionState.PLANNED:
        raise SessionClosed(
            "The session is planned and not open yet. Open it first; nothing was changed."
        )
    if session.state is SessionState.CANCELLED:
        raise SessionClosed("The session was called off. Nothing was changed.")


def session_entry(session: Session, event: str, at: datetime, by: str | None = None) -> NewEntry:
    """Return what is appended when a session is opened, closed or called off."""
    body: dict[str, object] = {
        "event": event,
        "at": at.isoformat(),
        "group_id": session.group_id,
        "title": session.title,
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "business_date": session.business_date.isoformat(),
        "policy": policy_to_json(session.policy),
    }
    if by is not None:
        body["by"] = by
    if session.invented:
        body["invented"] = True
    return NewEntry(EntryKind.SESSION, body, session.session_id)


def clean_remark(text: str | None) -> str | None:
    """Return free text as it is kept, or None when nothing was said.

    Raises:
        InvalidInput: it is longer than REASON_LIMIT characters.
    """
    if text is None:
        return None
    kept = " ".join(text.encode("utf-8", "replace").decode().split())
    if len(kept) > REASON_LIMIT:
        raise InvalidInput(
            "A reason or title may have %(limit)s characters; this one has %(count)s.",
            limit=REASON_LIMIT,
            count=len(kept),
        )
    return kept or None


def _append(uow: UnitOfWork, session: Session, mark: Mark, now: datetime) -> bool:
    """Append and commit; False when somebody else has written the same arrival."""
    try:
        write_mark(uow, session, mark, now)
    except AlreadyExists:
        return False
    uow.commit()
    return True
