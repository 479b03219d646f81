"""Absences told in advance: what is told excuses sessions, what is taken back excuses none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from rollbook.domain.absences import (
    CODE_LIMIT,
    DEFAULT_REASONS,
    LABEL_LIMIT,
    Absence,
    AbsenceReason,
)
from rollbook.domain.attendance import COUNTED_STATES, Session
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput
from rollbook.services.excusing import excuse, take_back
from rollbook.services.register import clean_remark

REASONS = "absence reasons"
MOST_REASONS, MOST_PEOPLE = 40, 2_000
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What was noted, and how many marks it led to at once."""

    absences: tuple[Absence, ...]
    marks: int


class Absences:
    """Keeps absences; sessions of their days are excused at once, or when they open."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def tell(
        self,
        subject_ids: Sequence[str],
        first_day: date,
        last_day: date,
        reason: str,
        by: str,
        note: str = "",
    ) -> Told:
        """Note that these people will not be there, the last day included.

        Sessions of those days that are open, closed or not taken are excused now, where nobody
        has said anything else and the person was not seen.

        Raises:
            NotFound: one of these people is not there.
            InvalidInput: no people, an unknown reason, or days in the wrong order.
        """
        people = list(dict.fromkeys(subject_ids))
        if not 0 < len(people) <= MOST_PEOPLE:
            raise InvalidInput(
                "Choose at least one person, and at most %(limit)s.", limit=MOST_PEOPLE
            )
        note = clean_remark(note) or ""
        with self._open_uow() as uow:
            uow.register.hold()
            label = _label(uow, reason)
            now = self._clock.now()
            told = [
                Absence(new_id(), one, first_day, last_day, reason, label, by, now, note)
                for one in people
            ]
            for absence in told:
                uow.subjects.get(absence.subject_id)
                uow.absences.add(absence)
                self._log(uow, "absence told", absence, by)
            marks = self._excuse(uow, told)
            uow.commit()
        return Told(tuple(told), marks)

    def take_back(self, absence_id: str, by: str, well_since: date | None = None) -> int:
        """Take an absence back, or from a day on; return how many marks were taken back.

        Raises:
            NotFound: there is no such absence.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            old = uow.absences.get(absence_id)
            if well_since is not None and well_since > old.last_day:
                return 0
            if well_since is None or well_since <= old.first_day:
                well_since = old.first_day
                uow.absences.remove(absence_id)
                self._log(uow, "absence taken back", old, by)
            else:
                shorter = replace(old, last_day=well_since - DAY)
                uow.absences.update(shorter)
                self._log(uow, "absence shortened", shorter, by)
            marks = self._take_back(uow, old, well_since, by)
            uow.commit()
        return marks

    def get(self, absence_id: str) -> Absence:
        """Raises NotFound."""
        with self._open_uow() as uow:
            return uow.absences.get(absence_id)

    def of(self, subject_ids: Collection[str]) -> dict[str, list[Absence]]:
        """Return the absences of these people by subject id."""
        with self._open_uow() as uow:
            return uow.absences.of(subject_ids)

    def since(self, day: date, subject_ids: Collection[str] | None = None) -> list[Absence]:
        """Return the absences of these people, or of all, that are not over on a day."""
        with self._open_uow() as uow:
            if subject_ids is None:
                found = uow.absences.all()
            else:
                found = [one for own in uow.absences.of(subject_ids).values() for one in own]
        current = [absence for absence in found if absence.last_day >= day]
        return sorted(current, key=lambda one: (one.first_day, one.last_day, one.absence_id))

    def reasons(self) -> tuple[AbsenceReason, ...]:
        """Return the site's list of reasons."""
        with self._open_uow() as uow:
            return reasons_of(uow)

    def set_reasons(self, reasons: Iterable[AbsenceReason], by: str) -> tuple[AbsenceReason, ...]:
        """Replace the list of reasons; what was told keeps the words that it was told with.

        Raises:
            InvalidInput: none is left, a code comes twice, or a text is too long.
        """
        kept = _cleaned(reasons)
        with self._open_uow() as uow:
            uow.site.set(REASONS, [{"code": one.code, "label": one.label} for one in kept])
            at = self._clock.now().isoformat()
            body = {"event": REASONS, "at": at, "by": by, "codes": [one.code for one in kept]}
            uow.register.append(NewEntry(EntryKind.SETTING, body))
            uow.commit()
        return kept

    def _excuse(self, uow: UnitOfWork, told: Sequence[Absence]) -> int:
        by_subject: dict[str, list[Absence]] = {}
        for absence in told:
            by_subject.setdefault(absence.subject_id, []).append(absence)
        first, last = min(a.first_day for a in told), max(a.last_day for a in told)
        now, written = self._clock.now(), 0
        for session, people in _sessions_of(uow, by_subject, first, last):
            written += excuse(uow, session, {one: by_subject[one] for one in people}, now)
        return written

    def _take_back(self, uow: UnitOfWork, old: Absence, first_day: date, by: str) -> int:
        left = uow.absences.of([old.subject_id]).get(old.subject_id, [])
        now = self._clock.now()
        found = _sessions_of(uow, [old.subject_id], first_day, old.last_day)
        return sum(
            take_back(uow, session, old.subject_id, left, by, now) for session, people in found
        )

    def _log(self, uow: UnitOfWork, event: str, absence: Absence, by: str) -> None:
        body: dict[str, object] = {
            "event": event,
            "at": self._clock.now().isoformat(),
            "by": by,
            "subject_id": absence.subject_id,
            "absence_id": absence.absence_id,
        }  # days and reason are sealed under the person's key alone
        uow.register.append(NewEntry(EntryKind.SUBJECT, body))


