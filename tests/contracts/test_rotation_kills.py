"""Rotations killed at any moment while another process marks: nothing is lost, and all go on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from builders import NOW, make_class, make_consent, make_reference
from rollbook.domain.task_ports import TaskState
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock
from storage.marking import REASON
from storage.rotating import faults, rotate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL"),
]
SCRIPTS = Path(__file__).parent.parent / "storage"
KILLS = 8


def test_marks_and_keys_outlive_rotations_that_are_killed(
    database: Database, keys_dir: Path
) -> None:
    session_id, subject_ids = _class(database)
    chance = random.Random(7)
    with _started("marking.py", database, keys_dir, session_id, *subject_ids) as marking:
        assert marking.stdout is not None and marking.stdout.readline() == "ready\n"
        told: list[str] = []
        reading = threading.Thread(target=lambda: told.extend(marking.stdout))
        reading.start()
        for number in range(KILLS):
            _rotate_and_kill(database, keys_dir, 2 * number, chance.random() * 0.8)
        assert rotate(database, 2 * KILLS) is TaskState.DONE, "the one that was killed last"
        assert rotate(database, 2 * KILLS + 2) is TaskState.DONE
        assert marking.stdin is not None
        marking.stdin.close()
        reading.join(timeout=60)
        assert marking.wait(timeout=60) == 0, "nobody who marked was refused"
    assert len(told) > 5 * KILLS, "it marked all the time"
    assert faults(database, keys_dir) == []
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    marks = {mark.mark_id: mark.reason for mark in keeper.marks(session_id)}
    assert {marks.get(line.strip()) for line in told} == {REASON}
    with database.uow() as uow:
        assert len(uow.subjects.all()) >= len(subject_ids) + len(told) // 10
        assert all(uow.references.of(subject_id)[0].crop for subject_id in subject_ids)


def _class(database: Database) -> tuple[str, list[str]]:
    """Return an open session and its people, with samples."""
    group, people = make_class(database.uow, [f"Person {n}" for n in range(12)])
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    ends_at = NOW + timedelta(hours=1)
    session = keeper.open_session(group.group_id, NOW, ends_at, business_date=NOW.date())
    with database.uow() as uow:
        for seed, person in enumerate(people):
            uow.consents.add(make_consent(person.subject_id))
            uow.references.add(make_reference(person.subject_id, seed))
        uow.commit()
    return session.session_id, [person.subject_id for person in people]


def _rotate_and_kill(database: Database, keys_dir: Path, minutes: int, after: float) -> None:
    with _started("rotating.py", database, keys_dir, str(minutes)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(after)
        process.kill()


@contextmanager
def _started(
    script: str, database: Database, keys_dir: Path, *more: str
) -> Iterator[subprocess.Popen[str]]:
    url = database.engine.url.render_as_string(hide_password=False)
    paths = os.pathsep.join([str(SCRIPTS.parent), *sys.path])
    with subprocess.Popen(
        [sys.executable, str(SCRIPTS / script), url, str(keys_dir), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        try:
            yield process
        finally:
            process.kill()
