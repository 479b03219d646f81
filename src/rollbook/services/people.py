"""People and groups: adding, renaming, joining; every change is in the register.

Entries of the register name people by random id only; what is personal lies in their own rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import Consent, Group, Membership, Subject, clean_name, new_id
from rollbook.errors import AlreadyExists, InvalidInput
from rollbook.services.consenting import ConsentTerms, acted, record, require_guardians
from rollbook.services.galleries import who_agreed

EXTERNAL_ID_LIMIT = 100  # characters
Today = Callable[[], date]
Namesakes = Callable[[str], Sequence[Subject] | None]
"""Returns who has this name, or None where everybody has to be read to know."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the list of people."""

    subject: Subject
    groups: tuple[str, ...]  # names, of today
    samples: int
    consent: bool  # covers this moment


class People:
    """Keeps the list of people and their groups."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        today: Today,
        by: str | None = None,
        namesakes: Namesakes = lambda name: None,
    ) -> None:
        """`by` is who acts, as the register names them; `namesakes` knows names by heart."""
        self._open_uow = open_uow
        self._clock = clock
        self._today = today
        self._by = by
        self._namesakes = namesakes

    def acting(self, by: str) -> People:
        """Return the same for somebody whom the register is to name."""
        return People(self._open_uow, self._clock, self._today, by, self._namesakes)

    def add(
        self,
        name: str,
        external_id: str | None = None,
        *,
        contacts: Sequence[str] = (),
        group_ids: Sequence[str] = (),
        terms: ConsentTerms | None = None,
        minor: bool = False,
    ) -> Subject:
        """Add somebody, with the consent that they have given.

        Raises:
            InvalidInput: the name, external id or consent cannot be kept, or a guardian is missing.
            AlreadyExists: the external id is taken, or the name is and nothing tells them apart.
        """
        subject = Subject(
            new_id(), clean_name(name), clean_id(external_id), tuple(contacts), minor=minor
        )
        consent = _consent(subject, terms, self._clock.now()) if terms else None
        with self._open_uow() as uow:
            uow.register.hold()
            require_distinguishable(subject, self._others(uow, subject.name))
            uow.subjects.add(subject)
            self._log(uow, "added", subject.subject_id)
            for group_id in group_ids:
                join_group(
                    uow, group_id, subject.subject_id, self._today(), self._clock, by=self._by
                )
            if consent is not None:
                record(uow, consent, by=self._by)
            uow.commit()
        return subject

    def rename(self, subject_id: str, name: str, external_id: str | None = None) -> Subject:
        """Give somebody another name, and another external id where one is given.

        Raises:
            NotFound: there is no such person.
            AlreadyExists: as for `add`.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            old = uow.subjects.get(subject_id)
            kept = clean_id(external_id) or old.external_id
            new = replace(old, name=clean_name(name), external_id=kept)
            if new == old:
                return old
            require_distinguishable(new, self._others(uow, new.name))
            uow.subjects.update(new)
            self._log(uow, "renamed", subject_id)
            uow.commit()
        return new

    def change(
        self,
        subject_id: str,
        *,
        name: str,
        external_id: str | None = None,
        contacts: Sequence[str] = (),
        minor: bool | None = None,
    ) -> Subject:
        """Write all of somebody's details anew; what is not given is taken away.

        Whether they are a minor stays as it is unless it is said.

        Raises:
            NotFound: there is no such person.
            InvalidInput: they are a minor now, and a consent of theirs names no guardian.
            AlreadyExists: as for `add`.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            old = uow.subjects.get(subject_id)
            told = {"external_id": clean_id(external_id), "contacts": tuple(contacts)}
            new = replace(old, name=clean_name(name), **told)  # type: ignore[arg-type]
            new = new if minor is None else replace(new, minor=minor)
            if new == old:
                return old
            if new.minor and not old.minor:
                require_guardians(uow.consents.of(subject_id), self._clock.now())
            if (new.name, new.external_id) != (old.name, old.external_id):
                require_distinguishable(new, self._others(uow, new.name))
            uow.subjects.update(new)
            self._log(uow, "renamed", subject_id)
            uow.commit()
        return new

    def set_minor(self, subject_id: str, minor: bool) -> Subject:
        """Say whether a guardian has to agree for somebody. Raises as `change`."""
        with self._open_uow() as uow:
            old = uow.subjects.get(subject_id)
        return self.change(
            subject_id,
            name=old.name,
            external_id=old.external_id,
            contacts=old.contacts,
            minor=minor,
        )

    def _others(self, uow: UnitOfWork, name: str) -> Sequence[Subject]:
        """Return all who may have this name; the register must be held."""
        known = self._namesakes(name)
        return uow.subjects.all() if known is None else known

    def rows(self, group_id: str | None = None) -> list[PersonRow]:
        """Return everybody, or a group's people of today, sorted by name."""
        today = self._today()
        with self._open_uow() as uow:
            names = {group.group_id: group.name for group in uow.groups.all()}
            groups = _groups_of_today(uow, names, today)
            counts = uow.references.counts()
            agreed = who_agreed(uow, None, self._clock.now())
            return [
                PersonRow(
                    subject=person,
                    groups=tuple(sorted(groups.get(person.subject_id, {}).values())),
                    samples=counts.get(person.subject_id, 0),
                    consent=person.subject_id in agreed,
                )
                for person in uow.subjects.all()
                if group_id is None or group_id in groups.get(person.subject_id, {})
            ]

    def add_group(self, name: str) -> Group:
        """Raises AlreadyExists when there is one of this name."""
        with self._open_uow() as uow:
            group = self._new_group(uow, clean_name(name))
            uow.commit()
        return group

    def group_called(self, name: str) -> Group:
        """Return the group, made now when there is none of this name."""
        kept = clean_name(name)
        with self._open_uow() as uow:
            found = uow.groups.by_name(kept)
            if found is not None:
                return found
            group = self._new_group(uow, kept)
            uow.commit()
        return group

    def join(self, group_id: str, subject_ids: Sequence[str], first_day: date | None = None) -> int:
        """Let people belong to a group, by default from today on; return how many did not yet."""
        since = first_day or self._today()
        with self._open_uow() as uow:
            uow.register.hold()
            joined = sum(
                join_group(uow, group_id, subject, since, self._clock, by=self._by)
                for subject in subject_ids
            )
            uow.commit()
        return joined

    def leave(self, group_id: str, subject_ids: Sequence[str], last_day: date | None = None) -> int:
        """Let people belong to a group for the last time, by default today.

        Returns how many did belong to it that day or later; past rosters stay.
        """
        until = last_day or self._today()
        with self._open_uow() as uow:
            uow.register.hold()
            left = [
                who
                for who in dict.fromkeys(subject_ids)
                if _belongs_after(uow, group_id, who, until)
            ]
            for subject_id in left:
                uow.groups.leave(group_id, subject_id, until)
                more = {"group_id": group_id, "last_day": until.isoformat()}
                entry = subject_entry("left", subject_id, self._clock, by=self._by, **more)
                uow.register.append(entry)
            uow.commit()
        return len(left)

    def _new_group(self, uow: UnitOfWork, name: str) -> Group:
        group = Group(new_id(), name)
        uow.groups.add(group)
        uow.register.append(group_entry(group, self._clock, by=self._by))
        return group

    def _log(self, uow: UnitOfWork, event: str, subject_id: str) -> None:
        uow.register.append(subject_entry(event, subject_id, self._clock, by=self._by))


