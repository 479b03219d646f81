"""An older database is backed up before its tables are changed, and stays as it was on failure."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from builders import NOW
from rollbook.domain.tallies import Tally
from rollbook.errors import StorageUnavailable
from rollbook.storage import migrating
from rollbook.storage.backup.returning import NewHome, bring_back, find
from rollbook.storage.backup.writing import no_progress
from rollbook.storage.connecting import begin_writing, connect_engine
from rollbook.storage.database import Database
from rollbook.storage.keys import FileKeySource, create_site_key, load_site_key
from rollbook.storage.ledger import first_head
from rollbook.storage.mac import Mac


def old_home(home: Path, revision: str = "0002") -> str:
    """Make a home as an earlier version left it, with an entry in its register."""
    import secrets

    from cryptography.fernet import Fernet
    from sqlalchemy import insert

    from rollbook.storage.chain import Chain, pad
    from rollbook.storage.codec import to_json
    from rollbook.storage.keys import wrap
    from rollbook.storage.tables import data_keys, heads, ledger
    from rollbook.storage.vault import seal

    create_site_key(home / "keys")
    site = load_site_key(home / "keys")
    url = f"sqlite:///{(home / 'rollbook.db').as_posix()}"
    engine = connect_engine(url, 5)
    keys = {"seal": Fernet.generate_key(), "index": secrets.token_bytes(32)}
    keys["register"] = secrets.token_bytes(32)
    chain = Chain(Mac(keys["register"]))
    with engine.connect() as connection:
        begin_writing(connection)
        migrating.migrate_to(connection, revision)
        rows = [
            {"purpose": name, "wrapped": wrap(site, f"data:{name}", key)}
            for name, key in keys.items()
        ]
        connection.execute(insert(data_keys), rows)
        body = to_json({"event": "signed in", "at": NOW.isoformat(), "by": "terminal"})
        content = chain.content(1, "access", None, None, body)
        link = chain.link(first_head(Mac(keys["register"]))["link"], content)
        payload = seal(Fernet(keys["seal"]), pad(body), "entry", "1")
        entry = {"number": 1, "kind": "access", "content": content, "link": link}
        connection.execute(insert(ledger), [{**entry, "payload": payload}])
        head = {"name": first_head(Mac(keys["register"]))["name"], "number": 1, "link": link}
        connection.execute(insert(heads), [{**head, "mac": chain.head(1, link)}])
        connection.commit()
    engine.dispose()
    return url


def test_a_backup_is_made_before_the_tables_change_and_comes_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    url = old_home(home)
    database = Database.open(url, keys_dir=home / "keys")
    with database.uow() as uow:
        assert uow.register.verify().holds and uow.register.count() == 1
    database.close()
    names = sorted(file.name[:5] for file in (home / "backups").iterdir())
    assert names == ["keys-", "rollb"]
    new = tmp_path / "new"
    shutil.copytree(home / "keys", new / "keys", ignore=shutil.ignore_patterns("witness*"))
    machine = NewHome(new, new / "keys", FileKeySource(new / "keys"))
    found = find(str(home / "backups"), None, machine)
    assert found.plan.contents.head.revision == "0002"
    bring_back(found, machine, NOW, "test", False, no_progress)
    again = Database.open(f"sqlite:///{machine.database.as_posix()}", keys_dir=new / "keys")
    with again.uow() as uow:
        assert uow.register.verify().holds and uow.register.count() == 2
    again.close()


def test_counts_of_refusals_begin_at_nothing_in_a_database_of_before(tmp_path: Path) -> None:
    home = tmp_path / "home"
    database = Database.open(old_home(home, "0004"), keys_dir=home / "keys")
    with database.uow() as uow:
        assert uow.tallies.between(date.min, date.max) == {}
        uow.tallies.add({Tally(NOW.date(), "watch", "blurred"): 1})
        uow.commit()
    with database.uow() as uow:
        assert list(uow.tallies.between(NOW.date(), NOW.date()).values()) == [1]
        assert uow.register.verify().holds
    database.close()


def test_a_migration_that_fails_leaves_the_old_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    url = old_home(home)

    def half(connection, revision: str) -> None:  # type: ignore[no-untyped-def]
        connection.execute(text("CREATE TABLE half_done (number INTEGER)"))
        raise StorageUnavailable("The disk is full.")

    monkeypatch.setattr(migrating, "migrate_to", half)
    with pytest.raises(StorageUnavailable):
        Database.open(url, keys_dir=home / "keys")
    assert list((home / "backups").glob("rollbook-*.rbk"))
    engine = connect_engine(url, 5)
    with engine.connect() as connection:
        assert migrating.revision_of(connection) == "0002"
        assert "half_done" not in set(connection.dialect.get_table_names(connection))
    engine.dispose()


def test_without_room_for_the_backup_nothing_is_changed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    url = old_home(home)
    (home / "backups").write_text("a file in the way")
    with pytest.raises(StorageUnavailable, match="Nothing was changed"):
        Database.open(url, keys_dir=home / "keys")
    engine = connect_engine(url, 5)
    with engine.connect() as connection:
        assert migrating.revision_of(connection) == "0002"
    engine.dispose()
