"""Disputes and excuses: a person asks, somebody who may decides, and the register is corrected."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from rollbook.domain.absences import Absence
from rollbook.domain.attendance import (
    AttendanceRecord,
    Mark,
    Session,
    Status,
    record_of,
)
from rollbook.domain.explanation import decisive_mark
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.requests import (
    LONGEST,
    Request,
    RequestKind,
    RequestState,
)
from rollbook.domain.statements import SETTABLE, Change, statement
from rollbook.domain.subjects import new_id
from rollbook.errors import AlreadyExists, InvalidInput, NotFound
from rollbook.services.announcing import announce_decision, write_mark
from rollbook.services.excusing import excuse
from rollbook.services.marks import marks_about
from rollbook.services.register import clean_remark
from rollbook.services.request_rules import concerns, overdue_after, sessions_of

GRANTED = "granted request"  # rule of the marks that a granted request leads to
EXCUSE_CODE = "other"  # of the site's reasons of absence


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request beside what the register says now."""

    request: Request
    name: str
    session: Session | None  # None: an excuse of days
    record: AttendanceRecord | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a decision wrote."""

    request: Request
    marks: tuple[Mark, ...] = ()


class RequestDesk:
    """Takes requests and decides on them."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def dispute(self, subject_id: str, session_id: str, wanted: Status, text: str) -> Request:
        """Ask that the register says something else about the person in a session.

        Raises:
            NotFound: the person has nothing to do with such a session.
            InvalidInput: no reason is given, or the register says so already.
            AlreadyExists: a request about this session waits already.
        """
        said = _said(text)
        if wanted not in SETTABLE:
            raise InvalidInput("Choose what the register should say.")
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            marks = marks_about(uow, session.session_id, subject_id)
            roster = uow.groups.roster(session.group_id, session.business_date)
            if subject_id not in roster and not marks:
                raise NotFound("There is no such session of yours.")
            record = record_of(session, subject_id, marks, self._clock.now())
            if record.status is wanted:
                raise InvalidInput("The register says so already.")
            decisive = decisive_mark(record)
            excuse_asked = wanted is Status.EXCUSED
            request = Request(
                request_id=new_id(),
                subject_id=subject_id,
                kind=RequestKind.EXCUSE if excuse_asked else RequestKind.DISPUTE,
                asked_at=self._clock.now(),
                text=said,
                session_id=session.session_id,
                wanted=wanted,
                mark_id=decisive.mark_id if decisive else None,
            )
            self._add(uow, request)
            uow.commit()
        return request

    def excuse_days(self, subject_id: str, first: date, last: date, text: str) -> Request:
        """Ask to be excused on these days, past or to come, the last one included.

        Raises:
            InvalidInput: no reason is given, or the days are the wrong way round or too many.
            AlreadyExists: a request for the same days waits already.
        """
        said = _said(text)
        if last < first:
            raise InvalidInput("The last day must not be before the first day.")
        if last - first > LONGEST or abs(first - self._clock.now().date()) > LONGEST:
            raise InvalidInput("These days are more than a year. Is the year right?")
        with self._open_uow() as uow:
            uow.register.hold()
            uow.subjects.get(subject_id)
            request = Request(
                request_id=new_id(),
                subject_id=subject_id,
                kind=RequestKind.EXCUSE,
                asked_at=self._clock.now(),
                text=said,
                first_day=first,
                last_day=last,
                wanted=Status.EXCUSED,
            )
            self._add(uow, request)
            uow.commit()
        return request

    def withdraw(self, request_id: str, subject_id: str) -> Request:
        """Take an open request back.

        Raises:
            NotFound: the person has no such request.
            AlreadyExists: it was decided meanwhile.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            request = uow.requests.get(request_id)
            if request.subject_id != subject_id:
                raise NotFound("There is no such request any more.")
            _refuse_decided(request)
            request = replace(request, state=RequestState.WITHDRAWN, decided_at=self._clock.now())
            uow.requests.update(request)
            self._log(uow, request, "request withdrawn")
            uow.commit()
        return request

    def of(self, subject_id: str) -> list[Request]:
        """Return a person's requests, newest first."""
        with self._open_uow() as uow:
            return uow.requests.of(subject_id)

    def waiting(self, group_ids: Collection[str] | None) -> list[Waiting]:
        """Return what waits for somebody with these groups (None: all), the oldest first."""
        now = self._clock.now()
        with self._open_uow() as uow:
            after = overdue_after(uow)
            shown = [r for r in uow.requests.waiting() if concerns(uow, r, group_ids)]
            people = uow.subjects.some(r.subject_id for r in shown)
            return [
                Waiting(
                    request,
                    people[request.subject_id].name,
                    *self._state(uow, request),
                    request.is_overdue(now, after),
                )
                for request in shown
                if request.subject_id in people
            ]

    def decide(
        self,
        request_id: str,
        *,
        grant: bool,
        answer: str,
        by: str,
        group_ids: Collection[str] | None,
    ) -> Verdict:
        """Grant or refuse a request, with a reason; granting corrects the register.

        Of two who decide at once one does, and the other is told.

        Raises:
            NotFound: there is no such request for somebody with these groups.
            AlreadyExists: it was decided already, or taken back.
            InvalidInput: no reason is given for refusing.
        """
        said = clean_remark(answer) or ""
        with self._open_uow() as uow:
            uow.register.hold()
            request = uow.requests.get(request_id)
            if not concerns(uow, request, group_ids):
                raise NotFound("There is no such request any more.")
            _refuse_decided(request)
            if not grant and not said:
                raise InvalidInput("Say why the request is refused.")
            marks = self._grant(uow, request, said, by) if grant else ()
            request = replace(
                request,
                state=RequestState.GRANTED if grant else RequestState.REFUSED,
                decided_at=self._clock.now(),
                decided_by=by,
                answer=said,
            )
            uow.requests.update(request)
            self._log(uow, request, f"request {request.state.value}", by)
            announce_decision(uow, request, self._clock.now())
            uow.commit()
        return Verdict(request, marks)

    def _add(self, uow: UnitOfWork, request: Request) -> None:
        for other in uow.requests.of(request.subject_id):
            same = (other.session_id, other.first_day, other.last_day) == (
                request.session_id,
                request.first_day,
                request.last_day,
            )
            if same and other.state is RequestState.OPEN:
                raise AlreadyExists("You have asked this already; it still waits for an answer.")
        uow.requests.add(request)
        self._log(uow, request, "request made")

    def _state(
        self, uow: UnitOfWork, request: Request
    ) -> tuple[Session | None, AttendanceRecord | None]:
        if not request.session_id:
            return None, None
        session = uow.sessions.get(request.session_id)
        marks = marks_about(uow, session.session_id, request.subject_id)
        return session, record_of(session, request.subject_id, marks, self._clock.now())

    def _grant(self, uow: UnitOfWork, request: Request, answer: str, by: str) -> tuple[Mark, ...]:
        session, record = self._state(uow, request)
        if session is None or record is None:
            return self._grant_days(uow, request, by)
        status = request.wanted or Status.EXCUSED
        return (self._correct(uow, session, record, status, answer or request.text, by),)

    def _grant_days(self, uow: UnitOfWork, request: Request, by: str) -> tuple[Mark, ...]:
        """Keep an absence for what is to come, and excuse whoever was absent already."""
        now = self._clock.now()
        if request.first_day is None or request.last_day is None:
            return ()
        absence = Absence(
            absence_id=new_id(),
            subject_id=request.subject_id,
            first_day=request.first_day,
            last_day=request.last_day,
            reason=EXCUSE_CODE,
            label=request.text,
            told_by=by,
            told_at=now,
        )
        uow.absences.add(absence)
        marks = []
        for session in sessions_of(uow, request):
            own = marks_about(uow, session.session_id, request.subject_id)
            record = record_of(session, request.subject_id, own, now)
            if record.status is Status.ABSENT:
                marks.append(self._correct(uow, session, record, Status.EXCUSED, request.text, by))
            else:
                excuse(uow, session, {request.subject_id: [absence]}, now)
        return tuple(marks)

    def _correct(
        self,
        uow: UnitOfWork,
        session: Session,
        record: AttendanceRecord,
        status: Status,
        reason: str,
        by: str,
    ) -> Mark:
        change = Change(record.subject_id, status, reason)
        mark = statement(session, record, change, by, at=self._clock.now(), rule=GRANTED)
        write_mark(uow, session, mark, mark.at)
        return mark

    def _log(self, uow: UnitOfWork, request: Request, event: str, by: str = "") -> None:
        body: dict[str, object] = {
            "event": event,
            "at": self._clock.now().isoformat(),
            "subject_id": request.subject_id,
            "request_id": request.request_id,
            "by": by or f"subject {request.subject_id}",
        }
        session_id = request.session_id or None
        uow.register.append(NewEntry(EntryKind.SUBJECT, body, session_id))


def _said(text: str) -> str:
    kept = clean_remark(text)
    if kept is None:
        raise InvalidInput("Say in a few words what happened.")
    return kept


def _refuse_decided(request: Request) -> None:
    if request.state is not RequestState.OPEN:
        raise AlreadyExists("This request was decided or taken back meanwhile.")
