"""Believable attendance for invented people: weekdays, waves of flu, habits, differing groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

WEEKDAY_ABSENCE = (1.25, 0.9, 0.85, 1.0, 1.4)  # Monday to Friday
WEEKDAY_LATENESS = (1.5, 1.0, 0.9, 0.95, 1.1)
REASONS = (
    "ill, told by telephone",
    "ill, written note",
    "visit to the doctor",
    "family matter",
    "competition for the school",
)
EARLY_REASONS = ("felt ill and was fetched", "visit to the doctor")
HOLIDAYS = (  # first and last day as (month, day); the year turns within the last one
    ((2, 10), (2, 16)),
    ((4, 1), (4, 12)),
    ((7, 1), (8, 25)),
    ((10, 14), (10, 25)),
    ((12, 22), (12, 31)),
    ((1, 1), (1, 6)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """How one group behaves; arrays have one number a person."""

    absence: Numbers  # chance of an absence to begin on an ordinary day
    lateness: Numbers  # chance to be late on an ordinary day
    early: Numbers  # minutes before the start that the person usually arrives
    note: float  # part of the absences that somebody excuses
    flu: dict[date, float]  # Monday -> how many times more absences that week
    ill: npt.NDArray[np.bool_] = field(repr=False)  # who was absent last time and still is ill


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What happens in one session; arrays have one value a person."""

    there: npt.NDArray[np.bool_]
    seconds: npt.NDArray[np.int64]  # of the arrival after the start; negative = before it
    excused: npt.NDArray[np.bool_]
    left_early: npt.NDArray[np.bool_]
    reason: npt.NDArray[np.int64]  # index into REASONS or EARLY_REASONS


def school_days(first: date, last: date, weekdays: tuple[int, ...]) -> list[date]:
    """Return the days with lessons; 0 is Monday.

    >>> school_days(date(2025, 6, 26), date(2025, 7, 3), (0, 3))
    [datetime.date(2025, 6, 26), datetime.date(2025, 6, 30)]
    """
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() in weekdays and not _is_holiday(day)]


def _is_holiday(day: date) -> bool:
    return any(first <= (day.month, day.day) <= last for first, last in HOLIDAYS)


def invent_habits(size: int, first: date, last: date, dice: np.random.Generator) -> Habits:
    """Return the habits of one group of `size` people."""
    group_absence, group_lateness = dice.uniform(0.012, 0.035), dice.uniform(0.02, 0.09)
    absence = group_absence * dice.gamma(2.0, 0.5, size)
    lateness = group_lateness * dice.gamma(1.5, 2 / 3, size)
    absence[dice.random(size) < 0.03] = dice.uniform(0.12, 0.22)  # often away
    lateness[dice.random(size) < 0.05] = dice.uniform(0.3, 0.55)  # often late
    return Habits(
        absence=np.minimum(absence, 0.4),
        lateness=np.minimum(lateness, 0.7),
        early=dice.uniform(1.0, 8.0, size),
        note=dice.uniform(0.45, 0.8),
        flu=_flu(first, last, dice),
        ill=np.zeros(size, dtype=bool),
    )


def _flu(first: date, last: date, dice: np.random.Generator) -> dict[date, float]:
    """Return two waves a winter for a group, each of two or three weeks."""
    weeks: dict[date, float] = {}
    for year in range(first.year, last.year + 1):
        for month in (2, 11):
            begin = date(year, month, 1) + timedelta(days=int(dice.integers(0, 21)))
            monday = begin - timedelta(days=begin.weekday())
            for week in range(int(dice.integers(2, 4))):
                weeks[monday + timedelta(weeks=week)] = dice.uniform(2.0, 4.5)
    return weeks


def invent_day(habits: Habits, day: date, dice: np.random.Generator) -> Day:
    """Return what happens on this day, and remember who stays ill."""
    size = len(habits.absence)
    weekday = day.weekday()
    flu = habits.flu.get(day - timedelta(days=weekday), 1.0)
    falls_ill = dice.random(size) < habits.absence * WEEKDAY_ABSENCE[weekday] * flu
    stays_ill = habits.ill & (dice.random(size) < 0.55)
    away = falls_ill | stays_ill
    habits.ill[:] = away
    late = dice.random(size) < np.minimum(habits.lateness * WEEKDAY_LATENESS[weekday], 0.9)
    punctual = -habits.early + dice.normal(0.0, 2.0, size)
    delayed = 10.5 + dice.exponential(6.0, size)
    minutes = np.where(late, np.minimum(delayed, 38.0), np.clip(punctual, -14.0, 9.0))
    return Day(
        there=~away,
        seconds=(minutes * 60).astype(np.int64),
        excused=away & (dice.random(size) < habits.note),
        left_early=~away & (dice.random(size) < 0.004),
        reason=dice.integers(0, len(REASONS), size),
    )
