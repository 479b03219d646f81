"""Changes of many people at once: planned, shown, then written in one transaction.

A plan is made anew when it is written. When it is not the one that was shown, because somebody
changed a roster meanwhile, nothing is written and the new plan is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import Group, Membership, clean_name, new_id
from rollbook.errors import InvalidInput
from rollbook.services.consenting import acted
from rollbook.services.people import group_entry

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody leaves a group, joins another, or both."""

    subject_id: str
    leaves: str | None  # group id
    joins: str | None  # group id, or a name where the group is still to be made


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What a bulk change would do: the first day in the new groups, and who moves where."""

    first_day: date
    moves: tuple[Move, ...]
    new_groups: tuple[str, ...] = ()  # names of groups that are to be made
    retain_until: date | None = None  # consents of those who leave end then

    @property
    def digest(self) -> str:
        """Return what is equal for equal plans alone."""
        text = repr((self.first_day, sorted(map(repr, self.moves)), self.retain_until))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class PlanChanged(Exception):
    """What was shown is not what would be done any more; nothing was written."""


class BulkChanges:
    """Plans and writes bulk changes."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def plan_leavers(
        self, subject_ids: Iterable[str], last_day: date, retain_until: date | None = None
    ) -> MovePlan:
        """Let people belong to all their groups for the last time on a day."""
        with self._open_uow() as uow:
            return _leavers(uow, frozenset(subject_ids), last_day, retain_until)

    def plan_year(self, groups: Mapping[str, str], first_day: date) -> MovePlan:
        """Move whole groups: group id -> name of the next group; empty: its people leave.

        Raises:
            InvalidInput: a name cannot be kept.
        """
        with self._open_uow() as uow:
            return _year(uow, groups, first_day)

    def plan_move(
        self, subject_ids: Iterable[str], old: str | None, new: str, first_day: date
    ) -> MovePlan:
        """Move people from one group to another, both by id."""
        with self._open_uow() as uow:
            return _move(uow, frozenset(subject_ids), old, new, first_day)

    def write(self, plan: MovePlan, by: str) -> int:
        """Write a plan just as it was made; return how many people it moved.

        Raises:
            PlanChanged: the rosters are not what they were; nothing was written.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            self._require_unchanged(uow, plan)
            made = {name: self._made(uow, name, by) for name in plan.new_groups}
            moves = [_placed(move, made) for move in plan.moves]
            _write_memberships(uow, moves, plan.first_day)
            for (old, new), who in _by_groups(moves).items():
                uow.register.append(self._entry(plan, old, new, who, by))
            if plan.retain_until is not None:
                self._limit_consents(uow, plan, plan.retain_until, by)
            uow.commit()
        return len({move.subject_id for move in plan.moves})

    def plan_substitute(
        self, absent_id: str, substitute_id: str, first_day: date, last_day: date
    ) -> tuple[Staff, ...]:
        """Return what has to be written so that one teacher takes over all groups of another.

        Raises:
            InvalidInput: the days are the wrong way round, or it is one and the same person.
            NotFound: there is no such teacher.
        """
        if last_day < first_day:
            raise InvalidInput("The last day must not be before the first day.")
        if absent_id == substitute_id:
            raise InvalidInput("Choose two different people.")
        with self._open_uow() as uow:
            return _substitutions(uow, absent_id, substitute_id, first_day, last_day)

    def substitute(self, staff: Sequence[Staff], by: str) -> int:
        """Write what `plan_substitute` gave; what is there already is passed over."""
        with self._open_uow() as uow:
            uow.register.hold()
            new = [one for one in staff if one not in uow.staff.of_group(one.group_id)]
            for one in new:
                uow.staff.add(one)
                last = None if one.until is None else one.until.isoformat()
                days = {"since": one.since.isoformat(), "until": last}
                told = {"group_id": one.group_id, "user_id": one.user_id, **days}
                self._append(uow, EntryKind.SUBJECT, "staff added", by, **told)
            uow.commit()
        return len(new)

    def _require_unchanged(self, uow: UnitOfWork, plan: MovePlan) -> None:
        who = {move.subject_id for move in plan.moves}
        held, lasting = (_held(uow, who, plan.first_day, later=later) for later in (False, True))
        left = {(move.subject_id, move.leaves) for move in plan.moves}
        for move in plan.moves:
            subject_id, joins = move.subject_id, move.joins
            if move.leaves is not None and move.leaves not in lasting.get(subject_id, ()):
                raise PlanChanged
            stays = joins in held.get(subject_id, ()) and (subject_id, joins) not in left
            if joins is not None and stays:
                raise PlanChanged
        if any(uow.groups.by_name(name) is not None for name in plan.new_groups):
            raise PlanChanged

    def _made(self, uow: UnitOfWork, name: str, by: str) -> str:
        group = Group(new_id(), name)
        uow.groups.add(group)
        uow.register.append(group_entry(group, self._clock, by=by))
        return group.group_id

    def _entry(
        self, plan: MovePlan, old: str | None, new: str | None, who: Sequence[str], by: str
    ) -> NewEntry:
        """Return one entry for all who take the same way, for whole schools move at once."""
        event = "people moved" if old and new else "people joined" if new else "people left"
        body: dict[str, object] = {
            "event": event,
            "at": self._clock.now().isoformat(),
            "subject_ids": list(who),
            "count": len(who),
            **acted(by),
        }
        if old:
            last = (plan.first_day - DAY).isoformat()
            body |= {"left_group_id": old, "last_day": last}
        if new:
            body |= {"group_id": new, "since": plan.first_day.isoformat()}
        elif old:
            body["group_id"] = old
        return NewEntry(EntryKind.SUBJECT, body)

    def _limit_consents(self, uow: UnitOfWork, plan: MovePlan, retain_until: date, by: str) -> None:
        """Let the consents of those who leave end on a day, unless they end earlier."""
        leavers = sorted({move.subject_id for move in plan.moves})
        limited = []
        for subject_id, consents in uow.consents.all_of(leavers).items():
            for one in consents:
                earlier = one.retain_until is not None and one.retain_until <= retain_until
                if one.withdrawn_at is None and not earlier:
                    uow.consents.update(replace(one, retain_until=retain_until))
                    limited.append(subject_id)
        if limited:
            who, day = sorted(set(limited)), retain_until.isoformat()
            told = {"subject_ids": who, "count": len(who), "retain_until": day}
            self._append(uow, EntryKind.CONSENT, "consents limited", by, **told)

    def _append(
        self, uow: UnitOfWork, kind: EntryKind, event: str, by: str, **more: object
    ) -> None:
        body = {"event": event, "at": self._clock.now().isoformat(), **more, **acted(by)}
        uow.register.append(NewEntry(kind, body))


def _leavers(
    uow: UnitOfWork, who: frozenset[str], last_day: date, retain_until: date | None
) -> MovePlan:
    first_day = last_day + DAY
    held = _held(uow, who, first_day, later=True)
    moves = tuple(
        Move(subject_id, group_id, None)
        for subject_id in sorted(held)
        for group_id in sorted(held[subject_id])
    )
    return MovePlan(first_day, moves, retain_until=retain_until)


def _year(uow: UnitOfWork, groups: Mapping[str, str], first_day: date) -> MovePlan:
    moves: list[Move] = []
    new_groups: list[str] = []
    for group_id, text in groups.items():
        name = clean_name(text) if text.strip() else None
        target = None if name is None else uow.groups.by_name(name)
        if target is not None and target.group_id == group_id:
            continue  # it stays as it is
        if name is not None and target is None and name not in new_groups:
            new_groups.append(name)
        joins = name if target is None else target.group_id
        moves.extend(
            Move(subject_id, group_id, joins)
            for subject_id in uow.groups.roster(group_id, first_day)
        )
    already = _held(uow, {move.subject_id for move in moves}, first_day)
    kept = (_without_doubled(move, already, groups) for move in moves)
    return MovePlan(first_day, tuple(kept), tuple(new_groups))


def _without_doubled(
    move: Move, already: Mapping[str, frozenset[str]], moving: Mapping[str, str]
) -> Move:
    """Return the move; who belongs to the next group already only leaves the old one."""
    there = move.joins in already.get(move.subject_id, ()) and move.joins not in moving
    return replace(move, joins=None) if there else move


def _move(
    uow: UnitOfWork, who: frozenset[str], old: str | None, new: str, first_day: date
) -> MovePlan:
    held = _held(uow, who, first_day)
    moves = []
    for subject_id in sorted(who):
        groups = held.get(subject_id, frozenset())
        leaves = old if old in groups and old != new else None
        joins = None if new in groups else new
        if leaves or joins:
            moves.append(Move(subject_id, leaves, joins))
    return MovePlan(first_day, tuple(moves))


def _substitutions(
    uow: UnitOfWork, absent_id: str, substitute_id: str, first_day: date, last_day: date
) -> tuple[Staff, ...]:
    teachers = {Role.FACULTY, Role.ADMINISTRATOR}
    if any(uow.users.get(one).role not in teachers for one in (absent_id, substitute_id)):
        raise InvalidInput("Only teachers and team leads have groups of their own.")
    groups = {
        one.group_id
        for one in uow.staff.of_user(absent_id)
        if one.since <= last_day and (one.until is None or one.until >= first_day)
    }
    known = set(uow.staff.of_user(substitute_id))
    wanted = (Staff(group, substitute_id, first_day, last_day) for group in sorted(groups))
    return tuple(one for one in wanted if one not in known)


def _held(
    uow: UnitOfWork, who: Iterable[str], day: date, *, later: bool = False
) -> dict[str, frozenset[str]]:
    """Return subject id -> the groups that they belong to on a day, or also `later`."""
    wanted = frozenset(who)
    found: dict[str, set[str]] = {}
    for one in uow.groups.memberships():
        holds = one.lasts_to(day) if later else one.holds_on(day)
        if holds and one.subject_id in wanted:
            found.setdefault(one.subject_id, set()).add(one.group_id)
    return {subject_id: frozenset(groups) for subject_id, groups in found.items()}


def _placed(move: Move, made: Mapping[str, str]) -> Move:
    """Return the move with the id of a group that was just made."""
    return move if move.joins is None else replace(move, joins=made.get(move.joins, move.joins))


def _write_memberships(uow: UnitOfWork, moves: Sequence[Move], first_day: date) -> None:
    for move in moves:
        if move.leaves is not None:
            uow.groups.leave(move.leaves, move.subject_id, first_day - DAY)
    new = {(move.joins, move.subject_id) for move in moves if move.joins is not None}
    uow.groups.join_many([Membership(group, who, first_day) for group, who in sorted(new)])


def _by_groups(moves: Sequence[Move]) -> dict[tuple[str | None, str | None], list[str]]:
    found: dict[tuple[str | None, str | None], list[str]] = {}
    for move in moves:
        found.setdefault((move.leaves, move.joins), []).append(move.subject_id)
    return found
