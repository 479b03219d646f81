"""Long work that goes on while its page is closed, and how it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class TaskState(StrEnum):
    """Where a task is."""

    DRAFT = "draft"  # checked, and waiting for a person's word
    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"  # somebody asked to stop it
    STOPPED = "stopped"  # what was done stays; it can go on
    DONE = "done"
    FAILED = "failed"  # it can be tried again

    @property
    def is_over(self) -> bool:
        return self in {TaskState.DONE, TaskState.STOPPED, TaskState.FAILED}

    @property
    def is_busy(self) -> bool:
        return self in {TaskState.WAITING, TaskState.RUNNING, TaskState.STOPPING}


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One thing that was not done."""

    where: str  # the file or line, for the person who sent it
    code: str  # of the reason, empty where it has none
    sentence: str
    subject_id: str = ""  # of somebody whom it is about as well


@dataclass(frozen=True, slots=True)
class Task:
    """Long work. All but its id, owner, state and time is sealed."""

    task_id: str
    kind: str
    user_id: str
    by: str  # who asked for it, as the register names them
    created_at: datetime
    updated_at: datetime  # also tells that somebody still works on it
    state: TaskState = TaskState.DRAFT
    spec: Mapping[str, object] = field(default_factory=dict)  # what to do, as JSON values
    done: int = 0
    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    lines: tuple[TaskLine, ...] = ()
    failure: str = ""  # why it failed, in a sentence


class Tasks(Protocol):
    """Tasks; whoever claims one holds it as long as `updated_at` is theirs."""

    def add(self, task: Task) -> None: ...

    def get(self, task_id: str) -> Task:
        """Raises NotFound."""
        ...

    def all(self, states: Collection[TaskState] | None = None) -> list[Task]:
        """Return tasks, the newest first."""
        ...

    def claim(self, kinds: Collection[str], now: datetime, stale: datetime) -> Task | None:
        """Take the oldest task that waits, or that nobody has touched since `stale`."""
        ...

    def save(self, task: Task, now: datetime) -> Task | None:
        """Write how far a held task is; None when it is not held any more, or is to be stopped."""
        ...

    def move(self, task_id: str, old: Collection[TaskState], new: TaskState, now: datetime) -> bool:
        """Change the state of a task that is in one of the old ones; return whether it was."""
        ...

    def close(self, task: Task, state: TaskState, now: datetime) -> bool:
        """Write a held task for the last time, also when it is to be stopped."""
        ...

    def amend(self, task: Task) -> None:
        """Write what a draft is to do."""
        ...

    def delete(self, task_id: str) -> None: ...
