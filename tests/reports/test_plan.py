"""How a register is split over pages."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from months import APRIL, make_sessions, weekdays

from rollbook.domain.month import Month
from rollbook.reports.plan import Column, month_columns, split_columns, split_rows

CAPACITY = 35.0


def columns_of(counts: list[int]) -> list[Column]:
    days = [date(2025, 3, number + 1) for number in range(len(counts))]
    made = []
    for day, count in zip(days, counts, strict=True):
        made += [Column(day, number, 1.0) for number in range(count)] or [Column(day, None, 0.45)]
    return made


def test_a_month_of_one_session_a_day_shows_all_days_on_one_part() -> None:
    columns = month_columns(APRIL, make_sessions(weekdays(APRIL)))
    assert len(columns) == 30
    assert sum(column.session is None for column in columns) == 8
    assert split_columns(columns, CAPACITY) == [columns]
    march = month_columns(Month(2025, 3), make_sessions(Month(2025, 3).days))
    assert split_columns(march, CAPACITY) == [march]


def test_four_sessions_a_day_become_three_parts_cut_between_days() -> None:
    sessions = make_sessions(weekdays(APRIL)[:20], ("08:00", "10:00", "12:00", "14:00"))
    parts = split_columns(month_columns(APRIL, sessions), CAPACITY)
    assert len(parts) == 3
    for before, after in pairwise(parts):
        assert before[-1].day < after[0].day


@given(st.lists(st.integers(0, 80), min_size=1, max_size=31))
def test_parts_keep_every_column_in_order_and_fit_the_page(counts: list[int]) -> None:
    columns = columns_of(counts)
    parts = split_columns(columns, CAPACITY)
    assert [column for part in parts for column in part] == columns
    assert all(0 < sum(column.width for column in part) <= CAPACITY for part in parts)
    small_days = all(count <= CAPACITY for count in counts)
    if small_days:
        assert all(a[-1].day != b[0].day for a, b in pairwise(parts))


@pytest.mark.parametrize(
    ("rows", "sizes"), [(0, [0]), (1, [1]), (30, [30]), (31, [31]), (32, [16, 16]), (60, [30, 30])]
)
def test_people_are_spread_evenly_over_pages(rows: int, sizes: list[int]) -> None:
    assert [len(part) for part in split_rows(rows, 31)] == sizes
