"""A process that does due work; tests start several of them, and kill some in the middle."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from rollbook.services.due import Errand
from rollbook.services.session_times import OPEN_JOB
from rollbook.storage.database import Database
from rollbook.testing import FixedClock
from timetables import School


def main() -> None:
    url, keys, now, mode = sys.argv[1:5]
    school = School(
        Database.open(url, keys_dir=Path(keys)), FixedClock(datetime.fromisoformat(now))
    )
    if mode == "hang":
        school.due.register(OPEN_JOB, hang)
    if mode == "hang before commit":
        school.due.register(OPEN_JOB, lambda errand: _open_and_hang(school, errand))
    print("ready", flush=True)
    sys.stdin.readline()
    print(school.due.run_due(), flush=True)


def hang(errand: Errand) -> None:
    """Do nothing until somebody kills the process."""
    print(f"hangs at {errand.target}", flush=True)
    sys.stdin.readline()


def _open_and_hang(school: School, errand: Errand) -> None:
    """Open the session and note that it is done, but be killed before anything is durable."""

    def finish_and_hang(uow: object) -> None:
        errand.finish(uow)  # type: ignore[arg-type]
        hang(errand)

    held = Errand(errand.target, errand.due_at, errand.now, finish_and_hang)
    school.session_life.open_when_due(held)


main()
