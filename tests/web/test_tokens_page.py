"""The page where somebody makes tokens for programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from rollbook.domain.tokens import PREFIX
from web.programs import Program, make_token
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]
PAGE = "/account/tokens"


def wanted(**more: object) -> dict[str, object]:
    return {"name": "Timetable", "scopes": ["people:read"], "days": "30", **more}


def shown(page: str) -> str:
    found = re.search(rf"{PREFIX}[\w-]+", page)
    return found.group() if found else ""


def test_a_token_is_shown_once_and_works(site: Site, web_app: Flask, client_of: ClientOf) -> None:
    bob = client_of("bob")
    assert bob.post(PAGE, data=wanted()).location == PAGE
    token = shown(bob.get(PAGE).text)
    assert Program(web_app, token).get("/people").status_code == 200
    again = bob.get(PAGE).text
    assert "Timetable" in again and shown(again) == ""
    with site.parts.uow() as uow:
        (kept,) = uow.tokens.all()
    assert kept.expires_at == site.clock.now() + timedelta(days=30)


def test_what_cannot_be_used_is_told(site: Site, client_of: ClientOf) -> None:
    bob = client_of("bob")
    for odd in (
        wanted(name=" "),
        wanted(scopes=[]),
        wanted(scopes=["users:read"]),
        wanted(scopes=["x"]),
        wanted(days="99999"),
        wanted(days="-1"),
        wanted(name="x" * 300),
    ):
        answer = bob.post(PAGE, data=odd)
        assert answer.status_code == 400
        assert "Please look at these again" in answer.text
    with site.parts.uow() as uow:
        assert uow.tokens.all() == []


def test_a_token_is_revoked_by_its_owner_or_an_administrator(
    site: Site, web_app: Flask, client_of: ClientOf
) -> None:
    programs = [Program(web_app, make_token(site, "bob")) for _ in range(2)]
    with site.parts.uow() as uow:
        paths = [f"{PAGE}/{token.token_id}/revoke" for token in uow.tokens.all()]
    assert client_of("charlie").post(paths[0]).status_code == 404
    assert "test" not in client_of("charlie").get(PAGE).text.split("<main")[1]
    assert "Tokens of other accounts" in client_of("alice").get(PAGE).text
    assert client_of("bob").post(paths[0]).location == PAGE
    assert client_of("alice").post(paths[1]).location == PAGE
    assert [program.get("/me").status_code for program in programs] == [401, 401]


def test_an_old_sign_in_is_asked_for_again(site: Site, client_of: ClientOf) -> None:
    bob = client_of("bob")
    site.clock.at += timedelta(hours=1)
    assert "/confirm" in bob.post(PAGE, data=wanted()).location


def test_each_role_is_offered_its_own_scopes(client_of: ClientOf) -> None:
    assert "audit:read" in client_of("dora").get(PAGE).text
    ada = client_of("ada").get(PAGE).text
    assert "me:read" in ada and "people:read" not in ada


def test_the_account_page_leads_there(client_of: ClientOf) -> None:
    assert f'href="{PAGE}"' in client_of("bob").get("/account").text
