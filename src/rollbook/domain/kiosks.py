"""Kiosks as devices, and what people show or type instead of their face."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rollbook.domain.attendance import Direction


class DeviceState(StrEnum):
    """How far a kiosk is."""

    WAITING = "waiting"  # its one-time code was not typed yet
    PAIRED = "paired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Device:
    """A tablet or PC at a door. It holds a key; here only a digest of it is kept."""

    device_id: str
    name: str
    made_at: datetime
    room: str = ""
    group_ids: tuple[str, ...] | None = None  # whose sessions it shows; None: every group's
    direction: Direction = Direction.BOTH
    needs_pin: bool = False  # a face or code alone marks nobody
    code_until: datetime | None = None  # the one-time code is accepted until then
    paired_at: datetime | None = None
    seen_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def state(self) -> DeviceState:
        if self.revoked_at is not None:
            return DeviceState.REVOKED
        return DeviceState.WAITING if self.paired_at is None else DeviceState.PAIRED

    @property
    def by(self) -> str:
        """What entries of the register keep."""
        return f"kiosk {self.device_id}"

    def shows(self, group_id: str) -> bool:
        return self.group_ids is None or group_id in self.group_ids


class CredentialKind(StrEnum):
    """What somebody can bring instead of a face."""

    PIN = "pin"
    CARD = "card"  # a printed code, which stays the same until it is revoked
    PHONE = "phone"  # a code that changes every half minute


@dataclass(frozen=True, slots=True)
class Credential:
    """One means of one person; at most one of each kind."""

    credential_id: str
    subject_id: str
    kind: CredentialKind
    secret: str = field(repr=False)  # Argon2 hash of a PIN; what a code is proved with
    made_at: datetime
    lookup: str | None = field(default=None, repr=False)  # what a code begins with


class Greeting(StrEnum):
    """How much of a name a kiosk shows to everybody who stands there."""

    WHOLE = "whole"
    FIRST = "first"  # the first word
    NONE = "none"

    def of(self, name: str) -> str:
        """Return what is shown.

        >>> Greeting.FIRST.of("Ada Lovelace")
        'Ada'
        """
        if self is Greeting.NONE:
            return ""
        return name.split()[0] if self is Greeting.FIRST and name.split() else name
