"""The register of a month, read as a whole, and handed out as a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import COUNTED_STATES, AttendanceRecord, Session, records_of
from rollbook.domain.month import (
    ERASED,
    GroupMonth,
    Month,
    MonthRegister,
    Person,
    PersonMonth,
)
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import Group, Subject, clean_name
from rollbook.errors import DecryptionFailed, InvalidInput, NotFound
from rollbook.services.marks import marks_of

Render = Callable[[MonthRegister], bytes]

SEALED_SUFFIX = ".enc"
_HEADER = b"ROLLBOOK EXPORT 1\n"  # tells a sealed export from any other file
_PURPOSE, _OWNER = "export", "file"


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished file and what is in it."""

    name: str  # Attendance_2025-04.csv, with .enc when it is sealed
    data: bytes
    register: MonthRegister


class Exporter:
    """Reads months and makes files of them; each file is noted in the register."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        zone: ZoneInfo,
        renderers: Mapping[str, Render],
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._zone = zone
        self._renderers = renderers

    def read(self, month: Month, group_names: Sequence[str] = ()) -> MonthRegister:
        """Return the register of a month: of these groups, or of all.

        Raises:
            NotFound: there is no group of one of these names.
        """
        with self._open_uow() as uow:
            groups = _chosen(uow, group_names)
            sessions = _by_group(uow, month, groups)
            people = {subject.subject_id: subject for subject in uow.subjects.all()}
            months = tuple(
                self._group_month(uow, group, sessions[group.group_id], people)
                for group in groups
                if group.group_id in sessions
            )
            return MonthRegister(
                site=str(uow.site.get("site_name") or "Rollbook"),
                zone=self._zone,
                month=month,
                made_at=self._clock.now(),
                groups=months,
                idle_groups=tuple(group for group in groups if group.group_id not in sessions),
            )

    def export(
        self,
        month: Month,
        file_format: str,
        group_names: Sequence[str] = (),
        *,
        encrypt: bool = False,
        by: str,
    ) -> Exported:
        """Return the month as a file; that it was handed out is in the register before.

        Raises:
            NotFound: there is no group of one of these names.
            StorageUnavailable: the register cannot be written.
        """
        register = self.read(month, group_names)
        data = self._renderers[file_format](register)
        with self._open_uow() as uow:
            uow.register.append(self._entry(register, file_format, encrypt, by))
            if encrypt:
                sealed = uow.vault.seal(data, purpose=_PURPOSE, owner=_OWNER, key="backup")
                data = _HEADER + sealed + b"\n"
            uow.commit()
        name = f"Attendance_{month}.{file_format}" + (SEALED_SUFFIX if encrypt else "")
        return Exported(name, data, register)

    def unseal(self, data: bytes) -> bytes:
        """Return what `export` sealed.

        Raises:
            InvalidInput: it is not a file that `export` sealed.
            DecryptionFailed: it was changed, or another installation sealed it.
        """
        if not data.startswith(_HEADER):
            raise InvalidInput("This is not a file that Rollbook encrypted.")
        token = data.removeprefix(_HEADER).strip()
        try:
            with self._open_uow() as uow:
                return uow.vault.open_file(token, purpose=_PURPOSE, owner=_OWNER)
        except DecryptionFailed as error:
            raise DecryptionFailed(
                "The file cannot be opened: it is damaged, or another Rollbook encrypted it."
            ) from error

    def _entry(
        self, register: MonthRegister, file_format: str, encrypted: bool, by: str
    ) -> NewEntry:
        body: dict[str, object] = {
            "at": register.made_at.isoformat(),
            "by": by,
            "month": str(register.month),
            "format": file_format,
            "encrypted": encrypted,
            "group_ids": [group.group.group_id for group in register.groups],
        }
        return NewEntry(EntryKind.EXPORT, body)

    def _group_month(
        self,
        uow: UnitOfWork,
        group: Group,
        sessions: Sequence[Session],
        people: Mapping[str, Subject],
    ) -> GroupMonth:
        cells, members = self._cells(uow, group, sessions)
        lines = [
            PersonMonth(
                _person(subject_id, people.get(subject_id)),
                subject_id in members,
                tuple(records.get(session.session_id) for session in sessions),
            )
            for subject_id, records in cells.items()
        ]
        return GroupMonth(group, tuple(sessions), tuple(sorted(lines, key=_place)))

    def _cells(
        self, uow: UnitOfWork, group: Group, sessions: Sequence[Session]
    ) -> tuple[dict[str, dict[str, AttendanceRecord]], set[str]]:
        """Return subject id -> session id -> record, and who was a member at any session."""
        memberships = uow.groups.memberships(group_id=group.group_id)
        marks = marks_of(uow, [session.session_id for session in sessions])
        now = self._clock.now()
        cells: dict[str, dict[str, AttendanceRecord]] = {}
        members: set[str] = set()
        for session in sessions:
            roster = {m.subject_id for m in memberships if m.holds_on(session.business_date)}
            members |= roster
            for record in records_of(session, roster, marks.get(session.session_id, []), now):
                cells.setdefault(record.subject_id, {})[session.session_id] = record
        return cells, members


def _chosen(uow: UnitOfWork, names: Iterable[str]) -> list[Group]:
    wanted = [clean_name(name) for name in names]
    if not wanted:
        return uow.groups.all()
    found: dict[str, Group] = {}
    for name in wanted:
        group = uow.groups.by_name(name)
        if group is None:
            raise NotFound(
                "There is no group called %(name)s. Look with: rollbook group list", name=name
            )
        found[group.group_id] = group
    return list(found.values())


def _by_group(uow: UnitOfWork, month: Month, groups: Sequence[Group]) -> dict[str, list[Session]]:
    """Return the sessions of the month that took place by group, for groups that had any."""
    only = groups[0].group_id if len(groups) == 1 else None
    found: dict[str, list[Session]] = {}
    for session in uow.sessions.all(
        group_id=only,
        first_day=month.first_day,
        last_day=month.last_day,
        states=COUNTED_STATES,
    ):
        found.setdefault(session.group_id, []).append(session)
    return found


def _person(subject_id: str, subject: Subject | None) -> Person:
    if subject is None:
        return Person(subject_id, ERASED, erased=True)
    return Person(subject_id, subject.name, subject.external_id, subject.invented)


def _place(line: PersonMonth) -> tuple[bool, bool, str, str, str]:
    """Return what sorts a register: the roster by name, then guests, erased people last."""
    plain = unicodedata.normalize("NFKD", line.person.name.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    name = line.person.name
    return (line.person.erased, not line.on_roster, letters, name, line.person.subject_id)
