"""Everybody's opened name in memory, because names can be neither searched nor sorted in SQL.

Each process keeps an index of its own, and never writes it anywhere. It follows the register:
whoever an entry names is read again, so that one more person costs one person's reading. What
was changed without an entry, as by invented data, shows in the gallery's version; then all is
read anew in the background, and until that is done the former view is shown.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import Entry, EntryKind
from rollbook.domain.subjects import Consent, Membership, Subject
from rollbook.services.folding import folded
from rollbook.services.galleries import covers_face

Today = Callable[[], date]
KINDS = (EntryKind.SUBJECT, EntryKind.CONSENT, EntryKind.ENROLMENT)
FEW = 300  # people; more of them are read in bulk
NEWS = 5_000  # entries of the register; after more of them all is read anew


@dataclass(frozen=True, slots=True)
class Known:
    """One person as the index knows them on one day."""

    subject: Subject
    folded: str  # the name as it is searched
    folded_id: str  # the external id as it is searched; empty where there is none
    memberships: tuple[Membership, ...]
    samples: int
    consents: tuple[Consent, ...]
    agreed: bool = False  # covers this day
    group_ids: frozenset[str] = frozenset()  # of this day

    @property
    def subject_id(self) -> str:
        return self.subject.subject_id

    @property
    def key(self) -> tuple[str, str]:
        """What the list is sorted by."""
        return (self.folded, self.subject.subject_id)

    def on(self, day: date, now: datetime) -> Known:
        """Return the same with what holds on this day."""
        held = frozenset(m.group_id for m in self.memberships if m.holds_on(day))
        return replace(self, agreed=covers_face(self.consents, now), group_ids=held)

    def has_left(self, day: date) -> bool:
        """Return whether they belonged to a group, and belong to none now or later."""
        return bool(self.memberships) and not any(m.lasts_to(day) for m in self.memberships)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The index at one moment; a newer one takes its place as a whole."""

    day: date
    number: int  # of the register's last entry
    version: int  # of the gallery
    people: Mapping[str, Known]
    ordered: tuple[Known, ...] = field(repr=False)
    groups: Mapping[str, str]  # group id -> name

    def group_names(self, known: Known) -> list[str]:
        names = (self.groups.get(group_id, "") for group_id in known.group_ids)
        return sorted(name for name in names if name)


@dataclass(frozen=True, slots=True)
class Building:
    """How far the first reading is."""

    done: int
    total: int


