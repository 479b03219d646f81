"""The thread that sends messages, so that a provider that hangs holds up nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from rollbook.errors import RollbookError, places_of

EVERY = 30.0  # seconds
PATIENCE = 10.0  # seconds; what a provider hangs with so long is sent again after the next start

log = logging.getLogger(__name__)


class SendingLoop:
    """Calls `run` every few seconds in a thread of its own, until it is stopped."""

    def __init__(
        self,
        run: Callable[[Callable[[], bool]], object],
        every: float = EVERY,
        patience: float = PATIENCE,
    ) -> None:
        """`run` gets what tells it that it is over, and returns then after its message."""
        self._run = run
        self._every = every
        self._patience = patience
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="messages", daemon=True)

    def start(self) -> None:
        """Look for the first time at once."""
        self._thread.start()

    def stop(self) -> None:
        """Return when the message on its way is accepted or refused, or the patience is over."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(self._patience)

    def _loop(self) -> None:
        while not self._ending.is_set():
            self._look()
            self._ending.wait(self._every)

    def _look(self) -> None:
        try:
            self._run(self._ending.is_set)
        except RollbookError as error:  # the disk is full, or the broker is away: the next look
            log.warning("messages were not sent: %s", error)
        except Exception as error:  # nobody would start the thread again
            log.error("messages were not sent: %s", type(error).__name__, exc_info=places_of(error))
