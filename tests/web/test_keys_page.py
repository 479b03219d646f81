"""The page of keys: what there is, and a task that exchanges them."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from rollbook.domain.receipts import ReceiptKind
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]


def test_only_administrators_see_and_exchange_keys(client_of: ClientOf) -> None:
    for who in ("bob", "dora"):
        assert client_of(who).get("/safety/keys").status_code == 403
        assert client_of(who).post("/safety/keys/rotate", data={"data": "yes"}).status_code == 403


def test_the_page_shows_what_there_is_and_no_key(client_of: ClientOf, site: Site) -> None:
    page = client_of("alice").get("/safety/keys").text
    assert "The register" in page and "never exchanged" in page
    (key,) = site.parts.database.keys.source.load()
    assert key.decode() not in page


def test_keys_are_exchanged_by_a_task(client_of: ClientOf, site: Site) -> None:
    alice = client_of("alice")
    (before,) = site.parts.database.keys.source.load()
    form = {"data": "yes", "subjects": "yes", "site": "yes"}
    assert alice.post("/safety/keys/rotate", data=form).status_code == 303
    alice.post("/safety/keys/rotate", data=form)  # two clicks are one exchange
    assert alice.get("/safety/keys/state").get_json()["over"] is False
    assert "Keys are being exchanged" in alice.get("/safety/keys").text
    assert site.parts.tasks.run_one() and not site.parts.tasks.run_one()
    page = alice.get("/safety/keys").text
    assert "came to its end" in page and "Print a new recovery sheet" in page
    assert site.parts.database.keys.source.load() != [before]
    assert "were exchanged" in client_of("dora").get("/audit").text
    with site.parts.uow() as uow:
        (receipt,) = uow.receipts.all([ReceiptKind.ROTATION])
    assert receipt.body["parts"] == ["data", "subjects", "site"]


def test_an_exchange_is_stopped_and_goes_on(client_of: ClientOf, site: Site) -> None:
    alice = client_of("alice")
    alice.post("/safety/keys/rotate", data={"data": "yes"})
    assert "The exchange stops" in alice.post("/safety/keys/stop", follow_redirects=True).text
    assert not site.parts.tasks.run_one()
    assert "let it go on when you like" in alice.get("/safety/keys").text
    alice.post("/safety/keys/rotate", data={"resume": "yes"})
    assert site.parts.tasks.run_one()
    assert "came to its end" in alice.get("/safety/keys").text


def test_nothing_chosen_exchanges_nothing(client_of: ClientOf, site: Site) -> None:
    answer = client_of("alice").post("/safety/keys/rotate", data={}, follow_redirects=True)
    assert "Choose which keys" in answer.text and site.parts.key_rotation.latest() is None
