"""Each event once, from what happened to the mail that a real server took, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mail_server import Handler, mail_server
from rollbook.domain.accounts import User
from rollbook.domain.attendance import Direction, Method, Session, Status
from rollbook.domain.key_safety import PROBLEMS
from rollbook.domain.messages import Audience, EventKind, MessageRules, MessageState
from rollbook.domain.report_plans import Rhythm
from rollbook.services.backup_problems import PROBLEM_TEXT
from rollbook.services.message_words import DISK_LOW
from rollbook.services.report_plans import NewPlan
from web.school import MONDAY, Site, make_site

BY = "administrator alice"
HOUR = timedelta(hours=1)


class Morning:
    """A site whose messages go to a server on loopback. Ada is a child; Alan is grown up."""

    def __init__(self, site: Site, server: Handler, language: str) -> None:
        self.site, self.server, self.language = site, server, language
        self.parts, self.clock = site.parts, site.clock
        settings = self.parts.message_settings
        settings.set_rules(MessageRules(enabled=True, off=frozenset({EventKind.ANCHOR})), BY)
        settings.set_address("https://school.example", BY)
        self.channel = settings.add_channel("Mail", server.url, BY).channel_id
        with self.parts.uow() as uow:
            uow.subjects.update(replace(site.ada, minor=True))
            uow.commit()
        self.parts.recipients.add_contact(
            site.ada.subject_id,
            Audience.GUARDIAN,
            self.channel,
            "mother@example.net",
            language=language,
            by=BY,
        )
        for login in ("alice", "bob"):
            self.parts.recipients.set_staff(
                site.users[login].user_id,
                self.channel,
                f"{login}@example.net",
                language=language,
                wants=frozenset(EventKind),
                by=BY,
            )

    @property
    def bob(self) -> User:
        return self.site.users["bob"]

    def lesson(self, title: str, minutes_late: int | None = None) -> Session:
        """Hold a lesson now, to which Ada comes so late, or not at all; and close it."""
        at = self.clock.now()
        session = self.parts.register.open_session(
            self.site.group.group_id, at, at + HOUR, business_date=at.date(), title=title
        )
        here = {one.subject_id: 0 for one in self.site.people[1:]}
        if minutes_late is not None:
            here[self.site.ada.subject_id] = minutes_late
        for who, minutes in here.items():
            came = at + timedelta(minutes=minutes)
            self.parts.register.sight(
                session.session_id, who, came, Method.PIN, Direction.BOTH, None, None
            )
        self.parts.register.close_session(session.session_id, BY)
        return session

    def mails(self, after: timedelta = timedelta(minutes=15)) -> dict[str, tuple[str, str]]:
        """Return address -> subject and text of what leaves so much later."""
        new = self.leave(after)
        found = {
            str(m["To"]): (str(m["Subject"]), str(m.get_content()).replace("\r\n", "\n"))
            for m in new
        }
        assert len(found) == len(new)
        for mail, (subject, body) in zip(new, found.values(), strict=True):
            assert "{" not in subject + body and "%(" not in subject + body
            assert mail["Content-Language"] == self.language
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert str(mail["List-Unsubscribe"]).strip("<>") in body
        return found

    def leave(self, after: timedelta) -> list[EmailMessage]:
        self.clock.at += after
        before = len(self.server.taken)
        self.parts.outbox.run()
        return self.server.taken[before:]

    def spoken(self, english: str, german: str) -> str:
        return german if self.language == "de" else english


@pytest.fixture(params=["en", "de"])
def morning(request: pytest.FixtureRequest, book: Path) -> Iterator[Morning]:
    with mail_server() as server:
        site = make_site(book)
        yield Morning(site, server, request.param)
        site.parts.database.close()


def test_absences_late_arrivals_and_rows(morning: Morning) -> None:
    say = morning.spoken
    morning.lesson("Maths")
    assert morning.mails(timedelta(minutes=14)) == {}
    (mother,) = morning.mails(timedelta(minutes=1)).items()
    assert mother[0] == "mother@example.net"
    subject, body = mother[1]
    day = say("Monday, 2 March 2026", "Montag, 2. März 2026")
    assert subject == say(
        f"Ada Lovelace is missing: Maths, {day}", f"Ada Lovelace fehlt: Maths, {day}"
    )
    assert day in body and "08:00" in body and say("“Maths” (5b)", "„Maths“ (5b)") in body

    morning.lesson("History")
    found = morning.mails()
    assert set(found) == {"mother@example.net", "bob@example.net"}, "two in a row: the tutor"
    assert found["bob@example.net"][0] == say(
        "Ada Lovelace: missed 2 times in a row", "Ada Lovelace: 2-mal hintereinander gefehlt"
    )
    morning.lesson("Art")
    found = morning.mails()
    assert set(found) == {"mother@example.net", "alice@example.net"}, "three: the administrator"
    assert "3" in found["alice@example.net"][0]

    morning.lesson("Sport", minutes_late=12)
    (late,) = morning.mails(timedelta(minutes=30)).values()
    assert late[0].startswith(say("Ada Lovelace came late: Sport", "Ada Lovelace kam zu spät"))
    assert "08:57" in late[1] and "08:45" in late[1]


def test_a_correction_that_was_decided(morning: Morning) -> None:
    session = morning.lesson("Maths")
    morning.mails()
    desk, site = morning.parts.request_desk, morning.site
    asked = desk.dispute(site.ada.subject_id, session.session_id, Status.PRESENT, "I was there")
    groups = [site.group.group_id]
    desk.decide(asked.request_id, grant=True, answer="Sorry!", by=BY, group_ids=groups)
    (found,) = morning.mails(timedelta(0)).values()
    assert morning.spoken("was granted. Sorry!", "wurde bewilligt. Sorry!") in found[1]


def test_a_low_percentage_and_the_last_week(morning: Morning) -> None:
    say = morning.spoken
    for number in range(7):
        morning.lesson(f"Lesson {number}", minutes_late=0 if number < 3 else None)
        morning.clock.at += timedelta(hours=12 if number % 2 else 1)
    morning.leave(MONDAY + timedelta(days=7) - morning.clock.at)
    morning.parts.staff_news.tell_low()
    found = morning.mails(timedelta(0))["bob@example.net"]
    assert found[0] == say("Ada Lovelace: attendance of 37.5 %", "Ada Lovelace: 37,5 % Anwesenheit")
    morning.parts.staff_news.tell_week()
    subject, body = morning.mails(timedelta(0))["bob@example.net"]
    assert subject == say(
        "Attendance from 2 Mar 2026 to 8 Mar 2026", "Anwesenheit vom 02.03.2026 bis 08.03.2026"
    )
    assert say("5b: 70.8 % (absent: 7, late: 0)", "5b: 70,8 % (gefehlt: 7, zu spät: 0)") in body


def test_troubles_with_a_camera_the_disk_keys_and_backups(morning: Morning) -> None:
    troubles = [
        (EventKind.CAMERA, "door", {"camera": "Door", "what": "Door does not answer."}),
        (EventKind.TROUBLE, "disk", {"what": DISK_LOW, "free": "1400"}),
        (EventKind.TROUBLE, "key", {"what": "Others on this machine can read k. Run: chmod 600 k"}),
        (
            EventKind.TROUBLE,
            "old",
            {"what": PROBLEM_TEXT["old"], "where": "/mnt/usb", "why": "2026-02-20"},
        ),
    ]
    wanted = {
        "Door does not answer.": "Door antwortet nicht.",
        "The disk has 1,400 MiB left.": "sind noch 1.400 MiB frei.",
        "Others on this machine can read k. Run: chmod 600 k": "Andere auf diesem Rechner",
        "The last backup to /mnt/usb is of 20 Feb 2026.": "nach /mnt/usb ist vom 20.02.2026.",
    }
    for trouble, (english, german) in zip(troubles, wanted.items(), strict=True):
        morning.parts.staff_news._troubles = lambda trouble=trouble: [trouble]  # type: ignore[misc]
        assert morning.parts.staff_news.tell_trouble() == 1
        (found,) = morning.mails(timedelta(0)).values()
        assert morning.spoken(english, german) in found[1]


def test_a_report_that_comes_by_itself_is_told_once_to_who_wants_it(morning: Morning) -> None:
    parts, say = morning.parts, morning.spoken
    parts.report_plans.add(
        morning.bob.user_id, NewPlan(Rhythm.WEEKLY, "csv"), f"faculty {morning.bob.user_id}"
    )
    morning.clock.at += timedelta(days=7)
    parts.due.run_due()
    while parts.tasks.run_one():
        pass
    found = morning.mails(timedelta(0))
    subject, body = found["bob@example.net"]
    assert subject.startswith(say("Your report is ready: ", "Ihr Bericht ist fertig: "))
    assert "https://school.example/exports\n" in body
    (task,) = parts.export_desk.of(morning.bob.user_id)
    assert task.task_id not in body and str(task.spec["file"]["key"]) not in body  # type: ignore[index]
    parts.export_desk._tell_owner(task)
    assert morning.mails(timedelta(minutes=1)) == {}


def test_a_message_of_the_day_holds_all_of_it(morning: Morning) -> None:
    held = morning.parts.recipients.of_subject(morning.site.ada.subject_id)
    with morning.parts.uow() as uow:
        uow.recipients.put(replace(held[0], daily=True))
        uow.commit()
    for title in ("Maths", "History"):
        morning.lesson(title)
        assert "mother@example.net" not in morning.mails()
    (found,) = morning.mails(timedelta(hours=8)).values()  # 16:30 in Berlin
    subject, body = found
    assert subject == morning.spoken("2 messages of today", "2 Nachrichten von heute")
    assert "Maths" in body and "History" in body and body.count("/messages/stop/") == 1
    assert {row.state for row in morning.parts.outbox.newest()} == {MessageState.SENT}


def test_a_disk_that_is_nearly_full_and_keys_that_others_can_read_are_found(
    morning: Morning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.bootstrap.messages.LOW_SPACE", 2**60)
    folder = morning.parts.settings.keys_dir
    monkeypatch.setattr(
        "rollbook.storage.keys.exposed",
        lambda keys: PROBLEMS["folder"] % {"file": keys, "folder": keys},
    )
    morning.parts.staff_news.tell_trouble()
    texts = [str(mail.get_content()) for mail in morning.leave(timedelta(0))]
    assert len(texts) == 2, "disk, keys"
    assert any(morning.spoken("MiB left", "MiB frei") in text for text in texts)
    assert any(f"chmod 700 {folder}" in text for text in texts)
    assert any(morning.spoken("Others on this", "Andere auf diesem") in text for text in texts)
    morning.parts.staff_news.tell_trouble()
    assert morning.leave(timedelta(minutes=5)) == [], "once a day"
