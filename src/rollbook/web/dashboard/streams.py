"""The guard in front of Streamlit: pages, files and websockets only for who may."""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from rollbook.dashboard import hosting
from rollbook.errors import StorageError
from rollbook.web.dashboard.entrance import PATH, Entrance, is_possible
from rollbook.web.dashboard.running import Streamlit
from rollbook.web.dashboard.shield import Shield, turn_away
from rollbook.web.dashboard.spoken import as_it_is, spoken
from rollbook.web.headers import PRIVATE
from rollbook.web.streaming import StreamContext, problem


def routes(context: StreamContext) -> list[BaseRoute]:
    """Return the dashboard's place, where Streamlit is installed."""
    return [Mount(PATH, app=Shield(Guard(context)))] if is_possible() else []


class Guard:
    """Passes on to Streamlit what comes from a browser that was let in."""

    def __init__(self, context: StreamContext) -> None:
        self._entrance = Entrance(context.parts, context.options)
        self._streamlit = Streamlit(context.ending)
        hosting.become(hosting.Host(context.parts, self._visitor, "/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asking = HTTPConnection(scope)
        found = await self._found(asking)
        if isinstance(found, Response):
            await turn_away(found, scope, receive, send)
            return
        if scope["type"] == "http" and _is_page(asking):
            scope, send = as_it_is(scope), spoken(send, found.language)
        app = await self._streamlit.app()
        await app(scope, receive, send)

    def _visitor(self) -> hosting.Visitor | None:
        """Return who looks at the page whose script runs."""
        context = hosting.context()
        return self._entrance.visitor(
            dict(context.cookies), context.headers.get("Accept-Language", "")
        )

    async def _found(self, asking: HTTPConnection) -> hosting.Visitor | Response:
        """Return who looks, or what is answered to who may not."""
        language = asking.headers.get("accept-language", "")
        try:
            found = await run_in_threadpool(self._entrance.visitor, asking.cookies, language)
        except StorageError:
            return problem(503, "The database cannot be read now. Try again in a moment.")
        return found or _way_in(asking)


def _is_page(asking: HTTPConnection) -> bool:
    return "text/html" in asking.headers.get("accept", "")


def _way_in(asking: HTTPConnection) -> Response:
    """Return where a person gets a cookie; programs and scripts are just refused."""
    if asking.scope["type"] == "websocket" or not _is_page(asking):
        return problem(401, "Sign in first.")
    path, query = asking.scope["path"], asking.scope["query_string"].decode("latin-1")
    back = quote(f"{path}?{query}" if query else path, safe="")
    return RedirectResponse(f"/visualize?next={back}", 303, headers=PRIVATE)
