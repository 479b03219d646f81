"""What is killed: how a home is prepared, work that is told of over a pipe, and what must hold.

A scenario's `work` goes on for ever and says a line for everything that it was told is done. What
it had said when it was killed has to be there; what it had not may be there or not, but whole.
A further scenario is one more class, and its name in `all_scenarios.py`.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from builders import NOW, make_class
from rollbook.domain.attendance import Mark, Method, SessionState, Status
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.storage.migrating import REVISIONS, revision_of
from rollbook.testing import FixedClock
from torture.frame import new_home, open_home

Tell = Callable[[str], None]
PEOPLE = 12


class Scenario:
    """One kind of work."""

    longest = 0.4  # seconds after the first line within which the kill comes, at least

    def prepare(self, home: Path) -> None:
        """Make a home for the first time."""
        database = open_home(new_home(home))
        make_class(database.uow, [f"Person {number}" for number in range(PEOPLE)])
        database.close()

    def again(self, home: Path) -> None:
        """Make the home ready for one more kill; most go on with what the last one left."""

    def work(self, home: Path, tell: Tell) -> None:
        """Work until the process is killed."""
        raise NotImplementedError

    def check(self, home: Path, told: list[str]) -> Iterator[str]:
        """Yield what is wrong in a home whose process was killed."""
        database = open_home(home)
        try:
            yield from self.look(database, told)
            with database.uow() as uow:
                found = uow.register.verify()
            yield from (f"entry {fault.number}: {fault.what}" for fault in found.faults)
        finally:
            database.close()
        yield from integrity(home)

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        """Yield what was told of and is not there, and what is there by half."""
        raise NotImplementedError


def integrity(home: Path) -> Iterator[str]:
    """Yield what SQLite itself finds wrong with the file."""
    with closing(sqlite3.connect(home / "rollbook.db")) as connection:
        (said,) = connection.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            yield f"integrity check: {said}"
        if connection.execute("PRAGMA foreign_key_check").fetchall():
            yield "a row refers to one that is not there"


class Marking(Scenario):
    """Sessions are opened, and everybody is seen and then corrected by hand."""

    def work(self, home: Path, tell: Tell) -> None:
        database = open_home(home)
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        group_id, people = _class_of(database)
        while True:
            session_id = open_session(keeper, group_id)
            for subject_id in people:
                mark = keeper.sight(session_id, subject_id, NOW, Method.FACE)
                assert isinstance(mark, Mark)
                tell(f"{session_id} {mark.mark_id}")
                written = keeper.mark_by_hand(
                    session_id, subject_id, Status.EXCUSED, "nurse", "teacher"
                )
                tell(f"{session_id} {written.mark_id}")

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        for session_id, lines in itertools.groupby(told, key=lambda line: line.split()[0]):
            kept = {mark.mark_id for mark in keeper.marks(session_id)}
            lost = {line.split()[1] for line in lines} - kept
            if lost:
                yield f"{len(lost)} acknowledged marks are lost"


class Closing(Scenario):
    """Sessions are opened, marked, and closed into one sheet each."""

    def work(self, home: Path, tell: Tell) -> None:
        database = open_home(home)
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        group_id, people = _class_of(database)
        while True:
            session_id = open_session(keeper, group_id)
            for subject_id in people[:5]:
                keeper.sight(session_id, subject_id, NOW, Method.FACE)
            tell(f"marked {session_id}")
            keeper.close_session(session_id)
            tell(f"closed {session_id}")

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        for line in told:
            what, session_id = line.split()
            with database.uow() as uow:
                session = uow.sessions.get(session_id)
            closed = session.state is SessionState.CLOSED
            if what == "closed" and not closed:
                yield "an acknowledged closing is lost"
            if len(keeper.marks(session_id)) != 5:
                yield "a session lost marks when it was closed"
            if closed != (session_id in _sheets(database)):
                yield "a session is closed by half"


def _sheets(database: Database) -> set[str]:
    from sqlalchemy import select

    from rollbook.storage.tables import sheets

    with database.engine.connect() as connection:
        return set(connection.execute(select(sheets.c.session_id)).scalars())


def _class_of(database: Database) -> tuple[str, list[str]]:
    with database.uow() as uow:
        (group,) = uow.groups.all()
        return group.group_id, [person.subject_id for person in uow.subjects.all()]


def open_session(keeper: RegisterKeeper, group_id: str) -> str:
    ends_at = NOW + timedelta(hours=1)
    return keeper.open_session(group_id, NOW, ends_at, business_date=NOW.date()).session_id


class Migrating(Scenario):
    """A database of the first tables is brought to those of today, again and again."""

    longest = 1.0

    def prepare(self, home: Path) -> None:
        database = open_home(new_home(home))
        first = dict.fromkeys(database.ring.sealing, database.ring.seal)
        cast(dict[str, Any], database.ring.sealing).update(first)  # then one key sealed everything
        make_class(database.uow, [f"Person {number}" for number in range(PEOPLE)])
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        group_id, people = _class_of(database)
        session_id = open_session(keeper, group_id)
        for subject_id in people:
            keeper.sight(session_id, subject_id, NOW, Method.FACE)
        database.close()
        _of_the_first_tables(home, _kept(home))

    def again(self, home: Path) -> None:
        for name in ("rollbook.db", "rollbook.db-wal", "rollbook.db-shm"):
            (home / name).unlink(missing_ok=True)
        (home / "rollbook.db").write_bytes(_kept(home).read_bytes())

    def work(self, home: Path, tell: Tell) -> None:
        from alembic import command, config  # noqa: F401 - slow to import: before the first line

        while True:
            tell("begun")
            open_home(home).close()
            tell("done")
            self.again(home)

    def check(self, home: Path, told: list[str]) -> Iterator[str]:
        if not (home / "rollbook.db").exists() or (home / "rollbook.db").stat().st_size == 0:
            self.again(home)  # killed in our own copying
        yield from super().check(home, told)

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        with database.engine.connect() as connection:
            if revision_of(connection) != REVISIONS[-1]:
                yield "the tables are not those of this version"
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        with database.uow() as uow:
            sessions = uow.sessions.all()
        if [len(keeper.marks(session.session_id)) for session in sessions] != [PEOPLE]:
            yield "marks are lost"


def _kept(home: Path) -> Path:
    return home / "first-tables"


def _of_the_first_tables(home: Path, old: Path) -> None:
    """Write a database that the first version could have left, with what lies in this one."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from rollbook.storage.migrating import MIGRATIONS

    settings, engine = Config(), create_engine(f"sqlite:///{old.as_posix()}")
    settings.set_main_option("script_location", MIGRATIONS.as_posix())
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, REVISIONS[0])
    engine.dispose()
    with closing(sqlite3.connect(old)) as database:
        database.execute("ATTACH ? AS newer", [str(home / "rollbook.db")])
        for (table,) in database.execute(TABLES).fetchall():
            names = ", ".join(
                row[1] for row in database.execute(f"PRAGMA main.table_info({table})")
            )
            database.execute(f"INSERT INTO main.{table} SELECT {names} FROM newer.{table}")
        database.execute("DELETE FROM data_keys WHERE purpose NOT IN ('seal', 'index', 'register')")
        database.commit()


TABLES = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
