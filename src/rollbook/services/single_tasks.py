"""Tasks of which one at a time is enough: two clicks are one task."""

from __future__ import annotations

from datetime import datetime

from rollbook.domain.ports import UnitOfWork
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import Task, TaskState

BUSY = tuple(state for state in TaskState if state.is_busy)


def begin_once(uow: UnitOfWork, kind: str, user_id: str, by: str, at: datetime) -> Task:
    """Return the task of this kind that waits or runs, or one that was added now."""
    uow.register.hold()
    for one in uow.tasks.all(BUSY):
        if one.kind == kind:
            return one
    task = Task(new_id(), kind, user_id, by, at, at, TaskState.WAITING)
    uow.tasks.add(task)
    return task


def newest(uow: UnitOfWork, kind: str) -> Task | None:
    """Return the newest task of this kind, whoever began it."""
    return next((one for one in uow.tasks.all() if one.kind == kind), None)
