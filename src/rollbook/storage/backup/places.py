"""Where backups lie: a folder, or any address that fsspec can open. Credentials are never shown."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from rollbook.errors import InvalidInput, StorageUnavailable

PART = ".part"  # how a file that is not whole yet ends

FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


class Place:
    """One folder, on this machine or elsewhere."""

    def __init__(self, address: str) -> None:
        """Raises InvalidInput when there is no such kind of address, or its package is missing."""
        self.shown = shown(address)
        try:
            self._fs, path = fsspec.url_to_fs(address if "://" in address else _absolute(address))
        except ImportError as error:
            raise InvalidInput(
                "This kind of address needs a package that is not installed: %(name)s. See "
                "docs/backup.md.",
                name=error.name or address.split(":", 1)[0],
            ) from error
        except Exception as error:  # each file system has errors of its own, and they tell secrets
            raise _in_words(error, self.shown) from None
        self._root = str(path).rstrip("/") or "/"

    @property
    def is_local(self) -> bool:
        return isinstance(self._fs, LocalFileSystem)

    def make(self) -> None:
        """Make the folder; on this machine what it lies in has to be there already.

        A disk that is not plugged in would otherwise be replaced by a folder in its place.
        """
        with self.in_words():
            if not self.is_local:
                self._fs.makedirs(self._root, exist_ok=True)
            elif not os.path.isdir(self._root):
                os.mkdir(self._root, 0o700)

    def require(self) -> None:
        """Raises StorageUnavailable when the folder is gone."""
        with self.in_words():
            if self.is_local and not os.path.isdir(self._root):
                raise FileNotFoundError

    def names(self) -> list[str]:
        """Return the names of the files here, sorted."""
        with self.in_words():
            self._fs.invalidate_cache()
            if not self._fs.exists(self._root):
                return []
            found = self._fs.ls(self._root, detail=False)
        return sorted(PurePosixPath(str(name)).name for name in found)

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""
        with self.in_words():
            return int(self._fs.size(self._at(name)))

    @contextmanager
    def writing(self, name: str) -> Iterator[Any]:
        """Open a new file; if the block fails, what was begun is removed."""
        target = self._at(name)
        try:
            with self.in_words():
                if self.is_local:
                    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                with self._fs.open(target, "wb") as stream:
                    yield stream
                    _to_disk(stream)
        except BaseException:
            with suppress(Exception):  # the first error is the one that is told
                self._fs.rm_file(target)
            raise

    @contextmanager
    def reading(self, name: str) -> Iterator[Any]:
        with self.in_words(), self._fs.open(self._at(name), "rb") as stream:
            yield stream

    def rename(self, old: str, new: str) -> None:
        with self.in_words():
            if self.is_local:
                os.replace(self._at(old), self._at(new))
                _folder_to_disk(self._root)
            else:
                self._fs.mv(self._at(old), self._at(new))

    def delete(self, name: str) -> None:
        """Remove a file; one that is gone already is no error."""
        with self.in_words(), suppress(FileNotFoundError):
            self._fs.rm_file(self._at(name))

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn what a file system says into a sentence without secrets."""
        try:
            yield
        except OSError as error:
            raise _in_words(error, self.shown) from None
        except Exception as error:  # as above: any file system's own, which may tell secrets
            if type(error).__module__.startswith("rollbook") or self.is_local:
                raise
            raise _in_words(error, self.shown) from None

    def _at(self, name: str) -> str:
        if "/" in name or "\\" in name or name in ("", ".", ".."):
            raise InvalidInput("A backup's name holds no folder.")
        return f"{self._root.rstrip('/')}/{name}"


def split(address: str) -> tuple[str, str]:
    """Return the folder's address and the file's name."""
    cut = max(address.rfind("/"), address.rfind("\\") if "://" not in address else -1)
    return (address[: cut + 1] or ".", address[cut + 1 :])


def shown(address: str) -> str:
    """Return the address as it may be shown and logged: no name, password or option.

    >>> shown("sftp://school:secret@nas/backups?token=1")
    'sftp://nas/backups'
    """
    if "://" not in address:
        return address
    if "::" in address:  # one file system within another: each may hold secrets
        return f"{address.split(':', 1)[0]}://…"
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return f"{address.split(':', 1)[0]}://…"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _absolute(address: str) -> str:
    return os.path.abspath(os.path.expanduser(address))


def _to_disk(stream: Any) -> None:
    """Wait until the disk has it, where it is a file of this machine."""
    stream.flush()
    if hasattr(stream, "fileno"):
        with suppress(OSError, ValueError):  # no file of this machine
            os.fsync(stream.fileno())


def _folder_to_disk(folder: str) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _in_words(error: Exception, where: str) -> StorageUnavailable:
    if isinstance(error, OSError) and error.errno in FULL:
        return StorageUnavailable(
            "%(where)s is full. Free some space there, or choose another place.", where=where
        )
    if isinstance(error, FileNotFoundError):
        return StorageUnavailable(
            "%(where)s is not there. Plug the disk in, or make the folder, then try again.",
            where=where,
        )
    if isinstance(error, PermissionError):
        return StorageUnavailable(
            "%(where)s may not be written or read by Rollbook. Give it the right to.", where=where
        )
    if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        return StorageUnavailable(
            "Something else lies at %(where)s. Choose another place.", where=where
        )
    if isinstance(error, ConnectionError | TimeoutError):
        return StorageUnavailable(
            "%(where)s does not answer. Look whether it runs and can be reached.", where=where
        )
    return StorageUnavailable(
        "%(where)s cannot be used (%(kind)s). Check the address, the name and the password.",
        where=where,
        kind=type(error).__name__,
    )
