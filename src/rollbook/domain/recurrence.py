"""Recurrence rules of calendar files, as far as a timetable needs them, without endless ones.

Weeks stay rules; months are written out as dates. What repeats every second or for ever without
meeting any date is refused or simply ends at the horizon, so that no rule takes long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rollbook.domain.timetable import LONGEST_CYCLE, WEEK, each_day
from rollbook.errors import InvalidInput

DAY_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
KNOWN = frozenset("FREQ INTERVAL COUNT UNTIL BYDAY BYMONTHDAY BYMONTH WKST BYSETPOS".split())
HORIZON = timedelta(days=3 * 366)  # so far dates are written out
MOST_DATES = 800
Rule = Mapping[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule in the words of a series: weekdays, or dates that are written out."""

    weekdays: frozenset[int] = frozenset()
    every_weeks: int = 1
    last_day: date | None = None
    dates: tuple[date, ...] = ()


def read_rule(rule: Rule, first: date, until: date | None) -> Recurrence:
    """Return what a rule says; `first` is the local day of the first meeting.

    `until` is the local day of UNTIL, where the rule has one.

    Raises:
        InvalidInput: the rule says something that a timetable does not know.
    """
    _refuse_unknown(rule)
    frequency = str(_one(rule, "FREQ") or "").upper()
    if frequency in ("DAILY", "WEEKLY"):
        return _weekly(rule, frequency, first, until)
    if frequency == "MONTHLY":
        return _monthly(rule, first, until)
    raise InvalidInput("It repeats in a way that a timetable does not know.")


def _refuse_unknown(rule: Rule) -> None:
    if not set(rule) <= KNOWN or "BYSETPOS" in rule:
        raise InvalidInput("It repeats in a way that a timetable does not know.")
    if _number(rule, "INTERVAL", 1) < 1 or _number(rule, "COUNT", 1) < 1:
        raise InvalidInput("It repeats in a way that a timetable does not know.")


def _weekly(rule: Rule, frequency: str, first: date, until: date | None) -> Recurrence:
    interval, count = _number(rule, "INTERVAL", 1), _number(rule, "COUNT", 0)
    named = frozenset(day for ordinal, day in _days(rule) if _no_ordinal(ordinal))
    if frequency == "DAILY":
        if interval % WEEK == 0:
            weekdays, interval = frozenset({first.weekday()}), interval // WEEK
        elif interval == 1:
            weekdays = named or frozenset(range(WEEK))
        else:
            return _written_out(_every_few_days(first, interval, named), count, until)
    else:
        weekdays = named or frozenset({first.weekday()})
    plain = "BYMONTH" not in rule and "BYMONTHDAY" not in rule and interval <= LONGEST_CYCLE
    days = _in_months(rule, _each_week(first, weekdays, interval))
    if not plain:
        return _written_out(days, count, until)
    last = until
    if count:
        found = _limited(days, count, until)
        last = found[-1] if found else first
    return Recurrence(weekdays, interval, last)


def _monthly(rule: Rule, first: date, until: date | None) -> Recurrence:
    interval, count = _number(rule, "INTERVAL", 1), _number(rule, "COUNT", 0)
    days = [day for day in each_day(first, first + HORIZON) if _in_month(rule, first, day)]
    kept = (day for day in days if _months(first, day) % interval == 0)
    return _written_out(_in_months(rule, kept), count, until)


def _in_month(rule: Rule, first: date, day: date) -> bool:
    ordinals, numbers = _days(rule), [int(str(n)) for n in rule.get("BYMONTHDAY", ())]
    if not ordinals and not numbers:
        return day.day == first.day
    ends = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    by_number = not numbers or day.day in numbers or day.day - ends.day - 1 in numbers
    by_name = not ordinals or any(
        weekday == day.weekday() and _is_the(ordinal, day, ends) for ordinal, weekday in ordinals
    )
    return by_number and by_name


def _is_the(ordinal: int, day: date, month_ends: date) -> bool:
    """Return whether a day is the so-manieth of its weekday in the month; 0: each of them."""
    from_start = (day.day - 1) // WEEK + 1
    from_end = (month_ends.day - day.day) // WEEK + 1
    return ordinal in (0, from_start, -from_end)


def _months(first: date, day: date) -> int:
    return (day.year - first.year) * 12 + day.month - first.month


def _each_week(first: date, weekdays: frozenset[int], interval: int) -> Iterator[date]:
    monday = first - timedelta(days=first.weekday())
    for day in each_day(first, first + HORIZON):
        if day.weekday() in weekdays and (day - monday).days // WEEK % interval == 0:
            yield day


def _every_few_days(first: date, interval: int, named: frozenset[int]) -> Iterator[date]:
    for number in range(0, HORIZON.days + 1, interval):
        day = first + timedelta(days=number)
        if not named or day.weekday() in named:
            yield day


def _in_months(rule: Rule, days: Iterator[date]) -> Iterator[date]:
    months = {int(str(month)) for month in rule.get("BYMONTH", ())}
    return (day for day in days if not months or day.month in months)


def _written_out(days: Iterator[date], count: int, until: date | None) -> Recurrence:
    found = _limited(days, count, until)
    if not found:
        raise InvalidInput("It never takes place.")
    return Recurrence(dates=tuple(found), last_day=found[-1])


def _limited(days: Iterator[date], count: int, until: date | None) -> list[date]:
    """Return the dates up to count and last day.

    Raises:
        InvalidInput: there are more than MOST_DATES.
    """
    found: list[date] = []
    for day in days:
        if (count and len(found) == count) or (until is not None and day > until):
            break
        if len(found) == MOST_DATES:
            raise InvalidInput(
                "It takes place more than %(limit)s times. Give it a last day.", limit=MOST_DATES
            )
        found.append(day)
    return found


def _days(rule: Rule) -> list[tuple[int, int]]:
    """Return (ordinal, weekday) of BYDAY: 2MO is (2, 0), MO is (0, 0)."""
    found = []
    for text in (str(day).upper() for day in rule.get("BYDAY", ())):
        ordinal, name = text[:-2], text[-2:]
        if name not in DAY_NAMES or not (ordinal == "" or ordinal.lstrip("+-").isdigit()):
            raise InvalidInput("It repeats in a way that a timetable does not know.")
        found.append((int(ordinal or 0), DAY_NAMES.index(name)))
    return found


def _no_ordinal(ordinal: int) -> bool:
    if ordinal:
        raise InvalidInput("It repeats in a way that a timetable does not know.")
    return True


def _number(rule: Rule, name: str, default: int) -> int:
    value = _one(rule, name)
    return default if value is None else int(str(value))


def _one(rule: Rule, name: str) -> object:
    values = rule.get(name)
    return values[0] if values else None
