"""Calendar files (.ics) as events in the site's local time. Nothing in a file can take long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from rollbook.domain.recurrence import MOST_DATES, Recurrence, Rule, read_rule
from rollbook.domain.timetable import EARLIEST, LATEST, WEEK
from rollbook.errors import InvalidInput, RollbookError

LARGEST = 1_000_000  # bytes
MOST_EVENTS = 1_000
TEXT_LIMIT = 500  # characters of a summary that are read
DAY = timedelta(days=1)
BROKEN = (
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    OverflowError,
    RecursionError,
    OSError,
)  # fmt: skip - the last: zones are files, and their names can be too long
Component = Any  # one of the library's parts of a calendar


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One event of a file: on the site's clocks, with all its dates."""

    uid: str
    summary: str
    categories: tuple[str, ...]
    place: str
    first_day: date
    start: time | None  # None: all day
    end: time | None
    last_day: date  # of the first meeting; of all-day events the last day that belongs to it
    recurrence: Recurrence | None = None
    days_off: frozenset[date] = frozenset()
    extra_days: frozenset[date] = frozenset()
    replaces: date | None = None  # this one date of the recurring event with the same uid
    cancelled: bool = False

    @property
    def all_day(self) -> bool:
        return self.start is None


@dataclass(frozen=True, slots=True)
class Unusable:
    """An event that cannot be used, and why."""

    summary: str
    problem: RollbookError


def read_events(data: bytes, zone: ZoneInfo) -> list[CalendarEvent | Unusable]:
    """Return the events of a file in its order.

    Raises:
        InvalidInput: it is no calendar file, or larger than is taken.
    """
    if len(data) > LARGEST:
        raise InvalidInput(
            "The file is larger than 1 MB. Export fewer calendars or a shorter span."
        )
    events = [event for calendar in _calendars(data) for event in calendar.walk("VEVENT")]
    if not events:
        raise InvalidInput("There are no events in this file.")
    if len(events) > MOST_EVENTS:
        raise InvalidInput("At most %(limit)s events can be read at once.", limit=MOST_EVENTS)
    return [_read(event, zone) for event in events]


def _calendars(data: bytes) -> Sequence[Calendar]:
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text[:15].upper().startswith(b"BEGIN:VCALENDAR"):
        raise InvalidInput("This is not a calendar file. Export it as .ics, and choose that file.")
    try:
        found: Sequence[Calendar] = Calendar.from_ical(text, multiple=True)
    except BROKEN as error:
        raise InvalidInput(
            "This calendar file cannot be read. Export it again, and choose that file."
        ) from error
    return found


def _read(event: Component, zone: ZoneInfo) -> CalendarEvent | Unusable:
    summary = _text(event, "SUMMARY")
    try:
        return _event(event, summary, zone)
    except RollbookError as error:
        return Unusable(summary, error)
    except BROKEN:
        return Unusable(summary, InvalidInput("Its times or its rule cannot be read."))


def _event(event: Component, summary: str, zone: ZoneInfo) -> CalendarEvent:
    begins = _value(event, "DTSTART")
    if begins is None:
        raise InvalidInput("It has no start.")
    ends = _end(event, begins)
    if not isinstance(begins, datetime):
        return _with_texts(_all_day(event, begins, ends), event, summary)
    local, until = _local(event, "DTSTART", begins, zone), _local(event, "DTEND", ends, zone)
    if until <= local:
        raise InvalidInput("It has no length.")
    if until - local > DAY:
        raise InvalidInput("It lasts longer than a day.")
    _refuse_far(local.date())
    shift = (local.date() - begins.date()).days  # where the file's zone has another date
    made = CalendarEvent(
        uid="",
        summary="",
        categories=(),
        place="",
        first_day=local.date(),
        start=_minute(local),
        end=_minute(until),
        last_day=local.date(),
        recurrence=_recurrence(event, begins, shift),
        days_off=frozenset(_days(event, "EXDATE", zone)),
        extra_days=frozenset(_days(event, "RDATE", zone)),
        replaces=_replaced(event, zone),
    )
    return _with_texts(made, event, summary)


