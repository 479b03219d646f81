"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rollbook.errors import AlreadyExists, InvalidInput, StorageUnavailable


@contextmanager
def whole_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """Yield a file that appears at `path` only when the block has ended without an error.

    It is written beside its place under another name, readable by its owner alone, and then
    put there in one step; a full disk or a killed process leaves what was there before.

    Raises:
        AlreadyExists: the file is there and `replace` is false.
        InvalidInput: `path` is a folder.
        StorageUnavailable: the folder is missing, read-only or full.
    """
    if path.is_dir():
        raise InvalidInput(f"{path} is a folder; give the name of a file.")
    if path.exists() and not replace:
        raise AlreadyExists(f"{path} is there already. Choose another name, or add --force.")
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".rollbook-", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise StorageUnavailable(
            f"{path} cannot be written: {why}. No half file was left; choose another place."
        ) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
