"""Deliveries that end in time for whoever waits, whatever the provider does.

A plug-in cannot be broken off: it may hand the message over long after everybody gave up. So what
hangs is not begun again while it hangs, and a late yes counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from rollbook.errors import NotificationError

WHOLE = 60.0  # seconds for one delivery, much less than a claim lasts
MOST = 20  # that hang at the same time

Deliver = Callable[[], NotificationError | None]
"""Hands one message over, and returns why it was refused."""


class Deliveries:
    """Hands messages over, each in a thread of its own that may outlast the waiting."""

    def __init__(self, whole: float = WHOLE, most: int = MOST) -> None:
        self._whole = whole
        self._most = most
        self._lock = threading.Lock()
        self._begun: dict[Hashable, Future[NotificationError | None]] = {}

    def hand_over(self, key: Hashable, deliver: Deliver) -> None:
        """Return once the message of this key was accepted, in this attempt or in one before.

        Raises:
            NotificationError: it was refused, or it hangs; then it is asked for again later.
        """
        with self._lock:
            held = self._begun.get(key)
            if held is None or _was_refused(held):
                self._refuse_more()
                held, patience = _begin(deliver), self._whole
                self._begun[key] = held
            else:
                patience = 0.0  # it was waited for already
        try:
            refusal = held.result(patience)
        except TimeoutError:
            raise NotificationError(
                "The provider did not answer in time. Whether it has the message is not known yet.",
                permanent=False,
            ) from None
        with self._lock:
            self._begun.pop(key, None)
        if refusal is not None:
            raise refusal

    def _refuse_more(self) -> None:
        if sum(not one.done() for one in self._begun.values()) >= self._most:
            raise NotificationError(
                "Too many messages hang at providers that do not answer.", permanent=False
            )


def _was_refused(held: Future[NotificationError | None]) -> bool:
    return held.done() and (held.exception() is not None or held.result() is not None)


def _begin(deliver: Deliver) -> Future[NotificationError | None]:
    future: Future[NotificationError | None] = Future()

    def work() -> None:
        try:
            future.set_result(deliver())
        except Exception as error:  # whoever waits gets it
            future.set_exception(error)

    threading.Thread(target=work, name="delivery", daemon=True).start()  # no end waits for it
    return future
