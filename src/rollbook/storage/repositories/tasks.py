"""Long tasks: a random id, owner, state and time in clear, all else sealed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from rollbook.domain.task_ports import Task, TaskLine, TaskState
from rollbook.errors import NotFound
from rollbook.storage.codec import from_json, from_micros, instant, iso, to_json, to_micros
from rollbook.storage.tables import tasks
from rollbook.storage.vault import SqlVault

TASK = "task"
TICK = timedelta(microseconds=1)
HELD = (TaskState.RUNNING.value, TaskState.STOPPING.value)


class SqlTasks:
    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, task: Task) -> None:
        row = {
            "task_id": task.task_id,
            "user_id": task.user_id,
            "state": task.state.value,
            "updated_at": to_micros(task.updated_at),
            "payload": self._sealed(task),
        }
        self._connection.execute(insert(tasks).values(row))

    def get(self, task_id: str) -> Task:
        query = select(tasks).where(tasks.c.task_id == task_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound("There is no such task.")
        return self._open(row)

    def all(self, states: Collection[TaskState] | None = None) -> list[Task]:
        query = select(tasks)
        if states is not None:
            query = query.where(tasks.c.state.in_([state.value for state in states]))
        found = [self._open(row) for row in self._connection.execute(query)]
        return sorted(found, key=lambda task: task.created_at, reverse=True)

    def claim(self, kinds: Collection[str], now: datetime, stale: datetime) -> Task | None:
        left = and_(tasks.c.state.in_(HELD), tasks.c.updated_at < to_micros(stale))
        query = select(tasks).where(or_(tasks.c.state == TaskState.WAITING.value, left))
        for row in self._connection.execute(query.order_by(tasks.c.updated_at)).all():
            task = self._open(row)
            if task.kind not in kinds:
                continue
            stopping = task.state is TaskState.STOPPING
            state = TaskState.STOPPING if stopping else TaskState.RUNNING
            taken = replace(task, state=state, updated_at=max(now, task.updated_at + TICK))
            values = {"state": state.value, "updated_at": to_micros(taken.updated_at)}
            mine = self._held(task, (task.state.value,))
            if self._connection.execute(mine.values(values)).rowcount:
                return taken
        return None

    def save(self, task: Task, now: datetime) -> Task | None:
        later = replace(task, updated_at=max(now, task.updated_at + TICK))
        values = {"updated_at": to_micros(later.updated_at), "payload": self._sealed(later)}
        mine = self._held(task, (TaskState.RUNNING.value,))
        return later if self._connection.execute(mine.values(values)).rowcount else None

    def move(self, task_id: str, old: Collection[TaskState], new: TaskState, now: datetime) -> bool:
        values: dict[str, Any] = {"state": new.value}
        if new is not TaskState.STOPPING:  # whoever holds it must still be able to close it
            values["updated_at"] = to_micros(now)
        moved = update(tasks).where(
            tasks.c.task_id == task_id, tasks.c.state.in_([state.value for state in old])
        )
        return self._connection.execute(moved.values(values)).rowcount > 0

    def close(self, task: Task, state: TaskState, now: datetime) -> bool:
        values = {
            "state": state.value,
            "updated_at": to_micros(max(now, task.updated_at + TICK)),
            "payload": self._sealed(task),
        }
        return self._connection.execute(self._held(task, HELD).values(values)).rowcount > 0

    def amend(self, task: Task) -> None:
        changed = update(tasks).where(tasks.c.task_id == task.task_id)
        self._connection.execute(changed.values(payload=self._sealed(task)))

    def delete(self, task_id: str) -> None:
        self._connection.execute(delete(tasks).where(tasks.c.task_id == task_id))

    def _held(self, task: Task, states: Collection[str]) -> Any:
        return update(tasks).where(
            tasks.c.task_id == task.task_id,
            tasks.c.state.in_(states),
            tasks.c.updated_at == to_micros(task.updated_at),
        )

    def _sealed(self, task: Task) -> bytes:
        fields = {
            "kind": task.kind,
            "by": task.by,
            "created_at": iso(task.created_at),
            "spec": dict(task.spec),
            "done": task.done,
            "total": task.total,
            "counts": dict(task.counts),
            "lines": [
                [line.where, line.code, line.sentence, line.subject_id] for line in task.lines
            ],
            "failure": task.failure,
        }
        return self._vault.seal(to_json(fields), purpose=TASK, owner=task.task_id)

    def _open(self, row: Row[Any]) -> Task:
        payload = self._vault.open(bytes(row.payload), purpose=TASK, owner=row.task_id)
        fields = from_json(payload)
        return Task(
            task_id=row.task_id,
            kind=fields["kind"],
            user_id=row.user_id,
            by=fields["by"],
            created_at=instant(fields["created_at"]),
            updated_at=from_micros(row.updated_at),
            state=TaskState(row.state),
            spec=fields["spec"],
            done=fields["done"],
            total=fields["total"],
            counts=fields["counts"],
            lines=tuple(TaskLine(*line) for line in fields["lines"]),
            failure=fields["failure"],
        )
