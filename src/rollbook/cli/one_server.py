"""One server for one home: the second start says where the first one is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rollbook.errors import ConfigurationError, StorageUnavailable
from rollbook.storage.locking import take_lock

FILE = "running.txt"  # holds the address; what counts is who has it locked
PLACE = 1 << 20  # the locked byte lies far behind the address, which stays readable on Windows


def running_at(home: Path) -> str | None:
    """Return the address of the server that runs with this home, or None."""
    file = home / FILE
    try:
        with file.open("r+b") as stream:
            if _lock(stream):
                return None
            stream.seek(0)
            return stream.read(200).decode("utf-8", "replace").strip() or "an unknown address"
    except OSError:
        return None


@contextmanager
def own_home(home: Path, address: str) -> Iterator[None]:
    """Be the server of this home while the block runs.

    Raises:
        ConfigurationError: another one runs; the text says where.
        StorageUnavailable: the home cannot be written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = _opened(home / FILE)
    except OSError as error:
        raise StorageUnavailable(
            f"The folder {home} cannot be written: {error.strerror}. Choose another with --home."
        ) from error
    with stream:
        if not _lock(stream):
            stream.seek(0)
            raise runs_already(stream.read(200).decode("utf-8", "replace").strip())
        stream.seek(0)
        stream.truncate()
        stream.write(address.encode())
        stream.flush()
        yield


@contextmanager
def free_home(home: Path, what: str) -> Iterator[None]:
    """Keep servers from starting with this home while the block runs.

    Raises:
        ConfigurationError: one runs.
    """
    address = running_at(home)
    if address is not None:
        raise ConfigurationError(
            f"Rollbook runs at {address} and cannot be {what} meanwhile. End it first: Ctrl-C "
            "where it runs, or stop its service."
        )
    with own_home(home, f"being {what}"):
        yield


def runs_already(address: str) -> ConfigurationError:
    """Return what is said when a server runs already."""
    return ConfigurationError(
        f"Rollbook runs already: {address}. Open that address, or end it there first."
    )


def _opened(file: Path) -> IO[bytes]:
    return os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b")


def _lock(stream: IO[bytes]) -> bool:
    stream.seek(PLACE)
    return take_lock(stream.fileno())
