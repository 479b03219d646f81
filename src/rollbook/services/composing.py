"""From what happened to what is said: looked up when a message leaves, and not before.

So a mark that was corrected meanwhile sends nothing, nor does a message to who opted out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import AttendanceRecord, Session, SessionState, record_of
from rollbook.domain.message_texts import DAILY, FOOTER, fill, gathered
from rollbook.domain.messages import (
    GROUP,
    TOLD_BY_AGE,
    TOLD_STATUS,
    Audience,
    Channel,
    Event,
    EventKind,
    Message,
    Queued,
    Recipient,
    audiences,
)
from rollbook.domain.ports import UnitOfWork
from rollbook.errors import InvalidInput, NotFound
from rollbook.languages.writing import Words
from rollbook.services.announcing import row_of_absences, tutors_of
from rollbook.services.marks import marks_about
from rollbook.services.message_settings import address_of, channels_of, rules_of, text_of
from rollbook.services.message_words import GROUPS, in_words, only_of_week, said_day, said_time
from rollbook.services.recipients import audience_of
from rollbook.services.unsubscribing import token_of

CORRECTED = "corrected before it was sent"
OPTED_OUT = "the recipient wants no such messages"
NOT_TOLD = "the recipient is not told of this person any more"
SWITCHED_OFF = "the site does not tell this"
GONE = "the session or person is not there any more"
NO_CHANNEL = "The channel was removed. Choose another one for this recipient."


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why a message is not sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """One event in words."""

    subject: str
    body: str


def recipient_of(uow: UnitOfWork, event: Event, today: date) -> Recipient | Dropped:
    """Return who is told, if they still want to be, may be, and the site still tells this."""
    rules = rules_of(uow)
    if not rules.enabled or event.kind in rules.off:
        return Dropped(SWITCHED_OFF)
    found = uow.recipients.get(event.recipient_id)
    if found is None or not found.active or event.kind not in found.wants:
        return Dropped(OPTED_OUT)
    may_hear = _is_contact if found.user_id is None else _is_staff
    return found if may_hear(uow, event, found, today) else Dropped(NOT_TOLD)


def _is_contact(uow: UnitOfWork, event: Event, recipient: Recipient, today: date) -> bool:
    """Return whether such a contact is told of the person: who was a minor may be so no more."""
    if event.kind not in TOLD_BY_AGE:
        return True
    person = uow.subjects.some([str(event.subject_id)]).get(str(event.subject_id))
    minor = person is not None and person.minor
    return recipient.audience in audiences(event.kind, rules_of(uow), minor=minor)


def _is_staff(uow: UnitOfWork, event: Event, recipient: Recipient, today: date) -> bool:
    """Return whether an account is active, what it was when it chose, and still has the group."""
    try:
        user = uow.users.get(str(recipient.user_id))
        if not user.active or audience_of(user.role) is not recipient.audience:
            return False
        group_id = event.values.get(GROUP)
        if event.session_id is not None:
            group_id = uow.sessions.get(event.session_id).group_id
    except (NotFound, InvalidInput):
        return False
    if recipient.audience is not Audience.TUTOR or group_id is None:
        return True
    return recipient.user_id in tutors_of(uow, [group_id], today)


def channel_of(uow: UnitOfWork, recipient: Recipient) -> Channel | None:
    known = {one.channel_id: one for one in channels_of(uow)}
    return known.get(recipient.channel_id)


def say(
    uow: UnitOfWork, event: Event, language: str, now: datetime, zone: ZoneInfo
) -> Said | Dropped:
    """Return an event in words, or why there is nothing to say any more."""
    values = _values(uow, event, Words(language, zone.key), now, zone)
    if isinstance(values, Dropped):
        return values
    text = text_of(uow, event.kind, language)
    return Said(_one_line(fill(text.subject, values)), fill(text.body, values).strip())


def message_of(
    uow: UnitOfWork,
    rows: Sequence[Queued],
    said: Sequence[Said],
    recipient: Recipient,
    channel: Channel,
) -> Message:
    """Return what is handed to the provider: one event, or several of a day in one."""
    first, language = rows[0], recipient.language
    subject, body = said[0].subject, said[0].body
    if len(said) > 1:
        daily = DAILY.get(language, DAILY["en"])
        subject = fill(daily, {"count": str(len(said))})
        body = gathered([(one.subject, one.body) for one in said])
    link = unsubscribe_url(uow, recipient)
    if link is not None:
        body += "\n\n" + fill(FOOTER.get(language, FOOTER["en"]), {"url": link})
    return Message(
        message_id=first.message_id,
        event_id=first.message_id,
        url=channel.url.replace("{to}", quote(recipient.address, safe="@+")),
        to=recipient.address,
        subject=subject,
        body=body,
        language=language,
        unsubscribe_url=link,
    )


def unsubscribe_url(uow: UnitOfWork, recipient: Recipient) -> str | None:
    """Return the address that ends messages with one click; None where the site has none."""
    base = address_of(uow)
    token = token_of(uow.vault, recipient.recipient_id)
    return f"{base}/messages/stop/{token}" if base else None


def _values(
    uow: UnitOfWork, event: Event, words: Words, now: datetime, zone: ZoneInfo
) -> dict[str, str] | Dropped:
    said = event.values
    if event.kind is EventKind.WEEKLY:
        week = _own_week(uow, event, now.astimezone(zone).date())
        if week is None:
            return Dropped(NOT_TOLD)
        said = {**said, GROUPS: week}
    values = {
        "site": str(uow.site.get("site_name") or "Rollbook"),
        **in_words(event.kind, said, words, address_of(uow)),
    }
    try:
        if event.subject_id is not None:
            values["name"] = uow.subjects.get(event.subject_id).name
        if event.session_id is not None:
            return _of_session(uow, event, values, words, now, zone)
    except NotFound:
        return Dropped(GONE)
    return values


def _own_week(uow: UnitOfWork, event: Event, today: date) -> str | None:
    """Return the figures of those groups that the recipient still has; None where none is left."""
    recipient = uow.recipients.get(event.recipient_id)
    held = uow.staff.of_user(str(recipient.user_id)) if recipient is not None else []
    mine = {one.group_id for one in held if one.holds_on(today)}
    return only_of_week(event.values[GROUPS], mine)


def _of_session(
    uow: UnitOfWork,
    event: Event,
    values: dict[str, str],
    words: Words,
    now: datetime,
    zone: ZoneInfo,
) -> dict[str, str] | Dropped:
    session = uow.sessions.get(str(event.session_id))
    subject_id = str(event.subject_id)
    marks = marks_about(uow, session.session_id, subject_id)
    record = record_of(session, subject_id, marks, now)
    more = _still(uow, event, session, record, now)
    if more is None:
        return Dropped(CORRECTED)
    group = uow.groups.get(session.group_id).name
    arrived = record.arrived_at or session.starts_at
    return {
        **values,
        **more,
        "group": group,
        "session": session.title or group,
        "day": said_day(session.business_date, words),
        "time": said_time(session.starts_at.astimezone(zone), words),
        "arrived": said_time(arrived.astimezone(zone), words),
    }


def _still(
    uow: UnitOfWork, event: Event, session: Session, record: AttendanceRecord, now: datetime
) -> Mapping[str, str] | None:
    """Return what else is said, None where it is so no more."""
    if session.state is SessionState.CANCELLED:
        return None
    if event.kind in TOLD_STATUS:
        return {} if record.status is TOLD_STATUS[event.kind] else None
    if event.kind is EventKind.IN_A_ROW:
        count, _ = row_of_absences(uow, session, [record.subject_id], now)[record.subject_id]
        return {"count": str(count)} if count >= int(event.values["line"]) else None
    return {}


def _one_line(text: str) -> str:
    return " ".join(text.split())
