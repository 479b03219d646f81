"""What decides how long somebody's data are kept: groups, consent, samples, last contact."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rollbook.domain.ports import UnitOfWork
from rollbook.domain.register import EntryKind
from rollbook.domain.retention import Trace
from rollbook.domain.subjects import Consent, Membership
from rollbook.services.galleries import covers_face

SESSIONS_AT_ONCE = 200
LAST_MARKS = "last marks"


def traces(
    uow: UnitOfWork, now: datetime, zone: ZoneInfo, subject_ids: Collection[str] | None = None
) -> list[Trace]:
    """Return what is known of everybody, or of these people, in the order of their ids."""
    marks = last_marks(uow)
    today = now.astimezone(zone).date()
    everybody = set(uow.subjects.some(subject_ids) if subject_ids else uow.subjects.names())
    held = _held(uow, everybody)
    consents = uow.consents.all_of(subject_ids)
    samples = uow.references.counts(subject_ids)
    return [
        marks.of(
            Trace(
                subject_id=one,
                belongs=any(m.lasts_to(today) for m in held.get(one, ())),
                agreed=covers_face(consents.get(one, ()), now),
                samples=samples.get(one, 0),
                last_contact=_last_contact(held.get(one, ()), consents.get(one, ()), zone, today),
            )
        )
        for one in sorted(everybody)
    ]


@dataclass(frozen=True, slots=True)
class LastMarks:
    """The last day on which each person was marked by anybody, up to an entry of the register."""

    number: int
    days: Mapping[str, date]

    def of(self, trace: Trace) -> Trace:
        """Return what is known of somebody, with their last mark as a contact."""
        marked, known = self.days.get(trace.subject_id), trace.last_contact
        if marked is None or (known is not None and known >= marked):
            return trace
        return replace(trace, last_contact=marked)


def last_marks(uow: UnitOfWork) -> LastMarks:
    """Return the last marks: as they were kept, and what the register says since then."""
    kept: Any = uow.site.get(LAST_MARKS) or {"number": 0, "days": {}}
    days = {who: date.fromisoformat(day) for who, day in kept["days"].items()}
    number, touched = uow.register.touched_since(kept["number"])
    for ids in _batches(sorted(touched)):
        sessions = uow.sessions.some(ids)
        for session_id, entries in uow.register.of_sessions(list(sessions)).items():
            day = sessions[session_id].business_date
            for entry in entries:
                who = str(entry.body.get("subject_id", ""))
                if entry.kind is EntryKind.MARK:
                    days[who] = max(day, days.get(who, day))
    return LastMarks(number, days)


def keep_last_marks(uow: UnitOfWork, marks: LastMarks) -> None:
    """Keep the last marks of those who are still there, so that the next look is short."""
    there = uow.subjects.names()
    days = {who: day.isoformat() for who, day in marks.days.items() if who in there}
    uow.site.set(LAST_MARKS, {"number": marks.number, "days": days})


def _held(uow: UnitOfWork, people: Collection[str]) -> dict[str, list[Membership]]:
    found: dict[str, list[Membership]] = {}
    for one in uow.groups.memberships():
        if one.subject_id in people:
            found.setdefault(one.subject_id, []).append(one)
    return found


def _last_contact(
    held: Iterable[Membership], consents: Iterable[Consent], zone: ZoneInfo, today: date
) -> date | None:
    days = [membership.until for membership in held if membership.until is not None]
    days += [consent.recorded_at.astimezone(zone).date() for consent in consents]
    return max((min(day, today) for day in days), default=None)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), SESSIONS_AT_ONCE):
        yield ids[start : start + SESSIONS_AT_ONCE]
