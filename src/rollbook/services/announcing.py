"""Writes messages to be sent, in the transaction of what they tell.

What is written is only that something happened, by random ids. Whether it still holds when the
grace period is over, and what it says, is looked up when it leaves; see `composing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from rollbook.domain.access import Role
from rollbook.domain.attendance import Mark, MarkKind, Session, SessionState, Status, record_of
from rollbook.domain.messages import (
    Audience,
    Event,
    EventKind,
    MessageRules,
    Recipient,
    absences_in_a_row,
    audiences,
    first_due,
    told,
)
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.requests import Request
from rollbook.services.marks import entry_of, marks_of
from rollbook.services.message_settings import rules_of

LOOK_BACK = timedelta(days=60)
LONGEST_ROW = 10  # sessions that are looked at
OWN = frozenset({Audience.GUARDIAN, Audience.PERSON})


def write_mark(uow: UnitOfWork, session: Session, mark: Mark, now: datetime) -> None:
    """Append a mark, and what is to be told of it.

    Raises:
        AlreadyExists: the same arrival was written already.
    """
    uow.register.append(entry_of(mark, uow.vault))
    kind = _tells(session, mark)
    if kind is not None and not session.invented:
        _announce_status(uow, rules_of(uow), session, [mark.subject_id], kind, now)


def announce_closing(uow: UnitOfWork, session: Session, now: datetime) -> None:
    """Write what is to be told of a session that was closed in this transaction."""
    rules = rules_of(uow)
    if not rules.enabled or session.invented:
        return
    absent = absent_from(uow, session, now)
    _announce_status(uow, rules, session, absent, EventKind.ABSENT, now)
    _announce_rows(uow, rules, session, absent, now)


def announce_decision(uow: UnitOfWork, request: Request, now: datetime) -> None:
    """Write that a request was granted or refused."""
    event = f"decided {request.request_id}"
    values = {"decision": request.state.value, "answer": request.answer}
    rules = rules_of(uow)
    recipients = _own_recipients(uow, rules, [request.subject_id], EventKind.DECIDED)
    for one in recipients:
        _add(uow, rules, EventKind.DECIDED, event, one, now, request.subject_id, None, values)


def announce_to_staff(
    uow: UnitOfWork,
    kind: EventKind,
    key: str,
    recipients: Iterable[Recipient],
    now: datetime,
    *,
    subject_id: str | None = None,
    values: Mapping[str, str] | None = None,
) -> int:
    """Write an event for staff; return for how many it is new."""
    rules = rules_of(uow)
    return sum(
        _add(uow, rules, kind, key, one, now, subject_id, None, values or {}) for one in recipients
    )


def announce_report(
    uow: UnitOfWork, user_id: str, task_id: str, values: Mapping[str, str], at: datetime
) -> None:
    """Write that a report, which a task has made, can be fetched by the account that wants it."""
    kind = EventKind.REPORT
    owner = uow.recipients.of_users([user_id])
    listening = told(owner, kind, audiences(kind, rules_of(uow)))
    announce_to_staff(uow, kind, f"report {task_id}", listening, at, values=values)


def announce_anchor(uow: UnitOfWork, text: str, at: datetime) -> None:
    """Write that an anchor is to be sent to administrators who keep it, where the site does so."""
    kind, wanted = EventKind.ANCHOR, audiences(EventKind.ANCHOR, rules_of(uow))
    if wanted:
        listening = told(uow.recipients.of_users(administrators(uow)), kind, wanted)
        announce_to_staff(uow, kind, f"anchor {at}", listening, at, values={"anchor": text})


def absent_from(uow: UnitOfWork, session: Session, now: datetime) -> list[str]:
    """Return who is absent without an excuse."""
    roster = uow.groups.roster(session.group_id, session.business_date)
    marks = marks_of(uow, [session.session_id])[session.session_id]
    by_subject: dict[str, list[Mark]] = {subject_id: [] for subject_id in roster}
    for mark in marks:
        by_subject.setdefault(mark.subject_id, []).append(mark)
    return [
        subject_id
        for subject_id, own in by_subject.items()
        if record_of(session, subject_id, own, now).status is Status.ABSENT
    ]


def row_of_absences(
    uow: UnitOfWork, session: Session, subject_ids: Sequence[str], now: datetime
) -> dict[str, tuple[int, str]]:
    """Return subject id -> absences in a row up to this session, and the id of the first of them.

    Sessions of the same group count, up to LONGEST_ROW of the last 60 days.
    """
    first_day = session.business_date - LOOK_BACK
    known = uow.sessions.all(
        group_id=session.group_id,
        first_day=first_day,
        last_day=session.business_date,
        states=[SessionState.CLOSED],
    )
    before = [one for one in known if one.starts_at <= session.starts_at][-LONGEST_ROW:]
    marks = marks_of(uow, [one.session_id for one in before])
    rosters = {one.session_id: set(_roster(uow, one)) for one in before}
    found = {}
    for subject_id in subject_ids:
        own = [one for one in before if subject_id in rosters[one.session_id]]
        statuses = [record_of(one, subject_id, marks[one.session_id], now).status for one in own]
        count = absences_in_a_row(statuses)
        missed = [one for one, s in zip(own, statuses, strict=True) if s is Status.ABSENT]
        found[subject_id] = (count, missed[-count].session_id if count else session.session_id)
    return found


def tutors_of(uow: UnitOfWork, group_ids: Iterable[str], day: date) -> set[str]:
    """Return the accounts in charge of these groups on a day."""
    return {
        one.user_id
        for group_id in group_ids
        for one in uow.staff.of_group(group_id)
        if one.holds_on(day)
    }


def administrators(uow: UnitOfWork) -> set[str]:
    return {
        user.user_id for user in uow.users.all() if user.role is Role.ADMINISTRATOR and user.active
    }


def _tells(session: Session, mark: Mark) -> EventKind | None:
    """Return what a mark may be told as; that it still is so is looked at before it leaves."""
    if mark.kind is MarkKind.ARRIVED:
        late = mark.at - session.starts_at > session.policy.late_after
        return EventKind.LATE if late else None
    if mark.kind is MarkKind.STATUS and mark.status is Status.ABSENT:
        return EventKind.ABSENT
    if mark.kind is MarkKind.STATUS and mark.status is Status.LATE:
        return EventKind.LATE
    if mark.kind is MarkKind.STATUS and session.state is SessionState.CLOSED:
        return EventKind.ABSENT if mark.status is Status.OPEN else None  # an excuse taken back
    return None


def _announce_status(
    uow: UnitOfWork,
    rules: MessageRules,
    session: Session,
    subject_ids: Sequence[str],
    kind: EventKind,
    now: datetime,
) -> None:
    for one in _own_recipients(uow, rules, subject_ids, kind):
        key = f"{kind.value} {session.session_id} {one.subject_id}"
        _add(uow, rules, kind, key, one, now, one.subject_id, session.session_id, {})


def _announce_rows(
    uow: UnitOfWork, rules: MessageRules, session: Session, absent: Sequence[str], now: datetime
) -> None:
    kind = EventKind.IN_A_ROW
    if kind in rules.off or not absent:
        return
    rows = row_of_absences(uow, session, absent, now)
    least = min(rules.row_tutor, rules.row_administrator)
    for subject_id, (count, first) in rows.items():
        if count < least:
            continue
        wanted = audiences(kind, rules, count=count)
        for one in told(_staff_of(uow, session, wanted), kind, wanted):
            line = _line(rules, one.audience)
            key = f"{kind.value} {line} {first} {subject_id}"
            values = {"line": str(line)}
            _add(uow, rules, kind, key, one, now, subject_id, session.session_id, values)


def _staff_of(uow: UnitOfWork, session: Session, wanted: Iterable[Audience]) -> list[Recipient]:
    """Return recipients in charge of the session's group, and administrators, as wanted."""
    tutors = tutors_of(uow, [session.group_id], session.business_date)
    heads = administrators(uow) if Audience.ADMINISTRATOR in wanted else set()
    allowed = {Audience.TUTOR: tutors, Audience.ADMINISTRATOR: heads}
    return [
        one
        for one in uow.recipients.of_users(tutors | heads)
        if one.user_id in allowed.get(one.audience, set())
    ]


def _line(rules: MessageRules, audience: Audience) -> int:
    return rules.row_tutor if audience is Audience.TUTOR else rules.row_administrator


def _own_recipients(
    uow: UnitOfWork, rules: MessageRules, subject_ids: Sequence[str], kind: EventKind
) -> list[Recipient]:
    """Return who is told of these people; most have nobody, and are not even read."""
    if not subject_ids or not audiences(kind, rules):
        return []
    held = uow.recipients.of_subjects(subject_ids)
    people = uow.subjects.some({one.subject_id for one in held if one.subject_id})
    found = []
    for one in held:
        person = people.get(one.subject_id or "")
        if person is not None:
            found += told([one], kind, audiences(kind, rules, minor=person.minor))
    return found


def _add(
    uow: UnitOfWork,
    rules: MessageRules,
    kind: EventKind,
    key: str,
    one: Recipient,
    now: datetime,
    subject_id: str | None,
    session_id: str | None,
    values: Mapping[str, str],
) -> bool:
    event = Event(kind, key, now, one.recipient_id, subject_id, session_id, values)
    return uow.outbox.add(event, first_due(kind, now, rules))


def _roster(uow: UnitOfWork, session: Session) -> list[str]:
    return uow.groups.roster(session.group_id, session.business_date)
