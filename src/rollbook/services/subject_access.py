"""All that is held about one person, gathered and handed out to them.

It follows the tables: each that may hold something of a person has a section in
`domain.held_data.SECTIONS`, which a test compares with what erasure deletes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rollbook.domain.accounts import User
from rollbook.domain.attendance import Mark, record_of
from rollbook.domain.explanation import explain
from rollbook.domain.files import BytesFile
from rollbook.domain.held_data import Held, Row, plain, role_of
from rollbook.domain.messages import Queued
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import Entry, EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import Task, TaskState
from rollbook.errors import NotFound
from rollbook.services.kept_files import KeptFiles
from rollbook.services.own_record import own_marks, own_sessions
from rollbook.services.tasks import TaskControl

KIND = "subject access"
BY_COMMAND = "command line"
LANGUAGES = ("en", "de")
KEPT_DAYS = 2  # so long a finished archive can be fetched
OPENED = 2_000  # seals that are opened between two signs of life

Progress = Callable[[int, int], None]
Write = Callable[[Held, str], bytes]
"""Returns the archive (ZIP) of what is held, in a language."""


@dataclass(frozen=True, slots=True)
class Given:
    """An archive that was made, and the receipt of it."""

    data: bytes = field(repr=False)
    receipt: Receipt


class SubjectAccess:
    """Gathers, writes and hands out."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        write: Write,
        files: KeptFiles,
        facts: Callable[[], Mapping[str, object]],
        text_of: Callable[[str], str | None] = lambda text_id: None,
    ) -> None:
        """`facts` are of the site; `text_of` gives the text that a consent was given to."""
        self._open_uow = open_uow
        self._clock = clock
        self._write = write
        self._files = files
        self._facts = facts
        self._text_of = text_of

    def give(
        self, subject_id: str, language: str, by: str = BY_COMMAND, progress: Progress | None = None
    ) -> Given:
        """Return the archive; that it was given is in the register, with a receipt.

        Raises:
            NotFound: there is no such person.
        """
        held = self.collect(subject_id, progress or (lambda done, total: None))
        data = self._write(held, language if language in LANGUAGES else LANGUAGES[0])
        return Given(data, self._note(subject_id, by, held, len(data)))

    def collect(self, subject_id: str, progress: Progress) -> Held:
        """Return what is held about the person."""
        now = self._clock.now()
        with self._open_uow() as uow:
            person, account = uow.subjects.get(subject_id), uow.users.of_subject(subject_id)
            samples = uow.references.of(subject_id)
            sections: dict[str, Sequence[Row]] = {
                "person": [plain(person)],
                "groups": _groups(uow, subject_id),
                "consents": [self._consent(one) for one in uow.consents.of(subject_id)],
                "samples": [
                    plain(one, space=str(one.template.space), numbers=len(one.template.values))
                    for one in samples
                ],
                "absences": [plain(a) for a in uow.absences.of([subject_id]).get(subject_id, ())],
                "requests": [plain(one) for one in uow.requests.of(subject_id)],
                "codes": [plain(one) for one in uow.credentials.of(subject_id).values()],
                "contacts": [plain(one) for one in uow.recipients.of_subjects([subject_id])],
                "messages": [_message(one) for one in uow.outbox.of_subject(subject_id)],
                "tasks": _tasks(uow, subject_id, account),
                "unsure_faces": _unsure(uow, subject_id),
                "receipts": _receipts(uow, subject_id),
                **_account(uow, account),
            }
            entries = _entries(uow, subject_id, progress)
            sections["attendance"] = list(self._attendance(uow, subject_id, entries))
            sections["entries"] = [_entry(e) for e in entries if e.kind is not EntryKind.MARK]
        numbered = list(enumerate(samples, 1))
        return Held(
            name=person.name,
            at=now,
            sections=sections,
            pictures={f"{n}.jpg": s.crop.jpeg for n, s in numbered if s.crop is not None},
            templates={f"{n}.csv": s.template.values.tolist() for n, s in numbered},
            facts=self._facts(),
        )

    def _consent(self, consent: object) -> Row:
        text = self._text_of(str(getattr(consent, "text_id", "")))
        return plain(consent, text=text)

    def _attendance(
        self, uow: UnitOfWork, subject_id: str, entries: Sequence[Entry]
    ) -> Iterator[Row]:
        """Yield the sessions of the person's groups, and all others in which they have marks."""
        now = self._clock.now()
        expected = own_sessions(uow, subject_id)
        marked = {e.session_id for e in entries if e.kind is EntryKind.MARK and e.session_id}
        others = uow.sessions.some(marked - {one.session_id for one in expected}).values()
        every = sorted([*expected, *others], key=lambda s: (s.business_date, s.starts_at))
        sessions = [s for s in every if s.state.counts]
        marks = own_marks(uow, subject_id, [one.session_id for one in sessions])
        names = {group.group_id: group.name for group in uow.groups.all()}
        for session in sessions:
            record = record_of(session, subject_id, marks[session.session_id], now)
            yield {
                "day": session.business_date.isoformat(),
                "session": session.title,
                "group": names.get(session.group_id, ""),
                "status": record.status.value,
                "why": explain(replace(record, marks=tuple(map(_by_role, record.marks)))),
                "marks": [plain(mark) for mark in record.marks],
            }

    def _note(self, subject_id: str, by: str, held: Held, size: int) -> Receipt:
        counts = {name: len(rows) for name, rows in held.sections.items()}
        body = {"subject_id": subject_id, "by": by, "sections": counts, "bytes": size}
        receipt = Receipt(new_id(), ReceiptKind.ACCESS, self._clock.now(), body)
        with self._open_uow() as uow:
            uow.register.hold()
            signed = uow.receipts.add(receipt)
            told = {"event": "access given", "by": by, "subject_id": subject_id}
            at = self._clock.now().isoformat()
            entry = {**told, "at": at, "receipt": receipt.receipt_id, "faces": len(held.pictures)}
            uow.register.append(NewEntry(EntryKind.TRUST, entry))
            uow.commit()
        return signed

    def start(self, subject_id: str, language: str, user_id: str, by: str) -> Task:
        """Let the archive be made in the background; one at a time for each person and asker."""
        now = self._clock.now()
        spec: dict[str, object] = {"subject_id": subject_id, "language": language}
        task = Task(new_id(), KIND, user_id, by, now, now, TaskState.WAITING, spec)
        with self._open_uow() as uow:
            uow.register.hold()
            for other in self._own(uow, subject_id, user_id):
                if other.state.is_busy:
                    return other
                self._drop(uow, other)
            uow.tasks.add(task)
            uow.commit()
        return task

    def of(self, subject_id: str, user_id: str) -> Task | None:
        """Return the newest archive that this account has asked for about the person."""
        with self._open_uow() as uow:
            return next(iter(self._own(uow, subject_id, user_id)), None)

    def work(self, task: Task, control: TaskControl) -> None:
        """Make the archive and keep it sealed until it is fetched."""
        spec = task.spec

        def progress(done: int, total: int) -> None:
            control.save(done, total, {}, ())

        made = self.give(str(spec["subject_id"]), str(spec["language"]), task.by, progress)
        file = self._files.create()
        file.write(made.data)
        file.keep()
        file.close()
        kept = {"name": file.name, "key": file.key}
        control.task = replace(control.task, spec={**control.task.spec, "file": kept})
        total = max(1, control.task.total)
        control.save(total, total, {}, ())

    def fetch(self, task_id: str, subject_id: str, user_id: str) -> BytesFile:
        """Return a finished archive to who asked for it.

        Raises:
            NotFound: it is not theirs, not about this person, not finished, or not there any more.
        """
        task = self.of(subject_id, user_id)
        kept = None if task is None else task.spec.get("file")
        if task is None or task.task_id != task_id or not isinstance(kept, dict):
            raise NotFound("There is no such archive any more. Ask for it again.")
        return self._files.open(str(kept["name"]), str(kept["key"]))

    def _own(self, uow: UnitOfWork, subject_id: str, user_id: str) -> list[Task]:
        wanted = (KIND, user_id, subject_id)
        tasks = uow.tasks.all()
        return [t for t in tasks if (t.kind, t.user_id, t.spec.get("subject_id")) == wanted]

    def _drop(self, uow: UnitOfWork, task: Task) -> None:
        kept = task.spec.get("file")
        if isinstance(kept, dict):
            self._files.delete(str(kept["name"]))
        uow.tasks.delete(task.task_id)


