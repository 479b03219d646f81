"""The clock looks again and again, also after an error and after the time was set back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rollbook.errors import StorageUnavailable
from rollbook.worker.clock import JOB, DueClock

OFTEN = 0.05  # seconds
PATIENCE = 20.0


class Looks:
    """Counts looks; tests wait for the next ones."""

    def __init__(self) -> None:
        self.count = 0
        self.fail = False
        self._more = threading.Condition()

    def __call__(self) -> None:
        with self._more:
            self.count += 1
            self._more.notify_all()
        if self.fail:
            raise StorageUnavailable("The disk is full.")

    def wait_for(self, number: int) -> bool:
        with self._more:
            return self._more.wait_for(lambda: self.count >= number, PATIENCE)


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def clock(looks: Looks, request: pytest.FixtureRequest) -> DueClock:
    made = DueClock(looks, OFTEN)
    request.addfinalizer(made.stop)
    return made


def test_it_looks_at_once_and_again(clock: DueClock, looks: Looks) -> None:
    clock.start()
    assert looks.wait_for(3)
    clock.stop()
    clock.stop()


def test_it_goes_on_after_an_error(
    clock: DueClock, looks: Looks, caplog: pytest.LogCaptureFixture
) -> None:
    looks.fail = True
    clock.start()
    assert looks.wait_for(3)
    assert "The disk is full" in caplog.text


def test_a_time_that_was_set_back_does_not_make_it_wait(clock: DueClock, looks: Looks) -> None:
    """What the scheduler sees then: its next time lies an hour ahead."""
    clock.start()
    assert looks.wait_for(1)
    scheduler = clock._scheduler
    scheduler.modify_job(JOB, next_run_time=datetime.now(UTC) + timedelta(hours=1))
    assert looks.wait_for(looks.count + 3)


def test_it_can_be_stopped_before_it_was_started(clock: DueClock) -> None:
    stop: Callable[[], None] = clock.stop
    stop()
