"""Exports of many people as long tasks; the file waits sealed until it is fetched."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollbook.domain.files import BytesFile, FileLock
from rollbook.domain.manifests import SUFFIX
from rollbook.domain.month import Period, read_period
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress
from rollbook.domain.subjects import Group, new_id
from rollbook.domain.task_ports import Task, TaskState
from rollbook.errors import NotFound
from rollbook.services.announcing import announce_report
from rollbook.services.export import Exported, Exporter, Wanted
from rollbook.services.kept_files import KeptFiles
from rollbook.services.tasks import TaskControl

KIND = "export"
MANY = 1_000  # people in one export; with more it is made in the background
KEPT_DAYS = 2  # so long the file can be fetched
PERCENT = 100
MADE = 95  # percent of the work after making the file; the rest is keeping it


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is to be exported: these groups, which the one who asks sees."""

    month: Period
    file_format: str
    groups: Sequence[Group]
    encrypt: bool
    user_id: str
    by: str
    person_id: str | None = None
    lock: FileLock | None = field(default=None, repr=False)  # for a recipient's passphrase
    sign: bool = False  # then the file is a ZIP with its manifest
    hours: bool = False
    language: str = ""  # of the report; empty: the site's

    @property
    def wanted(self) -> Wanted:
        """What the exporter is asked for."""
        return Wanted(
            period=self.month,
            file_format=self.file_format,
            group_names=[group.name for group in self.groups],
            person_id=self.person_id,
            encrypt=self.encrypt,
            lock=self.lock,
            sign=self.sign,
            hours=self.hours,
            language=self.language,
        )


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

    def export(self, order: ExportOrder, progress: Progress | None = None) -> Exported:
        """Return the file now; one that is signed is a ZIP of it and its manifest.

        Raises:
            NotFound: no group is named; nobody must get everybody's by that.
        """
        if not order.groups:
            raise NotFound("There is no group to export.")
        return packed(self._exporter().hand_out(order.wanted, order.by, progress=progress))

    def start(self, order: ExportOrder) -> Task:
        """Let the file be made in the background."""
        task = self.task_of(order)
        with self._open_uow() as uow:
            uow.tasks.add(task)
            uow.commit()
        return task

    def task_of(self, order: ExportOrder, kept_for: timedelta | None = None) -> Task:
        """Return the work that a file is; `kept_for`: it came by itself, and is kept so long."""
        now = self._clock.now()
        spec: dict[str, object] = {
            "month": str(order.month),
            "format": order.file_format,
            "group_ids": [group.group_id for group in order.groups],
            "encrypt": order.encrypt,
            "person_id": order.person_id,
            "lock": None if order.lock is None else _lock_text(order.lock),
            "sign": order.sign,
            "hours": order.hours,
            "language": order.language,
        }
        if kept_for is not None:
            spec |= {"scheduled": True, "kept_until": (now + kept_for).isoformat()}
        waiting = TaskState.WAITING
        return Task(new_id(), KIND, order.user_id, order.by, now, now, waiting, spec, total=PERCENT)

    def of(self, user_id: str) -> list[Task]:
        """Return the exports that an account has begun, newest first."""
        with self._open_uow() as uow:
            return [one for one in uow.tasks.all() if one.kind == KIND and one.user_id == user_id]

    def work(self, task: Task, control: TaskControl) -> None:
        """Make the file and keep it sealed; what was handed out is in the register before."""
        order = self._order(task)
        made = self.export(order, _told(control))
        control.save(MADE, PERCENT, {}, ())
        file = self._files.create()
        file.write(made.data)
        file.keep()
        file.close()
        kept = {"name": file.name, "key": file.key, "shown": made.name}
        spec = {**control.task.spec, "file": kept, "lock": None}
        control.task = replace(control.task, spec=spec)
        control.save(PERCENT, PERCENT, {}, ())
        if control.task.spec.get("scheduled"):
            self._tell_owner(control.task)

    def _tell_owner(self, task: Task) -> None:
        """Let the owner of a report that came by itself know; after a kill it is written once."""
        until = datetime.fromisoformat(str(task.spec["kept_until"])).date()
        values = {"report": str(task.spec["month"]), "until": until.isoformat()}
        with self._open_uow() as uow:
            announce_report(uow, task.user_id, task.task_id, values, self._clock.now())
            uow.commit()

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
            month=read_period(str(task.spec["month"])),
            file_format=str(task.spec["format"]),
            groups=self.groups(_group_ids(task)),
            encrypt=bool(task.spec["encrypt"]),
            user_id=task.user_id,
            by=task.by,
            person_id=None if task.spec.get("person_id") is None else str(task.spec["person_id"]),
            lock=_lock(task.spec.get("lock")),
            sign=bool(task.spec.get("sign")),
            hours=bool(task.spec.get("hours")),
            language=str(task.spec.get("language") or ""),
        )


def _group_ids(task: Task) -> frozenset[str]:
    wanted = task.spec.get("group_ids")
    return frozenset(map(str, wanted)) if isinstance(wanted, list) else frozenset()


def _is_seen(task: Task, group_ids: Collection[str] | None) -> bool:
    return group_ids is None or _group_ids(task) <= frozenset(group_ids)


def packed(made: Exported) -> Exported:
    """Return a signed file together with its manifest, as a ZIP; any other as it is."""
    if made.manifest is None:
        return made
    both = io.BytesIO()
    with zipfile.ZipFile(both, "w", zipfile.ZIP_DEFLATED) as archive:
        at = made.manifest.made_at.timetuple()[:6]
        archive.writestr(zipfile.ZipInfo(made.name, at), made.data, zipfile.ZIP_DEFLATED)
        name = zipfile.ZipInfo(made.name + SUFFIX, at)
        archive.writestr(name, made.manifest.text(), zipfile.ZIP_DEFLATED)
    return replace(made, name=f"{made.name}.zip", data=both.getvalue())


def _told(control: TaskControl) -> Progress:
    """Return what tells how far the file is, in whole percent, and ends the work where it should.

    A task that is taken up again begins anew, and tells nothing until it is further than before.
    """

    def progress(done: int, total: int) -> None:
        control.check()
        percent = MADE * done // max(1, total)
        if percent > control.task.done:
            control.save(percent, PERCENT, {}, ())

    return progress


def _lock_text(lock: FileLock) -> dict[str, str]:
    """Return a lock as it is kept, sealed with the task, until the file is made."""
    return {"head": lock.head.decode(), "key": base64.b64encode(lock.key).decode()}


def _lock(kept: object) -> FileLock | None:
    if not isinstance(kept, Mapping):
        return None
    return FileLock(str(kept["head"]).encode(), base64.b64decode(str(kept["key"])))
