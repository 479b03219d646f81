"""The register: an append-only, chained, sealed book in the tables `ledger` and `sheets`.

An entry is sealed by itself while its session is open; a closed session is one sealed sheet. The
row in `ledger` keeps number, kind, session and digests either way, so the chain never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.ports import Progress
from rollbook.domain.register import Entry, EntryKind, NewEntry, Verification
from rollbook.domain.row_digests import EVERYTHING
from rollbook.domain.witness import SENTENCES, Standing, WitnessState
from rollbook.errors import AlreadyExists, DecryptionFailed, RegisterTampered
from rollbook.storage.bounded import Bounded
from rollbook.storage.chain import START, Chain, Line, pack_sheet, pad, unpack_sheet, unpad
from rollbook.storage.codec import from_json, to_json
from rollbook.storage.connecting import begin_writing, savepoint
from rollbook.storage.keys import BOOK
from rollbook.storage.mac import Mac
from rollbook.storage.row_digests import SqlRowDigests
from rollbook.storage.tables import heads, ledger, sessions, sheets
from rollbook.storage.vault import BLOCK, SqlVault
from rollbook.storage.witness import Look, Witness, standing

HEAD = "ledger"
ENTRY, SHEET, ONCE = "entry", "sheet", "once"
ROWS = "row_digests"  # in the text of an entry: digests of rows outside of the register
FOUND = "rows found"
Opened = Bounded[tuple[int, bytes], Mapping[str, object]]


class Ledger:
    """The register within one transaction."""

    def __init__(
        self,
        connection: Connection,
        vault: SqlVault,
        opened: Opened,
        witness: Witness | None,
        rows: SqlRowDigests,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._opened = opened
        self._witness = witness
        self._rows = rows
        self._chain = Chain(vault.register_mac)
        self._head: tuple[int, bytes] | None = None
        self._moved = False  # entries were appended
        self._accepting = False  # a loss is being accepted
        self._witnessed = False  # the head was compared with its witness
        self._unwitnessed: WitnessState | None = None  # why there is no witness

    def hold(self) -> None:
        """Keep others from appending until this transaction ends, and see all they appended."""
        self._locked_head()

    def append(self, entry: NewEntry) -> Entry:
        if (note := self._begin_witness()) is not None:
            self._append(note)
        return self._append(entry)

    def _append(self, entry: NewEntry) -> Entry:
        number, previous = self._writable_head()
        once = self._once(entry)
        if once is not None and self._is_taken(once):
            raise AlreadyExists("The register already has this entry, and it may be there once.")
        told = self._rows_to_tell(entry.kind, number)
        row, body = self._row(entry, number + 1, once, told)
        row["payload"] = self._vault.seal(pad(body), purpose=ENTRY, owner=str(number + 1), key=BOOK)
        row["link"] = self._chain.link(previous, row["content"])
        try:
            self._connection.execute(insert(ledger), row)
        except IntegrityError as error:  # the head is held, so nobody else can have the number
            raise _tampered(f"Entry {number + 1}") from error
        self._move_head(number + 1, row["link"])
        return opened_entry(number + 1, entry.kind, from_json(body), entry.session_id)

    def _rows_to_tell(self, kind: EntryKind, number: int) -> Mapping[str, object]:
        """Return the digests that this entry carries: of all rows, when it is the first one."""
        if kind in (EntryKind.MARK, EntryKind.SESSION):
            return {}
        if number == 0:
            self._rows.want_all()
        return self._rows.take()

    def tell_rows(self) -> None:
        """Append an entry about rows that this transaction changed and no entry tells of."""
        if self._rows.waits:
            self.append(_rows_entry("rows changed"))

    def find_rows(self) -> bool:
        if self._knows_rows():
            return False
        self.hold()  # two servers may start at the same time
        if self._knows_rows():
            return False
        self._rows.want_all()
        self.append(_rows_entry(FOUND, once=FOUND))
        return True

    def _knows_rows(self) -> bool:
        if self._is_taken(self._vault.blind(ONCE, FOUND)):
            return True
        return any(first.rows.get(EVERYTHING) for first in self.entries(limit=1, before=2))

    def append_sheets(self, session_ids: Sequence[str], entries: Sequence[NewEntry]) -> None:
        number, link = self._writable_head()
        rows = []
        lines: dict[str, list[Line]] = {session_id: [] for session_id in session_ids}
        for entry in entries:
            if entry.session_id not in lines:
                raise ValueError("each entry must belong to one of the sessions")
            number += 1
            row, body = self._row(entry, number, self._once(entry))
            link = row["link"] = self._chain.link(link, row["content"])
            rows.append(row)
            lines[entry.session_id].append(Line(number, entry.kind.value, body))
        self._insert(rows)
        self._insert_sheets(lines)
        self._move_head(number, link)

    def of_session(self, session_id: str) -> list[Entry]:
        return self.of_sessions([session_id])[session_id]

    def of_sessions(self, session_ids: Sequence[str]) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {session_id: [] for session_id in session_ids}
        for start in range(0, len(session_ids), BLOCK):
            block = session_ids[start : start + BLOCK]
            for session_id, lines in self._sheets_of(block).items():
                found[session_id] += [_entry(line, session_id) for line in lines]
            for row in self._singles(block):
                found[row.session_id].append(self._open(row))
        for entries in found.values():
            entries.sort(key=lambda entry: entry.number)
        return found

    def seal_sheet(self, session_id: str) -> None:
        self.hold()
        singles = self._singles([session_id])
        if not singles:
            return
        lines = self._sheets_of([session_id]).get(session_id, [])
        lines += [Line(row.number, row.kind, self._body(row)) for row in singles]
        lines.sort(key=lambda line: line.number)
        payload = self._seal_lines(session_id, lines)
        changed = update(sheets).where(sheets.c.session_id == session_id)
        done = self._connection.execute(changed.values(entries=len(lines), payload=payload))
        if done.rowcount == 0:
            row = {"session_id": session_id, "entries": len(lines), "payload": payload}
            self._connection.execute(insert(sheets).values(row))
        folded = update(ledger).where(ledger.c.number == bindparam("folded"))
        numbers = [{"folded": row.number} for row in singles]
        self._connection.execute(folded.values(payload=None), numbers)

    def entries(
        self,
        kinds: Sequence[str] | None = None,
        limit: int = 1000,
        *,
        before: int | None = None,
        down_to: int = 1,
        groups: Collection[str] | None = None,
    ) -> list[Entry]:
        query = _part(kinds, down_to, groups)
        if before is not None:
            query = query.where(ledger.c.number < before)
        return self._opened_all(query.order_by(ledger.c.number.desc()).limit(limit))

    def search(
        self,
        text: str,
        *,
        before: int,
        down_to: int,
        limit: int,
        most: int,
        kinds: Sequence[str] | None = None,
        groups: Collection[str] | None = None,
    ) -> tuple[list[Entry], int]:
        from rollbook.storage.searching import Search  # needed by the audit alone

        search = Search(
            self._connection, self._body_and_entry, self._sheets_of, _entry, text.encode()
        )
        return search.run(_part(kinds, down_to, groups), before, down_to, limit, most)

    def since(self, number: int, kinds: Sequence[str], limit: int) -> list[Entry]:
        wanted = ledger.c.kind.in_([str(kind) for kind in kinds])
        query = select(ledger).where(ledger.c.number > number, wanted)
        return self._opened_all(query.order_by(ledger.c.number).limit(limit))

    def count(self) -> int:
        return self.head()[0]

    def touched_since(self, number: int) -> tuple[int, frozenset[str]]:
        count = self.count()
        if count <= number:
            return count, frozenset()
        query = select(ledger.c.session_id).where(
            ledger.c.number > number, ledger.c.session_id.is_not(None)
        )
        return count, frozenset(self._connection.execute(query.distinct()).scalars())

    def head(self) -> tuple[int, bytes]:
        """Return how many entries there are and the last link: what an anchor has to keep.

        Raises:
            RegisterTampered: the head was changed outside of Rollbook.
        """
        return self._checked_head(self._connection.execute(_head_query()).first())

    def verify(self, progress: Progress | None = None) -> Verification:
        from rollbook.storage.verifying import verify  # needed by one command alone

        look = self._look()  # first: the register may only be newer
        found = verify(self._connection, self._vault, self._chain, progress)
        try:
            return replace(found, standing=self._standing(look, *self.head()))
        except RegisterTampered:  # the head itself is at fault, and was named
            return found

    def standing(self) -> Standing:
        look = self._look()
        return self._standing(look, *self.head())

    def accept_loss(self, entry: NewEntry) -> Standing:
        self.forget()
        self._accepting = True
        number, link = self._locked_head()
        found = self._standing(self._look(), number, link)
        if found.refuses:
            self._append(entry)
        return found

    def tell_witness(self) -> None:
        """Write the head to the witness: what this transaction appended is committed."""
        if self._witness is None or self._head is None or not self._moved:
            return
        if self._accepting:
            self._witness.reset(*self._head)
        else:
            self._witness.advance(*self._head)

    def forget(self) -> None:
        """Forget the head: the transaction that held it has ended."""
        self._head = None
        self._moved = self._accepting = self._witnessed = False
        self._unwitnessed = None

    def _locked_head(self) -> tuple[int, bytes]:
        if self._head is None:
            begin_writing(self._connection)
            row = self._connection.execute(_head_query().with_for_update()).first()
            self._head = self._checked_head(row)
        return self._head

    def _writable_head(self) -> tuple[int, bytes]:
        """Return the head, held; looked at beside its witness once in a transaction."""
        head = self._locked_head()
        if not self._witnessed and not self._accepting:
            self._require_witnessed(*head)
        self._witnessed = True
        return head

    def _require_witnessed(self, number: int, link: bytes) -> None:
        look = self._look()
        found = self._standing(look, number, link)
        if found.refuses:
            raise RegisterTampered(SENTENCES[found.state], **found.values)
        self._unwitnessed = look if isinstance(look, WitnessState) else None

    def _begin_witness(self) -> NewEntry | None:
        """Return what is noted when there is no witness; it is begun at once, and said once."""
        number, link = self._writable_head()
        why, self._unwitnessed = self._unwitnessed, None
        if self._witness is None or why is None:
            return None
        self._witness.advance(number, link)
        if number == 0 or isinstance(self._look(), WitnessState):  # new, or it cannot be written
            return None
        now = datetime.now(UTC).isoformat()
        body = {"event": "witness begun", "at": now, "by": "system", "why": why.value}
        return NewEntry(EntryKind.TRUST, body)

    def _look(self) -> Look | None:
        return None if self._witness is None else self._witness.look()

    def _standing(self, look: Look | None, number: int, link: bytes) -> Standing:
        return standing(look, number, link, self.link_at)

    def link_at(self, number: int) -> bytes | None:
        if number == 0:
            return START
        query = select(ledger.c.link).where(ledger.c.number == number)
        found = self._connection.execute(query).scalar()
        return None if found is None else bytes(found)

    def _checked_head(self, row: Row[Any] | None) -> tuple[int, bytes]:
        if row is None or self._chain.head(row.number, bytes(row.link)) != bytes(row.mac):
            raise RegisterTampered(
                "The head of the register was changed outside of Rollbook. Nothing can be "
                "appended. Run: rollbook verify, and put a backup in its place."
            )
        return row.number, bytes(row.link)

    def _move_head(self, number: int, link: bytes) -> None:
        moved = {"number": number, "link": link, "mac": self._chain.head(number, link)}
        self._connection.execute(update(heads).where(heads.c.name == HEAD).values(moved))
        self._head = (number, link)
        self._moved = True

    def _once(self, entry: NewEntry) -> bytes | None:
        return None if entry.once is None else self._vault.blind(ONCE, entry.once)

    def _is_taken(self, once: bytes) -> bool:
        query = select(ledger.c.number).where(ledger.c.once == once)
        return self._connection.execute(query).first() is not None

    def _row(
        self,
        entry: NewEntry,
        number: int,
        once: bytes | None,
        rows: Mapping[str, object] | None = None,
    ) -> tuple[dict[str, Any], bytes]:
        body = to_json({**entry.body, ROWS: rows} if rows else dict(entry.body))
        kind = entry.kind.value
        content = self._chain.content(number, kind, entry.session_id, once, body)
        row: dict[str, Any] = {
            "number": number,
            "kind": kind,
            "session_id": entry.session_id,
            "payload": None,
            "once": once,
            "content": content,
        }
        return row, body

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(ledger), rows)
        except IntegrityError as error:
            self._head = None
            raise AlreadyExists(
                "The register already has this entry, and it may be there once."
            ) from error

    def _insert_sheets(self, lines: Mapping[str, list[Line]]) -> None:
        rows = [
            {
                "session_id": session_id,
                "entries": len(own),
                "payload": self._seal_lines(session_id, own),
            }
            for session_id, own in lines.items()
            if own
        ]
        if rows:
            self._connection.execute(insert(sheets), rows)

    def _seal_lines(self, session_id: str, lines: Iterable[Line]) -> bytes:
        return self._vault.seal(pack_sheet(lines), purpose=SHEET, owner=session_id, key=BOOK)

    def _sheets_of(self, session_ids: Sequence[str]) -> dict[str, list[Line]]:
        query = select(sheets).where(sheets.c.session_id.in_(session_ids))
        return {
            row.session_id: self._open_sheet(row.session_id, bytes(row.payload))
            for row in self._connection.execute(query)
        }

    def _open_sheet(self, session_id: str, payload: bytes) -> list[Line]:
        try:
            packed = self._vault.open(payload, purpose=SHEET, owner=session_id, key=BOOK)
        except DecryptionFailed as error:
            raise _tampered(f"The sheet of session {session_id}") from error
        return list(unpack_sheet(packed))

    def _singles(self, session_ids: Sequence[str]) -> Sequence[Row[Any]]:
        query = select(ledger).where(
            ledger.c.session_id.in_(session_ids), ledger.c.payload.is_not(None)
        )
        return self._connection.execute(query.order_by(ledger.c.number)).all()

    def _opened_all(self, query: Select[Any]) -> list[Entry]:
        """Return entries wherever they lie: by themselves, or in the sheet of a closed session."""
        rows = self._connection.execute(query).all()
        in_sheets = self._folded([row for row in rows if row.payload is None])
        return [
            self._open(row) if row.payload is not None else _folded(row, in_sheets) for row in rows
        ]

    def _folded(self, rows: Sequence[Row[Any]]) -> dict[int, Entry]:
        """Return these entries of closed sessions by number; of their sheets no other line."""
        found: dict[int, Entry] = {}
        wanted = {row.number for row in rows}
        sheet_ids = sorted({row.session_id for row in rows})
        for start in range(0, len(sheet_ids), BLOCK):
            for session_id, lines in self._sheets_of(sheet_ids[start : start + BLOCK]).items():
                kept = (line for line in lines if line.number in wanted)
                found |= {line.number: _entry(line, session_id) for line in kept}
        return found

    def _body(self, row: Row[Any]) -> bytes:
        try:
            text = self._vault.open(
                bytes(row.payload), purpose=ENTRY, owner=str(row.number), key=BOOK
            )
        except DecryptionFailed as error:
            raise _tampered(f"Entry {row.number}") from error
        return unpad(text)

    def _body_and_entry(self, row: Row[Any]) -> tuple[bytes, Callable[[], Entry]]:
        return self._body(row), lambda: self._open(row)

    def _open(self, row: Row[Any]) -> Entry:
        body = self._opened.get(
            (row.number, bytes(row.payload)), lambda: from_json(self._body(row))
        )
        return opened_entry(row.number, row.kind, body, row.session_id)


def first_head(mac: Mac) -> dict[str, object]:
    """Return the row of an empty register's head, under the register's digest."""
    return {"name": HEAD, "number": 0, "link": START, "mac": Chain(mac).head(0, START)}


def _part(kinds: Sequence[str] | None, down_to: int, groups: Collection[str] | None) -> Select[Any]:
    """Return the query of a part of the book; of marks only those of these groups' sessions."""
    query = select(ledger).where(ledger.c.number >= down_to)
    if kinds is not None:
        query = query.where(ledger.c.kind.in_([str(kind) for kind in kinds]))
    if groups is not None:
        theirs = select(sessions.c.session_id).where(sessions.c.group_id.in_(groups))
        other = ledger.c.kind != EntryKind.MARK.value
        query = query.where(or_(other, ledger.c.session_id.in_(theirs)))
    return query


