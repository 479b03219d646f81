"""How requests are kept."""

from __future__ import annotations

from typing import Protocol

from rollbook.domain.requests import Request


class Requests(Protocol):
    """Requests, each sealed under the key of the person who asked."""

    def add(self, request: Request) -> None: ...

    def get(self, request_id: str) -> Request:
        """Raises NotFound: it is not there, or the person was erased."""
        ...

    def update(self, request: Request) -> None: ...

    def remove(self, request_id: str) -> None:
        """Forget a request; nothing happens when it is gone already."""
        ...

    def of(self, subject_id: str) -> list[Request]:
        """Return a person's requests, newest first."""
        ...

    def waiting(self) -> list[Request]:
        """Return those that nobody decided yet, oldest first."""
        ...

    def decided(self, limit: int = 50) -> list[Request]:
        """Return those that are over, some of the newest."""
        ...
