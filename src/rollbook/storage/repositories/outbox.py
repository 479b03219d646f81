"""Messages on their way: each event and recipient once, claimed with a lease, never lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from rollbook.domain.messages import Event, EventKind, MessageState, Queued
from rollbook.domain.subjects import new_id
from rollbook.errors import DecryptionFailed
from rollbook.storage.codec import from_json, from_micros, instant, iso, to_json, to_micros
from rollbook.storage.connecting import begin_writing, savepoint
from rollbook.storage.repositories.recipients import opened, sealed
from rollbook.storage.tables import outbox
from rollbook.storage.vault import SqlVault

MESSAGE, EVENT = "message", "message event"
# what is longer than these is of a clock that was set back since
LONGEST_LEASE = timedelta(minutes=30)
LONGEST_WAIT = timedelta(days=3)  # time for corrections, quiet hours, the message of a day
WAITING = MessageState.WAITING.value


class SqlOutbox:
    """Readable are whom it is about by random id, state, times and attempts; the rest is sealed."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, event: Event, due_at: datetime) -> bool:
        index = self._vault.blind(EVENT, f"{event.key} {event.recipient_id}")
        begin_writing(self._connection)
        known = self._connection.execute(select(outbox).where(outbox.c.event == index)).first()
        if known is not None:
            return self._revived(known, event, due_at)
        message_id = new_id()
        row = {
            "message_id": message_id,
            "event": index,
            "subject_id": event.subject_id,
            "state": WAITING,
            "due_at": to_micros(due_at),
            "attempts": 0,
            **self._sealed(message_id, event, ""),
        }
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(outbox).values(row))
        except IntegrityError:  # somebody else wrote it a moment ago
            return False
        return True

    def due(self, now: datetime, limit: int) -> list[str]:
        query = select(outbox.c.message_id, outbox.c.bundle).where(_free(now))
        rows = self._connection.execute(query.order_by(outbox.c.due_at, outbox.c.number))
        first: dict[str, str] = {}
        for row in rows:
            first.setdefault(row.bundle or row.message_id, row.message_id)
            if len(first) == limit:
                break
        return list(first.values())

    def claim(self, message_id: str, now: datetime, until: datetime) -> list[Queued]:
        """Take a row and what is due of its bundle.

        1. The first row of a bundle, by number, stands for it: it is the same in every attempt as
           long as it waits, and so is the message's id.
        2. Each is taken by an update that holds only while the row is as it was read. Whoever
           changed no row for the first has lost to somebody else.
        """
        begin_writing(self._connection)
        taken: list[Queued] = []
        for row in self._due_with(message_id, now):
            free = update(outbox).where(
                outbox.c.number == row.number, outbox.c.attempts == row.attempts, _free(now)
            )
            values = {"lease_until": to_micros(until), "attempts": row.attempts + 1}
            if self._connection.execute(free.values(values)).rowcount == 1:
                taken.append(self._open(row, row.attempts + 1))
            elif not taken:
                return []
        return taken

    def give_up_unreadable(self, message_id: str, now: datetime) -> list[str]:
        begin_writing(self._connection)
        given_up = []
        for row in self._due_with(message_id, now):
            try:
                self._open(row, row.attempts)
            except DecryptionFailed:
                same = update(outbox).where(outbox.c.number == row.number)
                over = {"state": MessageState.FAILED.value, "over_at": to_micros(now)}
                self._connection.execute(same.values(over))
                given_up.append(row.message_id)
        return given_up

    def put_off(self, row: Queued, until: datetime, reason: str, bundle: str | None) -> bool:
        values = {
            "due_at": to_micros(until),
            "lease_until": None,
            "bundle": bundle,
            **self._sealed(row.message_id, row.event, reason),
        }
        return self._changed(row, values)

    def end(self, row: Queued, state: MessageState, at: datetime, reason: str = "") -> bool:
        values = {
            "state": state.value,
            "over_at": to_micros(at),
            "lease_until": None,
            **self._sealed(row.message_id, row.event, reason),
        }
        return self._changed(row, values)

    def again(self, message_id: str, now: datetime) -> bool:
        failed = update(outbox).where(
            outbox.c.message_id == message_id, outbox.c.state == MessageState.FAILED.value
        )
        return self._connection.execute(failed.values(_waiting(now))).rowcount == 1

    def newest(self, states: Sequence[MessageState], limit: int, skip: int = 0) -> list[Queued]:
        query = select(outbox).where(outbox.c.state.in_([state.value for state in states]))
        some = query.order_by(outbox.c.number.desc()).limit(limit).offset(skip)
        rows = self._connection.execute(some).all()
        self._vault.load_keys(row.subject_id for row in rows if row.subject_id is not None)
        return [found for row in rows if (found := self._readable(row)) is not None]

    def counts(self) -> Mapping[MessageState, int]:
        query = select(outbox.c.state, func.count()).group_by(outbox.c.state)
        return {MessageState(state): count for state, count in self._connection.execute(query)}

    def purge(self, before: datetime) -> int:
        over = [MessageState.SENT.value, MessageState.DROPPED.value]
        gone = delete(outbox).where(outbox.c.state.in_(over), outbox.c.over_at < to_micros(before))
        return self._connection.execute(gone).rowcount

    def of_subject(self, subject_id: str) -> list[Queued]:
        """Return all messages about a person, oldest first."""
        query = select(outbox).where(outbox.c.subject_id == subject_id).order_by(outbox.c.number)
        rows = self._connection.execute(query).all()
        return [self._open(row, row.attempts) for row in rows if self._is_held(row)]

    def _revived(self, known: Row[Any], event: Event, due_at: datetime) -> bool:
        """Let an event wait again that was dropped: it was corrected, and is so once more."""
        if known.state != MessageState.DROPPED.value:
            return False
        same = update(outbox).where(outbox.c.number == known.number)
        values = {**_waiting(due_at), **self._sealed(known.message_id, event, "")}
        self._connection.execute(same.values(values))
        return True

    def _changed(self, row: Queued, values: dict[str, object]) -> bool:
        same = update(outbox).where(
            outbox.c.number == row.number,
            outbox.c.attempts == row.attempts,
            outbox.c.state == WAITING,
        )
        return self._connection.execute(same.values(values)).rowcount == 1

    def _due_with(self, message_id: str, now: datetime) -> Sequence[Row[Any]]:
        """Return a message's row that is due and nobody's, and those of its bundle, by number."""
        asked = self._connection.execute(
            select(outbox).where(outbox.c.message_id == message_id, _free(now))
        ).first()
        if asked is None or asked.bundle is None:
            return [] if asked is None else [asked]
        same = select(outbox).where(outbox.c.bundle == asked.bundle, _free(now))
        return self._connection.execute(same.order_by(outbox.c.number)).all()

    def _readable(self, row: Row[Any]) -> Queued | None:
        try:
            return self._open(row, row.attempts) if self._is_held(row) else None
        except DecryptionFailed:
            return None

    def _is_held(self, row: Row[Any]) -> bool:
        return row.subject_id is None or self._vault.key_of(row.subject_id) is not None

    def _sealed(self, message_id: str, event: Event, reason: str) -> dict[str, object]:
        text = to_json(
            {
                "kind": event.kind.value,
                "key": event.key,
                "at": iso(event.at),
                "recipient": event.recipient_id,
                "session": event.session_id,
                "values": dict(event.values),
                "reason": reason,
            }
        )
        return sealed(self._vault, text, MESSAGE, message_id, event.subject_id)

    def _open(self, row: Row[Any], attempts: int) -> Queued:
        fields = from_json(opened(self._vault, row, MESSAGE, row.message_id))
        event = Event(
            kind=EventKind(fields["kind"]),
            key=fields["key"],
            at=instant(fields["at"]),
            recipient_id=fields["recipient"],
            subject_id=row.subject_id,
            session_id=fields["session"],
            values=fields["values"],
        )
        return Queued(
            number=row.number,
            message_id=row.message_id,
            event=event,
            state=MessageState(row.state),
            due_at=from_micros(row.due_at),
            attempts=attempts,
            bundle=row.bundle,
            over_at=None if row.over_at is None else from_micros(row.over_at),
            reason=fields["reason"],
        )


def _waiting(due_at: datetime) -> dict[str, object]:
    """Return the columns of a row that waits as if it were new; attempts go on counting up.

    A worker that woke up after its lease must not take it for the row that it had claimed.
    """
    return {
        "state": WAITING,
        "due_at": to_micros(due_at),
        "lease_until": None,
        "over_at": None,
        "bundle": None,
        "attempts": outbox.c.attempts + 1,
    }


def _free(now: datetime) -> ColumnElement[bool]:
    lease, due_at = outbox.c.lease_until, outbox.c.due_at
    ours = or_(lease.is_(None), _past(lease, now, LONGEST_LEASE))
    return and_(outbox.c.state == WAITING, _past(due_at, now, LONGEST_WAIT), ours)


def _past(column: ColumnElement[int], now: datetime, longest: timedelta) -> ColumnElement[bool]:
    """Return whether an instant is over, or so far ahead that it cannot be meant."""
    return or_(column <= to_micros(now), column > to_micros(now + longest))
