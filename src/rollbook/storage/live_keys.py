"""The keys of a running process, which take up what a rotation has changed.

The counter `keys` grows with every change of a data key or of the site key. Who seals looks at it
under a lock that a change has to wait for, so nothing is ever committed that was sealed with a key
that was replaced before; who opens looks now and then, and when a payload does not open.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Lock

from sqlalchemy import Connection, insert, select, update

from rollbook.errors import DecryptionFailed
from rollbook.storage.keys import KeyRing, KeySource
from rollbook.storage.tables import counters, data_keys

GENERATION = "keys"
LOOK = 1.0  # seconds that a process which only reads may hold keys that were retired
TRIES = 3  # the site key may be replaced between reading it and reading what it wraps


class LiveKeys:
    """The keys of one process; threads share them."""

    def __init__(self, source: KeySource, ring: KeyRing, generation: int) -> None:
        self.source = source
        self.ring = ring
        self._generation = generation
        self._looked_at = time.monotonic()
        self._lock = Lock()

    @classmethod
    def read(cls, source: KeySource, connection: Connection) -> LiveKeys:
        """Return the keys of this database.

        Raises:
            DecryptionFailed: the site key is not the one that they were wrapped with.
        """
        generation, ring = _read(source, connection)
        return cls(source, ring, generation)

    def look(self, connection: Connection) -> bool:
        """Read the keys anew when they were changed; return whether they were."""
        found = generation_of(connection)
        self._looked_at = time.monotonic()
        if found == self._generation:
            return False
        with self._lock:
            if found != self._generation:
                self._generation, self.ring = _read(self.source, connection)
        return True

    def look_now_and_then(self, connection: Connection) -> None:
        """Look when the last look was a while ago."""
        if time.monotonic() - self._looked_at > LOOK:
            self.look(connection)


def _read(source: KeySource, connection: Connection) -> tuple[int, KeyRing]:
    for _ in range(TRIES - 1):
        try:
            return generation_of(connection), _ring(source, connection)
        except DecryptionFailed:
            continue
    return generation_of(connection), _ring(source, connection)


def _ring(source: KeySource, connection: Connection) -> KeyRing:
    sites = source.load()
    return KeyRing.unwrap(sites, wrapped_data_keys(connection))


def wrapped_data_keys(connection: Connection) -> Mapping[str, bytes]:
    """Return the wrapped data keys by purpose."""
    rows = connection.execute(select(data_keys.c.purpose, data_keys.c.wrapped))
    return {row[0]: bytes(row[1]) for row in rows}


def generation_of(connection: Connection) -> int:
    """Return how often keys were changed."""
    query = select(counters.c.value).where(counters.c.name == GENERATION)
    return connection.execute(query).scalar() or 0


def count_generation(connection: Connection) -> None:
    """Let all processes take up what this transaction changed, once it is committed."""
    grown = update(counters).where(counters.c.name == GENERATION)
    done = connection.execute(grown.values(value=counters.c.value + 1))
    if done.rowcount == 0:
        connection.execute(insert(counters).values(name=GENERATION, value=1))
