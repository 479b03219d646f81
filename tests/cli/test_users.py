"""`rollbook user`: accounts from the terminal, also for who is locked out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders import make_class
from rollbook.bootstrap import SystemClock
from rollbook.cli.main import app
from rollbook.services.sign_in import ByCode, NotKnown, SignIn, bucket_of
from rollbook.storage.database import Database
from rollbook.storage.passwords import ArgonHasher

runner = CliRunner()


def run(book: Path, *words: str) -> Result:
    return runner.invoke(app, ["--home", str(book), "user", *words])


def listed(book: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(run(book, "list", "--json").stdout)
    return rows


def outcome(database: Database, login: str, secret: str) -> object:
    return SignIn(database.uow, SystemClock(), ArgonHasher()).check(login, secret, "192.0.2.1")


def added(book: Path, *words: str) -> str:
    done = run(book, "add", *words, "--json")
    assert done.exit_code == 0, done.output
    return str(json.loads(done.stdout)["code"])


def test_without_accounts_the_list_says_so(book: Path) -> None:
    assert listed(book) == []
    assert "There are no accounts" in run(book, "list").stdout


def test_an_added_account_signs_in_with_the_printed_code(book: Path, database: Database) -> None:
    code = added(book, "渡辺 さくら", "--role", "administrator", "--name", "Sakura")
    assert [(row["login"], row["role"]) for row in listed(book)] == [
        ("渡辺 さくら", "administrator")
    ]
    assert isinstance(outcome(database, "渡辺 さくら", code), ByCode)


def test_accounts_of_teachers_and_people(book: Path, database: Database) -> None:
    group, people = make_class(database.uow, ["Ada Lovelace"], "5b")
    added(book, "bob", "--group", "5b")
    added(book, "ada", "--role", "subject", "--person", "Ada Lovelace")
    with database.uow() as uow:
        bob = uow.users.by_login("bob")
        ada = uow.users.by_login("ada")
        assert bob is not None
        assert ada is not None
        assert [s.group_id for s in uow.staff.of_user(bob.user_id)] == [group.group_id]
        assert ada.subject_id == people[0].subject_id


def test_who_is_locked_out_gets_in_by_a_new_code(book: Path, database: Database) -> None:
    added(book, "root", "--role", "administrator")
    with database.uow() as uow:
        for _ in range(7):
            uow.throttles.failed(bucket_of("root"), SystemClock().now())
        uow.commit()
    locked = outcome(database, "root", "wrong")
    assert isinstance(locked, NotKnown)
    assert locked.wait > 0
    done = run(book, "reset", "root", "--json")
    assert isinstance(outcome(database, "root", json.loads(done.stdout)["code"]), ByCode)


def test_the_last_administrator_cannot_be_disabled(book: Path) -> None:
    added(book, "root", "--role", "administrator")
    refused = run(book, "disable", "root")
    assert refused.exit_code == 1
    assert "last administrator" in refused.output
    added(book, "second", "--role", "administrator")
    assert run(book, "disable", "root").exit_code == 0
    assert listed(book)[0]["state"] == "disabled"
    assert run(book, "disable", "root", "--undo").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("add", "x", "--role", "kiosk"),
        ("add", " "),
        ("add", "x", "--role", "subject"),
        ("add", "x", "--group", "none"),
        ("reset", "nobody"),
        ("disable", "nobody"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(book: Path, words: tuple[str, ...]) -> None:
    refused = run(book, *words)
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output
    assert listed(book) == []
