"""Sends what waits in the outbox: claimed, composed, handed over, noted.

1. A message is claimed with a lease by an update that only one worker wins.
2. It is composed from what the register says now, outside of any lock.
3. The provider accepts or refuses it. Only here a kill can lead to a repeat, which has the same
   Message-ID and event id, so that a mail program shows it once.
4. What became of it is noted under the same claim.
"""

from __future__ import annotations

import logging
import time as clocks
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from rollbook.domain.messages import (
    AT_ANY_HOUR,
    Channel,
    Message,
    MessageRules,
    MessageState,
    Queued,
    Recipient,
    Sender,
    after_quiet,
    next_daily,
    retry_after,
)
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.errors import (
    DecryptionFailed,
    NotFound,
    NotificationError,
    StorageUnavailable,
    places_of,
)
from rollbook.services.composing import (
    NO_CHANNEL,
    Dropped,
    Said,
    channel_of,
    message_of,
    recipient_of,
    say,
)
from rollbook.services.message_settings import rules_of

LEASE = timedelta(minutes=10)  # longer than any provider takes
AT_ONCE = 500  # messages in one run
BUDGET = 120.0  # seconds of one run; what fell due meanwhile stands in line by its time then
KEPT = timedelta(days=30)  # so long it can be seen what was sent
SHOWN = 200
MOST_AGAIN = 1000  # messages that one click sends again
HELD_UP = timedelta(minutes=5)  # so late something is wrong
BY = "messages"  # who gives up, as the register names it
PATIENCE, PAUSE = 120.0, 0.5  # seconds; less than the lease
SLOW, REST = 5.0, 60.0  # seconds: who fails so slowly is not asked for a while
RESTS = "The provider did not answer a moment ago, so it was not asked again at once."
INSIDE = "Something went wrong inside Rollbook; its log says what."
TEST = {
    "en": "This is a test. It has arrived.",
    "de": "Dies ist ein Test. Er ist angekommen.",
}