def _head_query() -> Any:
    return select(heads).where(heads.c.name == HEAD)


def _entry(line: Line, session_id: str | None) -> Entry:
    return opened_entry(line.number, line.kind, from_json(line.body), session_id)


def opened_entry(
    number: int, kind: str, body: Mapping[str, object], session_id: str | None
) -> Entry:
    """Return an entry, with the digests of rows that it carries apart from what it says."""
    rows = body.get(ROWS)
    if not isinstance(rows, Mapping):
        return Entry(number, EntryKind(kind), body, session_id)
    said = {name: value for name, value in body.items() if name != ROWS}
    return Entry(number, EntryKind(kind), said, session_id, rows)


def _rows_entry(event: str, once: str | None = None) -> NewEntry:
    body = {"event": event, "at": datetime.now(UTC).isoformat(), "by": "system"}
    return NewEntry(EntryKind.ROWS, body, once=once)


def _folded(row: Row[Any], in_sheets: Mapping[int, Entry]) -> Entry:
    if row.number not in in_sheets:
        raise _tampered(f"Entry {row.number}")
    return in_sheets[row.number]


def _tampered(what: str) -> RegisterTampered:
    return RegisterTampered(
        f"{what} was changed outside of Rollbook. Run: rollbook verify, and put a backup in its "
        "place."
    )
