"""Values that many tests need, with sensible defaults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from argon2 import PasswordHasher

from rollbook.domain.attendance import Session
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.receipts import Receipt
from rollbook.domain.subjects import Consent, Crop, Group, Membership, Reference, Subject, new_id
from rollbook.domain.templates import Template, TemplateSpace, unit_rows
from rollbook.services.erasing import Erasing
from rollbook.services.erasure_list import ErasedList
from rollbook.storage.database import Database
from rollbook.storage.erasures import ErasureList
from rollbook.storage.passwords import ArgonHasher
from rollbook.storage.remains import HomeRemains, ListOfErased
from rollbook.storage.work_files import WorkFiles
from rollbook.testing import FixedClock

SPACE = TemplateSpace("sface", "0123456789ab", 128)
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)
LONG_AGO = date(2020, 1, 1)


def make_subject(name: str = "Ada Lovelace", external_id: str | None = None) -> Subject:
    return Subject(new_id(), name, external_id)


def make_template(seed: int = 0, space: TemplateSpace = SPACE) -> Template:
    row = np.random.default_rng(seed).normal(size=(1, space.dimension))
    return Template(unit_rows(row)[0], space)


def make_reference(subject_id: str, seed: int = 0, *, crop: bytes | None = b"jpeg") -> Reference:
    landmarks = np.arange(10, dtype=np.float32).reshape(5, 2)
    kept = None if crop is None else Crop(crop, landmarks)
    template = make_template(seed)
    return Reference(new_id(), subject_id, template, 80, "front", f"file {seed}", NOW, kept)


def make_consent(subject_id: str, given_by: str = "Ada's mother") -> Consent:
    return Consent(new_id(), subject_id, "2026-1", given_by, NOW)


def make_session(group_id: str, starts_at: datetime = NOW, title: str = "Maths") -> Session:
    ends_at = starts_at + timedelta(minutes=45)
    return Session(new_id(), group_id, title, starts_at, ends_at, starts_at.date())


def make_class(
    open_uow: OpenUnitOfWork, names: Sequence[str], group: str = "7a", *, agreed: bool = True
) -> tuple[Group, list[Subject]]:
    """Write a group with people of these names who agreed, members since long ago."""
    made = Group(new_id(), group)
    people = [make_subject(name) for name in names]
    with open_uow() as uow:
        uow.subjects.add_many(people)
        uow.groups.add(made)
        for person in people:
            uow.groups.join(Membership(made.group_id, person.subject_id, LONG_AGO))
            if agreed:
                uow.consents.add(make_consent(person.subject_id))
        uow.commit()
    return made, people


def eraser(database: Database, clock: Clock | None = None) -> Erasing:
    """Return what erases people of a database that lies in its home."""
    home = Path(str(database.engine.url.database)).parent
    used = clock or FixedClock(NOW)
    lines = ErasureList(home / "keys", database.ring.signer.public_key, database.ring.signer.sign)
    remains = HomeRemains(home, home / "rollbook.db", WorkFiles(home / "work"))
    day = used.now().date()
    listed = ErasedList(database.uow, used, lambda: ListOfErased(lines))
    return Erasing(database.uow, used, lambda: day, remains, listed)


def erase(database: Database, subject_id: str, clock: Clock | None = None) -> Receipt:
    """Erase somebody of a database that lies in its home."""
    (receipt,) = eraser(database, clock).erase([subject_id])
    return receipt


def quick_hasher() -> ArgonHasher:
    """Return a hasher that is as right as the real one, and worth nothing against guessing."""
    return ArgonHasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
