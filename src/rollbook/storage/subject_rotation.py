"""New keys for people, and what still needs their former ones.

All rows about a person are sealed anew in the transaction that gives the new key. What was quoted
in an entry of the register cannot be: the chain is over the entry as it is. So the former key
stays for reading as long as an entry, or a backup that is kept, needs it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from cryptography.fernet import MultiFernet
from sqlalchemy import Connection, Engine, Row, Select, select, update

from rollbook.domain.key_ports import Passed
from rollbook.errors import DecryptionFailed, RegisterTampered
from rollbook.storage.chain import unpack_sheet, unpad
from rollbook.storage.codec import from_json
from rollbook.storage.connecting import hold_keys_alone
from rollbook.storage.keys import BOOK, CROPS, DatedKey, Keys, new_key, opener, pack_keys, wrap
from rollbook.storage.live_keys import LiveKeys
from rollbook.storage.resealing import (
    Damaged,
    SealedColumn,
    newest,
    opens,
    sealed_anew,
    subject_columns,
    write,
)
from rollbook.storage.tables import ledger, sheets, subject_keys
from rollbook.storage.vault import SqlVault, open_over, seal_over

PEOPLE = 200  # looked at in one query
TOGETHER = 5  # given new keys in one transaction
ENTRIES = 2_000
SHEETS = 200
QUOTED = re.compile(rb'"((?:gAAAAA|Z0FBQUFB)[A-Za-z0-9+/=_-]+)"')  # a token, or base64 of one
Needed = Mapping[str, Collection[bytes]]


class Busy(Exception):
    """Somebody else holds a row of this person."""


class SubjectRotation:
    """Exchanges the keys of people, a few in one transaction."""

    def __init__(self, engine: Engine, keys: LiveKeys) -> None:
        self._engine = engine
        self._keys = keys

    def add_keys(self, rotation: str, now: datetime) -> Iterator[Passed]:
        for rows in self._people():
            old = [row.subject_id for row in rows if self._of(row)[0].made_by != rotation]
            yield Passed(looked=len(rows) - len(old))
            for start in range(0, len(old), TOGETHER):
                yield self._exchange(old[start : start + TOGETHER], rotation, now)

    def wrap_keys(self) -> Iterator[Passed]:
        """Wrap with the newest site key what another one wrapped."""
        for rows in self._people():
            stale = [row.subject_id for row in rows if not self._fits(row)]
            yield Passed(looked=len(rows))
            if stale:
                yield self._wrap(stale)

    def retire_keys(self, needed: Needed, kept_from: datetime | None) -> Iterator[Passed]:
        """Destroy former keys; sealed rows are looked at once more before."""
        for rows in self._people():
            several = [row.subject_id for row in rows if len(self._of(row)) > 1]
            yield Passed(looked=len(rows) - len(several))
            for start in range(0, len(several), TOGETHER):
                yield self._retire(several[start : start + TOGETHER], needed, kept_from)

    def with_former(self) -> int:
        return sum(len(self._of(row)) > 1 for rows in self._people() for row in rows)

    def looks(self) -> Iterator[Passed]:
        """Look at every row about a person; `changed` counts those that have a former key."""
        for column in subject_columns():
            for start in self._people():
                yield self._look(column, {row.subject_id: bytes(row.wrapped) for row in start})

    def _look(self, column: SealedColumn, wrapped: Mapping[str, bytes]) -> Passed:
        ids = list(wrapped)
        query = select(column.table.c.subject_id, column.column).where(
            column.table.c.subject_id.in_(ids), column.column.is_not(None)
        )
        passed = Passed()
        with self._engine.connect() as connection:
            ring = self._keys.ring
            for subject_id, token in connection.execute(query):
                keys = ring.subject_keys(subject_id, wrapped[subject_id])
                inner = self._inner(column, bytes(token))
                first = opens(newest(keys), inner)
                former = not first and opens(opener(keys), inner)
                passed += Passed(1, int(former), damaged=int(not first and not former))
        return passed

    def quoted(self, needed: dict[str, set[bytes]]) -> Iterator[Passed]:
        """Fill `needed`: subject -> digests of the keys that quotes in entries were sealed with."""
        yield from self._quoted_singles(needed)
        yield from self._quoted_in_sheets(needed)

    def _quoted_singles(self, needed: dict[str, set[bytes]]) -> Iterator[Passed]:
        last = 0
        while True:
            query = select(ledger.c.number, ledger.c.payload).where(
                ledger.c.number > last, ledger.c.payload.is_not(None)
            )
            with self._engine.connect() as connection:
                vault = SqlVault(connection, self._keys)
                rows = connection.execute(query.order_by(ledger.c.number).limit(ENTRIES)).all()
                damaged = sum(not self._note_single(vault, row, needed) for row in rows)
            yield Passed(looked=len(rows), damaged=damaged)
            if len(rows) < ENTRIES:
                return
            last = rows[-1].number

    def _quoted_in_sheets(self, needed: dict[str, set[bytes]]) -> Iterator[Passed]:
        last = ""
        while True:
            query = select(sheets).where(sheets.c.session_id > last).order_by(sheets.c.session_id)
            with self._engine.connect() as connection:
                vault = SqlVault(connection, self._keys)
                rows = connection.execute(query.limit(SHEETS)).all()
                damaged = sum(not self._note_sheet(vault, row, needed) for row in rows)
            yield Passed(looked=sum(row.entries for row in rows), damaged=damaged)
            if len(rows) < SHEETS:
                return
            last = rows[-1].session_id

    def _note_single(self, vault: SqlVault, row: Any, needed: dict[str, set[bytes]]) -> bool:
        """Note what an entry quotes; False when it does not open, which `verify` tells of."""
        owner = str(row.number)
        try:
            body = vault.open(bytes(row.payload), purpose="entry", owner=owner, key=BOOK)
        except DecryptionFailed:
            return False
        self._note(vault, unpad(body), needed)
        return True

    def _note_sheet(self, vault: SqlVault, row: Any, needed: dict[str, set[bytes]]) -> bool:
        """As `_note_single`, for a sheet."""
        owner = row.session_id
        try:
            packed = vault.open(bytes(row.payload), purpose="sheet", owner=owner, key=BOOK)
            for line in unpack_sheet(packed):
                self._note(vault, line.body, needed)
        except (DecryptionFailed, RegisterTampered):
            return False
        return True

    def _note(self, vault: SqlVault, body: bytes, needed: dict[str, set[bytes]]) -> None:
        quotes = QUOTED.findall(body)
        if not quotes:
            return
        subject_id = str(from_json(body).get("subject_id", ""))
        tokens = [_token(quote) for quote in quotes]
        for one in vault.keys_of(subject_id):
            if any(opens(opener([one]), token) for token in tokens):
                needed.setdefault(subject_id, set()).add(digest_of(one))

    def _people(self) -> Iterator[Sequence[Row[Any]]]:
        last = ""
        while True:
            query = select(subject_keys).where(subject_keys.c.subject_id > last)
            with self._engine.connect() as connection:
                self._keys.look(connection)
                rows = connection.execute(
                    query.order_by(subject_keys.c.subject_id).limit(PEOPLE)
                ).all()
            if rows:
                yield rows
            if len(rows) < PEOPLE:
                return
            last = rows[-1].subject_id

    def _of(self, row: Row[Any]) -> Keys:
        return self._keys.ring.subject_keys(row.subject_id, bytes(row.wrapped))

    def _fits(self, row: Row[Any]) -> bool:
        return opens(self._keys.ring.newest_site, bytes(row.wrapped))

    def _exchange(self, subject_ids: list[str], rotation: str, now: datetime) -> Passed:
        """Give these people new keys, all or nobody."""
        changed = 0
        with self._engine.connect() as connection:
            try:
                for subject_id, keys in self._held(connection, subject_ids):
                    if keys[0].made_by != rotation:
                        new = (new_key(now, rotation), *keys)
                        self._reseal(connection, subject_id, new)
                        self._keep(connection, subject_id, new)
                        changed += 1
            except Busy:
                return Passed(busy=len(subject_ids))
            connection.commit()
        return Passed(looked=len(subject_ids), changed=changed)

    def _wrap(self, subject_ids: list[str]) -> Passed:
        with self._engine.connect() as connection:
            try:
                for subject_id, keys in self._held(connection, subject_ids):
                    self._keep(connection, subject_id, keys)
            except Busy:
                return Passed(busy=len(subject_ids))
            connection.commit()
        return Passed(changed=len(subject_ids))

    def _retire(self, subject_ids: list[str], needed: Needed, kept_from: datetime | None) -> Passed:
        changed = 0
        with self._engine.connect() as connection:
            try:
                for subject_id, keys in self._held(connection, subject_ids):
                    self._reseal(connection, subject_id, keys)
                    kept = still_needed(keys, needed.get(subject_id, ()), kept_from)
                    if kept != keys:
                        self._keep(connection, subject_id, kept)
                        changed += 1
            except Busy:
                return Passed(busy=len(subject_ids))
            connection.commit()
        return Passed(looked=len(subject_ids), changed=changed)

    def _held(self, connection: Connection, subject_ids: list[str]) -> list[tuple[str, Keys]]:
        """Return the keys of these people while nobody else seals anything; raises Busy."""
        hold_keys_alone(connection)
        self._keys.look(connection)
        query = select(subject_keys).where(subject_keys.c.subject_id.in_(subject_ids))
        rows = _all_or_busy(connection, query)
        return [(row.subject_id, self._of(row)) for row in rows]

    def _reseal(self, connection: Connection, subject_id: str, keys: Keys) -> None:
        """Seal all rows about somebody with the first of their keys; damaged ones stay."""
        for column in subject_columns():
            query: Select[Any] = select(column.row_id, column.column).where(
                column.table.c.subject_id == subject_id, column.column.is_not(None)
            )
            rows = _all_or_busy(connection, query)
            tokens = [(row[0], self._new_token(column, keys, bytes(row[1]))) for row in rows]
            changes = [{"b_row": row, "b_token": token} for row, token in tokens if token]
            write(connection, column, changes)

    def _new_token(self, column: SealedColumn, keys: Keys, token: bytes) -> bytes | None:
        first, any_of = newest(keys), opener(keys)
        inner = self._inner(column, token)
        if opens(first, inner):
            return None
        try:
            anew = sealed_anew(inner, first, any_of)
        except Damaged:
            return None
        return anew if column.key != CROPS else seal_over(self._crops, anew)

    def _inner(self, column: SealedColumn, token: bytes) -> bytes:
        return token if column.key != CROPS else open_over(self._crops, token)

    @property
    def _crops(self) -> MultiFernet:
        return self._keys.ring.sealing[CROPS]

    def _keep(self, connection: Connection, subject_id: str, keys: Keys) -> None:
        wrapped = wrap(self._keys.ring.site, f"subject:{subject_id}", pack_keys(keys))
        changed = update(subject_keys).where(subject_keys.c.subject_id == subject_id)
        connection.execute(changed.values(wrapped=wrapped))


def digest_of(one: DatedKey) -> bytes:
    """Return what stands for a key while it is looked for, so that it is not passed about."""
    return hashlib.sha256(one.key).digest()


def still_needed(keys: Keys, quoted: Collection[bytes], kept_from: datetime | None) -> Keys:
    """Return the first key, and those that entries or kept backups need."""
    kept = [keys[0]]
    for newer, one in pairwise(keys):
        in_backup = kept_from is not None and (newer.since is None or newer.since >= kept_from)
        if in_backup or digest_of(one) in quoted:
            kept.append(one)
    return tuple(kept)


def _token(quote: bytes) -> bytes:
    return quote if quote.startswith(b"gAAAAA") else base64.b64decode(quote)


def _all_or_busy(connection: Connection, query: Any) -> Sequence[Any]:
    """Return all rows, held; who would have to wait could keep others waiting in a circle."""
    held = connection.execute(query.with_for_update(skip_locked=True)).all()
    if connection.dialect.name == "postgresql":
        there = connection.execute(query).all()
        if len(there) != len(held):
            raise Busy
    return held
