"""What marks make of a person: the rules, with the bad days included."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.attendance import (
    NOT_IN,
    NOT_OPEN_YET,
    OFFICE_DAY,
    OVER,
    QUIET,
    SCHOOL_LESSON,
    AttendancePolicy,
    AttendanceRecord,
    Direction,
    Mark,
    MarkKind,
    Method,
    Session,
    SessionState,
    Status,
    next_mark,
    plan_session,
    record_of,
    records_of,
)
from rollbook.domain.subjects import Membership
from rollbook.errors import InvalidInput

NINE = datetime(2025, 4, 1, 9, tzinfo=UTC)
NOON = NINE + timedelta(hours=3)
LESSON = Session("s1", "g1", "Mathematics", NINE, NOON, date(2025, 4, 1))
STRICT = replace(LESSON, policy=AttendancePolicy(minimum_presence=timedelta(hours=2)))
AFTER = NINE + timedelta(days=1)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def at(clock: str) -> datetime:
    return datetime.combine(NINE.date(), time.fromisoformat(clock), UTC)


def mark(
    when: datetime | str,
    kind: MarkKind = MarkKind.ARRIVED,
    *,
    subject: str = "ada",
    session: Session = LESSON,
    status: Status | None = None,
    corrects: str | None = None,
    mark_id: str = "",
    method: Method = Method.FACE,
) -> Mark:
    instant = at(when) if isinstance(when, str) else when
    return Mark(
        mark_id or f"{kind}-{instant.isoformat()}-{status}",
        session.session_id,
        subject,
        kind,
        instant,
        method,
        "camera",
        status=status,
        corrects=corrects,
        reason="said so" if status else None,
    )


def said(status: Status, when: str = "13:00", **more: str) -> Mark:
    return mark(when, MarkKind.STATUS, status=status, method=Method.HAND, **more)


def record(*marks: Mark, session: Session = LESSON, now: datetime = AFTER) -> AttendanceRecord:
    return record_of(session, "ada", marks, now)


def play(
    session: Session, sightings: list[tuple[datetime, Direction]], subject: str = "ada"
) -> list[Mark]:
    """Write what a camera would write, one sighting after the other."""
    written: list[Mark] = []
    for number, (instant, direction) in enumerate(sightings):
        kind = next_mark(session, written, instant, direction)
        if isinstance(kind, MarkKind):
            written.append(
                mark(instant, kind, subject=subject, session=session, mark_id=f"m{number}")
            )
    return written


# --- what a sighting writes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("08:44:59", NOT_OPEN_YET),
        ("08:45", MarkKind.ARRIVED),
        ("12:00", MarkKind.ARRIVED),
        ("12:00:01", OVER),
    ],
)
def test_marks_are_taken_from_the_first_to_the_last_instant(clock: str, expected: object) -> None:
    assert next_mark(LESSON, [], at(clock), Direction.IN) == expected


def test_a_closed_session_takes_no_sightings() -> None:
    closed = replace(LESSON, state=SessionState.CLOSED)
    assert next_mark(closed, [], at("09:00"), Direction.IN) == OVER
    assert not closed.takes_marks_at(at("09:00"))


def test_nobody_leaves_who_never_came() -> None:
    assert next_mark(LESSON, [], at("10:00"), Direction.OUT) == NOT_IN


@pytest.mark.parametrize(
    ("clock", "expected"), [("09:04:59", QUIET), ("09:05", MarkKind.SEEN), ("08:58", QUIET)]
)
def test_being_seen_again_is_quiet_for_a_while(clock: str, expected: object) -> None:
    assert next_mark(LESSON, [mark("09:00")], at(clock), Direction.BOTH) == expected


def test_leaving_right_after_arriving_is_written() -> None:
    assert next_mark(LESSON, [mark("09:00")], at("09:01"), Direction.OUT) == MarkKind.LEFT


def test_a_late_photograph_does_not_repeat_what_is_known_for_its_time() -> None:
    earlier = [mark("09:00"), mark("10:00", MarkKind.SEEN), mark("11:00", MarkKind.LEFT)]
    assert next_mark(LESSON, earlier, at("10:02"), Direction.BOTH) == QUIET
    assert next_mark(LESSON, earlier, at("10:30"), Direction.BOTH) == MarkKind.SEEN


def test_coming_back_out_and_in_again_within_the_quiet_period_is_not_lost() -> None:
    earlier = [mark("09:00"), mark("10:00", MarkKind.LEFT), mark("10:01", MarkKind.SEEN)]
    assert next_mark(LESSON, earlier, at("10:02"), Direction.OUT) == MarkKind.LEFT


def test_a_sighting_of_the_instant_of_leaving_keeps_the_quiet_period_to_the_one_before() -> None:
    earlier = [mark("09:00"), mark("10:01", MarkKind.LEFT), mark("10:00", MarkKind.SEEN)]
    assert next_mark(LESSON, earlier, at("10:01"), Direction.BOTH) == QUIET


SIGHTINGS = st.lists(
    st.tuples(
        st.integers(-30 * 60, 4 * 3600).map(lambda seconds: NINE + timedelta(seconds=seconds)),
        st.sampled_from(list(Direction)),
    ),
    max_size=25,
)
POLICIES = st.builds(
    AttendancePolicy,
    late_after=st.integers(0, 30).map(minutes),
    absent_after=st.none() | st.integers(30, 170).map(minutes),
    minimum_presence=st.none() | st.integers(0, 300).map(minutes),
    quiet_period=st.integers(0, 30).map(minutes),
    patience=st.integers(0, 60).map(minutes),
    closes_after=st.integers(0, 30).map(minutes),
)


@given(SIGHTINGS, POLICIES)
def test_nobody_arrives_twice_however_often_and_in_whatever_order_they_are_seen(
    sightings: list[tuple[datetime, Direction]], policy: AttendancePolicy
) -> None:
    session = replace(LESSON, policy=policy)
    written = play(session, sightings)
    assert sum(m.kind is MarkKind.ARRIVED for m in written) <= 1
    assert all(session.takes_marks_at(m.at) for m in written)
    assert play(session, sightings + sightings)[: len(written)] == written


@given(SIGHTINGS, POLICIES)
def test_marks_of_one_side_keep_the_quiet_period_between_them(
    sightings: list[tuple[datetime, Direction]], policy: AttendancePolicy
) -> None:
    written = play(replace(LESSON, policy=policy), sightings)
    written.sort(key=lambda m: (m.at, m.kind is MarkKind.LEFT))  # as the register reads them
    for first, second in pairwise(written):
        if (first.kind is MarkKind.LEFT) == (second.kind is MarkKind.LEFT):
            assert second.at - first.at >= policy.quiet_period


# --- what marks make of a person ----------------------------------------------------------------


def test_a_person_without_marks_is_open_until_the_session_is_over() -> None:
    assert record(now=NOON).status is Status.OPEN
    assert record(now=NOON + timedelta(seconds=1)).status is Status.ABSENT
    assert record(session=replace(LESSON, state=SessionState.CLOSED), now=NINE).status == "absent"


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("08:45", Status.PRESENT),
        ("09:10", Status.PRESENT),
        ("09:10:01", Status.LATE),
        ("11:59", Status.LATE),
    ],
)
def test_late_begins_after_the_last_second_of_grace(clock: str, expected: Status) -> None:
    assert record(mark(clock)).status is expected


def test_an_arrival_that_is_too_late_does_not_count() -> None:
    session = replace(LESSON, policy=AttendancePolicy(absent_after=minutes(45)))
    assert record(mark("09:45"), session=session).status is Status.LATE
    too_late = record(mark("09:46"), session=session)
    assert (too_late.status, too_late.arrived_at) == (Status.ABSENT, at("09:46"))


def test_an_older_photograph_that_comes_later_makes_the_arrival_earlier() -> None:
    found = record(mark("09:20"), mark("09:02", MarkKind.SEEN))
    assert (found.status, found.arrived_at) == (Status.PRESENT, at("09:02"))


def test_leaving_by_an_out_mark_is_the_departure() -> None:
    found = record(mark("09:00"), mark("10:00", MarkKind.SEEN), mark("11:30", MarkKind.LEFT))
    assert found.left_at == at("11:30")


def test_last_seen_plus_patience_is_the_departure_once_it_has_passed() -> None:
    seen = mark("09:00"), mark("10:00", MarkKind.SEEN)
    assert record(*seen, now=at("10:09")).left_at is None
    assert record(*seen, now=at("10:10")).left_at == at("10:10")
    assert record(mark("09:00"), mark("11:55", MarkKind.SEEN)).left_at is None


def test_a_door_that_sees_everybody_once_lets_nobody_leave() -> None:
    assert record(mark("09:00")).left_at is None


def test_silence_within_the_quiet_period_is_no_departure() -> None:
    policy = AttendancePolicy(quiet_period=minutes(30), patience=minutes(2))
    seen = mark("09:00"), mark("10:00", MarkKind.SEEN)
    session = replace(LESSON, policy=policy)
    assert record(*seen, session=session, now=at("10:15")).left_at is None


def test_who_goes_too_soon_left_early_and_who_comes_back_in_time_did_not() -> None:
    went = mark("09:00"), mark("10:00", MarkKind.LEFT)
    assert record(*went, session=STRICT).status is Status.LEFT_EARLY
    back = mark("10:30", MarkKind.SEEN)
    assert record(*went, back, session=STRICT, now=at("10:31")).status is Status.PRESENT
    stayed = record(mark("09:00"), mark("11:00", MarkKind.LEFT), session=STRICT)
    assert stayed.status is Status.PRESENT


def test_time_away_between_out_and_in_does_not_count_as_presence() -> None:
    marks = mark("09:00"), mark("09:10", MarkKind.LEFT), mark("11:50", MarkKind.SEEN)
    assert record(*marks, session=STRICT, now=at("11:55")).status is Status.LEFT_EARLY


def test_who_comes_late_and_stays_to_the_end_is_late_and_did_not_leave_early() -> None:
    marks = mark("11:00"), mark("12:00", MarkKind.LEFT)
    assert record(*marks, session=STRICT).status is Status.LATE


def test_no_more_presence_than_the_session_is_long_can_be_asked_for() -> None:
    session = replace(LESSON, policy=OFFICE_DAY)  # asks for four hours; this session has three
    assert record(mark("08:00"), mark("12:10", MarkKind.LEFT), session=session).status == "present"
    assert (
        record(mark("08:00"), mark("11:00", MarkKind.LEFT), session=session).status == "left_early"
    )


def test_what_a_person_says_wins_over_what_was_seen_and_the_last_word_counts() -> None:
    found = record(mark("09:40"), said(Status.EXCUSED), said(Status.PRESENT))
    assert found.status is Status.PRESENT
    assert (found.method, found.rule, found.reason) == (Method.HAND, "set by a person", "said so")
    assert found.arrived_at == at("09:40")


def test_the_last_word_is_the_last_in_the_register_not_the_latest_by_time() -> None:
    assert record(said(Status.EXCUSED, "13:00"), said(Status.ABSENT, "12:00")).status == "absent"


def test_taking_back_a_status_lets_the_sightings_speak_again() -> None:
    found = record(mark("09:00"), said(Status.EXCUSED), said(Status.OPEN))
    assert (found.status, found.reason) == (Status.PRESENT, None)
    assert record(said(Status.EXCUSED), said(Status.OPEN)).status is Status.ABSENT


def test_absent_by_hand_takes_the_times_back() -> None:
    found = record(mark("09:00"), mark("11:00", MarkKind.LEFT), said(Status.ABSENT))
    assert (found.status, found.arrived_at, found.left_at) == (Status.ABSENT, None, None)
    assert len(found.marks) == 3


def test_a_corrected_time_replaces_the_first_and_can_be_corrected_again() -> None:
    first = mark("09:30", mark_id="a")
    second = mark("09:05", mark_id="b", corrects="a")
    assert record(first, second).arrived_at == at("09:05")
    third = mark("09:20", mark_id="c", corrects="b")
    assert record(first, second, third).arrived_at == at("09:20")


def test_a_status_that_refers_to_an_arrival_leaves_its_time() -> None:
    found = record(mark("09:30", mark_id="a"), said(Status.PRESENT, corrects="a"))
    assert (found.status, found.arrived_at) == (Status.PRESENT, at("09:30"))


def test_marks_of_other_people_and_sessions_are_passed_over() -> None:
    other = replace(LESSON, session_id="s2")
    found = record(mark("09:00", subject="bob"), mark("09:00", session=other))
    assert (found.status, found.marks) == (Status.ABSENT, ())


def test_sessions_that_overlap_are_decided_each_by_itself() -> None:
    morning = replace(LESSON, session_id="s1")
    club = replace(
        LESSON, session_id="s2", starts_at=at("11:00"), ends_at=at("14:00"), group_id="g2"
    )
    for session in (morning, club):
        assert next_mark(session, [], at("11:30"), Direction.IN) is MarkKind.ARRIVED
    marks = [mark("08:55", session=morning), mark("11:05", session=club)]
    assert record_of(morning, "ada", marks, AFTER).arrived_at == at("08:55")
    assert record_of(club, "ada", marks, AFTER).arrived_at == at("11:05")
    assert record_of(club, "ada", marks[:1], AFTER).status is Status.ABSENT


def test_who_joins_after_the_day_is_not_on_the_roster_and_never_absent() -> None:
    members = [
        Membership("g1", "ada", since=date(2025, 1, 7)),
        Membership("g1", "late", since=date(2025, 4, 2)),
        Membership("g1", "gone", since=date(2024, 1, 1), until=date(2025, 3, 31)),
    ]
    roster = [m.subject_id for m in members if m.holds_on(LESSON.business_date)]
    found = {r.subject_id: r.status for r in records_of(LESSON, roster, [], AFTER)}
    assert found == {"ada": Status.ABSENT}


def test_a_guest_who_was_marked_has_a_record() -> None:
    found = records_of(LESSON, ["ada"], [mark("09:00", subject="guest")], AFTER)
    assert {r.subject_id: r.status.value for r in found} == {"ada": "absent", "guest": "present"}


ANY_MARKS = st.lists(
    st.builds(
        mark,
        st.integers(-60, 60 * 5).map(lambda count: NINE + minutes(count)),
        st.sampled_from([MarkKind.ARRIVED, MarkKind.SEEN, MarkKind.LEFT]),
        mark_id=st.uuids().map(str),
    ),
    max_size=8,
)
INSTANTS = st.integers(-60, 60 * 30).map(lambda count: NINE + minutes(count))


@given(ANY_MARKS, POLICIES, INSTANTS, st.randoms())
def test_the_order_in_which_sightings_were_written_does_not_matter(
    marks: list[Mark], policy: AttendancePolicy, now: datetime, random: st.DataObject
) -> None:
    session = replace(LESSON, policy=policy)
    shuffled = list(marks)
    random.shuffle(shuffled)
    assert record_of(session, "ada", shuffled, now) == record_of(session, "ada", marks, now)


@given(ANY_MARKS, POLICIES, INSTANTS)
def test_marks_written_twice_change_nothing(
    marks: list[Mark], policy: AttendancePolicy, now: datetime
) -> None:
    session = replace(LESSON, policy=policy)
    once, twice = (record_of(session, "ada", m, now) for m in (marks, marks + marks))
    assert (once.status, once.arrived_at, once.left_at) == (
        twice.status,
        twice.arrived_at,
        twice.left_at,
    )


@given(ANY_MARKS, POLICIES, st.sampled_from([s for s in Status if s is not Status.OPEN]), INSTANTS)
def test_the_word_of_a_person_always_wins(
    marks: list[Mark], policy: AttendancePolicy, status: Status, now: datetime
) -> None:
    session = replace(LESSON, policy=policy)
    assert record_of(session, "ada", [*marks, said(status)], now).status is status


@given(ANY_MARKS, POLICIES)
def test_a_closed_register_has_no_open_person(marks: list[Mark], policy: AttendancePolicy) -> None:
    session = replace(LESSON, policy=policy, state=SessionState.CLOSED)
    found = record_of(session, "ada", marks, AFTER)
    assert found.status is not Status.OPEN
    came = any(m.kind is not MarkKind.LEFT for m in marks)
    assert (found.arrived_at is not None) == came
    assert came or found.status is Status.ABSENT


@given(ANY_MARKS, st.integers(0, 200), st.integers(0, 200))
def test_more_grace_never_makes_anybody_later(marks: list[Mark], one: int, other: int) -> None:
    strict, kind = (
        record_of(
            replace(LESSON, policy=AttendancePolicy(late_after=minutes(grace))), "ada", marks, AFTER
        ).status
        for grace in sorted((one, other))
    )
    assert not (strict is Status.PRESENT and kind is Status.LATE)


@given(
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
    ).map(ZoneInfo),
    st.sampled_from([date(2025, 3, 30), date(2025, 10, 26), date(2025, 3, 9), date(2025, 11, 2)])
    | st.dates(date(2025, 4, 4), date(2025, 4, 7))
    | st.dates(date(2025, 10, 4), date(2025, 10, 6)),
    st.times().map(lambda wall: wall.replace(second=0, microsecond=0)),
    st.integers(0, 9),
)
def test_late_is_counted_in_minutes_that_pass_on_days_when_clocks_change(
    zone: ZoneInfo, day: date, start: time, passed: int
) -> None:
    end = (datetime.combine(day, start) + timedelta(hours=6)).time()
    starts_at, ends_at, business_date = plan_session(day, start, end, zone)
    session = Session("s1", "g1", "Night", starts_at, ends_at, business_date)
    assert timedelta(hours=5) <= ends_at - starts_at <= timedelta(hours=7)
    on_time, late = (mark(starts_at + minutes(passed + plus)) for plus in (0, 11))
    assert record(on_time, session=session, now=ends_at).status is Status.PRESENT
    assert record(late, session=session, now=ends_at).status is Status.LATE


def test_a_night_session_belongs_to_the_day_it_begins_and_nobody_is_absent_at_midnight() -> None:
    starts_at, ends_at, day = plan_session(
        date(2025, 4, 1), time(22), time(6), ZoneInfo("Europe/Berlin")
    )
    night = Session("s1", "g1", "Night", starts_at, ends_at, day, policy=OFFICE_DAY)
    assert day == date(2025, 4, 1)
    came = mark(starts_at + timedelta(hours=2, minutes=1), session=night)
    assert record(came, session=night, now=ends_at).status is Status.LATE
    out = mark(ends_at + minutes(5), MarkKind.LEFT, session=night)
    assert record(mark(starts_at, session=night), out, session=night).status is Status.PRESENT


# --- values that make no sense ------------------------------------------------------------------


def test_a_policy_refuses_negative_times_and_absent_before_late() -> None:
    for wrong in ({"late_after": minutes(-1)}, {"minimum_presence": minutes(-1)}):
        with pytest.raises(InvalidInput, match="must not be negative"):
            AttendancePolicy(**wrong)
    with pytest.raises(InvalidInput, match="absent_after"):
        AttendancePolicy(late_after=minutes(20), absent_after=minutes(10))


def test_a_session_needs_an_end_after_its_start_and_a_zone() -> None:
    with pytest.raises(InvalidInput, match="end after it starts"):
        replace(LESSON, ends_at=NINE)
    with pytest.raises(InvalidInput, match="time zone"):
        replace(LESSON, starts_at=NINE.replace(tzinfo=None))


def test_the_shipped_policies_differ_where_a_lesson_and_a_day_at_the_office_do() -> None:
    assert SCHOOL_LESSON.minimum_presence is None
    assert OFFICE_DAY.opens_before == timedelta(hours=3)
