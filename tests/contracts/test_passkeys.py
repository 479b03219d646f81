"""Passkeys on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import NOW
from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.passkeys import Passkey
from rollbook.domain.subjects import new_id
from rollbook.errors import AlreadyExists
from rollbook.storage.database import Database


def make_passkey(database: Database, credential: bytes = b"\x01\x02") -> Passkey:
    user_id = new_id()
    with database.uow() as uow:
        uow.users.add(User(user_id, user_id, Role.FACULTY, new_id()))
        uow.commit()
    return Passkey(credential, user_id, "Phone 📱", b"public key", 0, NOW, None, ("internal",))


def test_passkeys_come_back_as_they_were_given(database: Database) -> None:
    passkey = make_passkey(database)
    with database.uow() as uow:
        assert uow.passkeys.get(passkey.credential) is None
        uow.passkeys.add(passkey)
        assert uow.passkeys.get(passkey.credential) == passkey
        assert [kept for _, kept in uow.passkeys.of_user(passkey.user_id)] == [passkey]


def test_a_credential_is_kept_once(database: Database) -> None:
    passkey, other = make_passkey(database), make_passkey(database)
    with database.uow() as uow:
        uow.passkeys.add(passkey)
        with pytest.raises(AlreadyExists):
            uow.passkeys.add(other)
        assert uow.passkeys.get(passkey.credential) == passkey


def test_a_passkey_counts_its_uses(database: Database) -> None:
    passkey = make_passkey(database)
    used = replace(passkey, uses=7, used_at=NOW + timedelta(days=1))
    with database.uow() as uow:
        uow.passkeys.add(passkey)
        uow.passkeys.update(used)
        assert uow.passkeys.get(passkey.credential) == used


def test_nobody_removes_a_passkey_of_somebody_else(database: Database) -> None:
    passkey, other = make_passkey(database), make_passkey(database, b"\x03")
    with database.uow() as uow:
        uow.passkeys.add(passkey)
        uow.passkeys.add(other)
        handle = uow.passkeys.of_user(passkey.user_id)[0][0]
        assert not uow.passkeys.remove(other.user_id, handle)
        assert uow.passkeys.remove(passkey.user_id, handle)
        assert not uow.passkeys.remove(passkey.user_id, handle)
        assert uow.passkeys.remove_all(other.user_id) == 1


def test_passkeys_go_with_their_account(database: Database) -> None:
    passkey = make_passkey(database)
    with database.uow() as uow:
        uow.passkeys.add(passkey)
        uow.users.remove(passkey.user_id)
        assert uow.passkeys.get(passkey.credential) is None
