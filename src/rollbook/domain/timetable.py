"""What recurs: weekly series, terms and days off, as pure functions over local dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import SCHOOL_LESSON, AttendancePolicy
from rollbook.domain.localtime import plan_session
from rollbook.errors import InvalidInput

WEEK = 7
LONGEST_CYCLE = 8  # weeks; A and B weeks are a cycle of 2
LONGEST_SERIES = 6 * 366  # days from the first to the last
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days with a name, the last one included: "autumn holidays"."""

    name: str
    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise InvalidInput("The last day must not be before the first day.")
        if self.first_day < EARLIEST or self.last_day > LATEST:
            raise InvalidInput("This day is too far away. Is the year right?")

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class Term:
    """A part of the school year that series can run in."""

    term_id: str
    days: DayRange


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """The site's terms, holidays of its own, and public holidays."""

    terms: tuple[Term, ...] = ()
    holidays: tuple[DayRange, ...] = ()
    public: Mapping[date, str] = field(default_factory=dict)

    def why_off(self, day: date) -> str | None:
        """Return the name of the holiday, or None on an ordinary day."""
        own = next((held.name for held in self.holidays if day in held), None)
        return own or self.public.get(day)

    def term(self, term_id: str) -> Term | None:
        return next((term for term in self.terms if term.term_id == term_id), None)


@dataclass(frozen=True, slots=True)
class Series:
    """A group's meetings at one time of day, every week or on single dates."""

    series_id: str
    group_id: str
    title: str
    start: time  # wall clock of the site
    end: time  # not after the start: on the next day
    first_day: date
    last_day: date | None = None  # None: until it is ended
    weekdays: frozenset[int] = frozenset()  # 0 = Monday; empty: only the extra days
    every_weeks: int = 1
    term_id: str | None = None  # only on days of this term
    policy: AttendancePolicy = SCHOOL_LESSON
    room: str = ""
    days_off: frozenset[date] = frozenset()
    extra_days: frozenset[date] = frozenset()  # also on these, holidays or not
    on_holidays: bool = False
    source: str = ""  # of the calendar file that it came from: its event there

    def __post_init__(self) -> None:
        if not self.weekdays <= frozenset(range(WEEK)):
            raise InvalidInput("A weekday is a number from 0 (Monday) to 6 (Sunday).")
        if not self.weekdays and not self.extra_days:
            raise InvalidInput("Choose at least one weekday or date.")
        if not 1 <= self.every_weeks <= LONGEST_CYCLE:
            raise InvalidInput(
                "A series can repeat every 1 to %(limit)s weeks.",
                limit=LONGEST_CYCLE,
            )
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise InvalidInput("The times of a series are those of the site's clocks.")
        last = self.last_day if self.last_day is not None else self.first_day
        DayRange(self.title, self.first_day, max(last, self.first_day))
        if (last - self.first_day).days > LONGEST_SERIES:
            raise InvalidInput("A series can last six years. Is the year of the last day right?")

    @property
    def is_single(self) -> bool:
        """Return whether it is one meeting on one date."""
        return not self.weekdays and len(self.extra_days) == 1

    def meets_on(self, day: date, calendar: SiteCalendar) -> bool:
        """Return whether there is a meeting that begins on this day."""
        if day in self.days_off:
            return False
        return day in self.extra_days or self._recurs_on(day, calendar)

    def _recurs_on(self, day: date, calendar: SiteCalendar) -> bool:
        if day.weekday() not in self.weekdays or not self._runs_on(day, calendar):
            return False
        weeks = (_monday(day) - _monday(self.first_day)).days // WEEK
        if weeks % self.every_weeks:
            return False
        return self.on_holidays or calendar.why_off(day) is None

    def _runs_on(self, day: date, calendar: SiteCalendar) -> bool:
        if day < self.first_day or (self.last_day is not None and day > self.last_day):
            return False
        if self.term_id is None:
            return True
        term = calendar.term(self.term_id)
        return term is not None and day in term.days


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting of a series, as instants."""

    day: date  # of the series: local
    starts_at: datetime
    ends_at: datetime
    business_date: date


def meetings(
    series: Series, calendar: SiteCalendar, zone: ZoneInfo, first: date, last: date
) -> Iterator[Meeting]:
    """Yield the meetings from one day to another, both included, earliest first.

    A meeting for which a clock change leaves no time does not take place.
    """
    for day in each_day(first, last):
        if series.meets_on(day, calendar):
            meeting = _meeting(series, day, zone)
            if meeting is not None:
                yield meeting


def _meeting(series: Series, day: date, zone: ZoneInfo) -> Meeting | None:
    try:
        starts_at, ends_at, business_date = plan_session(day, series.start, series.end, zone)
    except InvalidInput:
        return None
    return Meeting(day, starts_at, ends_at, business_date)


def each_day(first: date, last: date) -> Iterator[date]:
    """Yield the days from one to the other, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def week_of(day: date) -> tuple[date, ...]:
    """Return the seven days of a day's week, from Monday on.

    >>> week_of(date(2026, 3, 4))[0].isoformat()
    '2026-03-02'
    """
    return tuple(_monday(day) + timedelta(days=number) for number in range(WEEK))


def overlapping(series: Series, others: Iterable[Series]) -> list[Series]:
    """Return the other series of the group that may meet at the same time of the same day.

    Such sessions are decided each by itself; it is for a warning, so it may say too much.
    """
    return [
        other
        for other in others
        if other.series_id != series.series_id
        and other.group_id == series.group_id
        and _share_days(series, other)
        and _share_time(series, other)
    ]


def _share_days(one: Series, other: Series) -> bool:
    if (one.last_day or LATEST) < other.first_day or (other.last_day or LATEST) < one.first_day:
        return bool(one.extra_days & other.extra_days)
    return bool(_weekdays(one) & _weekdays(other))


def _weekdays(series: Series) -> frozenset[int]:
    return series.weekdays | {day.weekday() for day in series.extra_days}


def _share_time(one: Series, other: Series) -> bool:
    return any(
        start < last and first < end for start, end in _spans(one) for first, last in _spans(other)
    )


def _spans(series: Series) -> list[tuple[time, time]]:
    """Return the times of one day that a series takes: a night has two."""
    if series.end > series.start:
        return [(series.start, series.end)]
    return [(series.start, time.max), (time.min, series.end)]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
