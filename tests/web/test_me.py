"""One person's own pages: the record and why, requests, consent; and nothing of others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from builders import make_reference
from intake import TERMS
from rollbook.domain.attendance import Method, Status
from rollbook.domain.statements import Change
from web.school import DAY, Site

ClientOf = Callable[[str | None], FlaskClient]


@pytest.fixture
def ada(client_of: ClientOf) -> FlaskClient:
    return client_of("ada")


def see(site: Site, who: int, minute: float = 6) -> None:
    at = site.session.starts_at + timedelta(minutes=minute)
    site.parts.register.sight(site.session.session_id, site.people[who].subject_id, at, Method.FACE)


def test_the_own_month_and_nobody_elses(site: Site, ada: FlaskClient) -> None:
    see(site, 0, 12)
    see(site, 1)
    site.parts.register.close_session(site.session.session_id)
    page = ada.get("/me").text
    assert "late" in page and "100.0 %" in page and "Mathematics" in page
    assert "Alan" not in page and "style=" not in page
    assert "100,0 %" in ada.get("/me", headers={"Accept-Language": "de"}).text
    assert ada.get("/me?month=2026-02").status_code == 200
    assert ada.get("/me?month=0000-99").status_code == 404


@pytest.mark.parametrize("login", ["bob", "dora", "alice", None])
def test_accounts_without_a_record_have_no_such_page(
    client_of: ClientOf, login: str | None
) -> None:
    client = client_of(login)
    found = {client.get(f"/me{path}").status_code for path in ("", "/requests", "/data")}
    assert found <= {302, 401, 403}


def test_each_mark_is_explained(site: Site, ada: FlaskClient) -> None:
    who = f"faculty {site.users['bob'].user_id}"
    change = Change(site.ada.subject_id, Status.ABSENT, "left the room")
    site.parts.corrections.set(site.session.session_id, [change], who)
    page = ada.get(f"/me/sessions/{site.session.session_id}").text
    assert "set by Bob" in page and "left the room" in page
    assert ada.get(f"/me/sessions/{site.other_session.session_id}").status_code == 404
    assert ada.get("/me/sessions/none").status_code == 404


def test_a_dispute_is_made_shown_and_taken_back(site: Site, ada: FlaskClient) -> None:
    url = f"/me/sessions/{site.session.session_id}"
    assert ada.post(url, data={"wanted": "?", "text": "x"}).status_code == 400
    assert ada.post(url, data={"wanted": "present", "text": ""}).status_code == 400
    page = ada.post(
        url, data={"wanted": "present", "text": "I was there"}, follow_redirects=True
    ).text
    assert "I was there" in page and "waits" in page
    assert "Take the request back" in ada.get(url).text
    assert ada.post(url, data={"wanted": "late", "text": "again"}).status_code == 400
    (request,) = site.parts.request_desk.of(site.ada.subject_id)
    page = ada.post(f"/me/requests/{request.request_id}/withdraw", follow_redirects=True).text
    assert "taken back" in page and site.parts.request_desk.waiting(None) == []


def test_nobody_disputes_or_takes_back_for_others(site: Site, ada: FlaskClient) -> None:
    url = f"/me/sessions/{site.other_session.session_id}"
    assert ada.post(url, data={"wanted": "present", "text": "x"}).status_code == 404
    alan = site.people[1].subject_id
    session_id = site.session.session_id
    other = site.parts.request_desk.dispute(alan, session_id, Status.LATE, "private")
    assert ada.post(f"/me/requests/{other.request_id}/withdraw").status_code == 404
    assert "private" not in ada.get("/me/requests").text
    assert len(site.parts.request_desk.waiting(None)) == 1


def test_days_are_excused_when_granted(site: Site, ada: FlaskClient, client_of: ClientOf) -> None:
    form = {"first_day": DAY.isoformat(), "last_day": DAY.isoformat(), "text": "flu"}
    assert ada.post("/me/requests", data={**form, "first_day": "soon"}).status_code == 400
    assert ada.post("/me/requests", data={**form, "text": " "}).status_code == 400
    ada.post("/me/requests", data=form)
    (request,) = site.parts.request_desk.of(site.ada.subject_id)
    url = f"/review/requests/{request.request_id}"
    client_of("bob").post(url, data={"decision": "grant", "answer": "get well"})
    page = ada.get("/me/requests").text
    assert "granted" in page and "get well" in page
    record = {r.subject_id: r for r in site.parts.register.records(site.session.session_id)}
    assert record[site.ada.subject_id].status is Status.EXCUSED


def test_the_pictures_alone_can_be_deleted(site: Site, ada: FlaskClient) -> None:
    site.parts.consenting.record(site.ada.subject_id, TERMS)
    with site.parts.uow() as uow:
        uow.references.add(make_reference(site.ada.subject_id))
        uow.commit()
    assert "Delete the pictures only" in ada.get("/me/data").text
    page = ada.post("/me/data/withdraw-pictures", follow_redirects=True).text
    assert "1 picture was deleted" in page and "pictures are not kept" in page
    assert "Withdraw my consent" in page and "Delete the pictures only" not in page
    again = ada.post("/me/data/withdraw-pictures", follow_redirects=True).text
    assert "no picture to delete" in again
    with site.parts.uow() as uow:
        assert uow.references.counts() == {site.ada.subject_id: 1}


def test_consent_is_withdrawn_in_one_click(site: Site, ada: FlaskClient) -> None:
    site.parts.consenting.record(site.ada.subject_id, TERMS)
    page = ada.get("/me/data").text
    assert "Withdraw my consent" in page and "deleted at once" in page
    page = ada.post("/me/data/withdraw", follow_redirects=True).text
    assert "Withdrawn" in page and "Withdraw my consent" not in page
    assert ada.post("/me/data/withdraw").status_code == 404
    with site.parts.uow() as uow:
        consents = uow.consents.of(site.ada.subject_id)
    assert consents and all(consent.withdrawn_at is not None for consent in consents)


def test_other_pages_stay_closed_to_a_subject(site: Site, ada: FlaskClient) -> None:
    session_id = site.session.session_id
    for path in (
        f"/sessions/{session_id}/register",
        f"/sessions/{session_id}/people/{site.ada.subject_id}",
        f"/sessions/{session_id}/board",
        "/board",
        "/review",
    ):
        assert ada.get(path).status_code in {403, 404}
