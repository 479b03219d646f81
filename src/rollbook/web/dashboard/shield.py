"""What holds for the dashboard wherever it runs: no page of another site, and strict headers."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.web.dashboard.policy import headers
from rollbook.web.headers import PRIVATE
from rollbook.web.streaming import problem

POLICY_VIOLATION = 1008  # why a websocket is closed
READING = {"GET", "HEAD"}


class Shield:
    """Stands around all else that answers; what it refuses, Streamlit never sees."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        """`hosts` are the names that a browser may use here; none where others look at that."""
        self._app = app
        self._hosts = hosts
        self._headers = headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(HTTPConnection(scope))
        if refused is None:
            await self._app(scope, receive, self._kept_private(scope, send))
        else:
            await turn_away(refused, scope, receive, send)

    def _refusal(self, asking: HTTPConnection) -> Response | None:
        host = asking.headers.get("host", "")
        if self._hosts and host.partition(":")[0] not in self._hosts:
            return PlainTextResponse("", 400, headers=PRIVATE)  # a name that leads here by a trick
        if _comes_from_elsewhere(asking):
            return problem(403, "This is not for you.")
        if asking.scope["type"] == "http" and asking.scope["method"] not in READING:
            return PlainTextResponse("", 405, headers=PRIVATE)  # nothing is sent up here
        return None

    def _kept_private(self, scope: Scope, send: Send) -> Send:
        """Return what sends with our headers; only Streamlit's own files may be kept."""
        file = "/static/" in scope["path"]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    told[name] = value
                if not file:
                    told["Cache-Control"] = "no-store"
            await send(message)

        return sending


async def turn_away(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a refusal, or close the websocket that was asked for."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
    else:
        await answer(scope, receive, send)


def _comes_from_elsewhere(asking: HTTPConnection) -> bool:
    """Return whether another site's page asks; Streamlit would look for its own address outside."""
    origin = asking.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != asking.headers.get("host")
