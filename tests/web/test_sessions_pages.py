"""The sessions of a day, and what can be done with one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time, timedelta
from html import unescape

from flask.testing import FlaskClient

from rollbook.domain.attendance import Method, Session, SessionState, Status
from rollbook.domain.timetable import Series
from web.school import DAY, Site

ClientOf = Callable[[str | None], FlaskClient]
WEEK = timedelta(weeks=1)


def text_of(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def plan(site: Site, hour: int = 10) -> Session:
    """Plan a lesson of 5b for today, and return it."""
    series = Series(
        "", site.group.group_id, "Art", time(hour), time(hour, 45), DAY, weekdays=frozenset({0}),
        room="Hall",
    )  # fmt: skip
    site.parts.timetable.add(series, "administrator a")
    with site.parts.uow() as uow:
        planned = uow.sessions.all(first_day=DAY, last_day=DAY, states=[SessionState.PLANNED])
    return planned[-1]


def state(site: Site, session: Session) -> SessionState:
    with site.parts.uow() as uow:
        return uow.sessions.get(session.session_id).state


def test_each_sees_the_sessions_of_own_groups(site: Site, client_of: ClientOf) -> None:
    plan(site)
    everything = text_of(client_of("alice"), "/sessions")
    assert "Mathematics · 5b" in everything and "Mathematics · 6a" in everything
    assert "Art · 5b" in everything and "Room Hall" in everything and "planned" in everything
    own = text_of(client_of("bob"), "/sessions")
    assert "Mathematics · 5b" in own and "6a" not in own
    others = text_of(client_of("charlie"), "/sessions")
    assert "5b" not in others
    assert "Mathematics · 5b" in text_of(client_of("dora"), "/sessions")
    assert client_of("ada").get("/sessions").status_code == 403


def test_days_and_groups_can_be_chosen(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    assert "There is no session on this day." in text_of(alice, "/sessions?day=2026-03-03")
    only = text_of(alice, f"/sessions?day=2026-03-02&group={site.other_group.group_id}")
    assert "Mathematics · 6a" in only and "Mathematics · 5b" not in only
    for odd in ("nonsense", "0001-01-01", "9999-12-31"):
        assert "Mathematics · 5b" in text_of(alice, f"/sessions?day={odd}")


def test_the_list_counts_who_is_there(site: Site, client_of: ClientOf) -> None:
    site.parts.register.sight(
        site.session.session_id, site.ada.subject_id, site.clock.now(), Method.FACE
    )
    assert "1 there, 2 expected, 0 excused" in text_of(client_of("bob"), "/sessions")


def test_a_session_can_be_closed_by_its_teacher(site: Site, client_of: ClientOf) -> None:
    bob, address = client_of("bob"), f"/sessions/{site.session.session_id}"
    assert "open now" in text_of(bob, address)
    answer = bob.post(f"{address}/close")
    assert answer.status_code == 302
    assert "Who was not marked is absent" in text_of(bob, answer.location)
    assert state(site, site.session) is SessionState.CLOSED
    with site.parts.uow() as uow:
        entry = uow.register.entries(["session"], 1)[0]
    assert entry.body["by"] == f"faculty {site.users['bob'].user_id}"
    assert bob.post(f"{address}/close").status_code == 409


def test_a_planned_session_is_opened_called_off_and_restored(
    site: Site, client_of: ClientOf
) -> None:
    session, bob = plan(site), client_of("bob")
    address = f"/sessions/{session.session_id}"
    assert "It opens by itself" in text_of(bob, address)
    assert "3 people are on the list" in text_of(bob, address)
    bob.post(f"{address}/cancel")
    assert "This session was called off" in text_of(bob, address)
    bob.post(f"{address}/restore")
    assert state(site, session) is SessionState.PLANNED
    bob.post(f"{address}/open")
    assert state(site, session) is SessionState.OPEN


def test_a_session_that_was_not_taken_says_so_and_waits(site: Site, client_of: ClientOf) -> None:
    session, bob = plan(site), client_of("bob")
    site.clock.at = session.last_mark_at + timedelta(hours=3)
    site.parts.due.run_due()
    page = text_of(bob, f"/sessions/{session.session_id}")
    assert "This session was not taken." in page and "Enter who was there" in page
    records = site.parts.register.records(session.session_id)
    assert {record.status for record in records} == {Status.OPEN}
    site.clock.at += timedelta(days=1)
    bob = client_of("bob")  # a new day, a new session of the browser
    assert "sessions of the last two weeks were not taken" in text_of(bob, "/sessions")
    assert "Art · 5b" in text_of(bob, "/sessions/not-taken")
    assert "6a" not in text_of(bob, "/sessions/not-taken")
    bob.post(f"/sessions/{session.session_id}/close")
    assert state(site, session) is SessionState.CLOSED


def test_others_and_auditors_change_nothing(site: Site, client_of: ClientOf) -> None:
    session = plan(site)
    for verb in ("open", "close", "cancel", "restore"):
        address = f"/sessions/{session.session_id}/{verb}"
        assert client_of("charlie").post(address).status_code == 404
        assert client_of("dora").post(address).status_code == 403
        assert client_of("ada").post(address).status_code == 403
        assert client_of(None).post(address).status_code == 401
    assert state(site, session) is SessionState.PLANNED
    assert client_of("charlie").get(f"/sessions/{session.session_id}").status_code == 404
    assert "Close it" not in text_of(client_of("dora"), f"/sessions/{site.session.session_id}")


def test_a_session_that_the_timetable_does_not_have_is_opened_now(
    site: Site, client_of: ClientOf
) -> None:
    bob, group = client_of("bob"), site.group.group_id
    page = bob.get("/sessions/new").text
    assert 'value="08:00"' in page
    assert f'value="{site.group.group_id}" selected' in page  # his only group
    form = {"group": group, "title": "Trip", "start": "08:00", "end": "12:00"}
    answer = bob.post("/sessions/new", data=form)
    assert answer.status_code == 302
    assert "Trip · 5b" in text_of(bob, answer.location)
    for wrong in ({"group": ""}, {"start": "soon"}, {"end": ""}):
        answer = bob.post("/sessions/new", data=form | wrong)
        assert answer.status_code == 422 and "Please" in answer.text
    other = form | {"group": site.other_group.group_id}
    assert bob.post("/sessions/new", data=other).status_code == 404


def test_a_night_that_goes_on_is_on_the_page_after_midnight(
    site: Site, client_of: ClientOf
) -> None:
    begins = site.clock.now() + timedelta(hours=14)  # 22:00 in Berlin
    site.parts.register.open_session(
        site.group.group_id,
        begins,
        begins + timedelta(hours=8),
        business_date=DAY,
        title="Night watch",
    )
    site.clock.at = begins + timedelta(hours=4)
    assert "Night watch" in text_of(client_of("bob"), "/sessions")
    assert "Night watch" not in text_of(client_of("charlie"), "/sessions")
    site.clock.at = begins + timedelta(hours=9)
    assert "Night watch" not in text_of(client_of("bob"), "/sessions")
