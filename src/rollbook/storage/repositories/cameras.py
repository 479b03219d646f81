"""Cameras, each sealed as a whole, and the leases of the processes that run them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.attendance import Direction
from rollbook.domain.camera_ports import SiteCamera
from rollbook.errors import NotFound
from rollbook.storage.codec import from_json, from_micros, to_json, to_micros
from rollbook.storage.connecting import savepoint
from rollbook.storage.tables import cameras, due
from rollbook.storage.vault import SqlVault

CAMERA = "camera"
ALWAYS = 0  # a lease is no work that falls due: its row counts as done from the beginning


class SqlCameras:
    """A lease is a row of `due`; the instant at which it ends tells who holds it."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, camera: SiteCamera) -> None:
        self._connection.execute(insert(cameras).values(self._row(camera)))

    def get(self, camera_id: str) -> SiteCamera:
        query = select(cameras).where(cameras.c.camera_id == camera_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound("There is no such camera.")
        return self._open(row)

    def all(self) -> list[SiteCamera]:
        found = [self._open(row) for row in self._connection.execute(select(cameras))]
        return sorted(found, key=lambda camera: (camera.name.casefold(), camera.camera_id))

    def update(self, camera: SiteCamera) -> None:
        changed = update(cameras).where(cameras.c.camera_id == camera.camera_id)
        if self._connection.execute(changed.values(self._row(camera))).rowcount == 0:
            raise NotFound("There is no such camera.")

    def remove(self, camera_id: str) -> None:
        gone = delete(cameras).where(cameras.c.camera_id == camera_id)
        if self._connection.execute(gone).rowcount == 0:
            raise NotFound("There is no such camera.")
        self._connection.execute(delete(due).where(*self._lease(camera_id)))

    def claim(self, camera_id: str, now: datetime, until: datetime) -> bool:
        free = or_(due.c.lease_until.is_(None), due.c.lease_until <= to_micros(now))
        changed = update(due).where(*self._lease(camera_id), free)
        if self._connection.execute(changed.values(lease_until=to_micros(until))).rowcount:
            return True
        row = {
            "job": CAMERA,
            "target": camera_id,
            "due_at": ALWAYS,
            "lease_until": to_micros(until),
            "attempts": 0,
            "done_at": ALWAYS,
        }
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(due).values(row))
        except IntegrityError:
            return False
        return True

    def renew(self, camera_id: str, held: datetime, until: datetime) -> bool:
        changed = update(due).where(*self._held(camera_id, held))
        return bool(self._connection.execute(changed.values(lease_until=to_micros(until))).rowcount)

    def release(self, camera_id: str, held: datetime) -> None:
        changed = update(due).where(*self._held(camera_id, held))
        self._connection.execute(changed.values(lease_until=None))

    def held_until(self, camera_id: str) -> datetime | None:
        query = select(due.c.lease_until).where(*self._lease(camera_id))
        micros = self._connection.execute(query).scalar()
        return None if micros is None else from_micros(micros)

    def _lease(self, camera_id: str) -> tuple[Any, ...]:
        return (due.c.job == CAMERA, due.c.target == camera_id, due.c.due_at == ALWAYS)

    def _held(self, camera_id: str, held: datetime) -> tuple[Any, ...]:
        return (*self._lease(camera_id), due.c.lease_until == to_micros(held))

    def _row(self, camera: SiteCamera) -> dict[str, object]:
        fields = {**asdict(camera), "group_ids": sorted(camera.group_ids)}
        fields.pop("camera_id")
        payload = self._vault.seal(to_json(fields), purpose=CAMERA, owner=camera.camera_id)
        return {"camera_id": camera.camera_id, "payload": payload}

    def _open(self, row: Row[Any]) -> SiteCamera:
        token = bytes(row.payload)
        fields = from_json(self._vault.open(token, purpose=CAMERA, owner=row.camera_id))
        fields["group_ids"] = frozenset(fields["group_ids"])
        fields["direction"] = Direction(fields["direction"])
        return SiteCamera(row.camera_id, **fields)
