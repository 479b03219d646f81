"""Does something again and again beside other work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rollbook.errors import places_of

log = logging.getLogger(__name__)


@contextmanager
def beside(work: Callable[[], object], every: float, name: str) -> Iterator[None]:
    """Call `work` every so many seconds, in a thread of its own, while the block runs."""
    over = threading.Event()

    def rounds() -> None:
        while not over.wait(every):
            try:
                work()
            except Exception as error:  # nobody would start the thread again
                why = places_of(error)
                log.error("a round of %s failed; the next one follows", name, exc_info=why)

    thread = threading.Thread(target=rounds, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
