"""Recurrence rules of calendar files, against dateutil and against bombs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.domain.recurrence import DAY_NAMES, Recurrence, read_rule
from rollbook.domain.timetable import each_day
from rollbook.errors import InvalidInput

MONDAY = date(2026, 3, 2)


def rule(text: str) -> dict[str, list[Any]]:
    """Return a rule as a calendar library gives it: lists, with numbers as numbers."""
    pairs = (part.split("=") for part in text.split(";"))
    return {
        name: [int(one) if one.lstrip("-").isdigit() else one for one in values.split(",")]
        for name, values in pairs
    }


def expand(found: Recurrence, first: date, last: date) -> list[date]:
    """Return the dates of a recurrence, as a series takes them."""
    if found.dates:
        return [day for day in found.dates if first <= day <= last]
    monday = first - timedelta(days=first.weekday())
    return [
        day
        for day in each_day(first, min(last, found.last_day or last))
        if day.weekday() in found.weekdays and (day - monday).days // 7 % found.every_weeks == 0
    ]


weekday_lists = st.lists(st.sampled_from(DAY_NAMES), min_size=1, max_size=3, unique=True)
# dateutil takes what both 1MO and MO allow; RFC 5545 says either: they are not mixed here
ordinals = st.lists(
    st.tuples(st.sampled_from(["1", "2", "-1"]), st.sampled_from(DAY_NAMES)).map("".join),
    min_size=1,
    max_size=2,
    unique=True,
)
limits = st.one_of(st.just(""), st.integers(1, 30).map(lambda count: f";COUNT={count}"))
rules = st.one_of(
    st.tuples(weekday_lists, st.integers(1, 8), limits).map(
        lambda t: f"FREQ=WEEKLY;INTERVAL={t[1]};BYDAY={','.join(t[0])}{t[2]}"
    ),
    st.tuples(st.integers(1, 14), limits).map(lambda t: f"FREQ=DAILY;INTERVAL={t[0]}{t[1]}"),
    st.tuples(weekday_lists, limits).map(lambda t: f"FREQ=DAILY;BYDAY={','.join(t[0])}{t[1]}"),
    st.tuples(st.one_of(ordinals, weekday_lists), st.integers(1, 3), limits).map(
        lambda t: f"FREQ=MONTHLY;INTERVAL={t[1]};BYDAY={','.join(t[0])}{t[2]}"
    ),
    st.tuples(st.lists(st.sampled_from([1, 15, 31, -1]), min_size=1, max_size=2), limits).map(
        lambda t: f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, t[0]))}{t[1]}"
    ),
    st.tuples(weekday_lists, limits).map(
        lambda t: f"FREQ=WEEKLY;BYMONTH=3,4;BYDAY={','.join(t[0])}{t[1]}"
    ),
    limits.map(lambda limit: f"FREQ=MONTHLY{limit}"),
)


@settings(deadline=None)
@given(rules, st.dates(date(2025, 1, 1), date(2027, 12, 31)))
def test_rules_mean_what_dateutil_says(text: str, first: date) -> None:
    last = first + timedelta(days=365)
    found = expand(read_rule(rule(text), first, None), first, last)
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001
    said = rrulestr(text, dtstart=start).between(start, start + timedelta(days=365), inc=True)
    assert found == [at.date() for at in said]


def test_an_ordinal_and_a_plain_weekday_are_both_meant() -> None:
    both = read_rule(rule("FREQ=MONTHLY;BYDAY=1MO,MO"), MONDAY, date(2026, 3, 31))
    assert both == read_rule(rule("FREQ=MONTHLY;BYDAY=MO"), MONDAY, date(2026, 3, 31))


def test_the_last_day_is_kept() -> None:
    until = MONDAY + timedelta(weeks=3)
    assert read_rule(rule("FREQ=WEEKLY"), MONDAY, until) == Recurrence(frozenset({0}), 1, until)
    assert read_rule(rule("FREQ=MONTHLY"), MONDAY, date(2026, 5, 1)).dates == (
        MONDAY,
        date(2026, 4, 2),
    )


def test_what_goes_on_for_ever_is_written_out_up_to_a_horizon() -> None:
    found = read_rule(rule("FREQ=DAILY;INTERVAL=2"), MONDAY, None)
    assert len(found.dates) == 550


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=10",
        "FREQ=HOURLY",
        "FREQ=YEARLY",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=WEEKLY;BYDAY=2MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "INTERVAL=2",
        "",
    ],
)
def test_what_never_ends_or_is_not_known_is_refused_in_a_sentence(text: str) -> None:
    given_rule = rule(text) if text else {}
    with pytest.raises(InvalidInput, match=r"^It .*\.$"):
        read_rule(given_rule, MONDAY, None)
