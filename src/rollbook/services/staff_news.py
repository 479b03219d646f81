"""What staff hear of that no single mark causes: low percentages, last week, trouble.

It is looked for now and then; the name of each event holds its day, week or month, so that looking
again writes nothing new.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from rollbook.domain.facts import Facts
from rollbook.domain.figures import RiskRules, at_risk, by_group
from rollbook.domain.messages import GROUP, Audience, EventKind, Recipient, audiences, told
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.services.announcing import administrators, announce_to_staff, tutors_of
from rollbook.services.due import Errand
from rollbook.services.message_settings import rules_of
from rollbook.services.message_words import GROUPS, week_of

DAILY_JOB, TROUBLE_JOB = "tell staff", "look for trouble"
LOOK_EVERY = timedelta(minutes=5)
TERM = timedelta(days=91)  # of which the percentage is

ReadFacts = Callable[[date, date], Facts]
Trouble = tuple[EventKind, str, Mapping[str, str]]
"""Kind, a name that is the same as long as it is the same trouble, and what is said: a text of the
source as "what", with its values beside it."""


class StaffNews:
    """Looks, and writes what is new to the outbox."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        zone: Callable[[], ZoneInfo],
        read: ReadFacts,
        troubles: Callable[[], Iterable[Trouble]],
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._zone = zone
        self._read = read
        self._troubles = troubles

    def daily_when_due(self, errand: Errand) -> None:
        self.tell_low()
        self.tell_week()

    def trouble_when_due(self, errand: Errand) -> None:
        self.tell_trouble()

    def tell_low(self) -> int:
        """Tell tutors whose percentage is below the line, each once a month."""
        kind, today = EventKind.LOW, self._today()
        with self._open_uow() as uow:
            rules, staff = rules_of(uow), uow.recipients.staff()
        listening = told(staff, kind, audiences(kind, rules))
        if not listening:
            return 0
        facts = self._read(today - TERM, today)
        only_low = RiskRules(below=rules.low_below, in_a_row=10**6, drop=1000.0)
        count = 0
        with self._open_uow() as uow:
            groups = _named_groups(uow)
            for group_id, name in groups.items():
                mine = _in_charge(uow, listening, group_id, today)
                if not mine:
                    continue
                for one in at_risk(facts.of_groups([group_id]), only_low, today):
                    key = f"low {one.subject_id} {group_id} {today:%Y-%m}"
                    values = {
                        GROUP: group_id,
                        "group": name,
                        "percentage": _below(one.low),
                        "line": f"{rules.low_below:g}",
                    }
                    count += announce_to_staff(
                        uow,
                        kind,
                        key,
                        mine,
                        self._clock.now(),
                        subject_id=one.subject_id,
                        values=values,
                    )
            uow.commit()
        return count

    def tell_week(self) -> int:
        """Tell tutors of last week in their groups, once."""
        kind, today = EventKind.WEEKLY, self._today()
        last = today - timedelta(days=today.weekday() + 1)  # Sunday
        first = last - timedelta(days=6)
        with self._open_uow() as uow:
            listening = told(uow.recipients.staff(), kind, audiences(kind, rules_of(uow)))
        if not listening:
            return 0
        totals = by_group(self._read(first, last))
        count = 0
        with self._open_uow() as uow:
            names = _named_groups(uow)
            for one in listening:
                mine = {s.group_id for s in uow.staff.of_user(str(one.user_id)) if s.holds_on(last)}
                known = {g for g in mine & totals.keys() & names.keys() if totals[g].counted}
                if known:
                    values = {
                        "first": first.isoformat(),
                        "last": last.isoformat(),
                        GROUPS: week_of(sorted((names[g], g, totals[g]) for g in known)),
                    }
                    key = f"weekly {last}"
                    now = self._clock.now()
                    count += announce_to_staff(uow, kind, key, [one], now, values=values)
            uow.commit()
        return count

    def tell_trouble(self) -> int:
        """Tell administrators what does not work; the same trouble once a day."""
        with self._open_uow() as uow:
            rules = rules_of(uow)
            if not rules.enabled or not uow.recipients.staff():
                return 0
        found = list(self._troubles())
        if not found:
            return 0
        count, today = 0, self._today()
        with self._open_uow() as uow:
            heads = self._heads(uow)
            for kind, name, values in found:
                key, listening = f"{kind.value} {name} {today}", _told(heads, kind, uow)
                now = self._clock.now()
                count += announce_to_staff(uow, kind, key, listening, now, values=values)
            uow.commit()
        return count

    def _heads(self, uow: UnitOfWork) -> list[Recipient]:
        return uow.recipients.of_users(administrators(uow))

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone()).date()


def _told(recipients: Sequence[Recipient], kind: EventKind, uow: UnitOfWork) -> list[Recipient]:
    return told(recipients, kind, audiences(kind, rules_of(uow)))


def _named_groups(uow: UnitOfWork) -> dict[str, str]:
    """Return group id -> name of all but those that were invented to show the program."""
    return {group.group_id: group.name for group in uow.groups.all() if not group.invented}


def _in_charge(
    uow: UnitOfWork, listening: Sequence[Recipient], group_id: str, day: date
) -> list[Recipient]:
    tutors = tutors_of(uow, [group_id], day)
    return [one for one in listening if one.audience is Audience.TUTOR and one.user_id in tutors]


def _below(percentage: float | None) -> str:
    """Return a percentage with one decimal, rounded down: 84.96 is below 85, and looks so."""
    return f"{math.floor((percentage or 0.0) * 10) / 10:g}"
