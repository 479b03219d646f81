"""What is sent to a page is waited for here, so that a slow sender holds no thread of the pages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from rollbook.web.streaming import problem
from rollbook.web.uploads import IN_MEMORY

FORM = 64 * 1024  # bytes; so much is taken however much waits already
WAITING = 128 * 1024 * 1024  # bytes of unfinished bodies, of all senders together
LARGE_AT_ONCE = 4  # bodies that do not fit into memory; each holds a thread while it comes in
IDLE = 15.0  # seconds without a single byte
GRACE, PACE = 30.0, 16 * 1024  # seconds, and bytes a second, that a whole body may take
BUSY = "Too much is being sent at once. Try again in a moment."

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[..., Awaitable[None]]


class WholeBodies:
    """Lets a request through to its thread once its body is there.

    What is too large for memory is passed on as it comes, for a few senders at a time.
    """

    def __init__(self, app: AsgiApp, idle: float = IDLE, grace: float = GRACE) -> None:
        self._app = app
        self._idle, self._grace = idle, grace
        self._waiting = 0
        self._large = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        length = _length(scope)
        if length == 0:
            await self._app(scope, receive, send)
        elif length <= IN_MEMORY:
            await self._small(length, scope, receive, send)
        else:
            await self._in_pieces(length, scope, receive, send)

    async def _small(
        self, length: int, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        if length > FORM and self._waiting + length > WAITING:
            await problem(503, BUSY)(scope, receive, send)
            return
        self._waiting += length
        try:
            body = await self._whole(self._timed(receive, length))
        finally:
            self._waiting -= length
        if body is None:
            await problem(408, "This came too slowly. Send it again.")(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _in_pieces(
        self, length: int, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        if self._large >= LARGE_AT_ONCE:
            await problem(503, BUSY)(scope, receive, send)
            return
        self._large += 1
        try:
            await self._app(scope, self._timed(receive, length), send)
        finally:
            self._large -= 1

    def _timed(self, receive: Receive, length: int) -> Receive:
        """Return what receives, and takes a sender who is too slow for one who has gone."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._grace + length / PACE

        async def timed() -> Message:
            left = min(self._idle, until - loop.time())
            try:
                return await asyncio.wait_for(receive(), left)
            except TimeoutError:
                return {"type": "http.disconnect"}

        return timed

    async def _whole(self, receive: Receive) -> bytes | None:
        """Return the body; None when its sender went or was too slow."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            if not message.get("more_body", False):
                return bytes(body)


def _length(scope: MutableMapping[str, Any]) -> int:
    """Return how much a request says that it sends; a body of unknown length is never read."""
    if scope["type"] != "http":
        return 0
    told = dict(scope["headers"]).get(b"content-length", b"0")
    return int(told) if told.isdigit() else 0


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
