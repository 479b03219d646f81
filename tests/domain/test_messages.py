"""Who is told what and when: rules that hold for every time, zone and mixture of recipients."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.domain.attendance import Status
from rollbook.domain.message_texts import (
    DEFAULTS,
    EXAMPLES,
    LANGUAGES,
    PLACEHOLDER,
    PLACEHOLDERS,
    Template,
    checked,
    fill,
)
from rollbook.domain.messages import (
    ATTEMPTS,
    FOR,
    LONGEST_RETRY,
    Audience,
    EventKind,
    MessageRules,
    Recipient,
    absences_in_a_row,
    after_quiet,
    audiences,
    first_due,
    is_quiet,
    next_daily,
    retry_after,
    told,
)
from rollbook.errors import InvalidInput

KINDS = st.sampled_from(EventKind)
WALLS = st.times().map(lambda wall: wall.replace(second=0, microsecond=0))
ZONES = st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC"]).map(
    ZoneInfo
)
NAIVE = [datetime(year, 1, 1) for year in (2024, 2030)]  # noqa: DTZ001
INSTANTS = st.datetimes(*NAIVE, timezones=st.just(UTC))
RULES = st.builds(
    MessageRules,
    enabled=st.just(True),
    quiet_from=WALLS,
    quiet_until=WALLS,
    daily_at=WALLS,
    row_tutor=st.integers(1, 9),
    row_administrator=st.integers(1, 9),
    off=st.frozensets(KINDS),
)


@settings(deadline=None)  # the first one also waits for all that hypothesis imports
@given(KINDS, RULES, st.booleans(), st.integers(0, 12))
def test_nobody_is_told_what_the_site_does_not_tell(
    kind: EventKind, rules: MessageRules, minor: bool, count: int
) -> None:
    found = audiences(kind, rules, minor=minor, count=count)
    assert not found or kind not in rules.off
    assert all(kind in FOR[audience] for audience in found)
    assert audiences(kind, MessageRules(enabled=False), minor=minor, count=count) == frozenset()


@given(RULES.map(lambda rules: MessageRules(enabled=True, row_tutor=rules.row_tutor)))
def test_guardians_hear_of_minors_alone(rules: MessageRules) -> None:
    for kind in (EventKind.ABSENT, EventKind.LATE):
        assert audiences(kind, rules, minor=True) == {Audience.GUARDIAN}
        assert audiences(kind, rules, minor=False) == {Audience.PERSON}


@given(st.integers(0, 12), st.integers(1, 9), st.integers(1, 9))
def test_rows_of_absences_go_to_those_whose_line_is_reached(
    count: int, tutor: int, head: int
) -> None:
    rules = MessageRules(enabled=True, row_tutor=tutor, row_administrator=head)
    found = audiences(EventKind.IN_A_ROW, rules, count=count)
    assert (Audience.TUTOR in found) is (count >= tutor)
    assert (Audience.ADMINISTRATOR in found) is (count >= head)


@given(INSTANTS, RULES, ZONES)
def test_nothing_leaves_in_quiet_hours_nor_waits_longer_than_they_last(
    at: datetime, rules: MessageRules, zone: ZoneInfo
) -> None:
    found = after_quiet(at, rules, zone)
    quiet = is_quiet(at.astimezone(zone).time(), rules.quiet_from, rules.quiet_until)
    assert quiet or found == at
    assert timedelta(0) <= found - at <= timedelta(hours=26)
    local = found.astimezone(zone).time()
    assert not is_quiet(local, rules.quiet_from, rules.quiet_until) or _clocks_change(found, zone)


def _clocks_change(at: datetime, zone: ZoneInfo) -> bool:
    hours = timedelta(hours=3)
    return (at - hours).astimezone(zone).utcoffset() != (at + hours).astimezone(zone).utcoffset()


@given(INSTANTS, RULES, ZONES)
def test_the_message_of_a_day_leaves_within_a_day(
    at: datetime, rules: MessageRules, zone: ZoneInfo
) -> None:
    found = next_daily(at, rules, zone)
    assert timedelta(0) <= found - at <= timedelta(hours=26)


@given(WALLS, WALLS)
def test_equal_times_mean_no_quiet_hours(wall: time, now: time) -> None:
    assert not is_quiet(now, wall, wall)


@given(INSTANTS, KINDS)
def test_what_can_be_corrected_waits_for_the_grace_period(at: datetime, kind: EventKind) -> None:
    waits = first_due(kind, at, MessageRules()) - at
    can_be = kind in (EventKind.ABSENT, EventKind.LATE, EventKind.IN_A_ROW)
    assert waits == (timedelta(minutes=15) if can_be else timedelta(0))


@given(st.lists(st.sampled_from(Status)))
def test_a_row_of_absences_ends_with_whoever_came(statuses: list[Status]) -> None:
    count = absences_in_a_row(statuses)
    assert 0 <= count <= statuses.count(Status.ABSENT)
    assert absences_in_a_row([*statuses, Status.PRESENT]) == 0
    assert absences_in_a_row([*statuses, Status.EXCUSED]) == count
    assert absences_in_a_row([*statuses, Status.ABSENT]) == count + 1


@given(st.frozensets(KINDS), st.booleans(), KINDS, st.sampled_from(Audience))
def test_who_opted_out_or_wants_something_else_is_not_told(
    wants: frozenset[EventKind], active: bool, kind: EventKind, audience: Audience
) -> None:
    one = Recipient("1", audience, "c", "a@b", "en", wants, active=active)
    assert (told([one], kind, [audience]) == [one]) is (active and kind in wants)
    assert told([one], kind, []) == []


def test_attempts_grow_apart_and_end_after_about_a_day() -> None:
    waits = [retry_after(n) for n in range(1, ATTEMPTS)]
    known = [wait for wait in waits if wait is not None]
    assert len(known) == ATTEMPTS - 1 and known == sorted(known) and known[-1] == LONGEST_RETRY
    assert timedelta(hours=12) < sum(known, timedelta()) < timedelta(hours=36)
    assert retry_after(ATTEMPTS) is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", EventKind)
def test_every_text_that_ships_fits_its_placeholders(kind: EventKind, language: str) -> None:
    text = DEFAULTS[language][kind]
    assert checked(kind, text) == text
    filled = fill(text.subject, EXAMPLES) + fill(text.body, EXAMPLES)
    assert "{" not in filled and "}" not in filled


def test_no_text_can_hold_a_face_or_a_score() -> None:
    """Whatever an administrator writes, a score cannot be named."""
    names = {name for names in PLACEHOLDERS.values() for name in names}
    assert names == set(EXAMPLES)
    assert not names & {"score", "threshold", "margin", "face", "crop", "picture", "photo"}
    with pytest.raises(InvalidInput):
        checked(EventKind.ABSENT, Template("{name}", "{score}"))


@pytest.mark.parametrize("bad", ["{}", "{name", "name}", "{name.x}", "{0}", "{{name}}", "{Name}"])
def test_braces_reach_nothing_but_known_values(bad: str) -> None:
    with pytest.raises(InvalidInput):
        checked(EventKind.ABSENT, Template("x", bad))


@given(st.dictionaries(st.sampled_from(sorted(EXAMPLES)), st.text()))
def test_values_are_put_in_once_and_never_read_as_text(values: dict[str, str]) -> None:
    filled = fill("<{name}|{group}>", values)
    assert filled == f"<{values.get('name', '')}|{values.get('group', '')}>"
    assert PLACEHOLDER.sub("", "a {name} b") == "a  b" and json.dumps(filled)
