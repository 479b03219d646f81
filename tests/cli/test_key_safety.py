"""`rollbook keys`: passphrase, paper, and other places, through the front door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pypdf import PdfReader
from typer.testing import CliRunner, Result

from keyring_in_memory import MemoryKeyring
from rollbook.bootstrap import build
from rollbook.bootstrap.keys import key_source
from rollbook.cli.main import app
from rollbook.domain.register import EntryKind
from rollbook.settings import Settings
from rollbook.storage import key_lock
from rollbook.storage.escrow import split
from rollbook.storage.key_lock import Cost, locked_file
from rollbook.storage.keys import site_key_file

WORDS = "four short words here"
runner = CliRunner()


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_lock, "new_cost", lambda: Cost("c2FsdHNhbHRzYWx0c2FsdA==", 2**4))


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file with the passphrase, which the settings name."""
    file = tmp_path / "passphrase"
    file.write_text(WORDS)
    file.chmod(0o600)
    monkeypatch.setenv("ROLLBOOK_PASSPHRASE_FILE", str(file))
    return file


def run(home: Path, *arguments: str, typed: str | None = None) -> Result:
    key_source.cache_clear()  # each command is a process of its own
    return runner.invoke(app, ["--home", str(home), *arguments], input=typed)


def refused(home: Path, *arguments: str, typed: str | None = None) -> str:
    done = run(home, *arguments, typed=typed)
    assert done.exit_code == 1, done.output
    return " ".join(done.output.split())


