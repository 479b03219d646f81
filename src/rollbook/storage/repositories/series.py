"""Recurring series, sealed, and which sessions were made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, time
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.policy_codec import policy_from_json, policy_to_json
from rollbook.domain.timetable import Series
from rollbook.domain.timetable_ports import PlannedDay
from rollbook.errors import AlreadyExists, NotFound
from rollbook.storage.bounded import Bounded
from rollbook.storage.codec import from_json, iso, optional_date, to_json
from rollbook.storage.connecting import savepoint
from rollbook.storage.tables import planned, series
from rollbook.storage.vault import BLOCK, SqlVault

SERIES = "series"
OpenedSeries = Bounded[tuple[str, bytes], Series]


class SqlSeries:
    """A row holds random ids; title, times and days are sealed."""

    def __init__(self, connection: Connection, vault: SqlVault, opened: OpenedSeries) -> None:
        self._connection = connection
        self._vault = vault
        self._opened = opened

    def add(self, one: Series) -> None:
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(series).values(self._row(one)))
        except IntegrityError as error:
            raise NotFound("There is no such group. Look with: rollbook group list") from error

    def get(self, series_id: str) -> Series:
        query = select(series).where(series.c.series_id == series_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound("There is no such series in the timetable.")
        return self._open(row)

    def update(self, one: Series) -> None:
        changed = update(series).where(series.c.series_id == one.series_id)
        if self._connection.execute(changed.values(self._row(one))).rowcount == 0:
            raise NotFound("There is no such series in the timetable.")

    def remove(self, series_id: str) -> None:
        self._connection.execute(delete(series).where(series.c.series_id == series_id))

    def all(self, group_id: str | None = None) -> list[Series]:
        query = select(series).order_by(series.c.series_id)
        if group_id is not None:
            query = query.where(series.c.group_id == group_id)
        return [self._open(row) for row in self._connection.execute(query).all()]

    def plan(self, days: Sequence[PlannedDay]) -> None:
        if not days:
            return
        rows = [
            {"series_id": one.series_id, "day": one.day, "session_id": one.session_id}
            for one in days
        ]
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(planned), rows)
        except IntegrityError as error:
            raise AlreadyExists("A series meets once a day at most.") from error

    def unplan(self, series_id: str, day: date) -> None:
        self._connection.execute(
            delete(planned).where(planned.c.series_id == series_id, planned.c.day == day)
        )

    def some(self, series_ids: Collection[str]) -> list[Series]:
        wanted, found = sorted(series_ids), []
        for start in range(0, len(wanted), BLOCK):
            block = series.c.series_id.in_(wanted[start : start + BLOCK])
            rows = self._connection.execute(select(series).where(block)).all()
            found += [self._open(row) for row in rows]
        return found

    def planned(
        self,
        series_id: str | None = None,
        since: date | None = None,
        *,
        until: date | None = None,
        of_group: str | None = None,
    ) -> list[PlannedDay]:
        query = select(planned).order_by(planned.c.day, planned.c.series_id)
        if until is not None:
            query = query.where(planned.c.day <= until)
        if of_group is not None:
            own = select(series.c.series_id).where(series.c.group_id == of_group)
            query = query.where(planned.c.series_id.in_(own))
        if series_id is not None:
            query = query.where(planned.c.series_id == series_id)
        if since is not None:
            query = query.where(planned.c.day >= since)
        rows = self._connection.execute(query)
        return [PlannedDay(row.series_id, row.day, row.session_id) for row in rows]

    def series_of(self, session_ids: Collection[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        wanted = list(session_ids)
        for start in range(0, len(wanted), BLOCK):
            block = planned.c.session_id.in_(wanted[start : start + BLOCK])
            rows = self._connection.execute(select(planned).where(block))
            found |= {row.session_id: row.series_id for row in rows}
        return found

    def _row(self, one: Series) -> dict[str, Any]:
        payload = to_json(_to_body(one))
        return {
            "series_id": one.series_id,
            "group_id": one.group_id,
            "payload": self._vault.seal(payload, purpose=SERIES, owner=one.series_id),
        }

    def _open(self, row: Row[Any]) -> Series:
        return self._opened.get((row.series_id, bytes(row.payload)), lambda: self._opened_now(row))

    def _opened_now(self, row: Row[Any]) -> Series:
        token = bytes(row.payload)
        body = from_json(self._vault.open(token, purpose=SERIES, owner=row.series_id))
        return _from_body(row.series_id, body)


def _to_body(one: Series) -> dict[str, object]:
    return {
        "group_id": one.group_id,  # sealed: a row that is moved stays with its group
        "title": one.title,
        "start": one.start.isoformat(),
        "end": one.end.isoformat(),
        "first_day": iso(one.first_day),
        "last_day": iso(one.last_day),
        "weekdays": sorted(one.weekdays),
        "every_weeks": one.every_weeks,
        "term_id": one.term_id,
        "policy": policy_to_json(one.policy),
        "room": one.room,
        "days_off": [iso(day) for day in sorted(one.days_off)],
        "extra_days": [iso(day) for day in sorted(one.extra_days)],
        "on_holidays": one.on_holidays,
        "source": one.source,
    }


def _from_body(series_id: str, body: Mapping[str, Any]) -> Series:
    return Series(
        series_id=series_id,
        group_id=body["group_id"],
        title=body["title"],
        start=time.fromisoformat(body["start"]),
        end=time.fromisoformat(body["end"]),
        first_day=date.fromisoformat(body["first_day"]),
        last_day=optional_date(body["last_day"]),
        weekdays=frozenset(body["weekdays"]),
        every_weeks=body["every_weeks"],
        term_id=body["term_id"],
        policy=policy_from_json(body["policy"]),
        room=body["room"],
        days_off=frozenset(date.fromisoformat(day) for day in body["days_off"]),
        extra_days=frozenset(date.fromisoformat(day) for day in body["extra_days"]),
        on_holidays=body["on_holidays"],
        source=body["source"],
    )
