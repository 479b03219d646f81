"""Somebody writes into the database with raw SQL: whatever it is, it is found and named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import NOW, make_class
from rollbook.domain.attendance import Status
from rollbook.domain.register import Fault, FaultKind, Verification
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

BYTES = {"payload", "once", "content", "link", "mac", "plan"}
COLUMNS = {
    "ledger": ["number", "kind", "session_id", "payload", "once", "content", "link"],
    "sheets": ["session_id", "entries", "payload"],
    "heads": ["name", "number", "link", "mac"],
    "sessions": [
        *("session_id", "group_id", "business_date", "starts_at", "ends_at", "state"),
        *("invented", "plan", "mac"),
    ],
}
KEYS = {"ledger": "number", "sheets": "session_id", "heads": "name", "sessions": "session_id"}
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]
quick = settings(deadline=None, suppress_health_check=SLOW)
pytestmark = pytest.mark.slow  # some 20 seconds


@dataclass
class Book:
    """A register with sheets, corrections and open sessions, whose database can be put back."""

    folder: Path
    database: Database
    original: dict[str, list[sqlite3.Row]]
    old: dict[str, sqlite3.Row]  # of sheets and sessions: as they were before a correction

    @property
    def numbers(self) -> list[int]:
        return [row["number"] for row in self.original["ledger"]]

    def verify(self) -> Verification:
        with self.database.uow() as uow:
            return uow.register.verify()

    def run(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        with connect(self.folder) as connection:
            for text, values in statements:
                connection.execute(text, values)
        connection.close()

    def put_back(self) -> None:
        for table, rows in self.original.items():
            self.run((f"DELETE FROM {table}", ()))
            holes = ", ".join("?" * len(COLUMNS[table]))
            self.run(*((f"INSERT INTO {table} VALUES ({holes})", tuple(row)) for row in rows))

    def row(self, table: str, key: object) -> sqlite3.Row:
        return next(row for row in self.original[table] if row[KEYS[table]] == key)

    def first_of(self, session_id: str) -> int:
        """The first entry that lies in the sheet of a session."""
        rows = (row for row in self.original["ledger"] if row["payload"] is None)
        return min(row["number"] for row in rows if row["session_id"] == session_id)


def connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "rollbook.db")
    connection.row_factory = sqlite3.Row
    return connection


def rows_of(folder: Path, table: str) -> list[sqlite3.Row]:
    connection = connect(folder)
    try:
        return connection.execute(f"SELECT * FROM {table} ORDER BY {KEYS[table]}").fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def kept(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    import shutil

    folder = Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("tampered") / "home"))
    url = f"sqlite:///{(folder / 'rollbook.db').as_posix()}"
    database = Database.open(url, keys_dir=folder / "keys")
    group, people = make_class(database.uow, ["Ada", "Grace", "Edsger"])
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    old: dict[str, sqlite3.Row] = {}
    for hour in range(3):
        starts_at = NOW + timedelta(hours=hour)
        session = keeper.open_session(
            group.group_id, starts_at, starts_at + timedelta(minutes=45), business_date=NOW.date()
        )
        sid = session.session_id
        for person in people:
            keeper.mark_by_hand(sid, person.subject_id, Status.PRESENT, None, "teacher")
        if hour == 2:
            break  # stays open
        old[f"session {sid}"] = find(folder, "sessions", sid)
        keeper.close_session(sid, by="teacher")
        old[f"sheet {sid}"] = find(folder, "sheets", sid)
        keeper.mark_by_hand(sid, people[0].subject_id, Status.ABSENT, "ill", "teacher")
        with database.uow() as uow:
            uow.register.seal_sheet(sid)
            uow.commit()
    original = {table: rows_of(folder, table) for table in COLUMNS}
    yield Book(folder, database, original, old)
    database.close()


def find(folder: Path, table: str, key: str) -> sqlite3.Row:
    return next(row for row in rows_of(folder, table) if row[KEYS[table]] == key)


@pytest.fixture
def book(kept: Book) -> Iterator[Book]:  # type: ignore[override]
    kept.put_back()
    yield kept
    kept.put_back()


def found(book: Book) -> tuple[Fault, ...]:
    faults = book.verify().faults
    book.put_back()
    return faults


def other_value(column: str, before: object, noise: bytes) -> object:
    """Return something else that the column takes."""
    if column in BYTES:
        changed = bytearray(before if isinstance(before, bytes) else b"x" * 32)
        changed[noise[0] % len(changed)] ^= 1 + noise[1] % 255
        return bytes(changed)
    if column in {"kind", "name", "state", "session_id", "group_id"}:
        return f"{'a' if str(before)[:1] != 'a' else 'b'}{str(before or 'x')[1:]}"
    if column == "business_date":
        return "1999-12-31"
    if column == "invented":
        return 1 - int(str(before))
    return int(str(before)) + 1_000 + noise[0]


def test_what_nobody_touched_holds(book: Book) -> None:
    checked = book.verify()
    assert (checked.faults, checked.holds) == ((), True)
    assert (checked.entries, checked.sheets) == (len(book.numbers), 2)
    assert any(row["payload"] is not None for row in book.original["ledger"])


@quick
@given(st.data(), st.binary(min_size=2, max_size=2))
def test_an_altered_column_of_any_row_of_the_ledger_is_named(
    kept: Book, data: st.DataObject, noise: bytes
) -> None:
    number = data.draw(st.sampled_from(kept.numbers))
    column = data.draw(st.sampled_from(COLUMNS["ledger"]))
    value = other_value(column, kept.row("ledger", number)[column], noise)
    kept.run((f"UPDATE ledger SET {column} = ? WHERE number = ?", (value, number)))
    faults = found(kept)
    assert faults[0].number == number, faults
    wanted = {
        "number": {FaultKind.REMOVED, FaultKind.CUT, FaultKind.INSERTED},
        "payload": {FaultKind.ALTERED, FaultKind.SHEET},
    }
    assert faults[0].kind in wanted.get(column, {FaultKind.ALTERED, FaultKind.UNSEALED}), faults


@quick
@given(st.data())
def test_a_removed_entry_is_named_and_no_other(kept: Book, data: st.DataObject) -> None:
    numbers = kept.numbers
    first = data.draw(st.sampled_from(numbers))
    last = data.draw(st.sampled_from([n for n in numbers if first <= n <= first + 3]))
    kept.run(("DELETE FROM ledger WHERE number BETWEEN ? AND ?", (first, last)))
    faults = found(kept)
    kind = FaultKind.CUT if last == numbers[-1] else FaultKind.REMOVED
    told = {(one.number, one.kind) for one in faults if one.kind is not FaultKind.SESSION}
    assert told == {(first, kind)}, faults
    assert faults[0].other in {0, last}


@quick
@given(st.data())
def test_a_copy_of_an_entry_is_named_where_it_was_put(kept: Book, data: st.DataObject) -> None:
    row = kept.row("ledger", data.draw(st.sampled_from(kept.numbers)))
    place = data.draw(st.sampled_from([kept.numbers[-1] + 1, 0, -7]))
    values = (place, row["kind"], row["session_id"], row["payload"], None, row["content"])
    kept.run(("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", (*values, row["link"])))
    faults = found(kept)
    assert (faults[0].number, faults[0].kind) == (place, FaultKind.INSERTED), faults


@quick
@given(st.data())
def test_two_entries_that_changed_places_are_both_named(kept: Book, data: st.DataObject) -> None:
    pair = st.lists(st.sampled_from(kept.numbers), min_size=2, max_size=2, unique=True)
    first, second = sorted(data.draw(pair))
    swap = "UPDATE ledger SET number = ? WHERE number = ?"
    kept.run((swap, (9_999, first)), (swap, (first, second)), (swap, (second, 9_999)))
    faults = found(kept)
    named = {one.number for one in faults if one.kind in {FaultKind.MOVED, FaultKind.ALTERED}}
    assert faults[0].number == first and {first, second} <= named, faults


def singles(book: Book) -> list[int]:
    return [row["number"] for row in book.original["ledger"] if row["payload"] is not None]


@quick
@given(st.data())
def test_the_sealed_text_of_another_entry_is_named(kept: Book, data: st.DataObject) -> None:
    pair = st.lists(st.sampled_from(singles(kept)), min_size=2, max_size=2, unique=True)
    first, second = sorted(data.draw(pair))
    put = "UPDATE ledger SET payload = ? WHERE number = ?"
    payloads = {number: kept.row("ledger", number)["payload"] for number in (first, second)}
    kept.run((put, (payloads[second], first)), (put, (payloads[first], second)))
    told = [(one.number, one.kind, one.other) for one in found(kept)]
    replaced = FaultKind.REPLACED
    assert told == [(first, replaced, second), (second, replaced, first)]


@quick
@given(st.data(), st.binary(min_size=2, max_size=2))
def test_an_altered_sheet_is_named_with_its_first_entry(
    kept: Book, data: st.DataObject, noise: bytes
) -> None:
    row = data.draw(st.sampled_from(kept.original["sheets"]))
    column = data.draw(st.sampled_from(COLUMNS["sheets"]))
    value = other_value(column, row[column], noise)
    session_id = row["session_id"]
    kept.run((f"UPDATE sheets SET {column} = ? WHERE session_id = ?", (value, session_id)))
    faults = found(kept)
    first = next(one for one in faults if one.number)
    assert (first.number, first.kind) == (kept.first_of(session_id), FaultKind.SHEET), faults
    assert first.session == session_id


def test_sheets_that_changed_places_are_named(book: Book) -> None:
    one, other = book.original["sheets"]
    put = "UPDATE sheets SET payload = ? WHERE session_id = ?"
    book.run((put, (one["payload"], other["session_id"])), (put, (other["payload"], one[0])))
    faults = found(book)
    wanted = sorted(book.first_of(row["session_id"]) for row in (one, other))
    assert [fault.number for fault in faults] == wanted
    assert {fault.kind for fault in faults} == {FaultKind.SHEET}


def test_a_removed_and_an_inserted_sheet_are_named(book: Book) -> None:
    row = book.original["sheets"][0]
    book.run(("DELETE FROM sheets WHERE session_id = ?", (row["session_id"],)))
    (fault,) = found(book)
    assert (fault.code, fault.number) == ("no sheet", book.first_of(row["session_id"]))
    book.run(("INSERT INTO sheets VALUES (?, ?, ?)", ("f" * 32, row["entries"], row["payload"])))
    (fault,) = found(book)
    assert (fault.code, fault.session) == ("sheet inserted", "f" * 32)


def test_the_old_sheet_of_before_a_correction_is_named(book: Book) -> None:
    for name, row in book.old.items():
        if not name.startswith("sheet"):
            continue
        put = "UPDATE sheets SET payload = ?, entries = ? WHERE session_id = ?"
        book.run((put, (row["payload"], row["entries"], row["session_id"])))
        last = max(
            one["number"]
            for one in book.original["ledger"]
            if one["session_id"] == row["session_id"] and one["payload"] is None
        )
        faults = found(book)
        assert (faults[0].number, faults[0].kind) == (last, FaultKind.UNSEALED), faults


@quick
@given(st.data(), st.binary(min_size=2, max_size=2))
def test_an_altered_session_is_named(kept: Book, data: st.DataObject, noise: bytes) -> None:
    row = data.draw(st.sampled_from(kept.original["sessions"]))
    column = data.draw(st.sampled_from(COLUMNS["sessions"]))
    value = other_value(column, row[column], noise)
    session_id = row["session_id"]
    kept.run((f"UPDATE sessions SET {column} = ? WHERE session_id = ?", (value, session_id)))
    faults = found(kept)
    assert {fault.kind for fault in faults} == {FaultKind.SESSION}
    assert session_id in {fault.session for fault in faults}


def test_a_session_that_was_removed_or_put_back_to_an_old_state_is_named(book: Book) -> None:
    for row in book.original["sessions"]:
        book.run(("DELETE FROM sessions WHERE session_id = ?", (row["session_id"],)))
        (fault,) = found(book)
        assert (fault.code, fault.session) == ("no session", row["session_id"])
    for name, row in book.old.items():
        if name.startswith("session"):
            put = "UPDATE sessions SET state = ?, mac = ? WHERE session_id = ?"
            book.run((put, (row["state"], row["mac"], row["session_id"])))
            (fault,) = found(book)
            assert (fault.code, fault.session) == ("session old", row["session_id"])


def test_a_session_whose_title_was_altered_or_removed_is_named(book: Book) -> None:
    plans = rows_of_plans(book.folder)
    try:
        book.run(("UPDATE plans SET payload = ?", (b"x",)))
        told = {fault.code for fault in book.verify().faults}
    finally:
        book.run(*(("UPDATE plans SET payload=? WHERE plan=?", (p, k)) for k, p in plans))
    assert told == {"plan"}


def rows_of_plans(folder: Path) -> list[tuple[bytes, bytes]]:
    connection = connect(folder)
    rows = connection.execute("SELECT plan, payload FROM plans").fetchall()
    connection.close()
    return [(row["plan"], row["payload"]) for row in rows]


@quick
@given(st.sampled_from(COLUMNS["heads"]), st.binary(min_size=2, max_size=2))
def test_an_altered_head_is_named(kept: Book, column: str, noise: bytes) -> None:
    value = other_value(column, kept.original["heads"][0][column], noise)
    kept.run((f"UPDATE heads SET {column} = ?", (value,)))
    faults = found(kept)
    assert {fault.kind for fault in faults} == {FaultKind.HEAD}
    assert faults[0].number == kept.numbers[-1]


def test_a_second_head_and_a_head_that_was_put_back_are_named(book: Book) -> None:
    row = book.original["heads"][0]
    second = ("INSERT INTO heads VALUES (?, ?, ?, ?)", ("other", *tuple(row)[1:]))
    book.run(second)
    assert [fault.code for fault in found(book)] == ["more heads"]
    mac = book.database.ring.register.digest
    number = book.numbers[-3]
    link = book.row("ledger", number)["link"]
    old = mac(b"head:%d:" % number + link)  # it once was the head, and somebody kept it
    book.run(("UPDATE heads SET number = ?, link = ?, mac = ?", (number, link, old)))
    (fault,) = found(book)
    assert (fault.code, fault.number, fault.other) == ("old head", number + 1, number)


def shift(numbers: list[int], step: int) -> Callable[[Book], None]:
    """Move these entries up or down by one, as somebody does who closes or makes a gap."""

    def run(book: Book) -> None:
        ordered = sorted(numbers, reverse=step > 0)
        move = "UPDATE ledger SET number = ? WHERE number = ?"
        book.run(*((move, (number + step, number)) for number in ordered))

    return run


@quick
@given(st.data())
def test_a_gap_that_was_closed_is_named_where_it_was(kept: Book, data: st.DataObject) -> None:
    number = data.draw(st.sampled_from(kept.numbers[:-1]))
    kept.run(("DELETE FROM ledger WHERE number = ?", (number,)))
    shift([n for n in kept.numbers if n > number], -1)(kept)
    faults = found(kept)
    assert faults[0].number == number
    assert faults[0].kind in {FaultKind.MOVED, FaultKind.ALTERED, FaultKind.UNSEALED}, faults
