"""`rollbook keys status` and `rotate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders import make_class, make_reference
from rollbook.cli.main import app
from rollbook.services.key_rotation import KeyRotation
from rollbook.storage.database import Database
from rollbook.storage.keys import load_site_keys
from rollbook.testing import FixedClock

runner = CliRunner()


def run(book: Path, *words: str) -> Result:
    return runner.invoke(app, ["--home", str(book), "keys", *words])


@pytest.fixture
def filled(database: Database) -> Database:
    _, people = make_class(database.uow, ["Ada", "Bob"])
    with database.uow() as uow:
        uow.references.add(make_reference(people[0].subject_id))
        uow.commit()
    return database


def test_status_tells_everything_but_the_keys(book: Path, filled: Database) -> None:
    said = run(book, "status")
    assert said.exit_code == 0 and "never exchanged" in said.stdout
    assert "2 people have a key of their own" in said.stdout
    (key,) = load_site_keys(book / "keys")
    assert key.decode() not in said.stdout


def test_rotate_exchanges_all_keys_and_says_what_is_to_do(book: Path, filled: Database) -> None:
    before = load_site_keys(book / "keys")
    said = run(book, "rotate")
    assert said.exit_code == 0, said.output
    assert "exchanged" in said.stdout and "recovery sheet" in said.stdout
    assert load_site_keys(book / "keys") != before and len(load_site_keys(book / "keys")) == 1
    status = json.loads(run(book, "status", "--json").stdout)
    assert status["rotation"]["state"] == "done"
    assert {one["older_rows"] for one in status["purposes"]} == {0}
    assert {one["keys"] for one in status["purposes"]} == {1}
    assert (status["people"], status["people_with_former"]) == (2, 0)
    with filled.uow() as uow:
        assert {one.name for one in uow.subjects.all()} == {"Ada", "Bob"}


def test_one_part_alone(book: Path, filled: Database) -> None:
    before = load_site_keys(book / "keys")
    said = run(book, "rotate", "--data", "--json")
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["parts"] == ["data"]
    assert load_site_keys(book / "keys") == before


def test_a_rotation_that_was_stopped_goes_on(book: Path, filled: Database) -> None:
    from rollbook.bootstrap import build
    from rollbook.settings import load_settings

    rotation: KeyRotation = build(load_settings(book)).key_rotation
    task = rotation.start([], "", "tester")
    rotation.stop(task.task_id, "tester")
    assert json.loads(run(book, "rotate", "--json").stdout)["id"] == task.task_id
    found = rotation.latest()
    assert found is not None and found.state.value == "done"


def test_the_clock_of_a_test_is_no_clock_of_keys(filled: Database) -> None:
    """Keys are told apart by the rotation that made them, so a clock put back harms nothing."""
    from rollbook.services.key_rotation import KIND, Part
    from rollbook.services.tasks import TaskRunner
    from rollbook.storage.rotation import SqlKeyStore

    store = SqlKeyStore(filled.engine, filled.keys)
    for year in (2030, 2020):
        clock = FixedClock()
        clock.at = clock.at.replace(year=year)
        service = KeyRotation(filled.uow, clock, store)
        before = filled.ring.keys["book"]
        service.start([Part.DATA], "", "tester")
        assert TaskRunner(filled.uow, clock, {KIND: service.work}).run_one()
        assert filled.ring.keys["book"] != before
