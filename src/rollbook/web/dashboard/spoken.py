"""Streamlit's page says that it is English; here it says the language of whoever looks."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

ENGLISH = b'<html lang="en">'


def as_it_is(scope: Scope) -> Scope:
    """Return the request without leave to compress the answer, in which nothing could be found."""
    kept = [one for one in scope["headers"] if one[0] != b"accept-encoding"]
    return {**scope, "headers": kept}


def spoken(send: Send, language: str) -> Send:
    """Return what sends a page that names this language."""
    started: list[Message] = []  # held back until it is known how long the page gets

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
            return
        if started:
            start, page = started.pop(), message.get("body", b"")
            message = {**message, "body": page.replace(ENGLISH, _html(language), 1)}
            told = MutableHeaders(scope=start)
            if "content-length" in told:
                longer = len(message["body"]) - len(page)
                told["content-length"] = str(int(told["content-length"]) + longer)
            await send(start)
        await send(message)

    return sending


def _html(language: str) -> bytes:
    return f'<html lang="{language}">'.encode()
