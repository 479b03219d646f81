"""Genuine rows of an earlier time, put back by somebody who can write to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select

from builders import NOW, make_class, make_reference
from rollbook.domain.access import Actor, Role
from rollbook.domain.passkeys import Passkey
from rollbook.domain.register import EntryKind, FaultKind, NewEntry
from rollbook.domain.row_digests import RowStates
from rollbook.domain.tokens import Scope
from rollbook.services import replays
from rollbook.services.consenting import Consenting, ConsentTerms
from rollbook.services.devices import DevicePlan
from rollbook.services.replays import PAGE
from rollbook.storage.database import Database
from rollbook.storage.tables import (
    api_tokens,
    consents,
    devices,
    group_staff,
    memberships,
    passkeys,
    samples,
    users,
)
from rollbook.storage.tables import site as settings
from rollbook.testing import FixedClock
from web.school import Site, make_site

TERMS = ConsentTerms("v1", "their guardian")
ALICE = "administrator alice"


@pytest.fixture
def site(book: Any) -> Iterator[Site]:
    made = make_site(book)
    yield made
    made.parts.engines.close()
    made.parts.database.close()


def rows(site: Site, table: Table) -> list[Any]:
    with site.parts.database.engine.connect() as connection:
        return [row._asdict() for row in connection.execute(select(table))]


def put_back(site: Site, table: Table, before: list[Any]) -> None:
    """Write the rows of a table as they once were; every seal in them is genuine."""
    with site.parts.database.engine.begin() as connection:
        connection.execute(delete(table))
        connection.execute(insert(table), before)


def codes(site: Site) -> list[str]:
    found = site.parts.register.verify()
    assert all(fault.kind is FaultKind.REPLAYED for fault in found.faults), found
    assert found.holds is not bool(found.faults)
    return [fault.code for fault in found.faults]


def test_what_nobody_put_back_holds(site: Site) -> None:
    site.parts.consenting.record(site.ada.subject_id, TERMS)
    site.parts.consenting.withdraw(site.ada.subject_id)
    assert codes(site) == []


def test_a_withdrawn_consent_that_was_put_back_is_found(site: Site) -> None:
    consent = site.parts.consenting.record(site.ada.subject_id, TERMS)
    before = rows(site, consents)
    site.parts.consenting.withdraw(site.ada.subject_id)
    after = rows(site, consents)
    put_back(site, consents, before)
    with site.parts.uow() as uow:
        assert uow.consents.of(site.ada.subject_id)[-1] == consent, "it opens like any other"
    assert set(codes(site)) == {"consent back"}
    put_back(site, consents, after)
    assert codes(site) == []
    with site.parts.database.engine.begin() as connection:
        connection.execute(delete(consents))
    assert set(codes(site)) == {"consent gone"}


def test_deleted_samples_that_were_put_back_are_found(site: Site) -> None:
    site.parts.consenting.record(site.ada.subject_id, TERMS)
    with site.parts.uow() as uow:
        uow.references.add(make_reference(site.ada.subject_id))
        uow.commit()
    before = rows(site, samples)
    site.parts.consenting.withdraw(site.ada.subject_id)
    put_back(site, samples, before)
    assert codes(site) == ["sample back"]


Change = Callable[[Site], None]


def disable(site: Site) -> None:
    site.parts.accounts.set_active(site.users["bob"].user_id, False, ALICE)


def demote(site: Site) -> None:
    site.parts.accounts.set_role(site.users["bob"].user_id, Role.AUDITOR, ALICE)


@pytest.mark.parametrize(("change", "code"), [(disable, "account back"), (demote, "role back")])
def test_an_old_state_of_an_account_is_found(site: Site, change: Change, code: str) -> None:
    before = rows(site, users)
    change(site)
    put_back(site, users, before)
    assert codes(site) == [code]


def test_a_kiosk_that_was_shut_out_and_let_in_again_is_found(site: Site) -> None:
    code = site.parts.devices.add(DevicePlan("Door"), ALICE)
    paired = site.parts.devices.pair(code.code, place="here")
    before = rows(site, devices)
    site.parts.devices.revoke(code.device.device_id, ALICE)
    put_back(site, devices, before)
    assert site.parts.devices.of_key(paired.key) is not None  # type: ignore[union-attr]
    assert codes(site) == ["kiosk back"]


def test_a_revoked_token_that_was_put_back_is_found(site: Site) -> None:
    alice = Actor(site.users["alice"].user_id, Role.ADMINISTRATOR)
    made = site.parts.tokens.make(alice, "Timetable", [Scope.PEOPLE_READ], 30)
    before = rows(site, api_tokens)
    site.parts.tokens.revoke(made.token.token_id, alice, whose=None)
    put_back(site, api_tokens, before)
    assert codes(site) == ["token back"]


def test_a_row_that_does_not_open_is_named(site: Site) -> None:
    site.parts.consenting.record(site.ada.subject_id, TERMS)
    with site.parts.database.engine.begin() as connection:
        connection.execute(consents.update().values(payload=b"x"))
    assert codes(site) == ["row altered"]


def test_what_was_withdrawn_long_ago_is_compared_as_well(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.parts.consenting.record(site.ada.subject_id, TERMS)
    before = rows(site, consents)
    site.parts.consenting.withdraw(site.ada.subject_id)
    put_back(site, consents, before)
    with site.parts.uow() as uow:
        for number in range(PAGE + 50):  # more than are read at once, all of them newer
            body = {"event": "added", "user_id": f"{number:032x}", "role": "auditor"}
            uow.register.append(NewEntry(EntryKind.ACCOUNT, body))
        uow.commit()
    assert set(codes(site)) == {"consent back"}
    monkeypatch.setattr(replays, "PAGE", 1)
    assert set(codes(site)) == {"consent back"}, "wherever a page ends"


def test_who_was_erased_takes_their_consents_along(database: Database) -> None:
    from builders import erase

    _, (ada, _bob) = make_class(database.uow, ["Ada", "Bob"])
    Consenting(database.uow, FixedClock()).record(ada.subject_id, TERMS)
    erase(database, ada.subject_id)
    with database.uow() as uow:
        assert replays.replays(uow).faults == ()


def new_password(site: Site) -> None:
    site.parts.accounts.reset(site.users["bob"].user_id, ALICE)


def second_factor_off(site: Site) -> None:
    with site.parts.uow() as uow:
        bob = uow.users.get(site.users["bob"].user_id)
        uow.users.update(replace(bob, secrets={}))
        uow.commit()


def give_second_factor(site: Site) -> None:
    with site.parts.uow() as uow:
        bob = uow.users.get(site.users["bob"].user_id)
        uow.users.update(replace(bob, secrets={"tf_totp_secret": "x"}))
        uow.commit()


def other_setting(site: Site) -> None:
    with site.parts.uow() as uow:
        uow.site.set("threshold", 1)
        uow.commit()


def leave(site: Site) -> None:
    with site.parts.uow() as uow:
        uow.groups.leave(site.group.group_id, site.ada.subject_id, NOW.date())
        uow.commit()


def teach_no_more(site: Site) -> None:
    with site.parts.uow() as uow:
        uow.staff.leave(site.group.group_id, site.users["bob"].user_id, NOW.date())
        uow.commit()


@pytest.mark.parametrize(
    ("change", "table", "code"),
    [
        (new_password, users, "account changed"),
        (give_second_factor, users, "account changed"),
        (other_setting, settings, "setting changed"),
        (leave, memberships, "member changed"),
        (teach_no_more, group_staff, "staff changed"),
    ],
    ids=["password", "second factor", "setting", "member", "staff"],
)
def test_an_old_row_is_named(site: Site, change: Change, table: Table, code: str) -> None:
    other_setting(site)
    with site.parts.uow() as uow:
        uow.site.set("threshold", 2)
        uow.commit()
    before = rows(site, table)
    change(site)
    assert codes(site) == []
    after = rows(site, table)
    put_back(site, table, before)
    assert codes(site) == [code]
    put_back(site, table, after)
    assert codes(site) == []


def test_a_teacher_or_pupil_who_is_put_in_is_named(site: Site) -> None:
    assert site.parts.register.verify().rows_since == 1, "known from the first entry on"
    group = site.group.group_id
    stranger = {"group_id": group, "since": NOW.date(), "until": None}
    with site.parts.database.engine.begin() as connection:
        connection.execute(insert(group_staff).values(user_id="f" * 32, **stranger))
        connection.execute(insert(memberships).values(subject_id="e" * 32, **stranger))
    found = site.parts.register.verify().faults
    assert [fault.code for fault in found] == ["member changed", "staff changed"]
    assert group[:8] in found[0].what and "e" * 8 in found[0].what and "f" * 8 in found[1].what


def test_rows_that_are_taken_out_are_named(site: Site) -> None:
    with site.parts.database.engine.begin() as connection:
        connection.execute(delete(group_staff).where(group_staff.c.group_id == site.group.group_id))
        connection.execute(
            delete(memberships).where(memberships.c.subject_id == site.ada.subject_id)
        )
    assert set(codes(site)) == {"member changed", "staff changed"}


def test_a_passkey_that_was_put_back_is_named(site: Site) -> None:
    bob = site.users["bob"].user_id
    key = Passkey(b"k" * 20, bob, "laptop", b"public", 0, NOW)
    with site.parts.uow() as uow:
        uow.passkeys.add(key)
        uow.commit()
    before = rows(site, passkeys)
    with site.parts.uow() as uow:
        uow.passkeys.update(replace(key, uses=5, used_at=NOW))
        uow.commit()
    assert codes(site) == [], "using it is no change"
    with site.parts.uow() as uow:
        assert uow.passkeys.remove_all(bob) == 1
        uow.commit()
    assert codes(site) == []
    put_back(site, passkeys, before)
    assert codes(site) == ["passkeys changed"]


def test_removing_an_account_and_erasing_a_person_leave_no_fault(site: Site) -> None:
    site.parts.erasing.erase([site.ada.subject_id])
    with site.parts.uow() as uow:
        uow.users.remove(site.users["bob"].user_id)
        uow.commit()
    assert codes(site) == []


def test_a_digest_tells_nothing_and_lies_in_no_body(site: Site) -> None:
    new_password(site)
    with site.parts.uow() as uow:
        bob = uow.users.get(site.users["bob"].user_id)
        entry = next(one for one in uow.register.entries([EntryKind.ACCOUNT]) if one.rows)
    assert "row_digests" not in entry.body
    told = entry.rows["account"]
    assert isinstance(told, Mapping)
    (digest,) = told.values()
    assert len(digest) == 32 and bob.uniquifier not in str(entry)
    assert not any(str(secret) in str(entry) for secret in bob.secrets.values())


def test_a_register_of_an_earlier_version_is_compared_from_its_first_start_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(RowStates, "hear", lambda *told: None)
        assert site.parts.register.verify().rows_since == 0
        with site.parts.database.engine.begin() as connection:
            connection.execute(group_staff.update().values(since=NOW.date()))
        assert codes(site) == [], "no entry tells of it"
    with site.parts.uow() as uow:
        uow.rows.want_all()
        uow.register.append(NewEntry(EntryKind.ROWS, {"event": "rows found"}))
        uow.commit()
    assert codes(site) == []
