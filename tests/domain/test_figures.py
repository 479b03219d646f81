"""Figures, against the same counted by hand in plain loops."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain import figures
from rollbook.domain.attendance import AttendanceRecord, Method, Session, Status
from rollbook.domain.facts import Facts, compacted, facts_of, joined, no_facts
from rollbook.domain.figures import AtRisk, RiskRules
from rollbook.domain.totals import Totals

MONDAY = date(2026, 3, 2)
P, L, A, E = Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED


def session(day: int, group: str = "7a", hour: int = 8) -> Session:
    at = datetime(2026, 3, 2, hour, tzinfo=UTC) + timedelta(days=day)
    name = f"{group} {day} {hour}"
    return Session(name, group, "Maths", at, at + timedelta(minutes=45), at.date())


def record(held: Session, who: str, status: Status, minutes: int | None = None) -> AttendanceRecord:
    came = None if minutes is None else held.starts_at + timedelta(minutes=minutes)
    method = None if minutes is None else Method.PIN
    return AttendanceRecord(held.session_id, who, status, came, method=method)


def history(who: str, statuses: str, group: str = "7a") -> Facts:
    """Return one person's days, oldest first: p, l, a, e, o."""
    letters = {"p": P, "l": L, "a": A, "e": E, "o": Status.OPEN}
    held = [session(day, group) for day in range(len(statuses))]
    return facts_of(
        [(one, [record(one, who, letters[s])]) for one, s in zip(held, statuses, strict=True)]
    )


@st.composite
def schools(draw: st.DrawFn) -> list[tuple[Session, list[AttendanceRecord]]]:
    days = draw(st.lists(st.integers(0, 40), max_size=8, unique=True))
    made = []
    for day in days:
        held = session(day, draw(st.sampled_from(["7a", "7b"])))
        people = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
        rows = [
            record(held, who, draw(st.sampled_from(list(Status))), draw(st.integers(-90, 90)))
            for who in people
        ]
        made.append((held, rows))
    return made


@given(schools())
def test_every_sum_is_the_sum_of_its_parts(school: list[tuple[Session, list]]) -> None:
    facts = facts_of(school)
    by_day, by_group, by_person = defaultdict(list), defaultdict(list), defaultdict(list)
    for held, records in school:
        for one in records:
            by_day[held.business_date].append(one.status)
            by_group[held.group_id].append(one.status)
            by_person[one.subject_id].append(one.status)
    assert figures.by_day(facts) == {k: Totals.of(v) for k, v in by_day.items()}
    assert list(figures.by_day(facts)) == sorted(by_day)
    assert figures.by_group(facts) == {k: Totals.of(v) for k, v in by_group.items()}
    assert figures.by_subject(facts) == {k: Totals.of(v) for k, v in by_person.items()}
    weeks = figures.by_week(facts)
    assert all(monday.weekday() == 0 for monday in weeks)
    assert sum(t.present for t in weeks.values()) == facts.totals.present


@given(schools())
def test_parts_that_are_joined_count_like_the_whole(school: list[tuple[Session, list]]) -> None:
    middle = len(school) // 2
    both = joined([facts_of(school[:middle]), facts_of(school[middle:])])
    whole = facts_of(school)
    assert figures.by_subject(both) == figures.by_subject(whole)
    assert figures.by_day(both) == figures.by_day(whole)


@given(schools())
def test_a_heat_map_has_each_row_in_its_cell(school: list[tuple[Session, list]]) -> None:
    found = figures.heat_map(facts_of(school))
    cells = {
        (found.subjects[i], found.sessions[j].session_id): int(found.cells[i, j])
        for i, j in np.argwhere(found.cells != figures.NOT_THERE)
    }
    assert cells == {
        (one.subject_id, held.session_id): list(Status).index(one.status)
        for held, records in school
        for one in records
    }
    days = [one.day for one in found.sessions]
    assert days == sorted(days)


@given(schools())
def test_every_arrival_is_in_one_bar(school: list[tuple[Session, list]]) -> None:
    bars = figures.punctuality(facts_of(school))
    came = Counter(
        (one.arrived_at - held.starts_at) // timedelta(minutes=1)
        for held, records in school
        for one in records
        if one.arrived_at is not None
    )
    assert sum(bar.arrivals for bar in bars) == came.total()
    middle = next(bar for bar in bars if bar.first_minute == 0)
    assert middle.arrivals == sum(came[minute] for minute in range(5))
    assert (bars[0].first_minute, bars[-1].last_minute) == (-60, 59)


