"""Kiosks, PINs and codes: the same on every database, and nothing of them in clear."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from builders import NOW, make_subject
from rollbook.domain.attendance import Direction
from rollbook.domain.kiosks import Credential, CredentialKind, Device, DeviceState
from rollbook.domain.subjects import new_id
from rollbook.errors import DecryptionFailed, NotFound
from rollbook.storage.database import Database
from rollbook.storage.tables import metadata

DEVICE = Device(
    new_id(),
    "Tablet at the door",
    NOW,
    "Room 12",
    (new_id(), new_id()),
    Direction.IN,
    True,
    NOW + timedelta(minutes=15),
    NOW,
    NOW,
)


def add(database: Database, device: Device, key: str | None) -> None:
    with database.uow() as uow:
        uow.devices.add(device, key)
        uow.commit()


def test_a_kiosk_comes_back_as_it_was_given_and_is_found_by_its_key(database: Database) -> None:
    add(database, DEVICE, "secret key")
    add(database, Device(new_id(), "another", NOW), None)
    with database.uow() as uow:
        assert uow.devices.get(DEVICE.device_id) == DEVICE
        assert uow.devices.by_key("secret key") == DEVICE
        assert uow.devices.by_key("another key") is None and uow.devices.by_key("") is None
        assert [device.name for device in uow.devices.all()] == ["another", "Tablet at the door"]


def test_another_key_takes_the_place_of_the_first_and_none_opens_nothing(
    database: Database,
) -> None:
    add(database, DEVICE, "first")
    with database.uow() as uow:
        uow.devices.give_key(DEVICE.device_id, "second")
        assert uow.devices.by_key("first") is None and uow.devices.by_key("second") == DEVICE
        uow.devices.give_key(DEVICE.device_id, None)
        uow.devices.update(replace(DEVICE, revoked_at=NOW))
        uow.commit()
    with database.uow() as uow:
        assert uow.devices.by_key("second") is None
        assert uow.devices.get(DEVICE.device_id).state is DeviceState.REVOKED


def test_two_kiosks_never_have_one_key(database: Database) -> None:
    add(database, DEVICE, "same")
    with pytest.raises(IntegrityError):
        add(database, Device(new_id(), "another", NOW), "same")


def test_what_is_not_there_is_said(database: Database) -> None:
    with database.uow() as uow:
        for ask in (
            lambda: uow.devices.get("0" * 32),
            lambda: uow.devices.update(DEVICE),
            lambda: uow.devices.give_key(DEVICE.device_id, "key"),
            lambda: uow.devices.remove(DEVICE.device_id),
        ):
            with pytest.raises(NotFound):
                ask()


def person(database: Database) -> str:
    ada = make_subject()
    with database.uow() as uow:
        uow.subjects.add(ada)
        uow.commit()
    return ada.subject_id


def credential(subject_id: str, kind: CredentialKind, secret: str = "hash") -> Credential:
    lookup = None if kind is CredentialKind.PIN else f"lookup {subject_id} {kind}"
    return Credential(new_id(), subject_id, kind, secret, NOW, lookup)


def test_one_means_of_each_kind_and_the_newest_holds(database: Database) -> None:
    ada, bob = person(database), person(database)
    pin, card = credential(ada, CredentialKind.PIN), credential(ada, CredentialKind.CARD)
    newer = credential(ada, CredentialKind.PIN, "another hash")
    with database.uow() as uow:
        for one in (pin, card, newer, credential(bob, CredentialKind.PHONE)):
            uow.credentials.put(one)
        uow.commit()
    with database.uow() as uow:
        assert uow.credentials.of(ada) == {CredentialKind.PIN: newer, CredentialKind.CARD: card}
        assert uow.credentials.by_lookup(card.lookup or "") == card
        assert uow.credentials.by_lookup("unknown") is None
        assert uow.credentials.holders([ada, bob, new_id()]) == {
            ada: {CredentialKind.PIN, CredentialKind.CARD},
            bob: {CredentialKind.PHONE},
        }
        assert uow.credentials.holders([]) == {}
        assert uow.credentials.remove(ada, CredentialKind.CARD)
        assert not uow.credentials.remove(ada, CredentialKind.CARD)
        assert uow.credentials.by_lookup(card.lookup or "") is None


def test_who_is_removed_leaves_no_pin_and_no_code(database: Database) -> None:
    ada = person(database)
    card = credential(ada, CredentialKind.CARD)
    with database.uow() as uow:
        uow.credentials.put(card)
        uow.commit()
        uow.subjects.remove(ada)
        uow.commit()
    with database.uow() as uow:
        assert uow.credentials.of(ada) == {}
        assert uow.credentials.by_lookup(card.lookup or "") is None


def test_a_code_moved_to_another_person_opens_for_nobody(database: Database) -> None:
    ada, bob = person(database), person(database)
    with database.uow() as uow:
        uow.credentials.put(credential(ada, CredentialKind.PIN))
        uow.credentials.put(credential(bob, CredentialKind.PIN))
        uow.commit()
    table = metadata.tables["credentials"]
    with database.engine.begin() as connection:
        stolen = connection.execute(select(table.c.payload).where(table.c.subject_id == ada))
        connection.execute(
            table.update().where(table.c.subject_id == bob).values(payload=stolen.scalar())
        )
    with database.uow() as uow, pytest.raises(DecryptionFailed):
        uow.credentials.of(bob)


def test_neither_names_nor_keys_nor_secrets_are_readable(database: Database) -> None:
    ada = person(database)
    add(database, DEVICE, "plain key")
    with database.uow() as uow:
        uow.credentials.put(credential(ada, CredentialKind.CARD, "plain secret"))
        uow.commit()
    with database.engine.connect() as connection:
        for name in ("devices", "credentials"):
            for row in connection.execute(select(metadata.tables[name])):
                shown = b" ".join(
                    value if isinstance(value, bytes) else str(value).encode() for value in row
                )
                assert not any(
                    word in shown
                    for word in (b"Tablet", b"Room 12", b"plain", b"lookup", b"needs_pin")
                )
