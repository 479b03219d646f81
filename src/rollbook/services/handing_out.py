"""What is handed out, how, and what the register and the site say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rollbook.domain.files import FileLock
from rollbook.domain.manifests import PURPOSE as MANIFEST
from rollbook.domain.manifests import Manifest, SignedFile
from rollbook.domain.month import MonthRegister, Period
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry

SEALED_SUFFIX = ".enc"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be handed out, and how."""

    period: Period
    file_format: str  # csv, xlsx, pdf
    group_names: Sequence[str] = ()  # none: all groups
    person_id: str | None = None  # this person's lines alone
    encrypt: bool = False  # for this site's key
    lock: FileLock | None = None  # for a recipient's passphrase, in the place of the site's key
    sign: bool = False
    hours: bool = False  # hours at work in the place of the register
    language: str = ""  # of the report; empty: the site's

    @property
    def renderer(self) -> str:
        return f"hours {self.file_format}" if self.hours else self.file_format

    @property
    def is_sealed(self) -> bool:
        return self.encrypt or self.lock is not None

    @property
    def name(self) -> str:
        """The name of the file."""
        ending = SEALED_SUFFIX if self.is_sealed else ""
        what = "Hours" if self.hours else "Attendance"
        return f"{what}_{self.period}.{self.file_format}{ending}"


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished file and what is in it."""

    name: str  # Attendance_2025-04.csv, with .enc when it is sealed
    data: bytes
    register: MonthRegister
    manifest: Manifest | None = None  # where it was to be signed; belongs beside the file


def entry_of(register: MonthRegister, wanted: Wanted, by: str) -> NewEntry:
    """Return what the register keeps of a file that is handed out: no names."""
    body: dict[str, object] = {
        "at": register.made_at.isoformat(),
        "by": by,
        "month": str(register.period),
        "format": wanted.file_format,
        "encrypted": wanted.is_sealed,
        "group_ids": [group.group.group_id for group in register.groups],
    }
    if wanted.person_id is not None:
        body["subject_id"] = wanted.person_id
    if wanted.sign:
        body["signed"] = True
    if wanted.hours:
        body["hours"] = True
    return NewEntry(EntryKind.EXPORT, body)


def chart_entry(at: datetime, by: str, rows: int) -> NewEntry:
    """Return what the register keeps of a chart's data that was taken as a file: no names."""
    body = {
        "event": "chart data taken",
        "at": at.isoformat(),
        "by": by,
        "format": "csv",
        "count": rows,
    }
    return NewEntry(EntryKind.EXPORT, body)


def signed(uow: UnitOfWork, made: Exported) -> Manifest:
    """Return what the site says of the file; its own entry is the register's newest."""
    number, link = uow.register.head()
    digest = hashlib.sha256(made.data).digest()
    plain = Manifest(
        files=(SignedFile(made.name, len(made.data), digest),),
        site="".join(c for c in made.register.site if c.isprintable())[:200],
        period=str(made.register.period),
        made_at=made.register.made_at,
        number=number,
        link=link,
        public_key=uow.vault.public_key,
    )
    return replace(plain, signature=uow.vault.sign(MANIFEST, plain.message))
