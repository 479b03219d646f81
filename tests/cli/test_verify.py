"""`verify` and `anchor`, through the front door: what was cut, what an anchor proves, going on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders import make_class
from rollbook.bootstrap import build
from rollbook.cli.main import app
from rollbook.domain.anchors import anchor_text
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.settings import Settings


class Home:
    """A home with a register, whose database can be kept and put back alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, count: int) -> None:
        parts = build(Settings(home=self.folder))
        for _ in range(count):
            with parts.uow() as uow:
                uow.register.append(NewEntry(EntryKind.SETTING, {"event": "x"}))
                uow.commit()
        parts.database.close()

    def keep(self) -> bytes:
        return (self.folder / "rollbook.db").read_bytes()

    def put_back(self, kept: bytes) -> None:
        for spare in self.folder.glob("rollbook.db-*"):
            spare.unlink()
        (self.folder / "rollbook.db").write_bytes(kept)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["--home", str(self.folder), *arguments])

    def said(self, *arguments: str) -> tuple[int, str]:
        result = self.run(*arguments)
        return result.exit_code, " ".join((result.output + str(result.exception or "")).split())


@pytest.fixture
def home(book: Path) -> Home:
    made = Home(book)
    made.append(3)
    return made


def test_a_database_that_was_put_back_is_said_by_every_command(home: Home) -> None:
    kept = home.keep()
    home.append(4)
    home.put_back(kept)
    code, said = home.said("verify")
    assert code == 1
    assert "The chain holds: 3 entries" in said
    assert "ends with entry 3, but it had 7" in said and "--accept-loss" in said
    told = json.loads(home.run("verify", "--json").stdout)
    assert (told["holds"], told["faults"]) == (False, [])
    assert (told["witness"]["state"], told["witness"]["entries"]) == ("behind", 7)
    assert "ends with entry 3, but it had 7" in home.said("group", "list")[1]
    code, said = home.said("anchor")
    assert code != 0 and "Nothing can be written" in said


def test_a_loss_is_accepted_with_a_reason(home: Home) -> None:
    kept = home.keep()
    home.append(4)
    home.put_back(kept)
    code, said = home.said("verify", "--accept-loss", "the disk broke")
    assert (code, "goes on after entry 3; it once had 7" in said) == (0, True)
    code, said = home.said("verify")
    assert (code, "The chain holds: 4 entries" in said) == (0, True)
    code, said = home.said("verify", "--accept-loss", "again")
    assert code != 0 and "Nothing is lost" in said


def test_an_anchor_is_made_and_compared(home: Home, tmp_path: Path) -> None:
    file, key = tmp_path / "a.json", tmp_path / "key.pem"
    code, said = home.said("anchor", "--out", str(file), "--key-out", str(key))
    assert (code, "vouches for 3 entries" in said) == (0, True)
    assert "Fingerprint of the site's key" in said
    assert home.said("anchor", "--out", str(file))[0] != 0  # it is there already
    home.append(2)
    code, said = home.said("verify", "--anchor", str(file), "--public-key", str(key))
    assert (code, "up to number 3 are those" in said) == (0, True)
    assert "Entries 4 to 6 came later" in said
    told = json.loads(home.run("verify", "--anchor", str(file), "--json").stdout)
    assert (told["anchor"]["state"], told["anchor"]["uncovered"]) == ("holds", 3)


def test_an_anchor_finds_what_somebody_with_the_keys_put_back(home: Home, tmp_path: Path) -> None:
    kept, witness = home.keep(), (home.folder / "keys" / "witness.json").read_bytes()
    home.append(2)
    file = tmp_path / "a.json"
    parts = build(Settings(home=home.folder))
    file.write_text(anchor_text(parts.anchors.make("somebody")))
    parts.database.close()  # the command line leaves that to the end of its process
    home.put_back(kept)
    (home.folder / "keys" / "witness.json").write_bytes(witness)
    assert home.said("verify")[0] == 0  # nothing else shows it
    code, said = home.said("verify", "--anchor", str(file))
    assert (code, "vouches for 5 entries and the register has only 3" in said) == (1, True)


def test_what_is_no_anchor_is_refused(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    home.run("anchor", "--out", str(file))
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "entries": 2}))
    code, said = home.said("verify", "--anchor", str(file))
    assert (code, "signature of this anchor does not hold" in said) == (1, True)
    file.write_text("{}")
    code, said = home.said("verify", "--anchor", str(file))
    assert code != 0 and "This is not an anchor" in said
    assert "cannot be read" in home.said("verify", "--anchor", str(tmp_path / "none"))[1]
    assert "give both" in home.said("verify", "--public-key", str(file))[1]


def test_the_daily_folder_is_used_where_no_file_is_named(home: Home) -> None:
    assert home.run("anchor").exit_code == 0
    (file,) = (home.folder / "exports" / "anchors").iterdir()
    assert home.run("verify", "--anchor", str(file)).exit_code == 0


def test_the_anchor_names_nobody(book: Path) -> None:
    parts = build(Settings(home=book))
    make_class(parts.uow, ["Ada Lovelace"], "7a")
    parts.database.close()
    home = Home(book)
    home.run("anchor")
    (file,) = (book / "exports" / "anchors").iterdir()
    assert "Ada" not in file.read_text() and "7a" not in json.loads(file.read_text())["what"]
