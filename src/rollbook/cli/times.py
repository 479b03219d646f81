"""Times of day as they are typed."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import Session, to_utc
from rollbook.errors import InvalidInput


def parse_time(text: str) -> time:
    """Return the time of day.

    Raises:
        InvalidInput: it cannot be read, or names a time zone.
    """
    try:
        wall = time.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a time; write it as HH:MM, like 08:05.") from error
    if wall.tzinfo is not None:
        raise InvalidInput(f"{text!r} has a time zone; times are those of the site.")
    return wall


def time_of_session(text: str, session: Session, zone: ZoneInfo) -> datetime:
    """Return the instant that a time of day means for a session, which may cross midnight.

    It is the one at which the session takes marks; where there is none, that of the session's day.

    Raises:
        InvalidInput: as `parse_time`.
    """
    wall, day = parse_time(text), session.business_date
    for shift in (0, 1, -1):
        at = to_utc(day + timedelta(days=shift), wall, zone)
        if session.first_mark_at <= at <= session.last_mark_at:
            return at
    return to_utc(day, wall, zone)