def _all_day(event: Component, begins: date, ends: Any) -> CalendarEvent:
    if event.get("RRULE") or event.get("RDATE"):
        raise InvalidInput("It takes whole days and repeats. Enter it as holidays by hand.")
    last = max(ends - DAY, begins) if not isinstance(ends, datetime) else begins
    _refuse_far(begins)
    _refuse_far(last)
    return CalendarEvent("", "", (), "", begins, None, None, last)


def _with_texts(made: CalendarEvent, event: Component, summary: str) -> CalendarEvent:
    return replace(
        made,
        uid=_text(event, "UID"),
        summary=summary,
        categories=_categories(event),
        place=_text(event, "LOCATION"),
        cancelled=_text(event, "STATUS").upper() == "CANCELLED",
    )


def _recurrence(event: Component, begins: datetime, shift: int) -> Recurrence | None:
    rule = event.get("RRULE")
    if rule is None:
        return None
    if isinstance(rule, list):
        raise InvalidInput("It repeats in a way that a timetable does not know.")
    plain: Rule = {str(name).upper(): list(values) for name, values in rule.items()}
    found = read_rule(plain, begins.date(), _until(plain, begins))
    return Recurrence(
        frozenset((day + shift) % WEEK for day in found.weekdays),
        found.every_weeks,
        None if found.last_day is None else found.last_day + shift * DAY,
        tuple(day + shift * DAY for day in found.dates),
    )


def _until(rule: Rule, begins: datetime) -> date | None:
    """Return the last day on which a meeting may begin, on the clocks of the event."""
    values = rule.get("UNTIL")
    until = values[0] if values else None
    if not isinstance(until, datetime):
        return until if isinstance(until, date) else None
    if until.tzinfo is not None and begins.tzinfo is not None:
        until = until.astimezone(begins.tzinfo)
    return until.date() if until.time() >= begins.time() else until.date() - DAY


def _end(event: Component, begins: Any) -> Any:
    ends = _value(event, "DTEND")
    if ends is not None:
        if isinstance(ends, datetime) is not isinstance(begins, datetime):
            raise InvalidInput("Its times or its rule cannot be read.")
        return ends
    duration = _value(event, "DURATION")
    if isinstance(duration, timedelta):
        return begins + duration
    return begins if isinstance(begins, datetime) else begins + DAY


def _value(event: Component, name: str) -> Any:
    found = event.get(name)
    return None if found is None else found.dt


def _local(event: Component, name: str, at: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant on the site's clocks, without a zone; floating times are on them already.

    Raises:
        InvalidInput: it names a time zone that is not known.
    """
    if at.tzinfo is not None:
        return at.astimezone(zone).replace(tzinfo=None, fold=0)
    named = event.get(name).params.get("TZID") if event.get(name) is not None else None
    if named:
        raise InvalidInput("Its time zone is not known here: %(zone)s.", zone=str(named)[:60])
    return at


def _days(event: Component, name: str, zone: ZoneInfo) -> Iterable[date]:
    """Return the local days of EXDATE or RDATE, which may come several times."""
    held = event.get(name)
    lists = [] if held is None else held if isinstance(held, list) else [held]
    values = [value.dt for one in lists for value in one.dts]
    if len(values) > MOST_DATES:
        raise InvalidInput(
            "It takes place more than %(limit)s times. Give it a last day.", limit=MOST_DATES
        )
    return [_day(value, zone) for value in values]


def _day(value: Any, zone: ZoneInfo) -> date:
    if isinstance(value, tuple):  # a period: its start
        value = value[0]
    if not isinstance(value, datetime):
        return date(value.year, value.month, value.day)
    return (value.astimezone(zone) if value.tzinfo is not None else value).date()


def _replaced(event: Component, zone: ZoneInfo) -> date | None:
    value = _value(event, "RECURRENCE-ID")
    return None if value is None else _day(value, zone)


def _categories(event: Component) -> tuple[str, ...]:
    held = event.get("CATEGORIES")
    lists = [] if held is None else held if isinstance(held, list) else [held]
    return tuple(str(one)[:TEXT_LIMIT] for held in lists for one in held.cats)


def _text(event: Component, name: str) -> str:
    value = event.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    return "" if value is None else " ".join(str(value)[:TEXT_LIMIT].split())


def _minute(at: datetime) -> time:
    return at.time().replace(second=0, microsecond=0)


def _refuse_far(day: date) -> None:
    if not EARLIEST <= day <= LATEST:
        raise InvalidInput("This day is too far away. Is the year right?")
