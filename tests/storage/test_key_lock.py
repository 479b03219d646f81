"""The site key under a passphrase."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from rollbook.errors import AlreadyExists, DecryptionFailed, InvalidInput, StorageUnavailable
from rollbook.storage import key_lock
from rollbook.storage.database import Database
from rollbook.storage.key_lock import Cost, HomeKeySource, LockedKeys, locked_file, wipe
from rollbook.storage.keys import site_key_file

WORDS = "four short words here"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = Cost.__init__.__defaults__
    assert cheap == (2**17, 8, 1)  # what is really used
    monkeypatch.setattr(key_lock, "new_cost", lambda: Cost("c2FsdHNhbHRzYWx0c2FsdA==", 2**4))


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    HomeKeySource(tmp_path / "keys", no_one).create()
    return tmp_path / "keys"


def no_one() -> str:
    raise AssertionError("nobody should be asked")


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_locked_key_opens_with_its_passphrase_alone(keys_dir: Path) -> None:
    key = site_key_file(keys_dir).read_bytes()
    HomeKeySource(keys_dir, no_one).lock(WORDS)
    assert not site_key_file(keys_dir).exists()
    assert key not in everything_in(keys_dir)
    assert list(HomeKeySource(keys_dir, lambda: WORDS).load()) == [key]
    before = everything_in(keys_dir)
    with pytest.raises(DecryptionFailed, match="not the passphrase"):
        HomeKeySource(keys_dir, lambda: "four other words here").load()
    assert everything_in(keys_dir) == before


def test_the_real_cost_is_memory_hard_and_in_the_file() -> None:
    cost = Cost("c2FsdHNhbHRzYWx0c2FsdA==")
    assert 128 * cost.n * cost.r == 128 * 2**20
    token = cost.key(WORDS).encrypt(Fernet.generate_key()).decode()
    text = json.loads(LockedKeys(cost, token).text())
    assert text["scrypt"] == {"salt": cost.salt, "n": 131072, "r": 8, "p": 1}
    assert LockedKeys.parse(json.dumps(text)).open(cost.key(WORDS))


def test_two_locks_have_two_salts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert key_lock.new_cost().salt != key_lock.new_cost().salt


def test_a_letter_typed_in_two_ways_is_one_passphrase(keys_dir: Path) -> None:
    HomeKeySource(keys_dir, no_one).lock("gru\u0308ne Wiese am Bach")  # u and two dots
    assert HomeKeySource(keys_dir, lambda: "gr\u00fcne Wiese am Bach").load()


def test_it_is_asked_for_once_and_a_rotated_key_stays_locked(keys_dir: Path) -> None:
    HomeKeySource(keys_dir, no_one).lock(WORDS)
    asked: list[int] = []
    source = HomeKeySource(keys_dir, lambda: (asked.append(1), WORDS)[1])
    old = list(source.load())
    new = Fernet.generate_key()
    source.store([new, *old])
    assert list(source.load()) == [new, *old]
    source.store([new])
    assert list(source.load()) == [new]
    assert len(asked) == 1
    assert not site_key_file(keys_dir).exists()
    assert new not in everything_in(keys_dir)
    assert list(HomeKeySource(keys_dir, lambda: WORDS).load()) == [new]


def test_another_process_reads_what_was_rotated_without_asking(keys_dir: Path) -> None:
    HomeKeySource(keys_dir, no_one).lock(WORDS)
    server, command = (HomeKeySource(keys_dir, lambda: WORDS) for _ in range(2))
    server.load()
    server.ask = no_one
    new = Fernet.generate_key()
    command.store([new, *command.load()])
    assert next(iter(server.load())) == new


def test_a_wrong_answer_is_not_asked_for_again(keys_dir: Path) -> None:
    HomeKeySource(keys_dir, no_one).lock(WORDS)
    asked: list[int] = []
    source = HomeKeySource(keys_dir, lambda: (asked.append(1), "wrong words again")[1])
    for _ in range(3):
        with pytest.raises(DecryptionFailed, match="not the passphrase"):
            source.load()
    assert len(asked) == 1


def test_unlock_makes_it_a_plain_file_of_its_owner_alone(keys_dir: Path) -> None:
    key = site_key_file(keys_dir).read_bytes()
    HomeKeySource(keys_dir, no_one).lock(WORDS)
    with pytest.raises(DecryptionFailed):
        HomeKeySource(keys_dir, lambda: "wrong words again").unlock()
    assert not site_key_file(keys_dir).exists()
    HomeKeySource(keys_dir, lambda: WORDS).unlock()
    assert site_key_file(keys_dir).read_bytes().split() == [key]
    assert not locked_file(keys_dir).exists()
    if os.name != "nt":
        assert site_key_file(keys_dir).stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidInput, match="not locked"):
        HomeKeySource(keys_dir, no_one).unlock()


def test_a_short_passphrase_changes_nothing(keys_dir: Path) -> None:
    before = everything_in(keys_dir)
    with pytest.raises(InvalidInput, match="12 characters"):
        HomeKeySource(keys_dir, no_one).lock("short")
    assert everything_in(keys_dir) == before


def test_locking_that_was_cut_off_is_finished_with_the_same_passphrase(keys_dir: Path) -> None:
    key = site_key_file(keys_dir).read_bytes()
    HomeKeySource(keys_dir, no_one).lock(WORDS)
    site_key_file(keys_dir).write_bytes(key)  # power was cut before the plain file went
    assert list(HomeKeySource(keys_dir, lambda: WORDS).load()) == [key]
    with pytest.raises(DecryptionFailed):
        HomeKeySource(keys_dir, no_one).lock("some other passphrase")
    assert site_key_file(keys_dir).read_bytes() == key
    HomeKeySource(keys_dir, no_one).lock(WORDS)
    assert not site_key_file(keys_dir).exists()
    with pytest.raises(AlreadyExists):
        HomeKeySource(keys_dir, no_one).lock(WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"scrypt": {"salt": "!", "n": 16, "r": 8, "p": 1}, "token": ""}',
        '{"scrypt": {"salt": "c2FsdA==", "n": 1073741824, "r": 8, "p": 1}, "token": "x"}',
    ],
)
def test_a_damaged_file_is_told_and_takes_no_memory(keys_dir: Path, text: str) -> None:
    locked_file(keys_dir).write_text(text)
    with pytest.raises(DecryptionFailed, match="damaged"):
        HomeKeySource(keys_dir, lambda: WORDS).load()


def test_a_half_written_file_is_damaged(keys_dir: Path) -> None:
    HomeKeySource(keys_dir, no_one).lock(WORDS)
    whole = locked_file(keys_dir).read_bytes()
    for length in range(0, len(whole) - 2, 7):
        locked_file(keys_dir).write_bytes(whole[:length])
        with pytest.raises(DecryptionFailed):
            HomeKeySource(keys_dir, lambda: WORDS).load()


def test_a_disk_that_cannot_be_written_leaves_the_plain_key(
    keys_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(key_lock, "replace_file", refuse)
    before = everything_in(keys_dir)
    with pytest.raises(StorageUnavailable, match="Read-only file system"):
        HomeKeySource(keys_dir, no_one).lock(WORDS)
    assert everything_in(keys_dir) == before


def test_what_is_wiped_was_overwritten_first(tmp_path: Path) -> None:
    file, other = tmp_path / "key", tmp_path / "same"
    file.write_bytes(b"secret")
    os.link(file, other)  # the same blocks of the disk
    wipe(file)
    assert not file.exists()
    assert other.read_bytes() == bytes(6)
    wipe(file)  # what is gone is gone


def test_a_database_opens_with_the_locked_key(book: Path) -> None:
    url = f"sqlite:///{(book / 'rollbook.db').as_posix()}"
    HomeKeySource(book / "keys", no_one).lock(WORDS)
    source = HomeKeySource(book / "keys", lambda: WORDS)
    opened = Database.open(url, keys_dir=book / "keys", source=source)
    with opened.uow() as uow:
        assert uow.register.count() == 0
    opened.close()
