"""Where tokens of programs are kept."""

from __future__ import annotations

from typing import Protocol

from rollbook.domain.tokens import ApiToken


class ApiTokens(Protocol):
    """Tokens sealed as a whole; of each token's text only a blind index is kept."""

    def add(self, token: ApiToken, text: str) -> None: ...

    def get(self, token_id: str) -> ApiToken:
        """Raises NotFound."""
        ...

    def by_text(self, text: str) -> ApiToken | None:
        """Return the token whose text this is, unless it was revoked."""
        ...

    def update(self, token: ApiToken) -> None:
        """Write the token; one that was revoked is not found by its text any more."""
        ...

    def all(self, user_id: str | None = None) -> list[ApiToken]:
        """Return everybody's tokens or those of one user, newest first."""
        ...
