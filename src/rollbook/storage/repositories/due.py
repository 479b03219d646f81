"""Due work: rows that one of many workers claims by a conditional update, with a lease."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.timetable_ports import DueRow
from rollbook.storage.codec import from_micros, to_micros
from rollbook.storage.connecting import begin_writing, savepoint
from rollbook.storage.tables import due
from rollbook.storage.vault import BLOCK

# No lease is that long. One that seems to be was taken before the machine's clock was set back.
LONGEST_LEASE = timedelta(minutes=15)


class SqlDueWork:
    """Rows unique on job, target and time; `attempts` tells one claim of a row from the next."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, job: str, target: str, due_at: datetime) -> bool:
        row = {"job": job, "target": target, "due_at": to_micros(due_at), "attempts": 0}
        begin_writing(self._connection)
        known = select(due.c.number).filter_by(**{k: row[k] for k in ("job", "target", "due_at")})
        if self._connection.execute(known).first() is not None:
            return False
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(due).values(row))
        except IntegrityError:  # somebody else added it a moment ago
            return False
        return True

    def add_many(self, new: Sequence[tuple[str, str, datetime]]) -> None:
        rows = [
            {"job": job, "target": target, "due_at": to_micros(due_at), "attempts": 0}
            for job, target, due_at in new
        ]
        if rows:
            self._connection.execute(insert(due), rows)

    def waiting(self, now: datetime, limit: int = 100) -> list[DueRow]:
        query = select(due).where(due.c.due_at <= to_micros(now), _free(now))
        ordered = query.order_by(due.c.due_at, due.c.number).limit(limit)
        return [_row(found) for found in self._connection.execute(ordered)]

    def claim(self, row: DueRow, now: datetime, until: datetime) -> DueRow | None:
        """Take the row until then.

        1. The condition holds only while the row is as we read it: free, with so many attempts.
        2. If exactly 1 row was changed it is ours; if none, somebody else got it.
        3. The number of attempts is in every later condition, so that a worker that woke up after
           its lease cannot finish what another one has taken over.
        """
        free = update(due).where(_same(row), _free(now))
        taken = free.values(lease_until=to_micros(until), attempts=row.attempts + 1)
        if self._connection.execute(taken).rowcount != 1:
            return None
        return replace(row, attempts=row.attempts + 1)

    def finish(self, row: DueRow, now: datetime) -> bool:
        done = update(due).where(_same(row)).values(done_at=to_micros(now), lease_until=None)
        return self._connection.execute(done).rowcount == 1

    def put_off(self, row: DueRow, until: datetime) -> None:
        later = update(due).where(_same(row)).values(lease_until=to_micros(until))
        self._connection.execute(later)

    def drop(self, job: str, targets: Iterable[str]) -> None:
        wanted = list(targets)
        for start in range(0, len(wanted), BLOCK):
            block = due.c.target.in_(wanted[start : start + BLOCK])
            gone = delete(due).where(due.c.job == job, block, due.c.done_at.is_(None))
            self._connection.execute(gone)

    def has_open(self, job: str, target: str) -> bool:
        query = select(due.c.number).where(due.c.job == job, due.c.target == target)
        return self._connection.execute(query.where(due.c.done_at.is_(None))).first() is not None

    def stuck(self, attempts: int) -> list[DueRow]:
        query = select(due).where(due.c.done_at.is_(None), due.c.attempts >= attempts)
        return [_row(found) for found in self._connection.execute(query.order_by(due.c.number))]

    def purge(self, before: datetime) -> int:
        gone = delete(due).where(due.c.done_at < to_micros(before))
        return self._connection.execute(gone).rowcount


def _free(now: datetime) -> ColumnElement[bool]:
    lease = due.c.lease_until
    odd = lease > to_micros(now + LONGEST_LEASE)
    return and_(due.c.done_at.is_(None), or_(lease.is_(None), lease <= to_micros(now), odd))


def _same(row: DueRow) -> ColumnElement[bool]:
    return and_(due.c.number == row.number, due.c.attempts == row.attempts, due.c.done_at.is_(None))


def _row(found: Any) -> DueRow:
    due_at = from_micros(found.due_at)
    return DueRow(found.number, found.job, found.target, due_at, found.attempts)