Dispatch = Callable[[Sequence[str]], None]
"""Takes message ids to whoever sends them: this process, or other machines."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeldUp:
    """Messages that should have left already, and are tried again by themselves."""

    count: int  # SHOWN at most
    since: datetime  # UTC, of the first of them
    reason: str  # what the provider said last; empty: nobody has taken them
    by_broker: bool  # workers of other processes send, not this one


class Outbox:
    """Sends messages; any number of workers may at once."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        sender: Sender,
        zone: Callable[[], ZoneInfo],
        dispatch: Dispatch | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        """Without `dispatch` messages are sent by who finds them due."""
        self._lease = lease
        self._open_uow = open_uow
        self._clock = clock
        self._sender = sender
        self._zone = zone
        self._dispatch = dispatch
        self._resting: dict[str, float] = {}  # channel id -> until when, by the monotonic clock

    def run(self, over: Callable[[], bool] = lambda: False) -> int:
        """Send what is due, or let others do it; return how many messages were found.

        It returns after the message that it is at once it is `over`.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            if not rules_of(uow).enabled and not uow.outbox.counts():
                return 0
            found = uow.outbox.due(now, AT_ONCE)
            if uow.outbox.purge(now - KEPT):
                uow.commit()
        if found and self._dispatch is not None:
            self._dispatch(found)
        else:
            self._deliver_some(found, over)
        return len(found)

    def _deliver_some(self, message_ids: Sequence[str], over: Callable[[], bool]) -> None:
        """Send these, as far as the time of one run goes; the rest stays due."""
        until = clocks.monotonic() + BUDGET
        for message_id in message_ids:
            if over() or clocks.monotonic() > until:
                return
            self.deliver(message_id)

    def deliver(self, message_id: str) -> bool:
        """Send one message, with what leaves together with it; return whether it was sent.

        False: somebody else has it, it is put off, dropped, or the provider refused it.
        """
        now = self._clock.now()
        try:
            with self._open_uow() as uow:
                rows = uow.outbox.claim(message_id, now, now + self._lease)
                uow.commit()
        except DecryptionFailed:  # it must not keep all that stands behind it from leaving
            self._give_up_unreadable(message_id, now)
            return False
        if not rows:
            return False
        try:
            with self._open_uow() as uow:
                planned = self._plan(uow, rows, now)
                uow.commit()
        except StorageUnavailable:  # all others wait for the database, too
            raise
        except Exception as error:  # one message must not keep others from leaving
            log.error("message %s could not be composed", message_id, exc_info=places_of(error))
            self._refused(rows, NotificationError(INSIDE, permanent=False))
            return False
        return planned is not None and self._hand_over(*planned)

    def failures(self) -> list[Queued]:
        """Return what was given up, newest first."""
        with self._open_uow() as uow:
            return uow.outbox.newest([MessageState.FAILED], SHOWN)

    def newest(self, states: Sequence[MessageState] = tuple(MessageState)) -> list[Queued]:
        with self._open_uow() as uow:
            return uow.outbox.newest(states, SHOWN)

    def held_up(self) -> HeldUp | None:
        """Return what should have left, None while nothing waits too long."""
        late = self._clock.now() - HELD_UP
        rows = [
            row for row in self.newest([MessageState.WAITING]) if row.reason or row.due_at < late
        ]
        if not rows:
            return None
        return HeldUp(
            count=len(rows),
            since=min(row.event.at for row in rows),
            reason=next((row.reason for row in rows if row.reason), ""),
            by_broker=self._dispatch is not None,
        )

    def try_again(self, message_id: str, by: str) -> None:
        """Let a message that was given up wait anew.

        Raises:
            NotFound: none with this id was given up.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            if not uow.outbox.again(message_id, self._clock.now()):
                raise NotFound("This message was not given up.")
            self._note(uow, "message tried again", message_id, by)
            uow.commit()

    def try_all_again(self, by: str) -> int:
        """Let everything wait anew that was given up, as after a password was mended."""
        with self._open_uow() as uow:
            uow.register.hold()
            given_up = uow.outbox.newest([MessageState.FAILED], MOST_AGAIN)
            again = [one for one in given_up if uow.outbox.again(one.message_id, self._clock.now())]
            for one in again:
                self._note(uow, "message tried again", one.message_id, by)
            uow.commit()
        return len(again)

    def try_out(self, channel: Channel, address: str, language: str, site: str) -> None:
        """Send a message that says it is a test.

        Raises:
            NotificationError: the provider did not take it.
        """
        made = new_id()
        text = TEST.get(language, TEST["en"])
        url = channel.url.replace("{to}", quote(address, safe="@+"))
        self._sender.send(Message(made, made, url, address, f"{site}: Test", text, language))

    def _plan(
        self, uow: UnitOfWork, rows: Sequence[Queued], now: datetime
    ) -> tuple[list[Queued], Message, str] | None:
        """Return what leaves now as which message by which channel; what does not is noted."""
        kept: list[tuple[Queued, Said]] = []
        recipient: Recipient | None = None
        zone, rules = self._zone(), rules_of(uow)
        for row in rows:
            found = recipient_of(uow, row.event, now.astimezone(zone).date())
            if isinstance(found, Dropped):
                uow.outbox.end(row, MessageState.DROPPED, now, found.reason)
                continue
            if self._is_put_off(uow, row, found, rules, zone, now):
                continue
            said = say(uow, row.event, found.language, now, zone)
            if isinstance(said, Dropped):
                uow.outbox.end(row, MessageState.DROPPED, now, said.reason)
                continue
            recipient = found
            kept.append((row, said))
        if recipient is None:
            return None
        channel = channel_of(uow, recipient)
        if channel is None:
            self._give_up(uow, [row for row, _ in kept], NO_CHANNEL)
            return None
        leaving = [row for row, _ in kept]
        message = message_of(uow, leaving, [s for _, s in kept], recipient, channel)
        return leaving, message, channel.channel_id

    def _is_put_off(
        self,
        uow: UnitOfWork,
        row: Queued,
        recipient: Recipient,
        rules: MessageRules,
        zone: ZoneInfo,
        now: datetime,
    ) -> bool:
        """Let a message wait for the end of the quiet hours, or for that of the day."""
        if row.event.kind in AT_ANY_HOUR:
            return False
        if recipient.daily and row.bundle is None:
            until = next_daily(now, rules, zone)
            return uow.outbox.put_off(row, until, "", recipient.recipient_id)
        until = after_quiet(now, rules, zone)
        return until > now and uow.outbox.put_off(row, until, row.reason, row.bundle)

    def _hand_over(self, rows: list[Queued], message: Message, channel_id: str) -> bool:
        began = clocks.monotonic()
        if began < self._resting.get(channel_id, began):
            self._refused(rows, NotificationError(RESTS, permanent=False))
            return False
        refusal = self._send(message)
        if refusal is None:
            self._note_sent(rows)
            return True
        if not refusal.permanent and clocks.monotonic() - began > SLOW:
            self._resting[channel_id] = clocks.monotonic() + REST  # other channels wait behind it
        self._refused(rows, refusal)
        return False

    def _send(self, message: Message) -> NotificationError | None:
        """Return why the provider did not take it, None where it did."""
        try:
            self._sender.send(message)
        except NotificationError as error:
            return error
        except Exception as error:  # of a message that nobody foresaw; the others have to leave
            log.error("message %s broke off", message.message_id, exc_info=places_of(error))
            return NotificationError(INSIDE, permanent=False)
        return None

    def _note_sent(self, rows: Sequence[Queued]) -> None:
        """Note that the provider has it; a database that is busy must not lead to a repeat."""
        until = clocks.monotonic() + PATIENCE
        while True:
            try:
                with self._open_uow() as uow:
                    now = self._clock.now()
                    for row in rows:
                        uow.outbox.end(row, MessageState.SENT, now)
                    uow.commit()
                return
            except StorageUnavailable:
                if clocks.monotonic() > until:
                    raise
                clocks.sleep(PAUSE)

    def _refused(self, rows: list[Queued], error: NotificationError) -> None:
        wait = None if error.permanent else retry_after(rows[0].attempts)
        log.warning("message %s was not accepted; %s", rows[0].message_id, _next(wait))
        with self._open_uow() as uow:
            if wait is None:
                self._give_up(uow, rows, str(error))
            else:
                until = self._clock.now() + wait
                for row in rows:
                    uow.outbox.put_off(row, until, str(error), row.bundle)
            uow.commit()

    def _give_up(self, uow: UnitOfWork, rows: Sequence[Queued], reason: str) -> None:
        uow.register.hold()
        now = self._clock.now()
        for row in rows:
            if uow.outbox.end(row, MessageState.FAILED, now, reason):
                self._note(uow, "message given up", row.message_id, BY)

    def _give_up_unreadable(self, message_id: str, now: datetime) -> None:
        with self._open_uow() as uow:
            uow.register.hold()
            for one in uow.outbox.give_up_unreadable(message_id, now):
                log.error("message %s was changed in the database and is given up", one)
                self._note(uow, "message given up", one, BY)
            uow.commit()

    def _note(self, uow: UnitOfWork, event: str, message_id: str, by: str) -> None:
        at = self._clock.now().isoformat()
        body = {"event": event, "at": at, "by": by, "message": message_id}
        uow.register.append(NewEntry(EntryKind.SETTING, body))


def _next(wait: timedelta | None) -> str:
    return "it is given up" if wait is None else f"next attempt in {wait}"
