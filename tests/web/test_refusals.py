"""Refusals are in the register, and nobody fills it with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from flask.testing import FlaskClient
from httpx import ASGITransport, AsyncClient

from rollbook.domain.register import EntryKind
from rollbook.domain.tokens import PREFIX
from rollbook.web.app import create_app
from rollbook.web.asgi import create_asgi
from rollbook.web.parts import WebOptions
from web.accounts import events
from web.school import Site, sign_in


def test_an_account_is_noted_once_an_hour_for_each_route(
    site: Site, client_of: Callable[[str | None], FlaskClient]
) -> None:
    client = client_of("ada")
    for _ in range(5):
        assert client.get("/people").status_code == 403
    assert events(site, EntryKind.ACCESS).count("refused") == 1
    client.get("/users")
    assert events(site, EntryKind.ACCESS).count("refused") == 2
    site.clock.advance(3600)
    client.get("/people")
    assert events(site, EntryKind.ACCESS).count("refused") == 3


def whys(site: Site) -> list[tuple[object, object]]:
    with site.parts.uow() as uow:
        told = uow.register.since(0, [EntryKind.ACCESS], 1000)
    return [(one.body["why"], one.body["by"]) for one in told if one.body["event"] == "refused"]


def test_ids_of_others_are_told_and_mistakes_of_who_sees_everything_are_not(
    site: Site, client_of: Callable[[str | None], FlaskClient]
) -> None:
    address = f"/sessions/{site.session.session_id}"
    assert client_of("charlie").get(address).status_code == 404
    assert client_of("alice").get(f"/sessions/{'0' * 32}").status_code == 404
    assert whys(site) == [("id", f"faculty {site.users['charlie'].user_id}")]


def test_forged_forms_are_told(site: Site) -> None:
    client = create_app(site.parts, WebOptions(limits=False)).test_client()
    client.set_cookie("rollbook", sign_in(site, "alice"))
    assert client.post("/people/add", data={"name": "Eve"}).status_code == 400
    assert whys(site) == [("form", f"administrator {site.users['alice'].user_id}")]


def test_strangers_are_told_without_what_they_brought(
    site: Site, client_of: Callable[[str | None], FlaskClient]
) -> None:
    client = client_of(None)
    token = {"Authorization": f"Bearer {PREFIX}stolen"}
    for _ in range(3):
        assert client.get("/api/v1/people", headers=token).status_code == 401
        assert client.get("/", headers={"Host": "evil.invalid"}).status_code == 400
    assert whys(site) == [("key", "nobody"), ("host", "nobody")]
    with site.parts.uow() as uow:
        told = str([entry.body for entry in uow.register.entries()])
    assert "stolen" not in told and "evil" not in told


def test_a_name_that_is_not_the_servers_is_told_by_the_whole_application(site: Site) -> None:
    async def ask() -> int:
        transport = ASGITransport(create_asgi(site.parts, WebOptions(limits=False)))
        async with AsyncClient(transport=transport, base_url="http://evil.invalid") as client:
            return (await client.get("/board/stream")).status_code

    assert asyncio.run(ask()) == 400
    assert whys(site) == [("host", "nobody")]
