"""The register on every database: append-only, chained, sealed; whatever is altered is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, insert, select, update

from rollbook.domain.register import EntryKind, NewEntry, Verification
from rollbook.errors import AlreadyExists, RegisterTampered
from rollbook.storage.database import Database
from rollbook.storage.ledger import Ledger
from rollbook.storage.row_digests import SqlRowDigests
from rollbook.storage.tables import heads, ledger, sheets


def mark(number: int, session_id: str | None = "s1", once: str | None = None) -> NewEntry:
    return NewEntry(EntryKind.MARK, {"n": number, "text": "Ü 'quoted'\n🙂"}, session_id, once)


def append(database: Database, *entries: NewEntry) -> None:
    with database.uow() as uow:
        for entry in entries:
            uow.register.append(entry)
        uow.commit()


def verify(database: Database) -> Verification:
    with database.uow() as uow:
        return uow.register.verify()


def numbers_of(database: Database, session_id: str) -> list[tuple[int, Any]]:
    with database.uow() as uow:
        return [(e.number, e.body["n"]) for e in uow.register.of_session(session_id)]


def test_an_empty_register_holds(database: Database) -> None:
    found = verify(database)
    assert (found.holds, found.entries, found.sheets, found.head) == (True, 0, 0, "")
    with database.uow() as uow:
        assert uow.register.count() == 0
        assert uow.register.of_session("s1") == []
        assert uow.register.entries() == []


def test_entries_are_numbered_without_gaps_and_come_back(database: Database) -> None:
    with database.uow() as uow:
        entry = uow.register.append(mark(1))
        assert (entry.number, entry.kind, entry.session_id) == (1, EntryKind.MARK, "s1")
        uow.register.append(NewEntry(EntryKind.SUBJECT, {"event": "added"}))
    append(database, mark(1), mark(2, "s2"), NewEntry(EntryKind.SUBJECT, {}), mark(3))
    assert numbers_of(database, "s1") == [(1, 1), (4, 3)]
    with database.uow() as uow:
        assert uow.register.count() == 4
        assert [e.number for e in uow.register.entries()] == [4, 3, 2, 1]
        assert [e.number for e in uow.register.entries(["mark"], limit=2)] == [4, 2]
        assert uow.register.entries()[0].body == mark(3).body
        found = uow.register.of_sessions(["s2", "s1", "none"])
    assert {key: len(value) for key, value in found.items()} == {"s2": 1, "s1": 2, "none": 0}


def test_a_part_of_the_book_is_read_from_its_newest_entry_back(database: Database) -> None:
    append(database, mark(1), mark(2, "s2"), NewEntry(EntryKind.SUBJECT, {}), mark(3), mark(4))
    with database.uow() as uow:
        uow.register.seal_sheet("s1")
        uow.commit()

        def numbers(**asked: Any) -> list[int]:
            return [entry.number for entry in uow.register.entries(**asked)]

        assert numbers(before=1) == []
        assert numbers(before=5, limit=2) == [4, 3]
        assert numbers(before=5, down_to=2) == [4, 3, 2]
        assert numbers(kinds=["mark"], before=4, limit=9) == [2, 1]
        assert numbers(groups=[]) == [3]
        assert [entry.body["n"] for entry in uow.register.entries(["mark"], before=5)] == [3, 2, 1]


def test_what_came_after_a_number_is_told_oldest_first(database: Database) -> None:
    with database.uow() as uow:
        for kind in (EntryKind.SUBJECT, EntryKind.CONSENT, EntryKind.SUBJECT, EntryKind.SUBJECT):
            uow.register.append(NewEntry(kind, {"event": "x"}))
        uow.commit()
        asked = uow.register.since(1, [EntryKind.SUBJECT], 10)
        assert [entry.number for entry in asked] == [3, 4]
        assert [entry.number for entry in uow.register.since(0, [EntryKind.SUBJECT], 2)] == [1, 3]
        assert uow.register.since(4, list(EntryKind), 10) == []


def test_what_came_after_a_number_is_told_also_from_the_sheet_of_a_closed_session(
    database: Database,
) -> None:
    decided = NewEntry(EntryKind.SUBJECT, {"event": "decided"}, "s1")
    append(database, mark(1), decided, NewEntry(EntryKind.SUBJECT, {"event": "added"}))
    with database.uow() as uow:
        uow.register.seal_sheet("s1")
        told = uow.register.since(0, [EntryKind.SUBJECT], 10)
    assert [(entry.number, entry.body["event"]) for entry in told] == [(2, "decided"), (3, "added")]


def test_what_may_be_there_once_is_refused_the_second_time(database: Database) -> None:
    append(database, mark(1, once="arrived"))
    with database.uow() as uow:
        with pytest.raises(AlreadyExists):
            uow.register.append(mark(2, once="arrived"))
        uow.register.append(mark(3, once="left"))
        uow.commit()
    assert numbers_of(database, "s1") == [(1, 1), (2, 3)]
    assert verify(database).holds


def test_a_closed_session_is_one_sheet_and_takes_corrections_beside_it(database: Database) -> None:
    append(database, mark(1), mark(9, "other"), mark(2))
    with database.uow() as uow:
        uow.register.seal_sheet("s1")
        uow.register.seal_sheet("nothing there")
        uow.commit()
    append(database, mark(3))
    assert numbers_of(database, "s1") == [(1, 1), (3, 2), (4, 3)]
    with database.uow() as uow:
        assert [e.body["n"] for e in uow.register.entries()] == [3, 2, 9, 1]
    with database.engine.connect() as connection:
        single = select(ledger.c.number).where(ledger.c.payload.is_not(None))
        assert connection.execute(single.order_by(ledger.c.number)).scalars().all() == [2, 4]
    found = verify(database)
    assert (found.holds, found.entries, found.sheets) == (True, 4, 1)


def test_a_sheet_is_sealed_again_with_what_came_later(database: Database) -> None:
    for number in (1, 2, 3):
        append(database, mark(number))
        with database.uow() as uow:
            uow.register.seal_sheet("s1")
            uow.commit()
    assert numbers_of(database, "s1") == [(1, 1), (2, 2), (3, 3)]
    assert verify(database).holds


def test_whole_sessions_are_appended_as_sheets(database: Database) -> None:
    append(database, mark(0))
    entries = [mark(1, "a", "once a"), mark(2, "a"), mark(3, "b")]
    with database.uow() as uow:
        uow.register.append_sheets(["a", "b", "empty"], entries)
        uow.register.append(mark(4, "a"))
        uow.register.append_sheets([], [])
        uow.commit()
    assert numbers_of(database, "a") == [(2, 1), (3, 2), (5, 4)]
    assert numbers_of(database, "b") == [(4, 3)]
    found = verify(database)
    assert (found.holds, found.entries, found.sheets) == (True, 5, 2)
    with database.uow() as uow:
        with pytest.raises(AlreadyExists):
            uow.register.append_sheets(["c"], [mark(1, "c"), mark(2, "c", "once a")])
        with pytest.raises(ValueError, match="belong"):
            uow.register.append_sheets(["d"], [mark(1, "c")])


def test_an_append_that_was_undone_leaves_no_gap(database: Database) -> None:
    append(database, mark(1))
    with database.uow() as uow:
        uow.register.append(mark(2))
        uow.register.append_sheets(["b"], [mark(3, "b")])
    append(database, mark(4))
    assert numbers_of(database, "s1") == [(1, 1), (2, 4)]
    assert verify(database).holds


def test_a_register_that_grows_while_it_is_checked_holds(database: Database) -> None:
    """Seen on PostgreSQL: an entry between two statements looked as if the end had been cut."""
    done = threading.Event()

    def grow() -> None:
        number = 0
        while not done.is_set():
            append(database, mark(number))
            number += 1

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        faults = [fault for _ in range(40) for fault in verify(database).faults]
    finally:
        done.set()
        writer.join()
    assert faults == []
    assert verify(database).entries > 0


def find_rows(database: Database) -> bool:
    with database.uow() as uow:
        found = uow.register.find_rows()
        uow.commit()
    return found


def begin_as_earlier_versions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Append a first entry that carries no digests of rows."""
    with monkeypatch.context() as earlier:
        earlier.setattr(SqlRowDigests, "take", lambda self: {})
        append(database, mark(1), NewEntry(EntryKind.SUBJECT, {}))


