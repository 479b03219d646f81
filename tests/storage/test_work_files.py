"""Uploaded files lie sealed, can be read from anywhere, and leave nothing behind."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from rollbook.errors import DecryptionFailed, NotFound
from rollbook.storage.work_files import PIECE, WorkFiles


@pytest.fixture
def files(tmp_path: Path) -> WorkFiles:
    return WorkFiles(tmp_path / "work")


def kept(files: WorkFiles, data: bytes, step: int = 100_000) -> tuple[str, str]:
    with files.create() as file:
        for start in range(0, len(data), step):
            file.write(data[start : start + step])
        file.keep()
        return file.name, file.key


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17])
def test_what_was_written_is_read_again(files: WorkFiles, size: int) -> None:
    data = os.urandom(size)
    name, key = kept(files, data)
    with files.open(name, key) as file:
        assert file.read() == data
        assert file.length == size
        file.seek(max(0, size - 5))
        assert file.read() == data[max(0, size - 5) :]
        file.seek(size // 2)
        assert file.read(10) == data[size // 2 : size // 2 + 10]


def test_nothing_readable_lies_on_the_disk(files: WorkFiles, tmp_path: Path) -> None:
    kept(files, b"Ada Lovelace" * 50_000)
    written = list((tmp_path / "work").iterdir())
    assert all(b"Lovelace" not in file.read_bytes() for file in written)
    if os.name != "nt":
        assert {f.stat().st_mode & 0o077 for f in written if f.suffix == ".sealed"} == {0}


def test_an_archive_is_read_from_it(files: WorkFiles) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("big", os.urandom(PIECE * 2))
        archive.writestr("small", b"text")
    name, key = kept(files, made.getvalue())
    with files.open(name, key) as file, zipfile.ZipFile(file) as archive:  # type: ignore[arg-type]
        assert archive.read("small") == b"text"
        assert archive.testzip() is None


def test_a_file_that_nobody_keeps_is_deleted(files: WorkFiles, tmp_path: Path) -> None:
    with files.create() as file:
        file.write(b"x" * PIECE)
        file.seek(0)
        assert file.read(2) == b"xx"
    assert list((tmp_path / "work").iterdir()) == []


def test_a_deleted_file_is_not_found(files: WorkFiles) -> None:
    name, key = kept(files, b"x")
    files.delete(name)
    files.delete(name)
    with pytest.raises(NotFound):
        files.open(name, key)
    with pytest.raises(NotFound):
        files.open("../../etc/passwd", key)


def test_a_changed_cut_or_rearranged_file_does_not_open(files: WorkFiles, tmp_path: Path) -> None:
    data = os.urandom(3 * PIECE)
    name, key = kept(files, data)
    path = tmp_path / "work" / f"{name}.sealed"
    whole = path.read_bytes()
    third = len(whole) // 3
    for changed in (
        whole[:-10],
        whole[: 2 * third],
        whole[third : 2 * third] + whole[:third] + whole[2 * third :],
        whole[:50] + b"A" + whole[51:],
    ):
        path.write_bytes(changed)
        with pytest.raises(DecryptionFailed), files.open(name, key) as file:
            file.read()
    path.write_bytes(whole)
    with pytest.raises(DecryptionFailed):
        files.open(name, Fernet.generate_key().decode())


def test_what_a_crash_left_is_purged_and_what_is_kept_stays(
    files: WorkFiles, tmp_path: Path
) -> None:
    (first, _), (second, key), (third, _) = (kept(files, b"x") for _ in range(3))
    for file in (tmp_path / "work").iterdir():
        if not file.name.startswith(third):
            os.utime(file, (1, 1))
    files.purge(frozenset({second}))
    names = {file.name.split(".")[0] for file in (tmp_path / "work").iterdir()}
    assert names == {second, third}
    assert files.open(second, key).read() == b"x"
    assert first not in names
