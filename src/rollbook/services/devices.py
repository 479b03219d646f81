"""Kiosks as devices: added, paired by a one-time code, revoked at once."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollbook.domain.attendance import Direction
from rollbook.domain.kiosks import Device, DeviceState
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import clean_name, new_id
from rollbook.errors import InvalidInput
from rollbook.services.codes import new_code, plain_code

CODE_HOLDS = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
PAIRING, KEY = "pairing ", "key "
LONGEST_CODE = 40  # characters that are looked at


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """What an administrator decides about a kiosk."""

    name: str
    room: str = ""
    group_ids: tuple[str, ...] | None = None  # None: every group
    direction: Direction = Direction.BOTH
    needs_pin: bool = False

    def of(self, device: Device) -> Device:
        """Return the device as it is planned.

        Raises:
            InvalidInput: the name or room cannot be used, or no group is named.
        """
        if self.group_ids is not None and not self.group_ids:
            raise InvalidInput("Choose at least one group, or all of them.")
        return replace(
            device,
            name=clean_name(self.name),
            room=clean_name(self.room) if self.room.strip() else "",
            group_ids=self.group_ids,
            direction=self.direction,
            needs_pin=self.needs_pin,
        )


@dataclass(frozen=True, slots=True)
class Pairing:
    """A kiosk that waits for its one-time code; the code is shown once and kept nowhere."""

    device: Device
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Paired:
    """What the tablet keeps from now on."""

    device: Device
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotPaired:
    """The code is wrong, used or too old; or too many were tried."""

    wait_seconds: float = 0.0


class DeviceKeeper:
    """Makes kiosks known, and tells whose key a tablet brings."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._seen: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def all(self) -> list[Device]:
        with self._open_uow() as uow:
            return uow.devices.all()

    def get(self, device_id: str) -> Device:
        """Raises NotFound."""
        with self._open_uow() as uow:
            return uow.devices.get(device_id)

    def add(self, plan: DevicePlan, by: str) -> Pairing:
        """Add a kiosk and return its one-time code.

        Raises:
            InvalidInput: what is planned cannot be used.
            NotFound: there is no such group.
        """
        now, code = self._clock.now(), new_code()
        device = plan.of(Device(new_id(), "", now, code_until=now + CODE_HOLDS))
        with self._open_uow() as uow:
            _require_groups(uow, device)
            uow.devices.add(device, PAIRING + plain_code(code))
            uow.register.append(_entry(device, "kiosk added", by, now))
            uow.commit()
        return Pairing(device, code)

    def change(self, device_id: str, plan: DevicePlan, by: str) -> Device:
        """Change what a kiosk shows; it does so from its next picture on.

        Raises:
            NotFound: there is no such kiosk or group.
            InvalidInput: what is planned cannot be used.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            device = plan.of(uow.devices.get(device_id))
            _require_groups(uow, device)
            uow.devices.update(device)
            uow.register.append(_entry(device, "kiosk changed", by, self._clock.now()))
            uow.commit()
        return device

    def new_code(self, device_id: str, by: str) -> Pairing:
        """Return another one-time code; the tablet that had the key is shut out at once.

        Raises:
            NotFound: there is no such kiosk.
        """
        now, code = self._clock.now(), new_code()
        with self._open_uow() as uow:
            uow.register.hold()
            before = uow.devices.get(device_id)
            device = replace(before, code_until=now + CODE_HOLDS, paired_at=None, revoked_at=None)
            uow.devices.update(device)
            uow.devices.give_key(device_id, PAIRING + plain_code(code))
            uow.register.append(_entry(device, "kiosk code made", by, now))
            uow.commit()
        return Pairing(device, code)

    def revoke(self, device_id: str, by: str) -> Device:
        """Take the key away: the running kiosk is refused from its next picture on.

        Raises:
            NotFound: there is no such kiosk.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            device = replace(uow.devices.get(device_id), revoked_at=now, code_until=None)
            uow.devices.update(device)
            uow.devices.give_key(device_id, None)
            uow.register.append(_entry(device, "kiosk revoked", by, now))
            uow.commit()
        return device

    def remove(self, device_id: str, by: str) -> None:
        """Forget a kiosk; the register keeps what it did.

        Raises:
            NotFound: there is no such kiosk.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            device = uow.devices.get(device_id)
            uow.devices.remove(device_id)
            uow.register.append(_entry(device, "kiosk removed", by, self._clock.now()))
            uow.commit()

    def pair(self, code: str, *, place: str) -> Paired | NotPaired:
        """Return the key for who types the code; `place` is where they are, for throttling."""
        now, typed = self._clock.now(), plain_code(code)[:LONGEST_CODE]
        bucket = f"kiosk pairing {place}"
        with self._open_uow() as uow:
            uow.register.hold()
            if (wait := uow.throttles.wait(bucket, now)) > 0:
                return NotPaired(wait)
            device = uow.devices.by_key(PAIRING + typed) if typed else None
            if device is None or device.code_until is None or device.code_until < now:
                wait = uow.throttles.failed(bucket, now)
                uow.commit()
                return NotPaired(wait)
            key = secrets.token_urlsafe(32)
            device = replace(device, paired_at=now, seen_at=now, code_until=None)
            uow.devices.update(device)
            uow.devices.give_key(device.device_id, KEY + key)
            uow.throttles.succeeded(bucket)
            uow.register.append(_entry(device, "kiosk paired", device.by, now))
            uow.commit()
        return Paired(device, key)

    def of_key(self, key: str) -> Device | None:
        """Return the kiosk that has this key, or None: revoked, or never paired."""
        if not key:
            return None
        with self._open_uow() as uow:
            device = uow.devices.by_key(KEY + key)
        return device if device is not None and device.state is DeviceState.PAIRED else None

    def seen(self, device: Device) -> None:
        """Remember that the kiosk was here; written once a minute."""
        now = self._clock.now()
        with self._lock:
            before = self._seen.get(device.device_id)
            if before is not None and timedelta(0) <= now - before < SEEN_EVERY:
                return
            self._seen[device.device_id] = now
        with self._open_uow() as uow:
            uow.register.hold()  # or it would undo a revocation that comes at the same moment
            uow.devices.update(replace(uow.devices.get(device.device_id), seen_at=now))
            uow.commit()


def _require_groups(uow: UnitOfWork, device: Device) -> None:
    for group_id in device.group_ids or ():
        uow.groups.get(group_id)


def _entry(device: Device, event: str, by: str, at: datetime) -> NewEntry:
    groups: Sequence[str] | None = device.group_ids
    body: dict[str, object] = {
        "event": event,
        "by": by,
        "at": at.isoformat(),
        "device_id": device.device_id,
        "direction": device.direction.value,
        "needs_pin": device.needs_pin,
        "groups": "all" if groups is None else list(groups),
    }
    return NewEntry(EntryKind.ACCOUNT, body)
