"""A lock between processes, on every system."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE = 0.002  # seconds between two tries


@contextmanager
def locked(file: Path, patience: float) -> Iterator[None]:
    """Hold a file's lock within the block; the system gives it back when the process dies.

    Raises:
        TimeoutError: others held it for `patience` seconds.
        OSError: the file cannot be made.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + patience
        while not _taken(handle):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{file.name} is held by another process")
            time.sleep(PAUSE)
        yield
    finally:
        os.close(handle)  # ends the lock


def _taken(handle: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
