"""Messages that are due, for a real mail server to take."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from builders import make_subject
from mail_server import Handler
from rollbook.domain.messages import (
    Audience,
    Event,
    EventKind,
    MessageRules,
    MessageState,
    Recipient,
)
from rollbook.domain.ports import OpenUnitOfWork
from rollbook.domain.subjects import new_id
from rollbook.network.apprise_sender import AppriseSender
from rollbook.services.message_settings import MessageSettings
from rollbook.storage.database import Database

ADMINISTRATOR = "administrator a"


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def prepare(database: Database, server: Handler, count: int) -> set[str]:
    """Write `count` messages that are due; return their ids."""
    settings = MessageSettings(database.uow, Clock(), AppriseSender())
    settings.set_rules(MessageRules(enabled=True), ADMINISTRATOR)
    channel = settings.add_channel("Mail", server.url, ADMINISTRATOR)
    person, kinds = make_subject(), frozenset({EventKind.TROUBLE})
    to = Recipient(
        new_id(),
        Audience.GUARDIAN,
        channel.channel_id,
        "m@example.net",
        "en",
        kinds,
        person.subject_id,
    )
    now = datetime.now(UTC)
    with database.uow() as uow:
        uow.subjects.add(person)
        uow.recipients.put(to)
        for number in range(count):
            values = {"what": f"number {number}"}
            event = Event(
                EventKind.TROUBLE,
                str(number),
                now,
                to.recipient_id,
                person.subject_id,
                None,
                values,
            )
            assert uow.outbox.add(event, now - timedelta(minutes=1))
        uow.commit()
    with database.uow() as uow:
        return set(uow.outbox.due(now, count + 1))


def given_up(open_uow: OpenUnitOfWork, now: datetime, subject_id: str) -> str:
    """Write a message about a person that was given up; return its id."""
    key = new_id()
    event = Event(EventKind.ABSENT, key, now, new_id(), subject_id)
    with open_uow() as uow:
        uow.outbox.add(event, now)
        for message_id in uow.outbox.due(now, 1000):
            rows = uow.outbox.claim(message_id, now, now)
            if any(row.event.key == key for row in rows):
                uow.outbox.end(rows[0], MessageState.FAILED, now, "550 no such user")
                uow.commit()
                return message_id
    raise AssertionError("the message was not due")


def sent_ids(server: Handler) -> Counter[str]:
    return Counter(mid.strip("<>").partition("@")[0] for mid in server.ids)
