"""Accounts: the last administrator stays, sessions end, and changes are in the register."""

from __future__ import annotations

from datetime import timedelta

import pytest

from builders import DAY, NOW, make_class, quick_hasher
from rollbook.domain.access import Role
from rollbook.domain.accounts import WebSession
from rollbook.domain.register import EntryKind
from rollbook.errors import AlreadyExists, InvalidInput
from rollbook.services.accounts import Accounts, NewAccount, Teaching, clean_login, free_logins
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

ADMIN = NewAccount("root", Role.ADMINISTRATOR, "Root")


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database.uow, FixedClock(NOW), quick_hasher())


def test_the_last_administrator_is_neither_disabled_nor_demoted(accounts: Accounts) -> None:
    first = accounts.add(ADMIN, "terminal").user
    with pytest.raises(InvalidInput, match="last administrator"):
        accounts.set_active(first.user_id, False, "test")
    with pytest.raises(InvalidInput, match="last administrator"):
        accounts.set_role(first.user_id, Role.AUDITOR, "test")
    second = accounts.add(NewAccount("second", Role.ADMINISTRATOR), "test").user
    accounts.set_active(first.user_id, False, "test")
    with pytest.raises(InvalidInput, match="last administrator"):
        accounts.set_active(second.user_id, False, "test")


def test_disabling_and_new_roles_end_sessions_at_once(
    accounts: Accounts, database: Database
) -> None:
    bob = accounts.add(NewAccount("bob", Role.FACULTY), "test").user
    for change in (
        lambda: accounts.set_active(bob.user_id, False, "test"),
        lambda: accounts.set_role(bob.user_id, Role.AUDITOR, "test"),
        lambda: accounts.reset(bob.user_id, "test"),
        lambda: accounts.end_sessions(bob.user_id, "test"),
    ):
        with database.uow() as uow:
            ends = NOW + timedelta(hours=1)
            uow.web_sessions.put(WebSession("token", bob.user_id, NOW, ends))
            uow.commit()
        change()
        with database.uow() as uow:
            assert uow.web_sessions.of_user(bob.user_id) == []


def test_a_subject_account_belongs_to_a_person(accounts: Accounts, database: Database) -> None:
    with pytest.raises(InvalidInput, match="person"):
        accounts.add(NewAccount("ada", Role.SUBJECT), "test")
    _, people = make_class(database.uow, ["Ada"], "5b")
    who = people[0].subject_id
    accounts.add(NewAccount("ada", Role.SUBJECT, subject_id=who), "test")
    with pytest.raises(AlreadyExists):
        accounts.add(NewAccount("ada2", Role.SUBJECT, subject_id=who), "test")


def test_several_accounts_are_added_all_or_none(accounts: Accounts, database: Database) -> None:
    accounts.add(NewAccount("taken", Role.AUDITOR), "test")
    wanted = [NewAccount("one", Role.AUDITOR), NewAccount("taken", Role.AUDITOR)]
    with pytest.raises(AlreadyExists):
        accounts.add_for(wanted, "test")
    with database.uow() as uow:
        assert [user.login for user in uow.users.all()] == ["taken"]


def test_who_teaches_what_is_kept_with_its_days(accounts: Accounts, database: Database) -> None:
    group, _ = make_class(database.uow, ["Ada"], "5b")
    teaching = Teaching(group.group_id, DAY)
    bob = accounts.add(NewAccount("bob", Role.FACULTY, teaching=[teaching]), "test").user
    accounts.stop_teaching(bob.user_id, group.group_id, DAY, "test")
    with database.uow() as uow:
        assert [staff.until for staff in uow.staff.of_user(bob.user_id)] == [DAY]
    with pytest.raises(InvalidInput, match="last day"):
        accounts.teach(bob.user_id, Teaching(group.group_id, DAY, DAY - timedelta(days=1)), "test")


def test_changes_are_in_the_register_by_random_id(accounts: Accounts, database: Database) -> None:
    accounts.add(ADMIN, "terminal")
    bob = accounts.add(NewAccount("bob", Role.FACULTY, "Bob"), "administrator 1").user
    accounts.rename(bob.user_id, "robert", "Robert", "administrator 1")
    with database.uow() as uow:
        entries = uow.register.entries([EntryKind.ACCOUNT])
    assert [entry.body["event"] for entry in entries] == ["renamed", "added", "added"]
    assert entries[0].body["user_id"] == bob.user_id
    assert "obert" not in str([entry.body for entry in entries])


def test_sign_in_names_may_be_in_any_script() -> None:
    for login in ("渡辺 さくら", "يوسف", "o'neill", "ada@school.example", "Straße 🙂"):
        assert clean_login(f"  {login} ") == login
    with pytest.raises(InvalidInput):
        clean_login("  ")
    with pytest.raises(InvalidInput):
        clean_login("x" * 101)


def test_names_that_are_taken_get_a_number() -> None:
    taken = {"ada.lovelace"}
    given = free_logins({"a": "Ada Lovelace", "b": "渡辺 さくら"}, lambda login: login in taken)
    assert given == {"a": "ada.lovelace2", "b": "渡辺.さくら"}
