"""Workers are killed while they send to a real SMTP server: nothing is lost, and what comes twice
comes at most once more for each kill, under the same Message-ID."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mail_server import mail_server
from outboxes import Clock, prepare, sent_ids
from rollbook.domain.messages import (
    MessageState,
)
from rollbook.network.apprise_sender import AppriseSender
from rollbook.services.outbox import Outbox
from rollbook.storage.database import Database
from timetables import BERLIN

PROGRAM = Path(__file__).parent.parent / "services" / "outbox_worker.py"
MESSAGES, KILLS = 40, 8


@contextmanager
def worker(database: Database, keys: Path) -> Iterator[subprocess.Popen[str]]:
    url = database.engine.url.render_as_string(hide_password=False)
    paths = os.pathsep.join([str(PROGRAM.parent.parent), *sys.path])
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), url, str(keys)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def counts(database: Database) -> dict[MessageState, int]:
    with database.uow() as uow:
        return dict(uow.outbox.counts())


def wait_until_sent(database: Database, count: int, patience: float = 90) -> None:
    until = time.monotonic() + patience
    while counts(database).get(MessageState.SENT, 0) < count:
        assert time.monotonic() < until, counts(database)
        time.sleep(0.1)


@pytest.mark.slow
def test_killed_workers_lose_nothing_and_repeat_at_most_once_a_kill(
    database: Database, keys_dir: Path
) -> None:
    chance = random.Random(20261125)
    odd = ["451 later", "hang up", "accept", "accept", "accept"]
    with mail_server(delay=0.03) as server:
        wanted = prepare(database, server, MESSAGES)
        server.plan = [chance.choice(odd) for _ in range(MESSAGES)]
        kills = 0
        while kills < KILLS and counts(database).get(MessageState.SENT, 0) < MESSAGES:
            with worker(database, keys_dir):
                time.sleep(chance.uniform(0.02, 0.4))
            kills += 1
        with worker(database, keys_dir), worker(database, keys_dir):
            wait_until_sent(database, MESSAGES)
        found = sent_ids(server)
    repeats = sum(found.values()) - len(found)
    print(f"{MESSAGES} messages, {kills} kills, {repeats} repeats")
    assert set(found) == wanted, "none is lost, none is new"
    assert repeats <= kills
    assert kills >= 4, "they were killed at work"


@pytest.mark.slow
def test_workers_side_by_side_send_each_message_once(database: Database, keys_dir: Path) -> None:
    with mail_server(delay=0.01) as server:
        wanted = prepare(database, server, MESSAGES)
        with worker(database, keys_dir), worker(database, keys_dir), worker(database, keys_dir):
            wait_until_sent(database, MESSAGES)
        found = sent_ids(server)
    assert found == Counter(dict.fromkeys(wanted, 1))


def test_a_real_server_refuses_hangs_up_and_accepts_in_turn(database: Database) -> None:
    clock: Any = type("Turned", (), {"at": datetime.now(UTC), "now": lambda self: self.at})()
    with mail_server(plan=["451 later", "hang up", "accept"]) as server:
        (wanted,) = prepare(database, server, 1)
        outbox = Outbox(database.uow, clock, AppriseSender(), lambda: BERLIN)
        for _ in range(3):
            outbox.run()
            clock.at += timedelta(hours=2)
        assert server.seen == ["451 later", "hang up", "accept"]
        assert list(sent_ids(server)) == [wanted]
        assert counts(database) == {MessageState.SENT: 1}


def test_a_refusal_for_good_is_given_up_at_once(database: Database) -> None:
    with mail_server(refuse_to="550 no such mailbox") as server:
        prepare(database, server, 1)
        outbox = Outbox(database.uow, Clock(), AppriseSender(), lambda: BERLIN)
        outbox.run()
        outbox.run()
        (failed,) = outbox.failures()
        assert server.taken == [] and "550" in failed.reason and "example.net" not in failed.reason
