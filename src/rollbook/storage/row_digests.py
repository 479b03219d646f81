"""Digests of rows that are not in the register: what was changed is told by the next entry.

A digest is keyed as those of the register are, and taken over what a row says rather than over its
sealed form, so it stays the same when keys are rotated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from rollbook.domain.row_digests import (
    ACCOUNT,
    EVERYTHING,
    MEMBER,
    NOTHING,
    PASSKEYS,
    SETTING,
    STAFF,
    RowDigests,
    is_compared,
)
from rollbook.storage.codec import to_json
from rollbook.storage.tables import group_staff, memberships, passkeys, site, users
from rollbook.storage.vault import BLOCK, SqlVault

DIGEST_SIZE = 16  # bytes
PAIRS = 200  # memberships that one statement asks for
USER, SITE = "user", "setting"  # what the payloads are sealed as

Said = Iterator[tuple[str, object]]
"""What rows say, by what they are about, in the order of the rows."""


class SqlRowDigests:
    """The rows of one transaction whose digests have to be told."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault
        self._changed: dict[str, dict[str, None]] = {}  # sets that keep their order
        self._wants_all = False
        self._readers: Mapping[str, Callable[[Sequence[str] | None], Said]] = {
            ACCOUNT: self._accounts,
            PASSKEYS: self._passkeys,
            STAFF: self._staff,
            MEMBER: self._members,
            SETTING: self._settings,
        }

    def changed(self, topic: str, keys: Iterable[str]) -> None:
        """Note of what the next entry has to tell."""
        self._changed.setdefault(topic, {}).update(dict.fromkeys(keys))

    def changed_setting(self, name: str) -> None:
        """Note that a setting was written, unless it is a mere note of work."""
        if is_compared(name):
            self.changed(SETTING, [name])

    def account_gone(self, user_id: str) -> None:
        """Note that an account is removed, with its passkeys and groups."""
        for topic in (ACCOUNT, PASSKEYS, STAFF):
            self.changed(topic, [user_id])

    @property
    def waits(self) -> bool:
        """Whether something was changed that no entry tells of yet."""
        return bool(self._changed)

    def want_all(self) -> None:
        """Let the next entry tell of all rows."""
        self._wants_all = True

    def take(self) -> Mapping[str, object]:
        """Return the digests of what was changed, or of everything; after that nothing waits."""
        changed, wants_all = self._changed, self._wants_all
        self.forget()
        if wants_all:
            return {EVERYTHING: True, **self.digests()}
        return {topic: self._told(topic, list(keys)) for topic, keys in changed.items()}

    def forget(self) -> None:
        """Forget what was changed: the transaction has ended."""
        self._changed, self._wants_all = {}, False

    def digests(self) -> RowDigests:
        return {topic: self._digests(topic, read(None)) for topic, read in self._readers.items()}

    def _told(self, topic: str, keys: Sequence[str]) -> Mapping[str, str]:
        step = PAIRS if topic == MEMBER else BLOCK
        found = dict.fromkeys(keys, NOTHING)
        for start in range(0, len(keys), step):
            found |= self._digests(topic, self._readers[topic](keys[start : start + step]))
        return found

    def _digests(self, topic: str, said: Said) -> dict[str, str]:
        gathered: dict[str, list[object]] = {}
        for key, what in said:
            gathered.setdefault(key, []).append(what)
        return {key: self._digest(topic, key, what) for key, what in gathered.items()}

    def _digest(self, topic: str, key: str, said: Sequence[object]) -> str:
        message = b"row:" + to_json([topic, key, *said])
        return self._vault.register_mac.digest(message)[:DIGEST_SIZE].hex()

    def _accounts(self, keys: Sequence[str] | None) -> Said:
        for row in self._rows(select(users), users.c.user_id, keys):
            yield row.user_id, self._text(row, USER, row.user_id)

    def _passkeys(self, keys: Sequence[str] | None) -> Said:
        query = select(passkeys).order_by(passkeys.c.number)
        for row in self._rows(query, passkeys.c.user_id, keys):
            yield row.user_id, bytes(row.credential).hex()

    def _staff(self, keys: Sequence[str] | None) -> Said:
        query = select(group_staff).order_by(group_staff.c.number)
        for row in self._rows(query, group_staff.c.user_id, keys):
            yield row.user_id, [row.group_id, *_days(row)]

    def _members(self, keys: Sequence[str] | None) -> Said:
        query = select(memberships).order_by(memberships.c.number)
        if keys is not None:
            pairs = [key.split() for key in keys]
            own = (
                and_(memberships.c.group_id == group, memberships.c.subject_id == person)
                for group, person in pairs
            )
            query = query.where(or_(*own))
        for row in self._connection.execute(query):
            yield member(row.group_id, row.subject_id), _days(row)

    def _settings(self, keys: Sequence[str] | None) -> Said:
        for row in self._rows(select(site), site.c.key, keys):
            if is_compared(row.key):
                yield row.key, self._text(row, SITE, row.key)

    def _rows(self, query: Any, column: Any, keys: Sequence[str] | None) -> Iterable[Row[Any]]:
        wanted = query if keys is None else query.where(column.in_(keys))
        return self._connection.execute(wanted)

    def _text(self, row: Row[Any], purpose: str, owner: str) -> str:
        return self._vault.open(bytes(row.payload), purpose=purpose, owner=owner).decode()


def member(group_id: str, subject_id: str) -> str:
    """Return what names somebody's membership in a group."""
    return f"{group_id} {subject_id}"


def _days(row: Row[Any]) -> list[str | None]:
    return [row.since.isoformat(), None if row.until is None else row.until.isoformat()]
