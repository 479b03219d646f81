"""`session`, `register`, `mark` and `verify`, through the front door."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from builders import make_class
from rollbook.bootstrap import build
from rollbook.cli.main import app
from rollbook.cli.sessions import planned
from rollbook.domain.attendance import AttendancePolicy, Evidence, Method
from rollbook.domain.timetable import Series
from rollbook.errors import InvalidInput
from rollbook.settings import Settings

runner = CliRunner()
BERLIN = ZoneInfo("Europe/Berlin")


class Desk:
    """A home with a class, and its command line."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.app = build(Settings(home=home))
        with self.app.uow() as uow:
            uow.site.set("time_zone", "Europe/Berlin")
            uow.commit()
        self.group, self.people = make_class(
            self.app.uow, ["Ada [bold]", "Bob", "ليلى الحداد"], "7a [red]"
        )

    def run(self, *arguments: str) -> Result:
        return runner.invoke(app, ["--home", str(self.home), *arguments])

    def json(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def open(self, *more: str) -> str:
        return str(self.json("session", "open", "7A [red]", *more)["session"])


@pytest.fixture
def desk(book: Path) -> Iterator[Desk]:
    opened = Desk(book)
    yield opened
    opened.app.database.close()


def test_a_session_is_opened_now_for_45_minutes(desk: Desk) -> None:
    result = desk.run("session", "open", "7a [red]", "--title", "Maths")
    assert result.exit_code == 0, result.output
    assert "is open: 7a [red]" in result.output and "3 people" in result.output
    with desk.app.uow() as uow:
        (session,) = uow.sessions.all(open_only=True)
    assert session.title == "Maths"
    assert session.ends_at - session.starts_at == timedelta(minutes=45)
    assert abs(session.starts_at - datetime.now(UTC)) < timedelta(minutes=2)
    assert session.takes_marks_at(datetime.now(UTC))


def test_a_session_keeps_limits_of_its_own(desk: Desk) -> None:
    limits = ("--limit", "late_after=5", "--limit", "absent_after=20")
    told = desk.json("session", "open", "7a [red]", *limits)
    with desk.app.uow() as uow:
        policy = uow.sessions.get(told["session"]).policy
    assert policy.name == told["policy"] == "school lesson, changed"
    assert (policy.late_after, policy.absent_after) == (timedelta(minutes=5), timedelta(minutes=20))


def test_times_are_those_of_the_site(desk: Desk) -> None:
    told = desk.json(
        *("session", "open", "7a [red]", "--date", "2025-03-30", "--start", "01:30"),
        *("--end", "03:30", "--policy", "office-day"),
    )
    assert (told["date"], told["start"], told["end"]) == ("2025-03-30", "01:30", "03:30")
    assert (told["policy"], told["people"]) == ("office day", 3)
    with desk.app.uow() as uow:
        session = uow.sessions.get(told["session"])
    assert session.ends_at - session.starts_at == timedelta(hours=1)  # clocks go forward


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["7b"], "no group"),
        (["7a [red]", "--start", "25:00"], "not a time"),
        (["7a [red]", "--start", "08:00+01:00"], "time zone"),
        (["7a [red]", "--date", "tomorrow"], "not a date"),
        (["7a [red]", "--date", "0001-01-01", "--start", "00:30"], "Is the year right?"),
        (["7a [red]", "--date", "9999-12-31", "--start", "00:30"], "Is the year right?"),
        (["7a [red]", "--date", "2001-01-01"], "--start HH:MM"),
        (["7a [red]", "--policy", "none"], "school lesson"),
        (["7a [red]", "--limit", "late=5"], "LIMIT=MINUTES"),
    ],
)
def test_what_cannot_be_opened_is_refused(desk: Desk, arguments: list[str], said: str) -> None:
    result = desk.run("session", "open", *arguments)
    assert result.exit_code == 1
    assert said in result.output
    with desk.app.uow() as uow:
        assert uow.sessions.all() == []


