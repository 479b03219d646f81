"""Disputes and excuses, sealed under the key of the person who asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from rollbook.domain.attendance import Status
from rollbook.domain.requests import Request, RequestKind, RequestState
from rollbook.errors import DecryptionFailed, NotFound
from rollbook.storage.codec import (
    from_json,
    instant,
    iso,
    optional_date,
    optional_instant,
    present,
    to_json,
)
from rollbook.storage.tables import requests, subject_keys
from rollbook.storage.vault import SqlVault

REQUEST = "request"
GONE = "There is no such request any more."


class SqlRequests:
    """Readable are random ids and whether a request still waits."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, request: Request) -> None:
        self._connection.execute(insert(requests).values(self._row(request)))

    def get(self, request_id: str) -> Request:
        query = select(requests).where(requests.c.request_id == request_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound(GONE)
        try:
            return self._open(row)
        except DecryptionFailed as error:
            raise NotFound(GONE) from error

    def update(self, request: Request) -> None:
        changed = update(requests).where(requests.c.request_id == request.request_id)
        if self._connection.execute(changed.values(self._row(request))).rowcount == 0:
            raise NotFound(GONE)

    def remove(self, request_id: str) -> None:
        self._connection.execute(delete(requests).where(requests.c.request_id == request_id))

    def of(self, subject_id: str) -> list[Request]:
        query = self._with_keys().where(requests.c.subject_id == subject_id)
        found = self._opened(self._connection.execute(query).all())
        return sorted(found, key=lambda request: request.asked_at, reverse=True)

    def waiting(self) -> list[Request]:
        query = self._with_keys().where(requests.c.state == RequestState.OPEN.value)
        found = self._opened(self._connection.execute(query).all())
        return sorted(found, key=lambda request: request.asked_at)

    def decided(self, limit: int = 50) -> list[Request]:
        query = self._with_keys().where(requests.c.state != RequestState.OPEN.value)
        found = self._opened(self._connection.execute(query).all())
        return sorted(found, key=lambda r: r.decided_at or r.asked_at, reverse=True)[:limit]

    def _with_keys(self) -> Any:
        """Requests of erased people have no key any more, and are left out."""
        return select(requests, subject_keys.c.wrapped).join_from(
            requests, subject_keys, requests.c.subject_id == subject_keys.c.subject_id
        )

    def _opened(self, rows: Iterable[Row[Any]]) -> list[Request]:
        found = []
        for row in rows:
            self._vault.know_key(row.subject_id, row.wrapped)
            found.append(self._open(row))
        return found

    def _row(self, request: Request) -> dict[str, object]:
        fields = {
            "kind": request.kind.value,
            "asked_at": iso(request.asked_at),
            "text": request.text,
            "session_id": request.session_id,
            "first_day": iso(request.first_day),
            "last_day": iso(request.last_day),
            "wanted": request.wanted.value if request.wanted else None,
            "mark_id": request.mark_id,
            "state": request.state.value,
            "decided_at": iso(request.decided_at),
            "decided_by": request.decided_by,
            "answer": request.answer,
        }
        payload = to_json(present(fields))
        purpose = f"{REQUEST} {request.request_id}"
        return {
            "request_id": request.request_id,
            "subject_id": request.subject_id,
            "session_id": request.session_id,
            "state": request.state.value,
            "payload": self._vault.seal_for(request.subject_id, payload, purpose=purpose),
        }

    def _open(self, row: Row[Any]) -> Request:
        purpose = f"{REQUEST} {row.request_id}"
        payload = self._vault.open_for(row.subject_id, bytes(row.payload), purpose=purpose)
        fields = from_json(payload)
        wanted = fields.get("wanted")
        return Request(
            request_id=row.request_id,
            subject_id=row.subject_id,
            kind=RequestKind(fields["kind"]),
            asked_at=instant(fields["asked_at"]),
            text=fields["text"],
            session_id=fields["session_id"],
            first_day=optional_date(fields.get("first_day")),
            last_day=optional_date(fields.get("last_day")),
            wanted=None if wanted is None else Status(wanted),
            mark_id=fields.get("mark_id"),
            state=RequestState(fields["state"]),
            decided_at=optional_instant(fields.get("decided_at")),
            decided_by=fields["decided_by"],
            answer=fields["answer"],
        )
