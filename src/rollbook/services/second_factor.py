"""The second factor: codes of an authenticator app, and recovery codes for when it is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Protocol

from rollbook.domain.accounts import User
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.services.account_entries import NOBODY, access_entry, account_entry
from rollbook.services.accounts import second_step, without_second_factor
from rollbook.services.codes import new_code, plain_code
from rollbook.services.sign_in import FREE, by_of

RECOVERY_CODES = 8
RECOVERY = "recovery code"


class AppCodes(Protocol):
    """What an authenticator app computes."""

    def new_secret(self) -> str: ...

    def link(self, secret: str, name: str, issuer: str) -> str: ...

    def step_of(self, secret: str, code: str, at: datetime, after: int | None) -> int | None: ...


class SecondFactor:
    """Sets up, checks and removes the second factor of an account."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, codes: AppCodes) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._codes = codes

    def new_secret(self) -> str:
        return self._codes.new_secret()

    def link(self, secret: str, user: User, site: str) -> str:
        """Return the address that the app reads from a QR code."""
        return self._codes.link(secret, user.login, site)

    def turn_on(self, user_id: str, secret: str, code: str) -> list[str] | None:
        """Keep the app's secret once its code is right; return new recovery codes, or None."""
        step = self._codes.step_of(secret, _digits(code), self._clock.now(), None)
        if step is None:
            return None
        with self._open_uow() as uow:
            uow.register.hold()
            user = uow.users.get(user_id)
            fresh, kept = _recovery_codes(uow, user_id)
            secrets = {**user.secrets, "totp": secret, "totp_step": step, "recovery": kept}
            self._write(uow, replace(user, secrets=secrets), "second factor set up")
            uow.commit()
        return fresh

    def turn_off(self, user_id: str) -> None:
        """Forget the app and the recovery codes."""
        with self._open_uow() as uow:
            uow.register.hold()
            user = uow.users.get(user_id)
            self._write(uow, without_second_factor(user), "second factor removed")
            uow.commit()

    def new_recovery_codes(self, user_id: str) -> list[str]:
        """Return new recovery codes; the old ones are worth nothing from now on."""
        with self._open_uow() as uow:
            uow.register.hold()
            user = uow.users.get(user_id)
            fresh, kept = _recovery_codes(uow, user_id)
            changed = replace(user, secrets={**user.secrets, "recovery": kept})
            self._write(uow, changed, "recovery codes made")
            uow.commit()
        return fresh

    def wait(self, user_id: str) -> float:
        """Return for how many seconds no code is accepted."""
        with self._open_uow() as uow:
            return uow.throttles.wait(second_step(user_id), self._clock.now())

    def check(self, user_id: str, typed: str) -> bool:
        """Return whether a code of the app, or a recovery code, is right; each counts once."""
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            if uow.throttles.wait(second_step(user_id), now) > 0:
                return False
            user = uow.users.get(user_id)
            passed = self._passed(uow, user, typed, now)
            if passed is None:
                uow.throttles.failed(second_step(user_id), now, free=FREE)
                uow.register.append(
                    access_entry("second step failed", NOBODY, self._clock, user_id=user_id)
                )
            else:
                uow.throttles.succeeded(second_step(user_id))
                uow.users.update(passed)
            uow.commit()
        return passed is not None

    def _passed(self, uow: UnitOfWork, user: User, typed: str, now: datetime) -> User | None:
        """Return the account with the code used up, or None."""
        secret, after = user.secrets.get("totp"), user.secrets.get("totp_step")
        last = after if isinstance(after, int) else None
        digits = _digits(typed)
        if isinstance(secret, str) and len(digits) == 6:
            step = self._codes.step_of(secret, digits, now, last)
            return None if step is None else _with(user, totp_step=step)
        kept = recovery_codes(user)
        index = _recovery_index(uow, user.user_id, typed)
        if index not in kept:
            return None
        entry = account_entry("recovery code used", user.user_id, by_of(user), self._clock)
        uow.register.append(entry)
        return _with(user, recovery=[code for code in kept if code != index])

    def _write(self, uow: UnitOfWork, user: User, event: str) -> None:
        uow.users.update(user)
        uow.register.append(account_entry(event, user.user_id, by_of(user), self._clock))


def has_app(user: User) -> bool:
    """Return whether an authenticator app is set up."""
    return isinstance(user.secrets.get("totp"), str)


def recovery_codes(user: User) -> list[str]:
    """Return keyed digests of the recovery codes that are left."""
    kept = user.secrets.get("recovery")
    return [str(code) for code in kept] if isinstance(kept, list) else []


def _with(user: User, **changed: object) -> User:
    return replace(user, secrets={**user.secrets, **changed})


def _recovery_codes(uow: UnitOfWork, user_id: str) -> tuple[list[str], list[str]]:
    fresh = [new_code() for _ in range(RECOVERY_CODES)]
    return fresh, [_recovery_index(uow, user_id, code) for code in fresh]


def _recovery_index(uow: UnitOfWork, user_id: str, code: str) -> str:
    return uow.vault.blind(RECOVERY, f"{user_id} {plain_code(code)}").hex()


def _digits(code: str) -> str:
    """Return an app's code without the space that apps show; digits of any script."""
    plain = "".join(code.split())
    return str(int(plain)).zfill(6) if plain.isdecimal() and len(plain) == 6 else ""
