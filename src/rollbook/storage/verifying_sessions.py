"""Whether the sessions are as the register tells: none altered, put back, or taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from rollbook.domain.attendance import SessionState
from rollbook.domain.register import Fault, FaultKind
from rollbook.errors import DecryptionFailed
from rollbook.storage.codec import to_micros
from rollbook.storage.keys import BOOK
from rollbook.storage.repositories.timetable import PLAN, session_mac
from rollbook.storage.tables import plans, sessions
from rollbook.storage.vault import SqlVault

ROWS = 10_000
SETTLED = {  # what a session is after this event; planned ones are still moved and removed
    "opened": SessionState.OPEN,
    "closed": SessionState.CLOSED,
    "not taken": SessionState.NOT_TAKEN,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the newest entry about a session says of it."""

    number: int
    state: str
    group_id: str
    starts_at: int
    ends_at: int
    day: str


class Lives:
    """What the register tells of each session that was opened; some 300 bytes each."""

    def __init__(self) -> None:
        self.told: dict[str, Told] = {}

    def note(self, number: int, session_id: str, body: bytes) -> None:
        """Remember a checked entry of kind "session"."""
        said = json.loads(body)
        state = SETTLED.get(said.get("event"))
        if state is None or "starts_at" not in said:
            self.told.pop(session_id, None)
            return
        times = (_micros(said["starts_at"]), _micros(said["ends_at"]))
        day, group = said["business_date"], said["group_id"]
        self.told[session_id] = Told(number, state.value, group, *times, day)


def check_sessions(connection: Connection, vault: SqlVault, lives: Lives) -> Iterator[Fault]:
    """Yield what is wrong with sessions, their plans, and those that are gone."""
    seen: set[str] = set()
    broken = _broken_plans(connection, vault)
    for row in _rows(connection):
        seen.add(row.session_id)
        told = lives.told.get(row.session_id)
        if session_mac(vault, row._mapping) != bytes(row.mac):
            number = 0 if told is None else told.number
            yield Fault(number, FaultKind.SESSION, "session", session=row.session_id)
        elif told is not None and not _is_as_told(row, told):
            yield Fault(told.number, FaultKind.SESSION, "session old", session=row.session_id)
        elif bytes(row.plan) in broken:
            yield Fault(0, FaultKind.SESSION, "plan", session=row.session_id)
    for session_id, told in lives.told.items():
        if session_id not in seen:
            yield Fault(told.number, FaultKind.SESSION, "no session", session=session_id)


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    last = ""
    query = select(sessions).order_by(sessions.c.session_id).limit(ROWS)
    while rows := connection.execute(query.where(sessions.c.session_id > last)).all():
        last = rows[-1].session_id
        yield from rows


def _broken_plans(connection: Connection, vault: SqlVault) -> set[bytes]:
    """Return the plans that do not open, and those that are gone."""
    known = {bytes(row.plan): bytes(row.payload) for row in connection.execute(select(plans))}
    plan_ids = connection.execute(select(sessions.c.plan).distinct()).scalars()
    used = {bytes(plan) for plan in plan_ids}
    return {plan for plan in used if plan not in known or not _opens(vault, plan, known[plan])}


def _opens(vault: SqlVault, plan: bytes, token: bytes) -> bool:
    try:
        vault.open(token, purpose=PLAN, owner=plan.hex(), key=BOOK)
    except DecryptionFailed:
        return False
    return True


def _is_as_told(row: Row[Any], told: Told) -> bool:
    found = (row.state, row.group_id, row.starts_at, row.ends_at, row.business_date.isoformat())
    return found == (told.state, told.group_id, told.starts_at, told.ends_at, told.day)


def _micros(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))
