"""Programs that use the REST interface of the small school."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from rollbook.domain.subjects import new_id
from rollbook.domain.tokens import PREFIX, ApiToken, Scope, scopes_for
from web.school import Site

API = "/api/v1"


def make_token(site: Site, login: str, scopes: Collection[Scope] | None = None) -> str:
    """Return the text of a new token of this account; without `scopes` for all that it may."""
    user = site.users[login]
    allowed = scopes_for(user.role, own_record=user.subject_id is not None)
    now = site.clock.now()
    token = ApiToken(
        token_id=new_id(),
        user_id=user.user_id,
        name="test",
        scopes=frozenset(allowed if scopes is None else scopes),
        made_at=now,
        expires_at=now + timedelta(days=7),
    )
    text = PREFIX + new_id()
    with site.parts.uow() as uow:
        uow.tokens.add(token, text)
        uow.commit()
    return text


class Program:
    """A program with a token."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self._app = app
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send a request; what is not a `dict` is sent as it is."""
        sent: dict[str, Any] = {"json": body} if isinstance(body, dict | list) else {"data": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._app.test_client().open(
            API + path, method=method, headers={**self.headers, **named}, **sent
        )

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.ask("POST", path, body, **headers)
