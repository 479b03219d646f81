"""`rollbook backup` and `restore`: the whole story, from a school to an empty machine and back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from builders import make_consent, make_reference
from rollbook.bootstrap import build
from rollbook.cli.main import app as program
from rollbook.domain.access import Role
from rollbook.domain.attendance import Method
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.register import EntryKind
from rollbook.services.accounts import NewAccount
from rollbook.services.sign_in import ByCode
from rollbook.settings import Settings
from web.school import Site, make_site


def run(home: Path, *words: str) -> tuple[int, str]:
    """Run a command; return its exit code and all it said."""
    done = CliRunner().invoke(program, ["--home", str(home), *words])
    return done.exit_code, done.stdout + done.stderr


def well(home: Path, *words: str) -> str:
    code, said = run(home, *words)
    assert code == 0, said
    return said


def sheet_words(file: Path) -> str:
    """Return the words of a sheet, as somebody types them from the paper."""
    lines = PdfReader(file).pages[0].extract_text().splitlines()
    found = [line.split() for line in lines]
    return " ".join(two[1] for two in found if len(two) == 2 and two[0].isdigit())


@pytest.fixture
def school(book: Path) -> Site:
    """Return a school in which Ada has a sample and a mark, and Alice a password."""
    site = make_site(book)
    with site.parts.uow() as uow:
        uow.consents.add(make_consent(site.ada.subject_id))
        uow.references.add(make_reference(site.ada.subject_id))
        uow.commit()
    site.parts.register.sight(
        site.session.session_id, site.ada.subject_id, site.clock.now(), Method.FACE
    )
    return site


@pytest.mark.slow
def test_a_school_comes_back_on_an_empty_machine(school: Site, book: Path, tmp_path: Path) -> None:
    disk, sheet, site = tmp_path / "disk", tmp_path / "sheet.pdf", school
    slip = site.parts.accounts.add(NewAccount("erin", Role.ADMINISTRATOR), "test")
    well(book, "keys", "escrow", "--sheet", str(sheet))
    made = json.loads(well(book, "backup", str(disk), "--json"))
    with site.parts.uow() as uow:
        marks = uow.register.of_session(site.session.session_id)
        (receipt,) = uow.receipts.all([ReceiptKind.BACKUP])
        assert receipt.body["file"] == made["file"]
    site.parts.database.close()

    machine = tmp_path / "machine"
    code, said = run(machine, "restore", str(disk), "--home", str(machine))
    assert code == 1 and "key" in said and not (machine / "rollbook.db").exists()
    typed = tmp_path / "typed.txt"
    typed.write_text(sheet_words(sheet))
    well(machine, "keys", "recover", str(typed))
    said = well(machine, "restore", str(disk), "--home", str(machine))
    assert "5 people" in said and "the register holds" in said
    well(machine, "verify")
    assert "Ada Lovelace" in well(machine, "person", "list")

    parts = build(Settings(home=machine))
    with parts.uow() as uow:
        assert uow.register.of_session(site.session.session_id) == marks
        assert len(uow.references.of(site.ada.subject_id)) == 1
        told = uow.register.entries([EntryKind.TRUST], limit=1)[0]
        assert told.body["event"] == "restored"
    parts.clock = site.clock  # type: ignore[assignment]
    assert isinstance(parts.sign_in.check("erin", slip.code, "127.0.0.1"), ByCode)
    parts.database.close()

    code, said = run(machine, "restore", str(disk), "--home", str(machine))
    assert code == 1 and "--replace" in said
    well(machine, "restore", str(disk), "--home", str(machine), "--replace")
    assert "--delete-copies" in well(machine, "backup", "--status")
    assert "Deleted copies: 1" in well(machine, "backup", "--delete-copies")


@pytest.mark.slow
def test_an_erased_person_stays_away_although_the_list_was_deleted(
    school: Site, book: Path, tmp_path: Path
) -> None:
    """The old backup lies there with the key bundle of its day, as a thief or a disk keeps it."""
    disk, old, listed = tmp_path / "disk", tmp_path / "old", book / "keys" / "erasures.jsonl"
    school.parts.database.close()
    well(book, "backup", "--add", str(disk))
    well(book, "backup")
    shutil.copytree(disk, old)
    well(book, "erase", "Ada Lovelace", "--yes")
    listed.unlink()
    code, said = run(book, "verify")
    assert code == 1 and "lacks 1 of whom the register tells" in said
    assert "lacks 1" in run(book, "doctor")[1]
    well(book, "backup")
    assert listed.is_file(), "the bundle takes a whole list along"
    listed.unlink()
    well(book, "erase", "--finish")
    well(book, "verify")
    well(book, "restore", str(old), "--home", str(book), "--replace")
    people = well(book, "person", "list")
    assert "Ada Lovelace" not in people and "Alan Turing" in people
    parts = build(Settings(home=book))
    with parts.uow() as uow:
        assert uow.person_rows.left(school.ada.subject_id) == {}
        assert uow.vault.key_of(school.ada.subject_id) is None
    assert parts.register.verify().holds, "also with what the restore has deleted"
    parts.database.close()


@pytest.mark.slow
def test_backups_rest_after_a_restore(school: Site, book: Path, tmp_path: Path) -> None:
    """A drill on another machine must not replace the bundle of the real site."""
    disk = tmp_path / "disk"
    well(book, "backup", "--add", str(disk))
    well(book, "backup")
    school.parts.database.close()
    machine = tmp_path / "machine"
    (machine / "keys").mkdir(parents=True)
    (machine / "keys" / "site.key").write_bytes((book / "keys" / "site.key").read_bytes())
    well(machine, "restore", str(disk), "--home", str(machine))
    before = sorted(file.name for file in disk.iterdir())
    code, said = run(machine, "backup")
    assert code == 1 and "--go-on" in said
    assert sorted(file.name for file in disk.iterdir()) == before
    well(machine, "backup", "--go-on")
    well(machine, "backup")


@pytest.mark.slow
def test_destinations_time_and_number_are_set(book: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    assert "There are no backups" in well(book, "backup", "--status")
    code, said = run(book, "backup")
    assert code == 1 and "--add" in said
    well(book, "backup", "--add", str(disk), "--daily", "03:15", "--keep", "2")
    for _ in range(2):
        well(book, "backup")
    (shown,) = json.loads(well(book, "backup", "--status", "--json"))
    assert shown["destination"] == str(disk) and shown["result"] == "well"
    listed = json.loads(well(book, "backup", "--list", "--json"))
    assert {one["where"] for one in listed} == {str(disk)}
    checked = json.loads(well(book, "backup", "--check", str(disk / listed[0]["file"]), "--json"))
    assert checked["rows"] > 0
    assert "say so" in well(book, "backup", "--remove", shown["id"])
    (lies_there,) = json.loads(well(book, "backup", "--status", "--json"))
    assert lies_there["id"] == shown["id"] and lies_there["last_run"] is None
    assert "is forgotten" in well(book, "backup", "--remove", shown["id"])
    assert json.loads(well(book, "backup", "--status", "--json")) == []


def test_a_damaged_file_is_told(book: Path, tmp_path: Path) -> None:
    made = json.loads(well(book, "backup", str(tmp_path / "disk"), "--json"))
    file = tmp_path / "disk" / made["file"]
    file.write_bytes(file.read_bytes()[:-1])
    code, said = run(book, "backup", "--check", str(file))
    assert code == 1 and "damaged" in said
    code, said = run(book, "restore", str(file), "--home", str(tmp_path / "none"))
    assert code == 1


def test_doctor_says_that_there_are_no_backups(book: Path) -> None:
    from rollbook.cli.doctor_trust import backups

    (found,) = backups(Settings(home=book))
    assert found.state == "note" and "There are no backups" in found.found
    assert found.mend == "Run: rollbook backup --add FOLDER"
