"""The site's rules of how long things are kept."""

from __future__ import annotations

from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.retention import RetentionRules, rules_from_json

RETENTION = "retention"


def retention_rules(uow: UnitOfWork) -> RetentionRules:
    """Return the rules in force."""
    return rules_from_json(uow.site.get(RETENTION))


class Retention:
    """Reads and changes the rules; every change is in the register."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def rules(self) -> RetentionRules:
        with self._open_uow() as uow:
            return retention_rules(uow)

    def change(self, by: str, rules: RetentionRules) -> bool:
        """Set the rules; return whether they are others now."""
        with self._open_uow() as uow:
            uow.register.hold()
            if retention_rules(uow) == rules:
                return False
            uow.site.set(RETENTION, rules.as_json())
            at = self._clock.now().isoformat()
            body = {"event": "setting changed", "at": at, "by": by, "setting": RETENTION}
            uow.register.append(NewEntry(EntryKind.SETTING, {**body, "value": rules.as_json()}))
            uow.commit()
        return True
