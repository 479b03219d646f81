"""Counts of refusals in the database: added up by day, place and reason, by many at once."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from rollbook.domain.subjects import new_id
from rollbook.domain.tallies import RETRY, Tally
from rollbook.storage.database import Database

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def add(database: Database, counts: dict[Tally, int]) -> None:
    with database.uow() as uow:
        uow.tallies.add(counts)
        uow.commit()


def kept(database: Database, first: date = date.min, last: date = date.max) -> dict[Tally, int]:
    with database.uow() as uow:
        return uow.tallies.between(first, last)


def test_there_are_no_counts_at_first(database: Database) -> None:
    add(database, {})
    assert kept(database) == {}


def test_what_is_counted_again_is_added(database: Database) -> None:
    dark, again = Tally(MONDAY, new_id(), "too_dark"), Tally(MONDAY, new_id(), RETRY)
    add(database, {dark: 2, again: 1})
    add(database, {dark: 3})
    assert kept(database) == {dark: 5, again: 1}


def test_what_is_not_committed_is_not_counted(database: Database) -> None:
    with database.uow() as uow:
        uow.tallies.add({Tally(MONDAY, "watch", "blurred"): 1})
    assert kept(database) == {}


def test_days_sources_and_reasons_are_counted_apart(database: Database) -> None:
    counts = {
        Tally(day, source, what): 1
        for day in (MONDAY, MONDAY + DAY)
        for source in ("photograph", "watch")
        for what in ("blurred", "too_dark")
    }
    add(database, dict(reversed(counts.items())))
    assert list(kept(database)) == list(counts)


def test_days_are_asked_for_from_the_first_to_the_last(database: Database) -> None:
    days = [Tally(MONDAY + n * DAY, "watch", "blurred") for n in range(5)]
    add(database, dict.fromkeys(days, 1))
    assert list(kept(database, MONDAY + DAY, MONDAY + 3 * DAY)) == days[1:4]


def test_old_days_are_deleted(database: Database) -> None:
    days = [Tally(MONDAY + n * DAY, "watch", "blurred") for n in range(5)]
    add(database, dict.fromkeys(days, 1))
    with database.uow() as uow:
        assert uow.tallies.purge(MONDAY + 2 * DAY) == 2
        uow.commit()
    assert list(kept(database)) == days[2:]
    with database.uow() as uow:
        assert uow.tallies.purge(MONDAY + 2 * DAY) == 0


def test_a_count_may_be_larger_than_32_bits(database: Database) -> None:
    many = {Tally(MONDAY, "watch", RETRY): 2**40}
    add(database, many)
    add(database, many)
    assert set(kept(database).values()) == {2**41}


@pytest.mark.slow
def test_those_who_count_the_same_at_once_lose_nothing(database: Database) -> None:
    counts = {Tally(MONDAY, f"camera {n}", "blurred"): 1 for n in range(20)}
    failures: list[Exception] = []

    def work(turned: bool) -> None:
        order = reversed(counts.items()) if turned else counts.items()
        mine = dict(order)
        try:
            for _ in range(20):
                add(database, mine)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n % 2 == 0,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert kept(database) == dict.fromkeys(counts, 80)
