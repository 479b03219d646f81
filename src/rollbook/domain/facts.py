"""What the register says in columns: one row a person and session, as charts and reports count.

Names do not occur. All figures of dashboard, reports and API come from here and `totals`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rollbook.domain.attendance import AttendanceRecord, Mark, MarkKind, Method, Session, Status
from rollbook.domain.totals import Totals

STATUSES = tuple(Status)  # `Facts.status` holds places in it
METHODS = tuple(Method)  # so does `Facts.method`
NO_METHOD = 255
NO_ARRIVAL = -32768  # minutes
FURTHEST = 32767  # minutes: about three weeks

Numbers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SessionFact:
    """What charts know of a session."""

    session_id: str
    group_id: str
    day: date  # the business date
    starts_at: datetime  # UTC
    ends_at: datetime  # UTC
    title: str
    late_after: int  # minutes after the start from which an arrival is late


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Rows by session, in the order of `sessions`; all arrays have shape (n,)."""

    sessions: tuple[SessionFact, ...]
    subjects: tuple[str, ...]  # random ids
    session: Numbers  # places in `sessions`
    subject: Numbers  # places in `subjects`
    status: npt.NDArray[np.uint8]  # places in STATUSES
    method: npt.NDArray[np.uint8]  # places in METHODS, or NO_METHOD
    arrival: npt.NDArray[np.int16]  # whole minutes after the start, or NO_ARRIVAL
    score: npt.NDArray[np.float32]  # of the face that the person arrived by; NaN: no face
    threshold: npt.NDArray[np.float32]  # NaN: no face

    def __len__(self) -> int:
        return len(self.status)

    def where(self, keep: npt.NDArray[np.bool_]) -> Facts:
        """Return these rows, (n,) bool; sessions and subjects stay as they are."""
        return replace(
            self,
            session=self.session[keep],
            subject=self.subject[keep],
            status=self.status[keep],
            method=self.method[keep],
            arrival=self.arrival[keep],
            score=self.score[keep],
            threshold=self.threshold[keep],
        )

    def of_groups(self, group_ids: Iterable[str]) -> Facts:
        """Return the rows of these groups' sessions."""
        wanted = set(group_ids)
        own = np.array([one.group_id in wanted for one in self.sessions], bool)
        return self.where(own[self.session])

    def of_subject(self, subject_id: str) -> Facts:
        """Return one person's rows."""
        own = np.array([one == subject_id for one in self.subjects], bool)
        return self.where(own[self.subject])

    def without(self, session_ids: Iterable[str]) -> Facts:
        """Return the rows of all other sessions."""
        gone = set(session_ids)
        kept = np.array([one.session_id not in gone for one in self.sessions], bool)
        return self.where(kept[self.session])

    def between(self, first_day: date, last_day: date) -> Facts:
        """Return the rows of the sessions of these days, both included."""
        within = np.array([first_day <= one.day <= last_day for one in self.sessions], bool)
        return self.where(within[self.session])

    @property
    def totals(self) -> Totals:
        """Count the rows by status."""
        counts = np.bincount(self.status, minlength=len(STATUSES))
        named = {status.value: int(count) for status, count in zip(STATUSES, counts, strict=True)}
        return Totals(**named)


def no_facts() -> Facts:
    """Return no rows at all."""
    return facts_of([])


def facts_of(sessions: Sequence[tuple[Session, Sequence[AttendanceRecord]]]) -> Facts:
    """Return the rows of these sessions, with the records of each."""
    places: dict[str, int] = {}
    rows = [
        (place, places.setdefault(record.subject_id, len(places)), *_values(session, record))
        for place, (session, records) in enumerate(sessions)
        for record in records
    ]
    columns = list(zip(*rows, strict=True)) or [()] * 7
    return Facts(
        sessions=tuple(_session_fact(session) for session, _ in sessions),
        subjects=tuple(places),
        session=np.array(columns[0], np.int32),
        subject=np.array(columns[1], np.int32),
        status=np.array(columns[2], np.uint8),
        method=np.array(columns[3], np.uint8),
        arrival=np.array(columns[4], np.int16),
        score=np.array(columns[5], np.float32),
        threshold=np.array(columns[6], np.float32),
    )


def joined(parts: Sequence[Facts]) -> Facts:
    """Return the rows of all parts, in their order, with every subject once."""
    places: dict[str, int] = {}
    sessions: list[SessionFact] = []
    session, subject = [], []
    for part in parts:
        own = [places.setdefault(one, len(places)) for one in part.subjects]
        subject.append(np.array(own, np.int32)[part.subject])
        session.append(part.session + np.int32(len(sessions)))
        sessions += part.sessions
    empty = no_facts()
    all_parts = parts or [empty]
    return Facts(
        sessions=tuple(sessions),
        subjects=tuple(places),
        session=np.concatenate(session or [empty.session]),
        subject=np.concatenate(subject or [empty.subject]),
        status=np.concatenate([part.status for part in all_parts]),
        method=np.concatenate([part.method for part in all_parts]),
        arrival=np.concatenate([part.arrival for part in all_parts]),
        score=np.concatenate([part.score for part in all_parts]),
        threshold=np.concatenate([part.threshold for part in all_parts]),
    )


def compacted(facts: Facts) -> Facts:
    """Return the same rows without the sessions that have none."""
    used, places = np.unique(facts.session, return_inverse=True)
    sessions = tuple(facts.sessions[place] for place in used)
    return replace(facts, sessions=sessions, session=places.astype(np.int32))


def _session_fact(session: Session) -> SessionFact:
    return SessionFact(
        session_id=session.session_id,
        group_id=session.group_id,
        day=session.business_date,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        title=session.title,
        late_after=int(session.policy.late_after.total_seconds() // 60),
    )


def _values(session: Session, record: AttendanceRecord) -> tuple[int, int, int, float, float]:
    """Return status, method, arrival, score and threshold of one record."""
    method = NO_METHOD if record.method is None else METHODS.index(record.method)
    evidence = next((mark.evidence for mark in record.marks if _by_face(mark)), None)
    nan = float("nan")
    return (
        STATUSES.index(record.status),
        method,
        _minutes(session, record.arrived_at),
        nan if evidence is None else evidence.score,
        nan if evidence is None else evidence.threshold,
    )


def _by_face(mark: Mark) -> bool:
    return mark.kind is MarkKind.ARRIVED and mark.evidence is not None


def _minutes(session: Session, arrived_at: datetime | None) -> int:
    """Return whole minutes after the start, rounded down: 59 seconds late is minute 0."""
    if arrived_at is None:
        return NO_ARRIVAL
    minutes = (arrived_at - session.starts_at) // timedelta(minutes=1)
    return max(-FURTHEST, min(FURTHEST, minutes))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The facts of one month's sessions, as they were at an entry of the register."""

    month: str  # 2025-04
    number: int  # of the newest entry of the register that is in it
    facts: Facts


class Blocks(Protocol):
    """The months as they are kept for charts; each can be made anew from the register."""

    def put(self, block: Block) -> None:
        """Keep a block in the place of the month's former one."""
        ...

    def numbers(self) -> dict[str, int]:
        """Return month -> number of the newest entry that is in its block."""
        ...

    def some(self, months: Iterable[str]) -> list[Block]:
        """Return the blocks of these months that there are, oldest month first."""
        ...

    def forget(self, month: str) -> None: ...
