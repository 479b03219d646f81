"""Erasure: nothing is left, nothing else breaks, and a kill leaves no half state."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders import DAY, NOW, make_class, make_consent, make_reference
from rollbook.bootstrap import App, build
from rollbook.domain.access import Role
from rollbook.domain.accounts import User, WebSession
from rollbook.domain.erasing import Handling
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Subject, new_id
from rollbook.domain.task_ports import Task, TaskLine
from rollbook.errors import InvalidInput, NotFound, StorageError
from rollbook.settings import Settings
from rollbook.storage import scanning
from rollbook.storage.personal import HANDLING
from rollbook.storage.repositories.receipts import RECEIPT, signed_text
from rollbook.storage.signing import is_signed
from rollbook.storage.tables import metadata
from rollbook.testing import FixedClock

NAME, NUMBER, CONTACT = "Zenobia Quartermaine", "SID-4711-Q", "zenobia@example.org"


@pytest.fixture
def app(book: Path) -> App:
    opened = build(Settings(home=book))
    opened.clock = FixedClock(NOW)  # type: ignore[assignment]
    return opened


@pytest.fixture
def ada(app: App) -> Subject:
    """A person of whom everything is kept that can be kept, beside Grace, who stays."""
    _group, (ada, grace) = make_class(app.uow, [NAME, "Grace Hopper"])
    ada = replace(ada, external_id=NUMBER, contacts=(CONTACT,))
    account = User(new_id(), "zenobia", Role.SUBJECT, "u" * 32, NAME, CONTACT)
    with app.uow() as uow:
        uow.subjects.update(ada)
        uow.users.add(replace(account, subject_id=ada.subject_id))
        for seed, who in ((1, ada), (2, grace)):
            uow.consents.add(make_consent(who.subject_id))
            uow.references.add(make_reference(who.subject_id, seed))
        uow.web_sessions.put(WebSession("t" * 40, account.user_id, NOW, NOW + timedelta(1)))
        told = {"_flashes": [f"{NAME} was added."], "kept": "this stays"}
        uow.web_sessions.put(WebSession("s" * 40, "f" * 32, NOW, NOW + timedelta(1), told))
        uow.replies.claim("form", NOW)
        uow.replies.answer("form", {"location": f"/people/{ada.subject_id}"})
        lines = (TaskLine(f"{NAME}.jpg", "x", "blurred"), TaskLine("Grace Hopper.jpg", "", "ok"))
        uow.tasks.add(Task(new_id(), "people import", "f" * 32, "unknown", NOW, NOW, lines=lines))
        uow.commit()
    app.pins.set(ada.subject_id, "736251", "unknown")
    return ada


def receipt_of(app: App, person: Subject) -> Receipt:
    (receipt,) = app.erasing.erase([person.subject_id], "administrator " + "a" * 32)
    return receipt


def test_every_table_says_what_becomes_of_it() -> None:
    assert set(HANDLING) == set(metadata.tables), "say in storage/personal.py what happens to it"
    named = {table.name for table in metadata.sorted_tables if "subject_id" in table.c}
    both = {name for name in named if "user_id" in metadata.tables[name].c}
    fitting = {Handling.OWN, Handling.STAYS}
    assert {HANDLING[name] for name in named - both} <= fitting
    assert {HANDLING[name] for name in both} == {Handling.ACCOUNT}, "which deletes by either id"
    assert {name for name in named if HANDLING[name] is Handling.STAYS} == {"memberships"}


def erased_file(book: Path) -> Path:
    return book / "keys" / "erasures.jsonl"


def test_a_list_that_was_deleted_is_noticed_named_and_made_anew(
    app: App, ada: Subject, book: Path
) -> None:
    assert app.erased_list.problem() == "", "nobody was erased yet"
    receipt = receipt_of(app, ada)
    assert app.erased_list.problem() == "" and app.erased_list.mend() == 0
    erased_file(book).unlink()
    assert "lacks 1 of whom the register tells" in app.erased_list.problem()
    assert app.erasing.finish_all() == []
    (line,) = app.erasure_list.lines()
    assert (line.subject_id, line.receipt_id) == (ada.subject_id, receipt.receipt_id)
    assert app.erased_list.problem() == ""
    with app.uow() as uow:
        (newest,) = uow.register.entries([EntryKind.TRUST], limit=1)
    assert (newest.body["event"], newest.body["count"]) == ("erasure list mended", 1)


def test_a_list_that_was_cut_gets_its_end_again(app: App, ada: Subject, book: Path) -> None:
    with app.uow() as uow:
        grace = next(one for one in uow.subjects.all() if one.name == "Grace Hopper")
    app.erasing.erase([ada.subject_id])
    first = erased_file(book).read_bytes()
    app.erasing.erase([grace.subject_id])
    erased_file(book).write_bytes(first)
    assert "lacks 1" in app.erased_list.problem()
    assert app.erased_list.mend() == 1
    assert app.erasure_list.erased_ids() == {ada.subject_id, grace.subject_id}


def test_a_list_that_was_changed_is_named_and_left(app: App, ada: Subject, book: Path) -> None:
    receipt_of(app, ada)
    changed = erased_file(book).read_bytes().replace(b"2026", b"2025", 1)
    erased_file(book).write_bytes(changed)
    assert "Line 1 of the list of erased people" in app.erased_list.problem()
    with pytest.raises(StorageError, match="was changed"):
        app.erased_list.mend()
    assert erased_file(book).read_bytes() == changed


def test_files_are_searched_once_for_everybody(
    app: App, ada: Subject, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.uow() as uow:
        people = [ada.subject_id]
        for number in range(5):
            one = Subject(new_id(), f"Somebody Number{number}")
            uow.subjects.add(one)
            people.append(one.subject_id)
        uow.commit()
    (book / "exports").mkdir(exist_ok=True)
    (book / "exports" / "list.csv").write_text("Somebody Number3", "utf-8")
    left = "a note on Somebody Number2 lies here"
    (book / "logs").mkdir(exist_ok=True)
    (book / "logs" / "old.txt").write_text(left, "utf-8")
    read = Counter[str]()
    scan_file = scanning._scan_file
    monkeypatch.setattr(
        scanning,
        "_scan_file",
        lambda file, sought: (read.update([file.name]), scan_file(file, sought))[1],
    )
    receipts = app.erasing.erase(people)
    assert set(read.values()) == {1} and read["rollbook.db"] == 1
    assert [receipt.body["subject_id"] for receipt in receipts] == people
    states = [receipt.body["state"] for receipt in receipts]
    assert states == ["complete"] * 3 + ["remains found"] + ["complete"] * 2
    assert receipts[3].body["found"] == {"old.txt": ["word"]}
    assert [receipt.body["exports_with_words"] for receipt in receipts] == [0, 0, 0, 0, 1, 0]
    for receipt in receipts:
        assert receipt.signature and receipt.body["files_searched"] == len(read) - 1


def test_nothing_names_the_person_any_more(app: App, ada: Subject, book: Path) -> None:
    with app.uow() as uow:
        account = uow.users.of_subject(ada.subject_id)
    assert account is not None
    receipt = receipt_of(app, ada)
    assert receipt.body["state"] == "complete"
    for row in every_row(book):
        if row[0] not in {"ledger", "sheets", "memberships", "receipts"}:
            assert ada.subject_id not in row[1] and account.user_id not in row[1], row[0]
    with app.uow() as uow:
        assert uow.subjects.some([ada.subject_id]) == {}
        assert uow.subjects.by_external_id(NUMBER) is None
        assert uow.users.of_subject(ada.subject_id) is None
        assert uow.users.by_login("zenobia") is None
        assert uow.web_sessions.get("t" * 40) is None
        kept = uow.web_sessions.get("s" * 40)
        assert kept is not None and kept.data == {"kept": "this stays"}
        assert uow.replies.of("form") is None
        (task,) = uow.tasks.all()
        assert [line.where for line in task.lines] == ["Grace Hopper.jpg"]
        assert uow.person_rows.left(ada.subject_id) == {}
        assert uow.person_rows.intents() == []
        assert uow.register.verify().holds


def every_row(book: Path) -> list[tuple[str, str]]:
    """Return (table, text of a row) of the whole database."""
    with sqlite3.connect(book / "rollbook.db") as connection:
        return [
            (table, str(row))
            for table in metadata.tables
            for row in connection.execute(f"SELECT * FROM {table}")
        ]


def test_the_files_of_the_home_hold_no_seal_of_the_person(
    app: App, ada: Subject, book: Path
) -> None:
    with sqlite3.connect(book / "rollbook.db") as connection:
        find = "SELECT wrapped FROM subject_keys WHERE subject_id = ?"
        (wrapped,) = connection.execute(find, [ada.subject_id]).fetchone()
        find = "SELECT template, details, crop FROM samples WHERE subject_id = ?"
        sealed = connection.execute(find, [ada.subject_id]).fetchone()
        find = "SELECT profile FROM subjects WHERE subject_id = ?"
        (profile,) = connection.execute(find, [ada.subject_id]).fetchone()
    receipt_of(app, ada)
    for file in book.rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        for token in (wrapped, profile, *sealed):
            assert token[:60] not in data, file.name


def test_the_receipt_is_signed_and_tells_what_was_done(app: App, ada: Subject) -> None:
    receipt = receipt_of(app, ada)
    with app.uow() as uow:
        (kept,) = uow.receipts.all([ReceiptKind.ERASURE])
        assert kept == receipt
        signed = is_signed(uow.vault.public_key, RECEIPT, signed_text(kept), kept.signature)
    assert signed
    body = kept.body
    assert body["by"] == "administrator " + "a" * 32
    destroyed = body["destroyed"]
    assert isinstance(destroyed, dict)
    expected = {"subjects", "subject_keys", "consents", "samples", "credentials", "users"}
    assert expected <= destroyed.keys()
    assert body["stays"] == {"memberships": 1}
    assert body["searched_for"] == [
        "name", "external id", "contact", "sign-in name", "e-mail", "sealed payloads", "templates",
    ]  # fmt: skip
    assert body["log_of_changes"] == "emptied"
    assert NAME not in str(body) and NUMBER not in str(body) and CONTACT not in str(body)


def test_the_list_beside_the_keys_names_the_person(app: App, ada: Subject) -> None:
    receipt = receipt_of(app, ada)
    (line,) = app.erasure_list.lines()
    assert (line.subject_id, line.receipt_id) == (ada.subject_id, receipt.receipt_id)


def test_who_is_not_there_cannot_be_erased(app: App, ada: Subject) -> None:
    receipt_of(app, ada)
    with pytest.raises(NotFound):
        receipt_of(app, ada)


def test_the_only_administrator_is_not_erased_with_their_account(app: App, ada: Subject) -> None:
    with app.uow() as uow:
        account = uow.users.of_subject(ada.subject_id)
        assert account is not None
        uow.users.update(replace(account, role=Role.ADMINISTRATOR))
        uow.commit()
    with pytest.raises(InvalidInput, match="only administrator"):
        receipt_of(app, ada)
    with app.uow() as uow:
        assert uow.subjects.get(ada.subject_id) == ada


class Killed(BaseException):
    """What a test raises where a process would die."""


@pytest.mark.parametrize("step", ["put", "delete", "empty_log", "scan"])
def test_what_a_kill_has_interrupted_is_finished_by_the_next_start(
    app: App, ada: Subject, book: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasing = app.erasing
    holder = app.erased_list if step == "put" else erasing._remains

    def die(*given: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(type(holder), step, die)
        with pytest.raises(Killed):
            receipt_of(app, ada)
    again = build(Settings(home=book))
    again.clock = FixedClock(NOW)  # type: ignore[assignment]
    with again.uow() as uow:
        assert uow.subjects.some([ada.subject_id]) == {}, "rows and key went at once"
        assert uow.receipts.all() == []
    assert again.due.run_due(NOW) >= 0
    assert len(again.erasing.pending()) == 1, "whoever began it has a minute"
    again.due.run_due(NOW + timedelta(minutes=2))
    assert again.erasing.pending() == []
    with again.uow() as uow:
        (receipt,) = uow.receipts.all([ReceiptKind.ERASURE])
    assert receipt.body["interrupted"] is True
    assert receipt.body["state"] == "complete"
    assert again.erasure_list.erased_ids() == {ada.subject_id}


def test_a_reader_of_the_log_lets_the_receipt_say_pending_until_it_ends(
    app: App, ada: Subject, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.storage.remains.PATIENCE", 0.05)
    reader = sqlite3.connect(book / "rollbook.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM subjects").fetchone()
    first = receipt_of(app, ada)
    assert first.body["state"] == "pending" == first.body["log_of_changes"]
    app.due.run_due(NOW + timedelta(minutes=3))
    assert len(app.erasing.pending()) == 1, "it is still read"
    reader.close()
    app.due.run_due(NOW + timedelta(minutes=30))
    assert app.erasing.pending() == []
    with app.uow() as uow:
        last, kept = uow.receipts.all([ReceiptKind.ERASURE])
    assert kept == first
    assert (last.body["state"], last.body["completes"]) == ("complete", first.receipt_id)
    assert last.body["log_of_changes"] == "emptied"


def test_a_failure_before_the_commit_erases_nothing(
    app: App, ada: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            "rollbook.storage.personal.SqlPersonRows.left", lambda *given: {"samples": 1}
        )
        with pytest.raises(Exception, match="nothing was erased"):
            receipt_of(app, ada)
    with app.uow() as uow:
        assert uow.subjects.get(ada.subject_id) == ada
        assert len(uow.references.of(ada.subject_id)) == 1
    assert app.erasure_list.lines() == []


def test_another_process_forgets_the_person_within_seconds(
    app: App, ada: Subject, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.storage.forgetting.LOOK", 0.0)
    other = build(Settings(home=book))  # as another process: its own engine, keys and memory
    other.clock = FixedClock(NOW)  # type: ignore[assignment]
    other.people_index.build()
    with other.uow() as uow:
        assert NAME in uow.subjects.names().values()
        uow.users.all()
    receipt_of(app, ada)
    other.forget_erased()
    assert len(other.database.memory.profiles) <= 1, "only Grace may have been read again"
    assert len(other.database.memory.users) == 0
    assert len(other.database.ring._subjects) <= 1
    snapshot = other.people_index.current()
    assert snapshot is not None
    assert [known.subject.name for known in snapshot.ordered] == ["Grace Hopper"]


def test_marks_and_totals_stay_with_an_erased_person(app: App, ada: Subject) -> None:
    with app.uow() as uow:
        (group,) = uow.groups.all()
    start = NOW - timedelta(hours=2)
    closed = app.register.open_session(
        group.group_id, start, start + timedelta(hours=1), business_date=DAY
    )
    before = app.register.records(closed.session_id)
    app.register.close_session(closed.session_id)
    receipt_of(app, ada)
    after = app.register.records(closed.session_id)
    assert sorted(r.subject_id for r in after) == sorted(r.subject_id for r in before)
    with app.uow() as uow:
        assert uow.register.verify().holds
