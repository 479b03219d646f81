"""Absences, sealed under each person's own key."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from rollbook.domain.absences import Absence
from rollbook.errors import DecryptionFailed, NotFound
from rollbook.storage.bounded import Bounded
from rollbook.storage.codec import from_json, instant, iso, to_json
from rollbook.storage.tables import absences
from rollbook.storage.vault import BLOCK, SqlVault

ABSENCE = "absence"
GONE = "There is no such absence. It may have been taken back."
OpenedAbsences = Bounded[tuple[str, bytes], Absence]


class SqlAbsences:
    """A row says of whom; when and why is sealed."""

    def __init__(self, connection: Connection, vault: SqlVault, opened: OpenedAbsences) -> None:
        self._connection = connection
        self._vault = vault
        self._opened = opened

    def add(self, absence: Absence) -> None:
        self._connection.execute(insert(absences).values(self._row(absence)))

    def get(self, absence_id: str) -> Absence:
        query = select(absences).where(absences.c.absence_id == absence_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound(GONE)
        return self._open(row)

    def update(self, absence: Absence) -> None:
        changed = update(absences).where(absences.c.absence_id == absence.absence_id)
        if self._connection.execute(changed.values(self._row(absence))).rowcount == 0:
            raise NotFound(GONE)

    def remove(self, absence_id: str) -> None:
        gone = delete(absences).where(absences.c.absence_id == absence_id)
        if self._connection.execute(gone).rowcount == 0:
            raise NotFound(GONE)

    def of(self, subject_ids: Collection[str]) -> dict[str, list[Absence]]:
        found: dict[str, list[Absence]] = {}
        wanted = list(subject_ids)
        for start in range(0, len(wanted), BLOCK):
            block = absences.c.subject_id.in_(wanted[start : start + BLOCK])
            for absence in self._all(select(absences).where(block)):
                found.setdefault(absence.subject_id, []).append(absence)
        return found

    def all(self) -> list[Absence]:
        return self._all(select(absences))

    def _all(self, query: Any) -> list[Absence]:
        rows = self._connection.execute(query).all()
        self._vault.load_keys(row.subject_id for row in rows)
        found = [self._open(row) for row in rows]
        return sorted(found, key=lambda absence: (absence.first_day, absence.absence_id))

    def _row(self, absence: Absence) -> dict[str, object]:
        body = {
            "absence_id": absence.absence_id,
            "first_day": iso(absence.first_day),
            "last_day": iso(absence.last_day),
            "reason": absence.reason,
            "label": absence.label,
            "told_by": absence.told_by,
            "told_at": iso(absence.told_at),
            "note": absence.note,
        }
        payload = self._vault.seal_for(absence.subject_id, to_json(body), purpose=ABSENCE)
        return {
            "absence_id": absence.absence_id,
            "subject_id": absence.subject_id,
            "payload": payload,
        }

    def _open(self, row: Row[Any]) -> Absence:
        return self._opened.get((row.absence_id, bytes(row.payload)), lambda: self._opened_now(row))

    def _opened_now(self, row: Row[Any]) -> Absence:
        payload = self._vault.open_for(row.subject_id, bytes(row.payload), purpose=ABSENCE)
        body = from_json(payload)
        if body["absence_id"] != row.absence_id:
            raise DecryptionFailed("A sealed absence lies in the place of another one.")
        return Absence(
            absence_id=body["absence_id"],
            subject_id=row.subject_id,
            first_day=date.fromisoformat(body["first_day"]),
            last_day=date.fromisoformat(body["last_day"]),
            reason=body["reason"],
            label=body["label"],
            told_by=body["told_by"],
            told_at=instant(body["told_at"]),
            note=body["note"],
        )
