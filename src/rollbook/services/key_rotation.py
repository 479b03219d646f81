"""Exchanging the site's keys as a long task, which can be killed, stopped and gone on with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from rollbook.domain.key_ports import KeyStatus, KeyStore, Passed
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress, UnitOfWork
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import Task, TaskLine, TaskState
from rollbook.errors import AlreadyExists, StorageUnavailable
from rollbook.services.single_tasks import newest
from rollbook.services.tasks import TaskControl

KIND = "rotation of keys"
BY_HAND = "by hand"  # code of the line that says what a person has to do
SAVE = 0.5  # seconds between two notes of how far it is
PASSES = 50  # so often rows may be held by others before it gives up for today
PAUSE = 0.05  # seconds before rows that others hold are tried again


class Part(StrEnum):
    """What can be rotated."""

    DATA = "data"  # the keys of each purpose
    SUBJECTS = "subjects"  # the key of each person
    TEMPLATES = "templates"  # the transform of templates
    SITE = "site"  # the key that wraps all others


USUAL = (Part.DATA, Part.SUBJECTS, Part.SITE)


@dataclass
class Run:
    """How far one rotation is; tells it now and then, and hears that it should stop."""

    task: Task
    control: TaskControl
    counts: dict[str, int] = field(default_factory=dict)
    lines: list[TaskLine] = field(default_factory=list)
    done: int = 0
    total: int = 0
    _saved_at: float = 0.0

    def begin(self, total: int) -> None:
        self.done, self.total = 0, total

    def note(self, passed: Passed) -> None:
        """Count, and write it down when that was a while ago; raises TaskInterrupted."""
        self.show(self.done + passed.looked, max(self.total, self.done + passed.looked))

    def show(self, done: int, total: int) -> None:
        """Tell how many are done; raises TaskInterrupted."""
        self.done, self.total = done, total
        self.control.check()
        if time.monotonic() - self._saved_at > SAVE:
            self.save()

    def count(self, what: str, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def save(self) -> None:
        self._saved_at = time.monotonic()
        self.control.save(self.done, self.total, self.counts, self.lines)


class KeyRotation:
    """Starts rotations, does them, and says what was done."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        store: KeyStore,
        *,
        templates: Callable[[str, Progress], int] | None = None,
        kept_from: Callable[[datetime], datetime | None] = lambda now: None,
        after_site: Callable[[], object] = lambda: None,
    ) -> None:
        """`templates` renews the transform and returns how many templates it rewrote; `kept_from`
        tells since when backups are kept; `after_site` is called when the site key is another."""
        self._open_uow = open_uow
        self._clock = clock
        self._store = store
        self._templates = templates
        self._kept_from = kept_from
        self._after_site = after_site

    def status(self, *, look: bool = True) -> KeyStatus:
        """Return what can be said about the keys; with `look` every row is opened for it."""
        return self._store.status(look)

    def latest(self) -> Task | None:
        """Return the newest rotation, whoever began it."""
        with self._open_uow() as uow:
            return _latest(uow)

    def start(self, parts: Sequence[Part], user_id: str, by: str) -> Task:
        """Return the rotation that is under way, or goes on now, or else is begun now.

        With no parts all usual ones are rotated; then a site key that Rollbook cannot write is
        left to a person.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()  # two clicks are one rotation
            found = _latest(uow)
            if found is not None and found.state is not TaskState.DONE:
                over = [TaskState.STOPPED, TaskState.FAILED]
                if uow.tasks.move(found.task_id, over, TaskState.WAITING, now):
                    _append(uow, "keys: rotation resumed", found, by, now)
                    uow.commit()
                return replace(found, state=TaskState.WAITING)
            spec = {"parts": [part.value for part in parts or USUAL], "site": bool(parts)}
            task = Task(new_id(), KIND, user_id, by, now, now, TaskState.WAITING, spec)
            uow.tasks.add(task)
            _append(uow, "keys: rotation begun", task, by, now)
            uow.commit()
        return task

    def stop(self, task_id: str, by: str) -> bool:
        """Let a rotation end where it is, which harms nothing; False when it was over already."""
        now = self._clock.now()
        with self._open_uow() as uow:
            task = uow.tasks.get(task_id)
            moved = uow.tasks.move(task_id, [TaskState.WAITING], TaskState.STOPPED, now)
            moved = moved or uow.tasks.move(task_id, [TaskState.RUNNING], TaskState.STOPPING, now)
            if moved:
                _append(uow, "keys: rotation stopped", task, by, now)
            uow.commit()
        return moved

    def work(self, task: Task, control: TaskControl) -> None:
        """Rotate what the task names, and write it down with a receipt.

        Raises:
            TaskInterrupted: it was stopped; it can go on later.
            StorageUnavailable: the site key cannot be written, or others hold rows all the time.
        """
        run = Run(task, control, total=task.total)
        steps = {
            Part.DATA: self._rotate_data,
            Part.SUBJECTS: self._rotate_subjects,
            Part.TEMPLATES: self._rotate_templates,
            Part.SITE: self._rotate_site,
        }
        for part in _parts(task):
            steps[part](run)
        self._write_down(run)
        run.save()

    def _rotate_data(self, run: Run) -> None:
        self._store.add_data_keys(run.task.task_id, self._clock.now())
        self._until_nothing(run, "rows", self._store.reseal, self._store.rows())
        run.count("data_keys", self._store.retire_data_keys(run.task.task_id, self._clock.now()))

    def _rotate_subjects(self, run: Run) -> None:
        rotation, people = run.task.task_id, self._store.people()

        def add() -> Iterator[Passed]:
            return self._store.add_subject_keys(rotation, self._clock.now())

        self._until_nothing(run, "people", add, people)
        needed: dict[str, set[bytes]] = {}
        with self._open_uow() as uow:
            run.begin(uow.register.count())
        for passed in self._store.quoted_keys(needed):
            run.note(passed)
        kept = self._kept()

        def retire() -> Iterator[Passed]:
            return self._store.retire_subject_keys(needed, kept)

        self._until_nothing(run, "people_keys", retire, people)

    def _kept(self) -> datetime | None:
        """Return since when backups are kept; when nobody knows, all that ever were count."""
        try:
            return self._kept_from(self._clock.now())
        except StorageUnavailable:
            return datetime.min.replace(tzinfo=UTC)

    def _rotate_templates(self, run: Run) -> None:
        if self._templates is not None:
            run.count("templates", self._templates(run.task.by, run.show))

    def _rotate_site(self, run: Run) -> None:
        try:
            self._store.add_site_key(run.task.task_id)
        except StorageUnavailable as error:
            if run.task.spec.get("site"):
                raise
            run.lines.append(TaskLine("", BY_HAND, str(error)))
            return
        self._store.wrap_data_keys()
        people = self._store.people()
        self._until_nothing(run, "wrapped", self._store.wrap_subject_keys, people)
        self._store.retire_site_key(run.task.task_id, self._clock.now())
        self._after_site()
        run.count("site_keys", 1)

    def _until_nothing(
        self, run: Run, what: str, steps: Callable[[], Iterator[Passed]], total: int
    ) -> None:
        """Pass over everything until a pass has found nothing to do."""
        for _ in range(PASSES):
            run.begin(total)
            found = Passed()
            for passed in steps():
                found += passed
                run.count(what, passed.changed)
                run.note(passed)
            if found.found_nothing:
                return
            if found.busy:
                time.sleep(PAUSE)
        raise StorageUnavailable("Others write to the same rows all the time. Try again later.")

    def _write_down(self, run: Run) -> None:
        """Append the entry and the receipt, once however often the rotation was resumed."""
        task, now = run.task, self._clock.now()
        body = {"parts": [part.value for part in _parts(task)], "counts": dict(run.counts)}
        left = [line.code for line in run.lines]
        said = {"by": task.by, "rotation": task.task_id, **body, "left": left}
        receipt = Receipt(new_id(), ReceiptKind.ROTATION, now, said)
        entry = {"event": "keys: rotation done", "at": now.isoformat(), **said}
        entry["receipt"] = receipt.receipt_id
        try:
            with self._open_uow() as uow:
                once = f"keys rotated {task.task_id}"
                uow.register.append(NewEntry(EntryKind.TRUST, entry, once=once))
                uow.receipts.add(receipt)
                uow.commit()
        except AlreadyExists:
            return  # it was killed after it had written this down


def _parts(task: Task) -> list[Part]:
    found = task.spec.get("parts")
    return [Part(str(name)) for name in found] if isinstance(found, list) else []


def _latest(uow: UnitOfWork) -> Task | None:
    return newest(uow, KIND)


def _append(uow: UnitOfWork, event: str, task: Task, by: str, now: datetime) -> None:
    body = {
        "event": event,
        "at": now.isoformat(),
        "by": by,
        "rotation": task.task_id,
        "parts": [part.value for part in _parts(task)],
    }
    uow.register.append(NewEntry(EntryKind.TRUST, body))
