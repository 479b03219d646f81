"""From a mark to a message: what is told, to whom, when, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from builders import DAY, LONG_AGO, NOW, make_class
from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff, User
from rollbook.domain.attendance import Direction, Method, Session, Status
from rollbook.domain.message_texts import Template
from rollbook.domain.messages import (
    FOR,
    Audience,
    EventKind,
    Message,
    MessageRules,
    MessageState,
    Queued,
    Recipient,
)
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput, NotFound, NotificationError
from rollbook.services.corrections import Change, Corrections
from rollbook.services.message_settings import MessageSettings
from rollbook.services.outbox import HELD_UP, LEASE, RESTS, HeldUp, Outbox
from rollbook.services.recipients import Recipients
from rollbook.services.register import RegisterKeeper
from rollbook.services.requests import RequestDesk
from rollbook.services.session_life import SessionLife
from rollbook.services.unsubscribing import Unsubscribing, token_of
from rollbook.storage.database import Database
from rollbook.storage.tables import outbox
from rollbook.testing import FixedClock
from timetables import BERLIN

BELL = "faculty bell"
MAIL = "mailto://mail.example.org?from=school@example.org"
GRACE, HOUR = timedelta(minutes=15), timedelta(hours=1)


@dataclass
class Provider:
    """Takes messages, or does not."""

    taken: list[Message] = field(default_factory=list)
    refuse: Callable[[Message], None] = lambda message: None

    def check(self, url: str) -> str:
        if "://" not in url:
            raise InvalidInput("no address")
        return "shown"

    def send(self, message: Message) -> None:
        self.refuse(message)
        self.taken.append(message)


class Room:
    """A class of three: Ada and Bob are children, Cleo is grown up."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)  # Monday, 09:00 in Berlin
        self.provider = Provider()
        self.settings = MessageSettings(database.uow, self.clock, self.provider)
        self.settings.set_rules(MessageRules(enabled=True), BELL)
        self.settings.set_address("https://school.example/", BELL)
        self.channel = self.settings.add_channel("Mail", MAIL, BELL)
        self.recipients = Recipients(database.uow, self.clock)
        self.outbox = Outbox(database.uow, self.clock, self.provider, lambda: BERLIN)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.corrections = Corrections(database.uow, self.clock)
        self.desk = RequestDesk(database.uow, self.clock)
        self.links = Unsubscribing(database.uow, self.clock)
        self.group, people = make_class(database.uow, ["Ada", "Bob", "Cleo"])
        self.ada, self.bob, self.cleo = (person.subject_id for person in people)
        with database.uow() as uow:
            for person in people[:2]:
                uow.subjects.update(replace(person, minor=True))
            uow.commit()
        self.mother = self.contact(self.ada, Audience.GUARDIAN, "mother@example.org")

    def contact(self, subject_id: str, who: Audience, address: str, **more: bool) -> Recipient:
        return self.recipients.add_contact(
            subject_id, who, self.channel.channel_id, address, language="en", by=BELL, **more
        )

    def staff(self, role: Role, address: str, *wants: EventKind) -> Recipient:
        user = User(new_id(), address, role, new_id())
        with self.database.uow() as uow:
            uow.users.add(user)
            if role is Role.FACULTY:
                uow.staff.add(Staff(self.group.group_id, user.user_id, LONG_AGO))
            uow.commit()
        return self.recipients.set_staff(
            user.user_id,
            self.channel.channel_id,
            address,
            language="en",
            wants=wants or frozenset(EventKind),
            by=BELL,
        )

    def lesson(self, starts_at: datetime | None = None, title: str = "Maths") -> Session:
        at = starts_at or self.clock.now()
        return self.keeper.open_session(
            self.group.group_id, at, at + timedelta(hours=1), business_date=DAY, title=title
        )

    def came(self, session: Session, who: str, minutes: int = 0) -> None:
        at = session.starts_at + timedelta(minutes=minutes)
        self.keeper.sight(session.session_id, who, at, Method.PIN, Direction.BOTH, None, None)

    def missed(self, title: str = "Maths", *absent: str) -> Session:
        """Hold a lesson from which only these are absent."""
        session = self.lesson(title=title)
        for who in {self.ada, self.bob, self.cleo} - set(absent):
            self.came(session, who)
        self.keeper.close_session(session.session_id, BELL)
        return session

    def say(self, session: Session, who: str, status: Status) -> None:
        self.corrections.set(session.session_id, [Change(who, status, "a reason")], BELL)

    def later(self, span: timedelta = GRACE) -> list[Message]:
        """Turn the clock, and return what was sent then."""
        self.clock.at += span
        before = len(self.provider.taken)
        self.outbox.run()
        return self.provider.taken[before:]

    def all(self, *states: MessageState) -> list[Queued]:
        return self.outbox.newest(states or tuple(MessageState))


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


