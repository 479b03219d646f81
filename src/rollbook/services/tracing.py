"""What decides how long somebody's data are kept: groups, consent, samples, last contact."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import COUNTED_STATES
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.register import EntryKind
from rollbook.domain.retention import Trace
from rollbook.domain.subjects import Consent, Membership
from rollbook.services.galleries import covers_face

SESSIONS_AT_ONCE = 200


def traces(
    uow: UnitOfWork, now: datetime, zone: ZoneInfo, subject_ids: Collection[str] | None = None
) -> list[Trace]:
    """Return what is known of everybody, or of these people. Marks are not looked at yet."""
    today = now.astimezone(zone).date()
    everybody = set(uow.subjects.some(subject_ids) if subject_ids else uow.subjects.names())
    held = _held(uow, everybody)
    consents = uow.consents.all_of(subject_ids)
    samples = uow.references.counts(subject_ids)
    return [
        Trace(
            subject_id=one,
            belongs=any(m.lasts_to(today) for m in held.get(one, ())),
            agreed=covers_face(consents.get(one, ()), now),
            samples=samples.get(one, 0),
            last_contact=_last_contact(held.get(one, ()), consents.get(one, ()), zone, today),
        )
        for one in sorted(everybody)
    ]


def marked_since(uow: UnitOfWork, people: Collection[str], first_day: date) -> dict[str, date]:
    """Return the last day since then on which each of these people was marked by anybody."""
    found: dict[str, date] = {}
    if not people:
        return found
    sessions = uow.sessions.all(first_day=first_day, states=COUNTED_STATES)
    days = {session.session_id: session.business_date for session in sessions}
    for ids in _batches(list(days)):
        for session_id, entries in uow.register.of_sessions(ids).items():
            for entry in entries:
                who = str(entry.body.get("subject_id", ""))
                if entry.kind is EntryKind.MARK and who in people:
                    found[who] = max(days[session_id], found.get(who, days[session_id]))
    return found


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
