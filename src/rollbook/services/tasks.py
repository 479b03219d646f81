"""Long tasks: one at a time, in a thread of the server, taken up again after a restart."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.task_ports import Task, TaskLine, TaskState
from rollbook.errors import RollbookError, places_of
from rollbook.services.beside import beside

LEASE = timedelta(seconds=60)  # who shows no sign of life for so long has died
BEAT = 15.0  # seconds between two signs of life
LOOK = 5.0  # seconds between two looks for tasks that another process has written
TIDY = 3600.0  # seconds between two looks for what was left
MOST_LINES = 5_000  # refusals that are kept; the count tells of all
KEPT = timedelta(days=30)  # so long the report of a task that is over can be read

log = logging.getLogger(__name__)


class TaskInterrupted(Exception):
    """The task is to be left as it is: stopped by a person, or the server ends."""


class TaskControl:
    """How a job tells how far it is, and hears that it should stop."""

    def __init__(
        self, task: Task, open_uow: OpenUnitOfWork, clock: Clock, ending: threading.Event
    ) -> None:
        self.task = task
        self._open_uow = open_uow
        self._clock = clock
        self._ending = ending
        self._lock = threading.Lock()
        self._interrupted = task.state is TaskState.STOPPING

    def check(self) -> None:
        """Raises TaskInterrupted when the job should go no further."""
        if self._interrupted or self._ending.is_set():
            raise TaskInterrupted

    def save(
        self, done: int, total: int, counts: Mapping[str, int], lines: Sequence[TaskLine]
    ) -> None:
        """Write how far it is.

        Raises:
            TaskInterrupted: it is to be left there; what was saved stays.
        """
        kept = tuple(dict.fromkeys(lines))[:MOST_LINES]
        with self._lock:
            self.task = replace(self.task, done=done, total=total, counts=counts, lines=kept)
            self._write()
        self.check()

    def beat(self) -> None:
        """Show a sign of life."""
        with self._lock:
            if not self._interrupted:
                self._write()

    def _write(self) -> None:
        with self._open_uow() as uow:
            saved = uow.tasks.save(self.task, self._clock.now())
            uow.commit()
        if saved is None:
            self._interrupted = True
        else:
            self.task = saved


Job = Callable[[Task, TaskControl], None]


class TaskRunner:
    """Works off tasks that wait."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        jobs: Mapping[str, Job],
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        """`jobs` do the work of each kind of task; `tidy` deletes what is left of old ones."""
        self._tidy = tidy
        self._open_uow = open_uow
        self._clock = clock
        self._jobs = jobs
        self._ending = threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> TaskRunner:
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look for tasks now."""
        self._woken.set()

    def stop(self, task_id: str) -> bool:
        """Let a task end where it is; False when it is over already."""
        now = self._clock.now()
        with self._open_uow() as uow:
            moved = uow.tasks.move(task_id, [TaskState.WAITING], TaskState.STOPPED, now)
            moved = moved or uow.tasks.move(task_id, [TaskState.RUNNING], TaskState.STOPPING, now)
            uow.commit()
        return moved

    def resume(self, task_id: str) -> bool:
        """Let a task go on that was stopped or failed."""
        over, now = [TaskState.STOPPED, TaskState.FAILED], self._clock.now()
        with self._open_uow() as uow:
            moved = uow.tasks.move(task_id, over, TaskState.WAITING, now)
            uow.commit()
        self.wake()
        return moved

    def run_one(self) -> bool:
        """Work off the task that has waited longest; return whether there was one."""
        now = self._clock.now()
        with self._open_uow() as uow:
            task = uow.tasks.claim(self._jobs, now, now - LEASE)
            uow.commit()
        if task is None:
            return False
        control = TaskControl(task, self._open_uow, self._clock, self._ending)
        state, failure = self._work(task, control)
        with self._open_uow() as uow:
            uow.tasks.close(replace(control.task, failure=failure), state, self._clock.now())
            uow.commit()
        return True

    def _work(self, task: Task, control: TaskControl) -> tuple[TaskState, str]:
        try:
            control.check()
            with _beating(control):
                self._jobs[task.kind](task, control)
        except TaskInterrupted:
            return (TaskState.WAITING if self._ending.is_set() else TaskState.STOPPED), ""
        except RollbookError as error:
            return TaskState.FAILED, str(error)
        except Exception as error:  # the thread must live on
            log.error("a task failed: %s", type(error).__name__, exc_info=places_of(error))
            return TaskState.FAILED, "Something went wrong. Nobody is half done; try again."
        return TaskState.DONE, ""

    def _run(self) -> None:
        tidy_at = 0.0
        while not self._ending.is_set():
            try:
                if time.monotonic() >= tidy_at:
                    self._tidy()
                    tidy_at = time.monotonic() + TIDY
                found = self.run_one()
            except RollbookError as error:  # the database is locked or full; later it may not be
                log.warning("no task was taken: %s", type(error).__name__)
                found = False
            if not found:
                self._woken.wait(LOOK)
                self._woken.clear()


def _beating(control: TaskControl) -> AbstractContextManager[None]:
    """Show signs of life while a job looks through what is done already."""

    def beat() -> None:
        try:
            control.beat()
        except RollbookError as error:  # the database is locked or full; the next may go
            log.warning("a task showed no sign of life: %s", type(error).__name__)

    return beside(beat, BEAT, "task beat")
