"""Flask with streams beside it, as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, nullcontext
from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from rollbook.bootstrap import App
from rollbook.services.refusals import Why
from rollbook.web.app import create_app
from rollbook.web.areas import stream_routes
from rollbook.web.bodies import WholeBodies
from rollbook.web.parts import WebOptions
from rollbook.web.streaming import StreamContext

PAGES_AT_ONCE = 12  # threads that answer pages; those never wait for the networks

Background = Callable[[App], AbstractContextManager[Any]]
BACKGROUND: list[Background] = [
    lambda app: app.tasks,
    lambda app: nullcontext(app.people_index.open()),
]
"""Work that runs as long as the server: due work, long tasks, cameras. Each is entered at the
start with the installation's parts and left at the end."""


def create_asgi(
    installation: App, options: WebOptions | None = None, flask_app: Flask | None = None
) -> Starlette:
    """Return the application that `rollbook up` serves."""
    chosen = options or WebOptions()
    pages = flask_app or create_app(installation, chosen)
    context = StreamContext(installation, chosen)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with ExitStack() as running:
            for background in BACKGROUND:
                running.enter_context(background(installation))
            async with context.ending:
                yield

    return Starlette(
        routes=[
            *stream_routes(context),
            Mount("/", app=WholeBodies(WSGIMiddleware(pages, workers=PAGES_AT_ONCE))),
        ],
        middleware=[Middleware(KnownHosts, parts=installation, options=chosen)],
        lifespan=lifespan,
    )


class KnownHosts:
    """Refuses requests for another name than this server's, and notes it in the register."""

    def __init__(self, app: ASGIApp, parts: App, options: WebOptions) -> None:
        self._app = app
        self._parts = parts
        self._hosts = _hosts(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reached = False

        async def inner(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal reached
            reached = True
            await self._app(scope, receive, send)

        await TrustedHostMiddleware(inner, allowed_hosts=self._hosts)(scope, receive, send)
        if not reached:
            await run_in_threadpool(self._parts.refusals.note, Why.HOST, "any")


def _hosts(options: WebOptions) -> list[str]:
    """Return the names as Starlette's versions compare them: an IPv6 address with its brackets,
    without them, or cut at its first colon."""
    return [*options.hosts, *(name.strip("[]") for name in options.hosts), "["]