def reasons_of(uow: UnitOfWork) -> tuple[AbsenceReason, ...]:
    kept: Any = uow.site.get(REASONS)
    if not kept:
        return DEFAULT_REASONS
    return tuple(AbsenceReason(one["code"], one["label"]) for one in kept)


def _label(uow: UnitOfWork, code: str) -> str:
    found = {reason.code: reason.label for reason in reasons_of(uow)}
    if code not in found:
        raise InvalidInput("This reason is not on the site's list. Choose one of the list.")
    return found[code]


def _sessions_of(
    uow: UnitOfWork, subject_ids: Collection[str], first: date, last: date
) -> list[tuple[Session, list[str]]]:
    """Return the sessions of a span that took place, each with those who belonged to its group."""
    groups: dict[str, list[tuple[str, Any]]] = {}
    for subject_id in subject_ids:
        for held in uow.groups.memberships(subject_id=subject_id):
            groups.setdefault(held.group_id, []).append((subject_id, held))
    found: list[tuple[Session, list[str]]] = []
    for group_id, members in groups.items():
        for session in uow.sessions.all(
            group_id=group_id, first_day=first, last_day=last, states=COUNTED_STATES
        ):
            there = [who for who, held in members if held.holds_on(session.business_date)]
            if there:
                found.append((session, list(dict.fromkeys(there))))
    return found


def _cleaned(reasons: Iterable[AbsenceReason]) -> tuple[AbsenceReason, ...]:
    kept: dict[str, AbsenceReason] = {}
    for reason in reasons:
        code, label = clean_remark(reason.code), clean_remark(reason.label)
        if not code or not label:
            continue
        if len(code) > CODE_LIMIT or len(label) > LABEL_LIMIT:
            raise InvalidInput(
                "A reason may have %(limit)s characters. Shorten it.", limit=LABEL_LIMIT
            )
        if code in kept:
            raise InvalidInput("A code is there twice. Each reason needs its own.")
        kept[code] = AbsenceReason(code, label)
    if not 0 < len(kept) <= MOST_REASONS:
        raise InvalidInput(
            "The list needs at least one reason, and at most %(limit)s.", limit=MOST_REASONS
        )
    return tuple(kept.values())
