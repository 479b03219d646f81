"""Wall-clock times of a site, as instants."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rollbook.errors import InvalidInput


def to_utc(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time.

    A time that a clock change skips becomes the instant at which the clocks jump over it, so
    later times never come before earlier ones; a time that happens twice is the first of the two.

    >>> to_utc(date(2025, 3, 30), time(2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2025-03-30T01:00:00+00:00'
    """
    local = datetime.combine(day, wall.replace(fold=0), tzinfo=zone)
    before, after = _offset(local), _offset(local.replace(fold=1))
    if before >= after:
        return local.astimezone(UTC)
    # skipped: read with the offset after the change it lies before the jump, and at most the
    # length of the jump before it
    early = (local.replace(fold=1) - after).replace(tzinfo=UTC, fold=0, microsecond=0)
    jump = bisect_left(
        range(int((after - before).total_seconds())),
        after,
        key=lambda second: _offset((early + timedelta(seconds=second)).astimezone(zone)),
    )
    return early + timedelta(seconds=jump)


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta(0)


def plan_session(
    day: date, start: time, end: time, zone: ZoneInfo
) -> tuple[datetime, datetime, date]:
    """Return (starts_at, ends_at, business date) of wall-clock times on a local day.

    An end that is not after the start lies on the next day. The business date is the local date
    of the start: it differs from `day` only where a zone left out a whole day.

    Raises:
        InvalidInput: clock changes leave no time between start and end.
    """
    ends_on = day if end > start else day + timedelta(days=1)
    starts_at, ends_at = to_utc(day, start, zone), to_utc(ends_on, end, zone)
    if ends_at <= starts_at:
        raise InvalidInput("Clocks change on that day and leave no time between start and end.")
    return starts_at, ends_at, starts_at.astimezone(zone).date()
