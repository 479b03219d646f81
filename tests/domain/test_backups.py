"""Which backups stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.backups import KEEP, to_keep

START = datetime(2026, 1, 1, 3, 15, tzinfo=UTC)
TIMES = st.sets(st.integers(0, 300_000_000).map(lambda seconds: START + timedelta(seconds=seconds)))


@given(TIMES, st.integers(1, 60))
def test_the_newest_stays_and_never_more_than_was_said(times: set[datetime], keep: int) -> None:
    kept = to_keep(times, keep)
    assert kept <= times and len(kept) <= keep
    assert not times or max(times) in kept
    assert to_keep(kept, keep) == kept  # the next run deletes nothing more


def test_of_a_year_of_days_there_are_days_weeks_and_months() -> None:
    days = [START + timedelta(days=day) for day in range(365)]
    kept = sorted(to_keep(days, KEEP), reverse=True)
    assert kept[:7] == days[:-8:-1]
    assert 10 <= len(kept) <= KEEP
    assert kept[-1] <= days[-1] - timedelta(days=59)


@given(TIMES)
def test_nothing_is_kept_of_nothing(times: set[datetime]) -> None:
    assert to_keep([], 14) == set()
    assert len(to_keep(times, 1)) == min(1, len(times))
