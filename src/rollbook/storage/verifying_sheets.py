"""The sheets of closed sessions, read while the register is checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from rollbook.errors import DecryptionFailed, RegisterTampered
from rollbook.storage.chain import unpack_sheet
from rollbook.storage.keys import BOOK
from rollbook.storage.tables import ledger, sheets
from rollbook.storage.vault import BLOCK, SqlVault

OPENED = 2_000  # sheets in memory: more than run side by side in one school
SHEET, NO_SHEET = "sheet", "no sheet"  # why a sheet has no lines
Lines = dict[int, tuple[str, bytes]]


class Sheets:
    """A bounded number of opened sheets; their lines are taken out one by one."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault
        self._lines: dict[str, Lines] = {}
        self.unread: dict[str, str] = {}  # sheets without lines: why

    def open_for(self, rows: Sequence[Any]) -> None:
        """Read the sheets in which these rows lie; drop others when there are many."""
        needed = dict.fromkeys(row.session_id or "" for row in rows if row.payload is None)
        wanted = [session_id for session_id in needed if session_id not in self._lines]
        for session_id in [spare for spare in self._lines if spare not in needed]:
            if len(self._lines) + len(wanted) > OPENED:
                self._lines.pop(session_id)
        for start in range(0, len(wanted), BLOCK):
            self._read(wanted[start : start + BLOCK])

    def _read(self, session_ids: Sequence[str]) -> None:
        self._lines |= {session_id: {} for session_id in session_ids}
        self.unread |= dict.fromkeys(session_ids, NO_SHEET)
        block = select(sheets).where(sheets.c.session_id.in_(session_ids))
        for row in self._connection.execute(block):
            lines = self._opened(row)
            self._lines[row.session_id] = lines or {}
            self.unread[row.session_id] = SHEET
            if lines is not None:
                self.unread.pop(row.session_id)

    def _opened(self, row: Row[Any]) -> Lines | None:
        """Return a sheet's entries by number; None of a sheet that does not open."""
        try:
            packed = self._vault.open(
                bytes(row.payload), purpose="sheet", owner=row.session_id, key=BOOK
            )
            return {line.number: (line.kind, line.body) for line in unpack_sheet(packed)}
        except (DecryptionFailed, RegisterTampered):
            return None

    def line(self, number: int, session_id: str) -> tuple[str, bytes]:
        """Return an entry of a sheet; one that was folded since the sheet was read is read anew."""
        found = self._lines.get(session_id, {}).pop(number, None)
        if found is None and session_id and session_id not in self.unread:
            self._read([session_id])
            found = self._lines[session_id].pop(number, None)
        return found or ("", b"")

    def read(self, session_id: str) -> Lines:
        """Return a sheet's entries by number, read anew; none of one that does not open."""
        self._read([session_id])
        return self._lines[session_id]

    def is_wanted(self, session_id: str) -> bool:
        """Return whether more than one entry of the session has no text of its own."""
        return len(self.numbers_of(session_id)) > 1

    def numbers_of(self, session_id: str) -> set[int]:
        """Return the entries that have to lie in the sheet of the session."""
        mine = (ledger.c.session_id == session_id, ledger.c.payload.is_(None))
        return set(self._connection.execute(select(ledger.c.number).where(*mine)).scalars())

    def miscounted(self, limit: int) -> list[tuple[str, int | None]]:
        """Return sheets that hold more or fewer entries than the ledger has for them, and how many.

        One statement: what is folded meanwhile is in both counts or in neither.
        """
        folded = (
            select(ledger.c.session_id, func.count().label("held"))
            .where(ledger.c.payload.is_(None))
            .group_by(ledger.c.session_id)
            .subquery()
        )
        query = (
            select(sheets.c.session_id, folded.c.held)
            .outerjoin(folded, folded.c.session_id == sheets.c.session_id)
            .where(func.coalesce(folded.c.held, 0) != sheets.c.entries)
            .limit(limit)
        )
        return [(row[0], row[1]) for row in self._connection.execute(query)]
