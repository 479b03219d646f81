"""How often a face, a code or a PIN was refused, and a face tried again. Nothing of anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple, Protocol, TypeVar

from rollbook.domain.kiosk_answers import Notice

Key = TypeVar("Key")

RETRY = "retry"  # a further decision about a face that was unknown until then
WATCHED, PHOTOGRAPHED = "watch", "photograph"  # sources that are no camera or kiosk of the site

# what a kiosk says to who showed no face, or not the face alone
REFUSED_WITHOUT_FACE: dict[Notice, str] = {
    Notice.PIN_WRONG: "The PIN was wrong.",
    Notice.PIN_MISSING: "The person has no PIN.",
    Notice.WAIT: "There were too many wrong PINs.",
    Notice.NOT_ON_ROSTER: "The person is not of this session.",
    Notice.CODE_UNKNOWN: "The code is unknown or too old.",
    Notice.CODE_USED: "The code was used already.",
}


class Tally(NamedTuple):
    """What is counted together."""

    day: date  # business date of the session
    source: str  # id of a camera or kiosk, or one of the words above
    what: str  # code of a refusal, doubt or notice, or RETRY


Count = Callable[[date, str, str], object]
"""Counts one more of (day, source, what)."""


class TallyBook(Protocol):
    """Counts that are kept."""

    def add(self, counts: Mapping[Tally, int]) -> None:
        """Add to what is there; several processes may do so at once."""
        ...

    def between(self, first_day: date, last_day: date) -> dict[Tally, int]:
        """Return the counts of these days, the earliest first."""
        ...

    def purge(self, before: date) -> int:
        """Delete the counts of the days before this one; return how many rows there were."""
        ...


def refusals(counts: Mapping[Tally, int]) -> dict[Tally, int]:
    return {tally: count for tally, count in counts.items() if tally.what != RETRY}


def retries(counts: Mapping[Tally, int]) -> dict[Tally, int]:
    return {tally: count for tally, count in counts.items() if tally.what == RETRY}


def summed(counts: Mapping[Tally, int], key: Callable[[Tally], Key]) -> dict[Key, int]:
    """Return key -> count of all tallies with this key, the most frequent first.

    >>> day = date(2026, 3, 2)
    >>> counts = {Tally(day, "door", "blurred"): 1, Tally(day, "gate", "too_dark"): 2}
    >>> summed(counts, lambda tally: tally.what)
    {'too_dark': 2, 'blurred': 1}
    """
    found: Counter[Key] = Counter()
    for tally, count in counts.items():
        found[key(tally)] += count
    return dict(found.most_common())
