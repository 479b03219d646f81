"""What a purge would delete, or has deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rollbook.domain.retention import HOUSEKEEPING, RetentionRules, Rule


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule says: how much goes, and whose it is, by random id."""

    rule: Rule
    count: int
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """What would go now."""

    at: datetime
    rules: RetentionRules
    found: tuple[Found, ...]

    def of(self, rule: Rule) -> Found:
        return next((one for one in self.found if one.rule is rule), Found(rule, 0))

    @property
    def total(self) -> int:
        """How much would be deleted; who is only proposed stays."""
        return sum(one.count for one in self.found if one.rule is not Rule.PROPOSE)


@dataclass(frozen=True, slots=True)
class Gone:
    """What a run has deleted so far; kept until its receipt is written."""

    began: str  # ISO time
    counts: Mapping[str, int]
    people: Mapping[str, Sequence[str]]
    erasures: Sequence[str] = ()  # receipts

    def with_more(self, rule: Rule, count: int, people: Sequence[str] = ()) -> Gone:
        counts = {**self.counts, rule.value: self.counts.get(rule.value, 0) + count}
        named = {*self.people.get(rule.value, ()), *people}
        whose = {**self.people, rule.value: sorted(named)} if named else dict(self.people)
        return Gone(self.began, counts, whose, self.erasures)

    @property
    def is_worth_a_receipt(self) -> bool:
        quiet = {rule.value for rule in HOUSEKEEPING}
        return any(count for rule, count in self.counts.items() if rule not in quiet)

    def as_json(self) -> dict[str, object]:
        people = {rule: list(who) for rule, who in self.people.items()}
        kept: dict[str, object] = {"began": self.began, "counts": dict(self.counts)}
        return {**kept, "people": people, "erasures": list(self.erasures)}


def gone_from_json(kept: object, began: datetime) -> Gone:
    """Return what an interrupted run has noted, or a new beginning."""
    if not isinstance(kept, Mapping):
        return Gone(began.isoformat(), {}, {})
    return Gone(
        str(kept["began"]), dict(kept["counts"]), dict(kept["people"]), list(kept["erasures"])
    )


class OldLogs(Protocol):
    """The server's log files."""

    def old(self, before: datetime) -> list[str]:
        """Return the closed files that hold lines from before, by name."""
        ...

    def delete(self, names: Sequence[str]) -> None: ...

    def roll(self, before: datetime) -> None:
        """Close the file of this process when it was begun before, and begin another one."""
        ...
