"""Connections to SQLite and PostgreSQL, and what their errors mean to a person."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError
from sqlalchemy.sql.dml import UpdateBase

from rollbook.errors import ConfigurationError, StorageError, StorageUnavailable
from rollbook.extras import how_to_add

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
WRITING = "rollbook_writing"  # in `connection.info`: the transaction holds the write lock
KEYS_HELD = "rollbook_keys_held"  # in `connection.info`: no key is exchanged until it ends
KEYS_LOCK = 7265788  # PostgreSQL's advisory lock: shared by who seals, exclusive to change keys

# what the database says -> what a person reads
MEANINGS = (
    ("database is locked", "Another program is writing to the database. Try again in a moment."),
    ("database or disk is full", "The disk is full. Free some space, then try again."),
    ("disk i/o error", "The disk cannot be written: it may be full or broken."),
    ("readonly database", "The database can only be read. Make the home folder writable for you."),
    ("read-only", "The database can only be read. Make the home folder writable for you."),
    (
        "unable to open database file",
        "The database cannot be opened: the home folder is not there, or can only be read.",
    ),
    ("could not extend file", "The disk of the database server is full."),
    ("lock timeout", "Another program is writing to the database. Try again in a moment."),
    ("connection", "The database server does not answer. Check its address and that it runs."),
)


def parse_address(url: str) -> URL:
    """Return the parts of an address.

    Raises:
        ConfigurationError: it cannot be read, or names a database that we do not support.
    """
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ConfigurationError(
            "ROLLBOOK_DATABASE_URL cannot be read; write it as postgresql://user@host/database."
        ) from error
    if kind not in DRIVERS:
        raise ConfigurationError(
            f"ROLLBOOK_DATABASE_URL names {kind!r}; allowed are: {', '.join(sorted(DRIVERS))}."
        )
    return parsed


def connect_engine(url: str, patience: float) -> Engine:
    """Return an engine; `patience` is how many seconds a writer waits for another one.

    Raises:
        ConfigurationError: the address cannot be used, or its driver is not installed.
    """
    parsed = parse_address(url)
    kind = parsed.get_backend_name()
    try:
        engine = create_engine(parsed.set(drivername=DRIVERS[kind]), hide_parameters=True)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "PostgreSQL needs an extra: %(command)s", command=how_to_add("postgres")
        ) from error
    event.listen(engine, "handle_error", _translate, retval=True)
    event.listen(engine, "begin", _let_keys_go)
    if kind == "sqlite":
        _prepare_sqlite(engine, patience)
    else:
        _prepare_postgres(engine, patience)
    return engine


def _translate(context: ExceptionContext) -> Exception | None:
    """Return our error for the driver's, in words; broken constraints stay as they are."""
    if isinstance(context.sqlalchemy_exception, IntegrityError):
        return None
    said = str(context.original_exception).lower()
    if "file is not a database" in said or "malformed" in said:
        return StorageError(
            "The database file is damaged, or is not a database. Put a backup in its place."
        )
    meanings = (meaning for part, meaning in MEANINGS if part in said)
    meaning = next(meanings, None)
    return None if meaning is None else StorageUnavailable(meaning)


def _let_keys_go(connection: Connection) -> None:
    connection.info[KEYS_HELD] = False


def hold_keys(connection: Connection) -> bool:
    """Keep all keys as they are until the transaction ends; False when it did so already.

    On SQLite whoever may write is alone; on PostgreSQL those who seal share a lock that a change
    of keys has to wait for.
    """
    begin_writing(connection)
    if connection.info.get(KEYS_HELD):
        return False
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(KEYS_LOCK)))
    connection.info[KEYS_HELD] = True
    return True


def hold_keys_alone(connection: Connection, patience: float = 2.0) -> None:
    """Wait until nobody seals, and keep others from it until the transaction ends.

    Who waits for the lock makes all others wait behind it, so it is asked for again and again,
    and only waited for when that did not help.
    """
    begin_writing(connection)
    if connection.dialect.name != "postgresql":
        return
    deadline = time.monotonic() + patience
    while not connection.execute(select(func.pg_try_advisory_xact_lock(KEYS_LOCK))).scalar():
        if time.monotonic() > deadline:
            connection.execute(select(func.pg_advisory_xact_lock(KEYS_LOCK)))
            return
        time.sleep(0.002)


def _prepare_sqlite(engine: Engine, patience: float) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            f"busy_timeout = {int(patience * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",  # no temporary files
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.info[WRITING] = False
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "before_execute")
    def _on_execute(
        connection: Connection, clause: Any, many: Any, parameters: Any, options: Any
    ) -> None:
        if isinstance(clause, UpdateBase):
            begin_writing(connection)


def _prepare_postgres(engine: Engine, patience: float) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(patience * 1000)}")
        connection.commit()


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Undo only the block when a constraint refuses it, so that the transaction stays usable.

    Anything else that goes wrong ends the transaction: on a full disk SQLite has undone it by
    itself, savepoints and all.
    """
    begin_writing(connection)
    nested = connection.begin_nested()
    try:
        yield
    except IntegrityError:
        nested.rollback()
        connection.info[KEYS_HELD] = False  # a lock that was taken within it is gone
        raise
    nested.commit()


def begin_writing(connection: Connection) -> None:
    """Take SQLite's write lock for the rest of the transaction.

    A transaction that only reads never waits. When it begins to write it leaves its snapshot
    first, so it sees what others have committed since, as PostgreSQL's transactions do.
    """
    if connection.dialect.name != "sqlite":
        return
    if not connection.in_transaction():
        connection.execute(text("SELECT 1"))  # starts the transaction that is replaced below
    refuse_undone(connection)
    if not connection.info.get(WRITING):
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.info[WRITING] = True


def insert_or(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can say what becomes of rows that are there already."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def refuse_undone(connection: Connection) -> None:
    """Raise StorageUnavailable when SQLite has undone the transaction by itself.

    What came after would be kept without what came before.
    """
    if not connection.in_transaction() or not connection.info.get(WRITING):
        return
    raw = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
        raise StorageUnavailable("The disk is full, so nothing was written. Free some space.")
