"""Who gets messages: contacts of a person under that person's own key, staff under the site's."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from rollbook.domain.messages import Audience, EventKind, Recipient
from rollbook.errors import DecryptionFailed
from rollbook.storage.codec import from_json, to_json
from rollbook.storage.tables import recipients
from rollbook.storage.vault import BLOCK, SqlVault

RECIPIENT, KEY = "recipient", "messages"


class SqlRecipients:
    """A row says of which person or account; address and wishes are sealed."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def put(self, recipient: Recipient) -> None:
        row = self._row(recipient)
        changed = update(recipients).where(recipients.c.recipient_id == recipient.recipient_id)
        if self._connection.execute(changed.values(row)).rowcount == 0:
            self._connection.execute(insert(recipients).values(row))

    def get(self, recipient_id: str) -> Recipient | None:
        query = select(recipients).where(recipients.c.recipient_id == recipient_id)
        found = self._some(query)
        return found[0] if found else None

    def of_subjects(self, subject_ids: Collection[str]) -> list[Recipient]:
        return self._of(recipients.c.subject_id, subject_ids)

    def of_users(self, user_ids: Collection[str]) -> list[Recipient]:
        return self._of(recipients.c.user_id, user_ids)

    def staff(self) -> list[Recipient]:
        return self._some(select(recipients).where(recipients.c.user_id.is_not(None)))

    def remove(self, recipient_id: str) -> None:
        gone = recipients.c.recipient_id == recipient_id
        self._connection.execute(delete(recipients).where(gone))

    def _of(self, column: Any, ids: Collection[str]) -> list[Recipient]:
        wanted, found = sorted(set(ids)), list[Recipient]()
        for start in range(0, len(wanted), BLOCK):
            block = column.in_(wanted[start : start + BLOCK])
            found += self._some(select(recipients).where(block))
        return found

    def _some(self, query: Select[Any]) -> list[Recipient]:
        """Open rows; those of erased people, as an old backup may hold them, are passed over."""
        rows = self._connection.execute(query.order_by(recipients.c.recipient_id)).all()
        self._vault.load_keys(row.subject_id for row in rows if row.subject_id is not None)
        return [self._open(row) for row in rows if self._is_held(row)]

    def _is_held(self, row: Row[Any]) -> bool:
        return row.subject_id is None or self._vault.key_of(row.subject_id) is not None

    def _row(self, one: Recipient) -> dict[str, object]:
        text = to_json(
            {
                "audience": one.audience.value,
                "channel": one.channel_id,
                "address": one.address,
                "language": one.language,
                "wants": sorted(kind.value for kind in one.wants),
                "label": one.label,
                "daily": one.daily,
                "active": one.active,
            }
        )
        return {
            "recipient_id": one.recipient_id,
            "subject_id": one.subject_id,
            "user_id": one.user_id,
            **sealed(self._vault, text, RECIPIENT, one.recipient_id, one.subject_id),
        }

    def _open(self, row: Row[Any]) -> Recipient:
        fields = from_json(opened(self._vault, row, RECIPIENT, row.recipient_id))
        return Recipient(
            recipient_id=row.recipient_id,
            audience=Audience(fields["audience"]),
            channel_id=fields["channel"],
            address=fields["address"],
            language=fields["language"],
            wants=frozenset(EventKind(kind) for kind in fields["wants"]),
            subject_id=row.subject_id,
            user_id=row.user_id,
            label=fields["label"],
            daily=fields["daily"],
            active=fields["active"],
        )


def sealed(
    vault: SqlVault, text: bytes, purpose: str, owner: str, subject_id: str | None
) -> dict[str, object]:
    """Return the columns `person` and `payload`, one of them None."""
    if subject_id is None:
        return {"person": None, "payload": vault.seal(text, purpose=purpose, owner=owner, key=KEY)}
    token = vault.seal_for(subject_id, text, purpose=f"{purpose} {owner}")
    return {"person": token, "payload": None}


def opened(vault: SqlVault, row: Row[Any], purpose: str, owner: str) -> bytes:
    """Return what `sealed` sealed.

    Raises:
        DecryptionFailed: it was changed, or the person was erased.
    """
    if row.person is not None and row.subject_id is not None:
        return vault.open_for(row.subject_id, bytes(row.person), purpose=f"{purpose} {owner}")
    if row.payload is None:
        raise DecryptionFailed(f"A sealed {purpose} is empty.")
    return vault.open(bytes(row.payload), purpose=purpose, owner=owner, key=KEY)
