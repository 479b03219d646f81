"""Due work is claimed by one, tried again after a failure, and never finished by two."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest

from rollbook.services.due import LEASE, LONGEST_RETRY, SITE, STUCK, DueRunner, Errand, no_jobs
from rollbook.storage.database import Database
from rollbook.testing import START, FixedClock

MINUTE = timedelta(minutes=1)
NAME = "Ada Lovelace"  # in the text of an error


class Worker:
    """A runner that notes what it does."""

    def __init__(self, database: Database) -> None:
        self.done: list[str] = []
        self.fail = False
        self.runner = DueRunner(database.uow, FixedClock(), no_jobs({"greet": self.greet}))

    def greet(self, errand: Errand) -> None:
        if self.fail:
            raise ZeroDivisionError(NAME)
        self.done.append(errand.target)


@pytest.fixture
def worker(database: Database) -> Worker:
    return Worker(database)


def add(database: Database, *targets: str, job: str = "greet") -> None:
    with database.uow() as uow:
        for number, target in enumerate(targets):
            uow.due.add(job, target, START + number * MINUTE)
        uow.commit()


def test_what_is_due_is_done_once_in_the_order_of_its_time(
    database: Database, worker: Worker
) -> None:
    add(database, "ada", "bob", "cleo")
    assert worker.runner.run_due(START - MINUTE) == 0
    assert worker.runner.run_due(START + MINUTE) == 2
    assert worker.runner.run_due(START + MINUTE) == 0
    assert worker.runner.run_due(START + 5 * MINUTE) == 1
    assert worker.done == ["ada", "bob", "cleo"]


def test_work_that_nobody_here_knows_is_left_to_others(database: Database, worker: Worker) -> None:
    add(database, "ada", job="of another program")
    assert worker.runner.run_due(START + MINUTE) == 0
    other = DueRunner(database.uow, FixedClock(), no_jobs())
    other.register("of another program", worker.greet)
    assert other.run_due(START + MINUTE) == 1


def test_what_fails_is_tried_again_later_and_in_the_end_left_to_a_person(
    database: Database, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    add(database, "ada")
    worker.fail = True
    assert worker.runner.run_due(START) == 0
    worker.fail = False
    assert worker.runner.run_due(START + timedelta(seconds=5)) == 0, "not so soon"
    assert worker.runner.run_due(START + MINUTE) == 1
    add(database, "bob")
    worker.fail = True
    for number in range(STUCK + 5):
        worker.runner.run_due(START + number * (LONGEST_RETRY + MINUTE))
    (row,) = worker.runner.stuck()
    assert (row.target, row.attempts) == ("bob", STUCK)
    assert "attempt 20" in caplog.text and "ZeroDivisionError" in caplog.text
    assert NAME not in caplog.text


def test_a_worker_that_was_killed_loses_its_lease(database: Database, worker: Worker) -> None:
    add(database, "ada")
    with database.uow() as uow:  # another worker claims, and is never heard of again
        (row,) = uow.due.waiting(START)
        assert uow.due.claim(row, START, START + LEASE)
        uow.commit()
    assert worker.runner.run_due(START + LEASE - timedelta(seconds=1)) == 0
    assert worker.runner.run_due(START + LEASE) == 1
    assert worker.done == ["ada"]


def test_who_wakes_up_after_the_lease_finishes_nothing(database: Database, worker: Worker) -> None:
    """The slow one does its work in the transaction in which it finishes: both are undone."""
    add(database, "ada")

    def slow(errand: Errand) -> None:
        assert worker.runner.run_due(START + LEASE) == 1  # somebody else, meanwhile
        with database.uow() as uow:
            uow.site.set("greeted by", "the slow one")
            errand.finish(uow)
            uow.commit()

    sleeper = DueRunner(database.uow, FixedClock(), no_jobs({"greet": slow}))
    assert sleeper.run_due(START) == 0
    with database.uow() as uow:
        assert uow.site.get("greeted by") is None
    assert worker.done == ["ada"]


def test_a_clock_that_is_set_back_gives_back_what_a_killed_worker_claimed(
    database: Database, worker: Worker
) -> None:
    add(database, "ada")
    ahead = START + timedelta(hours=1)
    with database.uow() as uow:
        (row,) = uow.due.waiting(ahead)
        uow.due.claim(row, ahead, ahead + LEASE)
        uow.commit()
    assert worker.runner.run_due(START + MINUTE) == 1


def test_recurring_work_goes_on_and_what_was_missed_is_done_once(
    database: Database, worker: Worker
) -> None:
    hour = timedelta(hours=1)
    worker.runner.register("tidy", worker.greet, every=lambda now: now + hour)
    assert worker.runner.run_due(START) == 1
    assert worker.runner.run_due(START + hour / 2) == 0
    assert worker.runner.run_due(START + 50 * hour) == 1
    assert worker.runner.run_due(START + 50 * hour) == 0
    assert worker.runner.run_due(START + 51 * hour) == 1
    assert worker.done == [SITE] * 3


def test_threads_that_look_at_the_same_time_share_the_work(database: Database) -> None:
    targets = [f"person {number}" for number in range(40)]
    add(database, *targets)
    workers = [Worker(database) for _ in range(4)]
    start = threading.Barrier(len(workers))

    def look(worker: Worker) -> None:
        start.wait()
        worker.runner.run_due(START + timedelta(hours=1))

    threads = [threading.Thread(target=look, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = Counter(target for worker in workers for target in worker.done)
    assert done == Counter(targets)
