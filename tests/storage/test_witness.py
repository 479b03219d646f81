"""A database that is cut or put back alone ends before its witness, and that is found at once."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.witness import SENTENCES, Standing, WitnessState
from rollbook.errors import RegisterTampered, StorageUnavailable
from rollbook.storage.database import Database
from rollbook.storage.witness import Seen, Witness


class Home:
    """A home with a register; its database can be kept and put back alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "keys" / "witness.json"
        self.database = self.opened()

    def opened(self) -> Database:
        url = f"sqlite:///{(self.folder / 'rollbook.db').as_posix()}"
        return Database.open(url, keys_dir=self.folder / "keys")

    def append(self, count: int = 1) -> None:
        for _ in range(count):
            with self.database.uow() as uow:
                uow.register.append(NewEntry(EntryKind.SETTING, {"event": "x"}))
                uow.commit()

    def keep(self) -> bytes:
        self.database.close()
        return (self.folder / "rollbook.db").read_bytes()

    def put_back(self, kept: bytes) -> None:
        self.database.close()
        for spare in self.folder.glob("rollbook.db-*"):
            spare.unlink()
        (self.folder / "rollbook.db").write_bytes(kept)
        self.database = self.opened()

    def standing(self) -> Standing:
        return self.database.standing()

    def events(self) -> list[object]:
        with self.database.uow() as uow:
            return [entry.body["event"] for entry in reversed(uow.register.entries())]

    def seen(self) -> object:
        assert self.database.witness is not None
        return self.database.witness.look()

    def head(self) -> tuple[int, bytes]:
        with self.database.uow() as uow:
            return uow.register.head()


@pytest.fixture
def home(book: Path) -> Home:
    return Home(book)


def test_each_commit_that_appended_is_written_to_the_witness(home: Home) -> None:
    for number in (1, 2, 3):
        home.append()
        assert home.seen() == Seen(*home.head())
        assert home.standing() == Standing(WitnessState.AGREES, number, number)
    with home.database.uow() as uow:
        uow.register.append(NewEntry(EntryKind.SETTING, {}))  # and is not committed
    assert home.head()[0] == 3
    assert home.standing().state is WitnessState.AGREES
    if os.name != "nt":
        assert home.file.stat().st_mode & 0o777 == 0o600


def test_a_database_that_is_put_back_alone_takes_no_entries(home: Home) -> None:
    home.append(2)
    kept = home.keep()
    home.append(3)
    home.put_back(kept)
    found = home.standing()
    assert found == Standing(WitnessState.BEHIND, 2, 5)
    assert "ends with entry 2, but it had 5" in found.sentence()
    with pytest.raises(RegisterTampered, match="ends with entry 2, but it had 5"):
        home.append()
    with home.database.uow() as uow:
        checked = uow.register.verify()
    assert (checked.faults, checked.holds, checked.standing) == ((), False, found)
    assert home.head()[0] == 2


def test_a_register_that_grew_elsewhere_is_not_taken_for_this_one(home: Home) -> None:
    home.append(2)
    kept = home.keep()
    home.append(3)
    witness = home.file.read_bytes()
    home.file.unlink()
    home.put_back(kept)
    home.append(9)  # another machine with the same keys goes on from the old copy
    home.file.write_bytes(witness)
    assert home.standing() == Standing(WitnessState.OTHER, 12, 5)
    with pytest.raises(RegisterTampered, match="Entry 5 of the register is not the one"):
        home.append()


@pytest.mark.parametrize("number", [1, 4])
def test_a_cut_tail_is_found_also_where_the_head_was_put_back_with_it(
    home: Home, number: int
) -> None:
    home.append(number)
    with home.database.engine.begin() as connection:
        kept = connection.execute(text("SELECT number, link, mac FROM heads")).one()._asdict()
    home.append(2)
    with home.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM ledger WHERE number > :number"), kept)
        connection.execute(text("UPDATE heads SET number=:number, link=:link, mac=:mac"), kept)
    assert home.standing() == Standing(WitnessState.BEHIND, number, number + 2)


def test_entries_that_came_after_the_witness_are_accepted_and_told_once(home: Home) -> None:
    home.append(2)
    witness = home.file.read_bytes()
    home.append()
    home.file.write_bytes(witness)  # killed between the commit and the file
    assert home.standing() == Standing(WitnessState.AHEAD, 3, 2)
    assert home.standing() == Standing(WitnessState.AGREES, 3, 3)
    home.file.write_bytes(witness)
    home.append()
    assert home.standing() == Standing(WitnessState.AGREES, 4, 4)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (None, "missing"),
        (b"", "unreadable"),
        (b"{}", "unreadable"),
        (b"[" * 900, "unreadable"),
        (b'{"number": 9, "link": "00", "mac": "00"}', "unreadable"),
        (b'{"number": "\xff', "unreadable"),
        (b'{"number": 9, "link": "00", "mac": "\\ud800"}', "unreadable"),
        (b'{"number": 9, "link": "00", "mac": 1}', "unreadable"),
    ],
)
def test_a_witness_that_is_gone_or_spoilt_is_made_anew_with_an_entry(
    home: Home, found: bytes | None, state: str
) -> None:
    home.append(2)
    home.file.unlink()
    if found is not None:
        home.file.write_bytes(found)
    assert home.standing() == Standing(WitnessState(state), 2)
    home.append(2)
    assert home.events() == ["x", "x", "witness begun", "x", "x"]
    assert home.standing() == Standing(WitnessState.AGREES, 5, 5)


