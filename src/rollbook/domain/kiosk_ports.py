"""What kiosks and codes need of storage and of hashing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from rollbook.domain.kiosks import Credential, CredentialKind, Device


class Devices(Protocol):
    """Kiosks; found by a digest of what they bring."""

    def add(self, device: Device, key: str | None = None) -> None: ...

    def get(self, device_id: str) -> Device:
        """Raises NotFound."""
        ...

    def by_key(self, key: str) -> Device | None: ...

    def update(self, device: Device) -> None: ...

    def give_key(self, device_id: str, key: str | None) -> None:
        """Let only this key open the device from now on; None: nothing does."""
        ...

    def all(self) -> list[Device]:
        """Return all kiosks, sorted by name."""
        ...

    def remove(self, device_id: str) -> None: ...


class Credentials(Protocol):
    """PINs and codes, each sealed under its person's own key."""

    def put(self, credential: Credential) -> None:
        """Keep it in the place of the person's one of the same kind."""
        ...

    def of(self, subject_id: str) -> dict[CredentialKind, Credential]: ...

    def by_lookup(self, lookup: str) -> Credential | None: ...

    def holders(self, subject_ids: Iterable[str]) -> dict[str, set[CredentialKind]]:
        """Return which of these people have what; those without anything are left out."""
        ...

    def remove(self, subject_id: str, kind: CredentialKind) -> bool:
        """Return whether there was one."""
        ...


class PinHasher(Protocol):
    """A slow digest, so that a stolen one cannot be tried quickly."""

    def hash(self, pin: str) -> str: ...

    def matches(self, hashed: str, pin: str) -> bool: ...
