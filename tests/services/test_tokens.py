"""Tokens of programs: made for scopes, shown once, ended at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rollbook.domain.access import Actor, Permission, Role
from rollbook.domain.accounts import User
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import new_id
from rollbook.domain.tokens import Scope, permissions_for, scopes_for
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.tokens import ALIVE, TOUCH, NewToken, Tokens
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Desk:
    """Bob of the faculty, and what keeps his tokens."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.tokens = Tokens(database.uow, self.clock)
        self.user = User(new_id(), "bob", Role.FACULTY, new_id())
        with database.uow() as uow:
            uow.users.add(self.user)
            uow.commit()
        self.bob = Actor(self.user.user_id, Role.FACULTY)

    def make(self, *scopes: Scope, days: int = 7) -> NewToken:
        return self.tokens.make(self.bob, "Timetable", scopes or [Scope.PEOPLE_READ], days)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_a_token_acts_for_its_account_until_it_expires(desk: Desk) -> None:
    made = desk.make()
    held = desk.tokens.holder(made.text)
    assert held is not None
    assert (held[0].name, held[1].user_id) == ("Timetable", desk.bob.actor_id)
    desk.clock.at += timedelta(days=7)
    assert desk.tokens.holder(made.text) is None


@pytest.mark.parametrize("text", ["", "rollbook_", "rollbook_nothing", "x" * 100_000, "\x00"])
def test_other_texts_are_no_tokens(desk: Desk, text: str) -> None:
    desk.make()
    assert desk.tokens.holder(text) is None


def test_its_use_is_written_now_and_then(desk: Desk) -> None:
    made = desk.make()
    desk.tokens.holder(made.text)
    desk.clock.at += TOUCH / 2
    desk.tokens.holder(made.text)
    assert desk.tokens.of()[0].used_at == NOW
    desk.clock.at += TOUCH / 2
    desk.tokens.holder(made.text)
    assert desk.tokens.of()[0].used_at == NOW + TOUCH


def test_a_revoked_token_is_worth_nothing_at_once(desk: Desk) -> None:
    made = desk.make()
    with pytest.raises(NotFound):
        desk.tokens.revoke(made.token.token_id, desk.bob, whose="somebody else")
    desk.tokens.revoke(made.token.token_id, desk.bob, whose=desk.bob.actor_id)
    desk.tokens.revoke(made.token.token_id, desk.bob, whose=None)
    assert desk.tokens.holder(made.text) is None
    (kept,) = desk.tokens.of(desk.bob.actor_id)
    assert kept.revoked_at == NOW
    with desk.database.uow() as uow:
        told = [entry.body["event"] for entry in uow.register.entries([EntryKind.ACCOUNT])]
        bodies = str([entry.body for entry in uow.register.entries()])
    assert told == ["token revoked", "token made"]
    assert made.text not in bodies and "Timetable" not in bodies


def test_a_disabled_or_removed_account_has_no_tokens(desk: Desk) -> None:
    made = desk.make()
    with desk.database.uow() as uow:
        uow.users.update(replace(desk.user, active=False))
        uow.commit()
    assert desk.tokens.holder(made.text) is None
    with desk.database.uow() as uow:
        uow.users.remove(desk.user.user_id)
        uow.commit()
    assert desk.tokens.holder(made.text) is None
    assert desk.tokens.of() == []


def test_a_token_is_made_for_what_its_account_may(desk: Desk) -> None:
    for scopes in ([], [Scope.AUDIT_READ], [Scope.PEOPLE_READ, Scope.USERS_READ]):
        with pytest.raises(InvalidInput):
            desk.tokens.make(desk.bob, "x", scopes, 7)
    with pytest.raises(InvalidInput):
        desk.make(days=10_000)
    with pytest.raises(InvalidInput):
        desk.tokens.make(desk.bob, " ", [Scope.PEOPLE_READ], 7)


def test_an_account_has_so_many_tokens_and_no_more(desk: Desk) -> None:
    for _ in range(ALIVE):
        desk.make()
    with pytest.raises(InvalidInput, match="too many"):
        desk.make()
    desk.clock.at += timedelta(days=8)
    desk.make()


def test_an_actor_is_cut_to_the_scopes() -> None:
    cut = permissions_for([Scope.PEOPLE_READ, Scope.AUDIT_READ])
    bob = Actor("b", Role.FACULTY, subject_id="s", only=cut)
    assert bob.may(Permission.PEOPLE_READ) and bob.may(Permission.SIGNED_IN)
    assert not bob.may(Permission.AUDIT_READ)  # the account may not
    assert not bob.may(Permission.SESSIONS_READ)  # the token may not
    assert not bob.may(Permission.OWN_RECORD)


def test_each_role_has_its_scopes() -> None:
    assert scopes_for(Role.SUBJECT, own_record=True) == [Scope.ME_READ, Scope.ME_WRITE]
    assert scopes_for(Role.KIOSK, own_record=False) == []
    assert Scope.PEOPLE_REMOVE not in scopes_for(Role.FACULTY, own_record=False)
    assert Scope.ME_READ not in scopes_for(Role.ADMINISTRATOR, own_record=False)
