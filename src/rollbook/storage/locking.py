"""A lock on a file that the system frees by itself when its holder dies."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollbook.errors import StorageUnavailable

STEP = 0.002  # seconds between two tries


@contextmanager
def locked(file: Path, patience: float = 10.0) -> Iterator[None]:
    """Hold the lock of this file, which is made where it is not there, for the block.

    Raises:
        StorageUnavailable: another process holds it for longer than `patience` seconds, or the
            folder cannot be written.
    """
    try:
        handle = _hold(file, patience)
    except TimeoutError as error:
        raise StorageUnavailable(
            "Another process holds %(file)s. Try again in a moment.", file=file
        ) from error
    except OSError as error:
        raise StorageUnavailable(
            "%(file)s cannot be written: %(reason)s.", file=file, reason=error.strerror
        ) from error
    try:
        yield
    finally:
        os.close(handle)  # ends the lock


@contextmanager
def locked_file(file: Path, patience: float) -> Iterator[None]:
    """Do as `locked` does, for those who can go on without the file.

    Raises:
        TimeoutError: others held it for `patience` seconds.
        OSError: the file cannot be made.
    """
    handle = _hold(file, patience)
    try:
        yield
    finally:
        os.close(handle)


def _hold(file: Path, patience: float) -> int:
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience
    while not take_lock(handle):
        if time.monotonic() > deadline:
            os.close(handle)
            raise TimeoutError(errno.ETIMEDOUT, "it is held by another process", str(file))
        time.sleep(STEP)
    return handle


def take_lock(handle: int) -> bool:
    """Lock an open file until it is closed; False when somebody else has it.

    Windows locks the byte at the file's position, which nobody else can read then.
    """
    try:
        _take(handle)
    except OSError:
        return False
    return True


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