def done(home: Path, *arguments: str, typed: str | None = None) -> str:
    result = run(home, *arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def key_of(home: Path) -> bytes:
    return site_key_file(home / "keys").read_bytes()


def events(home: Path) -> list[str]:
    key_source.cache_clear()
    with build(Settings(home=home)).uow() as uow:
        entries = uow.register.entries(limit=50)
    assert all(entry.kind is EntryKind.TRUST for entry in entries)
    return [f"{entry.body['event']} {entry.body['key_id']}" for entry in reversed(entries)]


def where(home: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(run(home, "keys", "where", "--json").stdout)
    return found


def sheet_words(file: Path) -> str:
    lines = PdfReader(file).pages[0].extract_text().splitlines()
    found = [line.split() for line in lines]
    return " ".join(two[1] for two in found if len(two) == 2 and two[0].isdigit())


# the passphrase


def test_lock_and_unlock(book: Path, given: Path) -> None:
    key = key_of(book)
    assert "is locked" in done(book, "keys", "lock")
    assert not site_key_file(book / "keys").exists()
    assert "0 people" in done(book, "verify") or done(book, "person", "list")
    assert where(book)["place"] == "given_passphrase"
    assert "locked already" in refused(book, "keys", "lock")
    assert "plain file again" in done(book, "keys", "unlock")
    assert key_of(book).split() == [key]
    assert "not locked" in refused(book, "keys", "unlock")
    assert [event.rsplit(" ", 1)[0] for event in events(book)] == [
        "site key locked",
        "site key unlocked",
    ]


def test_a_wrong_passphrase_changes_nothing(book: Path, given: Path) -> None:
    done(book, "keys", "lock")
    before = {file: file.read_bytes() for file in (book / "keys").iterdir()}
    given.write_text("four other words here")
    for command in (["person", "list"], ["keys", "unlock"], ["keys", "where"], ["doctor"]):
        assert "not the passphrase of this site key" in refused(book, *command)
    assert {file: file.read_bytes() for file in (book / "keys").iterdir()} == before


def test_nobody_there_to_be_asked(book: Path, given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done(book, "keys", "lock")
    monkeypatch.delenv("ROLLBOOK_PASSPHRASE_FILE")
    assert "nobody can be asked here" in refused(book, "person", "list")
    command = [sys.executable, "-m", "rollbook", "--home", str(book), "up", "--port", "18999"]
    served = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert served.returncode == 1 and "nobody can be asked here" in served.stderr


def test_a_short_passphrase_and_none(
    book: Path, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given.write_text("short")
    assert "12 characters" in refused(book, "keys", "lock")
    monkeypatch.delenv("ROLLBOOK_PASSPHRASE_FILE")
    assert "Use a terminal" in refused(book, "keys", "lock")
    assert key_of(book)


def test_older_copies_are_locked_too(book: Path, given: Path) -> None:
    copied = book / "backups" / "before-upgrade-1" / "keys"
    copied.mkdir(parents=True)
    site_key_file(copied).write_bytes(key_of(book))
    key = key_of(book)
    assert "1 older copies" in done(book, "keys", "lock")
    assert locked_file(copied).is_file() and not site_key_file(copied).exists()
    assert all(key not in file.read_bytes() for file in book.rglob("*") if file.is_file())


def test_a_plain_copy_that_is_left_is_told(book: Path, given: Path) -> None:
    key = key_of(book)
    done(book, "keys", "lock")
    site_key_file(book / "keys").write_bytes(key)
    site_key_file(book / "keys").chmod(0o600)
    assert "rollbook keys lock" in str(where(book)["problems"])
    done(book, "keys", "lock")
    assert where(book)["problems"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")
@pytest.mark.slow
def test_a_terminal_is_asked_and_shows_nothing_typed(book: Path) -> None:
    import pty
    import select

    def more(terminal: int) -> str:
        assert select.select([terminal], [], [], 60)[0], "it says nothing more"
        try:
            return os.read(terminal, 4096).decode()
        except OSError:  # the end, on Linux
            return ""

    def typed(lines: list[str], *arguments: str) -> tuple[int, str]:
        terminal, inner = pty.openpty()
        command = [sys.executable, "-m", "rollbook", "--home", str(book), *arguments]
        ends = {"stdin": inner, "stdout": inner, "stderr": inner}
        with subprocess.Popen(command, start_new_session=True, **ends) as program:
            os.close(inner)
            said = ""
            for line in lines:
                asked = ""
                while not asked.endswith(": "):  # what is typed before is thrown away
                    heard = more(terminal)
                    assert heard, said + asked
                    asked += heard
                said += asked
                os.write(terminal, f"{line}\n".encode())
            while heard := more(terminal):
                said += heard
        os.close(terminal)
        return program.returncode, said

    code, said = typed([WORDS, "four other words here"], "keys", "lock")
    assert code == 1 and "not the same" in said
    code, said = typed([WORDS, WORDS], "keys", "lock")
    assert code == 0 and "is locked" in said and WORDS not in said
    code, said = typed(["wrong words are typed"], "person", "list")
    assert code == 1 and "not the passphrase" in said
    code, said = typed([WORDS], "verify")
    assert code == 0 and WORDS not in said


# paper


def test_a_sheet_holds_words_that_give_the_key_back(book: Path, tmp_path: Path) -> None:
    key, sheet = key_of(book), tmp_path / "sheet.pdf"
    before = set(Path(tempfile.gettempdir()).iterdir())
    done(book, "keys", "escrow", "--sheet", str(sheet))
    text = PdfReader(sheet).pages[0].extract_text()
    assert str(where(book)["check_value"]) in text
    assert where(book)["sheet_made_at"]
    if os.name != "nt":
        assert sheet.stat().st_mode & 0o777 == 0o600
    words = sheet_words(sheet)
    site_key_file(book / "keys").unlink()
    assert "is back" in done(book, "keys", "recover", typed=words)
    assert key_of(book) == key
    assert [one.split(" ", 3)[:3] for one in events(book)] == [
        ["recovery", "sheet", "made"],
        ["site", "key", "recovered"],
    ]
    rest = [file.read_bytes() for file in book.rglob("*") if file.is_file()]
    assert not any(words.encode() in content for content in rest)
    new = set(Path(tempfile.gettempdir()).iterdir()) - before
    assert not [file for file in new if "rollbook" in file.name and file.suffix == ".pdf"]


def test_shares_are_a_sheet_each(book: Path, tmp_path: Path) -> None:
    key, folder = key_of(book), tmp_path / "shares"
    done(book, "keys", "escrow", "--shares", "2", "--of", "3", str(folder))
    files = sorted(folder.iterdir())
    assert len(files) == 3
    texts = []
    for number, file in enumerate(files):
        assert f"Recovery share {number + 1} of 3" in PdfReader(file).pages[0].extract_text()
        typed = tmp_path / f"{number}.txt"
        typed.write_text(sheet_words(file))
        texts.append(str(typed))
    (book / "keys").rename(tmp_path / "lost")
    assert "1 more sheet" in refused(book, "keys", "recover", texts[2])
    assert not site_key_file(book / "keys").exists()
    done(book, "keys", "recover", texts[2], texts[0])
    assert key_of(book) == key


def test_a_sheet_among_the_data_or_over_another_file_is_refused(book: Path, tmp_path: Path) -> None:
    inside = book / "sheet.pdf"
    assert "lies among the data" in refused(book, "keys", "escrow", "--sheet", str(inside))
    other = tmp_path / "mine.pdf"
    other.write_bytes(b"mine")
    assert "is there already" in refused(book, "keys", "escrow", "--sheet", str(other))
    assert other.read_bytes() == b"mine"
    assert "Write either" in refused(book, "keys", "escrow")
    assert events(book) == []


def test_a_register_that_takes_no_entry_leaves_no_sheet(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rollbook.errors import StorageUnavailable
    from rollbook.services.escrow import EscrowBook

    def full(*_: object, **__: object) -> None:
        raise StorageUnavailable("The disk is full.")

    monkeypatch.setattr(EscrowBook, "note", full)
    assert "disk is full" in refused(book, "keys", "escrow", "--sheet", str(tmp_path / "s.pdf"))
    assert not (tmp_path / "s.pdf").exists()


def test_words_of_another_site_are_refused(book: Path) -> None:
    key = key_of(book)
    [other] = split(Fernet.generate_key())
    said = refused(book, "keys", "recover", typed=" ".join(other.words))
    assert "of another key: check value" in said
    assert key_of(book) == key


def test_a_wrong_word_is_named(book: Path) -> None:
    words = list(split(key_of(book))[0].words)
    words[4] = "zzzz"
    assert "Word 5 of sheet 1, “zzzz”" in refused(book, "keys", "recover", typed=" ".join(words))


def test_the_key_that_is_there_already(book: Path) -> None:
    words = " ".join(split(key_of(book))[0].words)
    assert "there already" in refused(book, "keys", "recover", typed=words)


def test_a_wrong_key_file_is_kept_when_the_right_one_comes_back(book: Path) -> None:
    key, wrong = key_of(book), Fernet.generate_key()
    site_key_file(book / "keys").write_bytes(wrong)
    assert "not the one" in refused(book, "person", "list")
    done(book, "keys", "recover", typed=" ".join(split(key)[0].words))
    assert key_of(book) == key
    assert (book / "keys" / "site.key.replaced-1").read_bytes() == wrong


def test_a_forgotten_passphrase(book: Path, given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = " ".join(split(key_of(book))[0].words)
    done(book, "keys", "lock")
    monkeypatch.delenv("ROLLBOOK_PASSPHRASE_FILE")
    done(book, "keys", "recover", typed=words)
    assert where(book)["place"] == "file"
    done(book, "person", "list")


def test_a_machine_without_a_database_gets_the_key_for_a_restore(tmp_path: Path) -> None:
    home, key = tmp_path / "new home", Fernet.generate_key()
    words = " ".join(split(key)[0].words)
    assert "rollbook restore" in done(home, "keys", "recover", typed=words)
    assert key_of(home) == key
    if os.name != "nt":
        assert (home / "keys").stat().st_mode & 0o777 == 0o700
    other = " ".join(split(Fernet.generate_key())[0].words)
    assert "--replace" in refused(home, "keys", "recover", typed=other)
    assert key_of(home) == key
    done(home, "keys", "recover", "--replace", typed=other)
    assert key_of(home) != key


def test_a_file_that_is_no_text(book: Path, tmp_path: Path) -> None:
    assert "cannot be read as text" in refused(book, "keys", "recover", str(tmp_path / "gone"))


# other places


def test_into_the_keyring_and_back(
    book: Path, system_keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(book)
    assert "keys remove-file" in done(book, "keys", "move", "keyring")
    assert "this very file" in refused(book, "keys", "remove-file")
    monkeypatch.setenv("ROLLBOOK_KEY_SOURCE", "keyring")
    assert "rollbook keys remove-file" in str(where(book)["problems"])
    assert "1 key files" in done(book, "keys", "remove-file")
    assert not site_key_file(book / "keys").exists()
    assert (where(book)["place"], where(book)["problems"]) == ("keyring", [])
    assert "for the file in keys/" in refused(book, "keys", "lock")
    done(book, "keys", "move", "file")
    monkeypatch.delenv("ROLLBOOK_KEY_SOURCE")
    assert key_of(book).split() == [key]
    done(book, "person", "list")


def test_from_the_environment(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_SITE_KEY", key_of(book).decode())
    done(book, "keys", "remove-file")
    assert "ROLLBOOK_SITE_KEY" not in os.environ
    assert where(book)["place"] == "environment"
    done(book, "person", "list")
    monkeypatch.setenv("ROLLBOOK_SITE_KEY", Fernet.generate_key().decode())
    assert "not the one" in refused(book, "person", "list")


def test_a_new_key_goes_to_a_file_and_not_to_the_screen(book: Path, tmp_path: Path) -> None:
    file = tmp_path / "key"
    said = done(book, "keys", "new", str(file))
    Fernet(file.read_bytes().strip())
    assert file.read_text().strip() not in said
    assert "is there already" in refused(book, "keys", "new", str(file))


# a key file that cannot be written or read


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_others_who_can_read_the_key_are_told(book: Path) -> None:
    site_key_file(book / "keys").chmod(0o644)
    found = where(book)
    assert "chmod 600" in str(found["problems"])
    verdicts = {one["attacker"]: one["safety"] for one in found["attackers"]}  # type: ignore[attr-defined]
    assert verdicts["other_user"] == "unsafe"
    said = refused(book, "doctor")
    assert "Others on this machine can read" in said


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk of Linux")
def test_a_key_on_a_read_only_disk_opens_and_is_left_alone(book: Path, tmp_path: Path) -> None:
    """A folder is bound over itself read-only, in a name space of its own."""
    file = tmp_path / "passphrase"
    file.write_text(WORDS)
    keys = book / "keys"
    script = (
        f"mount --bind '{keys}' '{keys}' && mount -o remount,bind,ro '{keys}' || exit 77\n"
        f"'{sys.executable}' -m rollbook --home '{book}' person list || exit 1\n"
        f"ROLLBOOK_PASSPHRASE_FILE='{file}' '{sys.executable}' -m rollbook --home '{book}' "
        "keys lock; test $? = 1"
    )
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", script]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if found.returncode in (77, 1) and "rollbook" not in found.stderr + found.stdout:
        pytest.skip("this machine lets nobody mount")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Read-only file system" in found.stderr
    assert key_of(book)
