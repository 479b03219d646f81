"""A month as weeks of days, for the calendar of the own record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import abort, request

from rollbook.domain.month import Month
from rollbook.errors import InvalidInput
from rollbook.services.own_record import OwnLine, OwnMonth
from rollbook.web.times import format_locale


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One square of the calendar."""

    day: date
    inside: bool  # of the shown month
    today: bool
    lines: tuple[OwnLine, ...]


def weeks_of(month: OwnMonth, today: date) -> list[list[CalendarDay]]:
    """Return the month's weeks, beginning on the first day of the week of the page's language."""
    days = month.month.days
    start = days[0] - timedelta(days=(days[0].weekday() - first_weekday()) % 7)
    weeks = []
    while start <= days[-1]:
        week = [start + timedelta(days=number) for number in range(7)]
        weeks.append([_square(month, day, today) for day in week])
        start += timedelta(days=7)
    return weeks


def first_weekday() -> int:
    """Return 0 for Monday to 6 for Sunday."""
    return int(format_locale().first_week_day)


def _square(month: OwnMonth, day: date, today: date) -> CalendarDay:
    inside = (day.year, day.month) == (month.month.year, month.month.month)
    return CalendarDay(day, inside, day == today, tuple(month.on(day)) if inside else ())


def asked_month(today: date) -> Month:
    """Return the month that the address names, by default this one; 404 for nonsense."""
    text = request.args.get("month")
    if text is None:
        return Month(today.year, today.month)
    try:
        return Month.parse(text)
    except InvalidInput:
        abort(404)


def neighbour(month: Month, step: int) -> Month | None:
    """Return the month so many months later, or None beyond all calendars."""
    number = month.year * 12 + month.month - 1 + step
    year, index = divmod(number, 12)
    return Month(year, index + 1) if 1 <= year <= 9998 else None
