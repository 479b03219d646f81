"""What a mark means: sessions, policies and the status that follows, as pure functions.

All arithmetic is on UTC instants, so a day on which clocks change needs no special case; local
times appear only in `plan_session`, which turns a timetable's wall-clock times into instants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from rollbook.errors import InvalidInput


class Status(StrEnum):
    """What the register says about one person in one session."""

    PRESENT = "present"
    LATE = "late"
    LEFT_EARLY = "left_early"
    ABSENT = "absent"
    EXCUSED = "excused"
    OPEN = "open"  # the session still runs and nothing is known yet; never in a closed register


class MarkKind(StrEnum):
    """What one mark says."""

    ARRIVED = "arrived"  # at most one for a person and session
    SEEN = "seen"  # seen again after the quiet period
    LEFT = "left"  # an out mark
    STATUS = "status"  # a person set the status; the latest one wins


class Method(StrEnum):
    """How a mark came about."""

    FACE = "face"  # a track at a camera or kiosk
    PHOTO = "photo"  # a class photograph
    HAND = "hand"
    PIN = "pin"
    QR = "qr"
    INVENTED = "invented"  # made by `rollbook demo --school`


class Direction(StrEnum):
    """Which way people pass a camera or kiosk."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class SessionState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class AttendancePolicy:
    """When marks count, and what they make of a person."""

    opens_before: timedelta = timedelta(minutes=15)  # before the start, marks are taken
    late_after: timedelta = timedelta(minutes=10)  # after the start, an arrival is late
    absent_after: timedelta | None = None  # after the start, an arrival no longer counts
    minimum_presence: timedelta | None = None  # less makes "left early"
    quiet_period: timedelta = timedelta(minutes=5)  # being seen again writes nothing
    patience: timedelta = timedelta(minutes=10)  # added to "last seen" for a departure
    closes_after: timedelta = timedelta(minutes=0)  # after the end, marks are still taken
    name: str = "school lesson"

    def __post_init__(self) -> None:
        for field_name in ("opens_before", "late_after", "quiet_period", "patience"):
            if getattr(self, field_name) < timedelta(0):
                raise InvalidInput(f"{field_name} must not be negative")
        if self.absent_after is not None and self.absent_after < self.late_after:
            raise InvalidInput("absent_after must not be shorter than late_after")


SCHOOL_LESSON = AttendancePolicy()
OFFICE_DAY = AttendancePolicy(
    opens_before=timedelta(hours=3),
    late_after=timedelta(minutes=30),
    minimum_presence=timedelta(hours=4),
    quiet_period=timedelta(minutes=30),
    patience=timedelta(minutes=45),
    closes_after=timedelta(hours=3),
    name="office day",
)
POLICIES = {policy.name: policy for policy in (SCHOOL_LESSON, OFFICE_DAY)}


@dataclass(frozen=True, slots=True)
class Session:
    """One meeting of one group. Its gallery is the group's roster on `business_date`."""

    session_id: str
    group_id: str
    title: str
    starts_at: datetime  # UTC
    ends_at: datetime  # UTC
    business_date: date  # local date of the start: night sessions belong to the day they begin
    policy: AttendancePolicy = SCHOOL_LESSON
    state: SessionState = SessionState.OPEN
    invented: bool = False

    def takes_marks_at(self, at: datetime) -> bool:
        """Return whether a mark by face, PIN or QR counts at this instant."""
        first = self.starts_at - self.policy.opens_before
        return first <= at <= self.ends_at + self.policy.closes_after


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a mark by face was written: what auditors read."""

    score: float
    threshold: float
    margin: float
    required_margin: float
    frames: int
    candidates: tuple[tuple[str, float], ...]  # (subject id, score), best first
    gallery_size: int
    target_fpir: float
    space: str
    measured_on: str
    attack_detector: str | None = None  # None: photographs are not detected
    attack_score: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """One statement about one person in one session, as the register keeps it."""

    mark_id: str
    session_id: str
    subject_id: str
    kind: MarkKind
    at: datetime  # UTC: when it happened, not when it was written
    method: Method
    by: str  # "camera", or who marked by hand
    status: Status | None = None  # only for MarkKind.STATUS
    rule: str = ""  # the policy rule that led to it
    camera_id: str | None = None
    direction: Direction = Direction.BOTH
    reason: str | None = None
    corrects: str | None = None  # mark id of the statement that this one replaces
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class AttendanceRecord:
    """What follows from all marks about one person in one session."""

    session_id: str
    subject_id: str
    status: Status
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    method: Method | None = None
    rule: str = ""
    marks: tuple[Mark, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Why a sighting writes nothing: said on screens, never an error."""

    reason: str


NOT_OPEN_YET = Ignored("the session takes no marks yet")
OVER = Ignored("the session takes no more marks")
QUIET = Ignored("already marked")
NOT_IN = Ignored("left without having arrived")


def next_mark(
    session: Session, earlier: Iterable[Mark], at: datetime, direction: Direction
) -> MarkKind | Ignored:
    """Return what a sighting at this instant writes.

    `earlier` are this person's marks in this session, in any order.
    """
    if at < session.starts_at - session.policy.opens_before:
        return NOT_OPEN_YET
    if at > session.ends_at + session.policy.closes_after:
        return OVER
    sightings = [mark for mark in earlier if mark.kind is not MarkKind.STATUS]
    arrived = any(mark.kind is MarkKind.ARRIVED for mark in sightings)
    if not arrived:
        return NOT_IN if direction is Direction.OUT else MarkKind.ARRIVED
    wanted = MarkKind.LEFT if direction is Direction.OUT else MarkKind.SEEN
    latest = max(sightings, key=lambda mark: mark.at)
    same_side = (latest.kind is MarkKind.LEFT) == (wanted is MarkKind.LEFT)
    if same_side and abs(at - latest.at) < session.policy.quiet_period:
        return QUIET
    return wanted