def test_a_new_register_knows_its_rows_from_the_first_entry_on(database: Database) -> None:
    append(database, NewEntry(EntryKind.SUBJECT, {}))
    assert not find_rows(database)
    assert verify(database).entries == 1


def test_rows_are_found_once_in_a_register_of_an_earlier_version(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_as_earlier_versions(database, monkeypatch)
    assert [find_rows(database) for _ in range(3)] == [True, False, False]
    with database.uow() as uow:
        (entry,) = uow.register.entries([EntryKind.ROWS])
    assert (entry.number, entry.body["event"]) == (3, "rows found")
    assert verify(database).holds


def test_rows_are_found_once_by_servers_that_start_at_the_same_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_as_earlier_versions(database, monkeypatch)
    looked, found = threading.Barrier(4), list[bool]()
    hold = Ledger.hold

    def hold_together(register: Ledger) -> None:
        looked.wait(60)
        hold(register)

    monkeypatch.setattr(Ledger, "hold", hold_together)
    threads = [threading.Thread(target=lambda: found.append(find_rows(database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False, False, False, True]
    assert verify(database).entries == 3


def test_progress_ends_at_the_number_of_entries(database: Database) -> None:
    append(database, *[mark(n) for n in range(5)])
    told: list[tuple[int, int]] = []
    with database.uow() as uow:
        uow.register.verify(lambda done, total: told.append((done, total)))
    assert told[-1] == (5, 5)


def _edit(**values: Any) -> Callable[[Connection], Any]:
    return lambda c: c.execute(update(ledger).where(ledger.c.number == 4).values(**values))


def _copy_payload(connection: Connection) -> None:
    query = select(ledger.c.payload).where(ledger.c.number == 5)
    _edit(payload=connection.execute(query).scalar())(connection)


def _flip_payload(connection: Connection) -> None:
    query = select(ledger.c.payload).where(ledger.c.number == 4)
    token = bytearray(connection.execute(query).scalar_one())
    token[40] ^= 1
    _edit(payload=bytes(token))(connection)


def _exchange(connection: Connection) -> None:
    """Let entries 4 and 5 change places with all that they hold."""
    for before, after in ((4, 1004), (5, 4), (1004, 5)):
        moved = update(ledger).where(ledger.c.number == before)
        connection.execute(moved.values(number=after))


def _delete(*numbers: int) -> Callable[[Connection], Any]:
    return lambda c: c.execute(delete(ledger).where(ledger.c.number.in_(numbers)))


def _close_the_gap(connection: Connection) -> None:
    _delete(4)(connection)
    for number in range(5, 9):
        moved = update(ledger).where(ledger.c.number == number)
        connection.execute(moved.values(number=number - 1))


def _insert_copy(number: int) -> Callable[[Connection], Any]:
    def run(connection: Connection) -> None:
        row = connection.execute(select(ledger).where(ledger.c.number == 5)).one()
        copied = {**row._mapping, "number": number, "once": None}
        connection.execute(insert(ledger).values(copied))

    return run


def _make_room(connection: Connection) -> None:
    """Push 4 to 8 one up, and put a copy of one of them in the free place."""
    for number in range(8, 3, -1):
        moved = update(ledger).where(ledger.c.number == number)
        connection.execute(moved.values(number=number + 1))
    row = connection.execute(select(ledger).where(ledger.c.number == 6)).one()
    connection.execute(insert(ledger).values({**row._mapping, "number": 4, "once": None}))


def _drop_sheet(connection: Connection) -> None:
    connection.execute(delete(sheets).where(sheets.c.session_id == "sheet"))


def _exchange_sheets(connection: Connection) -> None:
    query = select(sheets.c.payload).where(sheets.c.session_id == "later")
    token = connection.execute(query).scalar()
    changed = update(sheets).where(sheets.c.session_id == "sheet")
    connection.execute(changed.values(payload=token))


def _edit_head(connection: Connection) -> None:
    connection.execute(update(heads).values(number=7))


def _shorten_with_head(connection: Connection) -> None:
    """Cut the tail and let the head name the new last entry, without its key."""
    _delete(8)(connection)
    link = connection.execute(select(ledger.c.link).where(ledger.c.number == 7)).scalar()
    connection.execute(update(heads).values(number=7, link=link))


TAMPERING: dict[str, tuple[int, Callable[[Connection], Any]]] = {
    "another payload": (4, _copy_payload),
    "a flipped bit": (4, _flip_payload),
    "no payload": (4, _edit(payload=None)),
    "another kind": (4, _edit(kind="session")),
    "another session": (4, _edit(session_id="other")),
    "no session": (4, _edit(session_id=None)),
    "another once index": (4, _edit(once=b"x" * 32)),
    "no once index": (4, _edit(once=None)),
    "another content": (4, _edit(content=b"x" * 32)),
    "another link": (4, _edit(link=b"x" * 32)),
    "another number": (4, _edit(number=900)),
    "a deleted entry": (4, _delete(4)),
    "several deleted entries": (3, _delete(3, 4, 5)),
    "a deleted first entry": (1, _delete(1)),
    "a deleted entry of a sheet": (2, _delete(2)),
    "a closed gap": (4, _close_the_gap),
    "a cut tail": (8, _delete(8)),
    "a long cut tail": (5, _delete(5, 6, 7, 8)),
    "everything deleted": (1, lambda c: c.execute(delete(ledger))),
    "two entries in each other's place": (4, _exchange),
    "a copy at the end": (9, _insert_copy(9)),
    "a copy far behind": (9, _insert_copy(50)),
    "a copy before the first": (0, _insert_copy(0)),
    "a copy in the middle": (4, _make_room),
    "a missing sheet": (2, _drop_sheet),
    "another session's sheet": (2, _exchange_sheets),
    "another head": (8, _edit_head),
    "a cut tail with its head": (7, _shorten_with_head),
    "no head": (8, lambda c: c.execute(delete(heads))),
}


@pytest.fixture
def eight(database: Database) -> Database:
    """Return a register of eight entries: 2 and 3 in a sheet, 7 in another, the rest single."""
    append(database, mark(1))
    with database.uow() as uow:
        uow.register.append_sheets(["sheet"], [mark(2, "sheet"), mark(3, "sheet")])
        uow.commit()
    append(database, mark(4, once="four"), mark(5), mark(6))
    with database.uow() as uow:
        uow.register.append_sheets(["later"], [mark(7, "later")])
        uow.commit()
    append(database, NewEntry(EntryKind.SUBJECT, {"event": "added"}))
    return database


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found_and_its_first_entry_named(eight: Database, what: str) -> None:
    assert verify(eight).holds
    first, tamper = TAMPERING[what]
    with eight.engine.begin() as connection:
        tamper(connection)
    found = verify(eight)
    assert not found.holds
    assert found.faults[0].number == first


def test_several_faults_are_named(eight: Database) -> None:
    with eight.engine.begin() as connection:
        _flip_payload(connection)
        _delete(6)(connection)
    assert {4, 6} <= {fault.number for fault in verify(eight).faults}


def test_a_register_with_a_changed_head_takes_no_more_entries(eight: Database) -> None:
    with eight.engine.begin() as connection:
        _edit_head(connection)
    with pytest.raises(RegisterTampered, match="head"):
        append(eight, mark(9))


def test_a_register_with_an_entry_put_behind_its_head_takes_no_more(eight: Database) -> None:
    with eight.engine.begin() as connection:
        _insert_copy(9)(connection)
    with pytest.raises(RegisterTampered, match="Entry 9"):
        append(eight, mark(9))


@pytest.mark.parametrize("what", ["another payload", "a flipped bit"])
def test_a_changed_entry_is_not_read_as_if_nothing_were(eight: Database, what: str) -> None:
    with eight.engine.begin() as connection:
        TAMPERING[what][1](connection)
    with eight.uow() as uow, pytest.raises(RegisterTampered, match="Entry 4"):
        uow.register.of_session("s1")


def test_a_sheet_in_the_place_of_another_is_not_read(eight: Database) -> None:
    with eight.engine.begin() as connection:
        _exchange_sheets(connection)
    with eight.uow() as uow, pytest.raises(RegisterTampered, match="sheet"):
        uow.register.of_session("sheet")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False,
        allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from("abcdef"), json_values), st.booleans())
def test_any_json_comes_back_and_verifies(
    database: Database, body: dict[str, object], folded: bool
) -> None:
    with database.uow() as uow:
        number = uow.register.append(NewEntry(EntryKind.MARK, body, "any")).number
        if folded:
            uow.register.seal_sheet("any")
        uow.commit()
    with database.uow() as uow:
        kept = {entry.number: entry for entry in uow.register.of_session("any")}
        assert dict(kept[number].body) == body
        assert uow.register.verify().holds


def test_the_register_counts_what_it_holds(database: Database) -> None:
    append(database, mark(1), mark(2))
    with database.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(ledger)).scalar() == 2


def test_one_id_is_searched_for_at_a_bounded_cost(database: Database) -> None:
    """Entries of an open session, of a closed one, and of none."""
    append(database, mark(1), mark(2, "s2"), NewEntry(EntryKind.SUBJECT, {"subject_id": "ada"}))
    append(database, NewEntry(EntryKind.MARK, {"subject_id": "ada"}, "s1"), mark(3))
    with database.uow() as uow:
        uow.register.seal_sheet("s1")
        uow.commit()

        def search(text: str, most: int = 99, limit: int = 99) -> tuple[list[int], int]:
            found, reached = uow.register.search(text, before=6, down_to=1, limit=limit, most=most)
            return [entry.number for entry in found], reached

        assert search("ada") == ([4, 3], 1)
        assert search("nobody") == ([], 1)
        assert search("ada", limit=1) == ([4], 4)
        assert search("ada", most=1) == ([], 5)  # the sheet is open, and its newest line another
        numbers = uow.register.search(
            "ada", before=6, down_to=1, limit=9, most=9, kinds=["subject"], groups=[]
        )
        assert [entry.number for entry in numbers[0]] == [3]
