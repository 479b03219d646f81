"""Who a program acts for: the token in its Authorization header, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from flask import g, request

from rollbook.domain.access import Actor
from rollbook.domain.tokens import ApiToken, Scope, permissions_for
from rollbook.services.refusals import Why
from rollbook.web import identity
from rollbook.web.access import note_refusal
from rollbook.web.api.problems import refuse
from rollbook.web.parts import parts

BY_TOKEN = "api_token"  # noqa: S105 - where the request's token is kept
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="rollbook"'}


def use_bearer() -> None:
    """Let the token say who asks, also where a browser's session came with it.

    A token that is worth nothing is refused, and never falls back to a session.
    """
    header = request.headers.get("Authorization")
    if header is None:
        return
    kind, _, text = header.partition(" ")
    held = parts().tokens.holder(text.strip()) if kind.lower() == "bearer" else None
    if held is None:
        note_refusal(None, Why.KEY)
        detail = "The token is wrong, expired or revoked, or its account is disabled."
        refuse(401, "Please sign in", detail, headers=CHALLENGE)
    token, user = held
    with parts().uow() as uow:
        whole = identity.actor_of_user(uow, user, parts())
    g.actor = replace(whole, only=permissions_for(token.scopes))
    setattr(g, BY_TOKEN, token)


def token_in_use() -> ApiToken | None:
    """Return the token of this request; None when a browser's session asks."""
    found: ApiToken | None = g.get(BY_TOKEN)
    return found


def require_scope(scope: Scope | None) -> None:
    """Refuse a token that was not made for this."""
    token = token_in_use()
    if token is None or scope is None or token.covers([scope]):
        return
    refuse(403, "This is not for you", f"The token was not made for {scope.value}.")


def actor_without(actor: Actor) -> Actor:
    """Return the account itself, as no token cuts it."""
    return replace(actor, only=None)
