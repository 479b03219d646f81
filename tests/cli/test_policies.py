"""A policy is picked by name, and single limits are changed in minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollbook.cli.policies import policy_called
from rollbook.domain.attendance import OFFICE_DAY, SCHOOL_LESSON
from rollbook.errors import InvalidInput


def test_a_policy_is_found_by_its_name_however_it_is_typed() -> None:
    assert policy_called("School-Lesson") is SCHOOL_LESSON
    assert policy_called(" office_day ") is OFFICE_DAY


def test_limits_are_changed_and_the_name_says_so() -> None:
    limits = ["late-after=5", "absent_after=45", "minimum_presence=none"]
    found = policy_called("office day", limits)
    assert found.late_after == timedelta(minutes=5)
    assert found.absent_after == timedelta(minutes=45)
    assert found.minimum_presence is None
    assert found.opens_before == OFFICE_DAY.opens_before
    assert found.name == "office day, changed"


@pytest.mark.parametrize(
    "limit", ["late_after", "late_after=soon", "late_after=-1", "late_after=none", "name=1", "=5"]
)
def test_what_is_no_limit_is_refused_with_the_way_to_write_it(limit: str) -> None:
    with pytest.raises(InvalidInput, match="write"):
        policy_called("school lesson", [limit])


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InvalidInput, match="absent_after"):
        policy_called("school lesson", ["late_after=30", "absent_after=20"])
