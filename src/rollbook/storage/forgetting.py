"""How a process hears that somebody was erased elsewhere, so that it drops what it has opened."""

from __future__ import annotations

import time

from sqlalchemy import Connection, insert, select, update

from rollbook.storage.tables import counters

ERASED = "erased"  # the counter of erasures
LOOK = 1.0  # seconds between two looks


class Forgetting:
    """Knows which erasures this process has taken notice of; threads share it."""

    def __init__(self) -> None:
        self._seen: int | None = None
        self._looked_at = float("-inf")

    def is_news(self, connection: Connection) -> bool:
        """Return whether somebody was erased since the last look, which may be a second old."""
        if time.monotonic() - self._looked_at < LOOK:
            return False
        self._looked_at = time.monotonic()
        query = select(counters.c.value).where(counters.c.name == ERASED)
        found = connection.execute(query).scalar() or 0
        connection.rollback()  # the transaction's own reading begins later, at a moment of its own
        before, self._seen = self._seen, found
        return before != found

    def look_soon(self) -> None:
        """Look with the next transaction, whenever the last look was."""
        self._looked_at = float("-inf")


def count_erasure(connection: Connection) -> None:
    """Let all processes take notice, once this transaction is committed."""
    grown = update(counters).where(counters.c.name == ERASED)
    done = connection.execute(grown.values(value=counters.c.value + 1))
    if done.rowcount == 0:
        connection.execute(insert(counters).values(name=ERASED, value=1))