def _by_role(mark: Mark) -> Mark:
    return replace(mark, by=role_of(mark.by))


def _groups(uow: UnitOfWork, subject_id: str) -> list[Row]:
    names = {group.group_id: group.name for group in uow.groups.all()}
    held = uow.groups.memberships(subject_id=subject_id)
    return [plain(one, group=names.get(one.group_id, "")) for one in held]


def _account(uow: UnitOfWork, account: User | None) -> dict[str, Sequence[Row]]:
    if account is None:
        return {"account": [], "browsers": [], "passkeys": [], "programs": []}
    mine = account.user_id
    teaches = [plain(one) for one in uow.staff.of_user(mine)]
    second = sorted(name for name in account.secrets if name != "code")
    known = plain(account, password_set=account.password is not None)
    return {
        "account": [{**known, "second_factors": second, "groups_taught": teaches}],
        "browsers": [
            {"seen_at": s.seen_at.isoformat(), "ends_at": s.expires_at.isoformat()}
            for _handle, s in uow.web_sessions.of_user(mine)
        ],
        "passkeys": [plain(one) for one in uow.passkeys.of_user(mine)],
        "programs": [plain(one) for one in uow.tokens.all(mine)],
    }


def _tasks(uow: UnitOfWork, subject_id: str, account: User | None) -> list[Row]:
    mine = None if account is None else account.user_id
    return [
        {"kind": t.kind, "asked_at": t.created_at.isoformat(), "state": t.state.value}
        for t in uow.tasks.all()
        if t.user_id == mine or t.spec.get("subject_id") == subject_id
    ]


