"""Counts of refusals and retries: plain numbers, of which nothing has to be sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, delete, select

from rollbook.domain.tallies import Tally
from rollbook.storage.connecting import insert_or
from rollbook.storage.tables import tallies


class SqlTallies:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, counts: Mapping[Tally, int]) -> None:
        """Add in one order of rows, so that two processes never wait for each other."""
        rows = [{**one._asdict(), "count": counts[one]} for one in sorted(counts)]
        if not rows:
            return
        new = insert_or(self._connection, tallies)
        more = {"count": tallies.c.count + new.excluded.count}
        key = [tallies.c.day, tallies.c.source, tallies.c.what]
        self._connection.execute(new.on_conflict_do_update(index_elements=key, set_=more), rows)

    def between(self, first_day: date, last_day: date) -> dict[Tally, int]:
        query = select(tallies).where(tallies.c.day.between(first_day, last_day))
        rows = self._connection.execute(query.order_by(*tallies.primary_key))
        return {Tally(day, source, what): count for day, source, what, count in rows}

    def purge(self, before: date) -> int:
        gone = delete(tallies).where(tallies.c.day < before)
        return self._connection.execute(gone).rowcount
