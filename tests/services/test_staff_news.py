"""What staff hear of that no single mark causes: once, to those whose it is, and when it is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import LONG_AGO, make_class
from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff, User
from rollbook.domain.attendance import Direction, Method
from rollbook.domain.messages import GROUP, Event, EventKind, MessageRules
from rollbook.domain.subjects import Membership, new_id
from rollbook.network.apprise_sender import AppriseSender
from rollbook.services.anchors import Anchors
from rollbook.services.composing import NOT_TOLD, Dropped, Said, say
from rollbook.services.fact_book import FactBook
from rollbook.services.message_settings import MessageSettings
from rollbook.services.recipients import Recipients
from rollbook.services.register import RegisterKeeper
from rollbook.services.staff_news import StaffNews, Trouble
from rollbook.storage.database import Database
from rollbook.storage.signing import is_signed
from rollbook.testing import FixedClock
from timetables import BERLIN, MONDAY, at

BELL = "administrator bell"


class Room:
    """Two groups; tutor Bell has the first, and a head runs the site."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(at(MONDAY, 8))
        self.settings = MessageSettings(database.uow, self.clock, AppriseSender())
        self.settings.set_rules(MessageRules(enabled=True, off=frozenset()), BELL)
        self.channel = self.settings.add_channel("Mail", "mailto://h?from=a@example.org", BELL)
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.recipients = Recipients(database.uow, self.clock)
        self.group, self.people = make_class(database.uow, ["Ada", "Bob"], "7a")
        self.other, self.others = make_class(database.uow, ["Cleo"], "7b")
        self.tutor = self.staff(Role.FACULTY)
        self.head = self.staff(Role.ADMINISTRATOR)
        self.troubles: list[Trouble] = []
        facts = FactBook(database.uow, self.clock)
        self.news = StaffNews(
            database.uow, self.clock, lambda: BERLIN, facts.read, lambda: self.troubles
        )

    def staff(self, role: Role) -> str:
        user = User(new_id(), f"{role.value}@example.org", role, new_id())
        with self.database.uow() as uow:
            uow.users.add(user)
            if role is Role.FACULTY:
                uow.staff.add(Staff(self.group.group_id, user.user_id, LONG_AGO))
            uow.commit()
        to = self.recipients.set_staff(
            user.user_id,
            self.channel.channel_id,
            user.login,
            language="en",
            wants=frozenset(EventKind),
            by=BELL,
        )
        return to.recipient_id

    def lessons(self, days: int) -> None:
        """Hold a lesson of both groups on each day, which Bob and Cleo always miss."""
        for _ in range(days):
            start = self.clock.now()
            for group, came in ((self.group, self.people[:1]), (self.other, [])):
                session = self.keeper.open_session(
                    group.group_id,
                    start,
                    start + timedelta(minutes=45),
                    business_date=start.date(),
                )
                for one in came:
                    self.keeper.sight(
                        session.session_id, one.subject_id, start, Method.PIN, Direction.BOTH
                    )
                self.keeper.close_session(session.session_id, BELL)
            self.clock.at += timedelta(days=1)

    def written(self, kind: EventKind) -> list[Event]:
        from rollbook.domain.messages import MessageState

        with self.database.uow() as uow:
            rows = uow.outbox.newest(list(MessageState), 100)
        return [row.event for row in reversed(rows) if row.event.kind is kind]


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


def test_nothing_is_told_of_an_empty_site(room: Room) -> None:
    assert (room.news.tell_low(), room.news.tell_week(), room.news.tell_trouble()) == (0, 0, 0)


def test_a_low_percentage_goes_to_the_tutor_once_a_month(room: Room) -> None:
    room.lessons(5)
    assert room.news.tell_low() == 1
    (event,) = room.written(EventKind.LOW)
    assert event.recipient_id == room.tutor and event.subject_id == room.people[1].subject_id
    told = {"group": "7a", "percentage": "0", "line": "85"}
    assert dict(event.values) == {**told, GROUP: room.group.group_id}
    assert room.news.tell_low() == 0
    room.clock.at += timedelta(days=31)
    assert room.news.tell_low() == 1