def _unsure(uow: UnitOfWork, subject_id: str) -> list[Row]:
    """Return unsure faces that may be the person's; there are no pictures of them."""
    found: list[Row] = []
    for item in uow.reviews.all():
        candidates = item.body.get("candidates")
        scores = dict(candidates) if isinstance(candidates, list) else {}
        if subject_id in scores:
            told = {"seen_at": item.body.get("seen_at"), "score": scores[subject_id]}
            found.append({**told, "other_candidates": len(scores) - 1})
    return found


def _receipts(uow: UnitOfWork, subject_id: str) -> list[Row]:
    return [
        {"receipt": one.receipt_id, "kind": one.kind.value, "at": one.at.isoformat()}
        for one in uow.receipts.all()
        if one.body.get("subject_id") == subject_id
    ]


def _entries(uow: UnitOfWork, subject_id: str, progress: Progress) -> list[Entry]:
    """Return all that the register tells of the person, newest first."""
    total = uow.register.count()
    entries, before = list[Entry](), total + 1
    while before > 1:
        found, before = uow.register.search(
            subject_id, before=before, down_to=1, limit=OPENED, most=OPENED
        )
        entries += found
        progress(total + 1 - before, total)
    return [entry for entry in entries if _is_about(entry, subject_id)]


def _is_about(entry: Entry, subject_id: str) -> bool:
    """Return whether the person is whom it is about, and not only among those who look alike."""
    several = entry.body.get("subject_ids")
    one_of_many = isinstance(several, list) and subject_id in several
    return one_of_many or entry.body.get("subject_id") == subject_id


def _message(row: Queued) -> Row:
    over_at = None if row.over_at is None else row.over_at.isoformat()
    told = {"kind": row.event.kind.value, "state": row.state.value, "reason": row.reason}
    return {**told, "at": row.event.at.isoformat(), "ended_at": over_at}


def _entry(entry: Entry) -> Row:
    body = entry.body
    return {
        "number": entry.number,
        "at": body.get("at"),
        "kind": entry.kind.value,
        "what": body.get("event"),
        "by": role_of(body.get("by")),
    }
