"""The register's entries, as they are chained and sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rollbook.domain.witness import Standing


class EntryKind(StrEnum):
    """What an entry tells; kept in clear, so it must never give away a status."""

    MARK = "mark"
    SESSION = "session"  # opened, closed, changed
    SUBJECT = "subject"  # added, renamed, removed, moved between groups
    ENROLMENT = "enrolment"  # samples added, deleted, encoded anew
    CONSENT = "consent"
    EXPORT = "export"
    SETTING = "setting"
    ACCOUNT = "account"  # accounts, kiosks and keys: made, changed, revoked
    ACCESS = "access"  # signed in, refused, faces looked at
    TRUST = "trust"  # keys, backups, erasures, anchors, papers


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be appended. `body` holds JSON values and names people by random id only."""

    kind: EntryKind
    body: Mapping[str, object]
    session_id: str | None = None
    once: str | None = None  # only one entry with this text is accepted; kept as a blind index


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the register, opened."""

    number: int  # 1, 2, 3, … without gaps
    kind: EntryKind
    body: Mapping[str, object]
    session_id: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the register does not hold."""

    number: int  # of the first entry concerned
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the whole chain found."""

    entries: int
    sheets: int
    head: str  # hex of the last link; empty for an empty register
    faults: tuple[Fault, ...] = ()
    standing: Standing | None = None  # to the witness; None: the head itself is at fault

    @property
    def holds(self) -> bool:
        return not self.faults and not (self.standing is not None and self.standing.refuses)
