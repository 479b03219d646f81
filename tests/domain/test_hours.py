"""Hours: what is paired, what is not, and that nothing is made up."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.attendance import (
    OFFICE_DAY,
    Direction,
    Mark,
    MarkKind,
    Method,
    Session,
    Status,
    plan_session,
    record_of,
)
from rollbook.domain.hours import DayHours, Span, Stamp, Way, hours_of, pair, stamps_of
from rollbook.domain.month import GroupMonth, Month, MonthRegister, Person, PersonMonth
from rollbook.domain.subjects import Group

DAY = date(2025, 4, 1)
BERLIN = ZoneInfo("Europe/Berlin")
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def at(clock: str) -> datetime:
    return datetime.combine(DAY, time.fromisoformat(clock), UTC)


def stamps(text: str) -> list[Stamp]:
    """Read "08:00 in, 12:00 out"."""
    parts = [part.split() for part in text.split(",") if part.strip()]
    return [Stamp(at(clock), Way(way)) for clock, way in parts]


def told(day: DayHours) -> tuple[list[str], list[str]]:
    spans = [f"{one.came_at:%H:%M}-{one.went_at:%H:%M}" for one in day.spans]
    return spans, [f"{one.at:%H:%M} {one.way.value}" for one in day.unpaired]


def test_ins_and_outs_are_paired_and_the_rest_is_shown() -> None:
    cases = {
        "": ([], []),
        "08:00 in, 12:00 out, 12:30 in, 17:00 out": (["08:00-12:00", "12:30-17:00"], []),
        "08:00 in": ([], ["08:00 in"]),
        "17:00 out": ([], ["17:00 out"]),
        "08:00 in, 09:00 in, 17:00 out": (["09:00-17:00"], ["08:00 in"]),
        "08:00 in, 16:00 out, 17:00 out": (["08:00-16:00"], ["17:00 out"]),
        "08:00 there, 11:00 there, 12:00 out, 13:00 there": (["08:00-12:00"], ["13:00 in"]),
        "08:00 in, 12:00 out, 12:00 in, 13:00 out": (["08:00-12:00", "12:00-13:00"], []),
    }
    for text, expected in cases.items():
        assert told(pair(DAY, stamps(text))) == expected, text


minutes = st.integers(0, 48 * 60)
days = st.lists(st.builds(Stamp, minutes.map(lambda m: at("00:00") + timedelta(minutes=m)),
                          st.sampled_from(Way)), max_size=12)  # fmt: skip


@given(days, st.randoms())
def test_order_and_repetition_make_no_difference(seen: list[Stamp], random: object) -> None:
    mixed = [*seen, *seen[:3]]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert pair(DAY, mixed) == pair(DAY, seen)


@given(days)
def test_every_in_and_out_is_told_once_and_no_other_time_is(seen: list[Stamp]) -> None:
    found = pair(DAY, seen)
    once = set(seen)
    outs = Counter(s.at for s in once if s.way is Way.OUT)
    told_outs = Counter([span.went_at for span in found.spans])
    told_outs += Counter(s.at for s in found.unpaired if s.way is Way.OUT)
    assert told_outs == outs
    told_ins = Counter([span.came_at for span in found.spans])
    told_ins += Counter(s.at for s in found.unpaired if s.way is Way.IN)
    assert set(told_ins) <= {s.at for s in once if s.way is not Way.OUT}
    assert {s.at for s in once if s.way is Way.IN} <= set(told_ins)


@given(days)
def test_pairs_follow_each_other_and_their_sum_is_what_was_worked(seen: list[Stamp]) -> None:
    found = pair(DAY, seen)
    edges = [edge for span in found.spans for edge in (span.came_at, span.went_at)]
    assert edges == sorted(edges)
    assert found.worked == sum((b - a for a, b in zip(edges[::2], edges[1::2], strict=True)),
                               timedelta(0))  # fmt: skip


def office(day: date, start: time, end: time) -> Session:
    first, last, business = plan_session(day, start, end, BERLIN)
    return Session(f"s {day} {start}", "g", "Shift", first, last, business, OFFICE_DAY)


def mark(
    session: Session, kind: MarkKind, instant: datetime, direction: Direction = Direction.IN,
    name: str = "", corrects: str | None = None,
) -> Mark:  # fmt: skip
    name = name or f"{kind} {instant}"
    return Mark(name, session.session_id, "ada", kind, instant, Method.PIN, "door",
                direction=direction, corrects=corrects)  # fmt: skip


def times_of(session: Session, *marks: Mark) -> DayHours:
    record = record_of(session, "ada", marks, LATER)
    return pair(session.business_date, stamps_of(session, record))


def test_a_night_in_which_clocks_go_forward_has_an_hour_less_and_back_one_more() -> None:
    for night, hours in ((date(2025, 3, 29), 7), (date(2025, 10, 25), 9), (date(2025, 4, 5), 8)):
        shift = office(night, time(22), time(6))
        found = times_of(
            shift,
            mark(shift, MarkKind.ARRIVED, shift.starts_at),
            mark(shift, MarkKind.LEFT, shift.ends_at, Direction.OUT),
        )
        assert (found.day, found.worked) == (night, timedelta(hours=hours))


def test_a_time_that_was_corrected_does_not_count_and_a_guessed_leaving_is_none() -> None:
    shift = office(DAY, time(8), time(17))
    early, late = shift.starts_at, shift.starts_at + timedelta(hours=1)
    found = times_of(
        shift,
        mark(shift, MarkKind.ARRIVED, late, name="wrong"),
        mark(shift, MarkKind.SEEN, early, corrects="wrong"),
        mark(shift, MarkKind.SEEN, late + timedelta(hours=3), Direction.BOTH),
    )
    assert found.spans == () and found.unpaired == (Stamp(early, Way.IN),)


def test_who_is_set_absent_by_a_person_has_no_times() -> None:
    shift = office(DAY, time(8), time(17))
    said = Mark("m", shift.session_id, "ada", MarkKind.STATUS, LATER, Method.HAND, "office",
                Status.ABSENT)  # fmt: skip
    assert times_of(shift, mark(shift, MarkKind.ARRIVED, shift.starts_at), said).unpaired == ()


def test_hours_of_a_register_join_the_groups_of_a_day() -> None:
    morning, noon = office(DAY, time(8), time(12)), office(DAY, time(12), time(16))
    came = mark(morning, MarkKind.ARRIVED, morning.starts_at)
    again = mark(noon, MarkKind.ARRIVED, noon.starts_at, Direction.BOTH)
    went = mark(noon, MarkKind.LEFT, noon.ends_at, Direction.OUT)
    ada, eve = Person("ada", "Ada"), Person("eve", "Eve")
    groups = tuple(
        GroupMonth(
            Group(name, name),
            (session,),
            (
                PersonMonth(ada, True, (record_of(session, "ada", own, LATER),)),
                PersonMonth(eve, True, (record_of(session, "eve", (), LATER),)),
            ),
        )
        for name, session, own in (("a", morning, (came,)), ("b", noon, (again, went)))
    )
    book = hours_of(MonthRegister("Office", BERLIN, Month(2025, 4), LATER, groups))
    assert [one.person.name for one in book.people] == ["Ada", "Eve"]
    assert book.people[0].days == (DayHours(DAY, (Span(morning.starts_at, noon.ends_at),), ()),)
    assert (book.people[0].worked, book.people[1].days) == (timedelta(hours=8), ())
