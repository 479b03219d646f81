"""Old rows that were put back: what the register says was ended has to be ended.

A row that was copied before a change opens like any other: its seal is genuine. The register keeps
the change, and nobody can take an entry out of it unseen, so the two are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rollbook.domain.ports import UnitOfWork
from rollbook.domain.register import Entry, EntryKind, Fault, FaultKind
from rollbook.errors import DecryptionFailed, NotFound

Look = Callable[[UnitOfWork, Sequence[Entry]], Iterator[Fault]]
ACTIVE = {"added": True, "enabled": True, "disabled": False}
REVOKED = {"kiosk added": False, "kiosk code made": False, "kiosk revoked": True}


def replays(uow: UnitOfWork) -> tuple[Fault, ...]:
    """Return what rows outside of the register contradict it, by number of the entry.

    Raises:
        RegisterTampered: an entry cannot be read; check the chain first.
    """
    kinds = (EntryKind.CONSENT, EntryKind.ENROLMENT, EntryKind.ACCOUNT)
    told = uow.register.entries(kinds)[::-1]
    found = [
        fault for look in (_consents, _samples, _users, _keys) for fault in _read(look, uow, told)
    ]
    return tuple(sorted(found, key=lambda fault: fault.number))


def _read(look: Look, uow: UnitOfWork, told: Sequence[Entry]) -> Sequence[Fault]:
    """Return what these rows contradict; rows that do not even open are a fault of their own."""
    try:
        return list(look(uow, told))
    except DecryptionFailed:
        return [Fault(0, FaultKind.REPLAYED, "row altered")]


def _fault(entry: Entry, code: str) -> Fault:
    return Fault(entry.number, FaultKind.REPLAYED, code)


def _last(told: Sequence[Entry], key: str, events: object) -> Iterator[tuple[str, Entry]]:
    """Yield what is named by `key` with the last entry about it whose event is one of these."""
    last = {
        str(entry.body[key]): entry
        for entry in told
        if key in entry.body and entry.body["event"] in events  # type: ignore[operator]
    }
    yield from last.items()


def _consents(uow: UnitOfWork, told: Sequence[Entry]) -> Iterator[Fault]:
    kept = {one.consent_id: one for own in uow.consents.all_of().values() for one in own}
    last = dict(_last(told, "consent_id", ("recorded", "withdrawn")))
    gone = [str(entry.body["subject_id"]) for key, entry in last.items() if key not in kept]
    still_there = uow.subjects.some(gone)
    for consent_id, entry in last.items():
        consent = kept.get(consent_id)
        if consent is None:
            if entry.body["subject_id"] in still_there:
                yield _fault(entry, "consent gone")
        elif entry.body["event"] == "withdrawn" and consent.withdrawn_at is None:
            yield _fault(entry, "consent back")


def _samples(uow: UnitOfWork, told: Sequence[Entry]) -> Iterator[Fault]:
    kept: dict[str, set[str]] = {}
    for entry in told:
        if entry.body["event"] == "samples deleted":
            subject_id, deleted = str(entry.body["subject_id"]), entry.body["references"]
            own = kept.setdefault(subject_id, set(uow.references.ids_of(subject_id)))
            if isinstance(deleted, list) and own & set(deleted):
                yield _fault(entry, "sample back")


def _users(uow: UnitOfWork, told: Sequence[Entry]) -> Iterator[Fault]:
    kept = {user.user_id: user for user in uow.users.all()}
    about = [entry for entry in told if entry.kind is EntryKind.ACCOUNT]
    for user_id, entry in _last(about, "user_id", ACTIVE):
        user = kept.get(user_id)
        if user is not None and user.active is not ACTIVE[str(entry.body["event"])]:
            yield _fault(entry, "account back")
    for user_id, entry in _last(about, "user_id", ("added", "role changed")):
        user = kept.get(user_id)
        if user is not None and user.role.value != entry.body["role"]:
            yield _fault(entry, "role back")


def _keys(uow: UnitOfWork, told: Sequence[Entry]) -> Iterator[Fault]:
    devices = {device.device_id: device for device in uow.devices.all()}
    for device_id, entry in _last(told, "device_id", (*REVOKED, "kiosk removed")):
        device = devices.get(device_id)
        revoked = REVOKED.get(str(entry.body["event"]), True)
        if device is not None and revoked and device.revoked_at is None:
            yield _fault(entry, "kiosk back")
    for token_id, entry in _last(told, "token_id", ("token revoked",)):
        try:
            token = uow.tokens.get(token_id)
        except NotFound:
            continue
        if token.revoked_at is None:
            yield _fault(entry, "token back")
