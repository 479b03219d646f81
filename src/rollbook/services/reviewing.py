"""Faces that were not certain enough: they are left for a person, who says who it was.

At most one face waits for each person and session, and never with a picture. What waits is
taken away as soon as everybody it may be was marked in another way, and what nobody decides on is
forgotten after the days that the site has set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from rollbook.domain.attendance import (
    AttendanceRecord,
    Mark,
    MarkKind,
    Method,
    Session,
    Status,
    record_of,
    rule_of,
)
from rollbook.domain.identification import Decision, Rejected, Unidentified
from rollbook.domain.ports import Clock, OpenUnitOfWork, ReviewItem, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.review import CAMERA, Doubtful, doubt_body, doubt_from_body, worth_a_look
from rollbook.domain.statements import Change, statement, was_set_absent
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput
from rollbook.services.announcing import write_mark
from rollbook.services.due import Errand
from rollbook.services.galleries import may_be_recognised, who_agreed
from rollbook.services.marks import marks_of
from rollbook.services.site import faces_enabled, review_window

LOOK_EVERY = timedelta(hours=1)  # so often old faces are forgotten, and never later than promised
CONFIRMED = "a person said who it was"


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision about a face wrote."""

    doubtful: Doubtful
    marks: tuple[Mark, ...] = ()  # empty: it was nobody, or the register said so already


