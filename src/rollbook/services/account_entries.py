"""What the register keeps about accounts: random ids, never what somebody typed."""

from __future__ import annotations

from rollbook.domain.ports import Clock
from rollbook.domain.register import EntryKind, NewEntry

NOBODY = "nobody"  # acted before signing in
TERMINAL = "terminal"  # somebody at the server's own keyboard


def account_entry(event: str, user_id: str, by: str, clock: Clock, **more: object) -> NewEntry:
    """Return the entry of a change to an account."""
    at = clock.now().isoformat()
    body = {"event": event, "at": at, "by": by, "user_id": user_id, **more}
    return NewEntry(EntryKind.ACCOUNT, body)


def access_entry(event: str, by: str, clock: Clock, **more: object) -> NewEntry:
    """Return the entry of somebody who came in, left, or was refused."""
    body = {"event": event, "at": clock.now().isoformat(), "by": by, **more}
    return NewEntry(EntryKind.ACCESS, body)
