"""A short slice of the kills, and that the checks see what they are there for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock
from torture import kills
from torture.all_scenarios import SCENARIOS
from torture.frame import Plan, open_home
from torture.scenarios import NOW, Closing, Marking, open_session

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL"),
]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_process_killed_at_work_loses_nothing_that_it_told(name: str, tmp_path: Path) -> None:
    outcome = kills.run(Plan(tmp_path, kills=2, scenarios=frozenset({name})))
    outcome.require(f"moments killed while {name}", f"{name}: acknowledgements checked")


def a_session(database: Database) -> tuple[RegisterKeeper, str]:
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    with database.uow() as uow:
        (group,) = uow.groups.all()
    return keeper, open_session(keeper, group.group_id)


def test_the_check_finds_a_mark_that_was_lost(tmp_path: Path) -> None:
    Marking().prepare(tmp_path / "home")
    database = open_home(tmp_path / "home")
    _, session_id = a_session(database)
    database.close()
    assert list(Marking().check(tmp_path / "home", [f"{session_id} {'0' * 32}"])) == [
        "1 acknowledged marks are lost"
    ]


def test_the_check_finds_a_session_that_is_closed_by_half(tmp_path: Path) -> None:
    Closing().prepare(tmp_path / "home")
    database = open_home(tmp_path / "home")
    keeper, session_id = a_session(database)
    keeper.close_session(session_id)
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM sheets"))
    database.close()
    wrong = list(Closing().check(tmp_path / "home", [f"closed {session_id}"]))
    assert "a session is closed by half" in wrong