def test_planned_sessions_may_cross_midnight() -> None:
    now = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
    starts_at, ends_at, day = planned("22:00", "06:00", None, BERLIN, now)
    assert ends_at - starts_at == timedelta(hours=8)
    assert day == date(2026, 3, 2)
    late = datetime(2026, 3, 2, 23, 30, 59, tzinfo=UTC)  # half past midnight in Berlin
    starts_at, _, day = planned(None, None, None, BERLIN, late)
    assert (day, starts_at) == (date(2026, 3, 3), late.replace(second=0))
    with pytest.raises(InvalidInput, match="not a time"):
        planned("8 o'clock", None, None, BERLIN, now)


def test_without_an_installation_every_command_says_what_to_run(tmp_path: Path) -> None:
    for arguments in (["session", "list"], ["verify"], ["register", "abcd"]):
        result = runner.invoke(app, ["--home", str(tmp_path / "none"), *arguments])
        assert result.exit_code == 1
        assert "Run: rollbook init" in result.output


def test_the_register_shows_who_came_and_why(desk: Desk) -> None:
    session = desk.open("--title", "Maths")
    ada, bob, _ = desk.people
    evidence = Evidence(
        *(0.61, 0.41, 0.2, 0.05, 5, ((ada.subject_id, 0.61), (bob.subject_id, 0.41))),
        *(3, 0.001, "sface", "dev"),
    )
    now = desk.app.clock.now()
    desk.app.register.sight(
        session, ada.subject_id, now, Method.FACE, camera_id="door", evidence=evidence
    )
    for command in (["register", session[:8]], ["session", "show", session]):
        shown = desk.run(*command)
        assert shown.exit_code == 0
        for said in ("Ada [bold]", "present", "score 0.610 (threshold 0.410)", "5 frames"):
            assert said in shown.output
        assert now.astimezone(BERLIN).strftime("%H:%M:%S") in shown.output
        assert "ليلى الحداد" in shown.output
    told = desk.json("register", session)
    rows = {row["person"]: row for row in told["people"]}
    assert rows["Ada [bold]"]["evidence"]["candidates"][1] == ["Bob", 0.41]
    assert rows["Bob"]["status"] == "open" and rows["Bob"]["evidence"] is None
    assert told["counts"] == {"present": 1, "open": 2}


def test_marks_by_hand_show_who_and_why_also_after_closing(desk: Desk) -> None:
    session = desk.open()
    asked = ["--session", session[:6], "--by", "Ms Bell"]
    result = desk.run("mark", "bob", *asked, "--status", "EXCUSED", "--reason", "dentist")
    assert result.exit_code == 0, result.output
    assert result.output.strip() == "Bob: excused."
    closed = desk.run("session", "close", session)
    assert "2 absent, 1 excused" in closed.output
    told = desk.json(
        "mark", desk.people[0].subject_id[:10], *asked, "--status", "late", "--reason", "bus"
    )
    assert (told["person"], told["status"]) == ("Ada [bold]", "late")
    shown = desk.run("register", session).output
    assert "set by Ms Bell: dentist" in shown and "set by Ms Bell: bus" in shown
    again = desk.run("session", "close", session)
    assert again.exit_code == 1 and "closed already" in again.output


def test_an_ambiguous_or_unknown_name_is_refused(desk: Desk) -> None:
    session = desk.open()
    with desk.app.uow() as uow:
        twin = replace(desk.people[1], subject_id="f" * 32, external_id="E-2")
        uow.subjects.add(twin)
        uow.commit()
    asked = ["--session", session, "--status", "present", "--reason", ""]
    both = desk.run("mark", "Bob", *asked)
    assert both.exit_code == 1
    assert "E-2" in both.output and desk.people[1].subject_id[:8] in both.output
    assert desk.run("mark", "Zoe", *asked).exit_code == 1
    assert desk.run("mark", "E-2", *asked).exit_code == 0
    wrong = desk.run("mark", "E-2", "--session", session, "--status", "asleep")
    assert wrong.exit_code == 2


