"""Passkeys: keys of phones, computers and security sticks that somebody signs in with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Passkey:
    """What the server keeps of one passkey; the private half never leaves its device."""

    credential: bytes = field(repr=False)  # the id that the device gave it
    user_id: str
    name: str  # as the person calls it
    public_key: bytes = field(repr=False)
    uses: int  # the device's own counter, 0 where it has none
    added_at: datetime
    used_at: datetime | None = None
    transports: tuple[str, ...] = ()


class Passkeys(Protocol):
    """Passkeys by account; found by blind index."""

    def add(self, passkey: Passkey) -> None:
        """Raises AlreadyExists when the credential is known."""
        ...

    def get(self, credential: bytes) -> Passkey | None: ...

    def of_user(self, user_id: str) -> list[tuple[str, Passkey]]:
        """Return (handle, passkey), oldest first; the handle can remove it."""
        ...

    def update(self, passkey: Passkey) -> None: ...

    def remove(self, user_id: str, handle: str) -> bool: ...

    def remove_all(self, user_id: str) -> int: ...
