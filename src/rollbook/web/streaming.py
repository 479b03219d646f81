"""What streams beside Flask share: the installation, who is asking, and how to answer."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from rollbook.bootstrap import App
from rollbook.domain.access import Actor, Permission
from rollbook.web import identity
from rollbook.web.headers import PRIVATE
from rollbook.web.parts import WebOptions


@dataclass(frozen=True, slots=True)
class StreamContext:
    """Given to the ASGI routes of each area."""

    parts: App
    options: WebOptions

    def actor(self, request: HTTPConnection) -> Actor | None:
        """Return who is signed in in this browser. Reads the database: call it in a thread."""
        token = request.cookies.get(self.options.session_cookie, "")
        return identity.actor_of_token(self.parts, token)

    def refusal(self, actor: Actor | None, permission: Permission) -> Response | None:
        """Return the answer to somebody who may not, or None."""
        if actor is None:
            return problem(401, "Sign in first.")
        return None if actor.may(permission) else problem(403, "This is not for you.")


def problem(status: int, detail: str, **more: object) -> Response:
    """Return a refusal as RFC 9457 JSON."""
    body = {"status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers=PRIVATE, media_type="application/problem+json")
