"""Finished files that wait sealed until they are fetched."""

from __future__ import annotations

from typing import Protocol

from rollbook.domain.files import BytesFile


class NewFile(Protocol):
    """A sealed file that is written once."""

    key: str

    @property
    def name(self) -> str: ...

    def write(self, data: bytes, /) -> int: ...

    def keep(self) -> None: ...

    def close(self) -> None: ...


class KeptFiles(Protocol):
    """Where finished files lie sealed."""

    def create(self) -> NewFile: ...

    def open(self, name: str, key: str) -> BytesFile: ...

    def delete(self, name: str) -> None: ...
