"""Messages: what happened, who is told of it and when. Pure; texts are in `message_texts`.

A message names a person, a session and what follows from the register. It never holds a face, a
template or a comparison score: there is no field for one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import Status
from rollbook.domain.localtime import to_utc


class EventKind(StrEnum):
    """What a message tells."""

    ABSENT = "absent"
    LATE = "late"
    IN_A_ROW = "in a row"  # absences without an excuse, one after the other
    LOW = "low"  # a percentage below the line
    DECIDED = "decided"  # a dispute or an excuse was granted or refused
    WEEKLY = "weekly"  # last week in the own groups
    CAMERA = "camera"  # a camera gives no pictures
    TROUBLE = "trouble"  # keys, disk, backup
    REPORT = "report"  # one that comes by itself is ready
    ANCHOR = "anchor"  # the day's anchor of the register, to be kept elsewhere


class Audience(StrEnum):
    """In which role somebody gets messages."""

    GUARDIAN = "guardian"
    PERSON = "person"
    TUTOR = "tutor"  # in charge of a group
    ADMINISTRATOR = "administrator"


class MessageState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"  # not sent on purpose; the reason says why
    FAILED = "failed"  # given up; a person has to look


FOR: Mapping[Audience, frozenset[EventKind]] = {
    Audience.GUARDIAN: frozenset({EventKind.ABSENT, EventKind.LATE, EventKind.DECIDED}),
    Audience.PERSON: frozenset({EventKind.ABSENT, EventKind.LATE, EventKind.DECIDED}),
    Audience.TUTOR: frozenset(
        {EventKind.IN_A_ROW, EventKind.LOW, EventKind.WEEKLY, EventKind.REPORT}
    ),
    Audience.ADMINISTRATOR: frozenset(
        {
            EventKind.IN_A_ROW,
            EventKind.CAMERA,
            EventKind.TROUBLE,
            EventKind.REPORT,
            EventKind.ANCHOR,
        }
    ),
}
"""What each audience can choose from."""

AFTER_GRACE = frozenset({EventKind.ABSENT, EventKind.LATE, EventKind.IN_A_ROW})
AT_ANY_HOUR = frozenset({EventKind.TROUBLE})
TOLD_BY_AGE = frozenset({EventKind.ABSENT, EventKind.LATE, EventKind.DECIDED})
GROUP = "group_id"  # value of an event that is about a group, and no session of it
TOLD_STATUS = {EventKind.ABSENT: Status.ABSENT, EventKind.LATE: Status.LATE}


@dataclass(frozen=True, slots=True)
class MessageRules:
    """What a site tells, and when. Times are of the site's clock."""

    enabled: bool = False
    grace: timedelta = timedelta(minutes=15)  # so long a correction makes a message needless
    quiet_from: time = time(20, 0)
    quiet_until: time = time(6, 30)  # equal to `quiet_from`: no quiet hours
    daily_at: time = time(16, 0)  # for who wants one message a day
    row_tutor: int = 2  # absences in a row of which the tutor hears
    row_administrator: int = 3
    low_below: float = 85.0  # percentage
    off: frozenset[EventKind] = frozenset({EventKind.ANCHOR})  # told to nobody


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach people: an Apprise address, in which `{to}` stands for the recipient's own."""

    channel_id: str
    name: str
    url: str = field(repr=False)

    @property
    def is_mail(self) -> bool:
        return self.url.startswith(("mailto:", "mailtos:"))

    @property
    def asks_address(self) -> bool:
        """Return whether it reaches each recipient at their own address, and not one place."""
        return self.is_mail or "{to}" in self.url


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who gets messages, by one channel at one address."""

    recipient_id: str
    audience: Audience
    channel_id: str
    address: str = field(repr=False)  # e-mail, telephone number; empty where the channel has it
    language: str
    wants: frozenset[EventKind]
    subject_id: str | None = None  # guardians, and the person
    user_id: str | None = None  # staff
    label: str = ""  # as "mother"
    daily: bool = False  # one message a day instead of one each
    active: bool = True  # False: opted out


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for one recipient. `key` is the same for the same happening."""

    kind: EventKind
    key: str
    at: datetime
    recipient_id: str
    subject_id: str | None = None
    session_id: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queued:
    """A row of the outbox. `attempts` tells one claim from the next."""

    number: int
    message_id: str  # random, the same in every attempt
    event: Event
    state: MessageState
    due_at: datetime
    attempts: int
    bundle: str | None = None  # rows with the same one leave as one message
    over_at: datetime | None = None
    reason: str = ""  # why it was dropped or given up, or the last failure


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed to a provider."""

    message_id: str
    event_id: str
    url: str = field(repr=False)
    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    language: str = "en"
    unsubscribe_url: str | None = field(default=None, repr=False)


class Sender(Protocol):
    """Hands messages to providers."""

    def check(self, url: str) -> str:
        """Return how the address is shown, without secrets.

        Raises:
            InvalidInput: it is no address that messages can be sent to.
        """
        ...

    def send(self, message: Message) -> None:
        """Return once the provider has accepted the message.

        Raises:
            NotificationError: it did not; `permanent` where trying again cannot help.
        """
        ...


class RecipientList(Protocol):
    """Who gets messages."""

    def put(self, recipient: Recipient) -> None:
        """Add, or write anew."""
        ...

    def get(self, recipient_id: str) -> Recipient | None: ...

    def of_subjects(self, subject_ids: Collection[str]) -> list[Recipient]: ...

    def of_users(self, user_ids: Collection[str]) -> list[Recipient]: ...

    def staff(self) -> list[Recipient]:
        """Return everybody who is staff."""
        ...

    def remove(self, recipient_id: str) -> None: ...


class MessageQueue(Protocol):
    """Messages on their way."""

    def add(self, event: Event, due_at: datetime) -> bool:
        """Write an event down, unless it is there; one that was dropped waits anew."""
        ...

    def due(self, now: datetime, limit: int) -> list[str]:
        """Return message ids that are due and nobody's, oldest first, one of each bundle."""
        ...

    def claim(self, message_id: str, now: datetime, until: datetime) -> list[Queued]:
        """Take a message, and what is due of its bundle; empty when somebody else has it.

        Raises:
            DecryptionFailed: one of them was changed in the database; none is taken.
        """
        ...

    def give_up_unreadable(self, message_id: str, now: datetime) -> list[str]:
        """Give up what cannot be opened of a message and its bundle; return the ids."""
        ...

    def put_off(self, row: Queued, until: datetime, reason: str, bundle: str | None) -> bool:
        """Give a claimed row back; False when the claim was lost."""
        ...

    def end(self, row: Queued, state: MessageState, at: datetime, reason: str = "") -> bool:
        """Note what became of a claimed row; False when the claim was lost."""
        ...

    def again(self, message_id: str, now: datetime) -> bool:
        """Let one that was given up wait anew."""
        ...

    def newest(self, states: Sequence[MessageState], limit: int, skip: int = 0) -> list[Queued]: ...

    def of_subject(self, subject_id: str) -> list[Queued]:
        """Return all messages about a person, oldest first."""
        ...

    def counts(self) -> Mapping[MessageState, int]: ...

    def purge(self, before: datetime) -> int:
        """Delete what was sent or dropped before; return how much."""
        ...


