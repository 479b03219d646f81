"""Building a database from a backup, in one transaction, without those who were erased."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text
from sqlalchemy import MetaData as DatabaseTables
from sqlalchemy.exc import DatabaseError

from rollbook.domain.backups import Restored
from rollbook.errors import DecryptionFailed
from rollbook.storage.backup.bundle import Bundle
from rollbook.storage.backup.checking import Contents, Reading, misfit, opened
from rollbook.storage.backup.container import Source
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.rows import KEYS_TABLE, kinds_of
from rollbook.storage.backup.writing import Progress
from rollbook.storage.erasures import erased_ids
from rollbook.storage.former_keys import FORMER, LABEL
from rollbook.storage.keys import SIGN, unwrap, wrap
from rollbook.storage.live_keys import LiveKeys
from rollbook.storage.migrating import migrate, migrate_to
from rollbook.storage.signing import SiteSigner
from rollbook.storage.unit_of_work import Memory, SqlUnitOfWork

STAYS = "memberships"  # of past days: a random id alone, and the totals need it


@dataclass(frozen=True)
class Plan:
    """What is restored with which keys, settled before anything is written."""

    contents: Contents
    keys: SiteKeys = field(repr=False)
    bundle: Bundle = field(repr=False)
    erased: frozenset[str]  # people whom a list of erasures names

    @property
    def keyless(self) -> frozenset[str]:
        """People whose key is in no bundle, so that nothing of theirs can be opened any more."""
        return self.contents.people - set(self.bundle.subject_keys) - self.erased

    @property
    def gone(self) -> frozenset[str]:
        """People of whom nothing comes back."""
        return self.erased | self.keyless


def make_plan(contents: Contents, keys: SiteKeys, bundle: Bundle, beside: bytes) -> Plan:
    """Return the plan; `beside` is the list of erasures that lies in the new home, if any.

    Raises:
        DecryptionFailed: no key here opens what the backup holds.
        ErasureListDamaged: a list was changed; whom it named must not come back.
    """
    for purpose, wrapped in contents.data_keys.items():
        unwrap(keys.all, f"data:{purpose}", wrapped)
    if not bundle.erasures and not beside:
        return Plan(contents, keys, bundle, frozenset())
    if SIGN not in bundle.data_keys:
        raise DecryptionFailed("The bundle lacks the key of the list of erasures. Use another.")
    seed = unwrap(keys.all, f"data:{SIGN}", bundle.data_keys[SIGN])
    public = SiteSigner(seed).public_key
    erased = erased_ids(beside, public) | erased_ids(bundle.erasures, public)
    return Plan(contents, keys, bundle, erased)


def build(connection: Connection, source: Source, plan: Plan, progress: Progress) -> Restored:
    """Fill an empty database within the connection's transaction, up to this version's tables.

    Raises:
        InvalidInput: what the backup holds does not fit its tables.
    """
    head, records = opened(source, plan.keys)
    if head != plan.contents.head:
        raise misfit("it was changed while it was read")
    migrate_to(connection, head.revision)
    tables = _tables(connection)
    reading = Reading(head)
    restored = _fill(connection, tables, reading.blocks(records), plan, progress)
    plan.contents.require_same(reading.contents())
    _newest_former_keys(connection, tables, plan)
    _count_on(connection, tables)
    migrate(connection)
    return restored


def _tables(connection: Connection) -> dict[str, Table]:
    found = DatabaseTables()
    found.reflect(bind=connection)
    return {table.name: table for table in found.sorted_tables}


def _fill(
    connection: Connection,
    tables: Mapping[str, Table],
    blocks: Iterator[tuple[str, list[dict[str, Any]]]],
    plan: Plan,
    progress: Progress,
) -> Restored:
    done = people = 0
    gone = plan.gone
    for name in tables:  # what a migration wrote by itself comes with the backup
        if name in plan.contents.counts:
            connection.execute(delete(tables[name]))
    for name, rows in blocks:
        kept = [_row(name, row, plan) for row in rows if not _is_gone(name, row, gone)]
        _insert(connection, tables, name, kept)
        if name == "subjects":
            people += len(kept)
            _insert_keys(connection, tables, kept, plan)
        done += len(rows)
        progress(done, plan.contents.rows)
    contents = plan.contents
    return Restored(
        name=contents.name,
        made_at=contents.head.made_at,
        rows=done,
        people=people,
        entries=contents.entries,
        erased=len(contents.people & plan.erased),
        keyless=len(plan.keyless),
    )


def _is_gone(table: str, row: Mapping[str, Any], gone: Collection[str]) -> bool:
    return table != STAYS and row.get("subject_id") in gone


def _row(table: str, row: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Return the row as it is written: keys are wrapped by the site key of the new home."""
    if table == "data_keys":
        label = f"data:{row['purpose']}"
        return {**row, "wrapped": _rewrapped(plan.keys, label, row["wrapped"])}
    return row


