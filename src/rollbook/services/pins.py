"""PINs: set by their person or by staff, tried slowly by everybody else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from rollbook.domain.kiosk_ports import PinHasher
from rollbook.domain.kiosks import Credential, CredentialKind
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput

SHORTEST, LONGEST = 4, 12
MADE_LENGTH = 6
FREE_BY_PERSON = 3  # wrong PINs before the waits begin to double
FREE_BY_DEVICE = 20


@dataclass(frozen=True, slots=True)
class PinRight:
    """The PIN is that of the person."""


@dataclass(frozen=True, slots=True)
class PinWrong:
    """It is not; nothing is accepted for so many seconds."""

    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class NoPin:
    """The person has none yet."""


PinOutcome = PinRight | PinWrong | NoPin


class PinKeeper:
    """Sets PINs and tries them."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, hasher: PinHasher) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._hasher = hasher

    def has(self, subject_id: str) -> bool:
        with self._open_uow() as uow:
            return CredentialKind.PIN in uow.credentials.of(subject_id)

    def set(self, subject_id: str, pin: str, by: str) -> None:
        """Set somebody's PIN.

        Raises:
            NotFound: there is no such person.
            InvalidInput: it is too short, too long, or what everybody would try first.
        """
        hashed, now = self._hasher.hash(checked(pin)), self._clock.now()
        credential = Credential(new_id(), subject_id, CredentialKind.PIN, hashed, now)
        with self._open_uow() as uow:
            uow.register.hold()
            uow.subjects.get(subject_id)
            uow.credentials.put(credential)
            uow.throttles.succeeded(person_bucket(subject_id))
            uow.register.append(_entry("PIN set", subject_id, by, now))
            uow.commit()

    def reset(self, subject_id: str, by: str) -> str:
        """Set a PIN that nobody chose, and return it to be shown once.

        Raises:
            NotFound: there is no such person.
        """
        pin = new_pin()
        self.set(subject_id, pin, by)
        return pin

    def remove(self, subject_id: str, by: str) -> bool:
        """Return whether there was a PIN to take away."""
        with self._open_uow() as uow:
            if not uow.credentials.remove(subject_id, CredentialKind.PIN):
                return False
            uow.register.append(_entry("PIN removed", subject_id, by, self._clock.now()))
            uow.commit()
        return True

    def check(self, subject_id: str, pin: str, device_id: str) -> PinOutcome:
        """Return whether this is the person's PIN.

        A try counts before it is compared, so that many at once are not many for the price of one.
        """
        with self._open_uow() as uow:
            kept = uow.credentials.of(subject_id).get(CredentialKind.PIN)
        if kept is None:
            return NoPin()
        wait = self._count(subject_id, device_id)
        if wait > 0:
            return PinWrong(wait)
        if self._hasher.matches(kept.secret, typed(pin)):
            self._forgive(subject_id, device_id)
            return PinRight()
        return PinWrong(self._refused(subject_id, device_id))

    def _count(self, subject_id: str, device_id: str) -> float:
        """Count a try; return the seconds to wait when it is not to be made."""
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            wait = _wait(uow, subject_id, device_id, now)
            if wait == 0:
                uow.throttles.failed(person_bucket(subject_id), now, free=FREE_BY_PERSON)
                uow.throttles.failed(_device(device_id), now, free=FREE_BY_DEVICE)
                uow.commit()
        return wait

    def _forgive(self, subject_id: str, device_id: str) -> None:
        with self._open_uow() as uow:
            uow.throttles.succeeded(person_bucket(subject_id))
            uow.throttles.succeeded(_device(device_id))
            uow.commit()

    def _refused(self, subject_id: str, device_id: str) -> float:
        now = self._clock.now()
        body = {"event": "PIN refused", "by": f"kiosk {device_id}", "subject_id": subject_id}
        with self._open_uow() as uow:
            uow.register.append(NewEntry(EntryKind.ACCESS, {**body, "at": now.isoformat()}))
            wait = _wait(uow, subject_id, device_id, now)
            uow.commit()
        return wait


def checked(pin: str) -> str:
    """Return the PIN as it is compared.

    Raises:
        InvalidInput: it is too short, too long, or what everybody would try first.
    """
    digits = typed(pin)
    if not digits.isdigit() or not SHORTEST <= len(digits) <= LONGEST:
        raise InvalidInput(
            "A PIN has %(shortest)s to %(longest)s digits.", shortest=SHORTEST, longest=LONGEST
        )
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise InvalidInput("Everybody would try this PIN first. Choose another one.")
    return digits


def typed(pin: str) -> str:
    """Return what was typed as plain digits, whatever script they are of."""
    shown = "".join(pin.split())
    return "".join(str(int(c)) for c in shown) if shown.isdecimal() else shown


def new_pin() -> str:
    """Return a PIN that passes `checked`."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(MADE_LENGTH))
        if len(set(pin)) > MADE_LENGTH // 2:
            return pin


def _wait(uow: UnitOfWork, subject_id: str, device_id: str, now: datetime) -> float:
    buckets = (person_bucket(subject_id), _device(device_id))
    return max(uow.throttles.wait(bucket, now) for bucket in buckets)


def person_bucket(subject_id: str) -> str:
    return f"PIN of {subject_id}"


def _device(device_id: str) -> str:
    return f"PIN at {device_id}"


def _entry(event: str, subject_id: str, by: str, at: datetime) -> NewEntry:
    body = {"event": event, "by": by, "subject_id": subject_id, "at": at.isoformat()}
    return NewEntry(EntryKind.ACCOUNT, body)
