"""Delivery inline and by Celery: the same function, the same outcome."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mail_server import Handler, mail_server
from outboxes import prepare, sent_ids
from rollbook.bootstrap import App, build
from rollbook.bootstrap.broker import celery_app
from rollbook.domain.messages import MessageState
from rollbook.errors import StorageUnavailable
from rollbook.settings import Settings

REDIS = "redis://127.0.0.1:6379"
COUNT = 12


@pytest.fixture(scope="module")
def server() -> Iterator[Handler]:
    with mail_server() as handler:
        yield handler


@pytest.fixture
def broker() -> Iterator[str]:
    """Return a database of the broker that nobody else uses, emptied afterwards."""
    import redis

    number = 2 + secrets.randbelow(14)
    client = redis.Redis(db=number, socket_timeout=3)
    try:
        client.ping()
    except redis.ConnectionError:
        pytest.skip("no Redis answers on 127.0.0.1:6379")
    if client.dbsize():
        pytest.skip("this database of Redis is in use")
    yield f"{REDIS}/{number}"
    client.flushdb()
    client.close()


class Celery:
    """Two workers of a site, each a process of its own."""

    def __init__(self, home: Path, broker: str) -> None:
        given = {"ROLLBOOK_HOME": str(home), "ROLLBOOK_BROKER_URL": broker}
        self._env = {**os.environ, **given, "PYTHONPATH": os.pathsep.join(sys.path)}

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "rollbook.worker.celery_app", "worker"),
                *("--pool", "solo", "--loglevel", "ERROR", "-n", secrets.token_hex(4)),
            ],
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


Deliver = Callable[[App], None]


@pytest.fixture(params=["inline", pytest.param("celery", marks=pytest.mark.slow)])
def site(request: pytest.FixtureRequest, book: Path) -> Iterator[App]:
    """Return a site that delivers in this process, or by workers of its broker."""
    if request.param == "inline":
        yield build(Settings(home=book))
        return
    address = str(request.getfixturevalue("broker"))
    made = Celery(book, address)
    workers = [made.start(), made.start()]
    yield build(Settings(home=book, broker_url=address))
    for one in workers:
        one.terminate()
        one.wait(30)


def states(app: App) -> dict[MessageState, int]:
    with app.uow() as uow:
        return dict(uow.outbox.counts())


def run_until(app: App, state: MessageState, count: int) -> None:
    """Look for what is due again and again, as the site's clock does."""
    until = time.monotonic() + 60
    while states(app).get(state, 0) < count:
        assert time.monotonic() < until, states(app)
        app.outbox.run()
        time.sleep(0.2)


def test_each_message_is_sent_once(site: App, server: Handler) -> None:
    server.taken.clear()
    wanted = prepare(site.database, server, COUNT)
    run_until(site, MessageState.SENT, COUNT)
    assert sent_ids(server) == dict.fromkeys(wanted, 1), "however often they were handed out"


def test_a_refusal_for_good_is_given_up_and_shown(site: App, server: Handler) -> None:
    server.taken.clear()
    server.refuse_to = "550 no such mailbox"
    try:
        prepare(site.database, server, 1)
        run_until(site, MessageState.FAILED, 1)
    finally:
        server.refuse_to = None
    (failed,) = site.outbox.failures()
    assert "550" in failed.reason and server.taken == []


def test_workers_look_for_their_broker_until_it_is_back() -> None:
    assert celery_app(f"{REDIS}/0").conf.broker_connection_max_retries is None


@pytest.mark.slow
def test_a_broker_that_is_away_loses_nothing(book: Path, server: Handler) -> None:
    server.taken.clear()
    away = build(Settings(home=book, broker_url="redis://127.0.0.1:1/0"))
    prepare(away.database, server, 1)
    with pytest.raises(StorageUnavailable):
        away.outbox.run()
    here = build(Settings(home=book))
    run_until(here, MessageState.SENT, 1)
    assert len(server.taken) == 1