def test_nothing_waits_at_first(room: Room) -> None:
    assert room.later(timedelta(days=1)) == [] == room.all()


def test_a_guardian_hears_of_an_absence_with_date_and_session(room: Room) -> None:
    room.missed("Maths", room.ada)
    assert room.later(timedelta(minutes=14)) == []
    (sent,) = room.later(timedelta(minutes=1))
    assert (
        sent.to == "mother@example.org"
        and sent.subject == "Ada is missing: Maths, Monday, 2 March 2026"
    )
    assert "Monday, 2 March 2026" in sent.body and "09:00" in sent.body and "Maths" in sent.body
    assert [row.state for row in room.all()] == [MessageState.SENT]
    assert room.later(timedelta(days=1)) == []


def test_a_mark_that_is_corrected_within_the_grace_period_sends_nothing(room: Room) -> None:
    session = room.missed("Maths", room.ada)
    room.clock.at += timedelta(minutes=10)
    room.say(session, room.ada, Status.EXCUSED)
    assert room.later() == []
    (row,) = room.all()
    assert row.state is MessageState.DROPPED and "corrected" in row.reason
    room.say(session, room.ada, Status.ABSENT)
    assert len(room.later()) == 1, "it is so after all"


def test_who_is_set_absent_by_hand_is_told_of_once(room: Room) -> None:
    session = room.lesson()
    room.came(session, room.bob)
    room.say(session, room.ada, Status.ABSENT)
    assert len(room.later()) == 1, "the same morning, while the lesson goes on"
    room.keeper.close_session(session.session_id, BELL)
    assert room.later() == []


def test_a_late_arrival_is_told_with_its_time(room: Room) -> None:
    session = room.lesson()
    room.came(session, room.ada, 17)
    (sent,) = room.later(timedelta(minutes=32))
    assert sent.subject == "Ada came late: Maths, Monday, 2 March 2026" and "09:17" in sent.body


def test_who_comes_in_time_is_not_written_about(room: Room) -> None:
    session = room.lesson()
    room.came(session, room.ada, 3)
    assert room.later() == [] == room.all()


def test_an_adult_hears_of_it_and_nobody_else_does(room: Room) -> None:
    room.contact(room.cleo, Audience.GUARDIAN, "partner@example.org")
    room.contact(room.cleo, Audience.PERSON, "cleo@example.org")
    room.contact(room.bob, Audience.PERSON, "bob@example.org")
    room.missed("Maths", room.cleo, room.bob)
    assert [one.to for one in room.later()] == ["cleo@example.org"]


def test_a_session_that_the_timetable_closes_tells_too(room: Room) -> None:
    from rollbook.services.due import Errand

    session = room.lesson()
    room.came(session, room.bob)
    room.clock.at = session.ends_at + timedelta(minutes=1)
    life = SessionLife(room.database.uow, room.clock)
    errand = Errand(session.session_id, room.clock.at, room.clock.at, lambda uow: None)
    life.close_when_due(errand)
    assert [one.to for one in room.later()] == ["mother@example.org"]


def test_two_absences_in_a_row_go_to_the_tutor_and_three_to_the_administrator(room: Room) -> None:
    room.recipients.remove(room.mother.recipient_id, BELL)
    room.staff(Role.FACULTY, "tutor@example.org")
    room.staff(Role.ADMINISTRATOR, "head@example.org")
    sent = []
    for number in range(4):
        room.missed(f"Lesson {number}", room.bob)
        sent.append([(one.to, one.subject) for one in room.later(timedelta(hours=1))])
    assert sent[0] == []
    assert sent[1] == [("tutor@example.org", "Bob: missed 2 times in a row")]
    assert sent[2] == [("head@example.org", "Bob: missed 3 times in a row")]
    assert sent[3] == [], "once for a row of absences"


