"""Enrolling a whole folder of people: batch by batch, one transaction a person, resumable."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rollbook.domain.enrolment import IntakeRefusal
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress, UnitOfWork
from rollbook.domain.subjects import (
    Consent,
    Enrolled,
    EnrolmentRefused,
    Subject,
    clean_name,
    new_id,
)
from rollbook.errors import ConsentMissing, FacesOff, UnreadableImage
from rollbook.services.consenting import ConsentTerms, was_withdrawn
from rollbook.services.enrol import Enrolee, Enroller, Examined, Rows
from rollbook.services.folders import PersonFolder, intake_refused, plan_folder
from rollbook.services.galleries import has_consent
from rollbook.services.people import by_name
from rollbook.services.pictures import PictureFile
from rollbook.services.samples import Picture, ReadImage, open_picture

BATCH = 16  # samples that are embedded at once
READERS = 2  # threads that decode pictures while the networks work
AHEAD = 6  # pictures that wait decoded, at most 30 MB each

Opened = Picture | EnrolmentRefused


@dataclass(slots=True)
class FolderReport:
    """What came of a folder, in the order in which it was worked off."""

    enrolled: list[Enrolled] = field(default_factory=list)
    already: list[Subject] = field(default_factory=list)  # nothing new in their folder
    refused: list[EnrolmentRefused] = field(default_factory=list)
    stopped: bool = False  # by Ctrl-C; whoever is in `enrolled` stays so

    @property
    def samples(self) -> int:
        return sum(person.added for person in self.enrolled)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What holds for everybody of a folder."""

    terms: ConsentTerms
    group_ids: tuple[str, ...] = ()  # that they are to belong to
    allowed: frozenset[str] = frozenset()  # names of people who only look like somebody known
    by: str | None = None  # who acts, as the register names them
    minors: bool = False  # whoever is new is a minor


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """One person whose pictures are to be looked at."""

    who: Enrolee
    files: tuple[PictureFile, ...]  # those that are not enrolled yet
    already: int
    number: int  # of the folder, from 1


