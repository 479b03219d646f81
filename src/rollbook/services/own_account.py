"""What people change about their own account: password, sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rollbook.domain.accounts import User, WebSession
from rollbook.domain.passwords import PasswordHasher, Weakness
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.subjects import new_id
from rollbook.services.account_entries import account_entry
from rollbook.services.passwords import weakness_of
from rollbook.services.sign_in import by_of, pending_code, without_code


@dataclass(frozen=True, slots=True)
class Changed:
    """The password holds from now on; everybody else who was signed in is not any more."""

    user: User


@dataclass(frozen=True, slots=True)
class CodeUsed:
    """The one-time code was used or has run out: another one is needed."""


class OwnAccount:
    """Changes that people make for themselves."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, hasher: PasswordHasher) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._hasher = hasher

    def is_password(self, user: User, typed: str) -> bool:
        """Return whether it is the password of the account."""
        return self._hasher.matches(user.password, typed)

    def change_password(self, user_id: str, new: str) -> Changed | Weakness:
        """Set a password and end all sessions; the caller's goes on under its new uniquifier.

        Whoever calls it has just asked for the old one.
        """
        found = self._weakness(user_id, new)
        if found is not None:
            return found
        hashed = self._hasher.hash(new)
        with self._open_uow() as uow:
            uow.register.hold()
            user = self._write(uow, uow.users.get(user_id), hashed)
            uow.commit()
        return Changed(user)

    def choose_password(self, user_id: str, new: str) -> Changed | Weakness | CodeUsed:
        """Set a password in the place of a one-time code, which is used up by it."""
        found = self._weakness(user_id, new)
        if found is not None:
            return found
        hashed = self._hasher.hash(new)
        with self._open_uow() as uow:
            uow.register.hold()
            user = uow.users.get(user_id)
            if pending_code(user, self._clock.now()) is None or not user.active:
                return CodeUsed()
            user = self._write(uow, user, hashed)
            uow.commit()
        return Changed(user)

    def _weakness(self, user_id: str, new: str) -> Weakness | None:
        with self._open_uow() as uow:
            user = uow.users.get(user_id)
        return weakness_of(new, (user.login, user.name))

    def _write(self, uow: UnitOfWork, user: User, hashed: str) -> User:
        changed = without_code(replace(user, password=hashed, uniquifier=new_id()))
        uow.users.update(changed)
        uow.web_sessions.end_all(user.user_id)
        entry = account_entry("password changed", user.user_id, by_of(user), self._clock)
        uow.register.append(entry)
        return changed

    def sessions(self, user_id: str) -> list[tuple[str, WebSession]]:
        """Return the browsers in which somebody is signed in, the latest used first."""
        now = self._clock.now()
        with self._open_uow() as uow:
            held = uow.web_sessions.of_user(user_id)
        return [(handle, session) for handle, session in held if session.expires_at > now]

    def end_session(self, user: User, handle: str) -> bool:
        """Sign the account out in one browser; False when it was over already."""
        with self._open_uow() as uow:
            ended = uow.web_sessions.end(user.user_id, handle)
            if ended:
                entry = account_entry("session ended", user.user_id, by_of(user), self._clock)
                uow.register.append(entry)
            uow.commit()
        return ended

    def end_other_sessions(self, user: User, token: str | None) -> int:
        """Sign the account out in all browsers but the one with this token."""
        with self._open_uow() as uow:
            ended = uow.web_sessions.end_all(user.user_id, but=token)
            entry = account_entry("other sessions ended", user.user_id, by_of(user), self._clock)
            uow.register.append(entry)
            uow.commit()
        return ended
