"""Every database that Rollbook promises to work on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollbook.storage.database import Database

SERVER = "postgresql+psycopg://root@127.0.0.1:5432/test"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Return the address of a schema of this run's own, dropped afterwards."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError

    engine = create_engine(SERVER, connect_args={"connect_timeout": 3})
    schema = f"rollbook_{secrets.token_hex(6)}"
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except OperationalError:
        pytest.skip("no PostgreSQL server answers on 127.0.0.1:5432")
    yield f"{SERVER}?options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("postgres") / "keys"


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str, postgres_keys: Path) -> Iterator[Database]:
    opened = Database.open(postgres_url, keys_dir=postgres_keys, create=True)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, book: Path) -> Iterator[Database]:
    """Return an empty database of each kind in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{(book / 'rollbook.db').as_posix()}"
        opened = Database.open(url, keys_dir=book / "keys")
        yield opened
        opened.close()
        return
    opened = request.getfixturevalue("postgres_database")
    _empty(opened)
    yield opened


@pytest.fixture
def keys_dir(request: pytest.FixtureRequest, database: Database, book: Path) -> Path:
    """Return where the keys of `database` lie."""
    if database.engine.dialect.name == "sqlite":
        return book / "keys"
    return Path(request.getfixturevalue("postgres_keys"))


def _empty(database: Database) -> None:
    """Delete everything but the keys, and put the register back to its start."""
    from sqlalchemy import insert

    from rollbook.storage.ledger import first_head
    from rollbook.storage.tables import metadata

    with database.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "data_keys":
                connection.execute(table.delete())
        connection.execute(insert(metadata.tables["heads"]), [first_head(database.ring.register)])
    database.reset_witness()
