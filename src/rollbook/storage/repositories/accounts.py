"""Accounts, browsers' sessions, staff, throttles and replies: sealed, found by blind index."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff, User, WebSession
from rollbook.domain.row_digests import ACCOUNT, STAFF
from rollbook.errors import AlreadyExists, NotFound
from rollbook.storage.bounded import Bounded
from rollbook.storage.codec import from_json, from_micros, to_json, to_micros
from rollbook.storage.connecting import savepoint
from rollbook.storage.row_digests import SqlRowDigests
from rollbook.storage.tables import (
    api_tokens,
    group_staff,
    passkeys,
    recipients,
    replies,
    throttles,
    users,
    web_sessions,
)
from rollbook.storage.vault import SqlVault

LOGIN, UNIQUIFIER, OWNER, USER = "login", "uniquifier", "user of subject", "user"
SESSION, BUCKET, REPLY = "web session", "throttle", "reply"
LONGEST_WAIT = 3600.0  # seconds
FORGOTTEN_AFTER = timedelta(days=1)  # a failure so long ago counts no more

OpenedUsers = Bounded[tuple[str, bytes], User]


class SqlUsers:
    """A row holds a random id, blind indexes and a sealed payload."""

    def __init__(
        self,
        connection: Connection,
        vault: SqlVault,
        opened: OpenedUsers,
        digests: SqlRowDigests,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._opened = opened
        self._digests = digests

    def add(self, user: User) -> None:
        self._write(insert(users), user)

    def get(self, user_id: str) -> User:
        found = self._one(users.c.user_id == user_id)
        if found is None:
            raise NotFound("There is no such account. Look with: rollbook user list")
        return found

    def update(self, user: User) -> None:
        if not self._write(update(users).where(users.c.user_id == user.user_id), user):
            raise NotFound("There is no such account. Look with: rollbook user list")

    def remove(self, user_id: str) -> None:
        self._digests.account_gone(user_id)
        for table in (passkeys, web_sessions, group_staff, api_tokens, recipients, users):
            self._connection.execute(delete(table).where(table.c.user_id == user_id))

    def all(self) -> list[User]:
        found = [self._open(row) for row in self._connection.execute(select(users))]
        return sorted(found, key=lambda user: user.login.casefold())

    def count(self) -> int:
        return self._connection.execute(select(func.count()).select_from(users)).scalar() or 0

    def by_login(self, login: str) -> User | None:
        found = self._one(users.c.login == self._login(login))
        same = found is not None and self._login(found.login) == self._login(login)
        return found if same else None

    def by_uniquifier(self, uniquifier: str) -> User | None:
        found = self._one(users.c.uniquifier == self._vault.blind(UNIQUIFIER, uniquifier))
        return found if found is not None and found.uniquifier == uniquifier else None

    def of_subject(self, subject_id: str) -> User | None:
        found = self._one(users.c.subject == self._vault.blind(OWNER, subject_id))
        return found if found is not None and found.subject_id == subject_id else None

    def _one(self, condition: Any) -> User | None:
        """Return the account of a row; an index alone may have been moved to another row."""
        row = self._connection.execute(select(users).where(condition)).first()
        return None if row is None else self._open(row)

    def _login(self, login: str) -> bytes:
        return self._vault.blind(LOGIN, " ".join(login.split()).casefold())

    def _write(self, statement: Any, user: User) -> bool:
        subject = user.subject_id
        row = {
            "user_id": user.user_id,
            "login": self._login(user.login),
            "uniquifier": self._vault.blind(UNIQUIFIER, user.uniquifier),
            "subject": None if subject is None else self._vault.blind(OWNER, subject),
            "payload": self._vault.seal(_user_json(user), purpose=USER, owner=user.user_id),
        }
        try:
            with savepoint(self._connection):
                done = self._connection.execute(statement.values(row)).rowcount > 0
        except IntegrityError as error:
            raise AlreadyExists(
                "This sign-in name is taken, or the person has an account already."
            ) from error
        self._digests.changed(ACCOUNT, [user.user_id])
        return done

    def _open(self, row: Row[Any]) -> User:
        return self._opened.get((row.user_id, bytes(row.payload)), lambda: self._opened_now(row))

    def _opened_now(self, row: Row[Any]) -> User:
        fields = from_json(self._vault.open(bytes(row.payload), purpose=USER, owner=row.user_id))
        return User(**{**fields, "role": Role(fields["role"])}, user_id=row.user_id)


def _user_json(user: User) -> bytes:
    return to_json(
        {
            "login": user.login,
            "role": user.role.value,
            "uniquifier": user.uniquifier,
            "name": user.name,
            "email": user.email,
            "password": user.password,
            "active": user.active,
            "subject_id": user.subject_id,
            "secrets": user.secrets,
        }
    )


class SqlWebSessions:
    """The token is in the cookie alone; here lies its blind index."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def get(self, token: str) -> WebSession | None:
        index = self._index(token)
        query = select(web_sessions).where(web_sessions.c.token == index)
        row = self._connection.execute(query).first()
        return None if row is None else self._open(row, token)

    def put(self, session: WebSession) -> None:
        if self.replace(session):
            return
        row = {"token": self._index(session.token), "user_id": session.user_id}
        row |= self._times(session.seen_at, session.expires_at) | self._payload(session)
        self._connection.execute(insert(web_sessions).values(row))

    def replace(self, session: WebSession) -> bool:
        row = self._times(session.seen_at, session.expires_at) | self._payload(session)
        row["user_id"] = session.user_id
        return self._changed(session.token, row)

    def touch(self, token: str, seen_at: datetime, expires_at: datetime) -> bool:
        return self._changed(token, self._times(seen_at, expires_at))

    def remove(self, token: str) -> None:
        gone = delete(web_sessions).where(web_sessions.c.token == self._index(token))
        self._connection.execute(gone)

    def of_user(self, user_id: str) -> list[tuple[str, WebSession]]:
        query = select(web_sessions).where(web_sessions.c.user_id == user_id)
        rows = self._connection.execute(query.order_by(web_sessions.c.seen_at.desc())).all()
        return [(bytes(row.token).hex(), self._open(row, "")) for row in rows]

    def handle(self, token: str) -> str:
        return self._index(token).hex()

    def end(self, user_id: str, handle: str) -> bool:
        ids = (handle for handle, _ in self.of_user(user_id))
        if handle not in ids:
            return False
        gone = delete(web_sessions).where(web_sessions.c.token == bytes.fromhex(handle))
        return self._connection.execute(gone).rowcount > 0

    def end_all(self, user_id: str, *, but: str | None = None) -> int:
        gone = delete(web_sessions).where(web_sessions.c.user_id == user_id)
        if but is not None:
            gone = gone.where(web_sessions.c.token != self._index(but))
        return self._connection.execute(gone).rowcount

    def purge(self, before: datetime) -> int:
        gone = delete(web_sessions).where(web_sessions.c.expires_at < to_micros(before))
        return self._connection.execute(gone).rowcount

    def trim(self, most: int) -> int:
        nobody, seen_at = web_sessions.c.user_id.is_(None), web_sessions.c.seen_at
        newest = select(seen_at).where(nobody).order_by(seen_at.desc())
        oldest_kept = self._connection.execute(newest.offset(most - 1).limit(1)).scalar()
        if oldest_kept is None:
            return 0
        gone = delete(web_sessions).where(nobody, seen_at < oldest_kept)
        return self._connection.execute(gone).rowcount

    def _changed(self, token: str, row: dict[str, Any]) -> bool:
        held = update(web_sessions).where(web_sessions.c.token == self._index(token))
        return self._connection.execute(held.values(row)).rowcount > 0

    def _payload(self, session: WebSession) -> dict[str, Any]:
        owner = self._index(session.token).hex()
        return {"payload": self._vault.seal(to_json(session.data), purpose=SESSION, owner=owner)}

    def _times(self, seen_at: datetime, expires_at: datetime) -> dict[str, Any]:
        return {"seen_at": to_micros(seen_at), "expires_at": to_micros(expires_at)}

    def _index(self, token: str) -> bytes:
        return self._vault.blind(SESSION, token)

    def _open(self, row: Row[Any], token: str) -> WebSession:
        owner = bytes(row.token).hex()
        data = from_json(self._vault.open(bytes(row.payload), purpose=SESSION, owner=owner))
        seen, expires = from_micros(row.seen_at), from_micros(row.expires_at)
        return WebSession(token, row.user_id, seen, expires, data)


