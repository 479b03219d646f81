"""Streamlit in this process, started when somebody opens the dashboard for the first time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any

import anyio.to_thread
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from rollbook.dashboard import hosting


class Streamlit:
    """One for a process: Streamlit cannot be there twice."""

    def __init__(self, ending: AsyncExitStack) -> None:
        """`ending` stops it together with the server."""
        self._ending = ending
        self._app: ASGIApp | None = None
        self._starting = asyncio.Lock()

    async def app(self) -> ASGIApp:
        """Return the application; the first call takes a second or two."""
        async with self._starting:
            if self._app is None:
                self._app = await self._started()
            return self._app

    async def _started(self) -> ASGIApp:
        made: Any = await run_in_threadpool(_made)
        threads = anyio.to_thread.current_default_thread_limiter()
        allowed = threads.total_tokens
        await self._ending.enter_async_context(made.lifespan()(made))
        threads.total_tokens = allowed  # Streamlit lowers it for the whole server
        _be_silent()
        return made  # type: ignore[no-any-return]


def _be_silent() -> None:
    """Take back that Streamlit lets the server write every address that is asked for."""
    for name in ("uvicorn.access", "uvicorn.asgi"):
        logging.getLogger(name).disabled = True
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def _made() -> Any:
    """Import and make the application. Slow: call it in a thread."""
    hosting.configure()
    script = hosting.SCRIPT
    return import_module("streamlit").App(script, on_script_error=hosting.note_error)
