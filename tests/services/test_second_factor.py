"""Codes of an authenticator app and recovery codes: each is worth one sign-in."""

from __future__ import annotations

import pytest
from passlib.totp import TOTP

from builders import NOW
from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.subjects import new_id
from rollbook.services.second_factor import SecondFactor, has_app, recovery_codes
from rollbook.storage.database import Database
from rollbook.storage.one_time import AuthenticatorCodes
from rollbook.testing import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def factor(database: Database, clock: FixedClock) -> SecondFactor:
    return SecondFactor(database.uow, clock, AuthenticatorCodes())


@pytest.fixture
def user(database: Database) -> User:
    made = User(new_id(), "eve", Role.ADMINISTRATOR, new_id())
    with database.uow() as uow:
        uow.users.add(made)
        uow.commit()
    return made


def shown(secret: str, clock: FixedClock) -> str:
    """Return what the app shows now."""
    return str(TOTP(key=secret).generate(clock.now()).token)


def read(database: Database, user: User) -> User:
    with database.uow() as uow:
        return uow.users.get(user.user_id)


def test_the_app_is_kept_only_when_its_code_is_right(
    factor: SecondFactor, user: User, clock: FixedClock, database: Database
) -> None:
    secret = factor.new_secret()
    assert factor.turn_on(user.user_id, secret, "000000") is None
    assert not has_app(read(database, user))
    codes = factor.turn_on(user.user_id, secret, shown(secret, clock))
    assert codes is not None
    assert len(set(codes)) == 8
    assert has_app(read(database, user))


def test_a_code_of_the_app_counts_once_and_within_its_time(
    factor: SecondFactor, user: User, clock: FixedClock
) -> None:
    secret = factor.new_secret()
    factor.turn_on(user.user_id, secret, shown(secret, clock))
    assert not factor.check(user.user_id, shown(secret, clock))  # it has set up the app
    clock.advance(60)
    code = shown(secret, clock)
    assert factor.check(user.user_id, f"{code[:3]} {code[3:]}")
    assert not factor.check(user.user_id, code)
    clock.advance(300)
    assert not factor.check(user.user_id, code)


def test_a_recovery_code_counts_once_and_is_not_kept_as_it_is(
    factor: SecondFactor, user: User, clock: FixedClock, database: Database
) -> None:
    secret = factor.new_secret()
    codes = factor.turn_on(user.user_id, secret, shown(secret, clock)) or []
    assert not set(codes) & set(recovery_codes(read(database, user)))
    assert factor.check(user.user_id, codes[0].lower())
    assert not factor.check(user.user_id, codes[0])
    assert len(recovery_codes(read(database, user))) == 7
    fresh = factor.new_recovery_codes(user.user_id)
    assert not factor.check(user.user_id, codes[1])
    assert factor.check(user.user_id, fresh[0])


def test_wrong_codes_are_throttled(factor: SecondFactor, user: User, clock: FixedClock) -> None:
    secret = factor.new_secret()
    codes = factor.turn_on(user.user_id, secret, shown(secret, clock)) or []
    for _ in range(6):
        assert not factor.check(user.user_id, "000000")
    assert factor.wait(user.user_id) > 0
    assert not factor.check(user.user_id, codes[0])
    clock.advance(10)
    assert factor.check(user.user_id, codes[0])


def test_without_a_second_factor_no_code_is_right(factor: SecondFactor, user: User) -> None:
    for typed in ("", "000000", "AAAA-AAAA-AAAA", "x" * 10_000):
        assert not factor.check(user.user_id, typed)


def test_turning_it_off_forgets_everything(
    factor: SecondFactor, user: User, clock: FixedClock, database: Database
) -> None:
    secret = factor.new_secret()
    codes = factor.turn_on(user.user_id, secret, shown(secret, clock)) or []
    factor.turn_off(user.user_id)
    assert read(database, user).secrets == {}
    assert not factor.check(user.user_id, codes[0])


def test_a_clock_that_was_ahead_for_a_day_locks_nobody_out(
    factor: SecondFactor, user: User, clock: FixedClock
) -> None:
    secret = factor.new_secret()
    clock.advance(24 * 3600)
    assert factor.turn_on(user.user_id, secret, shown(secret, clock))
    clock.advance(-24 * 3600)
    code = shown(secret, clock)
    assert factor.check(user.user_id, code)
    assert not factor.check(user.user_id, code)
