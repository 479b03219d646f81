"""Passkeys: sealed, found by the blind index of their credential."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.passkeys import Passkey
from rollbook.domain.row_digests import PASSKEYS
from rollbook.errors import AlreadyExists, DecryptionFailed
from rollbook.storage.codec import from_json, instant, iso, optional_instant, to_json
from rollbook.storage.connecting import savepoint
from rollbook.storage.row_digests import SqlRowDigests
from rollbook.storage.tables import passkeys
from rollbook.storage.vault import SqlVault

PASSKEY = "passkey"


class SqlPasskeys:
    """A row holds the account's random id, a blind index and a sealed payload."""

    def __init__(self, connection: Connection, vault: SqlVault, digests: SqlRowDigests) -> None:
        self._connection = connection
        self._vault = vault
        self._digests = digests

    def add(self, passkey: Passkey) -> None:
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(passkeys).values(self._row(passkey)))
        except IntegrityError as error:
            raise AlreadyExists("This passkey is kept already.") from error
        self._digests.changed(PASSKEYS, [passkey.user_id])

    def get(self, credential: bytes) -> Passkey | None:
        query = select(passkeys).where(passkeys.c.credential == self._index(credential))
        row = self._connection.execute(query).first()
        return None if row is None else self._open(row)

    def of_user(self, user_id: str) -> list[tuple[str, Passkey]]:
        query = select(passkeys).where(passkeys.c.user_id == user_id).order_by(passkeys.c.number)
        rows = self._connection.execute(query).all()
        return [(bytes(row.credential).hex(), self._open(row)) for row in rows]

    def update(self, passkey: Passkey) -> None:
        index = self._index(passkey.credential)
        changed = update(passkeys).where(passkeys.c.credential == index)
        self._connection.execute(changed.values(self._row(passkey)))

    def remove(self, user_id: str, handle: str) -> bool:
        if handle not in (own for own, _ in self.of_user(user_id)):
            return False
        self._digests.changed(PASSKEYS, [user_id])
        gone = delete(passkeys).where(passkeys.c.credential == bytes.fromhex(handle))
        return self._connection.execute(gone).rowcount > 0

    def remove_all(self, user_id: str) -> int:
        self._digests.changed(PASSKEYS, [user_id])
        gone = delete(passkeys).where(passkeys.c.user_id == user_id)
        return self._connection.execute(gone).rowcount

    def _index(self, credential: bytes) -> bytes:
        return self._vault.blind(PASSKEY, credential.hex())

    def _row(self, passkey: Passkey) -> dict[str, Any]:
        index = self._index(passkey.credential)
        payload = self._vault.seal(_json(passkey), purpose=PASSKEY, owner=index.hex())
        return {"credential": index, "user_id": passkey.user_id, "payload": payload}

    def _open(self, row: Row[Any]) -> Passkey:
        owner = bytes(row.credential).hex()
        kept = from_json(self._vault.open(bytes(row.payload), purpose=PASSKEY, owner=owner))
        if kept.get("user_id", row.user_id) != row.user_id:
            raise DecryptionFailed("A passkey was given to another account outside of Rollbook.")
        return Passkey(
            credential=b64decode(kept["credential"]),
            user_id=row.user_id,
            name=kept["name"],
            public_key=b64decode(kept["public_key"]),
            uses=kept["uses"],
            added_at=instant(kept["added_at"]),
            used_at=optional_instant(kept["used_at"]),
            transports=tuple(kept["transports"]),
        )


def _json(passkey: Passkey) -> bytes:
    return to_json(
        {
            "credential": b64encode(passkey.credential).decode(),
            "user_id": passkey.user_id,
            "name": passkey.name,
            "public_key": b64encode(passkey.public_key).decode(),
            "uses": passkey.uses,
            "added_at": iso(passkey.added_at),
            "used_at": iso(passkey.used_at),
            "transports": list(passkey.transports),
        }
    )
