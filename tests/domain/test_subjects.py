from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.subjects import NAME_LIMIT, Consent, Membership, clean_name, new_id
from rollbook.errors import InvalidInput

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ('O\'Brien "Bob"', 'O\'Brien "Bob"'),
        ("محمد", "محمد"),
        ("می‌خواهم", "می‌خواهم"),  # the joiner that Persian needs stays
        ("Zoë", "Zoë"),
        ("👩‍🏫 Teacher", "👩‍🏫 Teacher"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("evil‮txt", "eviltxt"),  # no turning of what follows
        ("a\x00b\x1b[31m", "ab[31m"),
        ("=1+1", "=1+1"),
    ],
)
def test_names_are_kept_in_any_script_without_control_characters(
    given_name: str, kept: str
) -> None:
    assert clean_name(given_name) == kept


@pytest.mark.parametrize("given_name", ["", "   ", "\x00\x07", "x" * (NAME_LIMIT + 1)])
def test_names_without_content_or_end_are_refused(given_name: str) -> None:
    with pytest.raises(InvalidInput):
        clean_name(given_name)


@given(st.text(max_size=80))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    try:
        once = clean_name(text)
    except InvalidInput:
        return
    assert clean_name(once) == once


def consent(**changes: object) -> Consent:
    return Consent("c", "s", "letter-1", "guardian", NOW, **changes)  # type: ignore[arg-type]


def test_a_consent_covers_until_it_is_withdrawn() -> None:
    withdrawn = consent(withdrawn_at=NOW)
    assert consent().covers(NOW + timedelta(days=5000))
    assert not withdrawn.covers(NOW)
    assert withdrawn.covers(NOW - timedelta(seconds=1))


def test_a_consent_ends_after_its_last_day() -> None:
    dated = consent(retain_until=date(2026, 3, 2))
    assert dated.covers(NOW) and not dated.covers(NOW + timedelta(days=1))


def test_a_membership_holds_on_its_first_and_last_day() -> None:
    membership = Membership("g", "s", date(2026, 3, 2), date(2026, 3, 4))
    days = [date(2026, 3, day) for day in range(1, 6)]
    assert [membership.holds_on(day) for day in days] == [False, True, True, True, False]


def test_ids_are_random_and_tell_nothing() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000 and all(len(i) == 32 for i in ids)
