"""Messages leave by a thread of their own, which survives errors and ends with the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from rollbook.errors import StorageUnavailable
from rollbook.worker.sending import SendingLoop

OFTEN = 0.02  # seconds
PATIENCE = 20.0


class Runs:
    """Counts runs; each may fail, or hang until it is over or let go."""

    def __init__(self) -> None:
        self.count = 0
        self.failure: Exception | None = None
        self.hang = False
        self.listens = True
        self.let_go = threading.Event()
        self._more = threading.Condition()

    def __call__(self, over: Callable[[], bool]) -> None:
        with self._more:
            self.count += 1
            self._more.notify_all()
        while self.hang and not self.let_go.wait(OFTEN):
            if self.listens and over():
                return
        if self.failure is not None:
            raise self.failure

    def wait_for(self, number: int) -> bool:
        with self._more:
            return self._more.wait_for(lambda: self.count >= number, PATIENCE)


@pytest.fixture
def runs() -> Iterator[Runs]:
    made = Runs()
    yield made
    made.let_go.set()


def loop_of(runs: Runs) -> SendingLoop:
    return SendingLoop(runs, OFTEN, PATIENCE)


def test_it_runs_at_once_and_again_until_it_is_stopped(runs: Runs) -> None:
    loop = loop_of(runs)
    loop.start()
    assert runs.wait_for(3)
    loop.stop()
    count = runs.count
    time.sleep(5 * OFTEN)
    assert runs.count == count


@pytest.mark.parametrize(
    "failure", [StorageUnavailable("The disk is full."), ValueError("of Ada Lovelace")]
)
def test_it_goes_on_after_an_error(
    runs: Runs, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    runs.failure = failure
    loop = loop_of(runs)
    loop.start()
    assert runs.wait_for(3)
    loop.stop()
    assert "messages were not sent" in caplog.text and "Ada" not in caplog.text


def test_stopping_asks_what_runs_to_end_and_waits_for_it(runs: Runs) -> None:
    runs.hang = True
    loop = loop_of(runs)
    loop.start()
    assert runs.wait_for(1)
    before = time.monotonic()
    loop.stop()
    assert time.monotonic() - before < PATIENCE / 2


def test_what_hangs_longer_than_the_patience_does_not_keep_the_server_from_ending(
    runs: Runs,
) -> None:
    runs.hang, runs.listens = True, False
    loop = SendingLoop(runs, OFTEN, patience=0.05)
    loop.start()
    assert runs.wait_for(1)
    before = time.monotonic()
    loop.stop()
    assert time.monotonic() - before < PATIENCE / 2


def test_it_can_be_stopped_before_it_was_started(runs: Runs) -> None:
    loop_of(runs).stop()
    assert runs.count == 0
