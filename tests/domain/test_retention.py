"""The rules of how long things are kept, for any day and any rules."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.retention import (
    LONGEST_FACE,
    RetentionRules,
    Rule,
    Trace,
    add_months,
    rule_of_person,
    rule_of_samples,
    rules_from_json,
)
from rollbook.errors import InvalidInput

DAYS = st.dates(date(2000, 1, 1), date(2200, 1, 1))
MONTHS = st.integers(1, LONGEST_FACE)


@st.composite
def some_rules(draw: st.DrawFn) -> RetentionRules:
    inactive = draw(MONTHS)
    return RetentionRules(
        consent_months=draw(MONTHS),
        inactive_months=inactive,
        erase_months=draw(st.integers(inactive, 600)),
        erase_by_itself=draw(st.booleans()),
    )


@st.composite
def some_trace(draw: st.DrawFn) -> Trace:
    return Trace(
        "a" * 32,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.integers(0, 3)),
        draw(st.none() | DAYS),
    )


@given(DAYS, st.integers(-600, 600))
def test_months_are_counted_by_the_calendar(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@given(DAYS, DAYS, st.integers(0, 600))
def test_a_later_day_is_never_due_earlier(one: date, other: date, months: int) -> None:
    first, last = sorted((one, other))
    assert add_months(first, months) <= add_months(last, months)


@given(some_trace(), some_rules(), DAYS)
def test_samples_go_without_consent_and_never_of_somebody_who_agreed_and_is_here(
    trace: Trace, rules: RetentionRules, today: date
) -> None:
    found = rule_of_samples(trace, rules, today)
    if not trace.samples:
        assert found is None
    elif not trace.agreed:
        assert found is Rule.NO_CONSENT
    elif trace.belongs or trace.last_contact is None:
        assert found is None
    else:
        over = today > add_months(trace.last_contact, rules.inactive_months)
        assert (found is Rule.INACTIVE) == over


@given(some_trace(), some_rules(), DAYS)
def test_nobody_is_erased_by_itself_unless_the_site_says_so(
    trace: Trace, rules: RetentionRules, today: date
) -> None:
    found = rule_of_person(trace, rules, today)
    assert found in {None, Rule.ERASE if rules.erase_by_itself else Rule.PROPOSE}
    if trace.belongs:
        assert found is None


@given(some_trace(), some_rules(), DAYS, st.integers(0, 5000))
def test_what_is_due_today_is_due_on_every_later_day(
    trace: Trace, rules: RetentionRules, today: date, more: int
) -> None:
    later = today + timedelta(days=more)
    for rule_of in (rule_of_samples, rule_of_person):
        found = rule_of(trace, rules, today)
        assert found is None or rule_of(trace, rules, later) is found


@given(some_trace(), some_rules(), DAYS)
def test_who_is_to_be_erased_has_no_samples_that_stay(
    trace: Trace, rules: RetentionRules, today: date
) -> None:
    if rule_of_person(trace, rules, today) and trace.samples:
        assert rule_of_samples(trace, rules, today) is not None


@given(some_rules(), DAYS)
def test_faces_are_kept_three_years_after_the_last_contact_at_most(
    rules: RetentionRules, day: date
) -> None:
    assert rules.samples_go_on(day) <= add_months(day, 36) + timedelta(days=1)
    assert rules.consent_end(day) <= add_months(day, 36)


@given(some_rules())
def test_rules_are_kept_as_they_are(rules: RetentionRules) -> None:
    assert rules_from_json(rules.as_json()) == rules


def test_what_a_setting_does_not_say_is_the_default() -> None:
    assert rules_from_json(None) == RetentionRules()
    assert rules_from_json({"inactive_months": 3, "of another version": 1}).inactive_months == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"consent_months": 0},
        {"inactive_months": 37},
        {"consent_months": 37},
        {"log_days": 6},
        {"log_days": 91},
        {"tally_months": 0},
        {"tally_months": 37},
        {"inactive_months": 12, "erase_months": 11},
    ],
)
def test_rules_that_cannot_be_kept_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        RetentionRules(**wrong)
