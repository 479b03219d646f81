"""Requests on every database: sealed for the person, found by state, gone with the key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from builders import DAY, NOW, make_subject
from rollbook.domain.attendance import Status
from rollbook.domain.requests import Request, RequestKind, RequestState
from rollbook.errors import NotFound
from rollbook.storage.database import Database
from rollbook.storage.tables import requests


def asked(subject_id: str, request_id: str, minute: int = 0) -> Request:
    return Request(
        request_id=request_id,
        subject_id=subject_id,
        kind=RequestKind.EXCUSE,
        asked_at=NOW + timedelta(minutes=minute),
        text="my brother is ill",
        first_day=DAY,
        last_day=DAY,
        wanted=Status.EXCUSED,
    )


@pytest.fixture
def ada(database: Database) -> str:
    person = make_subject()
    with database.uow() as uow:
        uow.subjects.add(person)
        uow.commit()
    return person.subject_id


def test_no_requests_at_first(database: Database, ada: str) -> None:
    with database.uow() as uow:
        assert (uow.requests.waiting(), uow.requests.of(ada), uow.requests.decided()) == (
            [],
            [],
            [],
        )
        with pytest.raises(NotFound):
            uow.requests.get("none")


def test_requests_come_back_as_they_were(database: Database, ada: str) -> None:
    first, second = asked(ada, "r1"), asked(ada, "r2", 1)
    with database.uow() as uow:
        uow.requests.add(second)
        uow.requests.add(first)
        uow.commit()
    with database.uow() as uow:
        assert uow.requests.get("r1") == first
        assert uow.requests.waiting() == [first, second]
        assert uow.requests.of(ada) == [second, first]


@pytest.mark.parametrize("state", [s for s in RequestState if s is not RequestState.OPEN])
def test_every_state_fits_and_ends_the_waiting(
    database: Database, ada: str, state: RequestState
) -> None:
    request = asked(ada, "r1")
    over = replace(request, state=state, decided_at=NOW, decided_by="faculty x", answer="yes")
    with database.uow() as uow:
        uow.requests.add(request)
        uow.requests.update(over)
        uow.commit()
    with database.uow() as uow:
        assert uow.requests.waiting() == [] and uow.requests.decided() == [over]


def test_nothing_that_was_said_is_readable_and_it_goes_with_the_key(
    database: Database, ada: str
) -> None:
    with database.uow() as uow:
        uow.requests.add(asked(ada, "r1"))
        uow.commit()
    with database.engine.connect() as connection:
        row = connection.execute(select(requests)).one()
        assert b"brother" not in bytes(row.payload)
    with database.uow() as uow:
        uow.subjects.remove(ada)
        uow.commit()
    with database.uow() as uow:
        assert uow.requests.waiting() == []
        with pytest.raises(NotFound):
            uow.requests.get("r1")


def test_some_people_are_found_by_id(database: Database, ada: str) -> None:
    with database.uow() as uow:
        assert uow.subjects.some([]) == {}
        assert set(uow.subjects.some([ada, "nobody", ada])) == {ada}
