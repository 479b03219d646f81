"""Tokens of programs: sealed, found by the blind index of their text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from rollbook.domain.tokens import ApiToken, Scope
from rollbook.errors import NotFound
from rollbook.storage.codec import from_json, instant, iso, optional_instant, present, to_json
from rollbook.storage.tables import api_tokens
from rollbook.storage.vault import SqlVault

TOKEN, TEXT = "api token", "api token text"


class SqlApiTokens:
    """A row holds random ids, a blind index and a sealed payload."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, token: ApiToken, text: str) -> None:
        index = self._vault.blind(TEXT, text)
        row = {
            "token_id": token.token_id,
            "token": index,
            "user_id": token.user_id,
            "payload": self._seal(token, index.hex()),
        }
        self._connection.execute(insert(api_tokens).values(row))

    def get(self, token_id: str) -> ApiToken:
        found = self._one(api_tokens.c.token_id == token_id)
        if found is None:
            raise NotFound("There is no such token.")
        return found

    def by_text(self, text: str) -> ApiToken | None:
        index = self._vault.blind(TEXT, text)
        row = self._row(api_tokens.c.token == index)
        if row is None or self._fields(row).get("token", index.hex()) != index.hex():
            return None  # the index of another token was put into its row
        return self._open(row)

    def update(self, token: ApiToken) -> None:
        row = self._row(api_tokens.c.token_id == token.token_id)
        if row is None:
            raise NotFound("There is no such token.")
        index = self._fields(row).get("token")
        values: dict[str, object] = {"payload": self._seal(token, index)}
        if token.revoked_at is not None:
            values["token"] = None
        changed = update(api_tokens).where(api_tokens.c.token_id == token.token_id)
        self._connection.execute(changed.values(values))

    def all(self, user_id: str | None = None) -> list[ApiToken]:
        query = select(api_tokens)
        if user_id is not None:
            query = query.where(api_tokens.c.user_id == user_id)
        found = [self._open(row) for row in self._connection.execute(query)]
        return sorted(found, key=lambda token: (token.made_at, token.token_id), reverse=True)

    def _row(self, condition: Any) -> Row[Any] | None:
        return self._connection.execute(select(api_tokens).where(condition)).first()

    def _one(self, condition: Any) -> ApiToken | None:
        row = self._row(condition)
        return None if row is None else self._open(row)

    def _seal(self, token: ApiToken, index: str | None) -> bytes:
        fields = present(
            {
                "user_id": token.user_id,
                "name": token.name,
                "scopes": sorted(scope.value for scope in token.scopes),
                "made_at": iso(token.made_at),
                "expires_at": iso(token.expires_at),
                "used_at": iso(token.used_at),
                "revoked_at": iso(token.revoked_at),
                "token": index,
            }
        )
        return self._vault.seal(to_json(fields), purpose=TOKEN, owner=token.token_id)

    def _fields(self, row: Row[Any]) -> dict[str, Any]:
        return from_json(self._vault.open(bytes(row.payload), purpose=TOKEN, owner=row.token_id))

    def _open(self, row: Row[Any]) -> ApiToken:
        fields = self._fields(row)
        known = {scope.value for scope in Scope}
        return ApiToken(
            token_id=row.token_id,
            user_id=fields["user_id"],
            name=fields["name"],
            scopes=frozenset(Scope(name) for name in fields["scopes"] if name in known),
            made_at=instant(fields["made_at"]),
            expires_at=instant(fields["expires_at"]),
            used_at=optional_instant(fields.get("used_at")),
            revoked_at=optional_instant(fields.get("revoked_at")),
        )
