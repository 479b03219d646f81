"""Signing in by name and password, or by a one-time code: throttled, and the same for nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from rollbook.domain.accounts import User
from rollbook.domain.passwords import LONGEST, PasswordHasher
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.services.account_entries import NOBODY, access_entry
from rollbook.services.codes import plain_code

FREE = 5  # failures of one account before it has to wait
FREE_OF_ADDRESS = 50  # a whole school may come from one address
LONGEST_LOGIN = 200  # characters that are looked at


@dataclass(frozen=True, slots=True)
class Known:
    """The password is right."""

    user: User


@dataclass(frozen=True, slots=True)
class ByCode:
    """The one-time code is right: before signing in, a password has to be chosen."""

    user: User


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Name and password do not fit, whichever of them is wrong."""

    wait: float = 0.0  # seconds in which nothing is accepted


Outcome = Known | ByCode | NotKnown


class SignIn:
    """Decides who may come in."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, hasher: PasswordHasher) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._hasher = hasher

    def check(self, login: str, secret: str, address: str) -> Outcome:
        """Return who signs in with a password or one-time code.

        A wrong name takes as long as a wrong password: one comparison is made in every case.
        """
        login = login[:LONGEST_LOGIN]
        with self._open_uow() as uow:
            wait = self._wait(uow, login, address)
            user = None if wait else uow.users.by_login(login)
        if wait:
            return NotKnown(wait)
        code = pending_code(user, self._clock.now())
        kept, typed = (user.password if user else None), secret
        if user is not None and code is not None and user.password is None:
            kept, typed = code, plain_code(secret[:LONGEST])
        same = self._hasher.matches(kept, typed)
        if user is None or not same or not user.active:
            return self._refuse(login, address, user)
        by_code = kept is code
        if not by_code and self._hasher.is_outdated(str(kept)):
            self._hash_anew(user, secret)
        return self._accept(login, address, user, by_code=by_code)

    def _hash_anew(self, user: User, password: str) -> None:
        """Keep the password at today's cost."""
        hashed = self._hasher.hash(password)
        with self._open_uow() as uow:
            uow.register.hold()
            now = uow.users.get(user.user_id)
            if now.password == user.password:
                uow.users.update(replace(now, password=hashed))
            uow.commit()

    def _wait(self, uow: UnitOfWork, login: str, address: str) -> float:
        now = self._clock.now()
        return max(uow.throttles.wait(bucket, now) for bucket in _buckets(login, address))

    def _refuse(self, login: str, address: str, user: User | None) -> NotKnown:
        own, shared = _buckets(login, address)
        now = self._clock.now()
        more = {} if user is None else {"user_id": user.user_id}
        with self._open_uow() as uow:
            wait = uow.throttles.failed(own, now, free=FREE)
            uow.throttles.failed(shared, now, free=FREE_OF_ADDRESS)
            uow.register.append(access_entry("sign-in failed", NOBODY, self._clock, **more))
            uow.commit()
        return NotKnown(wait)

    def _accept(self, login: str, address: str, user: User, *, by_code: bool) -> Outcome:
        with self._open_uow() as uow:
            for bucket in _buckets(login, address):
                uow.throttles.succeeded(bucket)
            uow.commit()
        return ByCode(user) if by_code else Known(user)

    def note_in(self, user: User, how: str) -> None:
        """Write that somebody has signed in, after the second step where there is one."""
        self._note("signed in", user, how=how)

    def note_out(self, user: User) -> None:
        self._note("signed out", user)

    def _note(self, event: str, user: User, **more: object) -> None:
        with self._open_uow() as uow:
            uow.register.append(access_entry(event, by_of(user), self._clock, **more))
            uow.commit()


def by_of(user: User) -> str:
    """Return how the register calls who acts."""
    return f"{user.role.value} {user.user_id}"


def bucket_of(login: str) -> str:
    """Return what failures of one sign-in name are counted under."""
    return f"login {' '.join(login.split()).casefold()}"


def _buckets(login: str, address: str) -> tuple[str, str]:
    return bucket_of(login), f"address {address}"


def pending_code(user: User | None, now: datetime) -> str | None:
    """Return the hash of the one-time code that can still be used."""
    kept = user.secrets.get("code") if user is not None else None
    if not isinstance(kept, dict) or datetime.fromisoformat(str(kept["until"])) <= now:
        return None
    return str(kept["hash"])


def with_code(user: User, hashed: str, until: datetime) -> User:
    """Return the account with a one-time code in the place of its password."""
    secrets = {**user.secrets, "code": {"hash": hashed, "until": until.isoformat()}}
    return replace(user, password=None, secrets=secrets)


def without_code(user: User) -> User:
    return replace(user, secrets={k: v for k, v in user.secrets.items() if k != "code"})
