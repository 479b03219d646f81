"""What is needed of a file that is read: a file of the disk, of memory, or one that is sealed."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self


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
