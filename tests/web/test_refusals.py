"""Refusals are in the register, and nobody fills it with them."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from rollbook.domain.register import EntryKind
from web.accounts import events
from web.school import Site


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
