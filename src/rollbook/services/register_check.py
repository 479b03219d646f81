"""Checking the whole register as a long task, which an auditor starts and reads."""

from __future__ import annotations

from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.register import EntryKind, NewEntry, Verification
from rollbook.domain.task_ports import Task, TaskLine
from rollbook.services.register import verified
from rollbook.services.single_tasks import begin_once, newest
from rollbook.services.tasks import TaskControl

KIND = "check of the register"
HEAD, FAULT = "head", "fault"  # codes of the task's lines


class RegisterCheck:
    """Starts checks, does them, and keeps what they found."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def start(self, user_id: str, by: str) -> Task:
        """Return the check that waits or runs, begun now when there is none."""
        with self._open_uow() as uow:
            task = begin_once(uow, KIND, user_id, by, self._clock.now())
            uow.commit()
        return task

    def latest(self) -> Task | None:
        """Return the newest check, whoever began it."""
        with self._open_uow() as uow:
            return newest(uow, KIND)

    def work(self, task: Task, control: TaskControl) -> None:
        """Check the book, and write down that it was checked and what was found."""
        with self._open_uow() as uow:
            found = verified(uow, lambda done, total: control.save(done, total, {}, ()))
        wrong = [line for line in _lines(found) if line.code == FAULT]
        counts = {"entries": found.entries, "sheets": found.sheets, "faults": len(wrong)}
        control.save(found.entries, found.entries, counts, _lines(found))
        if found.standing is None or found.standing.refuses:  # nothing can be written then
            return
        body = {
            "event": "register checked",
            "at": self._clock.now().isoformat(),
            "by": task.by,
            "entries": found.entries,
            "faults": len(wrong),
        }
        with self._open_uow() as uow:
            uow.register.append(NewEntry(EntryKind.ACCESS, body))
            uow.commit()


def _lines(found: Verification) -> list[TaskLine]:
    head = [TaskLine("", HEAD, found.head)] if found.head else []
    faults = [TaskLine(str(fault.number), FAULT, fault.what) for fault in found.faults]
    if found.standing is not None and found.standing.refuses:
        faults.append(TaskLine(str(found.standing.entries), FAULT, found.standing.sentence()))
    return head + faults
