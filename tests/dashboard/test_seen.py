"""What a page may show to whom, and what leaves it as a file."""

from __future__ import annotations

import csv
import io
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest
import streamlit
from streamlit import net_util
from streamlit.web.server import server_util

from rollbook.dashboard import calendar_page, charts, hosting, today_page, words
from rollbook.dashboard.alone import TRIES, Door
from rollbook.dashboard.seen import Seen, names_of, seen_of
from rollbook.domain.access import Actor, Role
from rollbook.domain.attendance import AttendanceRecord, Session, Status
from rollbook.domain.facts import Facts, facts_of
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Subject
from rollbook.services.people_index import Known
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def facts() -> Facts:
    """Return two groups of two people, who are all there."""
    held = [
        Session(group, group, "Maths", AT, AT + timedelta(minutes=45), date(2026, 3, 2))
        for group in ("5b", "6a")
    ]
    people = {"5b": ("ada", "alan"), "6a": ("barbara", "ada")}
    return facts_of(
        [
            (
                one,
                [
                    AttendanceRecord(one.session_id, who, Status.PRESENT)
                    for who in people[one.group_id]
                ],
            )
            for one in held
        ]
    )


def rows(found: Facts) -> set[tuple[str, str]]:
    held = zip(found.session, found.subject, strict=True)
    return {(found.sessions[s].group_id, found.subjects[p]) for s, p in held}


@pytest.mark.parametrize(
    "actor,wanted",
    [
        (Actor("1", Role.ADMINISTRATOR, group_ids=None), 4),
        (Actor("1", Role.AUDITOR, group_ids=None), 4),
        (Actor("1", Role.FACULTY, group_ids=frozenset({"5b"})), 2),
        (Actor("1", Role.FACULTY, group_ids=frozenset()), 0),
        (Actor("1", Role.SUBJECT, subject_id="ada"), 2),
        (Actor("1", Role.SUBJECT, subject_id=None), 0),
    ],
)
def test_facts_are_cut_to_what_a_role_may_see(actor: Actor, wanted: int) -> None:
    found = rows(seen_of(facts(), actor))
    assert len(found) == wanted
    if actor.role is Role.SUBJECT:
        assert {who for _group, who in found} <= {"ada"}


def test_no_cell_of_a_file_runs_as_a_formula() -> None:
    made = pd.DataFrame({"=Name": ["=1+1", "@SUM(A1)", "Ada"], "n": [-1, 2, 3]})
    text = charts.csv_of(made).decode("utf-8-sig")
    assert text == "'=Name,n\r\n'=1+1,-1\r\n'@SUM(A1),2\r\nAda,3\r\n"


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tAda",
        "\rAda",
        "＝1",
        "＋1",
        "－1",
        "＠A",
        "  =1",
        "\u00a0@A",
    ],
)
def test_a_name_like_a_formula_gets_one_apostrophe_in_the_file_and_none_on_the_page(
    name: str,
) -> None:
    shown = names_of({"a": known("a", name)})["a"]
    assert shown == name
    held = pd.DataFrame({"Name": [shown, "Ada"], "n": [-1, 2], "share": [-0.5, float("nan")]})
    text = charts.csv_of(held).decode("utf-8-sig")
    head, first, second = csv.reader(io.StringIO(text, newline=""))
    assert (head, first) == (["Name", "n", "share"], [f"'{name}", "-1", "-0.5"])
    assert second == ["Ada", "2", ""]


def test_minutes_before_the_start_are_numbers_in_the_file() -> None:
    session = Session("1", "5b", "=Maths", AT, AT + timedelta(minutes=45), date(2026, 3, 2))
    fact = facts_of([(session, [])]).sessions[0]
    found = [(fact, Status.PRESENT, -3), (fact, Status.ABSENT, None)]
    lines = charts.csv_of(calendar_page._rows(found)).decode("utf-8-sig").splitlines()
    assert [line.split(",")[2:] for line in lines[1:]] == [
        ["'=Maths", "present", "-3"],
        ["'=Maths", "absent", ""],
    ]


def test_streamlit_makes_no_files_beside_ours() -> None:
    beside = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert hosting.OPTIONS["client.disableDataExport"]
    assert beside["client"]["disableDataExport"]


def test_who_takes_the_data_of_a_chart_stands_in_the_register(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = Mock(uow=database.uow, clock=FixedClock(AT))
    monkeypatch.setattr(hosting, "_host", [hosting.Host(parts, Mock(), Mock(), Mock())])
    assert charts.handed_out(pd.DataFrame({"Name": ["Ada"]}), "faculty bob").endswith(b"Ada\r\n")
    with database.uow() as uow:
        (entry,) = uow.register.entries(limit=5)
    assert (entry.kind, entry.body["by"], entry.body["count"]) == (
        EntryKind.EXPORT,
        "faculty bob",
        1,
    )
    assert "Ada" not in str(entry.body)


def test_a_column_is_taken_literally() -> None:
    assert charts.field("a.b[c]:d") == r"a\.b\[c\]\:d"


def test_a_title_is_shown_as_it_is_written() -> None:
    assert charts.literal("5b [x](a.example) $1$") == r"5b \[x\]\(a\.example\) \$1\$"


def known(subject_id: str, name: str, external_id: str | None = None) -> Known:
    return Known(Subject(subject_id, name, external_id), "", "", (), 0, ())


def test_two_people_of_one_name_can_be_told_apart() -> None:
    found = names_of(
        {"a" * 32: known("a" * 32, "Ada"), "b": known("b", "Ada", "7"), "c": known("c", "Alan")}
    )
    assert list(found.values()) == ["Ada (aaaaaa)", "Ada (7)", "Alan"]


@pytest.mark.parametrize("now", [None, hosting.Visitor(Actor("1", Role.FACULTY), "en")])
def test_a_part_that_runs_by_itself_ends_with_the_right_to_see_it(
    monkeypatch: pytest.MonkeyPatch, now: hosting.Visitor | None
) -> None:
    """A browser can ask for the live part alone, and never again for the whole page."""
    before = hosting.Visitor(Actor("1", Role.FACULTY, group_ids=frozenset({"5b"})), "en")

    class BegunAnew(Exception):
        pass

    monkeypatch.setattr(streamlit, "rerun", Mock(side_effect=BegunAnew))
    monkeypatch.setattr(hosting, "_host", [hosting.Host(Mock(), lambda: now, Mock(), Mock())])
    with pytest.raises(BegunAnew):
        today_page._live.__wrapped__(Seen(before), Mock())


def test_a_percentage_that_is_not_there_is_a_dash() -> None:
    assert words.percent(None) == "–"


def test_a_code_opens_once_and_in_any_case() -> None:
    told: list[str] = []
    door = Door(told.append)
    assert door.opens_to(f" {told[0].lower()} ")
    assert not door.opens_to(told[0])
    assert door.opens_to(told[1])


def test_after_some_wrong_codes_there_is_another_one() -> None:
    told: list[str] = []
    door = Door(told.append)
    for _try in range(TRIES):
        assert not door.opens_to("WRONG")
    assert len(told) == 2
    assert not door.opens_to(told[0])


def test_streamlit_asks_nobody_outside_for_this_machines_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        net_util, "_make_blocking_http_get", lambda url, *_, **__: asked.append(url)
    )
    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)
    hosting.ask_nobody()
    assert not server_util.is_url_from_allowed_origins("https://elsewhere.example")
    assert asked == []
