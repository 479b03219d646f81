"""Slow senders wait outside: the pages answer everybody else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.request import urlopen

import pytest

from e2e.running import running
from rollbook.web.asgi import PAGES_AT_ONCE
from rollbook.web.bodies import LARGE_AT_ONCE, Message, WholeBodies
from rollbook.web.uploads import IN_MEMORY
from web.school import Site

FORM = b"application/x-www-form-urlencoded"
HALF = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\na"
)


def test_senders_who_stop_half_way_hold_no_page(site: Site) -> None:
    with running(site.parts) as base:
        port = int(base.rsplit(":", 1)[1])
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(PAGES_AT_ONCE + 1)]
        try:
            for one in slow:
                one.sendall(HALF)
            with closing(urlopen(f"{base}/login", timeout=8)) as answer:
                assert answer.status == 200
        finally:
            for one in slow:
                one.close()


class Sender:
    """Sends pieces, then nothing more; keeps what is answered."""

    def __init__(self, *pieces: bytes, more: bool = False) -> None:
        self._pieces: Iterator[Message] = iter(
            [
                {"type": "http.request", "body": piece, "more_body": more or left > 0}
                for left, piece in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True)
            ]
        )
        self.answers: list[Message] = []

    async def receive(self) -> Message:
        for piece in self._pieces:
            return piece
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.answers.append(message)

    @property
    def status(self) -> int:
        return int(self.answers[0]["status"])


class Page:
    """Keeps the bodies that reach it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        self.bodies.append(message.get("body", b""))
        await send({"type": "http.response.start", "status": 200, "headers": []})


def of_length(length: int) -> dict[str, Any]:
    return {"type": "http", "method": "POST", "headers": [(b"content-length", b"%d" % length)]}


def ask(door: WholeBodies, sender: Sender, length: int) -> int:
    asyncio.run(door(of_length(length), sender.receive, sender.send))
    return sender.status


def test_a_body_reaches_the_page_whole() -> None:
    page = Page()
    assert ask(WholeBodies(page), Sender(b"ab", b"cd"), 4) == 200
    assert page.bodies == [b"abcd"]


def test_who_is_too_slow_is_told_so_and_reaches_no_page() -> None:
    page = Page()
    assert ask(WholeBodies(page, idle=0.01), Sender(b"ab", more=True), 4) == 408
    assert ask(WholeBodies(page, grace=0.01), Sender(b"ab", more=True), 4) == 408
    assert page.bodies == []


def test_only_some_large_bodies_hold_threads() -> None:
    async def all_at_once() -> list[int]:
        over, started = asyncio.Event(), []

        async def page(scope: Any, receive: Any, send: Any) -> None:
            started.append(scope)
            await over.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        door = WholeBodies(page)
        senders = [Sender(b"") for _ in range(LARGE_AT_ONCE + 1)]
        asked = [
            asyncio.ensure_future(door(of_length(IN_MEMORY + 1), one.receive, one.send))
            for one in senders
        ]
        await asked[-1]
        assert len(started) == LARGE_AT_ONCE
        over.set()
        await asyncio.gather(*asked)
        return [one.status for one in senders]

    assert asyncio.run(all_at_once()) == [200] * LARGE_AT_ONCE + [503]


@pytest.mark.parametrize("length", [b"", b"-1", b"x", b"1e3"])
def test_a_length_that_is_none_is_left_to_the_page(length: bytes) -> None:
    page, sender = Page(), Sender(b"")
    scope = {"type": "http", "headers": [(b"content-length", length)]}
    asyncio.run(WholeBodies(page)(scope, sender.receive, sender.send))
    assert sender.status == 200