def test_without_rows_there_are_no_figures() -> None:
    nothing = no_facts()
    assert figures.by_day(nothing) == figures.by_subject(nothing) == {}
    assert figures.at_risk(nothing, RiskRules(), MONDAY) == []
    assert figures.heat_map(nothing).cells.shape == (0, 0)
    assert sum(bar.arrivals for bar in figures.punctuality(nothing)) == 0


def test_a_width_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        figures.punctuality(no_facts(), width=7)


@pytest.mark.parametrize(
    ("days", "in_a_row"),
    [
        ("ppaaa", 3),
        ("ppaa", None),
        ("aaapp", None),
        ("paaeaa", 4),  # being excused breaks no row
        ("paaao", 3),  # a session that still runs says nothing
        ("aaaaa", 5),
    ],
)
def test_absences_in_a_row_count_up_to_the_newest_session(days: str, in_a_row: int | None) -> None:
    rules = RiskRules(below=0, drop=200)
    found = figures.at_risk(history("ada", days), rules, MONDAY + timedelta(days=9))
    assert [one.in_a_row for one in found] == ([] if in_a_row is None else [in_a_row])


def test_a_percentage_says_nothing_before_enough_sessions() -> None:
    rules = RiskRules(in_a_row=99, drop=200)
    assert figures.at_risk(history("ada", "aapp"), rules, MONDAY) == []
    (found,) = figures.at_risk(history("ada", "aappp"), rules, MONDAY)
    assert found == AtRisk("ada", Totals(present=3, absent=2), low=60.0)


def test_a_sudden_change_is_measured_against_the_persons_own_past() -> None:
    rules = RiskRules(below=0, in_a_row=99, recent=timedelta(days=6))
    today = MONDAY + timedelta(days=11)
    (found,) = figures.at_risk(history("ada", "pppppp" + "apappa"), rules, today)
    assert found.fell == (100.0, 50.0)
    steady = history("ben", "apapap" + "apappa")
    assert figures.at_risk(steady, rules, today) == []


def test_who_has_most_reasons_comes_first() -> None:
    facts = joined([history("ada", "pppaaa"), history("ben", "aapppp"), history("cem", "pppppp")])
    found = figures.at_risk(facts, RiskRules(), MONDAY + timedelta(days=6))
    assert [one.subject_id for one in found] == ["ada", "ben"]


NOT_THERE = (("cem", A), ("dan", E))  # as somebody said by hand


def test_methods_count_those_who_came() -> None:
    held = session(0)
    told = [replace(record(held, who, as_told), method=Method.HAND) for who, as_told in NOT_THERE]
    facts = facts_of([(held, [record(held, "ada", P, 1), record(held, "ben", A), *told])])
    assert figures.by_method(facts) == {Method.PIN: 1}


@given(schools())
def test_methods_by_month_add_up(school: list[tuple[Session, list]]) -> None:
    facts = facts_of(school)
    by_month = figures.by_month_and_method(facts)
    assert sum((Counter(one) for one in by_month.values()), Counter()) == Counter(
        figures.by_method(facts)
    )


@given(schools())
def test_spans_that_share_no_day_add_up_to_the_whole(school: list[tuple[Session, list]]) -> None:
    facts = facts_of(school)
    cut = MONDAY + timedelta(days=10)
    spans = [("first", date.min, cut), ("second", cut + timedelta(days=1), date.max)]
    assert figures.added_totals(figures.by_span(facts, spans).values()) == facts.totals


@given(schools())
def test_own_days_are_the_persons_rows_in_order(school: list[tuple[Session, list]]) -> None:
    facts = facts_of(school)
    for subject_id, totals in figures.by_subject(facts).items():
        days = figures.own_days(facts, subject_id)
        assert Totals.of(status for _session, status, _minutes in days) == totals
        starts = [held.starts_at for held, _status, _minutes in days]
        assert starts == sorted(starts)


@given(schools())
def test_sessions_without_rows_can_be_left_out(school: list[tuple[Session, list]]) -> None:
    facts = facts_of(school)
    smaller = compacted(facts)
    assert figures.by_session(smaller) == figures.by_session(facts)
    assert len(smaller.sessions) == len(np.unique(facts.session))


def test_scores_are_counted_by_how_far_they_are_above_their_threshold() -> None:
    facts = history("ada", "ppp")
    facts = replace(
        facts,
        score=np.array([0.50, 0.56, np.nan], np.float32),
        threshold=np.array([0.45, 0.45, np.nan], np.float32),
    )
    assert figures.score_bars(facts) == {0.05: 1, 0.1: 1}
    assert figures.score_bars(no_facts()) == {}


def test_who_was_late_is_a_share_of_those_who_came() -> None:
    assert figures.share_late(Totals(present=3, late=1, absent=6)) == 25
    assert figures.share_late(Totals(absent=1)) is None
