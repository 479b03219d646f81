"""Reading the register page by page: who did what, when, and to whom.

A page costs what its lines cost. Of a book with a million marks a request looks at a part, from
the newest entry back, and says how far it came, so that the next one goes on there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median_low

from rollbook.domain.access import Role
from rollbook.domain.ports import OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import Entry, EntryKind, NewEntry
from rollbook.domain.subjects import Group, Subject

PAGE, MOST = 50, 1_000  # entries
CHUNK = 250  # entries that are read at a time while most do not fit
LOOKED = 1_000  # entries that one request reads
OPENED = 200  # seals that one request opens in search of somebody
WINDOW = 200_000  # numbers that one reading passes over
PASSED = 300_000  # numbers that one request passes over
NEIGHBOURS = 2  # on each side: a late entry among them does not lead a search by time astray
ABOUT_PEOPLE = frozenset(EntryKind) - {EntryKind.SESSION, EntryKind.EXPORT, EntryKind.SETTING}
_ABOUT = ("subject_id", "subject_ids", "candidates")


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries are asked for; what is None does not matter."""

    kinds: frozenset[EntryKind] | None = None
    account_id: str | None = None  # who acted, or whose account it is about
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None  # not included
    before: int | None = None  # entries with smaller numbers
    size: int = PAGE


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first, and where the next page begins."""

    entries: tuple[Entry, ...]
    before: int | None  # of the next page; None: there is nothing further back
    complete: bool  # False: the page is short because the search has come only so far
    head: int  # entries of the whole book


@dataclass(frozen=True, slots=True)
class Names:
    """Whom and what the ids of a page stand for."""

    people: Mapping[str, Subject] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)  # id -> shown name
    of_subjects: frozenset[str] = frozenset()  # accounts whose names are those of people
    devices: Mapping[str, str] = field(default_factory=dict)
    cameras: Mapping[str, str] = field(default_factory=dict)
    sessions: Mapping[str, str] = field(default_factory=dict)  # id -> title
    session_groups: Mapping[str, str] = field(default_factory=dict)  # session id -> group id


class Audit:
    """Reads the register for those who check it."""

    def __init__(self, open_uow: OpenUnitOfWork) -> None:
        self._open_uow = open_uow

    def page(self, query: AuditQuery) -> AuditPage:
        """Return the newest entries that fit."""
        with self._open_uow() as uow:
            head = uow.register.count()
            first, last = _reach(uow, query, head)
            start = min(query.before or head + 1, last + 1)
            found, reached = _search(uow, query, start, first)
        done = reached <= first
        full = len(found) >= query.size
        return AuditPage(tuple(found), None if done else reached, done or full, head)

    def note_export(self, by: str, at: datetime, count: int) -> None:
        """Write that somebody took a part of the register along."""
        with self._open_uow() as uow:
            uow.register.append(_exported(by, at, count))
            uow.commit()

    def names(self, entries: Collection[Entry]) -> Names:
        """Return what the ids of these entries stand for."""
        with self._open_uow() as uow:
            users = uow.users.all()
            ids = {one for entry in entries for one in people_of(entry)}
            session_ids = {entry.session_id for entry in entries if entry.session_id}
            sessions = uow.sessions.some(session_ids)
            return Names(
                people=uow.subjects.some(ids),
                groups={group.group_id: group for group in uow.groups.all()},
                accounts={user.user_id: user.shown for user in users},
                of_subjects=frozenset(u.user_id for u in users if u.role is Role.SUBJECT),
                devices={device.device_id: device.name for device in uow.devices.all()},
                cameras={camera.camera_id: camera.name for camera in uow.cameras.all()},
                sessions={one: session.title for one, session in sessions.items()},
                session_groups={one: session.group_id for one, session in sessions.items()},
            )


def _exported(by: str, at: datetime, count: int) -> NewEntry:
    body = {"event": "audit exported", "by": by, "at": at.isoformat(), "entries": count}
    return NewEntry(EntryKind.ACCESS, body)


def people_of(entry: Entry) -> list[str]:
    """Return the subject ids that an entry names."""
    found: list[str] = []
    for name in _ABOUT:
        value = entry.body.get(name)
        found += [value] if isinstance(value, str) else _strings(value)
    by = str(entry.body.get("by", ""))
    return [*found, by.removeprefix("subject ")] if by.startswith("subject ") else found


def when(entry: Entry) -> datetime | None:
    """Return the instant that an entry tells of."""
    try:
        return datetime.fromisoformat(str(entry.body["at"])).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def _search(uow: UnitOfWork, query: AuditQuery, start: int, first: int) -> tuple[list[Entry], int]:
    """Return what was found, and the number before which the next search goes on."""
    named = query.subject_id or query.account_id
    if named is not None:
        return _search_named(uow, query, named, start, first)
    timed = query.since is not None or query.until is not None
    chunk = max(CHUNK, query.size) if timed else query.size
    found: list[Entry] = []
    before, looked = start, 0
    while before > first and looked < LOOKED and start - before < PASSED:
        floor = max(first, before - WINDOW)
        read = uow.register.entries(_kinds(query), chunk, before=before, down_to=floor)
        for entry in read:
            if _fits(entry, query):
                found.append(entry)
            if len(found) == query.size:
                return found, entry.number
        looked += len(read)
        before = read[-1].number if len(read) == chunk else floor
    return found, before


def _search_named(
    uow: UnitOfWork, query: AuditQuery, named: str, start: int, first: int
) -> tuple[list[Entry], int]:
    groups = None if query.subject_id is None else _groups_of(uow, query.subject_id)
    down_to = max(first, start - PASSED)
    read, reached = uow.register.search(
        named,
        before=start,
        down_to=down_to,
        limit=query.size,
        most=OPENED,
        kinds=_kinds(query),
        groups=groups,
    )
    return [entry for entry in read if _fits(entry, query)], reached


def _kinds(query: AuditQuery) -> list[EntryKind] | None:
    if query.subject_id is None:
        return None if query.kinds is None else sorted(query.kinds)
    return sorted(ABOUT_PEOPLE if query.kinds is None else query.kinds & ABOUT_PEOPLE)


def _fits(entry: Entry, query: AuditQuery) -> bool:
    if query.account_id is not None:
        acted = str(entry.body.get("by", "")).endswith(query.account_id)
        if not acted and entry.body.get("user_id") != query.account_id:
            return False
    if query.subject_id is not None and query.subject_id not in people_of(entry):
        return False
    at = when(entry)
    if at is None:
        return True
    early = query.since is not None and at < query.since
    return not early and not (query.until is not None and at >= query.until)


def _groups_of(uow: UnitOfWork, subject_id: str) -> frozenset[str]:
    return frozenset(m.group_id for m in uow.groups.memberships(subject_id=subject_id))


def _reach(uow: UnitOfWork, query: AuditQuery, head: int) -> tuple[int, int]:
    """Return the first and the last number that can be of the asked time."""
    first = 1 if query.since is None else _number_at(uow, query.since, head) - NEIGHBOURS
    last = head if query.until is None else _number_at(uow, query.until, head) + NEIGHBOURS
    return max(1, first), min(head, last)


def _number_at(uow: UnitOfWork, at: datetime, head: int) -> int:
    """Return the number of the first entry from this instant on, found by halving.

    Entries are in the order in which they were written; a mark from paper tells of an earlier
    time, so its neighbours are asked too.
    """
    low, high = 1, head + 1
    while low < high:
        middle = (low + high) // 2
        around = uow.register.entries(
            limit=2 * NEIGHBOURS + 1, before=middle + NEIGHBOURS + 1, down_to=middle - NEIGHBOURS
        )
        times = [told for told in map(when, around) if told is not None]
        if not times or median_low(times) < at:
            low = middle + 1
        else:
            high = middle
    return low


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
