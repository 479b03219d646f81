"""Own codes and PINs, and those that staff hand out."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from rollbook.domain.kiosks import CredentialKind
from rollbook.services.pins import PinRight
from web.school import Site

Clients = Callable[[str | None], FlaskClient]


@pytest.fixture
def ada(site: Site) -> str:
    return site.ada.subject_id


def test_somebodys_own_code_changes_with_the_half_minute(
    site: Site, client_of: Clients, ada: str
) -> None:
    client = client_of("ada")
    assert b"data:image/svg+xml" in client.get("/me/code").data
    first = client.get("/me/code.json").get_json()
    assert client.get("/me/code.json").get_json() == first and 0 < first["left"] <= 30
    site.clock.advance(30)
    assert client.get("/me/code.json").get_json()["picture"] != first["picture"]
    text = site.parts.own_codes.phone(ada).text
    client.post("/me/code/revoke")
    assert site.parts.own_codes.of_text(text) is None


def test_somebody_sets_their_own_pin(site: Site, client_of: Clients, ada: str) -> None:
    client = client_of("ada")
    for pin, again in (("1234", "1234"), ("270316", "270317"), ("", ""), ("abc", "abc")):
        refused = client.post("/me/pin", data={"pin": pin, "again": again})
        assert refused.status_code == 422 and b"270316" not in refused.data
    assert client.post("/me/pin", data={"pin": "270316", "again": "270316"}).status_code == 303
    assert site.parts.pins.check(ada, "270316", "door") == PinRight()
    assert b"You have a PIN" in client.get("/me/pin").data
    assert client.get("/me/pin").text.count('class="tabs"') == 1


def test_who_has_no_own_record_has_no_own_code(client_of: Clients) -> None:
    assert client_of("bob").get("/me/code").status_code == 403
    assert client_of("alice").post("/me/pin", data={"pin": "270316"}).status_code == 403


def test_cards_are_printed_for_a_group_of_ones_own(
    site: Site, client_of: Clients, ada: str
) -> None:
    group = site.group.group_id
    file = client_of("bob").post(f"/codes/groups/{group}/cards", data={"which": "all"})
    assert file.mimetype == "application/pdf" and file.headers["Cache-Control"].endswith("no-store")
    text = PdfReader(BytesIO(file.data)).pages[0].extract_text()
    assert all(person.name.split()[-1] in text for person in site.people)
    assert site.others[0].name.split()[-1] not in text
    again = client_of("bob").post(f"/codes/groups/{group}/cards", data={"which": "missing"})
    assert "Lovelace" not in PdfReader(BytesIO(again.data)).pages[0].extract_text()
    assert client_of("charlie").post(f"/codes/groups/{group}/cards").status_code == 404
    page = client_of("bob").get(f"/codes/groups/{group}").data
    assert b"Ada Lovelace" in page


def test_a_card_is_revoked_and_the_next_one_is_another(
    site: Site, client_of: Clients, ada: str
) -> None:
    client = client_of("bob")
    assert client.post(f"/codes/people/{ada}/card").mimetype == "application/pdf"
    first = site.parts.own_codes.cards([ada], "test")[0].text
    assert client.post(f"/codes/people/{ada}/revoke", data={"kind": "card"}).status_code == 303
    assert site.parts.own_codes.of_text(first) is None
    assert site.parts.own_codes.cards([ada], "test")[0].text != first
    assert client.post(f"/codes/people/{ada}/revoke", data={"kind": "face"}).status_code == 400
    assert client_of("charlie").get(f"/codes/people/{ada}").status_code == 404


def test_a_new_pin_of_staff_is_shown_once(site: Site, client_of: Clients, ada: str) -> None:
    client = client_of("bob")
    page = client.post(f"/codes/people/{ada}/pin").get_data(as_text=True)
    pin = page.split('class="pin-shown">')[1].split("<")[0]
    assert site.parts.pins.check(ada, pin, "door") == PinRight()
    assert pin not in client.get(f"/codes/people/{ada}").get_data(as_text=True)
    client.post(f"/codes/people/{ada}/revoke", data={"kind": "pin"})
    with site.parts.uow() as uow:
        assert CredentialKind.PIN not in uow.credentials.of(ada)
