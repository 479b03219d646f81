"""Marks a second alone, and while a backup of the same home runs.

    PYTHONPATH=tests python tests/load/backup_marks.py HOME FOLDER

HOME is a copy of one that `rollbook demo --school --people 5000 --years 3` made: it is marked in.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from rollbook.bootstrap import SystemClock
from rollbook.domain.attendance import Method
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database

SECONDS = 5.0


def main(home: Path, folder: str) -> None:
    url = f"sqlite:///{(home / 'rollbook.db').as_posix()}"
    database = Database.open(url, keys_dir=home / "keys")
    keeper = RegisterKeeper(database.uow, SystemClock())
    alone, slowest = measure(database, keeper)
    print(f"alone: {alone:.0f} marks a second, slowest {slowest:.3f} s")
    command = [sys.executable, "-m", "rollbook", "--home", str(home), "backup", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as backup:
        time.sleep(2)  # until it reads
        meanwhile, slowest = measure(database, keeper)
        assert backup.poll() is None, "the backup ended too soon to be measured"
    print(f"meanwhile: {meanwhile:.0f}, slowest {slowest:.3f} s, ratio {meanwhile / alone:.2f}")


def measure(database: Database, keeper: RegisterKeeper) -> tuple[float, float]:
    """Return marks a second, and the seconds of the slowest one."""
    now = SystemClock().now()
    with database.uow() as uow:
        group, people = uow.groups.all()[0], list(uow.subjects.names())
    starts, ends = now - timedelta(minutes=5), now + timedelta(minutes=40)
    session = keeper.open_session(group.group_id, starts, ends, business_date=now.date(), title="x")
    began, slowest, done = time.perf_counter(), 0.0, 0
    for subject_id in people:  # each once, so that each is an entry of the register
        before = time.perf_counter()
        keeper.sight(session.session_id, subject_id, now, Method.FACE)
        slowest, done = max(slowest, time.perf_counter() - before), done + 1
        if time.perf_counter() - began > SECONDS:
            break
    return done / (time.perf_counter() - began), slowest


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
