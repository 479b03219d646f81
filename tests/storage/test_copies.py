"""Copies of database and keys, made while somebody writes, and put back."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from rollbook.domain.subjects import Subject, new_id
from rollbook.errors import StorageUnavailable
from rollbook.storage.copies import copy_home, put_back
from rollbook.storage.database import Database


def opened(home: Path) -> Database:
    url = f"sqlite:///{(home / 'rollbook.db').as_posix()}"
    return Database.open(url, keys_dir=home / "keys")


def add(database: Database, name: str) -> None:
    with database.uow() as uow:
        uow.subjects.add(Subject(new_id(), name))
        uow.commit()


def names(home: Path) -> set[str]:
    database = opened(home)
    with database.uow() as uow:
        found = set(uow.subjects.names().values())
    database.close()
    return found


def test_a_copy_holds_what_was_committed_and_opens_by_itself(
    book: Path, database: Database, tmp_path: Path
) -> None:
    add(database, "Ada")
    told: list[tuple[int, int]] = []
    copy_home(book, tmp_path / "backups" / "one", lambda done, total: told.append((done, total)))
    add(database, "Grace")  # it lies in the write-ahead log, beside the copy
    assert names(tmp_path / "backups" / "one") == {"Ada"}
    assert told[-1][0] == told[-1][1] > 0
    assert not list((tmp_path / "backups" / "one").glob("*-wal"))


def test_what_is_put_back_is_as_before(book: Path, tmp_path: Path) -> None:
    database = opened(book)
    add(database, "Ada")
    copy_home(book, tmp_path / "one")
    add(database, "Grace")
    database.close()
    (book / "rollbook.db-wal").write_bytes(b"left over")
    (book / "keys" / "site.key").unlink()
    put_back(tmp_path / "one", book)
    assert names(book) == {"Ada"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_this_user_can_read_a_copy(book: Path, tmp_path: Path) -> None:
    copy_home(book, tmp_path / "backups" / "one")
    folder = tmp_path / "backups"
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.rglob("*")))


def test_a_copy_that_cannot_be_made_leaves_nothing(book: Path, tmp_path: Path) -> None:
    (book / "rollbook.db").write_bytes(b"no database at all, and long enough to be looked at")
    with pytest.raises(StorageUnavailable, match="Nothing was changed"):
        copy_home(book, tmp_path / "one")
    assert not (tmp_path / "one").exists()
    with pytest.raises(StorageUnavailable, match="by hand"):
        put_back(tmp_path / "one", book)


def test_a_copy_never_goes_over_another_one(book: Path, tmp_path: Path) -> None:
    copy_home(book, tmp_path / "one")
    kept = (tmp_path / "one" / "rollbook.db").read_bytes()
    with sqlite3.connect(tmp_path / "one" / "rollbook.db") as still_good:
        assert still_good.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    still_good.close()
    with pytest.raises(StorageUnavailable):
        copy_home(book, tmp_path / "one")
    assert (tmp_path / "one" / "rollbook.db").read_bytes() == kept
