"""Signing in: right, wrong, by code, throttled, and never telling which names there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from builders import NOW, quick_hasher
from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import new_id
from rollbook.services.accounts import Accounts, NewAccount
from rollbook.services.own_account import Changed, CodeUsed, OwnAccount
from rollbook.services.sign_in import ByCode, Known, NotKnown, SignIn
from rollbook.storage.database import Database
from rollbook.storage.passwords import ArgonHasher
from rollbook.testing import FixedClock

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
PASSWORD = "violet kettle on thursday"


class CountingHasher:
    """The real thing, counting how often it compares: that is what takes the time."""

    def __init__(self) -> None:
        self._real = quick_hasher()
        self.compared = 0

    def hash(self, secret: str) -> str:
        return self._real.hash(secret)

    def matches(self, kept: str | None, typed: str) -> bool:
        self.compared += 1
        return self._real.matches(kept, typed)

    def is_outdated(self, kept: str) -> bool:
        return self._real.is_outdated(kept)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def sign_in(database: Database, clock: FixedClock, hasher: CountingHasher) -> SignIn:
    return SignIn(database.uow, clock, hasher)


@pytest.fixture
def accounts(database: Database, clock: FixedClock, hasher: CountingHasher) -> Accounts:
    return Accounts(database.uow, clock, hasher)


@pytest.fixture
def eve(database: Database, hasher: CountingHasher) -> Iterator[User]:
    user = User(new_id(), "Ève Müller", Role.FACULTY, new_id(), password=hasher.hash(PASSWORD))
    with database.uow() as uow:
        uow.users.add(user)
        uow.commit()
    yield user


@pytest.mark.parametrize("login", ["Ève Müller", "  ÈVE   müller ", "ève müller"])
def test_the_name_is_found_however_it_is_spelled(sign_in: SignIn, eve: User, login: str) -> None:
    outcome = sign_in.check(login, PASSWORD, HERE)
    assert isinstance(outcome, Known)
    assert outcome.user.user_id == eve.user_id


def test_a_wrong_name_and_a_wrong_password_cannot_be_told_apart(
    sign_in: SignIn, eve: User, hasher: CountingHasher
) -> None:
    hasher.compared = 0
    wrong = sign_in.check(eve.login, "another one", HERE)
    assert hasher.compared == 1
    nobody = sign_in.check("nobody", "another one", HERE)
    assert hasher.compared == 2
    assert wrong == nobody == NotKnown()


def test_a_disabled_account_answers_like_a_wrong_password(
    sign_in: SignIn, eve: User, database: Database
) -> None:
    with database.uow() as uow:
        uow.users.update(replace(eve, active=False))
        uow.commit()
    assert sign_in.check(eve.login, PASSWORD, HERE) == NotKnown()


@pytest.mark.parametrize("login", ["Ève Müller", "there is no such name"])
def test_after_five_wrong_tries_nothing_is_accepted_for_a_while(
    sign_in: SignIn, eve: User, clock: FixedClock, login: str
) -> None:
    waits = [sign_in.check(login, "wrong", HERE) for _ in range(6)]
    assert [outcome.wait for outcome in waits if isinstance(outcome, NotKnown)] == [0.0] * 5 + [2.0]
    assert sign_in.check(login, PASSWORD, ELSEWHERE) == NotKnown(2.0)
    clock.advance(3)
    known = login == eve.login
    assert isinstance(sign_in.check(login, PASSWORD, HERE), Known if known else NotKnown)


def test_one_address_cannot_try_many_names(sign_in: SignIn, eve: User) -> None:
    for number in range(51):
        sign_in.check(f"name {number}", "wrong", HERE)
    outcome = sign_in.check(eve.login, PASSWORD, HERE)
    assert isinstance(outcome, NotKnown)
    assert outcome.wait > 0
    assert isinstance(sign_in.check(eve.login, PASSWORD, ELSEWHERE), Known)


def test_the_register_tells_of_failures_without_what_was_typed(
    sign_in: SignIn, eve: User, database: Database
) -> None:
    sign_in.check("typed by somebody", "typed too", HERE)
    sign_in.check(eve.login, "wrong", HERE)
    sign_in.note_in(eve, "password")
    with database.uow() as uow:
        entries = uow.register.entries([EntryKind.ACCESS])
    assert [entry.body["event"] for entry in entries] == [
        "signed in",
        "sign-in failed",
        "sign-in failed",
    ]
    assert [entry.body.get("user_id") for entry in entries] == [None, eve.user_id, None]
    assert "typed" not in str([entry.body for entry in entries])


def test_a_one_time_code_leads_to_a_new_password_once(
    sign_in: SignIn, accounts: Accounts, database: Database, clock: FixedClock
) -> None:
    slip = accounts.add(NewAccount("frida", Role.AUDITOR), "terminal")
    own = OwnAccount(database.uow, clock, quick_hasher())
    assert isinstance(sign_in.check("frida", slip.code.lower().replace("-", " "), HERE), ByCode)
    assert isinstance(own.choose_password(slip.user.user_id, PASSWORD), Changed)
    assert own.choose_password(slip.user.user_id, "somebody else's words") == CodeUsed()
    assert sign_in.check("frida", slip.code, HERE) == NotKnown()
    assert isinstance(sign_in.check("frida", PASSWORD, HERE), Known)


def test_a_one_time_code_lasts_a_day(
    sign_in: SignIn, accounts: Accounts, clock: FixedClock
) -> None:
    slip = accounts.add(NewAccount("frida", Role.AUDITOR), "terminal")
    clock.advance(24 * 3600)
    assert sign_in.check("frida", slip.code, HERE) == NotKnown()


def test_a_code_takes_the_place_of_the_password_and_frees_who_is_locked_out(
    sign_in: SignIn, accounts: Accounts, eve: User
) -> None:
    for _ in range(9):
        sign_in.check(eve.login, "wrong", HERE)
    slip = accounts.reset(eve.user_id, "terminal")
    assert isinstance(sign_in.check(eve.login, slip.code, HERE), ByCode)
    assert sign_in.check(eve.login, PASSWORD, HERE) == NotKnown()


def test_a_password_kept_cheaply_is_hashed_anew(database: Database, clock: FixedClock) -> None:
    cheap, dear = quick_hasher(), ArgonHasher(PasswordHasher(2, 16, 1))
    user = User(new_id(), "eve", Role.FACULTY, new_id(), password=cheap.hash(PASSWORD))
    with database.uow() as uow:
        uow.users.add(user)
        uow.commit()
    assert isinstance(SignIn(database.uow, clock, dear).check("eve", PASSWORD, HERE), Known)
    with database.uow() as uow:
        kept = uow.users.get(user.user_id).password
    assert kept is not None
    assert not dear.is_outdated(kept)
    assert dear.matches(kept, PASSWORD)
