"""Calendar files: what becomes of each event, and what a bad file cannot do."""

from __future__ import annotations

import time as stopwatch
from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.domain.timetable import DayRange
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.calendar_file import LARGEST, Unusable, read_events
from rollbook.services.calendar_import import CalendarImport, ImportChoices, ImportLine, LineKind
from rollbook.storage.database import Database
from timetables import BERLIN, BY, MONDAY, School

WEEKLY = """
UID:maths@school
SUMMARY:5b: Maths
LOCATION:Room 101
DTSTART;TZID=Europe/Berlin:20260302T080000
DTEND;TZID=Europe/Berlin:20260302T084500
RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260630T060000Z
EXDATE;TZID=Europe/Berlin:20260309T080000,20260311T080000
RDATE;TZID=Europe/Berlin:20260310T080000
"""


def calendar(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def event(times: str, summary: str = "5b Art", uid: str = "x") -> str:
    return f"UID:{uid}\nSUMMARY:{summary}\n{times.strip()}"


@pytest.fixture
def school(database: Database) -> School:
    made = School(database)
    assert made.group
    return made


@pytest.fixture
def importer(school: School) -> CalendarImport:
    return CalendarImport(school.uow, school.clock, school.timetable)


def preview(
    importer: CalendarImport, *events: str, choices: ImportChoices | None = None
) -> list[ImportLine]:
    return importer.preview(importer.keep(calendar(*events), choices or ImportChoices(), BY), BY)


def test_a_weekly_event_becomes_a_series_of_the_group_that_it_names(
    school: School, importer: CalendarImport
) -> None:
    (line,) = preview(importer, WEEKLY)
    series = line.series
    assert line.kind is LineKind.SERIES and series is not None
    assert (series.group_id, series.title, series.room) == (
        school.group.group_id,
        "Maths",
        "Room 101",
    )
    assert (series.start, series.end) == (time(8), time(8, 45))
    assert series.weekdays == {0, 2} and series.last_day == date(2026, 6, 29 + 1)
    assert series.days_off == {date(2026, 3, 9), date(2026, 3, 11)}
    assert series.extra_days == {date(2026, 3, 10)}


def test_what_is_taken_over_is_planned_at_once(school: School, importer: CalendarImport) -> None:
    key = importer.keep(calendar(WEEKLY), ImportChoices(), BY)
    done = importer.apply(key, {0}, BY)
    assert (done.series, done.changed, done.holidays) == (1, 0, 0)
    days = [session.business_date for session in school.sessions()]
    assert days[:3] == [MONDAY, MONDAY + timedelta(days=2), date(2026, 3, 10)]
    with pytest.raises(NotFound):
        importer.apply(key, {0}, BY)


def test_the_same_file_again_changes_the_same_series(
    school: School, importer: CalendarImport
) -> None:
    importer.apply(importer.keep(calendar(WEEKLY), ImportChoices(), BY), {0}, BY)
    before = len(school.sessions())
    later = WEEKLY.replace("T080000", "T100000").replace("T084500", "T104500")
    key = importer.keep(calendar(later), ImportChoices(), BY)
    assert importer.preview(key, BY)[0].known
    assert importer.apply(key, {0}, BY).changed == 1
    (series,) = school.timetable.all()
    assert series.start == time(10)
    assert len(school.sessions()) == before


def test_a_moved_and_a_cancelled_date_of_a_series_follow_the_file(
    importer: CalendarImport,
) -> None:
    moved = """UID:maths@school
SUMMARY:5b: Maths
RECURRENCE-ID;TZID=Europe/Berlin:20260316T080000
DTSTART;TZID=Europe/Berlin:20260317T120000
DTEND;TZID=Europe/Berlin:20260317T124500"""
    gone = moved.replace("0316", "0318").replace("0317", "0318") + "\nSTATUS:CANCELLED"
    whole, single, cancelled = preview(importer, WEEKLY, moved, gone)
    assert whole.series is not None and single.series is not None
    assert {date(2026, 3, 16), date(2026, 3, 18)} <= whole.series.days_off
    assert single.kind is LineKind.SINGLE
    assert single.series.extra_days == {date(2026, 3, 17)}
    assert single.series.source != whole.series.source
    assert str(cancelled.problem) == "It is cancelled in the file."


def test_times_of_other_zones_become_local_and_floating_ones_are(
    importer: CalendarImport,
) -> None:
    lines = preview(
        importer,
        event("DTSTART:20260302T070000Z\nDURATION:PT45M"),
        event("DTSTART;TZID=America/New_York:20260302T200000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"),
        event("DTSTART:20260302T093000\nDURATION:PT1H"),
        event("DTSTART;TZID=W. Europe Standard Time:20260302T110000\nDURATION:PT1H"),
        event("DTSTART;TZID=Mars/Olympus:20260302T110000\nDURATION:PT1H"),
    )
    starts = [(line.series.start, line.series.first_day) for line in lines[:4] if line.series]
    tuesday = MONDAY + timedelta(days=1)
    assert starts == [
        (time(8), MONDAY),
        (time(2), tuesday),
        (time(9, 30), MONDAY),
        (time(11), MONDAY),
    ]
    assert lines[1].series is not None and lines[1].series.weekdays == {1}
    assert str(lines[4].problem) == "Its time zone is not known here: Mars/Olympus."


def test_days_as_a_whole_become_holidays(school: School, importer: CalendarImport) -> None:
    whole = "DTSTART;VALUE=DATE:20260309\nDTEND;VALUE=DATE:20260314"
    key = importer.keep(calendar(event(whole, "Ski week"), WEEKLY), ImportChoices(), BY)
    line, _ = importer.preview(key, BY)
    assert line.holiday == DayRange("Ski week", date(2026, 3, 9), date(2026, 3, 13))
    assert importer.apply(key, {0, 1}, BY).holidays == 1
    assert school.calendars.read(MONDAY).why_off(date(2026, 3, 13)) == "Ski week"
    assert date(2026, 3, 11) not in [one.business_date for one in school.sessions()]


def test_the_group_comes_from_category_title_or_choice(
    school: School, importer: CalendarImport
) -> None:
    when = "DTSTART:20260303T080000\nDURATION:PT45M"
    named = event(f"CATEGORIES:lesson,5B\n{when}", "Physics")
    lines = preview(importer, named, event(when, "Physics (5b)"), event(when, "15b Physics"))
    assert [line.series.title if line.series else None for line in lines] == [
        "Physics",
        "Physics",
        None,
    ]
    assert "names no group" in str(lines[2].problem)
    chosen = ImportChoices(school.group.group_id, "office day")
    (line,) = preview(importer, event(when, "15b Physics"), choices=chosen)
    assert line.series is not None
    assert (line.series.title, line.series.policy.name) == ("15b Physics", "office day")


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ("", "It has no start."),
        ("DTSTART:20260302T080000", "It has no length."),
        ("DTSTART:20260302T080000\nDTEND:20260302T070000", "It has no length."),
        ("DTSTART:20260302T080000\nDTEND:20260304T070000", "It lasts longer than a day."),
        ("DTSTART:20250302T080000\nDURATION:PT1H", "It is over already."),
        ("DTSTART:2026xx02\nDURATION:PT1H", "Its times or its rule cannot be read."),
        ("DTSTART:20260302T080000\nDTEND;VALUE=DATE:20260303", "Its times or its rule cannot"),
        ("DTSTART;VALUE=DATE:20260302\nRRULE:FREQ=YEARLY", "It takes whole days and repeats."),
        ("DTSTART:20260302T080000\nDURATION:PT1H\nRRULE:FREQ=YEARLY", "It repeats in a way"),
        ("DTSTART:20260302T080000\nDURATION:PT1H\nRRULE:FREQ=SECONDLY", "It repeats in a way"),
        ("DTSTART:20260302T080000\nDURATION:PT1H\nRRULE:NONSENSE", "It repeats in a way"),
        ("DTSTART:15000302T080000\nDURATION:PT1H", "This day is too far away."),
        (
            "DTSTART:20200302T080000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3",
            "It is over already.",
        ),
    ],
)
def test_what_cannot_be_used_is_said_by_event(
    importer: CalendarImport, times: str, problem: str
) -> None:
    line, good = preview(importer, event(times, uid="bad"), WEEKLY)
    assert line.kind is LineKind.NOTHING
    assert str(line.problem).startswith(problem)
    assert good.kind is LineKind.SERIES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00",
        b"BEGIN:VCALENDAR",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR",
        b"BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        b"BEGIN:VCALENDAR\n" * 5000,
        calendar(*[event("DTSTART:20260302T080000")] * 1001),
        b"BEGIN:VCALENDAR\n" + b"x" * LARGEST,
        b"<html>not found</html>",
    ],
    ids=range(10),
)
def test_a_bad_file_gets_one_sentence(importer: CalendarImport, data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"\.$"):
        importer.keep(data, ImportChoices(), BY)


