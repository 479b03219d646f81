"""Reports that come by themselves, to those who may have them on the day they are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from rollbook.domain.access import Permission, permissions_of
from rollbook.domain.accounts import User
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.report_plans import ReportPlan, Rhythm, finished
from rollbook.domain.subjects import Group, new_id
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.due import Errand
from rollbook.services.export_jobs import ExportDesk, ExportOrder
from rollbook.services.own_groups import groups_seen

JOB = "scheduled reports"
PLANS = "report plans"  # setting of the site
MOST = 20  # plans of one account
KEPT_FOR = timedelta(days=35)  # so long a report can be fetched: until the next month's is there


@dataclass(frozen=True, slots=True)
class NewPlan:
    """What somebody wants to get."""

    rhythm: Rhythm
    file_format: str
    hours: bool = False
    group_id: str | None = None
    language: str = ""  # empty: the site's


class ReportPlans:
    """The reports that accounts get again and again."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        today: Callable[[], date],
        desk: ExportDesk,
    ) -> None:
        """`today` is the site's local date."""
        self._open_uow = open_uow
        self._clock = clock
        self._today = today
        self._desk = desk

    def of(self, user_id: str) -> list[ReportPlan]:
        """Return an account's plans, in the order in which they were made."""
        with self._open_uow() as uow:
            return [plan for plan in _plans(uow) if plan.user_id == user_id]

    def add(self, user_id: str, new: NewPlan, by: str) -> ReportPlan:
        """Let a report come from now on: the first when its days are over.

        Raises:
            InvalidInput: the account has too many.
            NotFound: it does not see the group.
        """
        made = ReportPlan(
            new_id(),
            user_id,
            new.rhythm,
            new.file_format,
            new.hours,
            new.group_id,
            str(finished(new.rhythm, self._today())),
            new.language,
        )
        with self._open_uow() as uow:
            plans = _plans(uow)
            if sum(plan.user_id == user_id for plan in plans) >= MOST:
                raise InvalidInput("There are %(most)s reports already. End one first.", most=MOST)
            if not self._groups(uow, uow.users.get(user_id), made):
                raise NotFound("There is no such group of yours.")
            _keep(uow, [*plans, made])
            self._note(uow, "report planned", made, by)
            uow.commit()
        return made

    def end(self, plan_id: str, user_id: str, by: str) -> None:
        """Let a report come no more. Raises NotFound when the account has no such plan."""
        with self._open_uow() as uow:
            plans = _plans(uow)
            ended = next((p for p in plans if (p.plan_id, p.user_id) == (plan_id, user_id)), None)
            if ended is None:
                raise NotFound("There is no such report of yours.")
            _keep(uow, [plan for plan in plans if plan is not ended])
            self._note(uow, "report plan ended", ended, by)
            uow.commit()

    def run_when_due(self, errand: Errand) -> None:
        """Order every report whose days are over; what was missed for long comes once."""
        today = self._today()
        with self._open_uow() as uow:
            people = {user.user_id: user for user in uow.users.all()}
            plans = [plan for plan in _plans(uow) if plan.user_id in people]
            plans = [self._ordered(uow, plan, people[plan.user_id], today) for plan in plans]
            _keep(uow, plans)
            errand.finish(uow)
            uow.commit()

    def _ordered(self, uow: UnitOfWork, plan: ReportPlan, user: User, today: date) -> ReportPlan:
        """Order one report where it is due, and its owner may have it today."""
        period = finished(plan.rhythm, today)
        groups = self._groups(uow, user, plan)
        if str(period) == plan.last or not groups:
            return plan
        order = ExportOrder(
            month=period,
            file_format=plan.file_format,
            groups=groups,
            encrypt=False,
            user_id=user.user_id,
            by=f"{user.role.value} {user.user_id}",
            hours=plan.hours,
            language=plan.language,
        )
        uow.tasks.add(self._desk.task_of(order, KEPT_FOR))
        return replace(plan, last=str(period))

    def _groups(self, uow: UnitOfWork, user: User, plan: ReportPlan) -> list[Group]:
        """Return the groups of a plan that its owner may export today."""
        if not user.active or Permission.EXPORT not in permissions_of(user.role):
            return []
        seen = groups_seen(uow, user, self._today())
        return [
            group
            for group in uow.groups.all()
            if (seen is None or group.group_id in seen) and plan.group_id in (None, group.group_id)
        ]

    def _note(self, uow: UnitOfWork, event: str, plan: ReportPlan, by: str) -> None:
        body = {
            "event": event,
            "at": self._clock.now().isoformat(),
            "by": by,
            "rhythm": plan.rhythm.value,
            "format": plan.file_format,
        }
        uow.register.append(NewEntry(EntryKind.SETTING, body))


def _plans(uow: UnitOfWork) -> list[ReportPlan]:
    kept: Any = uow.site.get(PLANS) or []
    return [ReportPlan.of(one) for one in kept]


def _keep(uow: UnitOfWork, plans: Sequence[ReportPlan]) -> None:
    uow.site.set(PLANS, [plan.to_json() for plan in plans])
