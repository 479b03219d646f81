"""The register's entries, as they are chained and sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    ROWS = "rows"  # digests of changed accounts, groups and settings, where no other entry has them


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
    rows: Mapping[str, object] = field(default_factory=dict)  # digests of rows it tells of


class FaultKind(StrEnum):
    """What happened to a part of the register."""

    ALTERED = "altered"
    REPLACED = "replaced"  # the sealed text of another entry lies in its place
    MOVED = "moved"  # it is another entry's row: reordered, or pushed up or down
    REMOVED = "removed"
    INSERTED = "inserted"
    CUT = "cut"  # the end is gone
    UNSEALED = "unsealed"  # the sealed text is gone
    SHEET = "sheet"
    HEAD = "head"
    SESSION = "session"
    REPLAYED = "replayed"  # a row outside of the register is an old one


FAULTS = {
    "link": "The link of entry %(number)s to the one before it was altered.",
    "altered": "Entry %(number)s was altered.",
    "digest": "The digest of entry %(number)s was altered.",
    "payload": "The sealed text of entry %(number)s was altered.",
    "unsealed": "The sealed text of entry %(number)s was removed.",
    "replaced": "The sealed text of entry %(number)s was replaced by that of entry %(other)s.",
    "moved": "In the place of entry %(number)s stands what was written as entry %(other)s: "
    "entries were put in another order.",
    "removed one": "Entry %(number)s was removed.",
    "removed": "Entries %(number)s to %(other)s were removed.",
    "inserted": "Entry %(number)s was inserted: the register had not come so far.",
    "copied": "Entry %(number)s was inserted: it is a copy of entry %(other)s.",
    "before": "Entry %(number)s was inserted before the first.",
    "cut": "The register was cut: its entries %(number)s to %(other)s, the last, were removed.",
    "cut one": "The register was cut: its last entry, %(number)s, was removed.",
    "head": "The head of the register, after entry %(number)s, was removed or altered.",
    "old head": "The head of the register was put back to entry %(other)s; entry %(number)s and "
    "those after it are genuine.",
    "other head": "The head of the register names another last entry than %(number)s.",
    "more heads": "A second head was inserted beside that of the register.",
    "sheet": "The sealed sheet of session %(session)s was altered: with entry %(number)s all of "
    "its entries cannot be read.",
    "no sheet": "The sealed sheet of session %(session)s was removed: with entry %(number)s all "
    "of its entries are gone.",
    "sheet count": "The sheet of session %(session)s does not hold as many entries as belong "
    "to it: it, its count or entry %(number)s was altered.",
    "sheet inserted": "A sheet was inserted for session %(session)s, which has none.",
    "session": "Session %(session)s was altered: its group, times or state.",
    "session old": "Session %(session)s is not as entry %(number)s says: an old state of it was "
    "put back.",
    "no session": "Session %(session)s was removed, of which entry %(number)s tells.",
    "plan": "The title and rules of session %(session)s were altered or removed.",
    "row altered": "A sealed row of people, consents, accounts, settings or kiosks does not open: "
    "it was altered or put in the place of another one.",
    "consent back": "Entry %(number)s says that a consent was withdrawn; it was put back in force.",
    "consent gone": "The consent of which entry %(number)s tells was removed.",
    "sample back": "Entry %(number)s says that samples were deleted; some were put back.",
    "account back": "Entry %(number)s says whether an account is active; an old state of it was "
    "put back.",
    "role back": "Entry %(number)s gives an account its role; an old one was put back.",
    "kiosk back": "Entry %(number)s says that a kiosk was shut out; it was let in again.",
    "token back": "Entry %(number)s says that a token was revoked; it was put back in force.",
    "account changed": "Account %(about)s is not as entry %(number)s tells: its password, second "
    "factor, name or rights were changed or put back outside of Rollbook, or it was removed.",
    "passkeys changed": "The passkeys of account %(about)s are not those of which entry "
    "%(number)s tells: one was put in, put back or removed outside of Rollbook.",
    "staff changed": "The groups that account %(about)s sees are not those of which entry "
    "%(number)s tells: one was added or removed outside of Rollbook.",
    "member changed": "The times for which person %(person)s belongs to group %(about)s are not "
    "those of which entry %(number)s tells: they were changed outside of Rollbook.",
    "setting changed": "The setting %(about)s is not as entry %(number)s tells: it was changed or "
    "put back outside of Rollbook.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the register does not hold."""

    number: int  # of the first entry concerned; 0 where none is
    kind: FaultKind
    code: str  # which of FAULTS
    other: int = 0
    session: str = ""
    about: str = ""  # account, group or setting that is meant
    person: str = ""

    @property
    def what(self) -> str:
        """A sentence that names what happened."""
        said = {
            "number": self.number,
            "other": self.other,
            "session": self.session[:8],
            "about": self.about,
            "person": self.person[:8],
        }
        return FAULTS[self.code] % said


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the whole chain found."""

    entries: int
    sheets: int
    head: str  # hex of the last link; empty for an empty register
    faults: tuple[Fault, ...] = ()
    standing: Standing | None = None  # to the witness; None: the head itself is at fault
    rows_since: int = 0  # accounts, settings, groups' people are compared from this entry on; 0: no

    @property
    def holds(self) -> bool:
        return not self.faults and not (self.standing is not None and self.standing.refuses)
