"""Exports of many people as long tasks; the file waits sealed until it is fetched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from rollbook.domain.files import BytesFile
from rollbook.domain.month import Month
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.subjects import Group, new_id
from rollbook.domain.task_ports import Task, TaskState
from rollbook.errors import NotFound
from rollbook.services.export import Exported, Exporter
from rollbook.services.kept_files import KeptFiles
from rollbook.services.tasks import TaskControl

KIND = "export"
MANY = 1_000  # people in one export; with more it is made in the background
KEPT_DAYS = 2  # so long the file can be fetched


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is to be exported: these groups, which the one who asks sees."""

    month: Month
    file_format: str
    groups: Sequence[Group]
    encrypt: bool
    user_id: str
    by: str


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A file that can be fetched."""

    name: str
    stream: BytesFile = field(repr=False)


class ExportDesk:
    """Makes exports, at once or in the background."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        exporter: Callable[[], Exporter],
        files: KeptFiles,
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._exporter = exporter
        self._files = files

    def groups(self, group_ids: Collection[str] | None) -> list[Group]:
        """Return these groups, or all, by name."""
        with self._open_uow() as uow:
            found = uow.groups.all()
        return [one for one in found if group_ids is None or one.group_id in group_ids]

    def is_large(self, order: ExportOrder) -> bool:
        """Return whether it would keep somebody waiting."""
        wanted = {group.group_id for group in order.groups}
        with self._open_uow() as uow:
            held = uow.groups.memberships()
        people = {
            m.subject_id for m in held if m.group_id in wanted and m.lasts_to(order.month.first_day)
        }
        return len(people) > MANY

    def export(self, order: ExportOrder) -> Exported:
        """Return the file now.

        Raises:
            NotFound: no group is named; nobody must get everybody's by that.
        """
        names = [group.name for group in order.groups]
        if not names:
            raise NotFound("There is no group to export.")
        return self._exporter().export(
            order.month, order.file_format, names, encrypt=order.encrypt, by=order.by
        )

    def start(self, order: ExportOrder) -> Task:
        """Let the file be made in the background."""
        now = self._clock.now()
        spec: dict[str, object] = {
            "month": str(order.month),
            "format": order.file_format,
            "group_ids": [group.group_id for group in order.groups],
            "encrypt": order.encrypt,
        }
        task = Task(
            new_id(), KIND, order.user_id, order.by, now, now, TaskState.WAITING, spec, total=2
        )
        with self._open_uow() as uow:
            uow.tasks.add(task)
            uow.commit()
        return task

    def of(self, user_id: str) -> list[Task]:
        """Return the exports that an account has begun, newest first."""
        with self._open_uow() as uow:
            return [one for one in uow.tasks.all() if one.kind == KIND and one.user_id == user_id]

    def work(self, task: Task, control: TaskControl) -> None:
        """Make the file and keep it sealed; what was handed out is in the register before."""
        order = self._order(task)
        control.save(1, 2, {}, ())
        made = self.export(order)
        file = self._files.create()
        file.write(made.data)
        file.keep()
        file.close()
        kept = {"name": file.name, "key": file.key, "shown": made.name}
        control.task = replace(control.task, spec={**control.task.spec, "file": kept})
        control.save(2, 2, {}, ())

    def fetch(self, task_id: str, user_id: str, group_ids: Collection[str] | None) -> FinishedFile:
        """Return the file of an export to who sees all its groups today; None: every group.

        Raises:
            NotFound: it is not theirs, or no longer, not finished, or not there any more.
        """
        task = next((one for one in self.of(user_id) if one.task_id == task_id), None)
        kept = None if task is None else task.spec.get("file")
        if task is None or not isinstance(kept, dict) or not _is_seen(task, group_ids):
            raise NotFound("There is no such file any more. Export it again.")
        return FinishedFile(kept["shown"], self._files.open(kept["name"], kept["key"]))

    def _order(self, task: Task) -> ExportOrder:
        return ExportOrder(
            month=Month.parse(str(task.spec["month"])),
            file_format=str(task.spec["format"]),
            groups=self.groups(_group_ids(task)),
            encrypt=bool(task.spec["encrypt"]),
            user_id=task.user_id,
            by=task.by,
        )


def _group_ids(task: Task) -> frozenset[str]:
    wanted = task.spec.get("group_ids")
    return frozenset(map(str, wanted)) if isinstance(wanted, list) else frozenset()


def _is_seen(task: Task, group_ids: Collection[str] | None) -> bool:
    return group_ids is None or _group_ids(task) <= frozenset(group_ids)
