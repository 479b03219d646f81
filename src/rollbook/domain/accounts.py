"""Accounts as they are kept: users, their sessions in browsers, and whom they teach."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from rollbook.domain.access import Role


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who signs in. Everything but the random id is sealed."""

    user_id: str
    login: str  # as it is typed; capitals make no difference
    role: Role
    uniquifier: str  # in every session; another one ends them all
    name: str = ""  # shown on pages; the login where there is none
    email: str = ""
    password: str | None = field(default=None, repr=False)  # an Argon2 hash; None: none was set
    active: bool = True
    subject_id: str | None = None  # the person whose own record it opens
    secrets: dict[str, object] = field(default_factory=dict, repr=False)  # second factors, as JSON

    @property
    def shown(self) -> str:
        return self.name or self.login


@dataclass(frozen=True, slots=True)
class WebSession:
    """What the server knows about one browser. The cookie holds a token and nothing else."""

    token: str = field(repr=False)
    user_id: str | None
    seen_at: datetime
    expires_at: datetime
    data: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Staff:
    """A user teaches or leads a group from `since` up to and including `until` (local dates)."""

    group_id: str
    user_id: str
    since: date
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Users(Protocol):
    """Accounts; found by blind index."""

    def add(self, user: User) -> None:
        """Raises AlreadyExists when the login, or the subject's account, is there already."""
        ...

    def get(self, user_id: str) -> User:
        """Raises NotFound."""
        ...

    def update(self, user: User) -> None: ...

    def remove(self, user_id: str) -> None: ...

    def all(self) -> list[User]:
        """Return all accounts, sorted by login."""
        ...

    def count(self) -> int: ...

    def by_login(self, login: str) -> User | None: ...

    def by_uniquifier(self, uniquifier: str) -> User | None: ...

    def of_subject(self, subject_id: str) -> User | None: ...


class WebSessions(Protocol):
    """Browsers' sessions; only a digest of each token is kept."""

    def get(self, token: str) -> WebSession | None: ...

    def put(self, session: WebSession) -> None: ...

    def replace(self, session: WebSession) -> bool:
        """Write a session that is there; False when it was ended meanwhile."""
        ...

    def touch(self, token: str, seen_at: datetime, expires_at: datetime) -> bool:
        """Write that a session is used, and nothing else; False when it was ended meanwhile."""
        ...

    def remove(self, token: str) -> None: ...

    def of_user(self, user_id: str) -> list[tuple[str, WebSession]]:
        """Return (handle, session) of a user, newest first; the handle can end it."""
        ...

    def handle(self, token: str) -> str:
        """Return the handle of the session with this token."""
        ...

    def end(self, user_id: str, handle: str) -> bool: ...

    def end_all(self, user_id: str, *, but: str | None = None) -> int:
        """End all sessions of a user, except the one with the token `but`; return how many."""
        ...

    def purge(self, before: datetime) -> int:
        """Delete those that expired before; return how many."""
        ...

    def trim(self, most: int) -> int:
        """Delete the oldest sessions in which nobody is signed in, beyond so many of them."""
        ...


class StaffList(Protocol):
    """Who teaches or leads which group."""

    def add(self, staff: Staff) -> None: ...

    def of_user(self, user_id: str) -> list[Staff]: ...

    def of_group(self, group_id: str) -> list[Staff]: ...

    def all(self) -> list[Staff]:
        """Return everybody's, in the order in which they were put in charge."""
        ...

    def leave(self, group_id: str, user_id: str, last_day: date) -> None: ...


class Throttles(Protocol):
    """How often something failed lately, so that guessing takes for ever."""

    def wait(self, bucket: str, now: datetime) -> float:
        """Return for how many seconds nothing is accepted; 0.0 when it is."""
        ...

    def failed(self, bucket: str, now: datetime, *, free: int = 5) -> float:
        """Count a failure; after `free` of them the wait doubles each time. Return the wait."""
        ...

    def succeeded(self, bucket: str) -> None: ...


class Replies(Protocol):
    """Answers to requests that may come twice."""

    def claim(self, key: str, now: datetime) -> bool:
        """Return whether this request is the first of its key."""
        ...

    def answer(self, key: str, reply: dict[str, object]) -> None: ...

    def of(self, key: str) -> dict[str, object] | None:
        """Return the answer, or None while there is none yet."""
        ...

    def claimed_at(self, key: str) -> datetime | None:
        """Return when the first request came, or None when there is none."""
        ...

    def release(self, key: str) -> None:
        """Forget a claim whose request failed."""
        ...

    def purge(self, before: datetime) -> int: ...
