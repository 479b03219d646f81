"""What is needed of a file that is read: a file of the disk, of memory, or one that is sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class FileLock:
    """What a file is sealed with for a recipient; their passphrase need not be kept until then."""

    head: bytes  # a line of JSON that the file begins with; says nothing to who has it
    key: bytes = field(repr=False)  # of one file alone


class FileSealer(Protocol):
    """Seals files for who knows a passphrase."""

    def new_lock(self, passphrase: str) -> FileLock:
        """Return what seals one file. Raises InvalidInput when the passphrase is too short."""
        ...

    def seal(self, lock: FileLock, data: bytes) -> bytes:
        """Return the sealed file."""
        ...


class BytesFile(Protocol):
    """Bytes that are read from anywhere, and closed at the end."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
