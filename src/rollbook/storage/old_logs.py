"""The server's log files by age: which are too old, and a new one in time."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

NAME = "rollbook.log"
STAMP = len("2026-03-02")


class LogFolder:
    """The folder in which `rollbook up` writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def old(self, before: datetime) -> list[str]:
        """Return the closed files whose first line is from a day before."""
        return [file.name for file in self._closed() if _begun(file) < before]

    def delete(self, names: Sequence[str]) -> None:
        for file in self._closed():
            if file.name in names:
                with suppress(OSError):  # somebody reads it on Windows: the next night
                    file.unlink(missing_ok=True)

    def roll(self, before: datetime) -> None:
        """Begin a new file in this process, when its file was begun before."""
        file = self._folder / NAME
        if not file.is_file() or not file.stat().st_size or _begun(file) >= before:
            return
        for handler in logging.getLogger().handlers:
            if isinstance(handler, RotatingFileHandler) and Path(handler.baseFilename) == file:
                handler.acquire()
                try:
                    handler.doRollover()
                finally:
                    handler.release()

    def _closed(self) -> Iterator[Path]:
        if self._folder.is_dir():
            yield from sorted(self._folder.glob(f"{NAME}.[0-9]*"))


def _begun(file: Path) -> datetime:
    """Return when a log begins: the day of its first line, or when it was last written."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        first = lines.readline(200)
    try:
        return datetime.fromisoformat(first[:STAMP]).astimezone()
    except ValueError:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
