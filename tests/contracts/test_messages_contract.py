"""Recipients and the outbox on every database: once each, one worker, nothing lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from builders import NOW, make_subject
from rollbook.domain.messages import Audience, Event, EventKind, MessageState, Recipient
from rollbook.domain.subjects import new_id
from rollbook.storage.database import Database
from rollbook.storage.tables import outbox, recipients

UNTIL = NOW + timedelta(minutes=5)


@pytest.fixture
def ada(database: Database) -> str:
    person = make_subject()
    with database.uow() as uow:
        uow.subjects.add(person)
        uow.commit()
    return person.subject_id


def mother(subject_id: str) -> Recipient:
    wants = frozenset({EventKind.ABSENT})
    return Recipient(
        new_id(), Audience.GUARDIAN, "mail", "mother@example.org", "de", wants, subject_id
    )


def event(subject_id: str | None = None, key: str = "absent 1", to: str = "r") -> Event:
    return Event(EventKind.ABSENT, key, NOW, to, subject_id, None, {"line": "2"})


def write(database: Database, *events: Event) -> list[bool]:
    with database.uow() as uow:
        made = [uow.outbox.add(one, NOW) for one in events]
        uow.commit()
    return made


def due(database: Database) -> list[str]:
    with database.uow() as uow:
        return uow.outbox.due(NOW, 10)


def test_recipients_come_back_as_they_were(database: Database, ada: str) -> None:
    first = mother(ada)
    staff = replace(mother(ada), recipient_id=new_id(), subject_id=None, user_id="u" * 32)
    with database.uow() as uow:
        uow.recipients.put(first)
        uow.recipients.put(staff)
        uow.recipients.put(replace(first, daily=True))
        uow.commit()
    with database.uow() as uow:
        assert uow.recipients.get(first.recipient_id) == replace(first, daily=True)
        assert uow.recipients.of_subjects([ada, "nobody"]) == [replace(first, daily=True)]
        assert uow.recipients.of_users(["u" * 32]) == [staff] == uow.recipients.staff()
        uow.recipients.remove(first.recipient_id)
        assert uow.recipients.get(first.recipient_id) is None


def test_no_address_is_readable_and_an_erased_person_takes_theirs_along(
    database: Database, ada: str
) -> None:
    one = mother(ada)
    with database.uow() as uow:
        uow.recipients.put(one)
        uow.outbox.add(event(ada, to=one.recipient_id), NOW)
        uow.commit()
    with database.engine.connect() as connection:
        rows = [*connection.execute(select(recipients)), *connection.execute(select(outbox))]
    assert len(rows) == 2 and b"mother" not in repr(rows).encode() and "absent" not in repr(rows)
    with database.uow() as uow:
        uow.vault.destroy_key(ada)  # as in a backup that still has the rows
        uow.commit()
    with database.uow() as uow:
        assert uow.recipients.get(one.recipient_id) is None
        assert uow.outbox.newest(list(MessageState), 10) == []
        uow.person_rows.erase(ada, None, [])
        uow.commit()
    with database.engine.connect() as connection:
        assert connection.execute(select(recipients)).all() == []
        assert connection.execute(select(outbox)).all() == []


def test_an_event_is_written_once_for_a_recipient(database: Database, ada: str) -> None:
    again = write(database, event(ada), event(ada), event(ada, to="other"), event(ada, "late 1"))
    assert again == [True, False, True, True]
    assert len(due(database)) == 3


def test_what_is_rolled_back_sends_nothing(database: Database) -> None:
    with database.uow() as uow:
        uow.outbox.add(event(), NOW)
    assert due(database) == []


def test_a_claim_is_one_workers_until_its_lease_ends(database: Database) -> None:
    write(database, event())
    (message_id,) = due(database)
    with database.uow() as uow:
        (row,) = uow.outbox.claim(message_id, NOW, UNTIL)
        uow.commit()
    with database.uow() as uow:
        assert uow.outbox.claim(message_id, NOW, UNTIL) == [] == uow.outbox.due(NOW, 10)
        (later,) = uow.outbox.claim(message_id, UNTIL, UNTIL + timedelta(minutes=5))
        assert (later.message_id, later.event, later.attempts) == (message_id, row.event, 2)
        assert not uow.outbox.end(row, MessageState.SENT, UNTIL), "its claim was lost"
        assert uow.outbox.end(later, MessageState.SENT, UNTIL)
        assert uow.outbox.due(UNTIL + timedelta(days=1), 10) == []


def test_of_many_workers_one_gets_a_message(database: Database) -> None:
    write(database, event())
    (message_id,), start, won = due(database), Barrier(8), list[str]()

    def work() -> None:
        start.wait()
        with database.uow() as uow:
            taken = uow.outbox.claim(message_id, NOW, UNTIL)
            uow.commit()
        won.extend(row.message_id for row in taken)

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [message_id]


def test_a_bundle_leaves_together_under_the_id_of_its_first(database: Database) -> None:
    write(database, event(key="1"), event(key="2"), event(key="3"))
    for message_id in due(database):
        with database.uow() as uow:
            (row,) = uow.outbox.claim(message_id, NOW, UNTIL)
            assert uow.outbox.put_off(row, NOW, "", "r" * 32)
            uow.commit()
    (first,) = due(database)
    with database.uow() as uow:
        rows = uow.outbox.claim(first, NOW, UNTIL)
        uow.commit()
    assert [row.event.key for row in rows] == ["1", "2", "3"] and rows[0].message_id == first
    assert due(database) == []


def test_what_was_dropped_waits_anew_and_what_was_sent_does_not(database: Database) -> None:
    for state, again in ((MessageState.DROPPED, True), (MessageState.SENT, False)):
        write(database, event(key=state.value))
        (message_id,) = due(database)
        with database.uow() as uow:
            (row,) = uow.outbox.claim(message_id, NOW, UNTIL)
            uow.outbox.end(row, state, NOW, "corrected")
            uow.commit()
        assert write(database, event(key=state.value)) == [again]
        assert due(database) == ([message_id] if again else [])
        with database.uow() as uow:
            assert not uow.outbox.end(row, MessageState.SENT, NOW), "that was another life"
            assert uow.outbox.counts()[MessageState.WAITING if again else state] == 1
            for left in uow.outbox.due(NOW, 10):
                (held,) = uow.outbox.claim(left, NOW, UNTIL)
                uow.outbox.end(held, MessageState.FAILED, NOW, "no such address")
            uow.commit()
    with database.uow() as uow:
        (failed,) = uow.outbox.newest([MessageState.FAILED], 10)
        assert failed.reason == "no such address"
        assert uow.outbox.again(failed.message_id, NOW) and not uow.outbox.again("x", NOW)
        assert uow.outbox.due(NOW, 10) == [failed.message_id]


def test_old_messages_are_forgotten_and_waiting_ones_never(database: Database) -> None:
    write(database, event(key="1"), event(key="2"))
    first = due(database)[0]
    with database.uow() as uow:
        (row,) = uow.outbox.claim(first, NOW, UNTIL)
        uow.outbox.end(row, MessageState.SENT, NOW)
        assert uow.outbox.purge(NOW) == 0
        assert uow.outbox.purge(NOW + timedelta(days=1)) == 1
        assert len(uow.outbox.newest(list(MessageState), 10)) == 1
