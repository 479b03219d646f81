"""Large files that were sent and wait to be worked on: sealed in pieces, deleted afterwards.

Each file has a key of its own, which is never written beside it: whoever works on the file later
keeps the key in a sealed row. A piece knows its place, so none can be moved, and the length is
sealed too, so that nothing can be cut off.
"""

from __future__ import annotations

import io
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cryptography.fernet import Fernet

from rollbook.errors import DecryptionFailed, NotFound, StorageUnavailable
from rollbook.storage.vault import seal, unseal

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 256 * 1024  # bytes of plain text
SUFFIX = ".sealed"
PURPOSE = "work file"
FORGOTTEN_AFTER = 2 * 24 * 3600.0  # seconds; what nobody claimed by then was left by a crash


class WorkFiles:
    """The folder of such files; their names are random and tell nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> SealedFile:
        """Return a new file to write to.

        Raises:
            StorageUnavailable: the folder cannot be written.
        """
        name, key = secrets.token_hex(16), Fernet.generate_key()
        path = self._folder / f"{name}{SUFFIX}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        except OSError as error:
            raise _full(error) from error
        return SealedFile(path, os.fdopen(handle, "r+b"), key, name, None)

    def open(self, name: str, key: str) -> SealedFile:
        """Return a file that was kept, to read from.

        Raises:
            NotFound: it is not there any more.
            DecryptionFailed: it was changed.
        """
        path = self._path(name)
        length = _length_of(path, key.encode(), name)
        try:
            raw = path.open("rb")
        except OSError as error:
            raise NotFound("The uploaded file is not there any more. Upload it again.") from error
        file = SealedFile(path, raw, key.encode(), name, length)
        file.keep()
        return file

    def delete(self, name: str) -> None:
        """Delete a file; nothing happens when it is gone already."""
        self._path(name).unlink(missing_ok=True)
        _tail(self._path(name)).unlink(missing_ok=True)

    def purge(self, kept: frozenset[str]) -> int:
        """Delete what a crash has left: old files that nobody keeps. Return how many."""
        gone = 0
        for path in self._old():
            if path.name.split(".")[0] not in kept:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def _old(self) -> Iterator[Path]:
        oldest = time.time() - FORGOTTEN_AFTER
        if self._folder.is_dir():
            yield from (file for file in self._folder.iterdir() if file.stat().st_mtime < oldest)

    def _path(self, name: str) -> Path:
        if len(name) != 32 or set(name) - set("0123456789abcdef"):
            raise NotFound("The uploaded file is not there any more. Upload it again.")
        return self._folder / f"{name}{SUFFIX}"


class SealedFile(io.RawIOBase):
    """Written once from the front, then read from anywhere; deleted when closed, unless kept."""

    def __init__(
        self, path: Path, raw: IO[bytes], key: bytes, name: str, length: int | None
    ) -> None:
        """`length` is None for a file that is still written."""
        self._path, self._raw, self._name = path, raw, name
        self.key = key.decode()
        self._fernet = Fernet(key)
        self._length = length
        self._pending = bytearray()
        self._written = 0  # pieces
        self._place = 0
        self._piece: tuple[int, bytes] = (-1, b"")
        self._token = len(self._sealed(0, bytes(PIECE)))
        self._kept = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def length(self) -> int:
        return self._length if self._length is not None else self._place

    def keep(self) -> None:
        """Let the file stay when it is closed."""
        self._kept = True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return self._length is None

    def seekable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        if self._length is not None:
            raise io.UnsupportedOperation("the file is complete")
        view = memoryview(data).cast("B")
        self._pending += view
        self._place += len(view)
        while len(self._pending) >= PIECE:
            self._put(bytes(self._pending[:PIECE]))
            del self._pending[:PIECE]
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_CUR and offset == 0 and self._length is None:
            return self._place
        self._finish()
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.length}[whence]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        self._finish()
        if self._place >= self.length:
            return 0
        number, within = divmod(self._place, PIECE)
        found = self._open_piece(number)[within : within + len(buffer)]
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)

    def close(self) -> None:
        if self.closed:
            return
        if self._kept:
            self._finish()
        self._raw.close()
        if not self._kept:
            self._path.unlink(missing_ok=True)
            _tail(self._path).unlink(missing_ok=True)
        super().close()

    def _finish(self) -> None:
        """End the writing: the last piece, and the length beside it."""
        if self._length is not None:
            return
        if self._pending:
            self._put(bytes(self._pending))
            self._pending.clear()
        self._length = self._place
        length = seal(self._fernet, str(self._length).encode(), PURPOSE, f"{self._name} length")
        try:
            self._raw.flush()
            _tail(self._path).write_bytes(length)
        except OSError as error:
            raise _full(error) from error

    def _put(self, piece: bytes) -> None:
        try:
            self._raw.write(self._sealed(self._written, piece))
        except OSError as error:
            raise _full(error) from error
        self._written += 1

    def _sealed(self, number: int, piece: bytes) -> bytes:
        return seal(self._fernet, piece, PURPOSE, f"{self._name} {number:010}")

    def _open_piece(self, number: int) -> bytes:
        if self._piece[0] == number:
            return self._piece[1]
        self._raw.seek(number * self._token)
        token = self._raw.read(self._token)
        piece = unseal(self._fernet, token, PURPOSE, f"{self._name} {number:010}")
        if len(piece) != min(PIECE, self.length - number * PIECE):
            raise DecryptionFailed("A sealed work file was cut. Upload it again.")
        self._piece = (number, piece)
        return piece


_BINARY = getattr(os, "O_BINARY", 0)  # Windows alone tells text from bytes here


def _tail(path: Path) -> Path:
    return path.with_suffix(".length")


def _length_of(path: Path, key: bytes, name: str) -> int:
    try:
        token = _tail(path).read_bytes()
    except OSError as error:
        raise NotFound("The uploaded file is not there any more. Upload it again.") from error
    return int(unseal(Fernet(key), token, PURPOSE, f"{name} length"))


def _full(error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        "The upload cannot be kept: %(reason)s. Make room on the disk and try again.",
        reason=error.strerror,
    )
