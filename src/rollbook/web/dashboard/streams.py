"""The guard in front of Streamlit: pages, files and websockets only for who may."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Message, Receive, Scope, Send

from rollbook.dashboard import hosting
from rollbook.errors import StorageError
from rollbook.web.dashboard.entrance import PATH, Entrance, is_possible
from rollbook.web.dashboard.policy import headers
from rollbook.web.dashboard.running import Streamlit
from rollbook.web.headers import PRIVATE
from rollbook.web.streaming import StreamContext, problem

POLICY_VIOLATION = 1008  # why a websocket is closed
READING = {"GET", "HEAD"}


def routes(context: StreamContext) -> list[BaseRoute]:
    """Return the dashboard's place, where Streamlit is installed."""
    return [Mount(PATH, app=Guard(context))] if is_possible() else []


class Guard:
    """Passes on to Streamlit what comes from a browser that was let in."""

    def __init__(self, context: StreamContext) -> None:
        self._entrance = Entrance(context.parts, context.options)
        self._streamlit = Streamlit(context.ending)
        self._headers = headers()
        hosting.become(hosting.Host(context.parts, self._visitor, "/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asking = HTTPConnection(scope)
        refused = await self._refusal(asking)
        if refused is None:
            app = await self._streamlit.app()
            await app(scope, receive, self._kept_private(scope, send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await refused(scope, receive, send)

    def _visitor(self) -> hosting.Visitor | None:
        """Return who looks at the page whose script runs."""
        context = hosting.context()
        return self._entrance.visitor(
            dict(context.cookies), context.headers.get("Accept-Language", "")
        )

    async def _refusal(self, asking: HTTPConnection) -> Response | None:
        if _comes_from_elsewhere(asking):
            return problem(403, "This is not for you.")
        language = asking.headers.get("accept-language", "")
        try:
            found = await run_in_threadpool(self._entrance.visitor, asking.cookies, language)
        except StorageError:
            return problem(503, "The database cannot be read now. Try again in a moment.")
        if found is None:
            return _way_in(asking)
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


def _comes_from_elsewhere(asking: HTTPConnection) -> bool:
    """Return whether another site's page asks; Streamlit would look for its own address outside."""
    origin = asking.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != asking.headers.get("host")


def _way_in(asking: HTTPConnection) -> Response:
    """Return where a person gets a cookie; programs and scripts are just refused."""
    page = "text/html" in asking.headers.get("accept", "")
    if asking.scope["type"] == "websocket" or not page:
        return problem(401, "Sign in first.")
    path, query = asking.scope["path"], asking.scope["query_string"].decode("latin-1")
    back = quote(f"{path}?{query}" if query else path, safe="")
    return RedirectResponse(f"/visualize?next={back}", 303, headers=PRIVATE)
