"""Old rows that were put back: what the register says was ended has to be ended.

A row that was copied before a change opens like any other: its seal is genuine. The register keeps
the change, and nobody can take an entry out of it unseen, so the two are compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from rollbook.domain.ports import UnitOfWork
from rollbook.domain.register import Entry, EntryKind, Fault, FaultKind
from rollbook.domain.row_digests import ACCOUNT, MEMBER, PASSKEYS, SETTING, STAFF, RowStates
from rollbook.errors import DecryptionFailed, NotFound

SHORT = 8  # signs of an id that are enough to find it
PAGE = 1_000  # entries that are held at a time
KINDS = tuple(kind for kind in EntryKind if kind not in (EntryKind.MARK, EntryKind.SESSION))
ACTIVE = {"added": True, "enabled": True, "disabled": False}
REVOKED = {"kiosk added": False, "kiosk code made": False, "kiosk revoked": True}


class Topic(NamedTuple):
    """Entries of which the last one about each thing counts."""

    kind: EntryKind
    key: str  # the name in the entry that says which thing it is about
    events: Collection[str]


CONSENTS = Topic(EntryKind.CONSENT, "consent_id", ("recorded", "withdrawn"))
ACCOUNTS = Topic(EntryKind.ACCOUNT, "user_id", tuple(ACTIVE))
ROLES = Topic(EntryKind.ACCOUNT, "user_id", ("added", "role changed"))
DEVICES = Topic(EntryKind.ACCOUNT, "device_id", (*REVOKED, "kiosk removed"))
TOKENS = Topic(EntryKind.ACCOUNT, "token_id", ("token revoked",))
TOPICS = (CONSENTS, ACCOUNTS, ROLES, DEVICES, TOKENS)


class Word(NamedTuple):
    """What an entry says, without what is not compared: many are held at a time."""

    number: int
    event: str
    subject_id: str
    role: str


Words = Mapping[str, Word]

CHANGED = {
    ACCOUNT: "account changed",
    PASSKEYS: "passkeys changed",
    STAFF: "staff changed",
    MEMBER: "member changed",
    SETTING: "setting changed",
}


class Compared(NamedTuple):
    """What rows outside of the register contradict it, by number of the entry."""

    faults: tuple[Fault, ...]
    since: int  # the entry from which on all rows with digests are known; 0: there is none


def replays(uow: UnitOfWork) -> Compared:
    """Compare rows outside of the register with what its entries say of them, at one moment.

    Memory grows with the rows that are compared, not with the entries about them.

    Raises:
        RegisterTampered: an entry cannot be read; check the chain first.
    """
    told: dict[Topic, dict[str, Word]] = {topic: {} for topic in TOPICS}
    deleted, states = _Deleted(uow), RowStates()
    for entry in _all(uow):
        states.hear(entry.number, entry.rows)
        for topic in TOPICS:
            if _is_about(entry, topic):
                told[topic][str(entry.body[topic.key])] = _word(entry)
        deleted.hear(entry)
    looks = (
        _consents(uow, told[CONSENTS]),
        iter(deleted.back),
        _users(uow, told[ACCOUNTS], told[ROLES]),
        _keys(uow, told[DEVICES], told[TOKENS]),
    )
    found = [fault for look in looks for fault in _read(look)]
    named = {fault.about for fault in found}
    found += [one for one in _read(_rows(uow, states)) if not one.about or one.about not in named]
    faults = sorted(dict.fromkeys(found), key=lambda fault: fault.number)
    return Compared(tuple(faults), states.since)


def _rows(uow: UnitOfWork, states: RowStates) -> Iterator[Fault]:
    for number, topic, key in states.differences(uow.rows.digests()):
        about, _, person = key.partition(" ") if topic == MEMBER else (key, "", "")
        said = about if topic == SETTING else about[:SHORT]
        yield Fault(number, FaultKind.REPLAYED, CHANGED[topic], about=said, person=person)


def _all(uow: UnitOfWork) -> Iterator[Entry]:
    """Yield every entry that is compared, oldest first."""
    number = 0
    while page := uow.register.since(number, KINDS, PAGE):
        yield from page
        number = page[-1].number


def _is_about(entry: Entry, topic: Topic) -> bool:
    return (
        entry.kind is topic.kind
        and topic.key in entry.body
        and entry.body.get("event") in topic.events
    )


def _word(entry: Entry) -> Word:
    told = (str(entry.body.get(name, "")) for name in ("event", "subject_id", "role"))
    return Word(entry.number, *told)


def _read(look: Iterator[Fault]) -> list[Fault]:
    """Return what these rows contradict; rows that do not even open are a fault of their own."""
    try:
        return list(look)
    except DecryptionFailed:
        return [_fault(0, "row altered")]


def _fault(number: int, code: str, about: str = "") -> Fault:
    return Fault(number, FaultKind.REPLAYED, code, about=about[:SHORT])


def _consents(uow: UnitOfWork, told: Words) -> Iterator[Fault]:
    kept = {one.consent_id: one for own in uow.consents.all_of().values() for one in own}
    still_there = uow.subjects.some(
        [one.subject_id for key, one in told.items() if key not in kept]
    )
    for consent_id, word in told.items():
        consent = kept.get(consent_id)
        if consent is None:
            if word.subject_id in still_there:
                yield _fault(word.number, "consent gone")
        elif word.event == "withdrawn" and consent.withdrawn_at is None:
            yield _fault(word.number, "consent back")


class _Deleted:
    """Compares what was deleted of people's samples with those that are there."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._kept: dict[str, frozenset[str]] = {}
        self.back: list[Fault] = []

    def hear(self, entry: Entry) -> None:
        if entry.body.get("event") != "samples deleted":
            return
        deleted = entry.body["references"]
        own = self._of(str(entry.body["subject_id"]))
        if isinstance(deleted, list) and not own.isdisjoint(deleted):
            self.back.append(_fault(entry.number, "sample back"))

    def _of(self, subject_id: str) -> frozenset[str]:
        if subject_id not in self._kept:
            self._kept[subject_id] = frozenset(self._uow.references.ids_of(subject_id))
        return self._kept[subject_id]


def _users(uow: UnitOfWork, active: Words, roles: Words) -> Iterator[Fault]:
    kept = {user.user_id: user for user in uow.users.all()}
    for user_id, word in active.items():
        user = kept.get(user_id)
        if user is not None and user.active is not ACTIVE[word.event]:
            yield _fault(word.number, "account back", user_id)
    for user_id, word in roles.items():
        user = kept.get(user_id)
        if user is not None and user.role.value != word.role:
            yield _fault(word.number, "role back", user_id)


def _keys(uow: UnitOfWork, kiosks: Words, tokens: Words) -> Iterator[Fault]:
    devices = {device.device_id: device for device in uow.devices.all()}
    for device_id, word in kiosks.items():
        device = devices.get(device_id)
        if device is not None and REVOKED.get(word.event, True) and device.revoked_at is None:
            yield _fault(word.number, "kiosk back")
    for token_id, word in tokens.items():
        try:
            token = uow.tokens.get(token_id)
        except NotFound:
            continue
        if token.revoked_at is None:
            yield _fault(word.number, "token back")
