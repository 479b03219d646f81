"""Who was refused, in the register: one entry an hour for each, so that nobody fills it."""

from __future__ import annotations

import threading
from contextlib import suppress
from enum import Enum

from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.errors import AlreadyExists, StorageError
from rollbook.services.account_entries import NOBODY


class Why(Enum):
    """Why somebody was refused."""

    ROLE = "role"  # may not do this
    ID = "id"  # asked for what is not there, or not theirs
    FORM = "form"  # sent a form that is not of our pages, or of an old one
    KEY = "key"  # brought a key of a kiosk or program that opens nothing
    HOST = "host"  # asked for another name than this server's
    SESSION = "session"  # asked for a stream without signing in


class Refusals:
    """Notes refusals. What was sent is never kept: only who, which route, and why."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._lock = threading.Lock()
        self._hour = ""
        self._told: set[str] = set()

    def note(self, why: Why, route: str, by: str = NOBODY) -> None:
        """Write that somebody was refused. While the database cannot be written, nothing is."""
        at = self._clock.now().isoformat()
        once = f"refused {by} {route} {why.value} {at[:13]}"
        if not self._is_new(once, at[:13]):
            return
        body = {"event": "refused", "by": by, "route": route, "why": why.value, "at": at}
        with suppress(AlreadyExists, StorageError), self._open_uow() as uow:
            uow.register.append(NewEntry(EntryKind.ACCESS, body, once=once))
            uow.commit()

    def _is_new(self, once: str, hour: str) -> bool:
        """Return whether this process has not written it yet: a kiosk asks every second."""
        with self._lock:
            if hour != self._hour:
                self._hour, self._told = hour, set()
            new = once not in self._told
            self._told.add(once)
        return new
