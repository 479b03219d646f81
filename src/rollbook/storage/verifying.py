"""Recomputes the whole chain of the register, in bounded memory, and names what was changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from rollbook.domain.ports import Progress
from rollbook.domain.register import EntryKind, Fault, FaultKind, Verification
from rollbook.errors import DecryptionFailed
from rollbook.storage.chain import START, Chain, unpad
from rollbook.storage.keys import BOOK
from rollbook.storage.tables import heads, ledger, sheets
from rollbook.storage.vault import SqlVault
from rollbook.storage.verifying_sessions import Lives, check_sessions
from rollbook.storage.verifying_sheets import NO_SHEET, SHEET, Sheets

ROWS = 10_000  # entries read at a time
FAULTS = 20  # after so many the rest is not told one by one
BEFORE_ALL = -(2**62)  # a forged row may have a number below the first one's


class Line(NamedTuple):
    """One row of `ledger`, in the order of its columns."""

    number: int
    kind: str
    session_id: str | None
    payload: bytes | None
    once: bytes | None
    content: bytes
    link: bytes


def verify(
    connection: Connection, vault: SqlVault, chain: Chain, progress: Progress | None = None
) -> Verification:
    """Return what a check of every entry, sheet, link and session found, by number."""
    return _Check(connection, vault, chain).run(progress)


class _Check:
    """One pass over the ledger by number; each sheet is opened when its first entry comes."""

    def __init__(self, connection: Connection, vault: SqlVault, chain: Chain) -> None:
        self._connection = connection
        self._vault = vault
        self._chain = chain
        self._faults: list[Fault] = []
        self._sheets = Sheets(connection, vault)
        self._lives = Lives()
        self._misplaced: list[Line] = []  # rows that fit nowhere, to be told apart at the end
        self._number = 0
        self._last = BEFORE_ALL  # number of the last row that was read
        self._links: tuple[bytes, ...] | None = (START,)  # what may come before; None: anything

    def run(self, progress: Progress | None) -> Verification:
        total = self._scalar(select(func.count()).select_from(ledger))
        checked, head, newest = 0, None, 0
        while newest > self._last:  # others append while this goes on
            for rows in self._blocks():
                self._sheets.open_for(rows)
                for row in rows:
                    self._check(*row)
                checked += len(rows)
                if progress is not None:
                    progress(checked, max(total, checked))
            head, newest = self._head_and_newest()
        last = self._links[0].hex() if checked and self._links else ""
        self._tell_apart(self._check_head(head))
        self._check_sheets()
        if self._faults:  # what the entries tell of sessions is not certain then
            self._lives = Lives()
        self._faults += check_sessions(self._connection, self._vault, self._lives)
        return Verification(
            entries=checked,
            sheets=self._scalar(select(func.count()).select_from(sheets)),
            head=last,
            faults=_in_order(self._faults)[:FAULTS],
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

    def _check(self, number: int, kind: str, session_id: str | None, *rest: Any) -> None:
        """Check one row of `ledger`; the rest are payload, once, content and link."""
        payload, once, content, link = rest
        self._check_number(number)
        self._number = number
        body = self._body(number, kind, session_id, payload)
        true = None
        if body is not None:
            true = self._chain.content(number, kind, session_id, once, body)
        if true == content and (self._links is None or self._follows(content, link)):
            self._links = (link,)
            if kind == EntryKind.SESSION.value and session_id is not None:
                self._lives.note(number, session_id, body or b"")
            return
        self._name(Line(number, kind, session_id, payload, once, content, link), true)

    def _follows(self, content: bytes, link: bytes) -> bool:
        links = self._links
        return links is not None and any(self._chain.link(b, content) == link for b in links)

    def _check_number(self, number: int) -> None:
        missing = self._number + 1
        if number > missing:
            code = "removed one" if number == missing + 1 else "removed"
            self._fault(Fault(missing, FaultKind.REMOVED, code, number - 1))
            self._links = None

    def _name(self, line: Line, true: bytes | None) -> None:
        """Say what is wrong with a row, and what the next one may follow."""
        if line.number < 1:
            self._number = 0
            self._fault(Fault(line.number, FaultKind.INSERTED, "before"))
        elif true == line.content:  # all but the link; the next row tells which one was right
            before = self._links or ()
            self._links = (*(self._chain.link(one, line.content) for one in before), line.link)
            self._fault(Fault(line.number, FaultKind.ALTERED, "link"))
        elif true is not None and self._follows(true, line.link):
            self._links = (line.link,)
            self._fault(Fault(line.number, FaultKind.ALTERED, "digest"))
        elif self._links is None or not self._follows(line.content, line.link):
            self._links = None
            self._misplaced.append(line)
        else:
            self._links = (line.link,)
            self._name_text(line, is_open=true is not None)

    def _name_text(self, line: Line, *, is_open: bool) -> None:
        """Say what is wrong with a row whose digests are right."""
        number, session = line.number, line.session_id or ""
        if is_open:
            self._fault(Fault(number, FaultKind.ALTERED, "altered"))
        elif line.payload is not None:
            other = self._written_as(line)
            if other in {None, number}:
                self._fault(Fault(number, FaultKind.ALTERED, "payload"))
            else:
                self._fault(Fault(number, FaultKind.REPLACED, "replaced", other or 0))
        elif self._sheets.unread.get(session) == SHEET:
            self._sheet_fault(number, session, SHEET)
        elif self._sheets.unread.get(session) == NO_SHEET and self._sheets.is_wanted(session):
            self._sheet_fault(number, session, NO_SHEET)
        else:
            self._fault(Fault(number, FaultKind.UNSEALED, "unsealed"))

    def _sheet_fault(self, number: int, session: str, code: str) -> None:
        """Name a sheet once, at its first entry."""
        told = any(one.session == session and one.code == code for one in self._faults)
        if not told:
            self._fault(Fault(number, FaultKind.SHEET, code, session=session))

    def _written_as(self, line: Line) -> int | None:
        owner = self._vault.owner_of(line.payload or b"", purpose="entry", key=BOOK)
        return int(owner) if owner is not None and owner.isdecimal() else None

    def _body(
        self, number: int, kind: str, session_id: str | None, payload: bytes | None
    ) -> bytes | None:
        if payload is None:
            said, body = self._sheets.line(number, session_id or "")
            return body if said == kind else None
        try:
            return unpad(self._vault.open(payload, purpose="entry", owner=str(number), key=BOOK))
        except DecryptionFailed:
            return None

    def _check_head(self, head: Row[Any] | None) -> int:
        """Check the head; return the number of the last entry that it vouches for."""
        number = self._number
        if head is None or self._chain.head(head.number, bytes(head.link)) != bytes(head.mac):
            self._fault(Fault(number, FaultKind.HEAD, "head"))
            return number
        if head.number > number:
            code = "cut one" if head.number == number + 1 else "cut"
            self._fault(Fault(number + 1, FaultKind.CUT, code, int(head.number)))
        elif head.number < number:
            self._check_after(int(head.number))
        elif self._links is not None and bytes(head.link) not in self._links:
            self._fault(Fault(number, FaultKind.HEAD, "other head"))
        others = select(func.count()).select_from(heads).where(heads.c.name != "ledger")
        if self._scalar(others):
            self._fault(Fault(0, FaultKind.HEAD, "more heads"))
        return int(head.number)

    def _check_after(self, vouched: int) -> None:
        """Tell entries that were put after the head from a head that was put back."""
        wrong = any(line.number > vouched for line in self._misplaced)
        wrong = wrong or any(fault.number > vouched for fault in self._faults)
        if not wrong:
            self._fault(Fault(vouched + 1, FaultKind.HEAD, "old head", vouched))

    def _tell_apart(self, vouched: int) -> None:
        """Name the rows that fit nowhere: copies after the end, or rows that changed places."""
        for line in self._misplaced[:FAULTS]:
            other = self._written_as(line) if line.payload is not None else self._fits(line)
            known = other is not None and other != line.number
            if line.number > vouched:
                code = "copied" if known else "inserted"
                self._fault(Fault(line.number, FaultKind.INSERTED, code, other or 0))
            elif known:
                self._fault(Fault(line.number, FaultKind.MOVED, "moved", other or 0))
            else:
                self._fault(Fault(line.number, FaultKind.ALTERED, "altered"))

    def _fits(self, line: Line) -> int | None:
        """Return as which of the misplaced entries a row of a sheet was written."""
        if line.session_id is None:
            return None
        for number, (kind, body) in self._sheets.read(line.session_id).items():
            true = self._chain.content(number, kind, line.session_id, line.once, body)
            if kind == line.kind and true == line.content:
                return number
        return None

    def _check_sheets(self) -> None:
        """Find sheets of which no entry tells, and those that hold more or fewer entries."""
        for session_id, held in self._sheets.miscounted(FAULTS):
            self._check_count(session_id, held or 0)

    def _check_count(self, session_id: str, held: int) -> None:
        """Name the entry on which a sheet and the ledger differ, unless it was named already."""
        numbers = self._sheets.numbers_of(session_id)
        differ = numbers ^ set(self._sheets.read(session_id))
        if differ and all(self._is_named(number) for number in differ):
            return
        code = "sheet count" if held else "sheet inserted"
        fresh = [number for number in differ if not self._is_named(number)]
        first = min(fresh or numbers or {0})
        self._fault(Fault(first, FaultKind.SHEET, code, session=session_id))

    def _is_named(self, number: int) -> bool:
        return any(one.number <= number <= max(one.number, one.other) for one in self._faults)

    def _fault(self, fault: Fault) -> None:
        if len(self._faults) < FAULTS:
            self._faults.append(fault)


def _in_order(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Return them by number; what concerns no entry comes last, what happened twice first once."""
    return tuple(sorted(faults, key=lambda fault: (fault.number == 0, fault.number)))
