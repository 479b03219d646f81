"""A thief who can write: sealed values are changed, cut and swapped, in every table that has any.

What was done has to be refused when it is read, or found by `verify`; taking it for genuine is the
fault. Old rows that are put back whole are the matter of `services/replays.py` and its test; what
of that stays undetected is in docs/threat-model.md.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table, select

from rollbook.bootstrap import App
from rollbook.domain.passkeys import Passkey
from rollbook.domain.ports import UnitOfWork
from rollbook.errors import DecryptionFailed, RegisterTampered, StorageError
from rollbook.services.register import verified
from rollbook.storage.tables import metadata
from rollbook.storage.tables import site as settings
from torture.frame import Outcome, Plan, new_home, open_home
from web.full_school import make_full_site
from web.programs import make_token
from web.school import Site, sign_in

SHORT_LIVED = {
    "replies": "only shows again what a form that was sent twice was answered, for a day",
    "tasks": "the progress of long work; what the work did is in the register",
}
TRIES = 4  # pairs of rows, of each kind of change and column

Reader = Callable[[UnitOfWork], object]
READERS: dict[str, Reader] = {
    "data_keys": lambda uow: None,  # opening the database unwraps all of them
    "web_sessions": lambda uow: [uow.web_sessions.of_user(one.user_id) for one in uow.users.all()],
    "passkeys": lambda uow: [uow.passkeys.of_user(one.user_id) for one in uow.users.all()],
    "subjects": lambda uow: uow.subjects.all(),
    "consents": lambda uow: uow.consents.all_of(),
    "samples": lambda uow: [uow.references.of(one.subject_id) for one in uow.subjects.all()],
    "groups": lambda uow: uow.groups.all(),
    "plans": lambda uow: uow.sessions.all(),
    "sessions": lambda uow: uow.sessions.all(),
    "ledger": lambda uow: uow.register.entries(),
    "sheets": lambda uow: uow.register.entries(),
    "reviews": lambda uow: uow.reviews.all(),
    "users": lambda uow: uow.users.all(),
    "devices": lambda uow: uow.devices.all(),
    "series": lambda uow: uow.series.all(),
    "requests": lambda uow: uow.requests.waiting(),
    "cameras": lambda uow: uow.cameras.all(),
    "api_tokens": lambda uow: uow.tokens.all(),
    "subject_keys": lambda uow: uow.subjects.all(),
    "absences": lambda uow: uow.absences.all(),
    "documents": lambda uow: uow.documents.all(),
    "receipts": lambda uow: uow.receipts.all(),
    "credentials": lambda uow: [uow.credentials.of(one.subject_id) for one in uow.subjects.all()],
}


def run(plan: Plan) -> Outcome:
    """Tamper with every sealed column of a school in which something lies in each table."""
    outcome, chance = Outcome(), plan.chance("writer")
    site = make_full_site(new_home(plan.folder / "home"))
    _sign_in(site)
    with site.parts.database.engine.connect() as connection:
        keys = connection.execute(select(settings.c.key)).scalars().all()
    readers = READERS | {"site": lambda uow: [uow.site.get(key) for key in keys]}
    for table, column in _sealed():
        if table.name in SHORT_LIVED:
            outcome.left_out.append(f"{table.name}.{column.name}: {SHORT_LIVED[table.name]}")
            continue
        if table.name not in readers:
            outcome.left_out.append(f"{table.name}.{column.name}: no reader is named")
            continue
        rows = _rows(site.parts, column)
        if rows < 2:
            outcome.left_out.append(f"{table.name}.{column.name}: has {rows} rows, so no swaps")
        if not rows:
            continue
        whole = not _noticed(site.parts.settings.home, readers[table.name])
        outcome.expect(whole, f"{table.name}.{column.name}: refused before anything was changed")
        outcome.count("columns tampered with")
        for what, change in CHANGES.items():
            for _ in range(TRIES):
                _one(site.parts, readers[table.name], column, what, change, chance, outcome)
    site.parts.engines.close()
    site.parts.database.close()
    return outcome


def _sign_in(site: Site) -> None:
    """Let accounts have sessions, passkeys and tokens."""
    with site.parts.uow() as uow:
        for login in ("alice", "bob", "charlie"):
            user, name = site.users[login], login.encode()
            uow.passkeys.add(Passkey(name, user.user_id, "stick", name * 8, 0, site.clock.now()))
            uow.commit()
    for login in ("alice", "bob", "charlie"):
        sign_in(site, login)
        make_token(site, login)


def _sealed() -> Iterator[tuple[Table, Column[Any]]]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            if "sealed" in column.info or column.info.get("holds") == "wrapped key":
                yield table, column


def _rows(parts: App, column: Column[Any]) -> int:
    with parts.database.engine.connect() as connection:
        return len(connection.execute(select(column).where(column.is_not(None))).all())


def _flip(one: bytes, other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(one))
    return one[:at] + bytes([one[at] ^ (1 << chance.randrange(7))]) + one[at + 1 :]


CHANGES: dict[str, Callable[[bytes, bytes, random.Random], bytes]] = {
    "altered": _flip,
    "cut": lambda one, other, chance: one[: chance.randrange(len(one) - 1)],
    "replaced by another row's": lambda one, other, chance: other,
    "emptied": lambda one, other, chance: b"",
}


def _one(
    parts: App,
    read: Reader,
    column: Column[Any],
    what: str,
    change: Callable[[bytes, bytes, random.Random], bytes],
    chance: random.Random,
    outcome: Outcome,
) -> None:
    """Change one value, see whether that is noticed, and put it back."""
    table = column.table
    (key,) = list(table.primary_key.columns)[:1]
    with parts.database.engine.begin() as connection:
        query = select(key, column).where(column.is_not(None)).order_by(key)
        rows = connection.execute(query).all()
        (name, before), (_, other) = chance.sample(rows, 2) if len(rows) > 1 else rows * 2
        after = change(bytes(before), bytes(other), chance)
        if after == before:
            return
        connection.execute(table.update().where(key == name).values({column.name: after}))
    outcome.count(f"values {what}")
    if not _noticed(parts.settings.home, read):
        outcome.faults.append(f"{table.name}.{column.name} {what}: taken for genuine")
    with parts.database.engine.begin() as connection:
        connection.execute(table.update().where(key == name).values({column.name: before}))


def _noticed(home: Path, read: Reader) -> bool:
    """Return whether reading refuses what is there, or a check of the register names it."""
    try:
        database = open_home(home)  # nothing is remembered from before
    except DecryptionFailed:
        return True
    try:
        with database.uow() as uow:
            read(uow)
            return not verified(uow).holds
    except (DecryptionFailed, RegisterTampered, StorageError):
        return True
    finally:
        database.close()
