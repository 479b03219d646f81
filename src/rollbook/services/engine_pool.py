"""Work that needs the networks, on few threads that each have networks of their own."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from typing import Any, Generic, TypeVar

from rollbook.errors import Busy

Worker = TypeVar("Worker")
Result = TypeVar("Result")


class Urgency(IntEnum):
    """What is taken first."""

    FRAME = 0  # somebody stands before a kiosk
    JOB = 1  # somebody has sent a picture


@dataclass(order=True)
class _Task:
    urgency: Urgency
    number: int  # among equals the oldest first
    work: Callable[[Any], object] = field(compare=False)
    future: Future[Any] = field(compare=False)


class EnginePool(Generic[Worker]):
    """Runs work on a bounded number of threads; says that it is busy rather than queue for long.

    Frames of kiosks go before other work, and of several threads one is always left to them, so
    that an import holds up nobody at a door.
    """

    def __init__(
        self, make_worker: Callable[[], Worker], workers: int = 2, waiting: int = 8
    ) -> None:
        """`make_worker` makes what one thread uses; `waiting` jobs may wait beside the running."""
        self._make_worker = make_worker
        self._places = workers + waiting
        self._jobs_at_once = max(1, workers - 1)
        self._tasks: list[_Task] = []
        self._numbers = count()
        self._running = self._running_jobs = 0
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"engine-{index}", daemon=True)
            for index in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, work: Callable[[Worker], Result], *, urgency: Urgency = Urgency.JOB
    ) -> Future[Result]:
        """Start work; what is cancelled before its turn costs nothing.

        Raises:
            Busy: as many jobs wait as may; try again in a moment.
        """
        future: Future[Result] = Future()
        with self._changed:
            if self._closed or len(self._tasks) + self._running >= self._places:
                raise Busy("The recognition is busy. Try again in a moment.")
            heapq.heappush(self._tasks, _Task(urgency, next(self._numbers), work, future))
            self._changed.notify()
        return future

    def run(self, work: Callable[[Worker], Result], *, urgency: Urgency = Urgency.JOB) -> Result:
        """Return what the work returns; raises what it raises, and Busy as `submit`."""
        return self.submit(work, urgency=urgency).result()

    def close(self) -> None:
        """Wait for what runs, and start nothing more."""
        with self._changed:
            self._closed = True
            for task in self._tasks:
                task.future.cancel()
            self._tasks.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        worker: Worker | None = None
        while (task := self._next()) is not None:
            try:
                if task.future.set_running_or_notify_cancel():
                    worker = self._make_worker() if worker is None else worker
                    task.future.set_result(task.work(worker))
            except BaseException as error:  # whoever waits for the result gets it
                task.future.set_exception(error)
            finally:
                self._done(task)
                del task  # and with it the result: a picture is not kept until the next one

    def _next(self) -> _Task | None:
        """Wait for a task that may be begun; None when the pool is closed."""
        with self._changed:
            while not self._closed:
                if self._tasks and self._may_begin(self._tasks[0]):
                    task = heapq.heappop(self._tasks)
                    self._running += 1
                    self._running_jobs += task.urgency is Urgency.JOB
                    return task
                self._changed.wait()
        return None

    def _may_begin(self, task: _Task) -> bool:
        return task.urgency is Urgency.FRAME or self._running_jobs < self._jobs_at_once

    def _done(self, task: _Task) -> None:
        with self._changed:
            self._running -= 1
            self._running_jobs -= task.urgency is Urgency.JOB
            self._changed.notify()