class Reviewing:
    """The queue of faces that wait for a person."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def leave(
        self,
        session_id: str,
        decision: Unidentified,
        seen_at: datetime,
        level: float,
        camera_id: str | None = None,
    ) -> bool:
        """Keep an unsure face of a camera or kiosk, and return whether it was kept.

        It is not kept when it resembles nobody enough (`level` is the gallery's `review_level`),
        when one waits for that person already, when they are marked anyhow, or when somebody it
        may be has withdrawn their consent meanwhile.
        """
        if not worth_a_look(decision, level):
            return False
        best = decision.candidates[0].subject_id
        with self._open_uow() as uow:
            uow.register.hold()
            waiting = {i.body.get("subject_id") for i in uow.reviews.all(session_id)}
            if best in waiting or best in _marked(uow, session_id):
                return False
            if not all_agree(uow, decision, self._clock.now()):
                return False
            body = doubt_body(decision, seen_at, CAMERA, level, camera_id=camera_id)
            uow.reviews.add(ReviewItem(new_id(), session_id, body, self._clock.now()))
            uow.commit()
        return True

    def waiting(
        self, group_ids: Collection[str] | None = None, session_id: str | None = None
    ) -> list[tuple[Session, list[Doubtful]]]:
        """Return what waits by session, oldest first; None stands for all groups."""
        with self._open_uow() as uow:
            oldest = self._clock.now() - review_window(uow)  # after a stop, until it is caught up
            items = [i for i in uow.reviews.all(session_id) if i.created_at >= oldest]
            found = [_doubtful(item) for item in items]
            by_session: dict[str, list[Doubtful]] = {}
            for one in found:
                by_session.setdefault(one.session_id, []).append(one)
            sessions = [uow.sessions.get(session) for session in by_session]
            seen = [s for s in sessions if group_ids is None or s.group_id in group_ids]
            shown = [(s, _unsettled(uow, s, by_session[s.session_id])) for s in seen]
        return [(session, items) for session, items in shown if items]

    def session_of(self, review_id: str) -> str:
        """Return the session of a face that waits.

        Raises:
            NotFound: nobody waits under this id; somebody else may have decided.
        """
        with self._open_uow() as uow:
            return uow.reviews.get(review_id).session_id

    def it_was(self, review_id: str, subject_id: str, by: str) -> Decided:
        """Write that the face was this person's, and take it off the queue. Of two who decide
        at once one does, and the other gets NotFound.

        They arrived when the face was seen, so the policy says what that makes of them. Who was
        set to absent by a person is not so any more; what else a person has set stays.

        Raises:
            NotFound: it was decided already, or there is no such person.
            InvalidInput: the person is not on the session's roster.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            found = _doubtful(uow.reviews.get(review_id))
            session = uow.sessions.get(found.session_id)
            uow.subjects.get(subject_id)
            if subject_id not in uow.groups.roster(session.group_id, session.business_date):
                raise InvalidInput("Only somebody of this session's list can be chosen.")
            uow.reviews.delete(review_id)
            marks = self._marks(uow, session, found, subject_id, by)
            for mark in marks:
                write_mark(uow, session, mark, self._clock.now())
            self._log(uow, found, by, subject_id)
            uow.commit()
        return Decided(found, tuple(marks))

    def it_was_nobody(self, review_id: str, by: str) -> Decided:
        """Take a face off the queue; no mark is written. Raises NotFound as `it_was`."""
        with self._open_uow() as uow:
            uow.register.hold()
            found = _doubtful(uow.reviews.get(review_id))
            uow.reviews.delete(review_id)
            self._log(uow, found, by, None)
            uow.commit()
        return Decided(found)

    def forget_when_due(self, errand: Errand) -> None:
        """Forget the faces that nobody decided on in time."""
        with self._open_uow() as uow:
            self._forget(uow, errand.now)
            errand.finish(uow)
            uow.commit()

    def forget(self, now: datetime) -> int:
        """Forget the faces that nobody decided on in time; return how many."""
        with self._open_uow() as uow:
            count = self._forget(uow, now)
            if count:
                uow.commit()
        return count

    def overdue(self, uow: UnitOfWork, now: datetime) -> int:
        """Return how many `forget` would take away."""
        return len(_overdue(uow, now))

    def _forget(self, uow: UnitOfWork, now: datetime) -> int:
        uow.register.hold()
        old, days = _overdue(uow, now), review_window(uow).days
        for item in old:
            uow.reviews.delete(item.review_id)
        for session_id, count in Counter(item.session_id for item in old).items():
            uow.register.append(self._forgotten(session_id, count, days))
        return len(old)

    def _forgotten(self, session_id: str, count: int, days: int) -> NewEntry:
        body: dict[str, object] = {
            "event": "unsure faces forgotten",
            "at": self._clock.now().isoformat(),
            "by": "timetable",
            "count": count,
            "days": days,
        }
        return NewEntry(EntryKind.SUBJECT, body, session_id)

    def _marks(
        self, uow: UnitOfWork, session: Session, found: Doubtful, subject_id: str, by: str
    ) -> list[Mark]:
        now = self._clock.now()
        earlier = marks_of(uow, [session.session_id])[session.session_id]
        record = record_of(session, subject_id, earlier, now)
        marks = []
        if not _arrived(record):
            arrival = _arrival(session, found, subject_id, by)
            if not may_be_recognised(uow, subject_id, now):
                arrival = replace(arrival, evidence=None)  # said by a person, and by nothing else
            marks.append(arrival)
        if was_set_absent(record):
            change = Change(subject_id, Status.OPEN, None)
            marks.append(statement(session, record, change, by, at=now, rule=CONFIRMED))
        return marks

    def _log(self, uow: UnitOfWork, found: Doubtful, by: str, subject_id: str | None) -> None:
        body: dict[str, object] = {
            "event": "unsure face decided",
            "at": self._clock.now().isoformat(),
            "by": by,
            "candidates": [subject for subject, _ in found.candidates],
        }
        if subject_id is not None:
            body["subject_id"] = subject_id
        uow.register.append(NewEntry(EntryKind.SUBJECT, body, found.session_id))


def _overdue(uow: UnitOfWork, now: datetime) -> list[ReviewItem]:
    """Return what would be older than the window before anybody looks again."""
    end = now + LOOK_EVERY - review_window(uow)
    return [item for item in uow.reviews.all() if item.created_at < end]


def all_agree(uow: UnitOfWork, decision: Decision, at: datetime) -> bool:
    """Return whether everybody whom a face may be is still looked for by face."""
    found = () if isinstance(decision, Rejected) else decision.candidates
    candidates = [candidate.subject_id for candidate in found]
    return faces_enabled(uow) and who_agreed(uow, candidates, at) == frozenset(candidates)


def forget_faces_of(uow: UnitOfWork, subject_id: str) -> None:
    """Forget which waiting faces may be this person's: those taken for them go altogether."""
    for item in uow.reviews.all():
        candidates: Any = item.body.get("candidates", [])
        kept = [one for one in candidates if one[0] != subject_id]
        if len(kept) == len(candidates):
            continue
        uow.reviews.delete(item.review_id)
        if kept and item.body.get("subject_id") != subject_id:
            uow.reviews.add(replace(item, body={**item.body, "candidates": kept}))


def _arrival(session: Session, found: Doubtful, subject_id: str, by: str) -> Mark:
    seen_at = min(max(found.seen_at, session.first_mark_at), session.last_mark_at)
    return Mark(
        mark_id=new_id(),
        session_id=session.session_id,
        subject_id=subject_id,
        kind=MarkKind.ARRIVED,
        at=seen_at,
        method=Method.HAND,
        by=by,
        rule=rule_of(session, MarkKind.ARRIVED, seen_at),
        camera_id=found.camera_id,
        evidence=found.evidence_for(subject_id),
    )


def _arrived(record: AttendanceRecord) -> bool:
    return any(mark.kind is MarkKind.ARRIVED for mark in record.marks)


def _marked(uow: UnitOfWork, session_id: str) -> set[str]:
    """Return who arrived in a session, or was set to something by a person."""
    return {mark.subject_id for mark in marks_of(uow, [session_id])[session_id]}


def _unsettled(uow: UnitOfWork, session: Session, items: Sequence[Doubtful]) -> list[Doubtful]:
    """Leave out faces of people who are all marked by now, or erased."""
    marked = _marked(uow, session.session_id)
    people = uow.subjects.some(s for item in items for s, _ in item.candidates)
    return [
        item
        for item in items
        if any(subject in people and subject not in marked for subject, _ in item.likely)
    ]


def _doubtful(item: ReviewItem) -> Doubtful:
    return doubt_from_body(item.review_id, item.session_id, item.body, item.created_at)
