"""The register of a month or of other days, read as a whole, and handed out as a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import COUNTED_STATES, AttendanceRecord, Session, records_of
from rollbook.domain.files import FileSealer
from rollbook.domain.month import (
    ERASED,
    Days,
    GroupMonth,
    MonthRegister,
    Period,
    Person,
    PersonMonth,
)
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress, UnitOfWork
from rollbook.domain.progress import WHOLE, part_of, telling
from rollbook.domain.subjects import Group, Subject, clean_name
from rollbook.errors import DecryptionFailed, InvalidInput, NotFound
from rollbook.services.calendars import read_calendar
from rollbook.services.handing_out import Exported as Exported
from rollbook.services.handing_out import Wanted as Wanted
from rollbook.services.handing_out import entry_of, signed
from rollbook.services.marks import marks_of

Render = Callable[[MonthRegister, str, Progress | None], bytes]
"""Called with a register, the language of the report, and whom to tell how far it is."""
# percent of the work after reading; the rest is making the file
READ = {"csv": 70, "xlsx": 35, "pdf": 15}

_HEADER = b"ROLLBOOK EXPORT 1\n"  # tells a sealed export from any other file
_PURPOSE, _OWNER = "export", "file"


class Exporter:
    """Reads months and makes files of them; each file is noted in the register."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        zone: ZoneInfo,
        renderers: Mapping[str, Render],
        sealer: FileSealer | None = None,
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._zone = zone
        self._renderers = renderers
        self._sealer = sealer

    def read(
        self,
        month: Period,
        group_names: Sequence[str] = (),
        person_id: str | None = None,
        progress: Progress | None = None,
    ) -> MonthRegister:
        """Return the register of these days: of these groups, or of all; of everybody, or of one.

        Raises:
            NotFound: there is no group of one of these names.
        """
        with self._open_uow() as uow:
            groups = _chosen(uow, group_names)
            sessions = _by_group(uow, month, groups)
            people = {subject.subject_id: subject for subject in uow.subjects.all()}
            with_sessions = [group for group in groups if group.group_id in sessions]
            months = tuple(
                self._group_month(uow, group, sessions[group.group_id], people)
                for group in telling(with_sessions, len(with_sessions), progress)
            )
            if person_id is not None:
                months = _of_person(months, person_id)
            return MonthRegister(
                site=str(uow.site.get("site_name") or "Rollbook"),
                zone=self._zone,
                period=month,
                made_at=self._clock.now(),
                groups=months,
                idle_groups=tuple(group for group in groups if group.group_id not in sessions),
            )

    def export(
        self,
        month: Period,
        file_format: str,
        group_names: Sequence[str] = (),
        *,
        encrypt: bool = False,
        by: str,
    ) -> Exported:
        """Return the register of these days as a file; see `hand_out`."""
        return self.hand_out(Wanted(month, file_format, group_names, encrypt=encrypt), by)

    def term(self, name: str) -> Period:
        """Return the days of the term with this name.

        Raises:
            NotFound: there is none; the text names those that there are.
        """
        with self._open_uow() as uow:
            terms = read_calendar(uow, self._clock.now().date()).terms
        wanted = clean_name(name).casefold()
        found = next((one.days for one in terms if one.days.name.casefold() == wanted), None)
        if found is None:
            raise NotFound(
                "There is no term called %(name)s. There are: %(terms)s",
                name=name,
                terms=", ".join(one.days.name for one in terms) or "none yet",
            )
        return Days(found.first_day, found.last_day, found.name)

    def hand_out(
        self,
        wanted: Wanted,
        by: str,
        *,
        name: str | None = None,
        progress: Progress | None = None,
    ) -> Exported:
        """Return a file, called `name` if that is given; the register knows of it before.

        What `progress` raises ends the work; nothing was handed out then.

        Raises:
            NotFound: there is no group of one of these names.
            StorageUnavailable: the register cannot be written.
        """
        read = READ.get(wanted.file_format, WHOLE // 2)
        reading, making = part_of(progress, 0, read), part_of(progress, read, WHOLE)
        register = self.read(wanted.period, wanted.group_names, wanted.person_id, reading)
        render = self._renderers[wanted.renderer]
        data = render(register, wanted.language or self.language(), making)
        with self._open_uow() as uow:
            uow.register.append(entry_of(register, wanted, by))
            data = self._sealed(uow, wanted, data)
            made = Exported(name or wanted.name, data, register)
            if wanted.sign:
                made = replace(made, manifest=signed(uow, made))
            uow.commit()
        return made

    def language(self) -> str:
        """Return the site's language, for reports of which nobody says in which they should be."""
        with self._open_uow() as uow:
            return str(uow.site.get("language") or "en")

    def _sealed(self, uow: UnitOfWork, wanted: Wanted, data: bytes) -> bytes:
        if wanted.lock is not None:
            assert self._sealer is not None  # noqa: S101 - who gave the lock has one
            return self._sealer.seal(wanted.lock, data)
        if not wanted.encrypt:
            return data
        sealed = uow.vault.seal(data, purpose=_PURPOSE, owner=_OWNER, key="backup")
        return _HEADER + sealed + b"\n"

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


def _of_person(groups: Iterable[GroupMonth], subject_id: str) -> tuple[GroupMonth, ...]:
    """Return the person's line of each group that has one."""
    own = (
        replace(group, people=tuple(p for p in group.people if p.person.subject_id == subject_id))
        for group in groups
    )
    return tuple(group for group in own if group.people)


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


def _by_group(uow: UnitOfWork, month: Period, groups: Sequence[Group]) -> dict[str, list[Session]]:
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
