"""Exchanges the keys of a database that others use meanwhile; see `domain/key_ports.py`.

Every step can be killed and repeated. A data key is added before it is used and retired after
nothing uses it. The site key and what it wraps are not one transaction: while it is exchanged both
keys lie in their place, so that whatever is wrapped with either opens.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Connection, Engine, Select, Table, func, select, update

from rollbook.domain.key_ports import KeyStatus, Passed, PurposeStatus
from rollbook.errors import StorageError, StorageUnavailable
from rollbook.storage.connecting import KEYS_HELD, hold_keys_alone
from rollbook.storage.former_keys import FILES, SITE, FormerKeys
from rollbook.storage.keys import (
    BACKUP,
    SEAL,
    SEALING,
    Keys,
    new_key,
    pack_keys,
    unwrap,
    wrap,
)
from rollbook.storage.live_keys import LiveKeys, count_generation, wrapped_data_keys
from rollbook.storage.resealing import Resealing, SealedColumn, data_columns, opens, sealed_columns
from rollbook.storage.subject_rotation import SubjectRotation
from rollbook.storage.tables import data_keys, subject_keys

TRIES, PAUSE = 100, 0.05  # seconds between two
HELD_FILES = (SEAL, BACKUP)  # exported files were sealed with these


class SqlKeyStore:
    """The keys of one database."""

    def __init__(self, engine: Engine, keys: LiveKeys) -> None:
        self._engine = engine
        self._keys = keys
        self._resealing = Resealing(engine, keys)
        self._subjects = SubjectRotation(engine, keys)

    def add_data_keys(self, rotation: str, now: datetime) -> None:
        with self._alone() as connection:
            for purpose in SEALING:
                keys = self._keys.ring.keys[purpose]
                if keys[0].made_by != rotation:
                    self._keep(connection, purpose, (new_key(now, rotation), *keys))

    def reseal(self) -> Iterator[Passed]:
        return self._resealing.passes(data_columns())

    def retire_data_keys(self, rotation: str, now: datetime) -> int:
        retired = 0
        with self._alone() as connection:
            former = FormerKeys(connection, self._keys.ring.site)
            for purpose in SEALING:
                first, *others = self._keys.ring.keys[purpose]
                if first.made_by != rotation:
                    raise StorageError("Another rotation has made newer keys. Run it once more.")
                if purpose in HELD_FILES:
                    former.keep(FILES, (one.key for one in others), now, rotation)
                if others:
                    self._keep(connection, purpose, (first,))
                retired += len(others)
        return retired

    def add_subject_keys(self, rotation: str, now: datetime) -> Iterator[Passed]:
        return self._subjects.add_keys(rotation, now)

    def quoted_keys(self, needed: dict[str, set[bytes]]) -> Iterator[Passed]:
        return self._subjects.quoted(needed)

    def retire_subject_keys(
        self, needed: Mapping[str, Collection[bytes]], kept_from: datetime | None
    ) -> Iterator[Passed]:
        return self._subjects.retire_keys(needed, kept_from)

    def add_site_key(self, rotation: str) -> None:
        """A key in its place that was not put to use yet is that of a rotation that was not ended.

        A site whose key a person has to put in its place gives the new one that way.
        """
        with self._alone() as connection:
            former = FormerKeys(connection, self._keys.ring.site).site()
            sites = list(self._keys.source.load())
            retired = {one.key for one in former}
            ended = self._is_used(sites[0], connection) and retired.issuperset(sites[1:])
            if ended and not any(one.made_by == rotation for one in former):
                self._keys.source.store([Fernet.generate_key(), *sites])

    def wrap_data_keys(self) -> None:
        for _ in range(TRIES):
            if self._wrapped_all():
                return
            time.sleep(PAUSE)
        raise StorageUnavailable("Others hold a key all the time. Try again later.")

    def _wrapped_all(self) -> bool:
        """Wrap all data keys or none; False when somebody else holds one of them."""
        target = self._newest_site()
        with self._alone() as connection:
            site = self._keys.ring.site
            rows = connection.execute(select(data_keys).with_for_update(skip_locked=True)).all()
            if len(rows) < connection.execute(_count(data_keys)).scalar_one():
                return False
            for purpose, wrapped in rows:
                label = f"data:{purpose}"
                anew = wrap(target, label, unwrap(site, label, bytes(wrapped)))
                _put(connection, purpose, anew)
        return True

    def wrap_subject_keys(self) -> Iterator[Passed]:
        return self._subjects.wrap_keys()

    def retire_site_key(self, rotation: str, now: datetime) -> None:
        first, *others = self._keys.source.load()
        with self._alone() as connection:
            site = Fernet(first)
            for row in connection.execute(select(data_keys)).all():
                unwrap(site, f"data:{row.purpose}", bytes(row.wrapped))
            FormerKeys(connection, site).keep(SITE, others, now, rotation)
        self._keys.source.store([first])
        with self._alone():
            pass  # all processes drop the former key

    def people(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.execute(_count(subject_keys)).scalar_one())

    def rows(self) -> int:
        return sum(self._rows_of(column) for column in data_columns())

    def status(self, look: bool = True) -> KeyStatus:
        rows = sum(self._subjects.looks(), Passed()) if look else None
        with self._engine.connect() as connection:
            self._keys.look(connection)
            former = FormerKeys(connection, self._keys.ring.site)
            sites, files = former.site(), former.files()
        return KeyStatus(
            site_source=self._keys.source.describe(),
            site_keys=len(self._keys.source.load()),
            site_since=sites[0].since if sites else None,
            purposes=tuple(self._status_of(purpose, look) for purpose in SEALING),
            people=self.people(),
            people_with_former=self._subjects.with_former() if look else None,
            older_person_rows=rows.changed if rows else None,
            damaged_person_rows=rows.damaged if rows else None,
            former_site_keys=len(sites),
            former_file_keys=len(files),
        )

    def _status_of(self, purpose: str, look: bool) -> PurposeStatus:
        keys, columns = self._keys.ring.keys[purpose], sealed_columns(purpose)
        rows = sum(self._rows_of(column) for column in columns)
        if not look:
            return PurposeStatus(purpose, len(keys), keys[0].since, rows, None, None)
        found = sum(self._resealing.looks(columns), Passed())
        return PurposeStatus(purpose, len(keys), keys[0].since, rows, found.changed, found.damaged)

    def _rows_of(self, column: SealedColumn) -> int:
        query = select(func.count()).select_from(column.table).where(column.column.is_not(None))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def _is_used(self, site: bytes, connection: Connection) -> bool:
        return opens(Fernet(site), wrapped_data_keys(connection)[SEAL])

    def _newest_site(self) -> Fernet:
        return Fernet(self._keys.source.load()[0])

    def _keep(self, connection: Connection, purpose: str, keys: Keys) -> None:
        _put(connection, purpose, wrap(self._keys.ring.site, f"data:{purpose}", pack_keys(keys)))

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction in which nobody else seals, and after which all read the keys anew."""
        with self._engine.connect() as connection:
            hold_keys_alone(connection)
            connection.info[KEYS_HELD] = True
            self._keys.look(connection)
            yield connection
            count_generation(connection)
            connection.commit()
        with self._engine.connect() as connection:
            self._keys.look(connection)


def _put(connection: Connection, purpose: str, wrapped: bytes) -> None:
    changed = update(data_keys).where(data_keys.c.purpose == purpose)
    connection.execute(changed.values(wrapped=wrapped))


def _count(table: Table) -> Select[Any]:
    return select(func.count()).select_from(table)
