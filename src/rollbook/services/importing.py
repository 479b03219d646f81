"""Importing a roster: every line wholly or not at all; a second run changes only what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rollbook.domain.enrolment import INTAKE_TEXT, IntakeRefusal
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress, UnitOfWork
from rollbook.domain.subjects import Consent, Enrolled, Group, Subject, clean_name, new_id
from rollbook.errors import InvalidInput, RollbookError, StorageUnavailable, UnreadableImage
from rollbook.services.consenting import (
    ConsentTerms,
    record,
    require_guardians,
    was_withdrawn,
)
from rollbook.services.enrol import Enrolee, Enroller, Today
from rollbook.services.people import (
    by_name,
    clean_id,
    group_entry,
    join_group,
    require_distinguishable,
    subject_entry,
)
from rollbook.services.pictures import LocalPicture, PictureFile
from rollbook.services.roster_csv import NO, YES, RosterRow, RowError, read_roster
from rollbook.services.samples import ReadImage, open_picture


@dataclass(slots=True)
class ImportReport:
    """What came of a roster."""

    added: list[Subject] = field(default_factory=list)
    updated: list[Subject] = field(default_factory=list)
    unchanged: int = 0
    samples: int = 0
    errors: list[RowError] = field(default_factory=list)
    look_alikes: list[Enrolled] = field(default_factory=list)  # who resemble somebody
    stopped: bool = False

    @property
    def taken(self) -> int:
        return len(self.added) + len(self.updated) + self.unchanged


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one line wants."""

    subject: Subject
    old: Subject | None  # None: new
    consent: Consent | None
    group: str | None
    photo: PictureFile | None


FindPhoto = Callable[[str], PictureFile]
"""Returns the photograph that a line names; raises InvalidInput when it cannot be had."""


