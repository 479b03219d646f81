"""Looks whether the register grew, once for all streams of this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from rollbook.errors import StorageError

log = logging.getLogger(__name__)

LOOK_EVERY = 0.4  # seconds
NEWEST = 2**62  # more entries than there ever are: only the count comes back
Changes = Callable[[int], tuple[int, frozenset[str]]]


@dataclass(eq=False)
class Listener:
    """One stream: which sessions it shows (None: all), and whether one of them changed."""

    sessions: frozenset[str] | None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def concerns(self, sessions: frozenset[str]) -> bool:
        return self.sessions is None or bool(self.sessions & sessions)


class Pulse:
    """For one event loop. It looks as long as anybody listens, and costs nothing otherwise."""

    def __init__(self, changes: Changes, look_every: float = LOOK_EVERY) -> None:
        """`changes(number)` returns the register's count and the sessions written about since."""
        self._changes = changes
        self._look_every = look_every
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self.looks = 0

    def __len__(self) -> int:
        return len(self._listeners)

    @contextmanager
    def listening(self, sessions: frozenset[str] | None) -> Iterator[Listener]:
        """Listen for changes of these sessions, or of all."""
        listener = Listener(sessions)
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _look(self) -> None:
        number = NEWEST  # the first look only counts
        while self._listeners:
            try:
                number, sessions = await run_in_threadpool(self._changes, number)
                self._tell(sessions)
            except StorageError as error:
                log.warning("the register could not be looked at: %s", error)
            self.looks += 1
            await asyncio.sleep(self._look_every)

    def _tell(self, sessions: frozenset[str]) -> None:
        if not sessions:
            return
        for listener in self._listeners:
            if listener.concerns(sessions):
                listener.changed.set()
