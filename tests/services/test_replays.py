"""Genuine rows of an earlier time, put back by somebody who can write to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select

from builders import make_class, make_reference
from rollbook.domain.access import Actor, Role
from rollbook.domain.register import EntryKind, FaultKind, NewEntry
from rollbook.domain.tokens import Scope
from rollbook.services import replays
from rollbook.services.consenting import Consenting, ConsentTerms
from rollbook.services.devices import DevicePlan
from rollbook.services.replays import PAGE
from rollbook.storage.database import Database
from rollbook.storage.tables import api_tokens, consents, devices, samples, users
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
        assert replays.replays(uow) == ()
