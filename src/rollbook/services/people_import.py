"""Bulk import of people: looked through first, then worked off as a task, person by person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from rollbook.domain.files import BytesFile
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.subjects import EnrolmentRefused, Subject, new_id
from rollbook.domain.task_ports import Task, TaskLine, TaskState
from rollbook.errors import InvalidInput, RollbookError
from rollbook.services.archive import PhotoArchive, find_photo, plan_archive
from rollbook.services.consenting import ConsentTerms
from rollbook.services.enrol import Enroller, Today
from rollbook.services.enrol_folder import FolderEnroller, FolderReport, Wishes
from rollbook.services.folders import FolderPlan
from rollbook.services.importing import Importer, ImportReport
from rollbook.services.people import by_name
from rollbook.services.roster_csv import LARGEST, YES, RosterRow, RowError, read_roster
from rollbook.services.samples import ReadImage
from rollbook.services.tasks import KEPT, TaskControl

KIND = "people import"
FILES_KEPT = timedelta(days=2)  # of drafts and of imports that were stopped

MakeEnroller = Callable[[Callable[[], None]], Enroller]
"""Gives an enroller; what it is given is called before each picture and may end the work."""


class KeptFiles(Protocol):
    """Uploaded files that lie sealed until they are worked on."""

    def open(self, name: str, key: str) -> BytesFile: ...

    def delete(self, name: str) -> None: ...

    def purge(self, kept: frozenset[str]) -> int: ...


@dataclass(frozen=True, slots=True)
class KeptFile:
    """Where an uploaded file lies, and what opens it."""

    name: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do, found without opening a single picture."""

    by_table: bool
    new: tuple[str, ...]  # names
    known: tuple[str, ...]
    refused: tuple[TaskLine, ...]
    pictures: int
    agreeing: int  # lines of a table that say yes without naming a text
    total: int
    unnamed: int = 0  # pictures of the archive that no line of the table names


@dataclass(frozen=True, slots=True)
class _Opened:
    """What an import works from."""

    rows: tuple[RosterRow | RowError, ...] | None  # of the table, where there is one
    beside: tuple[str, ...]  # the folder of a table in the archive
    archive: PhotoArchive | None


