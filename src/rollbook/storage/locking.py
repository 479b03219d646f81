"""A lock on a file that the system frees by itself when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rollbook.errors import StorageUnavailable

STEP = 0.02  # seconds between two tries


@contextmanager
def locked(file: Path, patience: float = 10.0) -> Iterator[None]:
    """Hold the lock of this file, which is made where it is not there, for the block.

    Raises:
        StorageUnavailable: another process holds it for longer than `patience` seconds, or the
            folder cannot be written.
    """
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageUnavailable(
            "%(file)s cannot be written: %(reason)s.", file=file, reason=error.strerror
        ) from error
    with os.fdopen(handle, "r+b") as stream:
        _wait(stream, file, time.monotonic() + patience)
        try:
            yield
        finally:
            _free(stream)


def _wait(stream: IO[bytes], file: Path, deadline: float) -> None:
    while True:
        try:
            return _take(stream)
        except OSError as error:
            if time.monotonic() > deadline:
                raise StorageUnavailable(
                    "Another process holds %(file)s. Try again in a moment.", file=file
                ) from error
            time.sleep(STEP)


if sys.platform == "win32":
    import msvcrt

    def _take(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)

    def _free(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _free(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_UN)
