"""Deletes what is due by the site's rules: in small steps, noted, and with a signed receipt.

Each step is a transaction that also notes what it deleted. A run that was killed leaves its note;
the next one goes on from there, so that the receipt covers both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.purging import Found, Gone, OldLogs, PurgePlan, gone_from_json
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.retention import RetentionRules, Rule
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import Task, TaskLine
from rollbook.services.consenting import delete_samples
from rollbook.services.erasure_body import Begun
from rollbook.services.overdue import (
    SAMPLES,
    counted,
    log_end,
    old_absences,
    old_requests,
    old_tasks,
    people_due,
    tidied,
)
from rollbook.services.retention import asked_rules
from rollbook.services.single_tasks import begin_once, newest
from rollbook.services.tasks import TaskControl
from rollbook.services.tracing import keep_last_marks, last_marks, traces

TIMETABLE = "timetable"  # who acts when nobody asked
KIND, RECEIPT = "purge", "receipt"  # of the task, and of its line
NOTE = "purge begun"
BATCH = 20  # people, absences or requests in one transaction
LOG_PIECE = timedelta(days=7)  # one file of the log holds so much at most


class Unsure(Protocol):
    """The queue of unsure faces."""

    def overdue(self, uow: UnitOfWork, now: datetime) -> int: ...

    def forget(self, now: datetime) -> int: ...


class Eraser(Protocol):
    """Erases people in two steps, so that files are searched once for all."""

    def begin(self, subject_ids: Sequence[str], by: str) -> list[Begun]: ...

    def finish(self, begun: Sequence[Begun]) -> list[Receipt]: ...


class Purging:
    """Says what would go, and lets it go."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        zone: Callable[[], ZoneInfo],
        unsure: Unsure,
        logs: OldLogs,
        eraser: Eraser,
        tidy: Callable[[], None] = lambda: None,
        rules: Callable[[UnitOfWork, datetime], RetentionRules] = asked_rules,
    ) -> None:
        """`tidy` deletes old work files.

        `rules` are those that this one goes by: of a run of the timetable `nightly_rules`.
        """
        self._open_uow = open_uow
        self._clock = clock
        self._zone = zone
        self._unsure = unsure
        self._logs = logs
        self._eraser = eraser
        self._tidy = tidy
        self._rules = rules

    def plan(self) -> PurgePlan:
        """Return what would go now. Nothing is changed."""
        now, zone = self._clock.now(), self._zone()
        with self._open_uow() as uow:
            rules = self._rules(uow, now)
            known = traces(uow, now, zone)
            found = [*people_due(known, rules, now.astimezone(zone).date())]
            found += [counted(Rule.ABSENCES, old_absences(uow, rules, now, zone))]
            found += [counted(Rule.REQUESTS, old_requests(uow, rules, now, zone))]
            found += [Found(Rule.UNSURE, self._unsure.overdue(uow, now))]
            found += [Found(Rule.TASKS, len(old_tasks(uow, now)))]
            gone = tidied(uow, rules, now, zone)  # and undone
            found += [Found(rule, count) for rule, count in gone]
        found += [Found(Rule.LOGS, len(self._logs.old(log_end(rules, now))))]
        return PurgePlan(now, rules, tuple(one for one in found if one.count))

    def start(self, user_id: str, by: str) -> Task:
        """Return the purge that waits or runs in the background, begun now if there is none."""
        with self._open_uow() as uow:
            task = begin_once(uow, KIND, user_id, by, self._clock.now())
            uow.commit()
        return task

    def latest(self) -> Task | None:
        """Return the newest purge that somebody asked for."""
        with self._open_uow() as uow:
            return newest(uow, KIND)

    def work(self, task: Task, control: TaskControl) -> None:
        """Do it as a task; when it is stopped, the next run goes on from there."""
        done = 0

        def step(count: int) -> None:
            nonlocal done
            done += count
            control.save(done, max(total, done), {}, ())

        total = self.plan().total
        receipt = self.run(task.by, step)
        lines = [] if receipt is None else [TaskLine("", RECEIPT, receipt.receipt_id)]
        control.save(total, total, {}, lines)

    def run(
        self, by: str = TIMETABLE, step: Callable[[int], None] = lambda count: None
    ) -> Receipt | None:
        """Delete what is due; return the receipt, or None when nothing of anybody went.

        `step` hears after each transaction how many people it was about.
        """
        with self._open_uow() as uow:
            marks = last_marks(uow)  # the first time of the whole register: nobody waits meanwhile
        with self._open_uow() as uow:
            uow.register.hold()
            keep_last_marks(uow, marks)
            uow.commit()
        plan = self.plan()
        for rule in SAMPLES:
            for people in _batches(plan.of(rule).people):
                self._samples(rule, people, by)
                step(len(people))
        self._erase_people(plan.of(Rule.ERASE).people, by, step)
        self._papers()
        self._note(Rule.UNSURE, self._unsure.forget(plan.at))
        self._rest(plan)
        return self._finish(by)

    def _samples(self, rule: Rule, people: Sequence[str], by: str) -> None:
        """Delete the samples of these people, of whom it still holds."""
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            due, count = self._still(uow, rule, people, now), 0
            for one in due:
                samples = uow.references.ids_of(one)
                delete_samples(uow, one, samples, now, by=by)
                count += len(samples)
            if due and rule is Rule.NO_CONSENT:
                uow.register.append(_entry(EntryKind.CONSENT, "ran out", now, by, due))
            _noted(uow, self._clock, rule, count, due)
            uow.commit()

    def _erase_people(self, people: Sequence[str], by: str, step: Callable[[int], None]) -> None:
        """Erase those of whom it still holds; the files are searched once for all of them."""
        begun = []
        for some in _batches(people):
            begun += self._begin_erasing(some, by)
            step(len(some))
        self._eraser.finish(begun)

    def _begin_erasing(self, people: Sequence[str], by: str) -> list[Begun]:
        with self._open_uow() as uow:
            due = self._still(uow, Rule.ERASE, people, self._clock.now())
        begun = self._eraser.begin(due, by)
        if begun:
            receipts = [one.intent.receipt_id for one in begun]
            with self._open_uow() as uow:
                uow.register.hold()
                gone = _noted(uow, self._clock, Rule.ERASE, len(receipts), due)
                told = replace(gone, erasures=[*gone.erasures, *receipts])
                uow.site.set(NOTE, told.as_json())
                uow.commit()
        return begun

    def _still(
        self, uow: UnitOfWork, rule: Rule, people: Sequence[str], now: datetime
    ) -> list[str]:
        """Return of whom a rule holds, looked at again within the transaction."""
        zone, rules = self._zone(), self._rules(uow, now)
        today = now.astimezone(zone).date()
        known = traces(uow, now, zone, people)
        found = {one.rule: one.people for one in people_due(known, rules, today)}
        return list(found.get(rule, ()))

    def _papers(self) -> None:
        """Delete absences and requests that are long over, some at a time."""
        for rule, old in ((Rule.ABSENCES, old_absences), (Rule.REQUESTS, old_requests)):
            while True:
                now, zone = self._clock.now(), self._zone()
                with self._open_uow() as uow:
                    uow.register.hold()
                    some = old(uow, self._rules(uow, now), now, zone)[:BATCH]
                    for paper_id, _subject_id in some:
                        remove = (
                            uow.absences.remove if rule is Rule.ABSENCES else uow.requests.remove
                        )
                        remove(paper_id)
                    _noted(uow, self._clock, rule, len(some), [who for _, who in some])
                    uow.commit()
                if len(some) < BATCH:
                    break

    def _rest(self, plan: PurgePlan) -> None:
        now, zone = self._clock.now(), self._zone()
        with self._open_uow() as uow:
            uow.register.hold()
            tasks = old_tasks(uow, now)
            for task in tasks:
                uow.tasks.delete(task.task_id)
            _noted(uow, self._clock, Rule.TASKS, len(tasks))
            for rule, count in tidied(uow, self._rules(uow, now), now, zone):
                _noted(uow, self._clock, rule, count)
            uow.commit()
        self._tidy()
        self._logs.roll(now - LOG_PIECE)
        old = self._logs.old(log_end(plan.rules, now))
        self._logs.delete(old)
        self._note(Rule.LOGS, len(old))

    def _note(self, rule: Rule, count: int) -> None:
        if count:
            with self._open_uow() as uow:
                uow.register.hold()
                _noted(uow, self._clock, rule, count)
                uow.commit()

    def _finish(self, by: str) -> Receipt | None:
        """Write the receipt and its entry, and take the note away, all at once."""
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            gone = gone_from_json(uow.site.get(NOTE), now)
            if not gone.counts:
                return None
            uow.site.set(NOTE, None)
            receipt = None
            if gone.is_worth_a_receipt:
                terms = self._rules(uow, now).as_json()
                body = {"by": by, "terms": terms, **gone.as_json()}
                receipt = uow.receipts.add(Receipt(new_id(), ReceiptKind.PURGE, now, body))
                uow.register.append(_purged(receipt, gone, by))
            uow.commit()
        return receipt


def _noted(
    uow: UnitOfWork, clock: Clock, rule: Rule, count: int, people: Sequence[str] = ()
) -> Gone:
    gone = gone_from_json(uow.site.get(NOTE), clock.now())
    if not count:
        return gone
    more = gone.with_more(rule, count, people)
    uow.site.set(NOTE, more.as_json())
    return more


def _batches(people: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(people), BATCH):
        yield people[start : start + BATCH]


def _entry(kind: EntryKind, event: str, at: datetime, by: str, people: Sequence[str]) -> NewEntry:
    body = {"event": event, "at": at.isoformat(), "by": by, "count": len(people)}
    return NewEntry(kind, {**body, "subject_ids": list(people)})


def _purged(receipt: Receipt, gone: Gone, by: str) -> NewEntry:
    body = {
        "event": "purged",
        "at": receipt.at.isoformat(),
        "by": by,
        "receipt_id": receipt.receipt_id,
        "counts": dict(gone.counts),
        "count": sum(gone.counts.values()),
    }
    return NewEntry(EntryKind.TRUST, body)
