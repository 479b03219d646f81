"""What the site's rules say is overdue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rollbook.domain.ports import UnitOfWork
from rollbook.domain.purging import Found
from rollbook.domain.requests import RequestState
from rollbook.domain.retention import (
    RetentionRules,
    Rule,
    Trace,
    add_months,
    rule_of_person,
    rule_of_samples,
)
from rollbook.domain.task_ports import Task, TaskState
from rollbook.services.tasks import KEPT as REPORTS_KEPT

REPLIES_KEPT = timedelta(days=2)  # nobody sends a form again after so long
DONE_KEPT = timedelta(days=60)
SAMPLES = (Rule.NO_CONSENT, Rule.INACTIVE)


def people_due(known: Iterable[Trace], rules: RetentionRules, today: date) -> Iterator[Found]:
    """Yield what the rules say of people, each rule once."""
    found: dict[Rule, list[Trace]] = {}
    for one in known:
        for rule in (rule_of_samples(one, rules, today), rule_of_person(one, rules, today)):
            if rule is not None:
                found.setdefault(rule, []).append(one)
    for rule, some in found.items():
        count = sum(one.samples for one in some) if rule in SAMPLES else len(some)
        yield Found(rule, count, tuple(one.subject_id for one in some))


def old_absences(
    uow: UnitOfWork, rules: RetentionRules, now: datetime, zone: ZoneInfo
) -> list[tuple[str, str]]:
    """Return (id, of whom) of absences that are over for long enough."""
    end = add_months(now.astimezone(zone).date(), -rules.paper_months)
    return [(a.absence_id, a.subject_id) for a in uow.absences.all() if a.last_day < end]


def old_requests(
    uow: UnitOfWork, rules: RetentionRules, now: datetime, zone: ZoneInfo
) -> list[tuple[str, str]]:
    """Return (id, of whom) of requests that were decided long enough ago."""
    end = add_months(now.astimezone(zone).date(), -rules.paper_months)
    old = []
    for one in uow.requests.decided(limit=1_000_000):
        over = (one.decided_at or one.asked_at).astimezone(zone).date()
        if one.state is not RequestState.OPEN and over < end:
            old.append((one.request_id, one.subject_id))
    return old


def old_tasks(uow: UnitOfWork, now: datetime) -> list[Task]:
    """Return tasks whose reports were kept for long enough, and drafts that nobody began."""

    def is_left(task: Task) -> bool:
        return task.state.is_over or task.state is TaskState.DRAFT

    return [t for t in uow.tasks.all() if is_left(t) and now - t.updated_at > REPORTS_KEPT]


def tidied(
    uow: UnitOfWork, rules: RetentionRules, now: datetime, zone: ZoneInfo
) -> list[tuple[Rule, int]]:
    """Delete what nobody misses, and return how much it was."""
    today = now.astimezone(zone).date()
    return [
        (Rule.REPLIES, uow.replies.purge(now - REPLIES_KEPT)),
        (Rule.BROWSERS, uow.web_sessions.purge(now)),
        (Rule.ERRANDS, uow.due.purge(now - DONE_KEPT)),
        (Rule.TALLIES, uow.tallies.purge(add_months(today, -rules.tally_months))),
    ]


def counted(rule: Rule, old: Sequence[tuple[str, str]]) -> Found:
    """Return how many of (id, of whom) there are, and of whom."""
    return Found(rule, len(old), tuple(sorted({who for _, who in old})))


def log_end(rules: RetentionRules, now: datetime) -> datetime:
    """Return before when logs go."""
    return now - timedelta(days=rules.log_days)