def record_of(
    session: Session, subject_id: str, marks: Iterable[Mark], now: datetime
) -> AttendanceRecord:
    """Return what follows from one person's marks, given in the order of the register.

    A status set by a person wins over what was seen; among several the latest in the register
    wins. While a session is open a person without marks is OPEN until it is over.
    """
    own = tuple(mark for mark in marks if mark.subject_id == subject_id)
    seen = [mark for mark in own if mark.kind is not MarkKind.STATUS]
    arrivals = [mark for mark in seen if mark.kind is MarkKind.ARRIVED]
    first = min(arrivals, key=lambda mark: mark.at, default=None)
    arrived_at = first.at if first else None
    left_at = _departure(session, seen, now)
    said = [mark for mark in own if mark.kind is MarkKind.STATUS and mark.status is not None]
    if said:
        status, rule = said[-1].status or Status.OPEN, "set by a person"
        method: Method | None = said[-1].method
    else:
        status, rule = _from_sightings(session, arrived_at, left_at, now)
        method = first.method if first else None
    return AttendanceRecord(
        session.session_id, subject_id, status, arrived_at, left_at, method, rule, own
    )


def records_of(
    session: Session, roster: Iterable[str], marks: Iterable[Mark], now: datetime
) -> list[AttendanceRecord]:
    """Return one record for everybody on the roster, and for everybody else who was marked."""
    by_subject: dict[str, list[Mark]] = {subject_id: [] for subject_id in roster}
    for mark in marks:
        by_subject.setdefault(mark.subject_id, []).append(mark)
    return [record_of(session, subject, own, now) for subject, own in by_subject.items()]


def _departure(session: Session, seen: list[Mark], now: datetime) -> datetime | None:
    """Return when somebody left: an out mark, or last seen plus patience once that has passed."""
    if not seen:
        return None
    latest = max(seen, key=lambda mark: (mark.at, mark.kind is MarkKind.LEFT))
    if latest.kind is MarkKind.LEFT:
        return latest.at
    gone = latest.at + session.policy.patience
    watched = any(mark.kind is MarkKind.SEEN for mark in seen)
    if not watched or gone >= session.ends_at or gone > now:
        return None  # a kiosk at the door sees everybody once; that is no departure
    return gone


def _from_sightings(
    session: Session, arrived_at: datetime | None, left_at: datetime | None, now: datetime
) -> tuple[Status, str]:
    policy = session.policy
    over = session.state is SessionState.CLOSED or now > session.ends_at + policy.closes_after
    if arrived_at is None:
        return (Status.ABSENT, "not seen") if over else (Status.OPEN, "not seen yet")
    after_start = arrived_at - session.starts_at
    if policy.absent_after is not None and after_start > policy.absent_after:
        return Status.ABSENT, f"arrived more than {_minutes(policy.absent_after)} after the start"
    until = min(left_at or session.ends_at, session.ends_at)
    stayed = until - max(arrived_at, session.starts_at)
    if left_at is not None and policy.minimum_presence and stayed < policy.minimum_presence:
        return Status.LEFT_EARLY, f"stayed less than {_minutes(policy.minimum_presence)}"
    if after_start > policy.late_after:
        return Status.LATE, f"arrived more than {_minutes(policy.late_after)} after the start"
    return Status.PRESENT, f"arrived within {_minutes(policy.late_after)} of the start"


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:g} min"


def to_utc(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time.

    A time that a clock change skips becomes the instant that the clocks jump over it; a time
    that happens twice is the first of the two.
    """
    local = datetime.combine(day, wall, tzinfo=zone)
    there_and_back = local.astimezone(UTC).astimezone(zone)
    if there_and_back.replace(tzinfo=None) != local.replace(tzinfo=None):
        before = local.replace(fold=0).utcoffset() or timedelta(0)
        after = local.replace(fold=1).utcoffset() or timedelta(0)
        # in a gap fold=0 answers with the offset before the change, fold=1 with the one after it
        gap = abs(after - before)
        start = datetime.combine(day, wall) - gap
        for minutes in range(int(gap.total_seconds() // 60) + 1):
            candidate = (start + timedelta(minutes=minutes)).replace(tzinfo=zone)
            instant = candidate.astimezone(UTC)
            if instant.astimezone(zone).replace(tzinfo=None) != candidate.replace(tzinfo=None):
                return instant
    return local.astimezone(UTC)


def plan_session(
    day: date, start: time, end: time, zone: ZoneInfo
) -> tuple[datetime, datetime, date]:
    """Return (starts_at, ends_at, business date) of wall-clock times on a local day.

    An end that is not after the start lies on the next day.

    Raises:
        InvalidInput: clock changes leave no time between start and end.
    """
    ends_on = day if end > start else day + timedelta(days=1)
    starts_at, ends_at = to_utc(day, start, zone), to_utc(ends_on, end, zone)
    if ends_at <= starts_at:
        raise InvalidInput("Clocks change on that day and leave no time between start and end.")
    return starts_at, ends_at, day