@pytest.mark.parametrize("change", [{"active": False}, {"role": Role.AUDITOR}])
def test_an_account_that_is_disabled_or_has_another_role_hears_no_more(
    room: Room, change: dict[str, object]
) -> None:
    tutor = room.staff(Role.FACULTY, "tutor@example.org")
    for number in range(2):
        room.missed(f"Lesson {number}", room.bob)
    with room.database.uow() as uow:
        uow.users.update(replace(uow.users.get(str(tutor.user_id)), **change))  # type: ignore[arg-type]
        uow.commit()
    assert room.later() == []
    with room.database.uow() as uow:
        uow.users.remove(str(tutor.user_id))
        assert uow.recipients.staff() == []


def test_a_tutor_who_gave_the_group_away_hears_no_more(room: Room) -> None:
    tutor = str(room.staff(Role.FACULTY, "tutor@example.org").user_id)
    for number in range(2):
        room.missed(f"Lesson {number}", room.bob)
    with room.database.uow() as uow:
        uow.staff.leave(room.group.group_id, tutor, DAY - timedelta(days=1))
        uow.commit()
    assert room.later() == []
    assert {row.state for row in room.all()} == {MessageState.DROPPED}


def test_a_guardian_hears_no_more_of_who_came_of_age(room: Room) -> None:
    room.missed("Maths", room.ada)
    with room.database.uow() as uow:
        uow.subjects.update(replace(uow.subjects.get(room.ada), minor=False))
        uow.commit()
    assert room.later() == []


def test_a_message_that_was_changed_in_the_database_keeps_none_behind_it(room: Room) -> None:
    room.contact(room.bob, Audience.GUARDIAN, "b@example.org")
    room.missed("Maths", room.ada, room.bob)
    with room.database.engine.begin() as connection:
        first = connection.execute(select(outbox).order_by(outbox.c.number)).first()
        assert first is not None
        other = update(outbox).where(outbox.c.number == first.number)
        connection.execute(other.values(person=first.person[:-5] + b"AAAA="))
    assert len(room.later()) == 1, "the other one, whichever of them was written first"
    assert [row.state for row in room.all()] == [MessageState.SENT]
    with room.database.uow() as uow:
        assert uow.outbox.counts()[MessageState.FAILED] == 1
        told = [entry.body for entry in uow.register.since(0, [EntryKind.SETTING], 100)]
    given_up = [body["message"] for body in told if body["event"] == "message given up"]
    assert given_up == [first.message_id]


def test_a_row_of_absences_that_was_corrected_is_not_told(room: Room) -> None:
    room.staff(Role.FACULTY, "tutor@example.org")
    first = room.missed("First", room.bob)
    room.later(timedelta(hours=1))
    room.missed("Second", room.bob)
    room.say(first, room.bob, Status.PRESENT)
    assert room.later() == []


def test_a_decision_is_told_to_who_asked(room: Room) -> None:
    room.contact(room.ada, Audience.PERSON, "ada@example.org")
    session = room.missed("Maths", room.ada)
    request = room.desk.dispute(room.ada, session.session_id, Status.PRESENT, "I was there")
    room.desk.decide(
        request.request_id, grant=True, answer="Sorry!", by=BELL, group_ids=[room.group.group_id]
    )
    sent = room.later(timedelta(0))
    assert {one.to for one in sent} == {"ada@example.org", "mother@example.org"}
    assert all("granted. Sorry!" in one.body for one in sent)


def test_quiet_hours_put_off_until_the_morning(room: Room) -> None:
    room.clock.at = datetime.combine(DAY, time(20, 30), BERLIN)
    room.missed("Evening course", room.ada)
    assert room.later(timedelta(hours=1)) == []
    assert room.later(timedelta(hours=8)) == []  # 05:30
    assert len(room.later(timedelta(hours=1))) == 1  # 06:30


@pytest.mark.parametrize(
    "night, morning",
    [
        (date(2026, 3, 28), datetime(2026, 3, 29, 4, 30, tzinfo=UTC)),  # an hour is left out
        (date(2026, 10, 24), datetime(2026, 10, 25, 5, 30, tzinfo=UTC)),  # one comes twice
    ],
)
def test_quiet_hours_end_by_the_wall_clock_when_the_clocks_change(
    room: Room, night: date, morning: datetime
) -> None:
    room.clock.at = datetime.combine(night, time(21), BERLIN).astimezone(UTC)
    room.missed("Evening course", room.ada)
    assert room.later() == []
    assert room.later(morning - room.clock.at - timedelta(minutes=1)) == []
    assert len(room.later(timedelta(minutes=1))) == 1  # 06:30 in Berlin


