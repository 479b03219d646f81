"""What streams beside Flask share: the installation, who is asking, and how to answer."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from rollbook.bootstrap import App
from rollbook.domain.access import Actor, Permission
from rollbook.languages import catalogs
from rollbook.services.account_entries import NOBODY
from rollbook.services.refusals import Why
from rollbook.web import identity, texts
from rollbook.web.headers import PRIVATE
from rollbook.web.parts import WebOptions


@dataclass(frozen=True, slots=True)
class StreamContext:
    """Given to the ASGI routes of each area."""

    parts: App
    options: WebOptions
    ending: AsyncExitStack = field(default_factory=AsyncExitStack)  # closed with the server

    def actor(self, request: HTTPConnection) -> Actor | None:
        """Return who is signed in in this browser. Reads the database: call it in a thread."""
        token = request.cookies.get(self.options.session_cookie, "")
        return identity.actor_of_token(self.parts, token)

    def note(self, actor: Actor | None, why: Why) -> None:
        """Note in the register who gets no stream. Writes to the database: call it in a thread."""
        self.parts.refusals.note(why, "stream", NOBODY if actor is None else actor.by)

    def refusal(self, actor: Actor | None, permission: Permission) -> Response | None:
        """Return the answer to somebody who may not, or None."""
        if actor is None:
            return problem(401, "Sign in first.")
        return None if actor.may(permission) else problem(403, "This is not for you.")


class Problem(JSONResponse):
    """A refusal as RFC 9457 JSON; who asks in another language gets it in that one."""

    def __init__(self, status: int, detail: str, more: dict[str, object]) -> None:
        self._content = {"status": status, "detail": detail, **more}
        super().__init__(
            self._content, status, headers=PRIVATE, media_type="application/problem+json"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = texts.language_of(Headers(scope=scope).get("accept-language", ""))
        detail = catalogs.catalog(language).gettext(str(self._content["detail"]))
        self.body = self.render({**self._content, "detail": detail})
        self.headers["content-length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


def problem(status: int, detail: str, **more: object) -> Response:
    """Return a refusal as RFC 9457 JSON. `make texts` finds the sentence here."""
    return Problem(status, detail, more)
