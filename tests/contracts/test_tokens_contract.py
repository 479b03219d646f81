"""Tokens of programs as they are kept, on each database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from rollbook.domain.subjects import new_id
from rollbook.domain.tokens import ApiToken, Scope
from rollbook.errors import NotFound
from rollbook.storage.database import Database
from rollbook.storage.tables import api_tokens

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def token(user_id: str, name: str = "Timetable", made: datetime = NOW) -> ApiToken:
    scopes = frozenset({Scope.PEOPLE_READ, Scope.MARKS_WRITE})
    return ApiToken(new_id(), user_id, name, scopes, made, made + timedelta(days=7))


def test_a_token_comes_back_and_is_found_by_its_text_alone(database: Database) -> None:
    bob, alice = new_id(), new_id()
    first, second, other = token(bob), token(bob, "Board", NOW + timedelta(hours=1)), token(alice)
    with database.uow() as uow:
        assert uow.tokens.all() == []
        for number, one in enumerate((first, second, other)):
            uow.tokens.add(one, f"text {number}")
        uow.commit()
    with database.uow() as uow:
        assert uow.tokens.by_text("text 0") == first == uow.tokens.get(first.token_id)
        assert uow.tokens.by_text("text 9") is None
        assert uow.tokens.all(bob) == [second, first]
        assert len(uow.tokens.all()) == 3
        with pytest.raises(NotFound):
            uow.tokens.get(new_id())


def test_a_revoked_token_is_found_by_its_text_no_more(database: Database) -> None:
    one = token(new_id())
    with database.uow() as uow:
        uow.tokens.add(one, "text")
        used = replace(one, used_at=NOW)
        uow.tokens.update(used)
        assert uow.tokens.by_text("text") == used
        ended = replace(used, revoked_at=NOW)
        uow.tokens.update(ended)
        assert uow.tokens.by_text("text") is None
        assert uow.tokens.get(one.token_id) == ended
        with pytest.raises(NotFound):
            uow.tokens.update(token(new_id()))
        uow.commit()


def test_neither_text_nor_name_lies_in_clear(database: Database) -> None:
    with database.uow() as uow:
        uow.tokens.add(token(new_id(), "Timetable of Bob"), "rollbook_secret")
        uow.commit()
    with database.engine.connect() as connection:
        row = connection.execute(select(api_tokens)).one()
    said = repr(tuple(row))
    assert "secret" not in said and "Timetable" not in said
