"""Facts of the register for charts: months from sealed blocks, and all else as it is now.

A block may be older than the register: sessions that were touched since are read from the
register itself, so that a correction is seen at once and a block is made anew at leisure.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

import numpy as np

from rollbook.domain.attendance import COUNTED_STATES, AttendanceRecord, Session, Status, records_of
from rollbook.domain.facts import STATUSES, Block, Facts, facts_of, joined
from rollbook.domain.month import Month
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress, UnitOfWork
from rollbook.domain.register import EntryKind
from rollbook.errors import DecryptionFailed
from rollbook.services.due import Errand
from rollbook.services.marks import marks_of

log = logging.getLogger(__name__)

JOB = "fold months for charts"
AT_ONCE = 400  # sessions whose sheets are in memory together
FEW = 200  # sessions of a month that may have been touched before its block is made anew
ROSTER_EVENTS = frozenset({"joined", "left", "people joined", "people left", "people moved"})
MANY = 2**31
OPEN = STATUSES.index(Status.OPEN)


class _Touched:
    """The sessions that changed after the oldest block was made, by month."""

    def __init__(self, uow: UnitOfWork, number: int) -> None:
        ids = uow.register.touched_since(number)[1]
        found = uow.sessions.some(ids)
        for group_id, first_day in _changed_rosters(uow, number).items():
            since = uow.sessions.all(group_id=group_id, first_day=first_day, states=COUNTED_STATES)
            found |= {session.session_id: session for session in since}
        self._by_month: dict[str, list[Session]] = {}
        for session in sorted(found.values(), key=_place):
            self._by_month.setdefault(f"{session.business_date:%Y-%m}", []).append(session)

    @property
    def all(self) -> dict[str, Session]:
        """Return session id -> session of all that changed."""
        return {one.session_id: one for month in self._by_month.values() for one in month}

    def of(self, month: str) -> list[Session]:
        """Return the month's changed sessions, by day and start."""
        return self._by_month.get(month, [])


