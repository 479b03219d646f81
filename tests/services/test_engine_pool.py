"""The pool of engines: bounded, frames first, and a full one says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rollbook.errors import Busy
from rollbook.services.engine_pool import EnginePool, Urgency


class Gate:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()

    def __call__(self, worker: object) -> object:
        self.begun.set()
        assert self.open.wait(10)
        return worker


@pytest.fixture
def one() -> Iterator[EnginePool[object]]:
    pool: EnginePool[object] = EnginePool(object, workers=1, waiting=2)
    yield pool
    pool.close()


def test_each_thread_makes_one_worker_and_keeps_it() -> None:
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    pool: EnginePool[object] = EnginePool(make, workers=2)
    gates = [Gate(), Gate()]
    futures = [pool.submit(gate, urgency=Urgency.FRAME) for gate in gates]
    assert all(gate.begun.wait(10) for gate in gates)
    for gate in gates:
        gate.open.set()
    assert {future.result(10) for future in futures} == set(made)
    assert pool.run(lambda worker: worker) in made and len(made) == 2
    pool.close()


def test_a_full_pool_says_busy_and_takes_work_again_later(one: EnginePool[object]) -> None:
    gate = Gate()
    running = one.submit(gate)
    assert gate.begun.wait(10)
    waiting = [one.submit(lambda worker: "done") for _ in range(2)]
    with pytest.raises(Busy):
        one.submit(lambda worker: "never")
    gate.open.set()
    running.result(10)
    assert [future.result(10) for future in waiting] == ["done", "done"]
    assert one.run(lambda worker: "again") == "again"


def test_frames_go_before_jobs_that_came_earlier(one: EnginePool[object]) -> None:
    gate, order = Gate(), list[str]()
    one.submit(gate)
    assert gate.begun.wait(10)
    job = one.submit(lambda worker: order.append("job"))
    frame = one.submit(lambda worker: order.append("frame"), urgency=Urgency.FRAME)
    gate.open.set()
    frame.result(10)
    job.result(10)
    assert order == ["frame", "job"]


def test_long_jobs_leave_a_thread_to_frames() -> None:
    pool: EnginePool[object] = EnginePool(object, workers=2)
    jobs = [Gate(), Gate()]
    futures = [pool.submit(job) for job in jobs]
    assert jobs[0].begun.wait(10)
    assert pool.run(lambda worker: "seen", urgency=Urgency.FRAME) == "seen"
    assert not jobs[1].begun.is_set()
    for job in jobs:
        job.open.set()
    for future in futures:
        future.result(10)
    pool.close()


def test_what_goes_wrong_reaches_who_asked_and_ends_no_thread(one: EnginePool[object]) -> None:
    def fail(worker: object) -> None:
        raise ValueError("broken picture")

    with pytest.raises(ValueError, match="broken picture"):
        one.run(fail)
    assert one.run(lambda worker: 1) == 1


def test_a_worker_that_could_not_be_made_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no model")
        return len(tries)

    pool: EnginePool[int] = EnginePool(make, workers=1)
    with pytest.raises(OSError, match="no model"):
        pool.run(lambda worker: worker)
    assert pool.run(lambda worker: worker) == 2
    pool.close()


def test_a_closed_pool_cancels_what_waits_and_takes_nothing_more(one: EnginePool[object]) -> None:
    gate = Gate()
    one.submit(gate)
    assert gate.begun.wait(10)
    waiting = one.submit(lambda worker: 1)
    gate.open.set()
    one.close()
    assert waiting.cancelled() or waiting.result(10) == 1
    with pytest.raises(Busy):
        one.submit(lambda worker: 1)