def join_group(
    uow: UnitOfWork,
    group_id: str,
    subject_id: str,
    since: date,
    clock: Clock,
    *,
    by: str | None = None,
) -> bool:
    """Let somebody belong to a group from a day on; False when they do already."""
    held = uow.groups.memberships(group_id=group_id, subject_id=subject_id)
    if any(membership.holds_on(since) for membership in held):
        return False
    uow.groups.join(Membership(group_id, subject_id, since))
    more = {"group_id": group_id, "since": since.isoformat()}
    uow.register.append(subject_entry("joined", subject_id, clock, by=by, **more))
    return True


def _belongs_after(uow: UnitOfWork, group_id: str, subject_id: str, day: date) -> bool:
    held = uow.groups.memberships(group_id=group_id, subject_id=subject_id)
    return any(membership.until is None or membership.until > day for membership in held)


def subject_entry(
    event: str, subject_id: str, clock: Clock, *, by: str | None = None, **more: object
) -> NewEntry:
    at = clock.now().isoformat()
    body = {"event": event, "at": at, "subject_id": subject_id, **more, **acted(by)}
    return NewEntry(EntryKind.SUBJECT, body)


def group_entry(group: Group, clock: Clock, *, by: str | None = None) -> NewEntry:
    at = clock.now().isoformat()
    body = {"event": "group added", "at": at, "group_id": group.group_id, **acted(by)}
    return NewEntry(EntryKind.SUBJECT, body)


def clean_id(external_id: str | None) -> str | None:
    """Return an external id as it is kept, or None when there is none.

    Raises:
        InvalidInput: it is longer than EXTERNAL_ID_LIMIT characters.
    """
    if external_id is None or not external_id.strip():
        return None
    kept = clean_name(external_id)
    if len(kept) > EXTERNAL_ID_LIMIT:
        raise InvalidInput(
            "An external id may have %(limit)s characters; this has %(count)s.",
            limit=EXTERNAL_ID_LIMIT,
            count=len(kept),
        )
    return kept


def require_distinguishable(subject: Subject, others: Iterable[Subject]) -> None:
    """Two people may have one name only when their external ids tell them apart.

    Raises:
        AlreadyExists: they could not be told apart.
    """
    for other in others:
        if other.subject_id == subject.subject_id or other.name != subject.name:
            continue
        if subject.external_id is None or other.external_id is None:
            missing = "this one" if subject.external_id is None else "the other one"
            raise AlreadyExists(
                "There is somebody called %(name)s already. If they are two people, give "
                "%(missing)s an external id as well, so that they can be told apart.",
                name=subject.name,
                missing=missing,
            )


def _groups_of_today(
    uow: UnitOfWork, names: Mapping[str, str], today: date
) -> dict[str, dict[str, str]]:
    """Return subject id -> group id -> group name."""
    found: dict[str, dict[str, str]] = {}
    for membership in uow.groups.memberships():
        if membership.holds_on(today):
            own = found.setdefault(membership.subject_id, {})
            own[membership.group_id] = names[membership.group_id]
    return found


def by_name(people: Iterable[Subject]) -> dict[str, list[Subject]]:
    """Return the people of each name."""
    found: dict[str, list[Subject]] = {}
    for person in people:
        found.setdefault(person.name, []).append(person)
    return found


def _consent(subject: Subject, terms: ConsentTerms, now: datetime) -> Consent:
    return terms.cleaned().consent_of(subject.subject_id, now, minor=subject.minor)
