"""Checking a register that is larger than what is held in memory."""

from __future__ import annotations

import pytest

from rollbook.domain.register import EntryKind, NewEntry
from rollbook.storage import ledger, vault, verifying, verifying_sheets
from rollbook.storage.database import Database


@pytest.fixture
def interleaved(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Return a register whose sessions lie in each other, read in tiny pieces."""
    monkeypatch.setattr(verifying, "ROWS", 4)
    monkeypatch.setattr(verifying_sheets, "OPENED", 2)
    for module in (verifying_sheets, ledger, vault):
        monkeypatch.setattr(module, "BLOCK", 2)
    with database.uow() as uow:
        for n in range(60):
            uow.register.append(NewEntry(EntryKind.MARK, {"n": n}, f"s{n % 7}"))
        for n in range(6):  # s6 stays single
            uow.register.seal_sheet(f"s{n}")
        uow.commit()
    return database


def test_a_register_is_checked_piece_by_piece(interleaved: Database) -> None:
    with interleaved.uow() as uow:
        found = uow.register.verify()
    assert found.holds, found.faults
    assert (found.entries, found.sheets) == (60, 6)


def test_many_sessions_are_read_piece_by_piece(interleaved: Database) -> None:
    names = [f"s{n}" for n in range(7)]
    with interleaved.uow() as uow:
        found = uow.register.of_sessions(names)
        newest = uow.register.entries(limit=50)
    assert [entry.body["n"] for entry in found["s3"]] == list(range(3, 60, 7))
    assert sum(map(len, found.values())) == 60
    assert [entry.number for entry in newest] == list(range(60, 10, -1))


def test_no_more_faults_are_listed_than_somebody_reads(
    interleaved: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import text

    monkeypatch.setattr(verifying, "FAULTS", 5)
    with interleaved.engine.begin() as connection:
        connection.execute(text("UPDATE ledger SET content = link"))
    with interleaved.uow() as uow:
        found = uow.register.verify()
    assert [fault.number for fault in found.faults] == [1, 2, 3, 4, 5]