class SqlStaff:
    def __init__(self, connection: Connection, digests: SqlRowDigests) -> None:
        self._connection = connection
        self._digests = digests

    def add(self, staff: Staff) -> None:
        if staff in self.of_user(staff.user_id):
            return
        row = {
            "group_id": staff.group_id,
            "user_id": staff.user_id,
            "since": staff.since,
            "until": staff.until,
        }
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(group_staff).values(row))
        except IntegrityError as error:
            raise NotFound("There is no such group. Look with: rollbook group list") from error
        self._digests.changed(STAFF, [staff.user_id])

    def of_user(self, user_id: str) -> list[Staff]:
        return self._all(group_staff.c.user_id == user_id)

    def of_group(self, group_id: str) -> list[Staff]:
        return self._all(group_staff.c.group_id == group_id)

    def all(self) -> list[Staff]:
        return self._all(true())

    def leave(self, group_id: str, user_id: str, last_day: date) -> None:
        held = update(group_staff).where(
            group_staff.c.group_id == group_id,
            group_staff.c.user_id == user_id,
            or_(group_staff.c.until.is_(None), group_staff.c.until > last_day),
        )
        self._connection.execute(held.values(until=last_day))
        self._digests.changed(STAFF, [user_id])

    def _all(self, condition: Any) -> list[Staff]:
        query = select(group_staff).where(condition).order_by(group_staff.c.number)
        rows = self._connection.execute(query)
        return [Staff(row.group_id, row.user_id, row.since, row.until) for row in rows]


