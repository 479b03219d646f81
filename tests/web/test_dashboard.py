"""The way to the dashboard: tickets, the cookie, and the guard in front of Streamlit."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.websockets import WebSocketDisconnect

from rollbook.dashboard import hosting
from rollbook.domain.access import Role
from rollbook.web.asgi import create_asgi
from rollbook.web.dashboard.entrance import LASTS, Entrance, cookie_name
from rollbook.web.parts import WebOptions
from web.school import Site, make_site, sign_in

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would like the successor of httpx, which is young
    from starlette.testclient import TestClient

HERE = "http://127.0.0.1:8000"
OPTIONS = WebOptions(limits=False)
PAGE = {"accept": "text/html"}


@pytest.fixture
def site(book: Path) -> Iterator[Site]:
    made = make_site(book)
    yield made
    made.parts.database.close()


def browser(site: Site, login: str | None, options: WebOptions = OPTIONS) -> TestClient:
    """Return a browser of somebody, in which nothing was opened yet."""
    client = TestClient(create_asgi(site.parts, options), HERE, follow_redirects=False)
    if login is not None:
        client.cookies.set(options.session_cookie, sign_in(site, login), domain="127.0.0.1")
    return client


def ticket_of(client: TestClient, following: str = "") -> str:
    """Press the button and return the address with the ticket."""
    page = client.get("/visualize", params={"next": following}).text
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert csrf is not None
    form = {"csrf_token": csrf.group(1), "next": following}
    answer = client.post("/visualize", data=form, headers={"referer": HERE})
    assert answer.status_code == 303
    return answer.headers["location"]


def token_of(client: TestClient) -> str:
    token = client.cookies.get(OPTIONS.session_cookie)
    assert token is not None
    return token


def test_the_button_leads_by_a_ticket_to_a_cookie_and_an_address_without_it(site: Site) -> None:
    client = browser(site, "bob")
    answer = client.get(ticket_of(client, "/dashboard/trends?period=13w"))
    assert answer.headers["location"] == "/dashboard/trends?period=13w"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{cookie_name(OPTIONS)}=")
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/dashboard" in cookie
    assert "Secure" not in cookie  # this is HTTP


def test_under_https_the_cookie_says_so(site: Site) -> None:
    assert cookie_name(WebOptions(secure=True)).startswith("__Secure-")


def test_a_ticket_is_used_once(site: Site) -> None:
    client = browser(site, "bob")
    address = ticket_of(client)
    assert "set-cookie" in client.get(address).headers
    again = client.get(address)
    assert again.headers["location"] == "/"
    assert cookie_name(OPTIONS) not in again.headers.get("set-cookie", "")


def test_a_ticket_is_worth_nothing_in_another_browser_or_later(site: Site) -> None:
    entrance = Entrance(site.parts, OPTIONS)
    client = browser(site, "bob")
    kept = parse_qs(urlsplit(ticket_of(client)).query)["ticket"][0]
    assert not entrance.redeem(kept, sign_in(site, "bob"))
    assert not entrance.redeem(f"{kept}x", token_of(client))
    site.clock.advance(LASTS.total_seconds() + 1)
    assert not entrance.redeem(kept, token_of(client))


def test_the_way_leads_nowhere_but_to_the_dashboard(site: Site) -> None:
    client = browser(site, "bob")
    for odd in ("https://elsewhere.example/", "//elsewhere.example", "/people", "/dashboard"):
        assert client.get(ticket_of(client, odd)).headers["location"] == "/dashboard/"


def test_without_a_cookie_a_page_leads_through_signing_in_and_back(site: Site) -> None:
    client = browser(site, None)
    answer = client.get("/dashboard/trends?period=13w&group=abc", headers=PAGE)
    assert answer.status_code == 303
    first = client.get(answer.headers["location"], headers=PAGE)
    where = urlsplit(first.headers["location"])
    assert where.path == "/login"
    (following,) = parse_qs(where.query)["next"]
    (back,) = parse_qs(urlsplit(following).query)["next"]
    assert back == "/dashboard/trends?period=13w&group=abc"


@pytest.mark.parametrize(
    "path", ["/dashboard/", "/dashboard/_stcore/health", "/dashboard/media/a.csv"]
)
def test_without_a_cookie_there_is_nothing_to_read(site: Site, path: str) -> None:
    client = browser(site, "alice")  # signed in, and never came by a ticket
    answer = client.get(path)
    assert answer.status_code == 401
    assert "no-store" in answer.headers["cache-control"]


def test_without_a_cookie_there_is_no_websocket(site: Site) -> None:
    client = browser(site, "alice")
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/dashboard/_stcore/stream"):
        pass


def test_a_page_of_another_site_gets_nothing(site: Site) -> None:
    client = browser(site, "bob")
    client.get(ticket_of(client))
    headers = {"origin": "https://elsewhere.example"}
    assert client.get("/dashboard/", headers=headers).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/dashboard/_stcore/stream", headers=headers),
    ):
        pass


def test_nothing_can_be_sent_up(site: Site) -> None:
    client = browser(site, "bob")
    client.get(ticket_of(client))
    assert client.put("/dashboard/_stcore/upload_file/a/b", content=b"x").status_code == 405


def visitor(site: Site, client: TestClient) -> hosting.Visitor | None:
    """Return whom the guard would let in with this browser's cookies."""
    return Entrance(site.parts, OPTIONS).visitor(dict(client.cookies), "de")


def test_who_came_by_the_button_is_known_until_they_sign_out(site: Site) -> None:
    client = browser(site, "bob")
    client.get(ticket_of(client))
    found = visitor(site, client)
    assert found is not None and found.language == "de"
    assert found.actor.group_ids == {site.group.group_id}
    with site.parts.uow() as uow:
        uow.web_sessions.remove(token_of(client))
        uow.commit()
    assert visitor(site, client) is None


def test_the_cookie_alone_opens_nothing(site: Site) -> None:
    client = browser(site, "bob")
    client.get(ticket_of(client))
    stolen = {cookie_name(OPTIONS): client.cookies[cookie_name(OPTIONS)]}
    entrance = Entrance(site.parts, OPTIONS)
    assert entrance.visitor(stolen, "en") is None
    other = {**stolen, OPTIONS.session_cookie: sign_in(site, "charlie")}
    assert entrance.visitor(other, "en") is None


def test_who_lost_the_role_is_not_let_in_any_more(site: Site) -> None:
    client = browser(site, "bob")
    client.get(ticket_of(client))
    with site.parts.uow() as uow:
        bob = uow.users.get(site.users["bob"].user_id)
        uow.users.update(bob.__class__(bob.user_id, bob.login, Role.KIOSK, bob.uniquifier))
        uow.commit()
    assert visitor(site, client) is None


def test_the_server_starts_without_streamlit() -> None:
    """It is imported by the first click: nobody waits for it who does not want it."""
    text = (
        "import sys, rollbook.web.server; from rollbook.web.dashboard import policy, streams;"
        "assert 'sha256-' in policy.headers()['Content-Security-Policy'];"
        "sys.exit('streamlit' in sys.modules or 'pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
