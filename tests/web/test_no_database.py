"""Pages while the database cannot be opened at all: they say so, and when to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rollbook.bootstrap import App
from rollbook.errors import StorageUnavailable
from web.school import Site


@pytest.mark.parametrize("path", ["/", "/login", "/people", "/missing", "/kiosk"])
@pytest.mark.parametrize("login", ["alice", None])
def test_a_page_without_a_database_says_what_is_wrong(
    login: str | None,
    path: str,
    site: Site,
    web_app: Flask,
    client_of: Callable[[str | None], FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    web_app.testing = False
    client = client_of(login)

    def gone(self: object) -> NoReturn:
        raise StorageUnavailable("The disk is unplugged.")

    monkeypatch.setattr(App, "uow", gone)
    answer = client.get(path)
    if answer.status_code != 404:
        assert answer.status_code == 503
        assert "The disk is unplugged." in answer.text
        assert "Retry-After" in answer.headers
