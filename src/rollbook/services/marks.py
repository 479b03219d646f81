"""Marks as entries of the register: reasons are sealed once more, under the person's own key.

So destroying that key takes away what was said about somebody, and the chain still holds.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rollbook.domain.attendance import Mark, MarkKind
from rollbook.domain.mark_codec import mark_from_body, mark_to_body
from rollbook.domain.ports import UnitOfWork, Vault
from rollbook.domain.register import Entry, EntryKind, NewEntry
from rollbook.errors import DecryptionFailed

REASON = "reason"
ERASED = "erased"  # stands for the reason when the person's key is gone


def entry_of(mark: Mark, vault: Vault) -> NewEntry:
    """Return what is appended for a mark; a person arrives once in a session."""
    once = None
    if mark.kind is MarkKind.ARRIVED:
        once = f"arrived {mark.session_id} {mark.subject_id}"
    if mark.reason is not None:
        token = vault.seal_for(mark.subject_id, mark.reason.encode(), purpose=_purpose(mark))
        mark = replace(mark, reason=base64.b64encode(token).decode())
    return NewEntry(EntryKind.MARK, mark_to_body(mark), mark.session_id, once)


def mark_of(entry: Entry, vault: Vault) -> Mark:
    """Return the mark of an entry, with its reason opened or "erased"."""
    mark = mark_from_body(entry.body)
    if mark.reason is None:
        return mark
    try:
        token = base64.b64decode(mark.reason)
        reason = vault.open_for(mark.subject_id, token, purpose=_purpose(mark)).decode()
    except DecryptionFailed:
        reason = ERASED
    return replace(mark, reason=reason)


def marks_of(uow: UnitOfWork, session_ids: Sequence[str]) -> dict[str, list[Mark]]:
    """Return the marks of these sessions, in the order of the register."""
    found = uow.register.of_sessions(session_ids)
    return {session_id: _marks(entries, uow.vault) for session_id, entries in found.items()}


def marks_about(uow: UnitOfWork, session_id: str, subject_id: str) -> list[Mark]:
    """Return one person's marks in a session, in the order of the register."""
    entries = uow.register.of_session(session_id)
    return _marks((e for e in entries if e.body.get("subject_id") == subject_id), uow.vault)


def _marks(entries: Iterable[Entry], vault: Vault) -> list[Mark]:
    return [mark_of(entry, vault) for entry in entries if entry.kind is EntryKind.MARK]


def _purpose(mark: Mark) -> str:
    return f"{REASON} {mark.mark_id}"
