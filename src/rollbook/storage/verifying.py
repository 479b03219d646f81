"""Recomputes the whole chain of the register, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from rollbook.domain.ports import Progress
from rollbook.domain.register import Fault, Verification
from rollbook.errors import DecryptionFailed, RegisterTampered
from rollbook.storage.chain import START, Chain, unpack_sheet, unpad
from rollbook.storage.keys import BOOK
from rollbook.storage.tables import heads, ledger, sheets
from rollbook.storage.vault import BLOCK, SqlVault

ROWS = 10_000  # entries read at a time
FAULTS = 20  # after so many the rest is not told one by one
BEFORE_ALL = -(2**62)  # a forged row may have a number below the first one's
OPENED = 2_000  # sheets in memory: more than run side by side in one school


def verify(
    connection: Connection, vault: SqlVault, chain: Chain, progress: Progress | None = None
) -> Verification:
    """Return what a check of every entry, sheet and link found; faults in order of number."""
    return _Check(connection, vault, chain).run(progress)


class _Check:
    """One pass over the ledger by number; each sheet is opened when its first entry comes."""

    def __init__(self, connection: Connection, vault: SqlVault, chain: Chain) -> None:
        self._connection = connection
        self._vault = vault
        self._chain = chain
        self._faults: list[Fault] = []
        self._sheets: dict[str, dict[int, tuple[str, bytes]]] = {}
        self._number = 0
        self._last = BEFORE_ALL  # number of the last row that was read
        self._link = START

    def run(self, progress: Progress | None) -> Verification:
        total = self._scalar(select(func.count()).select_from(ledger))
        checked, head, newest = 0, None, 0
        while newest > self._last:  # others append while this goes on
            for rows in self._blocks():
                self._open_sheets(rows)
                for row in rows:
                    self._check(*row)
                checked += len(rows)
                if progress is not None:
                    progress(checked, max(total, checked))
            head, newest = self._head_and_newest()
        self._check_head(head)
        return Verification(
            entries=checked,
            sheets=self._scalar(select(func.count()).select_from(sheets)),
            head=self._link.hex() if checked else "",
            faults=tuple(self._faults),
        )

    def _scalar(self, query: Any) -> int:
        return int(self._connection.execute(query).scalar() or 0)

    def _blocks(self) -> Iterator[Sequence[Any]]:
        """Yield rows by number, from where the last call ended."""
        query = select(ledger).order_by(ledger.c.number).limit(ROWS)
        while rows := self._connection.execute(query.where(ledger.c.number > self._last)).all():
            self._last = rows[-1].number
            yield rows

    def _head_and_newest(self) -> tuple[Row[Any] | None, int]:
        """Return the head, and the newest entry's number at the very same moment.

        Two statements would see different moments on PostgreSQL: an entry that is appended in
        between would look as if the register had been cut.
        """
        newest = select(func.coalesce(func.max(ledger.c.number), BEFORE_ALL)).scalar_subquery()
        query = select(heads, newest.label("newest")).where(heads.c.name == "ledger")
        head = self._connection.execute(query).first()
        return head, self._last if head is None else int(head.newest)

    def _open_sheets(self, rows: Sequence[Any]) -> None:
        needed = dict.fromkeys(row.session_id or "" for row in rows if row.payload is None)
        wanted = [session_id for session_id in needed if session_id not in self._sheets]
        for session_id in [spare for spare in self._sheets if spare not in needed]:
            if len(self._sheets) + len(wanted) > OPENED:
                self._sheets.pop(session_id)
        for start in range(0, len(wanted), BLOCK):
            block = sheets.c.session_id.in_(wanted[start : start + BLOCK])
            for row in self._connection.execute(select(sheets).where(block)):
                self._sheets[row.session_id] = self._lines(row)

    def _lines(self, row: Row[Any]) -> dict[int, tuple[str, bytes]]:
        """Return a sheet's entries by number; a sheet that does not open has none."""
        try:
            packed = self._vault.open(
                bytes(row.payload), purpose="sheet", owner=row.session_id, key=BOOK
            )
            return {line.number: (line.kind, line.body) for line in unpack_sheet(packed)}
        except (DecryptionFailed, RegisterTampered):
            return {}

    def _check(
        self,
        number: int,
        kind: str,
        session_id: str | None,
        payload: bytes | None,
        once: bytes | None,
        content: bytes,
        link: bytes,
    ) -> None:
        """Check one row of `ledger`, in the order of its columns."""
        self._check_number(number)
        body = self._body(number, kind, session_id, payload)
        if body is None:
            self._fault(number, "the sealed text is missing or was changed")
        elif self._chain.content(number, kind, session_id, once, body) != content:
            self._fault(number, "the entry was changed")
        elif self._chain.link(self._link, content) != link:
            self._fault(number, "the entry does not follow the one before it")
        self._number, self._link = number, link

    def _check_number(self, number: int) -> None:
        missing = self._number + 1
        if number > missing:
            gap = f"entry {missing} is" if number == missing + 1 else f"{missing}-{number - 1} are"
            self._fault(missing, f"{gap} missing")
        elif number < missing:
            self._fault(number, "the entry was inserted before the first")

    def _body(
        self, number: int, kind: str, session_id: str | None, payload: bytes | None
    ) -> bytes | None:
        if payload is None:
            said, body = self._sheets.get(session_id or "", {}).pop(number, ("", b""))
            return body if said == kind else None
        try:
            return unpad(self._vault.open(payload, purpose="entry", owner=str(number), key=BOOK))
        except DecryptionFailed:
            return None

    def _check_head(self, head: Row[Any] | None) -> None:
        if head is None or self._chain.head(head.number, bytes(head.link)) != bytes(head.mac):
            self._fault(self._number, "the head of the register is missing or was changed")
        elif head.number > self._number:
            self._fault(self._number + 1, f"the register was cut: it had {head.number} entries")
        elif head.number < self._number:
            self._fault(head.number + 1, "entries were inserted at the end")
        elif bytes(head.link) != self._link:
            self._fault(self._number, "the last entry is not the one that the head names")

    def _fault(self, number: int, what: str) -> None:
        if len(self._faults) < FAULTS:
            self._faults.append(Fault(number, what))
