"""The own account: password, sessions, second factor, and being asked again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from builders import quick_hasher
from rollbook.domain.register import EntryKind
from web.accounts import PASSWORD, events, give_password, read, set_up_app, shown, sign_in_by_form
from web.school import Site

Browser = Callable[[str | None], FlaskClient]
NEW = "another kettle on friday"


@pytest.fixture(autouse=True)
def _quick(site: Site) -> None:
    site.parts.hasher = quick_hasher()
    give_password(site, "bob")
    give_password(site, "alice")


def change(client: FlaskClient, old: str = PASSWORD, new: str = NEW, again: str = NEW) -> int:
    data = {"old": old, "new": new, "again": again}
    return client.post("/account/password", data=data).status_code


def test_a_new_password_signs_out_everywhere_else(site: Site, client_of: Browser) -> None:
    here, there = client_of("bob"), client_of("bob")
    assert change(here) == 302
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302
    assert sign_in_by_form(client_of(None), "bob").status_code == 401
    assert sign_in_by_form(client_of(None), "bob", NEW).status_code == 302
    assert "password changed" in events(site, EntryKind.ACCOUNT)


def test_the_old_password_is_asked_for_and_guessing_is_throttled(client_of: Browser) -> None:
    client = client_of("bob")
    for _ in range(6):
        assert change(client, old="wrong password") == 400
    assert change(client) == 400
    assert (
        "too many wrong tries"
        in client.post("/account/password", data={"old": PASSWORD, "new": NEW, "again": NEW}).text
    )


def test_weak_and_mistyped_passwords_change_nothing(site: Site, client_of: Browser) -> None:
    client, before = client_of("bob"), read(site, "bob")
    assert change(client, new="bob12", again="bob12") == 400
    assert change(client, new="qwertyuiop", again="qwertyuiop") == 400
    assert change(client, again="something else") == 400
    assert read(site, "bob") == before


def test_sessions_are_listed_and_can_be_ended(site: Site, client_of: Browser) -> None:
    here, there = client_of(None), client_of(None)
    agent = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"
    data = {"login": "bob", "password": PASSWORD}
    there.post("/login", data=data, headers={"User-Agent": agent})
    here.post("/login", data=data)
    page = here.get("/account").text
    assert "Firefox, Windows" in page
    handles = set(re.findall(r"/account/sessions/([0-9a-f]+)/end", page))
    assert len(handles) == 2
    own = re.search(r"this one.*?sessions/([0-9a-f]+)/end", page, re.S)
    assert own is not None
    other = (handles - {own[1]}).pop()
    assert here.post(f"/account/sessions/{other}/end").status_code == 302
    assert there.get("/account").status_code == 302
    assert here.get("/account").status_code == 200
    assert here.post(f"/account/sessions/{own[1]}/end").location == "/login"
    assert here.get("/account").status_code == 302


def test_nobody_ends_the_session_of_somebody_else(site: Site, client_of: Browser) -> None:
    bob, charlie = client_of("bob"), client_of("charlie")
    page = bob.get("/account").text
    handle = re.findall(r"/account/sessions/([0-9a-f]+)/end", page)[0]
    assert charlie.post(f"/account/sessions/{handle}/end").status_code == 404
    assert bob.get("/account").status_code == 200


def test_all_other_sessions_end_at_once(client_of: Browser) -> None:
    here, there = client_of("bob"), client_of("bob")
    here.post("/account/sessions/end-others")
    assert there.get("/account").status_code == 302
    assert here.get("/account").status_code == 200


def test_an_app_is_set_up_with_its_first_code(site: Site, client_of: Browser) -> None:
    client = client_of("bob")
    page = client.get("/account/second-factor").text
    assert "<svg" in page
    key = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page)
    assert key is not None
    secret = key[1].replace(" ", "")
    assert client.post("/account/second-factor", data={"code": "123456"}).status_code == 400
    done = client.post("/account/second-factor", data={"code": shown(site, secret)})
    assert len(re.findall(r"<li><code>[A-Z0-9-]{14}</code>", done.text)) == 8
    assert "second factor set up" in events(site, EntryKind.ACCOUNT)
    assert "8 recovery codes" in client.get("/account").text


def test_removing_the_app_needs_a_fresh_sign_in(site: Site, client_of: Browser) -> None:
    secret, _ = set_up_app(site, "bob")
    client = client_of("bob")
    site.clock.advance(31 * 60)
    asked = client.post(
        "/account/second-factor/remove", headers={"Referer": "http://localhost/account"}
    )
    assert asked.location == "/account/confirm?next=/account"
    assert "totp" in read(site, "bob").secrets
    assert client.post("/account/confirm", data={"password": PASSWORD}).status_code == 401
    data = {"password": PASSWORD, "code": shown(site, secret), "next": "/account"}
    assert client.post("/account/confirm", data=data).location == "/account"
    client.post("/account/second-factor/remove")
    assert read(site, "bob").secrets == {}


def test_a_page_that_can_do_harm_asks_again_and_leads_back(site: Site, client_of: Browser) -> None:
    client = client_of("alice")
    assert client.get("/users/new").status_code == 200
    site.clock.advance(11 * 60)
    asked = client.get("/users/new?x=1")
    assert asked.location == "/account/confirm?next=/users/new?x%3D1"
    data = {"password": PASSWORD, "next": "/users/new?x=1"}
    assert client.post("/account/confirm", data=data).location == "/users/new?x=1"
    assert client.get("/users/new").status_code == 200


def test_a_script_is_told_where_to_confirm(site: Site, client_of: Browser) -> None:
    client = client_of("bob")
    site.clock.advance(31 * 60)
    answer = client.post(
        "/account/passkeys/start", json={}, headers={"Referer": "http://localhost/account"}
    )
    assert answer.status_code == 401
    assert answer.get_json()["confirm"] == "/account/confirm?next=/account"


def test_confirming_never_leads_elsewhere(site: Site, client_of: Browser) -> None:
    client = client_of("bob")
    data = {"password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/account/confirm", data=data).location == "/"
