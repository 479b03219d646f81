"""Writing a backup: everything as one moment saw it, sealed on its way, then read back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, func, select, text

from rollbook.domain.subjects import new_id
from rollbook.storage.backup.checking import Contents, read_contents
from rollbook.storage.backup.container import DATA, Head, Sealer, Sink
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.naming import file_name
from rollbook.storage.backup.places import PART, Place
from rollbook.storage.backup.rows import known_columns, lines_of, tables_of, to_line
from rollbook.storage.migrating import revision_of

Progress = Callable[[int, int], None]
BESIDE = "lan-*"  # in keys/: devices of the site trust this authority
MOST_BESIDE = 1 << 20  # bytes of one such file


@dataclass(frozen=True)
class Origin:
    """What is backed up: one database with its keys."""

    engine: Engine
    keys: SiteKeys = field(repr=False)
    keys_dir: Path
    site: str  # random id of the site


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


def write_data(origin: Origin, place: Place, at: datetime, progress: Progress) -> Contents:
    """Write one data file and return what was read back from it.

    `progress` may raise to stop; what was begun is removed then, as with every error.

    Raises:
        StorageUnavailable: the place is full, gone, or may not be written.
        DecryptionFailed: what was read back is not what was written.
    """
    file_id = new_id()
    name = file_name(DATA, at, file_id)
    with place.writing(name + PART) as sink, snapshot(origin.engine) as connection:
        written = _write(
            origin, connection, new_head(origin, connection, DATA, file_id, at), sink, progress
        )
    try:
        found = read_back(place, name + PART, origin.keys, progress, written.rows)
        written.require_same(found)
        place.rename(name + PART, name)
    except BaseException:
        place.delete(name + PART)
        raise
    return found.named(name, place.size(name))


def read_back(
    place: Place, name: str, keys: SiteKeys, progress: Progress = no_progress, total: int = 0
) -> Contents:
    """Open every part of a file and return what it holds."""
    with place.reading(name) as source:
        return read_contents(source, keys, lambda rows: progress(total + rows, 2 * total))


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that sees one moment, however long it reads and whoever writes."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    with connection:
        connection.execute(text("SELECT 1"))  # begins the transaction
        yield connection


def new_head(origin: Origin, connection: Connection, kind: str, file_id: str, at: datetime) -> Head:
    """Return the head of a new file, with a key of its own in it."""
    _, wrapped = origin.keys.new_file_key(file_id)
    return Head(
        file_id=file_id,
        kind=kind,
        site=origin.site,
        version=version("rollbook"),
        revision=revision_of(connection) or "",
        made_at=at.isoformat(timespec="seconds"),
        key_id=origin.keys.key_id,
        wrapped=wrapped,
    )


def _write(
    origin: Origin, connection: Connection, head: Head, sink: Sink, progress: Progress
) -> Contents:
    sealer = Sealer(sink, head, origin.keys.file_key(head))
    tables = tables_of(connection)
    total = sum(_count(connection, table) for table in tables)
    sealer.write(to_line({"tables": known_columns(tables)}))
    for name, content in files_beside(origin.keys_dir).items():
        sealer.write(to_line({"file": name, "content": base64.b64encode(content).decode()}))
    counts: dict[str, int] = {table.name: 0 for table in tables}
    done = 0
    for table in tables:
        for rows, line in lines_of(connection, table):
            sealer.write(line)
            counts[table.name] += rows
            done += rows
            progress(done, 2 * total)
    number, link = head_of(connection)
    sealer.write(to_line({"end": counts, "head": [number, link]}))
    sealer.finish()
    return Contents(head, counts, number, link)


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar() or 0


def head_of(connection: Connection) -> tuple[int, str]:
    """Return number and link of the register's head as it stands in the database."""
    row = connection.execute(text("SELECT number, link FROM heads")).first()
    return (0, "") if row is None else (row.number, bytes(row.link).hex())


def files_beside(keys_dir: Path) -> Mapping[str, bytes]:
    """Return the files beside the keys that devices of the site rely on."""
    return {
        file.name: file.read_bytes()
        for file in sorted(keys_dir.glob(BESIDE))
        if file.is_file() and file.stat().st_size < MOST_BESIDE
    }
