"""Opening a database: new, there already, of a later version, with the wrong key, out of reach."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event, text

from builders import make_subject
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.errors import (
    ConfigurationError,
    DecryptionFailed,
    NewerDatabase,
    NotFound,
    RollbookError,
    StorageError,
    StorageUnavailable,
)
from rollbook.storage import connecting
from rollbook.storage.database import Database
from rollbook.storage.keys import site_key_file
from rollbook.storage.migrating import MIGRATIONS, REVISIONS
from rollbook.storage.tables import metadata


def url_of(folder: Path) -> str:
    return f"sqlite:///{(folder / 'rollbook.db').as_posix()}"


def reopen(folder: Path, **more: object) -> Database:
    return Database.open(url_of(folder), keys_dir=folder / "keys", **more)  # type: ignore[arg-type]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_without_an_installation_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="rollbook init"):
        reopen(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_empty_file_is_no_installation(tmp_path: Path) -> None:
    (tmp_path / "rollbook.db").touch()
    with pytest.raises(NotFound, match="rollbook init"):
        reopen(tmp_path)


def test_creating_twice_keeps_what_is_there(book: Path) -> None:
    first = reopen(book)
    with first.uow() as uow:
        uow.subjects.add(make_subject("Ada"))
        uow.commit()
    first.close()
    again = reopen(book, create=True)
    with again.uow() as uow:
        assert [person.name for person in uow.subjects.all()] == ["Ada"]
    again.close()


def test_several_may_create_at_the_same_time(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def create() -> None:
        try:
            database = reopen(tmp_path / "home", create=True)
            with database.uow() as uow:
                uow.register.append(NewEntry(EntryKind.SETTING, {}))
                uow.commit()
            database.close()
        except RollbookError as error:
            errors.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    database = reopen(tmp_path / "home")
    with database.uow() as uow:
        assert uow.register.verify().entries == 4
    database.close()


def test_a_wrong_key_changes_nothing(book: Path) -> None:
    site_key_file(book / "keys").write_bytes(Fernet.generate_key())
    before = snapshot(book)
    for create in (False, True):
        with pytest.raises(DecryptionFailed, match="newest recovery sheet"):
            reopen(book, create=create)
    assert snapshot(book) == before


def test_a_missing_key_changes_nothing_and_no_new_one_is_made(book: Path) -> None:
    site_key_file(book / "keys").unlink()
    before = snapshot(book)
    for create in (False, True):
        with pytest.raises(NotFound, match="Bring it back"):
            reopen(book, create=create)
    assert snapshot(book) == before


def test_the_key_alone_opens_a_database_that_was_moved(book: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere with spaces & ü"
    shutil.copytree(book, moved)
    reopen(moved).close()


def test_a_later_version_is_not_touched(book: Path) -> None:
    with sqlite3.connect(book / "rollbook.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = snapshot(book)
    for create in (False, True):
        with pytest.raises(NewerDatabase, match="later version"):
            reopen(book, create=create)
    assert snapshot(book) == before


def test_another_file_in_its_place_is_told(book: Path) -> None:
    (book / "rollbook.db").write_text("this is a shopping list, not a database " * 50)
    with pytest.raises(StorageError, match="not a database"):
        reopen(book)


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable, match="--home"):
        reopen(tmp_path / "file" / "home", create=True)


@pytest.mark.parametrize("url", ["mysql://a/b", "nonsense", "postgresql://a:b:c:d"])
def test_an_address_that_cannot_be_used_is_told(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="ROLLBOOK_DATABASE_URL"):
        Database.open(url, keys_dir=tmp_path)


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"
    with pytest.raises(StorageUnavailable, match="server does not answer"):
        Database.open(url, keys_dir=tmp_path)


def test_a_locked_database_is_told_after_some_patience(book: Path) -> None:
    database = reopen(book, patience=0.1)
    other = sqlite3.connect(book / "rollbook.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with database.uow() as uow:
        assert uow.subjects.all() == []  # reading goes on
        with pytest.raises(StorageUnavailable, match="Another program") as caught:
            uow.subjects.add(make_subject())
    assert caught.value.retryable
    other.execute("ROLLBACK")
    other.close()
    with database.uow() as uow:
        uow.subjects.add(make_subject())
        uow.commit()
    database.close()


def test_a_full_disk_is_told_and_what_was_written_stays(book: Path) -> None:
    database = reopen(book)
    with database.uow() as uow:
        uow.register.append(NewEntry(EntryKind.SETTING, {"n": 0}))
        uow.commit()
    with database.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()

    @event.listens_for(database.engine, "begin")
    def _limit(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")  # type: ignore[attr-defined]

    with database.uow() as uow:
        with pytest.raises(StorageUnavailable, match="disk is full"):
            for n in range(1, 200):
                uow.register.append(NewEntry(EntryKind.SETTING, {"n": n}))
        # what came before was undone, so nothing that comes after may be kept
        with pytest.raises(StorageUnavailable):
            uow.site.set("time_zone", "UTC")
        with pytest.raises(StorageUnavailable):
            uow.commit()
    with database.uow() as uow:
        assert uow.register.verify().entries == 1
        assert uow.site.get("time_zone") is None
    database.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs limits of POSIX")
def test_a_file_that_may_not_grow_is_told(book: Path) -> None:
    """The limit acts on the WAL as a full disk does."""
    script = """