class Importer:
    """Takes in rosters."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        enroller: Callable[[], Enroller],
        read: ReadImage,
        today: Today,
        by: str | None = None,
    ) -> None:
        """`enroller` is only asked for when a line has a photograph; `by` is who acts."""
        self._open_uow = open_uow
        self._by = by
        self._clock = clock
        self._enroller = enroller
        self._read = read
        self._today = today
        self._named: dict[str, list[Subject]] = {}

    def run(
        self, roster: Path, default_terms: ConsentTerms | None, progress: Progress | None = None
    ) -> ImportReport:
        """Take in a roster; photographs are looked for beside it, and nowhere else.

        `default_terms` say what a plain "yes" in the consent column means.

        Raises:
            InvalidInput: the file cannot be read, or is no table with a name column.
        """
        rows = list(read_roster(_bytes_of(roster)))
        folder = roster.resolve().parent
        report = ImportReport()
        try:
            for done in self.work(rows, partial(_beside, folder), default_terms, report):
                if progress:
                    progress(done, len(rows))
        except KeyboardInterrupt:
            report.stopped = True
        return report

    def work(
        self,
        rows: Sequence[RosterRow | RowError],
        find: FindPhoto,
        default_terms: ConsentTerms | None,
        report: ImportReport,
        *,
        start: int = 0,
    ) -> Iterator[int]:
        """Take in the lines after the first `start`; yield how many are done after each one."""
        with self._open_uow() as uow:
            self._named = by_name(uow.subjects.all())
        seen: dict[str, RosterRow] = {}
        for done, row in enumerate(rows, 1):
            error = row if isinstance(row, RowError) else _repeated(row, seen)
            if done <= start:
                continue
            if error is None and isinstance(row, RosterRow):
                error = self._take(row, find, default_terms, report)
            if error is not None:
                report.errors.append(error)
            yield done

    def _take(
        self, row: RosterRow, find: FindPhoto, terms: ConsentTerms | None, report: ImportReport
    ) -> RowError | None:
        """Write one line, or return why nothing of it was written."""
        try:
            plan = self._plan(row, find, terms)
            enrolled = None if plan.photo is None else self._enrol(plan, plan.photo)
            samples = enrolled.added if enrolled else 0
            changed = samples > 0 or self._write(plan)
        except StorageUnavailable:
            raise  # every other line would fail in the same way
        except RollbookError as error:
            return RowError(row.line, str(error))
        self._remember(plan)
        report.samples += samples
        if enrolled is not None and enrolled.look_alikes:
            report.look_alikes.append(enrolled)
        if plan.old is None:
            report.added.append(plan.subject)
        elif changed:
            report.updated.append(plan.subject)
        else:
            report.unchanged += 1
        return None

    def _plan(self, row: RosterRow, find: FindPhoto, terms: ConsentTerms | None) -> _Plan:
        name, external_id = clean_name(row.name), clean_id(row.external_id)
        group = clean_name(row.group) if row.group else None
        photo = find(row.photo) if row.photo else None
        with self._open_uow() as uow:
            old = self._known(uow, name, external_id)
            subject = old or Subject(new_id(), name, external_id)
            subject = replace(subject, name=name, external_id=external_id or subject.external_id)
            if row.minor is not None:
                subject = replace(subject, minor=row.minor)
            require_distinguishable(subject, self._named.get(name, []))
            consent = self._consent(uow, row, subject, terms)
        return _Plan(subject, old, consent, group, photo)

    def _known(self, uow: UnitOfWork, name: str, external_id: str | None) -> Subject | None:
        """Return whom a line means: by external id, or by the name where it has none."""
        if external_id is not None:
            return uow.subjects.by_external_id(external_id)
        named = self._named.get(name, [])
        if len(named) > 1:
            raise InvalidInput(INTAKE_TEXT[IntakeRefusal.SAME_NAME])
        return named[0] if named else None

    def _remember(self, plan: _Plan) -> None:
        """Keep the names of everybody up to date without reading them again for each line."""
        if plan.old is not None:
            self._named[plan.old.name].remove(plan.old)
        self._named.setdefault(plan.subject.name, []).append(plan.subject)

    def _consent(
        self, uow: UnitOfWork, row: RosterRow, subject: Subject, terms: ConsentTerms | None
    ) -> Consent | None:
        """Return the consent that has to be recorded, or None when there is no new one."""
        said, now = _terms(row, terms), self._clock.now()
        earlier = uow.consents.of(subject.subject_id)
        if subject.minor and said is None:
            require_guardians(earlier, now)
        if said is None:
            if _says_no(row) and any(consent.covers(now) for consent in earlier):
                raise InvalidInput(INTAKE_TEXT[IntakeRefusal.CONSENT_IN_FORCE])
            return None
        if was_withdrawn(earlier):
            raise InvalidInput(INTAKE_TEXT[IntakeRefusal.CONSENT_WITHDRAWN])
        if any(c.text_id == said.text_id and c.covers(now) for c in earlier):
            if subject.minor:
                require_guardians(earlier, now)
            return None
        return said.consent_of(subject.subject_id, now, minor=subject.minor)

    def _enrol(self, plan: _Plan, photo: PictureFile) -> Enrolled:
        """Enrol the photograph and write all else with it, unless it was enrolled before."""
        is_new, also = plan.old is None, self._also(plan)
        who = Enrolee(plan.subject, plan.consent, is_new=is_new, also=also, by=self._by)
        enroller = self._enroller()
        enroller.require_consent(who)
        outcome = enroller.enrol(who, [open_picture(photo, photo.name, self._read)])
        if outcome.refused:
            raise InvalidInput(
                "%(name)s: %(sentence)s", name=photo.name, sentence=outcome.refused[0].sentence
            )
        return outcome

    def _write(self, plan: _Plan) -> bool:
        """Write a line without a new photograph; return whether anything changed."""
        with self._open_uow() as uow:
            uow.register.hold()
            before = uow.register.count()
            if plan.old is None:
                uow.subjects.add(plan.subject)
                self._log(uow, "added", plan.subject.subject_id)
            if plan.consent is not None:
                record(uow, plan.consent, by=self._by)
            self._also(plan)(uow)
            changed = uow.register.count() > before
            if changed:
                uow.commit()
        return changed

    def _also(self, plan: _Plan) -> Callable[[UnitOfWork], None]:
        """Return what writes a changed name and the group."""

        def write(uow: UnitOfWork) -> None:
            subject_id = plan.subject.subject_id
            if plan.old is not None and plan.subject != plan.old:
                uow.subjects.update(plan.subject)
                self._log(uow, "renamed", subject_id)
            if plan.group is not None:
                group_id, today = self._group(uow, plan.group).group_id, self._today()
                join_group(uow, group_id, subject_id, today, self._clock, by=self._by)

        return write

    def _log(self, uow: UnitOfWork, event: str, subject_id: str) -> None:
        uow.register.append(subject_entry(event, subject_id, self._clock, by=self._by))

    def _group(self, uow: UnitOfWork, name: str) -> Group:
        found = uow.groups.by_name(name)
        if found is None:
            found = Group(new_id(), name)
            uow.groups.add(found)
            uow.register.append(group_entry(found, self._clock, by=self._by))
        return found


def _bytes_of(roster: Path) -> bytes:
    try:
        return roster.read_bytes()
    except OSError as error:
        raise InvalidInput(
            "%(roster)s cannot be read: %(reason)s.", roster=roster, reason=error.strerror
        ) from error


def _repeated(row: RosterRow, seen: dict[str, RosterRow]) -> RowError | None:
    """Refuse a line that cannot be told apart from an earlier one."""
    if row.external_id is not None:
        earlier = seen.setdefault(f"id {row.external_id}", row)
        if earlier is not row:
            return RowError(row.line, f"Line {earlier.line} has the same external id.")
    earlier = seen.setdefault(f"name {row.name}", row)
    if earlier is row or (row.external_id is not None and earlier.external_id is not None):
        return None
    sentence = f"Line {earlier.line} has the same name. Give both an external id."
    return RowError(row.line, sentence)


def _says_no(row: RosterRow) -> bool:
    return (row.consent or "").casefold() in NO


def _terms(row: RosterRow, default: ConsentTerms | None) -> ConsentTerms | None:
    """Return what the line's consent cell says: a text's id, or yes or no."""
    said = (row.consent or "").casefold()
    if not said or _says_no(row):
        return None
    text_id = row.consent or ""
    if said in YES:
        if default is None:
            raise InvalidInput("Which text was agreed to? Say it with: --consent TEXT-ID")
        text_id = default.text_id
    default = default or ConsentTerms("", "")
    guardian = row.guardian or default.guardian
    given_by = row.given_by or default.given_by or guardian
    if not given_by:
        raise InvalidInput("Who gave the consent? Add a column `given by`, or --given-by WHO.")
    return ConsentTerms(
        text_id,
        given_by,
        default.language,
        row.until or default.retain_until,
        guardian,
        default.crops if row.crops is None else row.crops,
    ).cleaned()


def _beside(folder: Path, photo: str) -> LocalPicture:
    """Return the photograph's file; links and `../` may not lead out of the folder."""
    path = folder / photo.replace("\\", "/")
    try:
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreadableImage(
            "There is no file %(photo)r beside the roster.", photo=photo
        ) from error
    if not resolved.is_relative_to(folder):
        raise InvalidInput(
            "%(photo)r lies outside of the roster's folder. Copy it into it.", photo=photo
        )
    return LocalPicture(resolved)