def _insert_keys(
    connection: Connection,
    tables: Mapping[str, Table],
    people: list[dict[str, Any]],
    plan: Plan,
) -> None:
    rows = []
    for person in people:
        subject_id = person["subject_id"]
        wrapped = plan.bundle.subject_keys[subject_id]
        key = _rewrapped(plan.keys, f"subject:{subject_id}", wrapped)
        rows.append({"subject_id": subject_id, "wrapped": key})
    _insert(connection, tables, KEYS_TABLE, rows)


def _newest_former_keys(connection: Connection, tables: Mapping[str, Table], plan: Plan) -> None:
    """Keep the former keys that the bundle knows: they are those of the backup, and newer ones."""
    if FORMER in plan.bundle.data_keys:
        key, table = (
            _rewrapped(plan.keys, LABEL, plan.bundle.data_keys[FORMER]),
            tables["data_keys"],
        )
        connection.execute(delete(table).where(table.c.purpose == FORMER))
        connection.execute(insert(table).values(purpose=FORMER, wrapped=key))


def _rewrapped(keys: SiteKeys, label: str, wrapped: bytes) -> bytes:
    return wrap(keys.site, label, unwrap(keys.all, label, wrapped))


def _insert(
    connection: Connection, tables: Mapping[str, Table], name: str, rows: list[dict[str, Any]]
) -> None:
    if name not in tables:
        raise misfit(f"there is no table {name[:40]}")
    if not rows:
        return
    if not set(rows[0]) <= set(kinds_of(tables[name])):
        raise misfit(f"the table {name} has other columns")
    try:
        connection.execute(insert(tables[name]), rows)
    except (DatabaseError, OverflowError) as error:
        raise misfit(f"the table {name} does not take what it holds") from error


def _count_on(connection: Connection, tables: Mapping[str, Table]) -> None:
    """Let PostgreSQL count on after the rows that came with their numbers."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables.values():
        if "number" in table.c and table.c.number.server_default is not None:
            newest = connection.execute(select(func.max(table.c.number))).scalar() or 0
            query = text("SELECT setval(pg_get_serial_sequence(:name, 'number'), :value, :called)")
            values = {"name": table.name, "value": max(newest, 1), "called": newest > 0}
            connection.execute(query, values)


class Within(SqlUnitOfWork):
    """The repositories of a transaction that is open already; it is committed by who opened it."""

    def __init__(self, connection: Connection, keys: LiveKeys) -> None:
        super().__init__(connection.engine, keys, Memory())
        self.__dict__["_connection"] = connection


def forget(uow: Within, gone: Collection[str]) -> None:
    """Delete what else there is of people who do not come back: their accounts, and mentions."""
    for subject_id in gone:
        user = uow.users.of_subject(subject_id)
        uow.person_rows.erase(subject_id, user.user_id if user else None, ())
