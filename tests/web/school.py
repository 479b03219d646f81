"""A small school with its accounts: Alice may, Bob may in his class, Charlie may not."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from builders import LONG_AGO, make_class
from rollbook.bootstrap import App, build
from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff, User, WebSession
from rollbook.domain.attendance import Session
from rollbook.domain.subjects import Group, Subject, new_id
from rollbook.settings import Settings
from rollbook.testing import BLUE, GREEN, RED, YELLOW, ColourDetector, ColourEmbedder, FixedClock
from rollbook.vision.engine import Engine
from rollbook.web.identity import USER

MONDAY = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)  # 08:00 in Berlin
DAY = date(2026, 3, 2)


@dataclass
class Site:
    """The installation, its people and accounts."""

    parts: App
    clock: FixedClock
    group: Group  # 5b, Bob's
    other_group: Group  # 6a, Charlie's
    people: list[Subject]  # of 5b; Ada is the first
    others: list[Subject]  # of 6a
    session: Session  # of 5b, open now
    other_session: Session  # of 6a
    users: dict[str, User] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)  # parameters of routes -> values

    @property
    def ada(self) -> Subject:
        return self.people[0]


def colour_engine() -> Engine:
    """Return an engine that knows people by their colours."""
    return Engine(ColourDetector([RED, GREEN, BLUE, YELLOW]), ColourEmbedder())


def make_site(book: Path) -> Site:
    """Return a site in Berlin on a Monday at 08:00, with two classes and five accounts."""
    parts, clock = _opened(book)
    with parts.uow() as uow:
        uow.site.set("site_name", "Hill School")
        uow.site.set("time_zone", "Europe/Berlin")
        uow.site.set("set_up", True)
        uow.commit()
    group, people = make_class(parts.uow, ["Ada Lovelace", "Alan Turing", "Grace Hopper"], "5b")
    other, others = make_class(parts.uow, ["Edsger Dijkstra", "Barbara Liskov"], "6a")
    made = Site(parts, clock, group, other, people, others, *_sessions(parts, group, other))
    _accounts(made)
    return made


def site_of_copy(made: Site, book: Path) -> Site:
    """Return the site of a home that was copied from the one of `made`, as it was then."""
    parts, clock = _opened(book)
    people, others = [*made.people], [*made.others]
    users, ids = {**made.users}, {**made.ids}
    return replace(
        made, parts=parts, clock=clock, people=people, others=others, users=users, ids=ids
    )


def _opened(book: Path) -> tuple[App, FixedClock]:
    parts = build(Settings(home=book), engine=colour_engine())
    clock = FixedClock(MONDAY)
    parts.clock = clock  # type: ignore[assignment]
    return parts, clock


def _sessions(parts: App, *groups: Group) -> tuple[Session, Session]:
    first, second = (
        parts.register.open_session(
            group.group_id,
            MONDAY + timedelta(minutes=5),
            MONDAY + timedelta(minutes=50),
            business_date=DAY,
            title="Mathematics",
        )
        for group in groups
    )
    return first, second


def _accounts(site: Site) -> None:
    people = {
        "alice": User(new_id(), "alice", Role.ADMINISTRATOR, secrets.token_hex(16), "Alice"),
        "bob": User(new_id(), "bob", Role.FACULTY, secrets.token_hex(16), "Bob"),
        "charlie": User(new_id(), "charlie", Role.FACULTY, secrets.token_hex(16), "Charlie"),
        "dora": User(new_id(), "dora", Role.AUDITOR, secrets.token_hex(16), "Dora"),
        "ada": User(
            new_id(),
            "ada",
            Role.SUBJECT,
            secrets.token_hex(16),
            "Ada Lovelace",
            subject_id=site.ada.subject_id,
        ),
    }
    with site.parts.uow() as uow:
        for user in people.values():
            uow.users.add(user)
        uow.staff.add(Staff(site.group.group_id, people["bob"].user_id, LONG_AGO))
        uow.staff.add(Staff(site.other_group.group_id, people["charlie"].user_id, LONG_AGO))
        uow.commit()
    site.users.update(people)


def sign_in(site: Site, login: str) -> str:
    """Return the token of a new, fresh session of this account."""
    token, now = secrets.token_urlsafe(32), site.clock.now()
    user = site.users[login]
    data: dict[str, object] = {USER: user.uniquifier, "_fresh": True, "_id": "test"}
    data |= {"fs_cc": "set", "fs_paa": now.timestamp(), "identity": user.uniquifier}
    with site.parts.uow() as uow:
        session = WebSession(token, user.user_id, now, now + timedelta(hours=10), data)
        uow.web_sessions.put(session)
        uow.commit()
    return token
