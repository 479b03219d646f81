"""The site key from the keyring, the environment, a given file and a command."""

from __future__ import annotations

import sys
from pathlib import Path

import keyring
import pytest
from cryptography.fernet import Fernet
from keyring.backends.fail import Keyring as NoKeyring

from keyring_in_memory import MemoryKeyring
from rollbook.errors import ConfigurationError, DecryptionFailed, NotFound, StorageUnavailable
from rollbook.storage.database import Database
from rollbook.storage.key_sources import (
    CommandKeySource,
    EnvironmentKeySource,
    GivenFileKeySource,
    KeyringKeySource,
)
from rollbook.storage.keys import KeySource, site_key_file

OLD, NEW = Fernet.generate_key(), Fernet.generate_key()


def command(*words: str) -> str:
    return " ".join(f'"{word}"' for word in (sys.executable, *words))


def printing(folder: Path, text: str) -> CommandKeySource:
    program = folder / "give.py"
    program.write_text(f"import sys\nsys.stderr.write('a warning')\nprint({text!r})\n")
    return CommandKeySource(command(program.as_posix()))


def read_only_sources(folder: Path, text: str) -> list[KeySource]:
    file = folder / "given"
    file.write_text(text)
    return [EnvironmentKeySource(text), GivenFileKeySource(file), printing(folder, text)]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_sources_give_keys_newest_first(tmp_path: Path, which: int) -> None:
    source = read_only_sources(tmp_path, f"{NEW.decode()} {OLD.decode()}\n")[which]
    assert list(source.load()) == [NEW, OLD]
    source.create()
    source.store([NEW])  # a person has put it in front
    with pytest.raises(StorageUnavailable, match=r"cannot write to .*rollbook keys new"):
        source.store([Fernet.generate_key(), NEW])
    assert NEW.decode() not in source.describe() + repr(source)


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize(
    "text",
    ["", "not a key", OLD.decode()[:30], OLD.decode() + " half"],
    ids=["nothing", "words", "cut", "one and a half"],
)
def test_what_is_no_key_is_told_and_not_shown(tmp_path: Path, which: int, text: str) -> None:
    source = read_only_sources(tmp_path, text)[which]
    with pytest.raises(DecryptionFailed, match="no site key in") as caught:
        source.load()
    assert not text or text not in str(caught.value)


def test_a_given_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="ROLLBOOK_SITE_KEY_FILE"):
        GivenFileKeySource(tmp_path / "gone").load()
    with pytest.raises(StorageUnavailable, match="cannot be read"):
        GivenFileKeySource(tmp_path).load()


def test_a_command_that_fails_or_hangs_or_is_none(tmp_path: Path) -> None:
    fails = CommandKeySource(command("-c", "import sys;print('half');sys.exit(3)"))
    with pytest.raises(StorageUnavailable, match="ended with code 3") as caught:
        fails.load()
    assert "half" not in str(caught.value)
    hangs = CommandKeySource(command("-c", "import time;time.sleep(60)"), timeout=0.3)
    with pytest.raises(StorageUnavailable, match=r"longer than 0\.3 seconds"):
        hangs.load()
    with pytest.raises(StorageUnavailable, match="cannot be run"):
        CommandKeySource(str(tmp_path / "nothing")).load()
    with pytest.raises(ConfigurationError, match="empty"):
        CommandKeySource("  ").load()


def test_a_command_is_no_shell(tmp_path: Path) -> None:
    program = tmp_path / "show.py"
    program.write_text("import sys\nprint(sys.argv[1:])\n")
    source = CommandKeySource(f"{command(program.as_posix())} ; touch {tmp_path / 'made'}")
    with pytest.raises(DecryptionFailed):
        source.load()
    assert not (tmp_path / "made").exists()


def test_the_keyring_keeps_a_key_for_each_home(
    system_keyring: MemoryKeyring, tmp_path: Path
) -> None:
    one, other = (KeyringKeySource(tmp_path / name) for name in ("one", "other"))
    with pytest.raises(NotFound, match="rollbook keys move keyring"):
        one.load()
    one.create()
    key = list(one.load())
    one.create()
    other.create()
    assert list(one.load()) == key != list(other.load())
    one.store([NEW, OLD])
    assert list(one.load()) == [NEW, OLD]
    assert len(system_keyring.kept) == 2


def test_a_keyring_that_keeps_nothing_is_found_out(
    system_keyring: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = KeyringKeySource(tmp_path)
    source.store([OLD])
    monkeypatch.setattr(system_keyring, "set_password", lambda *_: None)
    with pytest.raises(StorageUnavailable, match="did not keep"):
        source.store([NEW])


def test_a_machine_without_a_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    try:
        with pytest.raises(StorageUnavailable, match=r"NoKeyringError.*passphrase"):
            KeyringKeySource(tmp_path).load()
    finally:
        keyring.set_keyring(before)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationError, match=r"rollbook\[keyring\]"):
        KeyringKeySource(tmp_path).load()


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_database_lives_without_any_key_file(tmp_path: Path, which: int) -> None:
    url, keys_dir = f"sqlite:///{(tmp_path / 'book.db').as_posix()}", tmp_path / "keys"
    source = read_only_sources(tmp_path, OLD.decode())[which]
    Database.open(url, keys_dir=keys_dir, create=True, source=source).close()
    assert not site_key_file(keys_dir).exists()
    Database.open(url, keys_dir=keys_dir, source=source).close()
    with pytest.raises(DecryptionFailed, match="not the one"):
        Database.open(url, keys_dir=keys_dir, source=EnvironmentKeySource(NEW.decode()))


def test_a_database_with_its_key_in_the_keyring(
    system_keyring: MemoryKeyring, tmp_path: Path
) -> None:
    url, keys_dir = f"sqlite:///{(tmp_path / 'book.db').as_posix()}", tmp_path / "keys"
    source = KeyringKeySource(tmp_path)
    Database.open(url, keys_dir=keys_dir, create=True, source=source).close()
    Database.open(url, keys_dir=keys_dir, source=source).close()
    assert not site_key_file(keys_dir).exists()