def audiences(
    kind: EventKind, rules: MessageRules, *, minor: bool = False, count: int = 0
) -> frozenset[Audience]:
    """Return who is told; nobody where the site does not tell this.

    `count` is how many absences there are in a row. Of a minor's absence the guardians hear, of an
    adult's only the adult.

    >>> sorted(audiences(EventKind.IN_A_ROW, MessageRules(enabled=True), count=2))
    [<Audience.TUTOR: 'tutor'>]
    """
    if not rules.enabled or kind in rules.off:
        return frozenset()
    match kind:
        case EventKind.ABSENT | EventKind.LATE:
            return frozenset({Audience.GUARDIAN if minor else Audience.PERSON})
        case EventKind.DECIDED:
            guardians = {Audience.GUARDIAN} if minor else set()
            return frozenset({Audience.PERSON} | guardians)
        case EventKind.IN_A_ROW:
            lines = {
                Audience.TUTOR: rules.row_tutor,
                Audience.ADMINISTRATOR: rules.row_administrator,
            }
            return frozenset(who for who, line in lines.items() if count >= line)
        case EventKind.LOW | EventKind.WEEKLY:
            return frozenset({Audience.TUTOR})
        case EventKind.REPORT:
            return frozenset({Audience.TUTOR, Audience.ADMINISTRATOR})
        case _:
            return frozenset({Audience.ADMINISTRATOR})


def told(
    recipients: Sequence[Recipient], kind: EventKind, wanted: Collection[Audience]
) -> list[Recipient]:
    """Return those who are told: of a wanted audience, opted in, and for this kind."""
    return [
        one for one in recipients if one.active and one.audience in wanted and kind in one.wants
    ]


def first_due(kind: EventKind, at: datetime, rules: MessageRules) -> datetime:
    """Return the instant before which a message does not leave."""
    return at + rules.grace if kind in AFTER_GRACE else at


def after_quiet(at: datetime, rules: MessageRules, zone: ZoneInfo) -> datetime:
    """Return this instant, or the end of the quiet hours that it lies in.

    >>> night = datetime.fromisoformat("2026-03-02T22:15:00+00:00")
    >>> after_quiet(night, MessageRules(), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-03-03T05:30:00+00:00'
    """
    local = at.astimezone(zone)
    if not is_quiet(local.time(), rules.quiet_from, rules.quiet_until):
        return at
    return _next_wall(at, rules.quiet_until, zone)


def is_quiet(wall: time, start: time, end: time) -> bool:
    """Return whether a time of day lies from `start` up to `end`, which may be past midnight.

    >>> is_quiet(time(23), time(20), time(6)), is_quiet(time(6), time(20), time(6))
    (True, False)
    """
    if start <= end:
        return start <= wall < end
    return wall >= start or wall < end


def next_daily(at: datetime, rules: MessageRules, zone: ZoneInfo) -> datetime:
    """Return when the next message of a day leaves, this instant included."""
    return _next_wall(at, rules.daily_at, zone)


def _next_wall(at: datetime, wall: time, zone: ZoneInfo) -> datetime:
    day = at.astimezone(zone).date()
    found = (to_utc(day + timedelta(days=n), wall, zone) for n in range(3))
    return next(each for each in found if each >= at)


FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=2)
ATTEMPTS = 16  # about a day


def retry_after(attempts: int) -> timedelta | None:
    """Return how long is waited after so many attempts; None: it is given up.

    >>> [str(retry_after(n)) for n in (1, 2, 8, 16)]
    ['0:01:00', '0:02:00', '2:00:00', 'None']
    """
    if attempts >= ATTEMPTS:
        return None
    return min(FIRST_RETRY * (1 << (attempts - 1)), LONGEST_RETRY)


def absences_in_a_row(statuses: Sequence[Status]) -> int:
    """Return how many absences without an excuse end a sequence, given oldest first.

    Being excused breaks no row and is none itself; what is open says nothing yet.

    >>> absences_in_a_row([Status.PRESENT, Status.ABSENT, Status.EXCUSED, Status.ABSENT])
    2
    """
    count = 0
    for status in reversed(statuses):
        if status is Status.ABSENT:
            count += 1
        elif status not in (Status.EXCUSED, Status.OPEN):
            break
    return count
