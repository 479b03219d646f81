"""Anchors as files, each whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from rollbook.errors import StorageUnavailable


def write_anchor(file: Path, text: str) -> None:
    """Put an anchor into its folder, which is made when it is not there.

    Raises:
        StorageUnavailable: the folder cannot be made or written.
    """
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, file)
    except OSError as error:
        raise StorageUnavailable(
            "The anchor cannot be written to %(file)s: %(reason)s.",
            file=file,
            reason=error.strerror,
        ) from error
