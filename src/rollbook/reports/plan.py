"""How a register is split over pages: pure, in units of columns and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count, pairwise

from rollbook.domain.attendance import Session
from rollbook.domain.month import Period

QUIET_WIDTH = 0.45  # of a day without sessions, where other days have several


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the grid: a session, or a quiet day."""

    day: date
    session: int | None  # index into the group's sessions
    width: float  # in columns


def month_columns(period: Period, sessions: Sequence[Session]) -> list[Column]:
    """Return the columns of a register: every day, and every session of a day.

    A session that begins outside these days is not expected here.
    """
    by_day: dict[date, list[int]] = {day: [] for day in period.days}
    for index, session in enumerate(sessions):
        by_day.setdefault(session.business_date, []).append(index)
    several = any(len(indices) > 1 for indices in by_day.values())
    columns: list[Column] = []
    for day in sorted(by_day):
        columns += [Column(day, index, 1.0) for index in by_day[day]]
        if not by_day[day]:
            columns.append(Column(day, None, QUIET_WIDTH if several else 1.0))
    return columns


def split_columns(columns: Sequence[Column], capacity: float) -> list[list[Column]]:
    """Return parts of about equal width, none wider than `capacity`, cut between days if possible.

    A day that is wider than a whole page is cut where the page ends.
    """
    total = sum(column.width for column in columns)
    pieces = [piece for day in _days(columns) for piece in _fitting(day, capacity)]
    for parts in count(max(1, int(-(-total // capacity)))):
        split = _balanced(pieces, total / parts)
        if all(_width(part) <= capacity for part in split):
            return split
    raise AssertionError("unreachable: each piece fits")


def split_rows(rows: int, capacity: int) -> list[range]:
    """Return ranges of about equal length, at most `capacity` each; one empty range for none.

    >>> split_rows(60, 31)
    [range(0, 30), range(30, 60)]
    """
    pages = max(1, -(-rows // capacity))
    bounds = [rows * page // pages for page in range(pages + 1)]
    return [range(first, last) for first, last in pairwise(bounds)]


def _days(columns: Sequence[Column]) -> list[list[Column]]:
    days: dict[date, list[Column]] = {}
    for column in columns:
        days.setdefault(column.day, []).append(column)
    return list(days.values())


def _fitting(day: list[Column], capacity: float) -> list[list[Column]]:
    """Cut one day where it is wider than a page."""
    pieces = split_rows(len(day), max(1, int(capacity)))
    return [day[piece.start : piece.stop] for piece in pieces]


def _balanced(pieces: Sequence[list[Column]], target: float) -> list[list[Column]]:
    """Put each piece into the part in which its middle lies."""
    parts: list[list[Column]] = [[]]
    before, number = 0.0, 0
    for piece in pieces:
        middle = before + _width(piece) / 2
        before += _width(piece)
        if parts[-1] and int(middle / target) > number:
            parts.append([])
        number = max(number, int(middle / target))
        parts[-1] += piece
    return parts


def _width(columns: Sequence[Column]) -> float:
    return sum(column.width for column in columns)
