"""Copies of database and keys, taken while others may write, and put back when they are needed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from rollbook.errors import StorageUnavailable

DATABASE, KEYS, BACKUPS = "rollbook.db", "keys", "backups"
REPLACED = "before-restore-"
STEP = 2000  # pages copied at once; writers get their turn in between


def copy_home(home: Path, folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Copy database and keys of a home into a new folder that only this user can read.

    Raises:
        StorageUnavailable: it cannot be read or written; what was begun is removed.
    """
    if folder.exists():
        raise StorageUnavailable(f"There is something in {folder} already. Nothing was changed.")
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        _copy_database(home / DATABASE, folder / DATABASE, progress)
        shutil.copytree(home / KEYS, folder / KEYS)
        _restrict(folder)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StorageUnavailable(
            f"The copy in {folder} could not be made ({_why(error)}). Nothing was changed."
        ) from error


def put_back(folder: Path, home: Path) -> None:
    """Put a copy in the place of database and keys. Nothing may use them meanwhile.

    Raises:
        StorageUnavailable: it cannot be written; the copy is still there.
    """
    try:
        part = home / f"{DATABASE}.new"
        shutil.copy2(folder / DATABASE, part)
        for suffix in ("-wal", "-shm"):
            (home / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        part.replace(home / DATABASE)
        shutil.copytree(folder / KEYS, home / KEYS, dirs_exist_ok=True)
    except OSError as error:
        raise StorageUnavailable(
            f"The copy could not be put back ({_why(error)}). It lies in {folder}: copy "
            f"{DATABASE} and {KEYS} from there into {home} by hand."
        ) from error


def set_aside(home: Path, at: datetime) -> Path:
    """Move the database of a home to where copies lie; it may be damaged, so it is not read.

    Raises:
        StorageUnavailable: it cannot be moved; then it is as it was.
    """
    folder = home / BACKUPS / f"{REPLACED}{at:%Y%m%d-%H%M%S}"
    try:
        folder.mkdir(mode=0o700, parents=True)
        for suffix in ("-wal", "-shm", ""):
            file = home / f"{DATABASE}{suffix}"
            if file.exists():
                file.replace(folder / file.name)
        _restrict(folder)
    except OSError as error:
        raise StorageUnavailable(
            f"What was there could not be moved to {folder} ({_why(error)})."
        ) from error
    return folder


def with_keys(home: Path) -> list[Path]:
    """Return the copies that hold wrapped keys of people: each would outlive an erasure."""
    found = (home / BACKUPS).glob("before-*")
    return sorted(
        folder for folder in found if (folder / DATABASE).exists() or any(folder.glob("keys-*.rbk"))
    )


def delete_copies(home: Path) -> int:
    """Delete all copies that hold keys of people; return how many there were.

    Raises:
        StorageUnavailable: one cannot be deleted.
    """
    found = with_keys(home)
    for folder in found:
        delete_copy(folder)
    return len(found)


def delete_copy(folder: Path) -> None:
    """Delete a copy. Raises StorageUnavailable when it cannot be."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StorageUnavailable(
            f"The copy {folder} cannot be deleted ({_why(error)}). Delete it by hand."
        ) from error


def _copy_database(source: Path, target: Path, progress: Callable[[int, int], None] | None) -> None:
    """Copy as one moment saw it, with SQLite's own means, and check the copy."""

    def step(status: int, left: int, total: int) -> None:
        if progress is not None:
            progress(total - left, total)

    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy, pages=STEP, progress=step)
        copy.execute("PRAGMA journal_mode = DELETE")  # the copy is one file
        (found,) = copy.execute("PRAGMA integrity_check").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError("the copy is damaged")


def _restrict(folder: Path) -> None:
    if os.name == "nt":  # what lies in the home inherits its rights
        return
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _why(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) and error.strerror else str(error)
