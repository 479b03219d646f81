"""Several processes on one register: one arrival each, and a killed one loses nothing it told."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from builders import NOW, make_class
from rollbook.domain.attendance import MarkKind, Session
from rollbook.domain.witness import Standing, WitnessState
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.storage.witness import Seen
from rollbook.testing import FixedClock

AT_ONCE = 4  # processes that are started together, which saves time
CROWD = Path(__file__).parent.parent / "storage" / "crowd.py"
APPENDING = CROWD.with_name("appending.py")


class Book:
    """A database with an open session, and processes that mark in it."""

    def __init__(self, database: Database, keys: Path, people: int) -> None:
        self.database = database
        self.keys = keys
        group, subjects = make_class(database.uow, [f"Person {n}" for n in range(people)])
        self.subject_ids = [person.subject_id for person in subjects]
        self.keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        ends_at = NOW + timedelta(hours=1)
        self.session: Session = self.keeper.open_session(
            group.group_id, NOW, ends_at, business_date=NOW.date()
        )

    def start(self, count: int) -> list[subprocess.Popen[str]]:
        """Start processes that wait for a word before they mark everybody."""
        processes = [self._start() for _ in range(count)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        return processes

    def _start(self) -> subprocess.Popen[str]:
        url = self.database.engine.url.render_as_string(hide_password=False)
        command = [sys.executable, str(CROWD), url, str(self.keys), self.session.session_id]
        paths = os.pathsep.join([str(CROWD.parent.parent), *sys.path])
        return subprocess.Popen(
            [*command, *self.subject_ids],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )


@pytest.fixture
def crowded(database: Database, keys_dir: Path) -> Book:
    return Book(database, keys_dir, 15)


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_of_processes_that_see_an_arrival_at_once_one_writes_it(crowded: Book) -> None:
    processes = crowded.start(2)
    for process in processes:
        _go(process)
    told = [line for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert all(process.returncode == 0 for process in processes)
    marks = crowded.keeper.marks(crowded.session.session_id)
    assert sorted(mark.subject_id for mark in marks) == sorted(crowded.subject_ids)
    assert {mark.kind for mark in marks} == {MarkKind.ARRIVED}
    assert sorted(told) == sorted(mark.mark_id for mark in marks)
    assert crowded.keeper.verify().holds


@pytest.mark.slow
def test_four_processes_that_append_at_once_leave_no_gap_and_the_newest_witness(
    database: Database, keys_dir: Path
) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    paths = os.pathsep.join([str(CROWD.parent.parent), *sys.path])
    processes = [
        subprocess.Popen(
            [sys.executable, str(APPENDING), url, str(keys_dir), "50"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        _go(process)
    told = [int(n) for one in processes for n in one.communicate(timeout=120)[0].split()]
    assert all(process.returncode == 0 for process in processes)
    assert sorted(told) == list(range(1, 201))
    with database.uow() as uow:
        link, checked = uow.register.link_at(200), uow.register.verify()
    assert link is not None and database.witness is not None
    assert database.witness.look() == Seen(200, link)
    assert checked.holds
    assert checked.standing == Standing(WitnessState.AGREES, 200, 200)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.slow
def test_a_process_killed_while_it_marks_loses_nothing_that_it_told(crowded: Book) -> None:
    _kill_often(crowded, kills=4)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_many_processes_killed_while_they_mark_lose_nothing(
    database: Database, keys_dir: Path
) -> None:
    _kill_often(Book(database, keys_dir, 400), kills=40)


def _kill_often(book: Book, kills: int) -> None:
    chance = random.Random(kills)
    told: set[str] = set()
    processes: list[subprocess.Popen[str]] = []
    for number in range(kills):
        if number % AT_ONCE == 0:
            processes = book.start(min(AT_ONCE, kills - number))
        process = processes.pop()
        _go(process)
        assert process.stdout is not None
        told.add(process.stdout.readline().strip())  # it is in the middle of marking now
        time.sleep(chance.random() * 0.02)
        process.kill()
        told |= {line for line in process.stdout.read().split("\n") if len(line) == 32}
        process.wait()
        assert process.stdin is not None
        process.stdin.close()
        process.stdout.close()
        assert book.keeper.verify().holds
    told.discard("")
    kept = {mark.mark_id for mark in book.keeper.marks(book.session.session_id)}
    assert told <= kept
    assert len(told) >= min(kills, len(book.subject_ids)) / 2
