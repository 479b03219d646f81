"""The first start: a one-time code, and with it the first administrator. Then never again."""

from __future__ import annotations

from dataclasses import replace
from hmac import compare_digest

from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.passwords import PasswordHasher, Weakness
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.subjects import clean_name, new_id
from rollbook.errors import AlreadyExists
from rollbook.services.account_entries import NOBODY, access_entry, account_entry
from rollbook.services.accounts import clean_login, has_administrator
from rollbook.services.codes import new_code, plain_code
from rollbook.services.passwords import weakness_of

CODE = "setup_code"
EVERYBODY = "set-up"
FREE, FREE_IN_ALL = 5, 50  # wrong codes of one address, and of all together


class Setup:
    """Lets whoever reads the server's terminal, and nobody else, make the first account."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, hasher: PasswordHasher) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._hasher = hasher

    def is_needed(self) -> bool:
        """Return whether there is no administrator yet."""
        with self._open_uow() as uow:
            return not has_administrator(uow)

    def begin(self) -> str | None:
        """Return a new code to be printed in the terminal; None when all is set up.

        Only its digest is kept; a code from an earlier start is worth nothing any more.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            if has_administrator(uow):
                return None
            code = new_code()
            uow.site.set(CODE, _digest(uow, code))
            uow.throttles.succeeded(EVERYBODY)
            uow.commit()
        return code

    def wait(self, address: str) -> float:
        """Return for how many seconds no code is taken from this address."""
        now = self._clock.now()
        with self._open_uow() as uow:
            own = uow.throttles.wait(f"{EVERYBODY} {address}", now)
            return max(own, uow.throttles.wait(EVERYBODY, now))

    def is_code(self, typed: str, address: str) -> bool:
        """Return whether it is the code of the terminal; wrong ones are counted."""
        now = self._clock.now()
        with self._open_uow() as uow:
            kept = uow.site.get(CODE)
            right = isinstance(kept, str) and compare_digest(kept, _digest(uow, typed))
            if not right:
                uow.throttles.failed(f"{EVERYBODY} {address}", now, free=FREE)
                uow.throttles.failed(EVERYBODY, now, free=FREE_IN_ALL)
                uow.register.append(access_entry("set-up code wrong", NOBODY, self._clock))
                uow.commit()
        return right

    def first_administrator(self, name: str, login: str, password: str) -> User | Weakness:
        """Make the first account, after which the code is gone and set-up is closed.

        Raises:
            AlreadyExists: there is an administrator already.
            InvalidInput: the name or sign-in name cannot be used.
        """
        shown, signs_in = clean_name(name), clean_login(login)
        found = weakness_of(password, (signs_in, shown))
        if found is not None:
            return found
        user = User(new_id(), signs_in, Role.ADMINISTRATOR, new_id(), shown)
        user = replace(user, password=self._hasher.hash(password))
        with self._open_uow() as uow:
            uow.register.hold()
            if has_administrator(uow):
                raise AlreadyExists("This site is set up already. Sign in.")
            uow.users.add(user)
            uow.site.set(CODE, None)
            role = user.role.value
            uow.register.append(
                account_entry("added", user.user_id, EVERYBODY, self._clock, role=role)
            )
            uow.commit()
        return user


def _digest(uow: UnitOfWork, code: str) -> str:
    return uow.vault.blind(CODE, plain_code(code)).hex()
