"""Backups: where they go, which are kept, and when the last copy of a person's key is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

KEEP = 14  # data files of a destination: a week of days, four weeks, three months
MOST_KEPT = 400

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Destination:
    """A folder, or an address elsewhere, to which backups go."""

    destination_id: str
    url: str = field(repr=False)  # may hold a password
    shown: str  # the same without one


@dataclass(frozen=True, slots=True)
class Backup:
    """One data file."""

    name: str
    made_at: datetime  # UTC
    size: int  # bytes
    rows: int = 0
    people: int = 0
    entries: int = 0  # of the register
    head: str = ""  # link of its last entry, hex
    version: str = ""  # of Rollbook
    key_id: str = ""  # the site key that opens it


@dataclass(frozen=True, slots=True)
class Run:
    """The last try to write to a destination; `failure` is empty when it went well."""

    destination_id: str
    at: datetime  # UTC
    failure: str = ""  # a sentence
    name: str = ""
    size: int = 0
    entries: int = 0
    well_at: datetime | None = None  # when it last went well


@dataclass(frozen=True, slots=True)
class LastKeyCopy:
    """Where copies of a destroyed key still lie, and when the last of them is replaced."""

    gone_by: date | None  # None: nothing replaces them by itself, or there are none
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back from a backup."""

    name: str
    made_at: str  # ISO, UTC
    rows: int
    people: int
    entries: int
    erased: int  # people of the backup who were erased since
    keyless: int  # people whose key is in no bundle; nothing of theirs can be opened any more


class Archive(Protocol):
    """Writes and reads backups."""

    def shown(self, url: str) -> str:
        """Return an address without names, passwords and options."""
        ...

    def try_out(self, url: str, site: str) -> None:
        """Write, read and delete a small file.

        Raises:
            StorageUnavailable: it cannot be written; the text says why.
            InvalidInput: it is no address, or backups of another site lie there.
        """
        ...

    def back_up(self, url: str, site: str, at: datetime, keep: int, progress: Progress) -> Backup:
        """Write and check a data file, replace the key bundle, and delete what is too old."""
        ...

    def replace_bundle(self, url: str, site: str, at: datetime) -> None:
        """Write the key bundle anew and delete every former one."""
        ...

    def kept(self, url: str) -> list[Backup]:
        """Return what lies there, newest first."""
        ...

    def check(self, source: str, progress: Progress) -> Backup:
        """Open every part of a file.

        Raises:
            DecryptionFailed: it is damaged, or another key is needed.
        """
        ...

    def local(self) -> str | None:
        """Return the folder of the backups that are made before a change of the tables."""
        ...

    def has_bundle(self, url: str) -> bool:
        """Return whether a key bundle lies at an address. Raises StorageUnavailable."""
        ...

    def has_local_bundle(self) -> bool:
        """Return whether a key bundle lies in that folder."""
        ...

    def replace_local_bundle(self, at: datetime) -> None:
        """Write it anew, where there is one."""
        ...

    def copies_with_keys(self) -> Sequence[str]:
        """Return local copies of the database that hold people's keys."""
        ...

    def forget_site_keys(self, before: datetime) -> None:
        """Destroy former site keys that were retired before."""
        ...

    def delete_copies(self) -> int:
        """Delete these; return how many there were."""
        ...


def to_keep(times: Iterable[datetime], keep: int) -> set[datetime]:
    """Return which backups stay: the newest of each of the last days, weeks and months.

    Half of `keep` are days, two sevenths weeks, the rest months that have a backup at all.
    """
    newest_first = sorted(times, reverse=True)
    days = (keep + 1) // 2
    weeks = min(keep - days, keep * 2 // 7)
    kept: set[datetime] = set()
    for count, period in (
        (days, _day),
        (weeks, _week),
        (keep - days - weeks, _month),
    ):
        kept.update(_newest_of_each(newest_first, period, count))
    return kept


def _newest_of_each(
    newest_first: list[datetime], period: Callable[[datetime], tuple[int, ...]], count: int
) -> Iterator[datetime]:
    seen: set[tuple[int, ...]] = set()
    for at in newest_first:
        if len(seen) == count:
            return
        if period(at) not in seen:
            seen.add(period(at))
            yield at


def _day(at: datetime) -> tuple[int, ...]:
    return at.year, at.month, at.day


def _week(at: datetime) -> tuple[int, ...]:
    year, week, _ = at.isocalendar()
    return year, week


def _month(at: datetime) -> tuple[int, ...]:
    return at.year, at.month
