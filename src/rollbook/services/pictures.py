"""Files with pictures, wherever they lie: on the disk, in an archive, or as they were sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rollbook.errors import UnreadableImage


class PictureFile(Protocol):
    """One file that may hold a picture."""

    @property
    def name(self) -> str:
        """The file's own name, for the person who enrols."""
        ...

    def digest(self) -> str:
        """Return the SHA-256 of its bytes, in hex.

        Raises:
            UnreadableImage: it cannot be read.
        """
        ...

    def content(self) -> Path | bytes:
        """Return where it lies, or its bytes.

        Raises:
            UnreadableImage: it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalPicture:
    """A file of this machine."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def digest(self) -> str:
        try:
            with self.path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise UnreadableImage(
                "%(name)s cannot be opened: %(reason)s.", name=self.name, reason=error.strerror
            ) from error

    def content(self) -> Path:
        return self.path


@dataclass(frozen=True, slots=True)
class GivenPicture:
    """A file that was sent."""

    name: str
    data: bytes = field(repr=False)

    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def content(self) -> bytes:
        return self.data
