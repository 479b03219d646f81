"""Tasks: held by one at a time, stopped without losing what was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from builders import NOW
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import Task, TaskLine, TaskState
from rollbook.errors import NotFound
from rollbook.storage.database import Database
from rollbook.storage.tables import tasks

LATER = NOW + timedelta(minutes=5)
KINDS = {"import"}


def put(database: Database, state: TaskState = TaskState.WAITING, **more: object) -> Task:
    task = Task(new_id(), "import", new_id(), "administrator x", NOW, NOW, state)
    task = replace(task, **more)  # type: ignore[arg-type]
    with database.uow() as uow:
        uow.tasks.add(task)
        uow.commit()
    return task


def test_a_task_comes_back_and_is_sealed(database: Database) -> None:
    line = TaskLine("Ada Lovelace/1.jpg", "no_face", "No face was found.")
    task = put(
        database, spec={"who": "Ada Lovelace"}, counts={"added": 2}, lines=(line,), done=1, total=3
    )
    with database.uow() as uow:
        assert uow.tasks.get(task.task_id) == task
        assert uow.tasks.all() == [task]
        assert uow.tasks.all([TaskState.DONE]) == []
        row = uow.tasks._connection.execute(select(tasks)).one()
        assert b"Lovelace" not in bytes(row.payload)
        uow.tasks.delete(task.task_id)
        with pytest.raises(NotFound):
            uow.tasks.get(task.task_id)


def test_only_one_claims_a_task_and_drafts_are_left_alone(database: Database) -> None:
    put(database, TaskState.DRAFT)
    task = put(database)
    with database.uow() as uow:
        taken = uow.tasks.claim(KINDS, LATER, NOW)
        assert taken is not None
        assert (taken.task_id, taken.state) == (task.task_id, TaskState.RUNNING)
        assert uow.tasks.claim(KINDS, LATER, NOW) is None
        assert uow.tasks.claim({"other"}, LATER, NOW) is None


def test_who_died_loses_the_task_and_can_write_no_more(database: Database) -> None:
    put(database)
    with database.uow() as uow:
        first = uow.tasks.claim(KINDS, NOW, NOW - timedelta(minutes=1))
        second = uow.tasks.claim(KINDS, LATER, LATER - timedelta(minutes=1))
        assert first is not None and second is not None
        assert uow.tasks.save(replace(first, done=7), LATER) is None
        assert not uow.tasks.close(first, TaskState.DONE, LATER)
        saved = uow.tasks.save(replace(second, done=3), LATER)
        assert saved is not None
        assert uow.tasks.close(saved, TaskState.DONE, LATER)
        assert uow.tasks.get(saved.task_id).state is TaskState.DONE


def test_a_task_that_is_to_stop_hears_of_it_and_is_closed_by_its_holder(
    database: Database,
) -> None:
    task = put(database)
    with database.uow() as uow:
        held = uow.tasks.claim(KINDS, NOW, NOW - timedelta(minutes=1))
        assert held is not None
        busy = [TaskState.WAITING, TaskState.RUNNING]
        assert uow.tasks.move(task.task_id, busy, TaskState.STOPPING, LATER)
        assert not uow.tasks.move(task.task_id, busy, TaskState.STOPPING, LATER)
        assert uow.tasks.save(replace(held, done=1), NOW) is None
        assert uow.tasks.close(replace(held, done=1), TaskState.STOPPED, LATER)
        found = uow.tasks.get(task.task_id)
        assert (found.state, found.done) == (TaskState.STOPPED, 1)