def test_a_witness_with_another_number_is_not_believed(home: Home) -> None:
    home.append(3)
    said = json.loads(home.file.read_bytes())
    home.file.write_text(json.dumps({**said, "number": 2}))
    assert home.standing().state is WitnessState.UNREADABLE
    home.file.write_text(json.dumps({**said, "number": True}))
    assert home.standing().state is WitnessState.UNREADABLE


def test_a_new_register_begins_its_witness_without_a_word(home: Home) -> None:
    home.file.unlink(missing_ok=True)
    home.append()
    assert home.events() == ["x"]
    assert home.standing().state is WitnessState.AGREES


def test_after_a_restore_it_is_written_anew(home: Home) -> None:
    home.append(1)
    kept = home.keep()
    home.append(2)
    home.put_back(kept)
    assert home.standing().refuses
    home.database.reset_witness()
    assert home.standing() == Standing(WitnessState.AGREES, 1, 1)
    home.append()


def test_a_loss_can_be_accepted_by_name(home: Home) -> None:
    home.append(1)
    kept = home.keep()
    home.append(3)
    home.put_back(kept)
    with home.database.uow() as uow:
        before = uow.register.accept_loss(NewEntry(EntryKind.TRUST, {"event": "loss accepted"}))
        uow.commit()
    assert before == Standing(WitnessState.BEHIND, 1, 4)
    assert home.events() == ["x", "loss accepted"]
    assert home.standing() == Standing(WitnessState.AGREES, 2, 2)
    home.append()


def test_where_nothing_is_lost_nothing_is_accepted(home: Home) -> None:
    home.append(1)
    with home.database.uow() as uow:
        before = uow.register.accept_loss(NewEntry(EntryKind.TRUST, {"event": "loss accepted"}))
        uow.commit()
    assert before.state is WitnessState.AGREES
    assert home.events() == ["x"]


def test_an_accepted_loss_that_is_not_committed_changes_nothing(home: Home) -> None:
    home.append(1)
    kept = home.keep()
    home.append(3)
    home.put_back(kept)
    with home.database.uow() as uow:
        uow.register.accept_loss(NewEntry(EntryKind.TRUST, {"event": "loss accepted"}))
    assert home.standing() == Standing(WitnessState.BEHIND, 1, 4)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="a superuser writes everywhere")
def test_keys_that_can_only_be_read_do_not_hold_up_marks(home: Home) -> None:
    home.append(1)
    (home.folder / "keys").chmod(0o500)
    home.append(1)
    (home.folder / "keys").chmod(0o700)
    assert home.standing() == Standing(WitnessState.AHEAD, 2, 1)


def test_a_witness_that_cannot_be_written_is_logged_and_loses_no_entry(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    home.append(1)
    monkeypatch.setattr(Witness, "_write", refuse)
    home.append(3)
    assert [record.message for record in caplog.records] == [
        "the witness of the register cannot be written: No space left on device"
    ]
    with pytest.raises(StorageUnavailable, match="No space left"):
        home.database.reset_witness()
    monkeypatch.undo()
    home.append(1)
    assert home.standing() == Standing(WitnessState.AGREES, 5, 5)


def test_a_register_without_a_witness_that_can_be_made_is_not_filled_with_notes(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    home.append(1)
    home.file.unlink()
    monkeypatch.setattr(Witness, "_write", refuse)
    home.append(3)
    assert home.events() == ["x"] * 4


def test_an_older_head_never_replaces_a_newer_one(home: Home) -> None:
    home.append(3)
    witness = home.database.witness
    assert witness is not None
    numbers = list(range(4, 44))
    threads = [
        threading.Thread(target=lambda part=part: [witness.advance(n, bytes(32)) for n in part])
        for part in (numbers, numbers[::-1], numbers[::2])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert witness.look() == Seen(43, bytes(32))
    witness.advance(5, bytes(32))
    assert witness.look() == Seen(43, bytes(32))


def test_a_database_in_memory_has_none(book: Path) -> None:
    shutil.copytree(book / "keys", book / "others")
    database = Database.open("sqlite://", keys_dir=book / "others", create=True)
    assert database.witness is None
    database.close()


def test_each_state_has_a_sentence_that_has_room_for_its_values() -> None:
    for state in WitnessState:
        assert Standing(state, 3, 2).sentence()
    assert set(SENTENCES) == set(WitnessState)
