"""How a device comes to trust the site: the page, its files, and the door without HTTPS."""

from __future__ import annotations

import asyncio
import plistlib
from collections.abc import Callable

import httpx
import pytest
from cryptography import x509
from flask.testing import FlaskClient

from rollbook.network.certificates import authority
from rollbook.network.names import machine_names
from rollbook.web.app import create_app
from rollbook.web.asgi import create_asgi
from rollbook.web.parts import WebOptions
from rollbook.web.trust.door import AsgiApp, trust_door
from web.school import Site

Browser = Callable[[str | None], FlaskClient]
FILES = ("/trust/rollbook-ca.crt", "/trust/rollbook-ca.pem", "/trust/rollbook.mobileconfig")
LAN = WebOptions(
    secure=True,
    hosts=("school-pc.local", "192.168.1.20", "[fd00::20]"),
    address="https://192.168.1.20:8000",
    trust_address="http://192.168.1.20:8001/trust",
    testing=True,
)


@pytest.fixture
def own(site: Site) -> bytes:
    """Return the site's own authority, as DER."""
    return authority(site.parts.settings.keys_dir, machine_names(), site.clock.now()).der


def test_without_an_own_authority_there_is_nothing_to_install(client_of: Browser) -> None:
    anybody = client_of(None)
    assert "Nothing has to be installed" in anybody.get("/trust").text
    assert [anybody.get(file).status_code for file in FILES] == [404, 404, 404]


def test_everybody_gets_the_authority_in_each_form(own: bytes, client_of: Browser) -> None:
    anybody = client_of(None)
    der, pem, profile = (anybody.get(file) for file in FILES)
    assert der.data == own and der.mimetype == "application/x-x509-ca-cert"
    read = x509.load_pem_x509_certificate(pem.data)
    assert read == x509.load_der_x509_certificate(own)
    content = plistlib.loads(profile.data)["PayloadContent"][0]
    assert content["PayloadContent"] == own
    assert content["PayloadDisplayName"] == "Rollbook (Hill School)"


def test_the_page_shows_code_address_and_fingerprint_and_no_key(site: Site, own: bytes) -> None:
    app = create_app(site.parts, LAN)
    page = app.test_client().get("/trust", base_url="http://192.168.1.20").text
    assert "<svg" in page and LAN.trust_address in page and "PRIVATE" not in page
    found = site.parts.authority
    assert found is not None and found.fingerprint in page
    assert "style=" not in page


class Door:
    """Asks the door as a browser does that follows nothing."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    def send(self, method: str, path: str, host: str = "192.168.1.20:8001") -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, f"http://door{path}", headers={"host": host})

        return asyncio.run(ask())

    def get(self, path: str, host: str = "192.168.1.20:8001") -> httpx.Response:
        return self.send("GET", path, host)


@pytest.fixture
def door(site: Site, own: bytes) -> Door:
    pages = create_asgi(site.parts, LAN)
    return Door(trust_door(pages, LAN, 8000))


def test_the_door_serves_how_to_trust_and_nothing_else(door: Door) -> None:
    assert door.get("/trust").status_code == 200
    assert [door.get(file).status_code for file in FILES] == [200, 200, 200]
    assert door.get("/static/trust.css").status_code == 200
    assert door.get("/").headers["location"] == "/trust"
    for path in ("/login", "/healthz", "/trustworthy", "/api/v1/people"):
        answer = door.get(path)
        assert answer.status_code == 307, path
        assert answer.headers["location"] == f"https://192.168.1.20:8000{path}"
    assert door.send("POST", "/trust").status_code == 405
    assert door.send("POST", "/login").status_code == 307


def test_the_door_drops_what_follows_a_question_mark_and_refuses_other_names(
    door: Door,
) -> None:
    answer = door.get("/login?token=secret")
    assert "secret" not in answer.headers["location"]
    for name in ("evil.example", "", "192.168.1.20.evil.example", "[fd00::21]:8001"):
        assert door.get("/login", name).status_code == 400, name
    six = door.get("/login", "[fd00::20]:8001")
    assert six.headers["location"] == "https://[fd00::20]:8000/login"


@pytest.mark.parametrize(("hsts", "said"), [(True, True), (False, False)])
def test_browsers_remember_https_only_of_a_certificate_that_others_vouch_for(
    site: Site, hsts: bool, said: bool
) -> None:
    chosen = WebOptions(secure=True, hsts=hsts, testing=True, hosts=("localhost",))
    answer = create_app(site.parts, chosen).test_client().get("/trust")
    assert ("Strict-Transport-Security" in answer.headers) == said
