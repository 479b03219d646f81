"""The site's rules of how long things are kept, and the time to look at them before they delete.

Defaults that nobody at the site has decided on delete nothing by themselves for 30 days: whoever
upgrades is not to lose pictures in the first night. What the law gives no time for goes all the
same: samples without a consent, or of people who were not there for three years.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.retention import (
    LONGEST_FACE,
    LONGEST_PAPERS,
    LONGEST_RECORD,
    LONGEST_TALLIES,
    RetentionRules,
    rules_from_json,
)

RETENTION = "retention"
BEGAN = "retention_began"  # the first night on which the rules were looked at
PATIENCE = timedelta(days=30)


def retention_rules(uow: UnitOfWork) -> RetentionRules:
    """Return the rules in force."""
    return rules_from_json(uow.site.get(RETENTION))


def waits_until(uow: UnitOfWork, now: datetime) -> datetime | None:
    """Return when rules that nobody decided on begin to delete by themselves; None: they do."""
    if uow.site.get(RETENTION) is not None or uow.documents.all():
        return None  # saved, or promised to everybody in a published paper
    began = uow.site.get(BEGAN)
    end = (datetime.fromisoformat(str(began)) if began else now) + PATIENCE
    return end if now < end else None


def asked_rules(uow: UnitOfWork, now: datetime) -> RetentionRules:
    """Return the rules of a run that somebody asked for: those of the site, at once."""
    return retention_rules(uow)


def nightly_rules(uow: UnitOfWork, now: datetime) -> RetentionRules:
    """Return the rules of a run that nobody asked for: the longest ones while they wait."""
    rules = retention_rules(uow)
    if waits_until(uow, now) is None:
        return rules
    return replace(
        rules,
        inactive_months=LONGEST_FACE,
        erase_months=LONGEST_RECORD,
        paper_months=LONGEST_PAPERS,
        tally_months=LONGEST_TALLIES,
    )


class Retention:
    """Reads and changes the rules; every change is in the register."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def rules(self) -> RetentionRules:
        with self._open_uow() as uow:
            return retention_rules(uow)

    def waits_until(self) -> datetime | None:
        """Return until when rules that nobody decided on delete nothing by themselves, or None."""
        with self._open_uow() as uow:
            return waits_until(uow, self._clock.now())

    def begin(self) -> None:
        """Let the time to look at the rules run from now on, unless it runs or has run already."""
        with self._open_uow() as uow:
            if uow.site.get(BEGAN) is None:
                uow.site.set(BEGAN, self._clock.now().isoformat())
                uow.commit()

    def accept(self, by: str) -> bool:
        """Decide that the rules stay as they are; return whether that was new."""
        return self.change(by, self.rules())

    def change(self, by: str, rules: RetentionRules) -> bool:
        """Decide on the rules; return whether that is another decision than the last one."""
        with self._open_uow() as uow:
            uow.register.hold()
            if uow.site.get(RETENTION) == rules.as_json():
                return False
            uow.site.set(RETENTION, rules.as_json())
            at = self._clock.now().isoformat()
            body = {"event": "setting changed", "at": at, "by": by, "setting": RETENTION}
            uow.register.append(NewEntry(EntryKind.SETTING, {**body, "value": rules.as_json()}))
            uow.commit()
        return True