class PeopleIndex:
    """Keeps the snapshot of one process up to date; threads may share it."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, today: Today) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._today = today
        self._snapshot: Snapshot | None = None
        self._changing = threading.Lock()
        self._building: threading.Thread | None = None
        self._ready = threading.Event()
        self._progress = Building(0, 0)

    @property
    def progress(self) -> Building:
        return self._progress

    def open(self) -> None:
        """Begin to open the names, so that the first page has not to wait for it."""
        if self._snapshot is None:
            self._build_in_background()

    def current(self, patience: float = 2.0) -> Snapshot | None:
        """Return the newest view, or None while the first reading takes longer than `patience`."""
        if self._snapshot is None:
            self.open()
            if not self._ready.wait(patience) or self._snapshot is None:
                return None
        with self._changing:
            self._snapshot = self._followed(self._snapshot)
            return self._snapshot

    def follow(self) -> None:
        """Take notice of what the register tells, where the names are opened already."""
        if self._snapshot is not None:
            self.current()

    def namesakes(self, name: str) -> list[Subject] | None:
        """Return who has exactly this name; None while the names are not opened.

        Whoever holds the register sees everybody who was added before.
        """
        if self._snapshot is None or (view := self.current()) is None:
            return None
        wanted = folded(name)
        same = (known.subject for known in view.ordered if known.folded == wanted)
        return [subject for subject in same if subject.name == name]

    def build(self) -> Snapshot:
        """Read everything now."""
        fresh = self._read_all()
        with self._changing:
            self._snapshot = fresh  # older than what came meanwhile; the next look follows that
        self._ready.set()
        return fresh

    def _build_in_background(self) -> None:
        with self._changing:
            if self._building is not None and self._building.is_alive():
                return
            self._building = threading.Thread(target=self.build, name="people", daemon=True)
            self._building.start()

    def _followed(self, old: Snapshot) -> Snapshot:
        """Return the view with what the register tells since."""
        with self._open_uow() as uow:
            number, version = uow.register.count(), uow.gallery_version()
            new = old
            if number != old.number:
                entries = uow.register.since(old.number, KINDS, NEWS)
                if len(entries) >= NEWS:
                    return self._read_all()
                new = self._with(uow, old, entries)
            told = new is not old
        if version != old.version and not told:
            threading.Thread(target=self.build, name="people", daemon=True).start()
        new = replace(new, number=number, version=version)
        return self._dated(new)

    def _with(self, uow: UnitOfWork, old: Snapshot, entries: Iterable[Entry]) -> Snapshot:
        """Return the view with those read again whom the entries name."""
        names, groups = set[str](), old.groups
        for entry in entries:
            names |= _named(entry)
            if "group_id" in entry.body and entry.body["group_id"] not in groups:
                groups = _groups(uow)
            elif str(entry.body.get("event", "")).startswith("group"):
                groups = _groups(uow)
        if not names:
            return replace(old, groups=groups) if groups is not old.groups else old
        fresh = self._read(uow, names, old.day)
        people = {**old.people}
        for subject_id in names:
            people.pop(subject_id, None)
        people.update(fresh)
        ordered = _ordered(old, people, names)
        return replace(old, people=people, ordered=ordered, groups=groups)

    def _dated(self, snapshot: Snapshot) -> Snapshot:
        """Return the view of today: at midnight others belong to a group, and consents end."""
        today, now = self._today(), self._clock.now()
        if snapshot.day == today:
            return snapshot
        people = {known.subject_id: known.on(today, now) for known in snapshot.ordered}
        return replace(snapshot, day=today, people=people, ordered=tuple(people.values()))

    def _read_all(self) -> Snapshot:
        day, now = self._today(), self._clock.now()
        with self._open_uow() as uow:
            number, version = uow.register.count(), uow.gallery_version()
            subjects = uow.subjects.all()
            self._progress = Building(0, len(subjects))
            consents, counts = uow.consents.all_of(), uow.references.counts()
            memberships = _by_subject(uow.groups.memberships())
            people = {}
            for done, subject in enumerate(subjects, 1):
                own = subject.subject_id
                known = _known(subject, memberships.get(own, ()), counts, consents.get(own, ()))
                people[own] = known.on(day, now)
                if done % 500 == 0:
                    self._progress = Building(done, len(subjects))
            groups = _groups(uow)
        ordered = tuple(sorted(people.values(), key=lambda known: known.key))
        people = {known.subject_id: known for known in ordered}
        return Snapshot(day, number, version, people, ordered, groups)

    def _read(self, uow: UnitOfWork, ids: set[str], day: date) -> dict[str, Known]:
        now, many = self._clock.now(), len(ids) > FEW
        subjects = uow.subjects.some(ids)
        consents, counts = uow.consents.all_of(ids), uow.references.counts(ids)
        if many:
            memberships = _by_subject(uow.groups.memberships())
        else:
            memberships = {one: tuple(uow.groups.memberships(subject_id=one)) for one in subjects}
        return {
            one: _known(subject, memberships.get(one, ()), counts, consents.get(one, ())).on(
                day, now
            )
            for one, subject in subjects.items()
        }


def _known(
    subject: Subject,
    memberships: Iterable[Membership],
    counts: Mapping[str, int],
    consents: Iterable[Consent],
) -> Known:
    samples = counts.get(subject.subject_id, 0)
    name, external = folded(subject.name), folded(subject.external_id or "")
    return Known(subject, name, external, tuple(memberships), samples, tuple(consents))


def _named(entry: Entry) -> set[str]:
    """Return whom an entry is about."""
    one, many = entry.body.get("subject_id"), entry.body.get("subject_ids")
    named = {one} if isinstance(one, str) else set()
    return named | (set(many) if isinstance(many, list) else set())


def _by_subject(memberships: Iterable[Membership]) -> dict[str, tuple[Membership, ...]]:
    found: dict[str, list[Membership]] = {}
    for membership in memberships:
        found.setdefault(membership.subject_id, []).append(membership)
    return {subject_id: tuple(own) for subject_id, own in found.items()}


def _groups(uow: UnitOfWork) -> dict[str, str]:
    return {group.group_id: group.name for group in uow.groups.all()}


def _ordered(old: Snapshot, people: Mapping[str, Known], changed: set[str]) -> tuple[Known, ...]:
    """Return everybody in order, with few changes put in their places."""
    if len(changed) > FEW:
        return tuple(sorted(people.values(), key=lambda known: known.key))
    ordered = list(old.ordered)
    for subject_id in changed:
        former = old.people.get(subject_id)
        if former is not None:
            del ordered[bisect_left(ordered, former.key, key=lambda known: known.key)]
        if subject_id in people:
            insort(ordered, people[subject_id], key=lambda known: known.key)
    return tuple(ordered)
