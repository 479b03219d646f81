"""Passkeys of an account: kept, counted and removed. What a device signed is checked before."""

from __future__ import annotations

from dataclasses import replace

from rollbook.domain.accounts import User
from rollbook.domain.passkeys import Passkey
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.subjects import clean_name
from rollbook.errors import InvalidInput
from rollbook.services.account_entries import account_entry
from rollbook.services.sign_in import by_of

AT_MOST = 20  # of one account
NAME_LIMIT = 60  # characters


class PasskeyKeeper:
    """Keeps the passkeys of accounts."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def of(self, user_id: str) -> list[tuple[str, Passkey]]:
        """Return (handle, passkey), oldest first."""
        with self._open_uow() as uow:
            return uow.passkeys.of_user(user_id)

    def find(self, credential: bytes) -> tuple[User, Passkey] | None:
        """Return the active account that a passkey belongs to."""
        with self._open_uow() as uow:
            passkey = uow.passkeys.get(credential)
            if passkey is None:
                return None
            user = uow.users.get(passkey.user_id)
        return (user, passkey) if user.active else None

    def add(
        self,
        user: User,
        name: str,
        credential: bytes,
        public_key: bytes,
        uses: int,
        transports: tuple[str, ...],
    ) -> Passkey:
        """Keep a passkey that its device has just proved.

        Raises:
            AlreadyExists: it is kept already.
            InvalidInput: the account has too many.
        """
        kept = clean_name(name)[:NAME_LIMIT]
        now = self._clock.now()
        passkey = Passkey(credential, user.user_id, kept, public_key, uses, now, None, transports)
        with self._open_uow() as uow:
            uow.register.hold()
            if len(uow.passkeys.of_user(user.user_id)) >= AT_MOST:
                raise InvalidInput(
                    "An account can have %(limit)s passkeys. Remove one first.", limit=AT_MOST
                )
            uow.passkeys.add(passkey)
            uow.register.append(
                account_entry("passkey added", user.user_id, by_of(user), self._clock)
            )
            uow.commit()
        return passkey

    def used(self, passkey: Passkey, uses: int) -> None:
        """Write that a passkey was used, and what its device counts."""
        with self._open_uow() as uow:
            uow.passkeys.update(replace(passkey, uses=uses, used_at=self._clock.now()))
            uow.commit()

    def remove(self, user: User, handle: str) -> bool:
        """Forget a passkey; False when it is gone already."""
        with self._open_uow() as uow:
            gone = uow.passkeys.remove(user.user_id, handle)
            if gone:
                entry = account_entry("passkey removed", user.user_id, by_of(user), self._clock)
                uow.register.append(entry)
            uow.commit()
        return gone