def test_sessions_are_listed_the_latest_last(desk: Desk) -> None:
    assert "no sessions" in desk.run("session", "list").output
    for minute in range(52):
        desk.app.register.open_session(
            desk.group.group_id,
            datetime(2026, 3, 2, 8, minute, tzinfo=UTC),
            datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
            business_date=date(2026, 3, 2),
        )
    listed = desk.run("session", "list").output
    assert "10:51" not in listed and "09:51" in listed and "09:01" not in listed
    assert "2 earlier ones" in listed
    assert "09:01" in desk.run("session", "list", "--all").output
    rows = desk.json("session", "list", "--group", "7A [red]", "--open")
    assert len(rows) == 52 and rows[0]["start"] == "09:00" and rows[0]["invented"] is False
    desk.run("session", "close", rows[0]["session"])
    assert len(desk.json("session", "list", "--open")) == 51
    assert desk.run("session", "list", "--group", "8x").exit_code == 1


def test_an_erased_person_stays_in_the_register_without_a_name(desk: Desk) -> None:
    session = desk.open()
    asked = ["--session", session, "--status", "excused", "--reason", "private"]
    desk.run("mark", "Bob", *asked)
    with desk.app.uow() as uow:
        uow.subjects.remove(desk.people[1].subject_id)
        uow.commit()
    shown = desk.run("register", session)
    assert "erased person" in shown.output and "excused" in shown.output
    assert "private" not in shown.output and "Bob" not in shown.output


def test_verify_says_what_holds_and_names_what_does_not(desk: Desk) -> None:
    session = desk.open()
    desk.run("mark", "Bob", "--session", session, "--status", "late", "--reason", "bus")
    told = desk.json("verify")
    assert (told["holds"], told["entries"], told["faults"]) == (True, 4, [])
    assert told["head"] in desk.run("verify").output
    connection = sqlite3.connect(desk.home / "rollbook.db")
    connection.execute("UPDATE ledger SET kind = 'export' WHERE number = 2")
    connection.commit()
    connection.close()
    result = desk.run("verify")
    assert result.exit_code == 1
    assert "first at entry 2" in result.output
    broken = desk.run("verify", "--json")
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["faults"][0]["entry"] == 2


def test_a_wrong_key_is_told_in_one_sentence(desk: Desk) -> None:
    from cryptography.fernet import Fernet

    (desk.home / "keys" / "site.key").write_bytes(Fernet.generate_key())
    result = desk.run("session", "list")
    assert result.exit_code == 1
    assert "newest recovery sheet" in result.output and "Traceback" not in result.output


def test_a_planned_session_is_started_called_off_and_planned_by_command(desk: Desk) -> None:
    today = desk.app.today()
    policy = AttendancePolicy(opens_before=timedelta(0))  # a day as a whole: open at any time
    days = frozenset(range(7))
    group = desk.group.group_id
    series = Series("", group, "Art", time(0), time(0), today, None, days, policy=policy)
    desk.app.timetable.add(series, "administrator a")
    work = len(desk.app.due.jobs.recurring) + 1  # and the opening of today's session
    assert desk.json("session", "plan") == {"planned": 0, "done": work}
    assert desk.json("session", "plan") == {"planned": 0, "done": 0}
    today_s, tomorrow = desk.json("session", "list")[:2]
    assert (today_s["state"], tomorrow["state"]) == ("open", "planned")
    refused = desk.run("watch", "0", "--session", tomorrow["session"])
    assert refused.exit_code == 1 and "Open it first" in refused.output
    assert "is open" in desk.run("session", "start", tomorrow["session"]).output
    assert desk.run("session", "start", tomorrow["session"]).exit_code == 1
    assert "called off" in desk.run("session", "cancel", tomorrow["session"]).output
    assert desk.json("session", "list")[1]["state"] == "off"
