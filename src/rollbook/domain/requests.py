"""What people ask of those who keep the register: to mend a mark, or to excuse an absence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from rollbook.domain.attendance import Status


class RequestKind(StrEnum):
    DISPUTE = "dispute"  # a mark is wrong
    EXCUSE = "excuse"  # an absence has a reason; of a session, or of days


class RequestState(StrEnum):
    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "recalled"  # by the person who asked


OVERDUE_AFTER = timedelta(days=3)  # unless the site says otherwise
LONGEST = timedelta(days=366)  # days that one excuse may cover


@dataclass(frozen=True, slots=True)
class Request:
    """One request with its outcome; sealed under the key of the person who asks."""

    request_id: str
    subject_id: str
    kind: RequestKind
    asked_at: datetime  # UTC
    text: str  # what the person says
    session_id: str = ""  # empty: an excuse of days
    first_day: date | None = None  # local dates, of an excuse of days
    last_day: date | None = None
    wanted: Status | None = None  # what the register should say instead
    mark_id: str | None = None  # the statement that is disputed
    state: RequestState = RequestState.OPEN
    decided_at: datetime | None = None
    decided_by: str = ""
    answer: str = ""  # the reason of the decision

    @property
    def covers_days(self) -> bool:
        return self.first_day is not None and self.last_day is not None

    def waiting(self, now: datetime) -> timedelta:
        """Return how long the person waits, or waited for the decision."""
        return (self.decided_at or now) - self.asked_at

    def is_overdue(self, now: datetime, after: timedelta = OVERDUE_AFTER) -> bool:
        return self.state is RequestState.OPEN and self.waiting(now) > after