def test_a_clock_that_is_set_back_sends_nothing_twice_and_loses_nothing(room: Room) -> None:
    room.missed("First", room.ada)
    assert len(room.later()) == 1
    room.missed("Second", room.ada)
    room.clock.at -= timedelta(hours=1)
    assert room.later(timedelta(minutes=20)) == [], "what was sent is not sent again"
    room.missed("Third", room.ada)
    titles = [[one.subject.split(":")[1].split(",")[0] for one in room.later()]]
    titles.append([one.subject.split(":")[1].split(",")[0] for one in room.later(HOUR)])
    assert titles == [[" Third"], [" Second"]]
    assert room.later(timedelta(days=1)) == []


def claimed_and_left(room: Room) -> str:
    """Let a worker claim the message of an absence and die; return its id."""
    room.missed("Maths", room.ada)
    room.clock.at += GRACE
    with room.database.uow() as uow:
        (message_id,) = uow.outbox.due(room.clock.now(), 1)
        uow.outbox.claim(message_id, room.clock.now(), room.clock.now() + LEASE)
        uow.commit()
    return message_id


def test_a_clock_that_is_set_back_while_a_message_is_claimed_frees_it(room: Room) -> None:
    claimed_and_left(room)
    room.clock.at -= HOUR
    assert room.later(timedelta(minutes=50)) == [], "not before its time for corrections"
    assert len(room.later(2 * LEASE)) == 1


def test_one_message_a_day_for_who_wants_that(room: Room) -> None:
    room.recipients.remove(room.mother.recipient_id, BELL)
    room.contact(room.ada, Audience.GUARDIAN, "father@example.org", daily=True)
    room.missed("First", room.ada)
    room.clock.at += timedelta(hours=1)
    room.missed("Second", room.ada)
    assert room.later(timedelta(minutes=20)) == []
    assert room.later(timedelta(hours=4)) == []
    (sent,) = room.later(timedelta(hours=2))
    assert sent.subject == "2 messages of today" and "First" in sent.body and "Second" in sent.body
    assert sent.body.count("Good day") == 1
    assert {row.state for row in room.all()} == {MessageState.SENT}


def test_the_link_ends_messages_and_lets_them_come_again(room: Room) -> None:
    room.missed("First", room.ada)
    (sent,) = room.later()
    assert sent.unsubscribe_url is not None and sent.unsubscribe_url in sent.body
    assert sent.unsubscribe_url.startswith("https://school.example/messages/stop/")
    token = sent.unsubscribe_url.rpartition("/")[2]
    assert "mother" not in token and room.links.look(token) == room.mother
    room.missed("Second", room.ada)
    room.links.set(token, active=False)
    assert room.later() == []
    assert room.all()[0].state is MessageState.DROPPED
    room.links.set(token, active=True)
    room.missed("Third", room.ada)
    assert len(room.later()) == 1


@settings(max_examples=10)
@given(st.text(max_size=80))
def test_a_link_that_was_made_up_ends_nothing(text: str) -> None:
    class NoVault:
        def blind(self, purpose: str, text: str) -> bytes:
            return b"x" * 32

    class NoUow:
        vault = NoVault()

    from rollbook.services.unsubscribing import _recipient

    with pytest.raises(NotFound):
        _recipient(NoUow(), text)  # type: ignore[arg-type]


def test_a_link_of_one_recipient_does_not_fit_another(room: Room) -> None:
    other = room.contact(room.bob, Audience.GUARDIAN, "b@example.org")
    with room.database.uow() as uow:
        one, two = (token_of(uow.vault, r.recipient_id) for r in (room.mother, other))
    with pytest.raises(NotFound):
        room.links.look(one[:22] + two[22:])


def test_a_clock_that_was_a_year_ahead_puts_nothing_off_for_a_year(room: Room) -> None:
    def busy(message: Message) -> None:
        raise NotificationError("busy", permanent=False)

    room.missed("Maths", room.ada)
    room.provider.refuse = busy
    assert room.later(timedelta(days=365)) == []
    room.provider.refuse = lambda message: None
    assert len(room.later(timedelta(hours=1) - timedelta(days=365))) == 1


