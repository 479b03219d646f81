"""What the receipt of an erasure says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rollbook.domain.accounts import User
from rollbook.domain.erasing import SHORTEST_WORD, Intent, KeyCopies, Remains, Scan, Wanted
from rollbook.domain.subjects import Subject

LOG_STATES = {True: "emptied", False: "pending", None: "kept by the server"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the person until the erasure is finished; in memory alone."""

    words: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # (what it is, the text)
    templates: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def texts(self) -> list[str]:
        return [text for _what, text in self.words]


@dataclass(frozen=True, slots=True)
class Begun:
    """An erasure whose rows and key are gone, and whose receipt is not written yet."""

    intent: Intent
    known: Known

    @property
    def wanted(self) -> Wanted:
        """What the files are searched for."""
        return Wanted(self.known.texts, self.intent.tokens, self.known.templates)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found when everything had been deleted."""

    left: Mapping[str, int]  # rows of the person by table
    files: int  # work files that were deleted
    emptied: bool | None  # the log of changes; None: the server keeps it
    scan: Scan
    exports_with_words: int  # exported files that hold one of the words
    copies: KeyCopies


def erasure_body(intent: Intent, known: Known, found: Found, remains: Remains) -> dict[str, object]:
    """Return the body of the receipt."""
    searched = [what for what, text in known.words if len(text.encode()) >= SHORTEST_WORD]
    too_short = [what for what, text in known.words if len(text.encode()) < SHORTEST_WORD]
    gone_by = found.copies.gone_by
    body: dict[str, object] = {
        "subject_id": intent.subject_id,
        "by": intent.by,
        "erased_at": intent.at.isoformat(),
        "state": _state(found),
        "destroyed": dict(sorted(intent.rows.items())),
        "work_files_deleted": found.files,
        "stays": dict(intent.stays),
        "rows_left": dict(found.left),
        "log_of_changes": LOG_STATES[found.emptied],
        "files_searched": found.scan.files,
        "bytes_searched": found.scan.size,
        "searched_for": [*searched, "sealed payloads", *(["templates"] if known.words else [])],
        "too_short_to_search": too_short,
        "found": {name: list(what) for name, what in found.scan.found.items()},
        "not_read": list(found.scan.unread),
        "key_copies": found.copies.places,
        "last_key_copy_until": None if gone_by is None else gone_by.isoformat(),
        "exports_in_home": remains.exports(),
        "exports_with_words": found.exports_with_words,
        "uploads_waiting": remains.waiting_uploads(),
        "interrupted": not known.words and not intent.first_receipt,
    }
    return body | ({"completes": intent.first_receipt} if intent.first_receipt else {})


def words_of(person: Subject, account: User | None) -> list[tuple[str, str]]:
    """Return what is searched for afterwards, with what it is."""
    found = [("name", person.name), ("external id", person.external_id or "")]
    found += [("contact", contact) for contact in person.contacts]
    if account is not None:
        found += [("sign-in name", account.login), ("e-mail", account.email)]
    return [(what, text) for what, text in dict.fromkeys(found) if text]


def _state(found: Found) -> str:
    """Return "complete", "pending", or "remains found"."""
    if found.emptied is False:
        return "pending"
    return "remains found" if found.left or found.scan.found else "complete"
