"""Several processes look for due work at once; one that is killed loses nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rollbook.domain.attendance import SessionState
from rollbook.services.due import LEASE
from rollbook.storage.database import Database
from timetables import MONDAY, School, at

PROGRAM = Path(__file__).parent.parent / "storage" / "due_worker.py"


@pytest.fixture
def school(database: Database) -> School:
    """Return a school with twelve lessons that begin at the same time."""
    made = School(database)
    for _ in range(12):
        made.add()
    return made


class Workers:
    """Processes that do due work at one instant."""

    def __init__(self, database: Database, keys: Path) -> None:
        self.url = database.engine.url.render_as_string(hide_password=False)
        self.keys = keys

    def start(self, now: datetime, mode: str = "work") -> subprocess.Popen[str]:
        """Start a process that waits for a word before it looks."""
        paths = os.pathsep.join([str(PROGRAM.parent.parent), *sys.path])
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), self.url, str(self.keys), now.isoformat(), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process


@pytest.fixture
def workers(database: Database, keys_dir: Path) -> Workers:
    return Workers(database, keys_dir)


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def todays(school: School) -> list[SessionState]:
    with school.uow() as uow:
        return [one.state for one in uow.sessions.all(first_day=MONDAY, last_day=MONDAY)]


@pytest.mark.slow
def test_of_processes_that_look_at_once_each_piece_of_work_is_done_by_one(
    school: School, workers: Workers
) -> None:
    now = at(MONDAY, 8)
    started = [workers.start(now) for _ in range(3)]
    for process in started:
        go(process)
    done = [int(process.communicate(timeout=60)[0]) for process in started]
    assert sum(done) == 12 + len(school.due.jobs.recurring), "the sessions, and each daily work"
    assert todays(school) == [SessionState.OPEN] * 12
    assert Counter(school.events())["opened"] == 12
    assert school.keeper.verify().holds


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("mode", ["hang", "hang before commit"])
def test_what_a_killed_process_had_begun_is_done_once_after_its_lease(
    school: School, workers: Workers, mode: str
) -> None:
    now = at(MONDAY, 8)
    process = workers.start(now, mode)
    go(process)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("hangs at")
    process.kill()
    process.communicate()
    assert todays(school) == [SessionState.PLANNED] * 12
    school.run(now + timedelta(seconds=30))
    assert todays(school).count(SessionState.OPEN) == 11, "one is still claimed"
    school.run(now + LEASE)
    assert todays(school) == [SessionState.OPEN] * 12
    school.run(now + 2 * LEASE)
    assert Counter(school.events())["opened"] == 12
    assert school.keeper.verify().holds