class FactBook:
    """Reads facts, and keeps the blocks that make it quick."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def read(
        self,
        first_day: date,
        last_day: date,
        group_ids: Collection[str] | None = None,
        progress: Progress | None = None,
    ) -> Facts:
        """Return the facts of these days, of these groups or of all, as the register is now."""
        months = months_between(first_day, last_day)
        parts = []
        with self._open_uow() as uow:
            found = (_block(uow, str(month)) for month in months)
            kept = {block.month: block for block in found if block is not None}
            touched = _touched_since(uow, (block.number for block in kept.values()))
            for done, month in enumerate(months):
                block = kept.get(str(month))
                if block is None:
                    parts.append(self._facts(uow, _sessions(uow, month)))
                else:
                    parts.append(self._renewed(uow, block, touched.of(block.month)))
                if progress is not None:
                    progress(done + 1, len(months))
        facts = joined(parts).between(first_day, last_day)
        return facts if group_ids is None else facts.of_groups(group_ids)

    def renewed(self, facts: Facts, number: int, first_day: date) -> tuple[Facts, int]:
        """Return facts that were read at an entry of the register as they are now.

        `first_day` is where they begin. With them comes the number of the newest entry.
        """
        with self._open_uow() as uow:
            newest = uow.register.count()
            touched = _touched_since(uow, [number]).all if newest != number else {}
            unsettled = np.unique(facts.session[facts.status == OPEN])
            ids = {facts.sessions[place].session_id for place in unsettled} | touched.keys()
            found = uow.sessions.some(ids) if ids else {}
            again = [one for one in found.values() if one.business_date >= first_day]
            if not again:
                return facts, newest
            kept = facts.without(session.session_id for session in again)
            counted = [session for session in again if session.state.counts]
            return joined([kept, self._facts(uow, sorted(counted, key=_place))]), newest

    def fold(self, progress: Progress | None = None) -> int:
        """Make the blocks that are missing or much behind; return how many were made."""
        wanted = self._wanted()
        for done, month in enumerate(wanted):
            self._fold(month)
            if progress is not None:
                progress(done + 1, len(wanted))
        return len(wanted)

    def fold_when_due(self, errand: Errand) -> None:
        self.fold()

    def _wanted(self) -> list[Month]:
        """Return the months up to this one whose block is missing or much behind.

        What happens later in this month is touched then, as a correction is.
        """
        today = self._clock.now().date()
        with self._open_uow() as uow:
            numbers = uow.blocks.numbers()
            for month in [one for one in numbers if _block(uow, one) is None]:
                del numbers[month]
            first_day = uow.sessions.first_day()
            touched = _touched_since(uow, numbers.values())
        months = [] if first_day is None else months_between(first_day, today)
        return [
            month
            for month in months
            if str(month) not in numbers or len(touched.of(str(month))) > FEW
        ]

    def _fold(self, month: Month) -> None:
        with self._open_uow() as uow:
            number = uow.register.count()  # what comes later counts as touched
            facts = self._facts(uow, _sessions(uow, month))
        with self._open_uow() as uow:
            uow.blocks.put(Block(str(month), number, facts))
            uow.commit()

    def _renewed(self, uow: UnitOfWork, block: Block, touched: Sequence[Session]) -> Facts:
        """Return a month from its block, with what changed since from the register."""
        if not touched:
            return block.facts
        kept = block.facts.without(session.session_id for session in touched)
        counted = [session for session in touched if session.state.counts]
        return joined([kept, self._facts(uow, counted)])

    def _facts(self, uow: UnitOfWork, sessions: Sequence[Session]) -> Facts:
        members = _Members(uow, {session.group_id for session in sessions})
        parts = []
        for start in range(0, len(sessions), AT_ONCE):
            some = sessions[start : start + AT_ONCE]
            marks = marks_of(uow, [session.session_id for session in some])
            now = self._clock.now()
            with_records: list[tuple[Session, Sequence[AttendanceRecord]]] = [
                (one, records_of(one, members.on(one), marks.get(one.session_id, []), now))
                for one in some
            ]
            parts.append(facts_of(with_records))
        return joined(parts)


class _Members:
    """Who belonged to which group when, read once for many sessions."""

    def __init__(self, uow: UnitOfWork, group_ids: Iterable[str]) -> None:
        self._by_group = {
            group_id: uow.groups.memberships(group_id=group_id) for group_id in group_ids
        }

    def on(self, session: Session) -> list[str]:
        held = self._by_group[session.group_id]
        day = session.business_date
        return list(dict.fromkeys(m.subject_id for m in held if m.holds_on(day)))


def months_between(first_day: date, last_day: date) -> list[Month]:
    """Return the months that these days lie in.

    >>> [str(month) for month in months_between(date(2025, 11, 30), date(2026, 1, 2))]
    ['2025-11', '2025-12', '2026-01']
    """
    first = 12 * first_day.year + first_day.month - 1
    last = 12 * last_day.year + last_day.month - 1
    return [Month(place // 12, place % 12 + 1) for place in range(first, last + 1)]


def _block(uow: UnitOfWork, month: str) -> Block | None:
    """Return a month's block; one that was changed counts as missing, for it can be made anew."""
    try:
        return next(iter(uow.blocks.some([month])), None)
    except DecryptionFailed:
        log.error("the block of %s cannot be opened; the register is read instead", month)
        return None


def _sessions(uow: UnitOfWork, month: Month) -> list[Session]:
    return uow.sessions.all(
        first_day=month.first_day, last_day=month.last_day, states=COUNTED_STATES
    )


def _place(session: Session) -> tuple[date, datetime, str]:
    return (session.business_date, session.starts_at, session.session_id)


def _touched_since(uow: UnitOfWork, numbers: Iterable[int]) -> _Touched:
    """Return what changed after the oldest of these entries; without any, nothing is asked for."""
    return _Touched(uow, min(numbers, default=MANY))


def _changed_rosters(uow: UnitOfWork, number: int) -> dict[str, date]:
    """Return group id -> first day on which its roster is another one than before."""
    rosters: dict[str, date] = {}
    for entry in uow.register.since(number, [EntryKind.SUBJECT], MANY):
        body = entry.body
        if body.get("event") not in ROSTER_EVENTS:
            continue
        day = date.fromisoformat(str(body.get("since") or body.get("last_day") or date.min))
        for group_id in (body.get("group_id"), body.get("left_group_id")):
            if group_id is not None:
                rosters[str(group_id)] = min(day, rosters.get(str(group_id), date.max))
    return rosters
