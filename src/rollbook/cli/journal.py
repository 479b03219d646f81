"""The log of a server: what went wrong and where, never what somebody typed or who it was."""

from __future__ import annotations

import logging
import os
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

SIZE, FILES = 1_000_000, 5  # bytes a file; files that are kept
LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"

ErrorInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class PlainFormatter(logging.Formatter):
    """Writes of an exception where it came from and its kind; its text may hold a name."""

    def formatException(self, ei: ErrorInfo) -> str:
        kind, _, trace = ei
        places = "".join(traceback.format_tb(trace)) if trace is not None else ""
        return f"{places}{kind.__name__ if kind is not None else 'no exception'}"


def write_journal(folder: Path) -> None:
    """Write warnings of all parts to `rollbook.log` in this folder, and errors to the terminal.

    Where the folder cannot be written the terminal has to do.
    """
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.ERROR)
    handlers: list[logging.Handler] = [terminal]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / "rollbook.log"
        handlers.append(RotatingFileHandler(file, maxBytes=SIZE, backupCount=FILES - 1, delay=True))
        if os.name != "nt":
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        terminal.setLevel(logging.WARNING)
        logging.getLogger(__name__).warning("there is no log file: %s", error.strerror)
    for handler in handlers:
        handler.setFormatter(PlainFormatter(LINE))
        root.addHandler(handler)
