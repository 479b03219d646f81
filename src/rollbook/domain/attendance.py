"""What a mark means: sessions, policies and the status that follows, as pure functions.

All arithmetic is on UTC instants, so a day on which clocks change needs no special case; local
times appear only in `localtime.plan_session`, which turns a timetable's wall-clock times into
instants.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from enum import StrEnum

from rollbook.domain.localtime import plan_session as plan_session
from rollbook.domain.localtime import to_utc as to_utc
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
    """How far a session is. Planned, closed and cancelled ones take no marks by face, PIN or QR."""

    PLANNED = "planned"  # the timetable has it; nothing is known about anybody
    OPEN = "open"
    NOT_TAKEN = "untaken"  # its time went by and nobody took it: waits for a person's word
    CLOSED = "closed"
    CANCELLED = "off"

    @property
    def counts(self) -> bool:
        """Return whether reports, exports and totals know the session."""
        return self not in (SessionState.PLANNED, SessionState.CANCELLED)


COUNTED_STATES = frozenset(state for state in SessionState if state.counts)
ABSENCE_TOLD = "absence told in advance"  # the rule of marks that an absence leads to


@dataclass(frozen=True, slots=True)
class AttendancePolicy:
    """When marks count, and what they make of a person."""

    opens_before: timedelta = timedelta(minutes=15)  # before the start, marks are taken
    late_after: timedelta = timedelta(minutes=10)  # after the start, an arrival is late
    absent_after: timedelta | None = None  # after the start, an arrival no longer counts
    minimum_presence: timedelta | None = None  # who goes before the end with less left early
    quiet_period: timedelta = timedelta(minutes=5)  # being seen again writes nothing
    patience: timedelta = timedelta(minutes=10)  # added to "last seen" for a departure
    closes_after: timedelta = timedelta(minutes=0)  # after the end, marks are still taken
    name: str = "school lesson"

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if isinstance(value, timedelta) and value < timedelta(0):
                raise InvalidInput("%(name)s must not be negative", name=limit.name)
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

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise InvalidInput("A session's start and end need a time zone.")
        if self.ends_at <= self.starts_at:
            raise InvalidInput("A session must end after it starts.")

    @property
    def first_mark_at(self) -> datetime:
        """The instant from which marks by face, PIN or QR count."""
        return self.starts_at - self.policy.opens_before

    @property
    def last_mark_at(self) -> datetime:
        """The last instant at which marks by face, PIN or QR count."""
        return self.ends_at + self.policy.closes_after

    def takes_marks_at(self, at: datetime) -> bool:
        """Return whether a mark by face, PIN or QR of this instant counts.

        Also in a session that was not taken: a class photograph may be looked at later.
        """
        open_now = self.state in (SessionState.OPEN, SessionState.NOT_TAKEN)
        return open_now and self.first_mark_at <= at <= self.last_mark_at

    def is_over(self, now: datetime) -> bool:
        """Return whether nobody can still arrive: who was not seen is absent.

        In a session that nobody took, or that did not take place, nobody is absent.
        """
        if self.state is SessionState.OPEN:
            return now > self.last_mark_at
        return self.state is SessionState.CLOSED


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
    raised: float = 0.0  # part of the threshold that is there because the roster looks alike


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
    reason: str | None = None  # what the person who set the status gave as reason


@dataclass(frozen=True, slots=True)
class Ignored:
    """Why a sighting writes nothing: said on screens, never an error."""

    reason: str


NOT_OPEN_YET = Ignored("the session takes no marks yet")
OVER = Ignored("the session takes no more marks")
CALLED_OFF = Ignored("the session was called off")
QUIET = Ignored("already marked")
NOT_IN = Ignored("left without having arrived")
NO_CONSENT = Ignored("recognised, but not with a consent any more")


def next_mark(
    session: Session, earlier: Iterable[Mark], at: datetime, direction: Direction
) -> MarkKind | Ignored:
    """Return what a sighting at this instant writes.

    `earlier` are this person's marks in this session, in any order; a sighting may be older than
    some of them, for photographs and slow cameras come late.
    """
    if session.state is SessionState.CANCELLED:
        return CALLED_OFF
    if at < session.first_mark_at or session.state is SessionState.PLANNED:
        return NOT_OPEN_YET
    if not session.takes_marks_at(at):
        return OVER
    sightings = sightings_of(session, earlier)
    if not any(mark.kind is MarkKind.ARRIVED for mark in sightings):
        return NOT_IN if direction is Direction.OUT else MarkKind.ARRIVED
    wanted = MarkKind.LEFT if direction is Direction.OUT else MarkKind.SEEN
    return QUIET if _says_nothing_new(session, sightings, at, wanted) else wanted


def _says_nothing_new(
    session: Session, sightings: Sequence[Mark], at: datetime, wanted: MarkKind
) -> bool:
    """Return whether the mark just before or just after this instant already says the same."""
    place = (at, wanted is MarkKind.LEFT)  # at one instant being in comes before having left
    split = bisect_right(sightings, place, key=lambda mark: (mark.at, mark.kind is MarkKind.LEFT))
    neighbours = sightings[max(split - 1, 0) : split + 1]
    return any(
        (mark.kind is MarkKind.LEFT) == (wanted is MarkKind.LEFT)
        and abs(at - mark.at) < max(session.policy.quiet_period, timedelta.resolution)
        for mark in neighbours
    )


def record_of(
    session: Session, subject_id: str, marks: Iterable[Mark], now: datetime
) -> AttendanceRecord:
    """Return what follows from one person's marks, given in the order of the register.

    Marks of other people and of other sessions are passed over: overlapping sessions are decided
    each by itself. A status set by a person wins over what was seen; among several the latest in
    the register wins, and OPEN takes back what was set before. "Absent", set by a person, also
    takes the times back. While a session is open a person without marks is OPEN. Who comes
    although an absence was told in advance has come: the sighting counts.
    """
    own = tuple(
        m for m in marks if (m.session_id, m.subject_id) == (session.session_id, subject_id)
    )
    sightings = sightings_of(session, own)
    arrived = next((mark for mark in sightings if mark.kind is not MarkKind.LEFT), None)
    arrived_at = arrived.at if arrived else None
    left_at = _departure(session, sightings, now)
    said = status_in_force(own)
    if said is None or (said.rule == ABSENCE_TOLD and arrived is not None):
        status, rule = _from_sightings(session, sightings, left_at, now)
        method = arrived.method if arrived else None
        reason = None
    else:
        status, rule = said.status or Status.OPEN, said.rule or "set by a person"
        method, reason = said.method, said.reason
        if status is Status.ABSENT:
            arrived_at = left_at = None
    return AttendanceRecord(
        session.session_id, subject_id, status, arrived_at, left_at, method, rule, own, reason
    )


def status_in_force(marks: Sequence[Mark]) -> Mark | None:
    """Return the latest statement about a status, or None where there is none or it was taken back.

    `marks` are one person's in one session, in the order of the register.
    """
    said = next((mark for mark in reversed(marks) if mark.kind is MarkKind.STATUS), None)
    return None if said is None or said.status in (None, Status.OPEN) else said


def records_of(
    session: Session, roster: Iterable[str], marks: Iterable[Mark], now: datetime
) -> list[AttendanceRecord]:
    """Return one record for everybody on the roster, and for everybody else who was marked.

    `roster` are the members on the session's business date: whoever joins later is not absent.
    """
    by_subject: dict[str, list[Mark]] = {subject_id: [] for subject_id in roster}
    for mark in marks:
        if mark.session_id == session.session_id:
            by_subject.setdefault(mark.subject_id, []).append(mark)
    return [record_of(session, subject, own, now) for subject, own in by_subject.items()]


def sightings_of(session: Session, marks: Iterable[Mark]) -> list[Mark]:
    """Return what was seen, by time, without what a later sighting corrects.

    A status never removes a sighting: that somebody was late and is excused does not change when
    they came. At one instant being in comes before having left.
    """
    seen = [
        m for m in marks if m.kind is not MarkKind.STATUS and m.session_id == session.session_id
    ]
    replaced: set[str] = set()
    for mark in reversed(seen):  # a correction that was corrected itself no longer counts
        if mark.corrects is not None and mark.mark_id not in replaced:
            replaced.add(mark.corrects)
    kept = [mark for mark in seen if mark.mark_id not in replaced]
    return sorted(kept, key=lambda mark: (mark.at, mark.kind is MarkKind.LEFT))


def _departure(session: Session, sightings: Sequence[Mark], now: datetime) -> datetime | None:
    """Return when somebody left: an out mark, or last seen plus patience once that has passed."""
    if not sightings:
        return None
    latest = sightings[-1]
    if latest.kind is MarkKind.LEFT:
        return latest.at
    # within the quiet period no mark is written, so its silence says nothing
    gone = latest.at + max(session.policy.patience, session.policy.quiet_period)
    watched = any(mark.kind is MarkKind.SEEN for mark in sightings)
    if not watched or gone >= session.ends_at or gone > now:
        return None  # a kiosk at the door sees everybody once; that is no departure
    return gone


def _from_sightings(
    session: Session, sightings: Sequence[Mark], left_at: datetime | None, now: datetime
) -> tuple[Status, str]:
    policy = session.policy
    arrived = next((mark for mark in sightings if mark.kind is not MarkKind.LEFT), None)
    if arrived is None:
        over = session.is_over(now)
        return (Status.ABSENT, "not seen") if over else (Status.OPEN, "not seen yet")
    status, rule = _from_arrival(policy, arrived.at - session.starts_at)
    asked = policy.minimum_presence
    if status is Status.ABSENT or asked is None:
        return status, rule
    if _left_too_early(session, sightings, left_at, asked):
        return Status.LEFT_EARLY, f"stayed less than {_minutes(asked)}"
    return status, rule


def rule_of(session: Session, kind: MarkKind, at: datetime) -> str:
    """Return the rule by which a sighting at this instant is a mark, named with its policy."""
    policy = session.policy
    said = {
        MarkKind.ARRIVED: _from_arrival(policy, at - session.starts_at)[1],
        MarkKind.SEEN: f"seen again after {_minutes(policy.quiet_period)} or more",
        MarkKind.LEFT: "passed on the way out",
        MarkKind.STATUS: "set by a person",
    }
    return f"{policy.name}: {said[kind]}"


def _from_arrival(policy: AttendancePolicy, after_start: timedelta) -> tuple[Status, str]:
    if policy.absent_after is not None and after_start > policy.absent_after:
        return Status.ABSENT, f"arrived more than {_minutes(policy.absent_after)} after the start"
    if after_start > policy.late_after:
        return Status.LATE, f"arrived more than {_minutes(policy.late_after)} after the start"
    return Status.PRESENT, f"arrived within {_minutes(policy.late_after)} of the start"


def _left_too_early(
    session: Session, sightings: Sequence[Mark], left_at: datetime | None, asked: timedelta
) -> bool:
    """Return whether somebody went away before the end and was there for too short a time.

    Who stays to the end never left early, however late they came; what counts for them is when
    they arrived. No more than the session's length can be asked for.
    """
    went = [mark.at for mark in sightings if mark.kind is MarkKind.LEFT]
    went += [left_at] if left_at is not None else []
    if all(at >= session.ends_at for at in went):
        return False
    length = session.ends_at - session.starts_at
    return presence(session, sightings, left_at) < min(asked, length)


def presence(session: Session, sightings: Sequence[Mark], left_at: datetime | None) -> timedelta:
    """Return how long somebody was there between start and end.

    `sightings` are in order of time; the time between an out mark and the next in does not count.
    """
    total, since = timedelta(0), None
    for mark in sightings:
        at = min(max(mark.at, session.starts_at), session.ends_at)
        if mark.kind is not MarkKind.LEFT:
            since = at if since is None else since
        elif since is not None:
            total, since = total + (at - since), None
    if since is None:
        return total
    until = min(left_at or session.ends_at, session.ends_at)
    return total + max(until - since, timedelta(0))


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:g} min"