class PeopleImport:
    """Looks through uploads, and does the work of the task."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        files: KeptFiles,
        make_enroller: MakeEnroller,
        read: ReadImage,
        today: Today,
        suffixes: frozenset[str],
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._files = files
        self._make_enroller = make_enroller
        self._read = read
        self._today = today
        self._suffixes = suffixes

    def draft(
        self, user_id: str, by: str, archive: KeptFile | None, table: KeptFile | None
    ) -> Task:
        """Look through an upload and keep it as a draft.

        Raises:
            InvalidInput: nothing in it can be used; its files are deleted.
        """
        now = self._clock.now()
        spec = {"archive": _packed(archive), "table": _packed(table)}
        task = Task(new_id(), KIND, user_id, by, now, now, spec=spec)
        try:
            preview = self.preview(task)
        except RollbookError:
            self.forget(task)
            raise
        if not preview.total:
            self.forget(task)
            raise InvalidInput("There is nobody in it: neither folders with pictures nor a table.")
        task = replace(task, total=preview.total)
        with self._open_uow() as uow:
            uow.tasks.add(task)
            uow.commit()
        return task

    def preview(self, task: Task) -> ImportPreview:
        """Return what the import would do."""
        with self._opened(task) as found, self._open_uow() as uow:
            people = uow.subjects.all()
            if found.rows is not None:
                return _preview_table(found, people, self._suffixes)
            return _preview_folders(self._plan(found), people)

    def start(
        self,
        task: Task,
        terms: ConsentTerms | None,
        group_id: str | None,
        *,
        minors: bool = False,
    ) -> bool:
        """Let the work begin; False when it began already.

        `minors` says that whoever is new in an archive of folders is a minor.

        Raises:
            InvalidInput: the consent says nothing, is over, or names no guardian of minors.
        """
        told = None if terms is None else terms.cleaned()
        if told is not None:
            told.consent_of("", self._clock.now(), minor=minors)  # refuses one that is over
        spec = {
            **task.spec,
            "terms": _terms_json(told),
            "group_id": group_id,
            "minors": minors,
        }
        with self._open_uow() as uow:
            moved = uow.tasks.move(
                task.task_id, [TaskState.DRAFT], TaskState.WAITING, self._clock.now()
            )
            if moved:
                uow.tasks.amend(replace(task, spec=spec))
            uow.commit()
        return moved

    def work(self, task: Task, control: TaskControl) -> None:
        """Do what is left of the task; its files are deleted when all is through."""
        with self._opened(task, control.check) as found:
            if found.rows is not None:
                self._take_in_table(task, control, found, found.rows)
            else:
                self._take_in_folders(task, control, self._plan(found))
        self.forget(task)

    def discard(self, task: Task) -> None:
        """Delete a task that nobody works on, with its files."""
        self.forget(task)
        with self._open_uow() as uow:
            uow.tasks.delete(task.task_id)
            uow.commit()

    def tidy(self) -> None:
        """Delete what was left: drafts nobody began, old reports, and files of no task."""
        now, kept = self._clock.now(), set[str]()
        with self._open_uow() as uow:
            every = uow.tasks.all()
        kept |= _waiting_reports(every, now)
        found = [task for task in every if task.kind == KIND]
        for task in found:
            waits = task.state.is_busy or now - task.updated_at < FILES_KEPT
            if waits and task.state is not TaskState.DONE:
                kept |= kept_files(task)
            elif task.state is TaskState.DRAFT or now - task.updated_at > KEPT:
                self.discard(task)
        self._files.purge(frozenset(kept))

    def forget(self, task: Task) -> None:
        """Delete the uploaded files of a task."""
        for kept in (_file(task, "archive"), _file(task, "table")):
            if kept is not None:
                self._files.delete(kept.name)

    def _plan(self, found: _Opened) -> FolderPlan:
        if found.archive is None:
            raise InvalidInput("Upload a ZIP archive, a table, or both.")
        return plan_archive(found.archive, self._suffixes)

    def _take_in_folders(self, task: Task, control: TaskControl, plan: FolderPlan) -> None:
        enroller = self._make_enroller(control.check)
        folders = FolderEnroller(self._open_uow, self._clock, enroller, self._read, self._suffixes)
        group_id = task.spec.get("group_id")
        groups = (str(group_id),) if group_id else ()
        minors = bool(task.spec.get("minors"))
        wishes = Wishes(_terms(task) or _no_terms(), groups, by=task.by, minors=minors)
        report = FolderReport(refused=[] if task.done else list(plan.refused))
        total, done = len(plan.people), task.done
        for done in folders.work(plan.people, wishes, report, start=task.done):
            control.save(done, total, _folder_counts(task, report), _folder_lines(task, report))
        control.save(total, total, _folder_counts(task, report), _folder_lines(task, report))

    def _take_in_table(
        self,
        task: Task,
        control: TaskControl,
        found: _Opened,
        rows: Sequence[RosterRow | RowError],
    ) -> None:
        made: list[Enroller] = []

        def enroller() -> Enroller:
            if not made:
                made.append(self._make_enroller(control.check))
            return made[0]

        importer = Importer(
            self._open_uow, self._clock, enroller, self._read, self._today, by=task.by
        )
        report = ImportReport()
        find = partial(find_photo, found.archive, found.beside)
        for done in importer.work(rows, find, _terms(task), report, start=task.done):
            control.save(done, len(rows), _table_counts(task, report), _table_lines(task, report))

    @contextmanager
    def _opened(self, task: Task, check: Callable[[], None] = lambda: None) -> Iterator[_Opened]:
        archive, table = _file(task, "archive"), _file(task, "table")
        if archive is None:
            yield _Opened(self._table(table), (), None)
            return
        with self._files.open(archive.name, archive.key) as stream:
            photos = PhotoArchive(stream, check)
            rows, beside = self._table(table), ()
            if rows is None and (inside := photos.table()) is not None:
                rows = tuple(read_roster(photos.read(inside, LARGEST)))
                yield _Opened(rows, inside.parts[:-1], photos)
                return
            yield _Opened(rows, beside, photos)

    def _table(self, kept: KeptFile | None) -> tuple[RosterRow | RowError, ...] | None:
        if kept is None:
            return None
        with self._files.open(kept.name, kept.key) as stream:
            return tuple(read_roster(stream.read(LARGEST + 1)))


def _preview_folders(plan: FolderPlan, people: Sequence[Subject]) -> ImportPreview:
    names = by_name(people)
    ids = {person.external_id for person in people if person.external_id}
    known = [one.name for one in plan.people if one.name in names or one.name in ids]
    new = [one.name for one in plan.people if one.name not in names and one.name not in ids]
    return ImportPreview(
        by_table=False,
        new=tuple(new),
        known=tuple(known),
        refused=tuple(_line(one) for one in plan.refused),
        pictures=sum(len(one.files) for one in plan.people),
        agreeing=0,
        total=len(plan.people),
    )


def _preview_table(
    found: _Opened, people: Sequence[Subject], suffixes: frozenset[str]
) -> ImportPreview:
    names = by_name(people)
    ids = {person.external_id for person in people if person.external_id}
    new, known, refused = list[str](), list[str](), list[TaskLine]()
    pictures = agreeing = 0
    for row in found.rows or ():
        if isinstance(row, RowError):
            refused.append(_row_line(row))
            continue
        has = row.external_id in ids if row.external_id else row.name in names
        (known if has else new).append(row.name)
        agreeing += (row.consent or "").casefold() in YES
        if row.photo:
            pictures += 1
            problem = _missing(found, row)
            if problem is not None:
                refused.append(problem)
    return ImportPreview(
        by_table=True,
        new=tuple(new),
        known=tuple(known),
        refused=tuple(refused),
        pictures=pictures,
        agreeing=agreeing,
        total=len(found.rows or ()),
        unnamed=_unnamed(found, suffixes),
    )


def _unnamed(found: _Opened, suffixes: frozenset[str]) -> int:
    """Count the pictures of the archive that no line names; they would be left out in silence."""
    if found.archive is None:
        return 0
    there = {parts for parts, one in found.archive.members.items() if one.suffix in suffixes}
    for row in found.rows or ():
        if isinstance(row, RosterRow) and row.photo:
            with suppress(InvalidInput):  # told in the line's own place
                picture = find_photo(found.archive, found.beside, row.photo)
                there.discard(picture.member.parts)
    return len(there)


def _missing(found: _Opened, row: RosterRow) -> TaskLine | None:
    try:
        find_photo(found.archive, found.beside, row.photo or "")
    except InvalidInput as error:
        return _row_line(RowError(row.line, str(error)))
    return None


def _line(refused: EnrolmentRefused) -> TaskLine:
    return TaskLine(refused.what, refused.code, refused.sentence, refused.candidate_id or "")


def _row_line(error: RowError) -> TaskLine:
    return TaskLine(str(error.line), "", error.sentence)


def _folder_counts(task: Task, report: FolderReport) -> dict[str, int]:
    return _added_to(
        task,
        people=len(report.enrolled),
        samples=report.samples,
        unchanged=len(report.already),
    )


def _table_counts(task: Task, report: ImportReport) -> dict[str, int]:
    return _added_to(
        task,
        people=len(report.added),
        updated=len(report.updated),
        samples=report.samples,
        unchanged=report.unchanged,
    )


def _added_to(task: Task, **counts: int) -> dict[str, int]:
    """Return what this run did and those before it."""
    return {name: count + task.counts.get(name, 0) for name, count in counts.items()}


def _folder_lines(task: Task, report: FolderReport) -> list[TaskLine]:
    return [*task.lines, *(_line(one) for one in report.refused)]


def _table_lines(task: Task, report: ImportReport) -> list[TaskLine]:
    return [*task.lines, *(_row_line(one) for one in report.errors)]


def _packed(file: KeptFile | None) -> list[str] | None:
    return None if file is None else [file.name, file.key]


def _file(task: Task, what: str) -> KeptFile | None:
    packed: Any = task.spec.get(what)
    return None if packed is None else KeptFile(str(packed[0]), str(packed[1]))


def _terms_json(terms: ConsentTerms | None) -> Mapping[str, object] | None:
    if terms is None:
        return None
    until = None if terms.retain_until is None else terms.retain_until.isoformat()
    return {
        "text_id": terms.text_id,
        "given_by": terms.given_by,
        "retain_until": until,
        "guardian": terms.guardian,
        "language": terms.language,
        "crops": terms.crops,
    }


def _terms(task: Task) -> ConsentTerms | None:
    told: Any = task.spec.get("terms")
    if told is None:
        return None
    until = told["retain_until"]
    ends = None if until is None else date.fromisoformat(until)
    return ConsentTerms(
        told["text_id"],
        told["given_by"],
        told.get("language", ""),
        ends,
        told.get("guardian", ""),
        crops=told.get("crops", True),
    )


def _no_terms() -> ConsentTerms:
    raise InvalidInput("Say which text was agreed to, and who agreed.")


def kept_files(task: Task) -> frozenset[str]:
    """Return the names of the files that a task still needs."""
    files = (_file(task, "archive"), _file(task, "table"))
    return frozenset(file.name for file in files if file is not None)


def _waiting_reports(tasks: Iterable[Task], now: datetime) -> set[str]:
    """Return the files of reports that came by themselves and can still be fetched."""
    kept = set()
    for task in tasks:
        file = task.spec.get("file")
        if isinstance(file, Mapping) and str(task.spec.get("kept_until", "")) > now.isoformat():
            kept.add(str(file["name"]))
    return kept
