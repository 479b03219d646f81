"""Seals rows anew: every payload of a column with the newest key of its purpose."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Column, Connection, Engine, Table, bindparam, select, update

from rollbook.domain.key_ports import Passed
from rollbook.storage.keys import BOOK, CROPS, DatedKey
from rollbook.storage.live_keys import LiveKeys
from rollbook.storage.tables import SEALED, metadata
from rollbook.storage.vault import SqlVault

SUBJECT = "subject"
ROWS = 100  # in one transaction: a few hundredths of a second
Token = bytes | None


@dataclass(frozen=True)
class SealedColumn:
    """A column of payloads, and which key they are sealed with."""

    table: Table
    column: Column[bytes]
    key: str

    @property
    def row_id(self) -> Column[Any]:
        (column,) = self.table.primary_key.columns
        return column


def sealed_columns(*keys: str) -> list[SealedColumn]:
    """Return all columns that are sealed with one of these keys; with none given, all."""
    return [
        SealedColumn(table, column, column.info[SEALED])
        for table in metadata.sorted_tables
        for column in table.columns
        if SEALED in column.info and (not keys or column.info[SEALED] in keys)
    ]


class Damaged(Exception):
    """A token that opens with no key."""


def newest(keys: Sequence[DatedKey]) -> Fernet:
    return Fernet(keys[0].key)


def opens(key: Fernet | MultiFernet, token: bytes) -> bool:
    try:
        key.decrypt(token)
    except InvalidToken:
        return False
    return True


def sealed_anew(token: bytes, first: Fernet, *openers: Fernet | MultiFernet) -> bytes:
    """Return the payload sealed with the first key; raises Damaged when none opens it."""
    for key in openers:
        try:
            return first.encrypt_at_time(key.decrypt(token), 0)
        except InvalidToken:
            continue
    raise Damaged


class Resealing:
    """Passes over the columns that are sealed with data keys."""

    def __init__(self, engine: Engine, keys: LiveKeys) -> None:
        self._engine = engine
        self._keys = keys

    def passes(self, columns: Sequence[SealedColumn]) -> Iterator[Passed]:
        """Bring each row to the newest key; yields after each transaction."""
        for column in columns:
            for ids, passed in self._looked(column):
                yield passed + (self._write(column, ids) if ids else Passed())

    def looks(self, columns: Sequence[SealedColumn]) -> Iterator[Passed]:
        """As `passes`, but changes nothing: `changed` is what would have been."""
        for column in columns:
            for ids, passed in self._looked(column):
                yield passed + Passed(changed=len(ids))

    def _looked(self, column: SealedColumn) -> Iterator[tuple[list[Any], Passed]]:
        """Yield, block by block, the rows that need to be sealed anew."""
        after = None
        while True:
            with self._engine.connect() as connection:
                self._keys.look(connection)
                rows = connection.execute(_block(column, after)).all()
                stale, damaged = self._sorted(SqlVault(connection, self._keys), column, rows)
            yield stale, Passed(len(rows), damaged=damaged)
            if len(rows) < ROWS:
                return
            after = rows[-1][0]

    def _sorted(
        self, vault: SqlVault, column: SealedColumn, rows: Sequence[Any]
    ) -> tuple[list[Any], int]:
        reseal = self._resealer(vault, column)
        stale, damaged = [], 0
        for row in rows:
            try:
                if reseal(row) is not None:
                    stale.append(row[0])
            except Damaged:
                damaged += 1
        return stale, damaged

    def _write(self, column: SealedColumn, ids: list[Any]) -> Passed:
        """Seal these rows anew, as they are now and with the keys of now."""
        with self._engine.connect() as connection:
            vault = SqlVault(connection, self._keys)
            vault.hold()
            reseal = self._resealer(vault, column)
            query = _columns(column).where(column.row_id.in_(ids))
            found = connection.execute(query.with_for_update(skip_locked=True)).all()
            changes = _changes(found, reseal)
            write(connection, column, changes)
            connection.commit()
        return Passed(changed=len(changes), busy=len(ids) - len(found))

    def _resealer(self, vault: SqlVault, column: SealedColumn) -> Callable[[Any], Token]:
        """Return what gives a row's new token, None when it has the newest key already."""
        ring = self._keys.ring
        first, any_of = newest(ring.keys[column.key]), ring.sealing[column.key]
        openers = [any_of, ring.seal] if column.key == BOOK else [any_of]

        def reseal(row: Any) -> Token:
            token = bytes(row[1])
            if opens(first, token):
                return None
            if column.key == CROPS and not opens(any_of, token):
                return self._first_over(vault, first, row.subject_id, token)
            return sealed_anew(token, first, *openers)

        return reseal

    def _first_over(self, vault: SqlVault, first: Fernet, subject_id: str, token: bytes) -> bytes:
        """Seal a crop of an earlier version, which has the subject's key alone, once more."""
        key = vault.key_of(subject_id)
        if key is None or not opens(key, token):
            raise Damaged
        return first.encrypt_at_time(base64.urlsafe_b64decode(token), 0)


def write(connection: Connection, column: SealedColumn, changes: list[dict[str, Any]]) -> None:
    """Put new tokens into rows, each a dict of "b_row" and "b_token"."""
    if changes:
        changed = update(column.table).where(column.row_id == bindparam("b_row"))
        connection.execute(changed.values({column.column.name: bindparam("b_token")}), changes)


def _changes(rows: Sequence[Any], reseal: Callable[[Any], Token]) -> list[dict[str, Any]]:
    changes = []
    for row in rows:
        try:
            token = reseal(row)
        except Damaged:
            continue
        if token is not None:
            changes.append({"b_row": row[0], "b_token": token})
    return changes


def _columns(column: SealedColumn) -> Any:
    """Select a row's id, its token, and whom it is about where that matters."""
    wanted = [column.row_id, column.column]
    if column.key == CROPS:
        wanted.append(column.table.c.subject_id)
    return select(*wanted).where(column.column.is_not(None))


def _block(column: SealedColumn, after: Any) -> Any:
    query = _columns(column).order_by(column.row_id).limit(ROWS)
    return query if after is None else query.where(column.row_id > after)


def data_columns() -> list[SealedColumn]:
    """Return the columns whose keys are those of purposes, not of people."""
    return [column for column in sealed_columns() if column.key != SUBJECT]


def subject_columns() -> list[SealedColumn]:
    """Return the columns for which a person's key is needed."""
    return sealed_columns(SUBJECT, CROPS)
