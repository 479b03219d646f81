"""Refusals are counted where they happen, written in the background, and never lost on trouble."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import date

import pytest

from rollbook.domain.faces import Refusal
from rollbook.domain.geometry import Box
from rollbook.domain.identification import Doubt, Identified, OperatingPoint, ProbeKind
from rollbook.domain.identification import Unidentified as Unknown
from rollbook.domain.tallies import RETRY, Tally, refusals, retries, summed
from rollbook.errors import StorageUnavailable
from rollbook.services.recognise import FrameResult, Settled, TrackState, TrackView
from rollbook.services.tallies import FaceCounts, Tallies
from rollbook.storage.database import Database
from rollbook.testing import COLOUR_SPACE, START

MONDAY = date(2026, 3, 2)
DARK, AGAIN = Tally(MONDAY, "door", "too_dark"), Tally(MONDAY, "door", RETRY)
POINT = OperatingPoint(0.5, 0.1, ProbeKind.TRACK, COLOUR_SPACE, 0.001, 2, "test")
ADA = Identified("ada", 0.9, 0.4, (), POINT)
NOBODY, TWINS = Unknown(Doubt.BELOW_THRESHOLD), Unknown(Doubt.AMBIGUOUS)


def kept(database: Database) -> dict[Tally, int]:
    with database.uow() as uow:
        return uow.tallies.between(date.min, date.max)


def test_what_is_counted_is_written_once(database: Database) -> None:
    tallies = Tallies(database.uow)
    for tally in (DARK, AGAIN, DARK):
        tallies.add(*tally)
    assert kept(database) == {}
    tallies.flush()
    tallies.flush()
    assert kept(database) == {DARK: 2, AGAIN: 1}


def test_where_nothing_was_counted_the_database_is_not_asked() -> None:
    def never() -> Database:
        raise AssertionError("there is nothing to write")

    Tallies(never).flush()  # type: ignore[arg-type]


def test_counts_wait_for_a_database_that_is_busy(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    busy = [True]

    def sometimes():  # type: ignore[no-untyped-def]
        if busy[0]:
            raise StorageUnavailable("Another program is writing to the database.")
        return database.uow()

    tallies = Tallies(sometimes)
    tallies.add(*DARK)
    with caplog.at_level(logging.WARNING):
        tallies.flush()
    assert "wait for the database" in caplog.text
    tallies.add(*DARK)
    busy[0] = False
    tallies.flush()
    assert kept(database) == {DARK: 2}


def test_counts_are_written_while_work_goes_on_and_at_its_end(database: Database) -> None:
    written = threading.Event()

    class Told(Tallies):
        def flush(self) -> None:
            super().flush()
            written.set()

    tallies = Told(database.uow, every=0.01)
    with tallies.kept():
        tallies.add(*DARK)
        written.clear()
        assert written.wait(30)
        tallies.add(*AGAIN)
    assert kept(database) == {DARK: 1, AGAIN: 1}
    assert "tallies" not in {thread.name for thread in threading.enumerate()}


def test_a_round_that_fails_is_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    rounds: list[int] = []
    second = threading.Event()

    class Broken(Tallies):
        def flush(self) -> None:
            rounds.append(1)
            if len(rounds) == 1:
                raise ValueError("unexpected")
            second.set()

    with Broken(lambda: None, every=0.01).kept():  # type: ignore[arg-type, return-value]
        assert second.wait(30)
    assert "a round of tallies failed" in caplog.text
    assert "ValueError: unexpected" not in caplog.text  # its text may hold anything


def test_threads_that_count_at_once_lose_nothing(database: Database) -> None:
    tallies = Tallies(database.uow)

    def work() -> None:
        for _ in range(1000):
            tallies.add(*DARK)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    tallies.flush()
    assert kept(database) == {DARK: 4000}


def view(
    state: TrackState = TrackState.LOOKING,
    *,
    track: int = 1,
    decision: Settled | None = None,
    reason: Refusal | None = None,
) -> TrackView:
    return TrackView(track, Box(0, 0, 9, 9), state, reason=reason, decision=decision)


def unknown(decision: Settled | None = None, track: int = 1) -> TrackView:
    return view(TrackState.UNKNOWN, track=track, decision=decision)


def refused(reason: Refusal, track: int = 1) -> TrackView:
    return view(TrackState.REFUSED, track=track, reason=reason)


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
def see(counted: list[str]) -> Callable[..., None]:
    faces = FaceCounts(counted.append)

    def frame(*views: TrackView, ended: tuple[int, ...] = ()) -> None:
        faces.see(FrameResult(START, 0, views, ended, len(views), 0, complete=True))

    return frame


def test_nothing_is_counted_of_who_is_recognised(
    see: Callable[..., None], counted: list[str]
) -> None:
    see()
    see(view())
    see(view(TrackState.IDENTIFIED, decision=ADA))
    see(view(TrackState.IDENTIFIED, decision=ADA))  # seen again after a while
    assert counted == []


def test_a_reason_is_counted_once_a_face(see: Callable[..., None], counted: list[str]) -> None:
    for _ in range(3):
        see(refused(Refusal.TOO_DARK), refused(Refusal.TOO_DARK, track=2))
    see(refused(Refusal.BLURRED))
    see(refused(Refusal.TOO_DARK))
    assert counted == ["too_dark", "too_dark", "blurred"]


def test_a_face_that_stays_unknown_is_one_doubt_and_then_retries(
    see: Callable[..., None], counted: list[str]
) -> None:
    see(unknown(NOBODY))
    see(unknown())  # no decision in this frame
    see(unknown(NOBODY))
    see(unknown(TWINS))
    assert counted == ["below_threshold", RETRY, RETRY, "ambiguous"]


def test_the_try_that_finds_a_name_is_the_last_retry(
    see: Callable[..., None], counted: list[str]
) -> None:
    see(unknown(NOBODY))
    for _ in range(2):
        see(view(TrackState.IDENTIFIED, decision=ADA))
    assert counted == ["below_threshold", RETRY]


def test_a_face_that_comes_back_is_another_one(
    see: Callable[..., None], counted: list[str]
) -> None:
    see(refused(Refusal.TOO_DARK), unknown(NOBODY, track=2))
    see(ended=(1, 2))
    see(refused(Refusal.TOO_DARK), unknown(NOBODY, track=2))
    assert counted == ["too_dark", "below_threshold"] * 2


def test_refusals_and_retries_are_told_apart_and_added_up() -> None:
    gate = DARK._replace(source="gate")
    counts = {DARK: 1, AGAIN: 5, gate: 2, DARK._replace(what="blurred"): 9}
    assert retries(counts) == {AGAIN: 5}
    assert summed(refusals(counts), lambda one: one.what) == {"blurred": 9, "too_dark": 3}
    assert list(summed(counts, lambda one: one.source)) == ["door", "gate"]
