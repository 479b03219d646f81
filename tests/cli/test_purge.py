"""`rollbook purge`: what would go, with names for the terminal alone, and what went."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders import make_class, make_reference
from rollbook.cli.main import app
from rollbook.storage.database import Database

runner = CliRunner()


def run(book: Path, *words: str) -> Result:
    return runner.invoke(app, ["--home", str(book), "purge", *words])


@pytest.fixture
def left(database: Database) -> str:
    """Return the id of Ada, whose consent ran out yesterday."""
    _, (ada, _) = make_class(database.uow, ["Ada Lovelace", "Bob"])
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date()
    with database.uow() as uow:
        for consent in uow.consents.of(ada.subject_id):
            uow.consents.update(replace(consent, retain_until=yesterday))
        uow.references.add(make_reference(ada.subject_id))
        uow.commit()
    return ada.subject_id


def test_when_nothing_is_due_it_says_so(book: Path, database: Database) -> None:
    assert "Nothing is due." in run(book, "--dry-run").stdout
    assert json.loads(run(book, "--json").stdout) == {
        "dry_run": False,
        "found": [],
        "receipt": None,
    }


def test_a_dry_run_says_what_and_whose_and_changes_nothing(
    book: Path, database: Database, left: str
) -> None:
    said = run(book, "--dry-run")
    assert said.exit_code == 0
    assert "samples without a consent in force" in said.stdout and "Ada Lovelace" in said.stdout
    assert "Nothing was changed" in said.stdout and "Nobody has decided" in said.stdout
    with database.uow() as uow:
        assert uow.references.counts() == {left: 1}


def test_a_purge_deletes_and_its_receipt_names_people_by_id(
    book: Path, database: Database, left: str
) -> None:
    told = json.loads(run(book, "--json").stdout)
    assert [(row["rule"], row["count"]) for row in told["found"]] == [("no_consent", 1)]
    with database.uow() as uow:
        assert uow.references.counts() == {}
        receipt = uow.receipts.get(told["receipt"])
    assert receipt.body["people"] == {"no_consent": [left]}
    assert "Ada" not in str(dict(receipt.body))
    assert json.loads(run(book, "--json").stdout)["found"] == []
    with database.uow() as uow:
        assert uow.site.get("retention"), "whoever deletes by the rules has decided on them"
