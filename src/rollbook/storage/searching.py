"""Looking through the register for entries that name somebody, at a bounded cost.

What costs is to open seals, so those are counted: a single entry is one, and so is a whole sheet.
Of what was opened only those lines are read that have the text in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select

from rollbook.domain.register import Entry
from rollbook.storage.chain import Line
from rollbook.storage.tables import ledger

CHUNK = 500  # rows at a time


@dataclass
class Search:
    """One search, from the newest entry back."""

    connection: Connection
    single: Callable[[Row[Any]], tuple[bytes, Callable[[], Entry]]]  # body, and how to read it
    sheets: Callable[[Sequence[str]], dict[str, list[Line]]]
    folded: Callable[[Line, str], Entry]
    text: bytes
    opened: int = 0
    _known: dict[str, dict[int, Line]] = field(default_factory=dict)

    def run(
        self, query: Select[Any], start: int, down_to: int, limit: int, most: int
    ) -> tuple[list[Entry], int]:
        """Return what was found, and the number before which nothing was looked at yet."""
        found: list[Entry] = []
        before = start
        while before > down_to and self.opened < most:
            newest = query.where(ledger.c.number < before).order_by(ledger.c.number.desc())
            rows = self.connection.execute(newest.limit(CHUNK)).all()
            for row in rows:
                entry = self._match(row)
                if entry is not None:
                    found.append(entry)
                if len(found) == limit or self.opened >= most:
                    return found, row.number
            before = rows[-1].number if len(rows) == CHUNK else down_to
        return found, before

    def _match(self, row: Row[Any]) -> Entry | None:
        if row.payload is not None:
            self.opened += 1
            body, read = self.single(row)
            return read() if self.text in body else None
        line = self._sheet(row.session_id).get(row.number)
        return None if line is None else self.folded(line, row.session_id)

    def _sheet(self, session_id: str) -> dict[int, Line]:
        """Return the lines of a sheet that have the text, by number."""
        if session_id not in self._known:
            self.opened += 1
            lines = self.sheets([session_id]).get(session_id, [])
            self._known[session_id] = {n.number: n for n in lines if self.text in n.body}
        return self._known[session_id]
