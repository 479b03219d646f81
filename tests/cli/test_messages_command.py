"""`rollbook messages`: what is on its way, sent now, and a test of a channel."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from mail_server import mail_server
from outboxes import prepare
from rollbook.cli.main import app
from rollbook.storage.database import Database

runner = CliRunner()


def run(book: Path, *words: str) -> Result:
    return runner.invoke(app, ["--home", str(book), "messages", *words])


def test_there_are_none_at_first(book: Path, database: Database) -> None:
    assert "There are no messages." in run(book, "list").stdout
    said = run(book, "send").stdout
    assert said.strip() == "0 messages were due."


def test_what_is_due_is_sent_and_listed_without_addresses(book: Path, database: Database) -> None:
    with mail_server() as server:
        prepare(database, server, 3)
        assert "3 messages were due." in run(book, "send").stdout
        assert len(server.taken) == 3
    rows = json.loads(run(book, "list", "--json").stdout)
    assert [row["state"] for row in rows] == ["sent"] * 3
    assert "example.net" not in run(book, "list").stdout


def test_a_failure_is_listed_with_its_reason(book: Path, database: Database) -> None:
    with mail_server(refuse_to="550 unknown") as server:
        prepare(database, server, 1)
        run(book, "send")
        (row,) = json.loads(run(book, "list", "--failed", "--json").stdout)
        assert row["state"] == "failed" and "550" in row["reason"]
        refused = run(book, "test", "Mail", "a@example.net")
        assert refused.exit_code == 1 and "550" in refused.stderr
        server.refuse_to = None
        assert run(book, "test", "Mail", "a@example.net").exit_code == 0
        assert run(book, "test", "Nothing").exit_code == 1
        assert len(server.taken) == 1