class FolderEnroller:
    """Enrols `DIR/<name>/*.jpg` and `DIR/<name>.jpg`."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        enroller: Enroller,
        read: ReadImage,
        suffixes: frozenset[str],
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._enroller = enroller
        self._read = read
        self._suffixes = suffixes

    def run(
        self,
        folder: Path,
        terms: ConsentTerms,
        *,
        group_id: str | None = None,
        allow_duplicates: Iterable[str] = (),
        minors: bool = False,
        progress: Progress | None = None,
    ) -> FolderReport:
        """Enrol everybody; `allow_duplicates` names people who only look like somebody known.

        A run that was stopped or killed is taken up by the next one: whoever is enrolled stays
        so, and no picture is enrolled twice. Ctrl-C ends it with what was done so far.

        Raises:
            InvalidInput: there is no such folder, or the consent says nothing, is over, or names no
                guardian of minors.
        """
        plan = plan_folder(folder, self._suffixes)
        report = FolderReport(refused=list(plan.refused))
        wishes = Wishes(
            terms.cleaned(),
            (group_id,) if group_id else (),
            frozenset(clean_name(name) for name in allow_duplicates),
            minors=minors,
        )
        if minors:
            wishes.terms.require_guardian()
        try:
            for done in self.work(plan.people, wishes, report):
                if progress:
                    progress(done, len(plan.people))
        except KeyboardInterrupt:
            report.stopped = True
        return report

    def work(
        self,
        people: Sequence[PersonFolder],
        wishes: Wishes,
        report: FolderReport,
        *,
        start: int = 0,
    ) -> Iterator[int]:
        """Enrol people after the first `start`; yield how far it is whenever some are written.

        Whoever stops asking ends it there, with nobody half written.
        """
        pool = ThreadPoolExecutor(READERS, thread_name_prefix="read")
        try:
            tasks = self._tasks(people, wishes, report, start)
            for batch in self._batches(pool, tasks):
                self._store(batch, report)
                yield batch[-1][0].number
        finally:
            pool.shutdown(cancel_futures=True)

    def _tasks(
        self, people: Sequence[PersonFolder], wishes: Wishes, report: FolderReport, start: int
    ) -> Iterator[_Task]:
        """Yield whoever has pictures to look at; the others go straight into the report."""
        with self._open_uow() as uow:
            known = by_name(uow.subjects.all())
        for number, person in enumerate(people[start:], start + 1):
            report.refused.extend(person.refused)
            who = self._who(person.name, known, wishes.terms, minors=wishes.minors)
            if isinstance(who, EnrolmentRefused):
                report.refused.append(who)
                continue
            double = person.name in wishes.allowed
            groups = wishes.group_ids
            who = replace(who, group_ids=groups, allow_duplicate=double, by=wishes.by)
            files = self._new_files(who, person.files)
            if files:
                yield _Task(who, files, len(person.files) - len(files), number)
            elif person.files:
                self._enroller.join(who)
                report.already.append(who.subject)

    def _who(
        self,
        name: str,
        known: Mapping[str, list[Subject]],
        terms: ConsentTerms,
        *,
        minors: bool = False,
    ) -> Enrolee | EnrolmentRefused:
        """Return the person that a folder is named after: by external id, by name, or new."""
        now = self._clock.now()
        with self._open_uow() as uow:
            subject = uow.subjects.by_external_id(name)
            named = known.get(name, [])
            if subject is None and len(named) > 1:
                return intake_refused(name, IntakeRefusal.SAME_NAME)
            subject = subject or (named[0] if named else None)
            if subject is None:
                subject = Subject(new_id(), name, minor=minors)
                return Enrolee(subject, _consent(terms, subject, now), is_new=True)
            if has_consent(uow, subject.subject_id, now):
                return Enrolee(subject)
            if was_withdrawn(uow.consents.of(subject.subject_id)):
                return intake_refused(name, IntakeRefusal.CONSENT_WITHDRAWN)
            if subject.minor and not terms.guardian:
                return intake_refused(name, IntakeRefusal.NO_GUARDIAN)
        return Enrolee(subject, _consent(terms, subject, now))

    def _new_files(self, who: Enrolee, files: tuple[PictureFile, ...]) -> tuple[PictureFile, ...]:
        if who.is_new:
            return files
        with self._open_uow() as uow:
            return tuple(file for file in files if not _is_enrolled(uow, who.subject_id, file))

    def _batches(
        self, pool: ThreadPoolExecutor, tasks: Iterator[_Task]
    ) -> Iterator[list[tuple[_Task, Examined]]]:
        """Yield people with their samples, enough of them for one batch of the embedder."""
        batch: list[tuple[_Task, Examined]] = []
        waiting = 0
        for task, pictures in groupby(self._opened(pool, tasks), key=lambda job: job[0]):
            examined = self._examined(task, (picture for _, picture in pictures))
            batch.append((task, examined))
            waiting += len(examined.samples)
            if waiting >= BATCH or len(batch) >= BATCH:
                yield batch
                batch, waiting = [], 0
        if batch:
            yield batch

    def _examined(self, task: _Task, pictures: Iterable[Opened]) -> Examined:
        """Return what the pictures show; nothing is looked at of who withdrew meanwhile."""
        try:
            self._enroller.require_consent(task.who)
        except FacesOff:
            raise
        except ConsentMissing:
            return Examined((), (_withdrew(task),))
        return self._enroller.examine(task.who, pictures)

    def _opened(
        self, pool: ThreadPoolExecutor, tasks: Iterator[_Task]
    ) -> Iterator[tuple[_Task, Opened]]:
        """Yield each task's pictures in order; some that come next are decoded meanwhile."""
        ahead: deque[tuple[_Task, Future[Opened]]] = deque()
        for task in tasks:
            for file in task.files:
                what = f"{task.who.subject.name}/{file.name}"
                ahead.append((task, pool.submit(open_picture, file, what, self._read)))
                if len(ahead) > AHEAD:
                    first, picture = ahead.popleft()
                    yield first, picture.result()
        while ahead:
            first, picture = ahead.popleft()
            yield first, picture.result()

    def _store(self, batch: list[tuple[_Task, Examined]], report: FolderReport) -> None:
        rows = self._enroller.embed([examined for _, examined in batch])
        for (task, examined), own in zip(batch, rows, strict=True):
            outcome = self._stored(task, examined, own)
            report.refused.extend(outcome.refused)
            if outcome.added:
                already = task.already + outcome.already
                report.enrolled.append(replace(outcome, already=already))
            elif task.already:
                report.already.append(task.who.subject)

    def _stored(self, task: _Task, examined: Examined, rows: Rows) -> Enrolled:
        try:
            return self._enroller.store(task.who, examined, rows)
        except FacesOff:
            raise
        except ConsentMissing:
            return Enrolled(task.who.subject, 0, (_withdrew(task),))


def _withdrew(task: _Task) -> EnrolmentRefused:
    return intake_refused(task.who.subject.name, IntakeRefusal.CONSENT_WITHDRAWN)


def _consent(terms: ConsentTerms, subject: Subject, now: datetime) -> Consent:
    return terms.consent_of(subject.subject_id, now, minor=subject.minor)


def _is_enrolled(uow: UnitOfWork, subject_id: str, file: PictureFile) -> bool:
    try:
        return uow.references.has_source(subject_id, file.digest())
    except UnreadableImage:
        return False  # opening it will say why
