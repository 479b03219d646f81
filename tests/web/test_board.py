"""Boards: who sees what, and streams that say when something changed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from flask.testing import FlaskClient
from starlette.applications import Starlette
from starlette.routing import Route

from rollbook.domain.attendance import Status
from rollbook.domain.statements import Change
from rollbook.errors import StorageUnavailable
from rollbook.storage.repositories.accounts import SqlWebSessions
from rollbook.web.board.pulse import Pulse
from rollbook.web.board.streams import NOW, SESSION, Beat, BoardStreams
from rollbook.web.parts import WebOptions
from rollbook.web.streaming import StreamContext
from web.school import Site, sign_in

ClientOf = Callable[[str | None], FlaskClient]
SOON = 5.0  # seconds that anything of a stream may take here


def mark(site: Site, who: int = 0, status: Status = Status.PRESENT) -> None:
    change = Change(site.people[who].subject_id, status)
    site.parts.corrections.set(site.session.session_id, [change], "faculty x")


def test_the_board_names_who_is_missing_and_who_came(site: Site, client_of: ClientOf) -> None:
    mark(site, 1, Status.LATE)
    page = client_of("bob").get(f"/sessions/{site.session.session_id}/board").text
    missing, here = page.split('class="board-part here"')
    assert "Ada Lovelace" in missing and "Alan Turing" in here and "Alan Turing" not in missing
    part = client_of("dora").get(f"/sessions/{site.session.session_id}/board?part=1").text
    assert "<html" not in part and "Alan Turing" in part
    assert (
        "<header"
        not in client_of("bob").get(f"/sessions/{site.session.session_id}/board?wall=1").text
    )


def test_the_board_of_now_shows_the_own_groups(site: Site, client_of: ClientOf) -> None:
    assert ">5b<" in client_of("bob").get("/board").text
    assert ">6a<" not in client_of("bob").get("/board").text
    assert ">6a<" in client_of("alice").get("/board").text
    for page in ("0", "99", "2"):
        assert client_of("alice").get(f"/board?page={page}").status_code == 200
    assert client_of("alice").get("/board?page=x").status_code == 404
    site.clock.at += timedelta(hours=8)
    assert "No session goes on now" in client_of("bob").get("/board").text


@pytest.mark.parametrize("login", ["charlie", "ada", None])
def test_others_see_no_board(site: Site, client_of: ClientOf, login: str | None) -> None:
    answer = client_of(login).get(f"/sessions/{site.session.session_id}/board")
    assert answer.status_code in {302, 403, 404}


@asynccontextmanager
async def served(site: Site, beat: Beat | None = None) -> AsyncIterator[tuple[str, BoardStreams]]:
    """Serve the streams alone on a free port."""
    streams = BoardStreams(StreamContext(site.parts, WebOptions()), beat)
    app = Starlette(routes=[Route(SESSION, streams.session), Route(NOW, streams.now)])
    config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1, ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", streams
    finally:
        server.should_exit = True
        await task


def cookies(site: Site, login: str) -> dict[str, str]:
    return {"rollbook": sign_in(site, login)}


async def events(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        if line.startswith("event: "):
            yield line.removeprefix("event: ")


async def following(found: AsyncIterator[str]) -> str:
    return await asyncio.wait_for(anext(found), SOON)


def address(base: str, site: Site) -> str:
    return base + SESSION.format(session_id=site.session.session_id)


def test_a_stream_tells_of_a_mark_by_somebody_else(site: Site) -> None:
    async def look() -> None:
        async with served(site) as (base, _), httpx.AsyncClient(timeout=SOON) as client:
            own = cookies(site, "bob")
            async with client.stream("GET", address(base, site), cookies=own) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                assert answer.headers["cache-control"] == "no-store"
                found = events(answer.aiter_lines())
                assert await following(found) == "hello"
                await asyncio.to_thread(mark, site)
                assert await following(found) == "change"

    asyncio.run(look())


def test_a_stream_is_silent_about_other_sessions(site: Site) -> None:
    async def look() -> None:
        quick = Beat(heartbeat=0.3)
        async with (
            served(site, quick) as (base, streams),
            httpx.AsyncClient(timeout=SOON) as client,
        ):
            own = cookies(site, "charlie")
            other = base + SESSION.format(session_id=site.other_session.session_id)
            async with client.stream("GET", other, cookies=own) as answer:
                lines = answer.aiter_lines()
                assert "event: hello" in [await anext(lines) for _ in range(4)]
                looks = streams.pulse.looks
                await asyncio.to_thread(mark, site)
                while streams.pulse.looks < looks + 3:
                    await asyncio.sleep(0.02)
                said = [await asyncio.wait_for(anext(lines), SOON) for _ in range(4)]
                assert "event: change" not in said and ": still here" in said

    asyncio.run(look())


@pytest.mark.parametrize(
    ("login", "status"), [("charlie", 404), ("ada", 403), (None, 401), ("dora", 200)]
)
def test_who_may_not_gets_no_stream(site: Site, login: str | None, status: int) -> None:
    async def look() -> int:
        async with served(site) as (base, _), httpx.AsyncClient(timeout=SOON) as client:
            own = cookies(site, login) if login else {}
            async with client.stream("GET", address(base, site), cookies=own) as answer:
                return answer.status_code

    assert asyncio.run(look()) == status


@pytest.mark.parametrize("how", ["signed out", "moved away"])
def test_a_stream_ends_when_the_visitor_may_no_more(site: Site, how: str) -> None:
    def end(token: str) -> None:
        bob = site.users["bob"].user_id
        with site.parts.uow() as uow:
            if how == "signed out":
                uow.web_sessions.remove(token)
            else:
                yesterday = site.session.business_date - timedelta(days=1)
                uow.staff.leave(site.group.group_id, bob, yesterday)
            uow.commit()

    async def look() -> list[str]:
        quick = Beat(heartbeat=0.1, check=0.1)
        async with (
            served(site, quick) as (base, streams),
            httpx.AsyncClient(timeout=SOON) as client,
        ):
            own = cookies(site, "bob")
            async with client.stream("GET", address(base, site), cookies=own) as answer:
                found = events(answer.aiter_lines())
                assert await following(found) == "hello"
                await asyncio.to_thread(end, own["rollbook"])
                said = [event async for event in found]
            assert len(streams.pulse) == 0
            return said

    assert asyncio.run(look()) == ["end"]


def test_many_streams_share_one_look_and_need_no_threads(site: Site) -> None:
    others = threading.active_count()  # of tests before this one

    async def look() -> tuple[int, int, int]:
        async with served(site) as (base, streams):
            limits = httpx.Limits(max_connections=None)
            users = {}
            for login in ("alice", "bob", "dora"):
                users[login] = cookies(site, login)
            async with httpx.AsyncClient(timeout=SOON, limits=limits) as client:
                told: list[str] = []

                async def follow(login: str) -> None:
                    url = address(base, site)
                    async with client.stream("GET", url, cookies=users[login]) as answer:
                        found = events(answer.aiter_lines())
                        assert await following(found) == "hello"
                        told.append(await following(found))

                tasks = [asyncio.create_task(follow(login)) for login in users for _ in range(20)]
                while len(streams.pulse) < len(tasks):
                    await asyncio.sleep(0.02)
                threads = threading.active_count() - others
                before = streams.pulse.looks
                await asyncio.to_thread(mark, site)
                await asyncio.gather(*tasks)
                return len(told), threads, streams.pulse.looks - before

    told, threads, looks = asyncio.run(look())
    assert told == 60
    assert threads <= 45, "streams must not hold threads"  # the pool of starlette has 40
    assert looks < 20


def test_a_pulse_without_listeners_looks_no_more() -> None:
    calls: list[int] = []

    def changes(number: int) -> tuple[int, frozenset[str]]:
        calls.append(number)
        return len(calls), frozenset({"s"}) if len(calls) == 2 else frozenset()

    async def look() -> tuple[bool, int]:
        pulse = Pulse(changes, look_every=0.01)
        with pulse.listening(frozenset({"s"})) as own, pulse.listening(frozenset({"t"})) as other:
            await asyncio.wait_for(own.changed.wait(), SOON)
            silent = not other.changed.is_set()
        task: Any = pulse._task
        await asyncio.wait_for(task, SOON)
        return silent, len(calls)

    silent, count = asyncio.run(look())
    assert silent and count == len(calls)
    assert calls[0] > 10**9 and calls[1] == 1


def test_too_many_boards_of_one_account_are_refused(site: Site) -> None:
    async def look() -> int:
        one = Beat(per_account=1)
        async with served(site, one) as (base, _), httpx.AsyncClient(timeout=SOON) as client:
            own = cookies(site, "bob")
            async with client.stream("GET", address(base, site), cookies=own) as first:
                found = events(first.aiter_lines())
                assert await following(found) == "hello"
                async with client.stream("GET", address(base, site), cookies=own) as second:
                    return second.status_code

    assert asyncio.run(look()) == 503


def test_a_stream_that_cannot_read_the_database_says_so(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StorageUnavailable("The database server does not answer.")

    async def look() -> None:
        own = cookies(site, "bob")
        monkeypatch.setattr(SqlWebSessions, "get", away)
        async with served(site) as (base, _), httpx.AsyncClient(cookies=own) as client:
            answer = await client.get(address(base, site))
            assert answer.status_code == 503 and "goes on by itself" in answer.text

    asyncio.run(look())