def test_nothing_is_told_of_a_group_that_was_invented(room: Room) -> None:
    with room.database.uow() as uow:
        bell = next(one.user_id for one in uow.staff.of_group(room.group.group_id))
        room.group = replace(room.group, group_id=new_id(), name="Demo", invented=True)
        uow.groups.add(room.group)
        uow.groups.join(Membership(room.group.group_id, room.people[1].subject_id, LONG_AGO))
        uow.staff.add(Staff(room.group.group_id, bell, LONG_AGO))
        uow.commit()
    room.lessons(5)
    room.clock.at = at(MONDAY + timedelta(days=7), 6, 45)
    assert room.news.tell_low() == 0
    room.news.tell_week()
    assert "Demo" not in str([one.values for one in room.written(EventKind.WEEKLY)])


def test_last_week_goes_to_tutors_of_what_is_theirs(room: Room) -> None:
    room.lessons(5)
    room.clock.at = at(MONDAY + timedelta(days=7), 6, 45)
    assert room.news.tell_week() == 1
    (event,) = room.written(EventKind.WEEKLY)
    assert event.recipient_id == room.tutor
    assert dict(event.values) == {
        "first": "2026-03-02",
        "last": "2026-03-08",
        "groups": f'[["7a", "{room.group.group_id}", 50.0, 5, 0]]',
    }
    room.clock.at += timedelta(days=1)
    assert room.news.tell_week() == 0


def test_last_week_leaves_without_groups_that_were_given_away_meanwhile(room: Room) -> None:
    with room.database.uow() as uow:
        (tutor,) = uow.staff.of_group(room.group.group_id)
        uow.staff.add(Staff(room.other.group_id, tutor.user_id, LONG_AGO))
        uow.commit()
    room.lessons(5)
    room.clock.at = at(MONDAY + timedelta(days=7), 6, 45)
    room.news.tell_week()
    (event,) = room.written(EventKind.WEEKLY)
    told = []
    for given_away in (None, room.other, room.group):
        with room.database.uow() as uow:
            if given_away is not None:
                uow.staff.leave(given_away.group_id, tutor.user_id, MONDAY)
            told.append(say(uow, event, "en", room.clock.now(), BERLIN))
            uow.commit()
    both, first, nothing = told
    assert isinstance(both, Said) and "7a" in both.body and "7b" in both.body
    assert isinstance(first, Said) and "7a" in first.body and "7b" not in first.body
    assert nothing == Dropped(NOT_TOLD)


def test_the_same_trouble_is_told_to_administrators_once_a_day(room: Room) -> None:
    room.troubles = [
        (EventKind.CAMERA, "door", {"camera": "Door", "what": "It does not answer."}),
        (EventKind.TROUBLE, "disk", {"what": "The disk has 100 MiB left."}),
    ]
    assert room.news.tell_trouble() == 2
    assert {e.recipient_id for e in room.written(EventKind.TROUBLE)} == {room.head}
    assert room.news.tell_trouble() == 0
    room.clock.at += timedelta(days=1)
    assert room.news.tell_trouble() == 2


def test_an_anchor_is_sent_in_the_transaction_that_makes_it(room: Room) -> None:
    made = Anchors(room.database.uow, room.clock, is_signed).make(BELL)
    (event,) = room.written(EventKind.ANCHOR)
    assert event.recipient_id == room.head and made.link.hex() in event.values["anchor"]


def test_an_anchor_stays_here_unless_the_site_wants_it_sent(room: Room) -> None:
    room.settings.set_rules(MessageRules(enabled=True), BELL)
    Anchors(room.database.uow, room.clock, is_signed).make(BELL)
    assert room.written(EventKind.ANCHOR) == []


def test_who_lost_the_role_or_the_group_hears_no_more(room: Room) -> None:
    room.lessons(5)
    with room.database.uow() as uow:
        (tutor,) = uow.staff.of_group(room.group.group_id)
        uow.staff.leave(room.group.group_id, tutor.user_id, MONDAY)
        uow.commit()
    assert room.news.tell_low() == 0