def test_a_temporary_refusal_is_tried_again_with_growing_pauses(room: Room) -> None:
    def busy(message: Message) -> None:
        raise NotificationError("451 try later", permanent=False)

    room.provider.refuse = busy
    room.missed("Maths", room.ada)
    assert room.later() == []
    (row,) = room.all()
    assert row.state is MessageState.WAITING and row.reason == "451 try later"
    assert row.due_at == room.clock.now() + timedelta(minutes=1)
    room.provider.refuse = lambda message: None
    assert room.later(timedelta(seconds=59)) == []
    (sent,) = room.later(timedelta(seconds=1))
    assert sent.message_id == row.message_id


def test_a_permanent_refusal_is_shown_and_can_be_tried_again(room: Room) -> None:
    def never(message: Message) -> None:
        raise NotificationError("550 no such user", permanent=True)

    room.provider.refuse = never
    room.missed("Maths", room.ada)
    room.later()
    (failed,) = room.outbox.failures()
    assert failed.reason == "550 no such user"
    with room.database.uow() as uow:
        events = [entry.body["event"] for entry in uow.register.entries(["setting"])]
    assert events[0] == "message given up"
    room.provider.refuse = lambda message: None
    room.outbox.try_again(failed.message_id, BELL)
    (sent,) = room.later(timedelta(0))
    assert sent.message_id == failed.message_id and room.outbox.failures() == []
    with pytest.raises(NotFound):
        room.outbox.try_again(failed.message_id, BELL)


def test_everything_that_was_given_up_is_tried_again_at_once(room: Room) -> None:
    def wrong(message: Message) -> None:
        raise NotificationError("535 wrong password", permanent=True)

    room.contact(room.bob, Audience.GUARDIAN, "b@example.org")
    room.provider.refuse = wrong
    room.missed("Maths", room.ada, room.bob)
    room.later()
    assert len(room.outbox.failures()) == 2
    room.provider.refuse = lambda message: None
    assert room.outbox.try_all_again(BELL) == 2
    assert len(room.later(timedelta(0))) == 2
    assert room.outbox.try_all_again(BELL) == 0


def test_after_a_day_of_refusals_it_is_given_up(room: Room) -> None:
    def busy(message: Message) -> None:
        raise NotificationError("451 try later", permanent=False)

    room.provider.refuse = busy
    room.missed("Maths", room.ada)
    for _ in range(60):
        room.later(timedelta(hours=2))
    assert [row.reason for row in room.outbox.failures()] == ["451 try later"]


def test_an_error_in_one_message_keeps_no_other_from_leaving(room: Room) -> None:
    room.contact(room.bob, Audience.GUARDIAN, "b@example.org")

    def odd(message: Message) -> None:
        if message.to.startswith("mother"):
            raise NotificationError("odd", permanent=False)

    room.provider.refuse = odd
    room.missed("Maths", room.ada, room.bob)
    assert [one.to for one in room.later()] == ["b@example.org"]


