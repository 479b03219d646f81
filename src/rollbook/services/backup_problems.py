"""What may be wrong with the backups, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rollbook.domain.backups import Destination, Run

TOO_OLD = timedelta(days=2)  # a daily backup that is older has failed or been forgotten

PROBLEM_TEXT = {
    "none": "There are no backups: if this machine breaks, everything is gone. Add a destination.",
    "no schedule": "Backups are not made by themselves. Choose a time of day for them.",
    "paused": "Backups rest since a restore, so that two machines do not write to one place. If "
    "this is the site's machine now, let them go on.",
    "copies": "A copy of the database from an upgrade or a restore is still there. It holds the "
    "keys of people, also of those who are erased meanwhile. Delete it once all is well.",
    "never": "No backup was made to %(where)s yet.",
    "failed": "The last backup failed: %(why)s",
    "old": "The last backup to %(where)s is of %(why)s. Look whether Rollbook runs at the chosen "
    "time.",
}
PROBLEM_COMMAND = {
    "none": "rollbook backup --add FOLDER",
    "no schedule": "rollbook backup --daily 03:15",
    "paused": "rollbook backup --go-on",
    "copies": "rollbook backup --delete-copies",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not in order."""

    kind: str  # a key of PROBLEM_TEXT
    where: str = ""
    why: str = ""

    @property
    def sentence(self) -> str:
        return PROBLEM_TEXT[self.kind] % {"where": self.where, "why": self.why}

    @property
    def command(self) -> str:
        """Return what to type at a terminal."""
        return PROBLEM_COMMAND.get(self.kind, "rollbook backup")


def problems_of(one: Destination, run: Run | None, now: datetime) -> list[Problem]:
    """Return what is wrong with the last run to a destination."""
    if run is None:
        return [Problem("never", one.shown)]
    if run.failure:
        return [Problem("failed", one.shown, run.failure)]
    if now - run.at > TOO_OLD:
        return [Problem("old", one.shown, run.at.date().isoformat())]
    return []
