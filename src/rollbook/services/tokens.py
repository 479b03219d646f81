"""Tokens of programs: made, used and revoked."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollbook.domain.access import Actor
from rollbook.domain.accounts import User
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.subjects import clean_name, new_id
from rollbook.domain.tokens import PREFIX, ApiToken, Scope, scopes_for
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.account_entries import account_entry

LONGEST_TEXT = 200  # characters; what is longer is no token
TOUCH = timedelta(minutes=10)  # so often it is written that a token is used
DAYS = (7, 30, 90, 365)  # how long a token may last
ALIVE = 50  # tokens that one account may have at a time


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token with its text, which is shown once and kept nowhere."""

    token: ApiToken
    text: str = field(repr=False)


class Tokens:
    """Keeps the tokens of accounts."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def make(self, owner: Actor, name: str, scopes: Collection[Scope], days: int) -> NewToken:
        """Make a token that acts for its owner, for so many days.

        Raises:
            InvalidInput: the name, the scopes or the time cannot be used, or there are too many.
        """
        allowed = scopes_for(owner.role, own_record=owner.subject_id is not None)
        if not scopes or not set(scopes) <= set(allowed):
            raise InvalidInput("Choose what the token is for, among what your account may do.")
        if days not in DAYS:
            raise InvalidInput("Choose how long the token lasts.")
        now = self._clock.now()
        token = ApiToken(
            token_id=new_id(),
            user_id=owner.actor_id,
            name=clean_name(name),
            scopes=frozenset(scopes),
            made_at=now,
            expires_at=now + timedelta(days=days),
        )
        text = PREFIX + secrets.token_urlsafe(32)
        with self._open_uow() as uow:
            uow.register.hold()
            alive = [one for one in uow.tokens.all(owner.actor_id) if one.works_at(now)]
            if len(alive) >= ALIVE:
                raise InvalidInput("You have too many tokens. Revoke those that nothing uses.")
            uow.tokens.add(token, text)
            more = {"token_id": token.token_id, "scopes": sorted(token.scopes)}
            uow.register.append(
                account_entry("token made", owner.actor_id, owner.by, self._clock, **more)
            )
            uow.commit()
        return NewToken(token, text)

    def revoke(self, token_id: str, by: Actor, *, whose: str | None) -> ApiToken:
        """End a token at once: of one user, or with `whose` None of anybody.

        Raises:
            NotFound: there is no such token, or it is somebody else's.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            token = uow.tokens.get(token_id)
            if whose is not None and token.user_id != whose:
                raise NotFound("There is no such token.")
            if token.revoked_at is not None:
                return token
            token = replace(token, revoked_at=self._clock.now())
            uow.tokens.update(token)
            uow.register.append(
                account_entry("token revoked", token.user_id, by.by, self._clock, token_id=token_id)
            )
            uow.commit()
        return token

    def of(self, user_id: str | None = None) -> list[ApiToken]:
        """Return the tokens of a user, or of everybody, newest first."""
        with self._open_uow() as uow:
            return uow.tokens.all(user_id)

    def holder(self, text: str) -> tuple[ApiToken, User] | None:
        """Return the token and for whom it acts; None when it is worth nothing."""
        if not text.startswith(PREFIX) or len(text) > LONGEST_TEXT:
            return None
        now = self._clock.now()
        with self._open_uow() as uow:
            token = uow.tokens.by_text(text)
            if token is None or not token.works_at(now):
                return None
            try:
                user = uow.users.get(token.user_id)
            except NotFound:  # the account was removed
                return None
        if not user.active:
            return None
        if token.used_at is None or now - token.used_at >= TOUCH:
            self._touch(token.token_id, now)
        return token, user

    def _touch(self, token_id: str, now: datetime) -> None:
        """Write that a token is used."""
        with self._open_uow() as uow:
            uow.register.hold()  # or it would undo a revocation that comes at the same moment
            uow.tokens.update(replace(uow.tokens.get(token_id), used_at=now))
            uow.commit()