def test_a_channel_that_hangs_holds_up_no_other(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def hang(message: Message) -> None:
        asked.append(message.to)
        if message.url == MAIL:
            raise NotificationError("no answer", permanent=False)

    monkeypatch.setattr("rollbook.services.outbox.SLOW", -1.0)
    room.provider.refuse = hang
    room.contact(room.ada, Audience.GUARDIAN, "father@example.org")
    other = room.settings.add_channel("SMS", "sms://a/{to}", BELL).channel_id
    room.recipients.add_contact(
        room.bob, Audience.GUARDIAN, other, "15550100", language="en", by=BELL
    )
    room.missed("Maths", room.ada, room.bob)
    assert [one.to for one in room.later()] == ["15550100"]
    assert len(asked) == 2, "the channel that hangs was asked once, and not for every message"
    assert {row.reason for row in room.all(MessageState.WAITING)} == {"no answer", RESTS}
    room.outbox._resting.clear()  # a minute later
    room.provider.refuse = lambda message: None
    assert len(room.later(timedelta(minutes=1))) == 2


def test_a_worker_that_died_with_a_message_does_not_lose_it(room: Room) -> None:
    message_id = claimed_and_left(room)
    assert room.later(LEASE - timedelta(seconds=1)) == []
    (sent,) = room.later(timedelta(seconds=1))
    assert sent.message_id == message_id


def test_a_channel_that_was_removed_gives_messages_up(room: Room) -> None:
    room.missed("Maths", room.ada)
    room.settings.remove_channel(room.channel.channel_id, BELL)
    assert room.later() == []
    assert "channel was removed" in room.outbox.failures()[0].reason


def test_a_site_that_sends_nothing_writes_nothing(room: Room) -> None:
    room.settings.set_rules(MessageRules(enabled=False), BELL)
    room.missed("Maths", room.ada)
    assert room.all() == []


def test_own_texts_are_used_and_checked(room: Room) -> None:
    room.settings.set_text(EventKind.ABSENT, "en", Template("{name}!", "At {time}."), BELL)
    room.missed("Maths", room.ada)
    (sent,) = room.later()
    assert sent.subject == "Ada!" and sent.body.startswith("At 09:00.")
    with pytest.raises(InvalidInput):
        room.settings.set_text(EventKind.ABSENT, "en", Template("{score}", "x"), BELL)


def test_no_message_holds_a_score_even_if_a_face_was_seen(room: Room) -> None:
    from builders import make_consent
    from rollbook.domain.attendance import Evidence

    with room.database.uow() as uow:
        uow.consents.add(make_consent(room.ada))
        uow.commit()
    session = room.lesson()
    at = session.starts_at + timedelta(minutes=20)
    seen = Evidence(0.73219, 0.41, 0.2, 0.1, 5, ((room.ada, 0.73219),), 3, 0.001, "s", "d")
    room.keeper.sight(session.session_id, room.ada, at, Method.FACE, Direction.BOTH, "door", seen)
    (sent,) = room.later(timedelta(minutes=40))
    assert "0.7" not in repr(sent) + sent.body + sent.subject and "0.41" not in sent.body


def test_entries_hold_no_address(room: Room) -> None:
    room.missed("Maths", room.ada)
    room.later()
    room.links.set(token(room), active=False)
    with room.database.uow() as uow:
        bodies = repr([entry.body for entry in uow.register.entries()])
    assert "mother@" not in bodies and "mailto" not in bodies
    assert "recipient set" in bodies and "messages stopped" in bodies


def token(room: Room) -> str:
    with room.database.uow() as uow:
        return token_of(uow.vault, room.mother.recipient_id)


def test_roles_choose_from_what_is_theirs(room: Room) -> None:
    head = room.staff(Role.ADMINISTRATOR, "head@example.org", *EventKind)
    assert head.wants == FOR[Audience.ADMINISTRATOR]
    with pytest.raises(InvalidInput):
        room.staff(Role.AUDITOR, "auditor@example.org")


@pytest.mark.parametrize("bad", ["a b@example.org", "x\n@example.org", "a" * 201])
def test_odd_addresses_are_refused(room: Room, bad: str) -> None:
    with pytest.raises(InvalidInput):
        room.contact(room.ada, Audience.GUARDIAN, bad)


def test_today_is_a_monday_in_these_tests() -> None:
    assert date(2026, 3, 2) == DAY and DAY.weekday() == 0


def test_what_should_have_left_is_told_and_what_waits_for_its_time_is_not(room: Room) -> None:
    handed: list[str] = []
    room.outbox = Outbox(
        room.database.uow, room.clock, room.provider, lambda: BERLIN, handed.extend
    )  # workers that never come
    room.missed("Maths", room.ada)
    assert room.outbox.held_up() is None, "the time for corrections runs"
    room.later(GRACE + HELD_UP)
    assert len(handed) == 1 and room.outbox.held_up() is None
    room.later(timedelta(minutes=1))
    assert room.outbox.held_up() == HeldUp(1, NOW, "", by_broker=True)


def test_what_a_provider_refused_for_now_is_told_with_its_reason(room: Room) -> None:
    def busy(message: Message) -> None:
        raise NotificationError("451 try later", permanent=False)

    room.provider.refuse = busy
    room.missed("Maths", room.ada)
    room.later()
    assert room.outbox.held_up() == HeldUp(1, NOW, "451 try later", by_broker=False)
    room.provider.refuse = lambda message: None
    room.later(timedelta(minutes=1))
    assert room.outbox.held_up() is None
