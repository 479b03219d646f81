"""Server-sent events: "something changed", never what. The page then fetches its part anew.

So a stream holds no names, costs no thread, and every answer with names goes through the same
checks as the page itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from rollbook.domain.access import Actor, Permission
from rollbook.errors import NotFound, StorageError
from rollbook.services.refusals import Why
from rollbook.web.board.pulse import Listener, Pulse
from rollbook.web.headers import PRIVATE
from rollbook.web.streaming import StreamContext, problem

HEARTBEAT = 12.0  # seconds; proxies end what is silent for longer
CHECK_EVERY = 30.0  # seconds until it is asked anew whether the visitor still may
CALM = 0.25  # seconds between two messages of one stream, whatever happens in a corridor
PER_ACCOUNT, IN_ALL = 24, 2000  # streams
SESSION, NOW = "/sessions/{session_id}/board/stream", "/board/stream"


@dataclass(frozen=True, slots=True)
class Beat:
    """How often a stream speaks and asks, and how many there may be; tests are quicker."""

    heartbeat: float = HEARTBEAT
    check: float = CHECK_EVERY
    per_account: int = PER_ACCOUNT  # streams at once


class BoardStreams:
    """The streams of one process."""

    def __init__(self, context: StreamContext, beat: Beat | None = None) -> None:
        self._context = context
        self._beat = beat or Beat()
        self.pulse = Pulse(lambda number: context.parts.boards.changes(number))
        self._open: Counter[str] = Counter()

    async def session(self, request: Request) -> Response:
        session_id = request.path_params["session_id"]
        return await self._answer(request, lambda actor: self._session_scope(actor, session_id))

    async def now(self, request: Request) -> Response:
        return await self._answer(request, self._now_scope)

    async def _answer(
        self, request: Request, scope_of: Callable[[Actor], frozenset[str] | bool | None]
    ) -> Response:
        try:
            return await self._answered(request, scope_of)
        except StorageError:
            return problem(503, "The database cannot be read now. The board goes on by itself.")

    async def _answered(
        self, request: Request, scope_of: Callable[[Actor], frozenset[str] | bool | None]
    ) -> Response:
        actor = await run_in_threadpool(self._context.actor, request)
        refused = self._context.refusal(actor, Permission.SESSIONS_READ)
        if refused is not None or actor is None:
            await run_in_threadpool(self._context.note, actor, Why.ROLE if actor else Why.SESSION)
            return refused or problem(401, "Sign in first.")
        scope = await run_in_threadpool(scope_of, actor)
        if scope is False:
            await run_in_threadpool(self._context.note, actor, Why.ID)
            return problem(404, "There is no such page.")
        if self._open[actor.actor_id] >= self._beat.per_account or self._open.total() >= IN_ALL:
            return problem(503, "Too many boards are open. Close some of them.")
        again = _asking(self._context, request, scope_of)
        lines = self._lines(actor.actor_id, None if scope is True else scope, again)
        headers = {**PRIVATE, "X-Accel-Buffering": "no"}
        return StreamingResponse(lines, media_type="text/event-stream", headers=headers)

    async def _lines(
        self,
        account: str,
        sessions: frozenset[str] | None,
        again: Callable[[], Awaitable[frozenset[str] | bool | None]],
    ) -> AsyncIterator[str]:
        """Yield what is sent until the visitor goes, or may not look any more."""
        self._open[account] += 1
        listening: AbstractContextManager[Listener] = self.pulse.listening(sessions)
        try:
            with listening as listener:
                yield "retry: 2000\nevent: hello\ndata: 1\n\n"
                checked = time.monotonic()
                while True:
                    told = await _changed(listener, self._beat.heartbeat)
                    if time.monotonic() - checked >= self._beat.check:
                        scope = await again()
                        if scope is False:
                            yield "event: end\ndata: 1\n\n"
                            return
                        if scope is not True:
                            told = told or scope != listener.sessions
                            listener.sessions = scope
                        checked = time.monotonic()
                    yield "event: change\ndata: 1\n\n" if told else ": still here\n\n"
                    if told:
                        await asyncio.sleep(CALM)
        finally:
            self._open[account] -= 1
            if not self._open[account]:
                del self._open[account]

    def _session_scope(self, actor: Actor, session_id: str) -> frozenset[str] | bool:
        with self._context.parts.uow() as uow:
            try:
                session = uow.sessions.get(session_id)
            except NotFound:
                return False
        exact = session.session_id == session_id
        return frozenset({session_id}) if exact and actor.sees_group(session.group_id) else False

    def _now_scope(self, actor: Actor) -> frozenset[str] | None:
        if actor.group_ids is None:
            return None
        parts = self._context.parts
        return frozenset(s.session_id for s in parts.boards.now(parts.today(), actor.group_ids))


def routes(context: StreamContext) -> list[BaseRoute]:
    """Return the streams of the boards."""
    streams = BoardStreams(context)
    return [Route(SESSION, streams.session), Route(NOW, streams.now)]


def _asking(
    context: StreamContext,
    request: Request,
    scope_of: Callable[[Actor], frozenset[str] | bool | None],
) -> Callable[[], Awaitable[frozenset[str] | bool | None]]:
    """Return what asks again whether the visitor may: signed out or moved, the stream ends."""

    def look() -> frozenset[str] | bool | None:
        try:
            actor = context.actor(request)
            if actor is None or not actor.may(Permission.SESSIONS_READ):
                return False
            return scope_of(actor)
        except StorageError:
            return True  # the database is busy: nothing is known, so nothing changes

    async def again() -> frozenset[str] | bool | None:
        return await run_in_threadpool(look)

    return again


async def _changed(listener: Listener, within: float) -> bool:
    """Return whether something changed within so many seconds."""
    try:
        await asyncio.wait_for(listener.changed.wait(), within)
    except TimeoutError:
        return False
    listener.changed.clear()
    return True
