"""Counting statuses: the rule of the percentage, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.attendance import Status
from rollbook.domain.totals import Totals

STATUSES = st.lists(st.sampled_from(list(Status)), max_size=60)


def test_nothing_gives_no_percentage() -> None:
    assert Totals.of([]) == Totals()
    assert (Totals().percentage, Totals().percent) == (None, "")


@pytest.mark.parametrize(
    ("totals", "percent"),
    [
        (Totals(present=17, late=1, left_early=0, absent=1, excused=1), "94.7"),  # 18 of 19
        (Totals(present=2, absent=1), "66.7"),
        (Totals(present=1, absent=15), "6.3"),  # 6.25: halves go up
        (Totals(present=1999, absent=1), "100.0"),
        (Totals(late=1, left_early=1), "100.0"),
        (Totals(absent=3), "0.0"),
        (Totals(excused=3, open=2), ""),
    ],
)
def test_percentages_computed_by_hand(totals: Totals, percent: str) -> None:
    assert totals.percent == percent


@given(STATUSES)
def test_the_percentage_leaves_out_excused_and_open(statuses: list[Status]) -> None:
    totals = Totals.of(statuses)
    counted = [s for s in statuses if s not in (Status.EXCUSED, Status.OPEN)]
    assert totals == Totals.of(reversed(statuses))
    assert totals.counted == len(counted)
    if counted:
        came = sum(status is not Status.ABSENT for status in counted)
        assert totals.percentage == pytest.approx(100 * came / len(counted))
        assert abs(float(totals.percent) - 100 * came / len(counted)) <= 0.05 + 1e-9
