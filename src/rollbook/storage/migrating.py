"""Brings a database to the tables of this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from rollbook.errors import NewerDatabase
from rollbook.storage.connecting import begin_writing

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
)  # oldest first; each is a file in `migrations/versions`
MIGRATIONS = Path(__file__).parent / "migrations"


def revision_of(connection: Connection) -> str | None:
    """Return the database's revision, or None when it has no tables of Rollbook.

    Raises:
        NewerDatabase: a later version of Rollbook wrote it.
    """
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    if revision is not None and revision not in REVISIONS:
        raise NewerDatabase(
            f"The database was written by a later version of Rollbook (its tables are {revision}). "
            "Start that version, or a later one. Nothing was changed."
        )
    return revision


def migrate(connection: Connection) -> None:
    """Bring the tables up to date, in the connection's transaction and one process at a time."""
    begin_writing(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7265787)"))
    if revision_of(connection) != REVISIONS[-1]:
        migrate_to(connection, "head")


def migrate_to(connection: Connection, revision: str) -> None:
    """Bring the tables to a revision; an older backup comes back into the tables of its day."""
    begin_writing(connection)
    from alembic import command  # slow to import, and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
