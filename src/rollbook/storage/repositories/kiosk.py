"""Kiosks, PINs and codes: sealed, found by blind index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from rollbook.domain.attendance import Direction
from rollbook.domain.kiosks import Credential, CredentialKind, Device
from rollbook.errors import NotFound
from rollbook.storage.codec import from_json, instant, iso, optional_instant, present, to_json
from rollbook.storage.tables import credentials, devices
from rollbook.storage.vault import BLOCK, SqlVault

DEVICE, KEY, LOOKUP, CREDENTIAL = "device", "device key", "code", "credential"


class SqlDevices:
    """Each kiosk sealed as a whole, beside a blind index of its key."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, device: Device, key: str | None = None) -> None:
        index = self._index(key)
        payload = self._seal(device, index)
        row = {"device_id": device.device_id, "key": index, "payload": payload}
        self._connection.execute(insert(devices).values(row))

    def get(self, device_id: str) -> Device:
        found = self._one(devices.c.device_id == device_id)
        if found is None:
            raise NotFound("There is no such kiosk.")
        return found

    def by_key(self, key: str) -> Device | None:
        index = self._index(key) if key else None
        row = None if index is None else self._row(devices.c.key == index)
        if row is None or self._fields(row).get("key", row.key.hex()) != row.key.hex():
            return None  # the index of another kiosk's key was put into its row
        return self._open(row)

    def update(self, device: Device) -> None:
        row = self._row(devices.c.device_id == device.device_id)
        self._change(device.device_id, payload=self._seal(device, None if row is None else row.key))

    def give_key(self, device_id: str, key: str | None) -> None:
        index = self._index(key)
        self._change(device_id, key=index, payload=self._seal(self.get(device_id), index))

    def all(self) -> list[Device]:
        found = [self._open(row) for row in self._connection.execute(select(devices))]
        return sorted(found, key=lambda device: (device.name.casefold(), device.device_id))

    def remove(self, device_id: str) -> None:
        gone = delete(devices).where(devices.c.device_id == device_id)
        if self._connection.execute(gone).rowcount == 0:
            raise NotFound("There is no such kiosk.")

    def _change(self, device_id: str, **values: object) -> None:
        changed = update(devices).where(devices.c.device_id == device_id).values(**values)
        if self._connection.execute(changed).rowcount == 0:
            raise NotFound("There is no such kiosk.")

    def _index(self, key: str | None) -> bytes | None:
        return None if key is None else self._vault.blind(KEY, key)

    def _row(self, condition: Any) -> Row[Any] | None:
        return self._connection.execute(select(devices).where(condition)).first()

    def _one(self, condition: Any) -> Device | None:
        row = self._row(condition)
        return None if row is None else self._open(row)

    def _seal(self, device: Device, index: bytes | None) -> bytes:
        fields = present(
            {
                "name": device.name,
                "made_at": iso(device.made_at),
                "room": device.room,
                "groups": None if device.group_ids is None else list(device.group_ids),
                "direction": device.direction.value,
                "needs_pin": device.needs_pin,
                "code_until": iso(device.code_until),
                "paired_at": iso(device.paired_at),
                "seen_at": iso(device.seen_at),
                "revoked_at": iso(device.revoked_at),
                "key": None if index is None else index.hex(),
            }
        )
        return self._vault.seal(to_json(fields), purpose=DEVICE, owner=device.device_id)

    def _fields(self, row: Row[Any]) -> dict[str, Any]:
        text = self._vault.open(bytes(row.payload), purpose=DEVICE, owner=row.device_id)
        return from_json(text)

    def _open(self, row: Row[Any]) -> Device:
        fields = self._fields(row)
        groups = fields.get("groups")
        return Device(
            row.device_id,
            fields["name"],
            instant(fields["made_at"]),
            fields["room"],
            None if groups is None else tuple(groups),
            Direction(fields["direction"]),
            fields["needs_pin"],
            optional_instant(fields.get("code_until")),
            optional_instant(fields.get("paired_at")),
            optional_instant(fields.get("seen_at")),
            optional_instant(fields.get("revoked_at")),
        )


class SqlCredentials:
    """Each PIN or code sealed under its person's key, so that erasing a person ends it."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def put(self, credential: Credential) -> None:
        self.remove(credential.subject_id, credential.kind)
        lookup = credential.lookup
        row = {
            "credential_id": credential.credential_id,
            "subject_id": credential.subject_id,
            "kind": credential.kind.value,
            "lookup": None if lookup is None else self._vault.blind(LOOKUP, lookup),
            "payload": self._seal(credential),
        }
        self._connection.execute(insert(credentials).values(row))

    def of(self, subject_id: str) -> dict[CredentialKind, Credential]:
        query = select(credentials).where(credentials.c.subject_id == subject_id)
        found = [self._open(row) for row in self._connection.execute(query)]
        return {credential.kind: credential for credential in found}

    def by_lookup(self, lookup: str) -> Credential | None:
        index = self._vault.blind(LOOKUP, lookup)
        row = self._connection.execute(
            select(credentials).where(credentials.c.lookup == index)
        ).first()
        found = None if row is None else self._open(row)
        return found if found is not None and found.lookup == lookup else None

    def holders(self, subject_ids: Iterable[str]) -> dict[str, set[CredentialKind]]:
        wanted, found = list(subject_ids), dict[str, set[CredentialKind]]()
        query = select(credentials.c.subject_id, credentials.c.kind)
        for start in range(0, len(wanted), BLOCK):
            block = credentials.c.subject_id.in_(wanted[start : start + BLOCK])
            for subject_id, kind in self._connection.execute(query.where(block)):
                found.setdefault(subject_id, set()).add(CredentialKind(kind))
        return found

    def remove(self, subject_id: str, kind: CredentialKind) -> bool:
        own = (credentials.c.subject_id == subject_id) & (credentials.c.kind == kind.value)
        return self._connection.execute(delete(credentials).where(own)).rowcount > 0

    def _seal(self, credential: Credential) -> bytes:
        fields = {
            "kind": credential.kind.value,
            "secret": credential.secret,
            "lookup": credential.lookup,
            "made_at": iso(credential.made_at),
        }
        purpose = f"{CREDENTIAL} {credential.credential_id}"
        return self._vault.seal_for(credential.subject_id, to_json(fields), purpose=purpose)

    def _open(self, row: Row[Any]) -> Credential:
        purpose = f"{CREDENTIAL} {row.credential_id}"
        fields = from_json(
            self._vault.open_for(row.subject_id, bytes(row.payload), purpose=purpose)
        )
        return Credential(
            row.credential_id,
            row.subject_id,
            CredentialKind(fields["kind"]),
            fields["secret"],
            instant(fields["made_at"]),
            fields["lookup"],
        )
