"""Signing in and out in a browser: what a password, a code and a second step open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from builders import quick_hasher
from rollbook.domain.access import Role
from rollbook.domain.register import EntryKind
from rollbook.services.accounts import NewAccount
from rollbook.web.app import create_app
from rollbook.web.parts import WebOptions
from web.accounts import (
    PASSWORD,
    events,
    give_password,
    read,
    set_up_app,
    shown,
    sign_in_by_form,
)
from web.school import Site

Browser = Callable[[str | None], FlaskClient]


@pytest.fixture(autouse=True)
def _quick(site: Site) -> None:
    site.parts.hasher = quick_hasher()


@pytest.fixture
def web_app(own_web_app: Flask) -> Flask:
    return own_web_app


@pytest.fixture
def client(site: Site, client_of: Browser) -> FlaskClient:
    give_password(site, "bob")
    return client_of(None)


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("rollbook")
    return "" if found is None else found.value


def test_name_and_password_open_what_was_asked_for(client: FlaskClient) -> None:
    asked = client.get("/account")
    assert asked.location == "/login?next=/account"
    answer = sign_in_by_form(client, "  BOB ", target="/account")
    assert (answer.status_code, answer.location) == (302, "/account")
    assert client.get("/account").status_code == 200


def test_signing_in_makes_a_new_token(client: FlaskClient, site: Site) -> None:
    """A token that somebody planted before is worth nothing afterwards."""
    client.get("/login")
    before = cookie(client)
    sign_in_by_form(client, "bob")
    after = cookie(client)
    assert after
    assert before != after
    with site.parts.uow() as uow:
        assert uow.web_sessions.get(before) is None


def test_signing_out_ends_the_session_on_the_server(client: FlaskClient, site: Site) -> None:
    sign_in_by_form(client, "bob")
    token = cookie(client)
    assert client.post("/logout").location == "/login"
    client.set_cookie("rollbook", token)
    assert client.get("/account").status_code == 302
    assert events(site, EntryKind.ACCESS) == ["signed in", "signed out"]


def test_wrong_names_and_passwords_get_one_answer(client: FlaskClient) -> None:
    wrong = sign_in_by_form(client, "bob", "something else")
    nobody = sign_in_by_form(client, "bib", "something else")
    assert wrong.status_code == nobody.status_code == 401
    assert "not right" in wrong.text
    once = [text for text in wrong.text.splitlines() if 'name="_once"' not in text]
    also = [text for text in nobody.text.splitlines() if 'name="_once"' not in text]
    assert [text.replace("bob", "bib") for text in once] == also
    assert client.get("/account").status_code == 302


def test_too_many_wrong_tries_have_to_wait(client: FlaskClient, site: Site) -> None:
    for _ in range(6):
        sign_in_by_form(client, "bob", "wrong password")
    answer = sign_in_by_form(client, "bob")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 2
    site.clock.advance(3)
    assert sign_in_by_form(client, "bob").status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "http:///evil.example",
    ],
)
def test_nobody_is_led_to_another_site(client: FlaskClient, target: str) -> None:
    assert sign_in_by_form(client, "bob", target=target).location == "/"


def test_another_host_is_refused(client: FlaskClient) -> None:
    data = {"login": "bob", "password": PASSWORD}
    assert client.post("/login", data=data, headers={"Host": "evil.example"}).status_code == 400


def test_without_the_form_of_this_site_nobody_is_signed_in(site: Site) -> None:
    give_password(site, "bob")
    app = create_app(site.parts, WebOptions(testing=True, limits=False))
    assert sign_in_by_form(app.test_client(), "bob").status_code == 400


def test_one_address_cannot_try_without_end(site: Site) -> None:
    app = create_app(site.parts, WebOptions(testing=True, csrf=False))
    client = app.test_client()
    answers = [sign_in_by_form(client, f"name {i}", "wrong").status_code for i in range(61)]
    assert answers[-1] == 429


def test_a_disabled_account_is_out_at_once(client: FlaskClient, site: Site) -> None:
    sign_in_by_form(client, "bob")
    site.parts.accounts.set_active(site.users["bob"].user_id, False, "test")
    assert client.get("/account").status_code == 302
    assert sign_in_by_form(client, "bob").status_code == 401


def test_the_app_is_asked_for_after_the_password(client: FlaskClient, site: Site) -> None:
    secret, _ = set_up_app(site, "bob")
    answer = sign_in_by_form(client, "bob", target="/account")
    assert answer.location == "/login/second?next=/account"
    assert client.get("/account").status_code == 302
    assert client.post("/login/second", data={"code": "000000"}).status_code == 401
    code = {"code": shown(site, secret), "next": "/account"}
    assert client.post("/login/second", data=code).location == "/account"
    assert client.get("/account").status_code == 200


def test_a_recovery_code_opens_once(client: FlaskClient, site: Site) -> None:
    _, codes = set_up_app(site, "bob")
    sign_in_by_form(client, "bob")
    assert client.post("/login/second", data={"code": codes[0]}).status_code == 302
    client.post("/logout")
    sign_in_by_form(client, "bob")
    assert client.post("/login/second", data={"code": codes[0]}).status_code == 401
    assert "recovery code used" in events(site, EntryKind.ACCOUNT)


def test_the_second_step_cannot_be_taken_first_or_late(client: FlaskClient, site: Site) -> None:
    secret, _ = set_up_app(site, "bob")
    assert client.post("/login/second", data={"code": shown(site, secret)}).location == "/login"
    sign_in_by_form(client, "bob")
    site.clock.advance(11 * 60)
    assert client.post("/login/second", data={"code": shown(site, secret)}).location == "/login"
    assert client.get("/account").status_code == 302


def test_a_one_time_code_leads_to_a_password(client: FlaskClient, site: Site) -> None:
    new = NewAccount("Ève 渡辺", Role.AUDITOR)
    slip = site.parts.accounts.add(new, "test")
    assert sign_in_by_form(client, "ève 渡辺", slip.code).location == "/login/password"
    assert client.get("/account").status_code == 302
    weak = client.post("/login/password", data={"new": "password1", "again": "password1"})
    assert weak.status_code == 400
    differ = client.post("/login/password", data={"new": PASSWORD, "again": "x"})
    assert differ.status_code == 400
    done = client.post("/login/password", data={"new": PASSWORD, "again": PASSWORD})
    assert done.status_code == 302
    assert client.get("/account").status_code == 200
    client.post("/logout")
    assert sign_in_by_form(client, "Ève 渡辺", slip.code).status_code == 401


def test_a_code_alone_does_not_pass_the_second_step(client: FlaskClient, site: Site) -> None:
    secret, _ = set_up_app(site, "bob")
    slip = site.parts.accounts.reset(site.users["bob"].user_id, "test")
    sign_in_by_form(client, "bob", slip.code)
    done = client.post("/login/password", data={"new": PASSWORD, "again": PASSWORD})
    assert done.location == "/login/second"
    assert client.get("/account").status_code == 302
    assert client.post("/login/second", data={"code": shown(site, secret)}).status_code == 302


def test_administrators_are_led_to_a_second_factor_where_the_site_asks(
    site: Site, client_of: Browser
) -> None:
    site.parts.site.change("test", second_factor_required=True)
    client = client_of("alice")
    assert client.get("/users").location == "/account/second-factor"
    assert client.post("/users/new", data={}).status_code == 403
    assert client.get("/account/second-factor").status_code == 200
    assert client_of("bob").get("/account").status_code == 200
    set_up_app(site, "alice")
    assert client_of("alice").get("/users").status_code == 200


def test_a_password_kept_by_the_page_is_never_shown_again(client: FlaskClient) -> None:
    answer = sign_in_by_form(client, "bob", "typed in the wrong place")
    assert "typed in the wrong place" not in answer.text


def test_who_is_signed_in_is_not_asked_again(client: FlaskClient, site: Site) -> None:
    sign_in_by_form(client, "bob")
    assert client.get("/login?next=/account").location == "/account"
    assert read(site, "bob").password


def test_the_pages_say_nothing_of_passkeys_where_there_can_be_none(
    site: Site, web_app: Flask
) -> None:
    client = web_app.test_client()
    assert "data-passkey" in client.get("/login", base_url="http://localhost").text
    assert "data-passkey" not in client.get("/login", base_url="http://127.0.0.1").text
    path = "/login/passkey/start"
    assert client.post(path, base_url="http://127.0.0.1", json={}).status_code == 404
