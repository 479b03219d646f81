"""A mail server that never answers holds up no session."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders import make_class, make_session
from mail_server import Handler
from outboxes import prepare
from rollbook.bootstrap import App, build
from rollbook.domain.attendance import Session, SessionState
from rollbook.services.session_times import opening
from rollbook.settings import Settings
from rollbook.web.server import due_work, sending

ON_TIME = 10.0  # seconds: the clock looks every five


@contextmanager
def silent_server() -> Iterator[socket.socket]:
    """Listen and take connections, and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def app(book: Path) -> Iterator[App]:
    made = build(Settings(home=book))
    yield made
    made.database.close()


def planned(app: App) -> Session:
    """Return a session that is due to open."""
    group, _ = make_class(app.uow, ["Ada"])
    at = datetime.now(UTC)
    made = replace(make_session(group.group_id, at), state=SessionState.PLANNED)
    made = replace(made, starts_at=at + (made.starts_at - made.first_mark_at))
    with app.uow() as uow:
        uow.sessions.add(made)
        uow.due.add_many([opening(made)])
        uow.commit()
    return made


def test_a_session_opens_on_time_while_the_mail_server_hangs(app: App) -> None:
    with silent_server() as server:
        prepare(app.database, Handler(port=server.getsockname()[1]), 20)
        with sending(app):
            connection, _address = server.accept()
            with connection:
                session, before = planned(app), time.monotonic()
                with due_work(app):
                    while state_of(app, session) is not SessionState.OPEN:
                        assert time.monotonic() - before < ON_TIME
                        time.sleep(0.05)
                connection.setblocking(False)
                with pytest.raises(BlockingIOError):  # Rollbook still waits for the first word
                    connection.recv(1)
    with app.uow() as uow:
        waiting = uow.outbox.due(datetime.now(UTC) + timedelta(hours=3), 100)
    assert len(waiting) == 20, "nothing is lost"


def state_of(app: App, session: Session) -> SessionState:
    with app.uow() as uow:
        return uow.sessions.get(session.session_id).state