def test_a_file_of_bombs_takes_no_time(importer: CalendarImport) -> None:
    rules = (
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2",
        "FREQ=SECONDLY;COUNT=1000000000",
        "FREQ=DAILY;INTERVAL=3;COUNT=999999999",
    )
    bombs = [
        event(f"DTSTART:20260302T080000\nDURATION:PT1H\nRRULE:{rules[number % 4]}", uid=str(number))
        for number in range(200)
    ]
    began = stopwatch.perf_counter()
    assert len(preview(importer, *bombs)) == 200
    assert stopwatch.perf_counter() - began < 20


@settings(deadline=None)
@given(st.binary(max_size=300).map(lambda junk: calendar(WEEKLY) + junk))
def test_junk_never_raises_anything_but_a_sentence(data: bytes) -> None:
    try:
        found = read_events(data, BERLIN)
    except InvalidInput as error:
        assert str(error).endswith(".")
    else:
        assert found


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["DTSTART", "DTEND", "RRULE", "EXDATE", "RDATE", "DURATION", "RECURRENCE-ID", "UID"]
        ),
        max_size=6,
    ),
    st.sampled_from(["", "20260302", "20260302T080000Z", "FREQ=WEEKLY", "P1W", "1,2", ";;"]),
)
def test_odd_properties_never_raise(names: list[str], value: str) -> None:
    for one in read_events(calendar("\n".join(f"{name}:{value}" for name in names)), BERLIN):
        if isinstance(one, Unusable):
            assert str(one.problem)


def test_another_person_cannot_take_over_what_is_kept(importer: CalendarImport) -> None:
    key = importer.keep(calendar(WEEKLY), ImportChoices(), BY)
    with pytest.raises(NotFound):
        importer.preview(key, "administrator b")


def test_a_zone_change_of_the_site_moves_what_is_planned(school: School) -> None:
    series = school.add()
    before = school.session()
    school.zone = ZoneInfo("America/New_York")
    school.timetable.update(replace(series, title="Maths "), BY)
    assert school.session().starts_at - before.starts_at == timedelta(hours=6)


@pytest.mark.parametrize("zone", ["x" * 300, "Europe/" + "[" * 5000])
def test_a_zone_with_an_endless_name_is_refused_in_words(zone: str) -> None:
    times = f"DTSTART;TZID={zone}:20260302T080000\nDTEND;TZID={zone}:20260302T084500"
    with pytest.raises(InvalidInput, match=r"cannot be read|not known"):
        for found in read_events(calendar(event(times)), BERLIN):
            assert isinstance(found, Unusable)
            raise found.problem