class SqlThrottles:
    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def wait(self, bucket: str, now: datetime) -> float:
        row = self._row(bucket)
        if row is None:
            return 0.0
        left = (from_micros(row.until) - now).total_seconds()
        return min(LONGEST_WAIT, max(0.0, left))  # also when the clock was set back meanwhile

    def failed(self, bucket: str, now: datetime, *, free: int = 5) -> float:
        row = self._row(bucket)
        stale = row is None or now - from_micros(row.until) > FORGOTTEN_AFTER
        failures = 1 if stale or row is None else row.failures + 1
        over = failures - free
        wait = 0.0 if over <= 0 else min(LONGEST_WAIT, 2.0 ** min(over, 12))
        values = {"failures": failures, "until": to_micros(now + timedelta(seconds=wait))}
        index = self._vault.blind(BUCKET, bucket)
        changed = update(throttles).where(throttles.c.bucket == index).values(values)
        if self._connection.execute(changed).rowcount == 0:
            self._connection.execute(insert(throttles).values(bucket=index, **values))
        return wait

    def succeeded(self, bucket: str) -> None:
        index = self._vault.blind(BUCKET, bucket)
        self._connection.execute(delete(throttles).where(throttles.c.bucket == index))

    def _row(self, bucket: str) -> Row[Any] | None:
        index = self._vault.blind(BUCKET, bucket)
        query = select(throttles).where(throttles.c.bucket == index)
        return self._connection.execute(query).first()


class SqlReplies:
    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def claim(self, key: str, now: datetime) -> bool:
        row = {"request": self._index(key), "at": to_micros(now), "payload": None}
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(replies).values(row))
        except IntegrityError:
            return False
        return True

    def answer(self, key: str, reply: dict[str, object]) -> None:
        index = self._index(key)
        payload = self._vault.seal(to_json(reply), purpose=REPLY, owner=index.hex())
        changed = update(replies).where(replies.c.request == index)
        self._connection.execute(changed.values(payload=payload))

    def of(self, key: str) -> dict[str, object] | None:
        index = self._index(key)
        query = select(replies.c.payload).where(replies.c.request == index)
        token = self._connection.execute(query).scalar()
        if token is None:
            return None
        found: Mapping[str, object] = from_json(
            self._vault.open(bytes(token), purpose=REPLY, owner=index.hex())
        )
        return dict(found)

    def claimed_at(self, key: str) -> datetime | None:
        query = select(replies.c.at).where(replies.c.request == self._index(key))
        at = self._connection.execute(query).scalar()
        return None if at is None else from_micros(at)

    def release(self, key: str) -> None:
        self._connection.execute(delete(replies).where(replies.c.request == self._index(key)))

    def purge(self, before: datetime) -> int:
        gone = delete(replies).where(replies.c.at < to_micros(before))
        return self._connection.execute(gone).rowcount

    def _index(self, key: str) -> bytes:
        return self._vault.blind(REPLY, key)
