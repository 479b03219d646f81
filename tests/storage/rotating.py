"""Rotations in processes of their own, to be killed while others mark; and what must hold then.

As a script: database, folder of keys, minutes by which its clock is late. It tells "begun" and
"done" for each rotation, and goes on with the next.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import select

from builders import NOW
from rollbook.domain.key_ports import Passed
from rollbook.domain.task_ports import TaskState
from rollbook.services.key_rotation import KIND, KeyRotation
from rollbook.services.register import RegisterKeeper
from rollbook.services.tasks import TaskRunner
from rollbook.storage.database import Database
from rollbook.storage.keys import load_site_keys
from rollbook.storage.resealing import opens
from rollbook.storage.rotation import SqlKeyStore
from rollbook.storage.tables import data_keys, subject_keys
from rollbook.testing import FixedClock


def rotate(database: Database, minutes: int) -> TaskState:
    """Begin a rotation of all keys, or go on with one that was killed, and end it.

    `minutes` has to grow by two from one process to the next: a task whose process died is taken
    over after a minute.
    """
    clock = FixedClock(NOW + timedelta(minutes=minutes))
    service = KeyRotation(database.uow, clock, SqlKeyStore(database.engine, database.keys))
    task = service.start([], "", "tester")
    TaskRunner(database.uow, clock, {KIND: service.work}).run_one()
    with database.uow() as uow:
        return uow.tasks.get(task.task_id).state


def faults(database: Database, keys_dir: Path) -> list[str]:
    """Return what is wrong after a rotation that came to its end; nothing when all is well."""
    store = SqlKeyStore(database.engine, database.keys)
    status = store.status()
    found = {
        "rows with an older data key": not sum(store.reseal(), Passed()).found_nothing,
        "rows that do not open": any(one.damaged_rows for one in status.purposes),
        "rows about people": status.older_person_rows or status.damaged_person_rows,
        "several data keys": any(one.keys != 1 for one in status.purposes),
        "the register": not RegisterKeeper(database.uow, FixedClock(NOW)).verify().holds,
        "the site key": not _wrapped_by_one(database, keys_dir),
    }
    return [what for what, wrong in found.items() if wrong]


def _wrapped_by_one(database: Database, keys_dir: Path) -> bool:
    keys = load_site_keys(keys_dir)
    with database.engine.connect() as connection:
        wrapped = [
            bytes(row[1])
            for table in (data_keys, subject_keys)
            for row in connection.execute(select(table))
        ]
    return len(keys) == 1 and all(opens(Fernet(keys[0]), key) for key in wrapped)


def main() -> None:
    url, keys, minutes = sys.argv[1:]
    database = Database.open(url, keys_dir=Path(keys))
    while True:
        print("begun", flush=True)
        if rotate(database, int(minutes)) is TaskState.DONE:
            print("done", flush=True)


if __name__ == "__main__":
    main()
