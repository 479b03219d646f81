"""Erasing a person: what was destroyed, what is still to be done, and what proves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

SHORTEST_WORD = 6  # bytes; shorter ones are found by chance in any large file


class Handling(StrEnum):
    """What becomes of a table when a person is erased."""

    OWN = "own rows"  # named by subject id: deleted
    ACCOUNT = "rows of the account"  # named by the id of the person's account: deleted
    INSIDE = "inside other rows"  # opened, and what names the person is cut out
    STAYS = "stays"  # holds the random id by design
    NOTHING = "names nobody"


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What was deleted. `tokens` recognise sealed remains, and tell nothing about anybody."""

    rows: Mapping[str, int] = field(default_factory=dict)  # table -> rows deleted or cut
    tokens: frozenset[str] = frozenset()  # digests of the beginnings of sealed payloads
    templates: tuple[bytes, ...] = field(default=(), repr=False)  # float32 bytes; in memory alone
    files: tuple[str, ...] = ()  # work files that belonged to deleted tasks

    def and_(self, other: Destroyed) -> Destroyed:
        rows = {**self.rows}
        for table, count in other.rows.items():
            rows[table] = rows.get(table, 0) + count
        return Destroyed(
            rows,
            self.tokens | other.tokens,
            (*self.templates, *other.templates),
            (*self.files, *other.files),
        )


@dataclass(frozen=True, slots=True)
class Intent:
    """An erasure that was committed and is not finished yet: what a kill must not lose.

    It holds nothing about the person but the random id.
    """

    receipt_id: str
    subject_id: str
    by: str  # role and id of who asked for it
    at: datetime
    rows: Mapping[str, int]
    tokens: frozenset[str]
    files: tuple[str, ...]
    stays: Mapping[str, int]  # what keeps the random id by design
    first_receipt: str = ""  # the one that said "pending"

    @property
    def person(self) -> ErasedPerson:
        """What the signed list says of it."""
        return ErasedPerson(self.subject_id, self.at, self.receipt_id)

    def pending_as(self, receipt_id: str) -> Intent:
        """Return the same after a first receipt, with the id of the next one."""
        return replace(self, first_receipt=self.first_receipt or self.receipt_id)


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """One erasure, as the register tells of it and the signed list has to."""

    subject_id: str
    at: datetime  # UTC
    receipt_id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of one person is searched for in files."""

    words: Sequence[str] = field(default=(), repr=False)
    tokens: frozenset[str] = frozenset()  # digests of the beginnings of sealed payloads
    templates: Sequence[bytes] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a search through files came to."""

    files: int
    size: int  # bytes
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # place -> what was there
    unread: tuple[str, ...] = ()  # files that could not be read


@dataclass(frozen=True, slots=True)
class KeyCopies:
    """Where copies of the person's key are that Rollbook has made, and until when."""

    places: int = 0
    gone_by: date | None = None  # None with places: no schedule replaces them


class PersonRows(Protocol):
    """Everything in the database that belongs to one person."""

    def erase(self, subject_id: str, user_id: str | None, words: Sequence[str]) -> Destroyed:
        """Delete all rows and the key; `words` are looked for inside other rows."""
        ...

    def left(self, subject_id: str) -> dict[str, int]:
        """Return table -> rows that name the person where none may; empty is the proof."""
        ...

    def staying(self, subject_id: str) -> dict[str, int]:
        """Return table -> rows that keep the random id by design, as far as it is readable."""
        ...

    def remember(self, intent: Intent) -> None:
        """Keep what is still to be done, in the place of an earlier version of it."""
        ...

    def intents(self) -> list[Intent]:
        """Return the erasures that are not finished, oldest first."""
        ...

    def forget(self, receipt_id: str) -> bool:
        """Note that one is finished; False when somebody else did so before."""
        ...

    def tell_processes(self) -> None:
        """Let every running process drop what it has opened, with its next transaction."""
        ...


class Remains(Protocol):
    """What of a person may lie outside the rows of the database."""

    def empty_log(self) -> bool | None:
        """Write the log of changes into the database and cut it; None: there is none of ours.

        False when somebody still reads from it, so that it has to be tried again.
        """
        ...

    def delete(self, files: Iterable[str]) -> int:
        """Delete these work files; return how many were there."""
        ...

    def scan(self, wanted: Sequence[Wanted]) -> list[Scan]:
        """Search the files of the home once, but for exports and networks; a result for each."""
        ...

    def exports(self) -> int:
        """Return how many exported files lie in the home; `scan` leaves them out."""
        ...

    def exports_with(self, wanted: Sequence[Wanted]) -> list[int]:
        """Return for each how many of them hold one of the words readably; they are read once."""
        ...

    def waiting_uploads(self) -> int:
        """Return how many uploads lie sealed in the home; they are deleted after days."""
        ...


class ErasedPeople(Protocol):
    """The signed list beside the keys."""

    def put(self, people: Sequence[ErasedPerson]) -> None:
        """Add people, durably; nothing happens with who is on it for this receipt."""
        ...

    def ids(self) -> frozenset[str]:
        """Return whom the list names. Raises StorageError when a line was changed."""
        ...