import resource, signal, sys
from pathlib import Path
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.errors import StorageUnavailable
from rollbook.storage.database import Database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
database = Database.open(f"sqlite:///{folder / 'rollbook.db'}", keys_dir=folder / "keys")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
told = 0
try:
    while told < 5000:
        with database.uow() as uow:
            uow.register.append(NewEntry(EntryKind.SETTING, {"text": "x" * 3000}))
            uow.commit()
        told += 1
except StorageUnavailable as error:
    print(told, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(book)], capture_output=True, text=True, check=True
    )
    told, _, sentence = done.stdout.partition(" ")
    assert "disk" in sentence
    database = reopen(book)
    with database.uow() as uow:
        found = uow.register.verify()
    database.close()
    assert found.holds and found.entries == int(told) > 0


def test_a_database_that_can_only_be_read_is_told(book: Path) -> None:
    """Root may write everywhere, so SQLite is asked to refuse instead."""
    database = reopen(book)

    @event.listens_for(database.engine, "begin")
    def _read_only(connection: object) -> None:
        connection.exec_driver_sql("PRAGMA query_only = ON")  # type: ignore[attr-defined]

    with database.uow() as uow:
        assert uow.subjects.all() == []
        with pytest.raises(StorageUnavailable, match="only be read"):
            uow.subjects.add(make_subject())
    database.close()


def test_readers_do_not_wait_for_a_writer_and_see_what_was_committed(book: Path) -> None:
    database = reopen(book, patience=0.1)
    with database.uow() as writer:
        writer.subjects.add(make_subject("Ada"))
        with database.uow() as reader:
            assert reader.subjects.all() == []
        writer.commit()
    with database.uow() as reader:
        assert len(reader.subjects.all()) == 1
    database.close()


def test_who_begins_to_write_after_reading_sees_what_others_have_written(book: Path) -> None:
    database = reopen(book)
    with database.uow() as slow:
        assert slow.register.count() == 0
        with database.uow() as quick:
            quick.register.append(NewEntry(EntryKind.SETTING, {}))
            quick.commit()
        slow.register.append(NewEntry(EntryKind.SETTING, {}))
        slow.commit()
    with database.uow() as uow:
        assert uow.register.verify().entries == 2
    database.close()


def test_sqlite_is_set_up_to_lose_nothing_and_leave_nothing(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = connecting._prepare_sqlite.__wrapped__  # type: ignore[attr-defined]
    monkeypatch.setattr(connecting, "_prepare_sqlite", as_it_is)  # see tests/quick_sqlite.py
    database = reopen(book)
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    with database.engine.connect() as connection:
        for name, value in wanted.items():
            assert connection.execute(text(f"PRAGMA {name}")).scalar() == value
        assert connection.execute(text("PRAGMA temp_store")).scalar() == 2
    database.close()


def test_the_migrations_end_at_the_tables_of_this_version(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(s.revision for s in scripts.walk_revisions())[::-1] == REVISIONS
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("is_empty", [True, False])
def test_no_empty_register_takes_the_place_of_one_that_is_gone(
    database: Database, book: Path, create: bool, is_empty: bool
) -> None:
    """Else whoever comes first after a lost disk, or a killed restore, would set it up anew."""
    with database.uow() as uow:
        uow.register.append(NewEntry(EntryKind.SETTING, {"event": "tried"}))
        uow.commit()
    database.close()
    file = book / "rollbook.db"
    file.unlink()
    if is_empty:
        file.touch()
    url = f"sqlite:///{file.as_posix()}"
    with pytest.raises(NotFound, match="is gone"):
        Database.open(url, keys_dir=book / "keys", create=create)
    assert not file.exists() or not file.stat().st_size
    (book / "keys").rename(book / "keys of the old one")
    Database.open(url, keys_dir=book / "keys", create=True).close()
