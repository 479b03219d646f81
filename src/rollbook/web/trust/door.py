"""The small server without HTTPS: it tells how to trust the site, and leads elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from rollbook.web.headers import PRIVATE
from rollbook.web.parts import WebOptions

OPEN = ("/trust", "/static/")

AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def trust_door(pages: AsgiApp, options: WebOptions, port: int) -> AsgiApp:
    """Return an application that serves the trust pages, and sends all else to HTTPS."""
    known = {name.strip("[]").lower() for name in options.hosts}

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] != "http":
            return
        host = _host(Headers(scope=scope).get("host", ""))
        if host.strip("[]") not in known:
            answer = PlainTextResponse("Unknown name.", 400, headers=PRIVATE)
        elif path == "/":
            answer = RedirectResponse("/trust", 303, headers=PRIVATE)
        elif path == "/trust" or path.startswith(OPEN[0] + "/") or path.startswith(OPEN[1]):
            if scope["method"] in {"GET", "HEAD"}:
                return await pages(scope, receive, send)
            answer = PlainTextResponse("Only reading.", 405, headers=PRIVATE)
        else:
            answer = RedirectResponse(f"https://{host}:{port}{path}", 307, headers=PRIVATE)
        await answer(scope, receive, send)

    return door


def _host(header: str) -> str:
    """Return the host without its port, an IPv6 address in brackets."""
    try:
        host = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""
    return f"[{host}]" if ":" in host else host
