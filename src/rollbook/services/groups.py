"""Groups as they are looked after: names, rosters with dates, and who teaches them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import Group, Membership, Subject, clean_name, new_id
from rollbook.domain.timetable import EARLIEST, LATEST
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.folding import folded
from rollbook.services.people import join_group, subject_entry

TEACHERS = (Role.FACULTY, Role.ADMINISTRATOR)  # who can be put in charge of a group
MOST_AT_ONCE = 2_000  # people


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One line of the list of groups."""

    group: Group
    people: int  # today
    staff: tuple[str, ...]  # names, of today


@dataclass(frozen=True, slots=True)
class RosterLine:
    """Somebody who belongs to a group on a day; `subject` is None once they were erased."""

    membership: Membership
    subject: Subject | None


@dataclass(frozen=True, slots=True)
class StaffLine:
    """Somebody who teaches a group, now or at another time."""

    staff: Staff
    name: str


class Groups:
    """Keeps groups; every change says who made it."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, today: Callable[[], date]) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._today = today

    def rows(self, group_ids: frozenset[str] | None = None) -> list[GroupRow]:
        """Return these groups, or all, by name."""
        today = self._today()
        with self._open_uow() as uow:
            names = {user.user_id: user.shown for user in uow.users.all()}
            sizes = uow.groups.sizes(today)
            staff: dict[str, list[Staff]] = {}
            for one in uow.staff.all():
                staff.setdefault(one.group_id, []).append(one)
            return [
                GroupRow(
                    group,
                    sizes.get(group.group_id, 0),
                    tuple(_names(staff.get(group.group_id, ()), names, today)),
                )
                for group in uow.groups.all()
                if group_ids is None or group.group_id in group_ids
            ]

    def add(self, name: str, by: str) -> Group:
        """Raises AlreadyExists when there is one of this name."""
        group = Group(new_id(), clean_name(name))
        with self._open_uow() as uow:
            uow.groups.add(group)
            self._log(uow, "group added", group.group_id, by)
            uow.commit()
        return group

    def rename(self, group_id: str, name: str, by: str) -> Group:
        """Give a group another name.

        Raises:
            NotFound: there is no such group.
            AlreadyExists: another one has the name.
        """
        with self._open_uow() as uow:
            group = Group(group_id, clean_name(name), uow.groups.get(group_id).invented)
            uow.groups.rename(group_id, group.name)
            self._log(uow, "group renamed", group_id, by)
            uow.commit()
        return group

    def roster(self, group_id: str, day: date) -> list[RosterLine]:
        """Return who belongs to the group on a day, by name; erased people last."""
        with self._open_uow() as uow:
            uow.groups.get(group_id)
            held = [one for one in uow.groups.memberships(group_id=group_id) if one.holds_on(day)]
            people = uow.subjects.some([one.subject_id for one in held])
        lines = {one.subject_id: RosterLine(one, people.get(one.subject_id)) for one in held}
        return sorted(lines.values(), key=_place)

    def coming(self, group_id: str, day: date) -> list[RosterLine]:
        """Return who will belong to the group after a day, and does not on it."""
        with self._open_uow() as uow:
            held = uow.groups.memberships(group_id=group_id)
            later = [one for one in held if one.since > day]
            people = uow.subjects.some([one.subject_id for one in later])
        return sorted((RosterLine(one, people.get(one.subject_id)) for one in later), key=_place)

    def join(self, group_id: str, subject_ids: Sequence[str], since: date, by: str) -> int:
        """Let people belong to a group from a day on; return how many did not yet."""
        _refuse_odd(since)
        if len(subject_ids) > MOST_AT_ONCE:
            raise InvalidInput("At most %(limit)s people can join at once.", limit=MOST_AT_ONCE)
        with self._open_uow() as uow:
            uow.register.hold()
            uow.groups.get(group_id)
            known = uow.subjects.some(subject_ids)
            joined = sum(join_group(uow, group_id, one, since, self._clock) for one in known)
            if joined:
                self._log(uow, "people joined", group_id, by, count=joined, **_day(since))
            uow.commit()
        return joined

    def leave(self, group_id: str, subject_ids: Sequence[str], last_day: date, by: str) -> int:
        """Let people belong to a group for the last time; return how many did after that day."""
        _refuse_odd(last_day)
        with self._open_uow() as uow:
            uow.register.hold()
            held = uow.groups.memberships(group_id=group_id)
            after = {one.subject_id for one in held if one.until is None or one.until > last_day}
            left = [one for one in dict.fromkeys(subject_ids) if one in after]
            for subject_id in left:
                uow.groups.leave(group_id, subject_id, last_day)
                more = {"group_id": group_id, "last_day": last_day.isoformat(), "by": by}
                uow.register.append(subject_entry("left", subject_id, self._clock, **more))
            uow.commit()
        return len(left)

    def staff(self, group_id: str) -> list[StaffLine]:
        """Return who teaches the group: now, before and later."""
        with self._open_uow() as uow:
            names = {user.user_id: user.shown for user in uow.users.all()}
            found = uow.staff.of_group(group_id)
        return [StaffLine(one, names[one.user_id]) for one in found if one.user_id in names]

    def teachers(self) -> dict[str, str]:
        """Return user id -> name of those who can be put in charge of a group."""
        with self._open_uow() as uow:
            return {
                user.user_id: user.shown
                for user in uow.users.all()
                if user.role in TEACHERS and user.active
            }

    def put_in_charge(
        self, group_id: str, user_id: str, since: date, until: date | None, by: str
    ) -> None:
        """Let somebody teach a group; a substitute does so until a day.

        Raises:
            NotFound: there is no such group or teacher.
            InvalidInput: the last day is before the first.
        """
        _refuse_odd(since, until or since)
        if until is not None and until < since:
            raise InvalidInput("The last day must not be before the first day.")
        with self._open_uow() as uow:
            uow.groups.get(group_id)
            if uow.users.get(user_id).role not in TEACHERS:
                raise NotFound("Only accounts of faculty and administrators can teach a group.")
            uow.staff.add(Staff(group_id, user_id, since, until))
            last = None if until is None else until.isoformat()
            more = {"user_id": user_id, "since": since.isoformat(), "until": last}
            self._log(uow, "staff added", group_id, by, **more)
            uow.commit()

    def relieve(self, group_id: str, user_id: str, last_day: date, by: str) -> None:
        """Let somebody teach a group for the last time on a day."""
        _refuse_odd(last_day)
        with self._open_uow() as uow:
            uow.staff.leave(group_id, user_id, last_day)
            self._log(uow, "staff left", group_id, by, user_id=user_id, **_day(last_day))
            uow.commit()

    def _log(self, uow: UnitOfWork, event: str, group_id: str, by: str, **more: object) -> None:
        at = self._clock.now().isoformat()
        body = {"event": event, "at": at, "by": by, "group_id": group_id, **more}
        uow.register.append(NewEntry(EntryKind.SUBJECT, body))


def _day(day: date) -> dict[str, str]:
    return {"day": day.isoformat()}


def _names(staff: Sequence[Staff], names: dict[str, str], today: date) -> list[str]:
    held = {names[one.user_id] for one in staff if one.holds_on(today) and one.user_id in names}
    return sorted(held, key=str.casefold)


def _place(line: RosterLine) -> tuple[bool, str, str]:
    name = folded(line.subject.name) if line.subject else ""
    return line.subject is None, name, line.membership.subject_id


def _refuse_odd(*days: date) -> None:
    if any(not EARLIEST <= day <= LATEST for day in days):
        raise InvalidInput("This day is too far away. Is the year right?")
