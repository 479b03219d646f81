"""A real SMTP server on loopback that accepts, refuses, delays, or hangs up, as a test says."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Handler:
    """What the server does. `plan` holds one word a mail; when it is empty mails are accepted."""

    taken: list[EmailMessage] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    delay: float = 0.0  # seconds at most, before each answer to a mail
    slow: float = 3.0  # seconds that "delay" takes
    refuse_to: str | None = None  # an answer to RCPT TO
    port: int = 0
    seen: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=school@example.org&name=Hill+School"

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.taken]

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.refuse_to is not None:
            return self.refuse_to
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        word = self.plan.pop(0) if self.plan else "accept"
        self.seen.append(word)
        await asyncio.sleep(random.random() * self.delay)
        if word == "hang up":
            server.transport.abort()
            return "421 gone"
        if word == "delay":
            await asyncio.sleep(self.slow)
        elif word != "accept":
            return word
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.taken.append(mail)
        await asyncio.sleep(random.random() * self.delay)
        return "250 accepted"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def mail_server(**more: Any) -> Iterator[Handler]:
    """Run the server on a free port."""
    handler = Handler(**more)
    handler.port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()
