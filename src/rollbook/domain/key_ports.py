"""Exchanging the keys of a site while it is used, and what can be said about them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Passed:
    """What one step of a pass over all rows did."""

    looked: int = 0  # rows, or people
    changed: int = 0
    busy: int = 0  # held by others just now; the next pass has them
    damaged: int = 0  # open with no key at all, so they use none

    def __add__(self, other: Passed) -> Passed:
        return Passed(
            self.looked + other.looked,
            self.changed + other.changed,
            self.busy + other.busy,
            self.damaged + other.damaged,
        )

    @property
    def found_nothing(self) -> bool:
        return self.changed == 0 and self.busy == 0


@dataclass(frozen=True, slots=True)
class PurposeStatus:
    """One data key."""

    purpose: str
    keys: int  # more than one while a rotation goes on
    since: datetime | None  # of the newest; None: of a version that did not write it down
    rows: int
    older_rows: int | None  # sealed with another than the newest key; None: not looked
    damaged_rows: int | None


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """What can be said about the keys without showing any."""

    site_source: str  # where the site key is
    site_keys: int  # more than one while it is being replaced
    site_since: datetime | None  # None: it was never rotated
    purposes: tuple[PurposeStatus, ...]
    people: int
    people_with_former: int | None  # a former key of theirs is kept for what is sealed with it
    older_person_rows: int | None
    damaged_person_rows: int | None
    former_site_keys: int  # kept for older backups
    former_file_keys: int  # kept for files that were exported


class KeyStore(Protocol):
    """The steps of a rotation. Each is one transaction or a row of them, and can be repeated."""

    def add_data_keys(self, rotation: str, now: datetime) -> None:
        """Let everything be sealed with new keys from now on, unless this rotation made them."""
        ...

    def reseal(self) -> Iterator[Passed]:
        """Seal each payload with the newest key of its purpose, a few in one transaction."""
        ...

    def retire_data_keys(self, rotation: str, now: datetime) -> int:
        """Destroy all but the newest; those of exported files are kept for them.

        Returns:
            how many were retired.

        Raises:
            StorageError: another rotation has made newer keys meanwhile.
        """
        ...

    def add_subject_keys(self, rotation: str, now: datetime) -> Iterator[Passed]:
        """Give each person a new key, and seal all rows about them with it."""
        ...

    def quoted_keys(self, needed: dict[str, set[bytes]]) -> Iterator[Passed]:
        """Fill `needed`: subject -> digests of the keys that entries of the register need."""
        ...

    def retire_subject_keys(
        self, needed: Mapping[str, Collection[bytes]], kept_from: datetime | None
    ) -> Iterator[Passed]:
        """Destroy the former keys of people, but those that entries or kept backups need.

        `kept_from` is the time of the oldest backup that is kept; None: none is.
        """
        ...

    def add_site_key(self, rotation: str) -> None:
        """Put a new site key before the others, unless this rotation or one before it has.

        Raises:
            StorageUnavailable: it cannot be written; the text says what a person has to do.
        """
        ...

    def wrap_data_keys(self) -> None:
        """Wrap the data keys with the newest site key, which all processes then use."""
        ...

    def wrap_subject_keys(self) -> Iterator[Passed]:
        """Wrap the keys of people with the newest site key."""
        ...

    def retire_site_key(self, rotation: str, now: datetime) -> None:
        """Keep former site keys for older backups, and take them out of their place."""
        ...

    def people(self) -> int:
        """Return how many people have a key."""
        ...

    def rows(self) -> int:
        """Return how many rows a pass of `reseal` looks at."""
        ...

    def status(self, look: bool = True) -> KeyStatus:
        """Return what can be said about the keys; with `look` every row is opened for it."""
        ...
