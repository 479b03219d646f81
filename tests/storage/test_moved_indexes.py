"""A blind index that was moved to another row lets nobody in as somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, select, update

from rollbook.domain.kiosks import Credential, CredentialKind
from rollbook.domain.passkeys import Passkey
from rollbook.domain.subjects import new_id
from rollbook.domain.tokens import Scope
from rollbook.errors import DecryptionFailed
from rollbook.services.devices import DevicePlan
from rollbook.storage.tables import api_tokens, credentials, devices, passkeys, users
from web.programs import make_token
from web.school import Site, make_site


@pytest.fixture
def site(book: Path) -> Iterator[Site]:
    made = make_site(book)
    yield made
    made.parts.engines.close()
    made.parts.database.close()


def move(site: Site, column: Column[Any], of: str, to: str) -> None:
    """Put one row's value into another row, and take it from where it was."""
    table = column.table
    (key,) = table.primary_key.columns
    with site.parts.database.engine.begin() as connection:
        values = {name: value for name, value in connection.execute(select(key, column))}
        if not column.nullable:
            changed = update(table).where(key == of).values({column.name: b"moved"})
        else:
            changed = update(table).where(key == of).values({column.name: None})
        connection.execute(changed)
        connection.execute(update(table).where(key == to).values({column.name: values[of]}))


def test_a_session_is_not_that_of_another_account(site: Site) -> None:
    alice, bob = site.users["alice"], site.users["bob"]
    move(site, users.c.uniquifier, bob.user_id, alice.user_id)
    move(site, users.c.login, bob.user_id, alice.user_id)
    with site.parts.uow() as uow:
        assert uow.users.by_uniquifier(bob.uniquifier) is None
        assert uow.users.by_login("bob") is None
        assert uow.users.get(alice.user_id) == alice


def test_an_account_is_not_that_of_another_person(site: Site) -> None:
    with site.parts.uow() as uow:
        assert uow.users.of_subject(site.ada.subject_id) == site.users["ada"]
    move(site, users.c.subject, site.users["ada"].user_id, site.users["bob"].user_id)
    with site.parts.uow() as uow:
        assert uow.users.of_subject(site.ada.subject_id) is None


def test_a_token_does_not_act_for_another_account(site: Site) -> None:
    own = make_token(site, "bob", [Scope.PEOPLE_READ])
    admin = make_token(site, "alice", [Scope.PEOPLE_READ])
    with site.parts.uow() as uow:
        mine, theirs = uow.tokens.by_text(own), uow.tokens.by_text(admin)
        assert mine is not None and theirs is not None
        uow.tokens.update(mine)
        assert uow.tokens.by_text(own) == mine
        uow.commit()
    move(site, api_tokens.c.token, mine.token_id, theirs.token_id)
    with site.parts.uow() as uow:
        assert uow.tokens.by_text(own) is None
        assert uow.tokens.get(theirs.token_id) == theirs


def test_a_kiosks_key_does_not_open_another_kiosk(site: Site) -> None:
    paired = []
    for name in ("Door", "Hall"):
        code = site.parts.devices.add(DevicePlan(name), "test").code
        paired.append(site.parts.devices.pair(code, place="here"))
    door, hall = paired
    assert site.parts.devices.of_key(door.key).device_id == door.device.device_id  # type: ignore[union-attr]
    move(site, devices.c.key, door.device.device_id, hall.device.device_id)  # type: ignore[union-attr]
    assert site.parts.devices.of_key(door.key) is None  # type: ignore[union-attr]


def test_a_card_is_not_that_of_another_person(site: Site) -> None:
    cards = [
        Credential(new_id(), person.subject_id, CredentialKind.CARD, "secret", now, lookup)
        for person, lookup, now in zip(
            site.people, ("one", "two"), (site.clock.now(),) * 2, strict=False
        )
    ]
    with site.parts.uow() as uow:
        for card in cards:
            uow.credentials.put(card)
        uow.commit()
    move(site, credentials.c.lookup, cards[0].credential_id, cards[1].credential_id)
    with site.parts.uow() as uow:
        assert uow.credentials.by_lookup("one") is None


def test_a_passkey_does_not_sign_in_another_account(site: Site) -> None:
    alice, bob = site.users["alice"], site.users["bob"]
    now = site.clock.now() - timedelta(days=1)
    own = Passkey(b"id", bob.user_id, "phone", b"key", 0, now, None, ())
    with site.parts.uow() as uow:
        uow.passkeys.add(own)
        assert uow.passkeys.get(b"id") == own
        uow.commit()
    with site.parts.database.engine.begin() as connection:
        connection.execute(passkeys.update().values(user_id=alice.user_id))
    with site.parts.uow() as uow, pytest.raises(DecryptionFailed):
        uow.passkeys.get(b"id")
