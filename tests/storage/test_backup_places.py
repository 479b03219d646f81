"""Places of backups: a folder, memory, and a real server on the network; and what goes wrong."""

from __future__ import annotations

import errno
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import NOW, make_class
from rollbook.errors import InvalidInput, StorageUnavailable
from rollbook.storage.backup import places
from rollbook.storage.backup.archive import HomeArchive
from rollbook.storage.backup.naming import left_over, of_kind
from rollbook.storage.backup.places import PART, Place, shown, split
from rollbook.storage.database import Database

SITE = "a" * 32


@pytest.fixture
def ftp_server(tmp_path: Path) -> Iterator[str]:
    """Run an FTP server on this machine; return its address with name and password."""
    with warnings.catch_warnings():  # what it stands on is deprecated in Python 3.11
        warnings.simplefilter("ignore", DeprecationWarning)
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler
        from pyftpdlib.servers import FTPServer

    logging.getLogger("pyftpdlib").setLevel(logging.WARNING)
    root = tmp_path / "ftp"
    root.mkdir()
    authorizer = DummyAuthorizer()
    authorizer.add_user("school", "horse-battery", str(root), perm="elradfmw")
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer, "auth_failed_timeout": 0.1})
    server = FTPServer(("127.0.0.1", 0), handler)
    port = server.socket.getsockname()[1]
    ending = threading.Event()

    def serve() -> None:
        while not ending.is_set():
            server.serve_forever(timeout=0.05, blocking=False)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"ftp://school:horse-battery@127.0.0.1:{port}/backups"
    ending.set()
    thread.join()
    server.close_all()


@pytest.fixture
def archive(database: Database, book: Path) -> HomeArchive:
    make_class(database.uow, ["Ada", "Grace"])
    return HomeArchive(database, book, book / "keys")


def back_up(archive: HomeArchive, url: str, keep: int = 14) -> str:
    return archive.back_up(url, SITE, NOW, keep, lambda done, total: None).name


def test_backups_go_to_a_server_and_can_be_checked_there(
    archive: HomeArchive, ftp_server: str, tmp_path: Path
) -> None:
    archive.try_out(ftp_server, SITE)
    name = back_up(archive, ftp_server)
    lying = sorted(file.name for file in (tmp_path / "ftp" / "backups").iterdir())
    assert len(lying) == 2 and name in lying
    assert [one.name for one in archive.kept(ftp_server)] == [name]
    assert archive.check(f"{ftp_server}/{name}", lambda done, total: None).people == 2
    archive.replace_bundle(ftp_server, SITE, NOW)
    assert len(of_kind(Place(ftp_server).names(), "keys")) == 1


def test_a_wrong_password_is_told_without_the_right_or_the_wrong_one(
    archive: HomeArchive, ftp_server: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = ftp_server.replace("horse-battery", "guessed-word")
    with pytest.raises(StorageUnavailable) as told:
        archive.try_out(wrong, SITE)
    for secret in ("guessed-word", "horse-battery", "school"):
        assert secret not in str(told.value) and secret not in caplog.text
    assert told.value.__cause__ is None and told.value.__suppress_context__


def test_a_server_that_does_not_answer_is_told(archive: HomeArchive) -> None:
    with pytest.raises(StorageUnavailable, match="does not answer"):
        archive.try_out("ftp://school:secret@127.0.0.1:1/backups", SITE)


def test_backups_go_to_memory(archive: HomeArchive) -> None:
    url = f"memory://{os.urandom(6).hex()}/backups"
    archive.try_out(url, SITE)
    name = back_up(archive, url)
    assert archive.check(f"{url}/{name}", lambda done, total: None).people == 2


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sftp://school:secret@nas:22/backups?token=1", "sftp://nas:22/backups"),
        ("s3://key:secret@bucket/folder", "s3://bucket/folder"),
        ("zip://x::s3://key:secret@bucket/x.zip", "zip://…"),
        ("ftp://[broken", "ftp://…"),
        ("/media/backup", "/media/backup"),
    ],
)
def test_no_credential_is_shown(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_an_unknown_kind_of_address_is_refused() -> None:
    with pytest.raises((InvalidInput, StorageUnavailable)):
        Place("nonsense://x")


def test_a_name_is_never_a_way_out(tmp_path: Path) -> None:
    for name in ("../x.rbk", "a/b.rbk", "a\\b.rbk", "..", ""):
        with pytest.raises(InvalidInput), Place(str(tmp_path)).reading(name):
            pass


def test_paths_and_addresses_are_split() -> None:
    assert split("/a/b.rbk") == ("/a/", "b.rbk")
    assert split("b.rbk") == (".", "b.rbk")
    assert split("s3://bucket/a/b.rbk") == ("s3://bucket/a/", "b.rbk")
    assert split("C:\\backups\\b.rbk") == ("C:\\backups\\", "b.rbk")


def test_a_full_disk_is_told_and_nothing_is_left(
    archive: HomeArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "disk"
    archive.try_out(str(folder), SITE)
    before = back_up(archive, str(folder))

    def full(stream: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(places, "_to_disk", full)
    with pytest.raises(StorageUnavailable, match="is full"):
        back_up(archive, str(folder))
    names = Place(str(folder)).names()
    assert before in names and len(names) == 2 and not left_over(names)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_may_not_be_written_is_told(archive: HomeArchive, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir(mode=0o500)
    with pytest.raises(StorageUnavailable, match="may not be written"):
        archive.try_out(str(folder), SITE)


def test_a_folder_that_may_not_be_written_is_told_for_any_user(
    archive: HomeArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(places.os, "open", refuse)
    with pytest.raises(StorageUnavailable, match="may not be written"):
        Place(str(tmp_path / "disk")).writing("x.test").__enter__()


def test_a_destination_that_is_gone_is_not_made_anew(archive: HomeArchive, tmp_path: Path) -> None:
    """A disk that is not plugged in must not be replaced by a folder of its name."""
    with pytest.raises(StorageUnavailable, match="Plug the disk in"):
        back_up(archive, str(tmp_path / "unplugged"))
    assert not (tmp_path / "unplugged").exists()


def test_what_was_stopped_leaves_nothing_and_what_was_killed_is_tidied(
    archive: HomeArchive, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    archive.try_out(str(folder), SITE)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.back_up(str(folder), SITE, NOW, 14, stop)
    assert list(folder.iterdir()) == []
    killed = folder / f"rollbook-20260101-000000-00000000.rbk{PART}"
    killed.write_bytes(b"half")
    other = folder / "holiday.jpg"
    other.write_bytes(b"not ours")
    back_up(archive, str(folder))
    assert not killed.exists() and other.exists()


def test_only_this_user_can_read_a_backup(archive: HomeArchive, tmp_path: Path) -> None:
    archive.try_out(str(tmp_path / "disk"), SITE)
    back_up(archive, str(tmp_path / "disk"))
    if os.name != "nt":
        assert all(f.stat().st_mode & 0o077 == 0 for f in (tmp_path / "disk").iterdir())


def test_two_runs_at_once_are_one_after_the_other(
    archive: HomeArchive, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rollbook.storage.locking import locked

    archive.try_out(str(tmp_path / "disk"), SITE)
    monkeypatch.setattr("rollbook.storage.backup.archive.PATIENCE", 0.1)
    with (
        locked(book / "keys" / "backup.lock"),
        pytest.raises(StorageUnavailable, match="Another backup is running"),
    ):
        back_up(archive, str(tmp_path / "disk"))
