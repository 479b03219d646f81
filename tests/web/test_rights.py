"""Erasure and the archive in the browser: who may, who may not, and nobody gets another's."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.attendance import Method, Status
from rollbook.domain.month import Month
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.subjects import new_id
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]


def task_of(site: Site, subject_id: str, login: str) -> str:
    found = site.parts.subject_access.of(subject_id, site.users[login].user_id)
    assert found is not None
    return found.task_id


def make_own(site: Site, client: FlaskClient) -> str:
    """Let Ada's archive be made; return its address."""
    assert client.post("/me/data/archive").status_code == 303
    assert client.get("/me/data/archive").json == {"over": False, "done": 0, "total": 0}
    assert site.parts.tasks.run_one()
    assert client.get("/me/data/archive").json["over"] is True
    return f"/me/data/archive/{task_of(site, site.ada.subject_id, 'ada')}"


def test_one_gets_all_about_oneself_with_one_click(site: Site, client_of: ClientOf) -> None:
    ada = client_of("ada")
    assert "Make the archive" in ada.get("/me/data").text
    address = make_own(site, ada)
    assert address in ada.get("/me/data").text
    answer = ada.get(address)
    assert answer.mimetype == "application/zip"
    assert "no-store" in answer.headers["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        data = json.loads(archive.read("data.json"))
        assert b"Alan" not in archive.read("index.html")
    assert data["person"][0]["name"] == "Ada Lovelace"
    with site.parts.uow() as uow:
        assert [one.body["by"] for one in uow.receipts.all([ReceiptKind.ACCESS])] == [
            f"subject {site.users['ada'].user_id}"
        ]


def test_an_archive_that_was_stopped_is_not_handed_out(site: Site, client_of: ClientOf) -> None:
    ada = client_of("ada")
    ada.post("/me/data/archive")
    page = ada.post("/me/data/archive/stop", follow_redirects=True).text
    assert "Stopped. Nothing was handed out." in page and "Make the archive" in page
    assert not site.parts.tasks.run_one()
    assert "finished already" in ada.post("/me/data/archive/stop", follow_redirects=True).text
    with site.parts.uow() as uow:
        assert uow.receipts.all([ReceiptKind.ACCESS]) == []


def test_nobody_gets_the_archive_of_another(site: Site, client_of: ClientOf) -> None:
    address = make_own(site, client_of("ada"))
    alan = User(
        new_id(), "alan", Role.SUBJECT, "9" * 32, "Alan", subject_id=site.people[1].subject_id
    )
    with site.parts.uow() as uow:
        uow.users.add(alan)
        uow.commit()
    site.users["alan"] = alan
    task = address.rpartition("/")[2]
    office = f"/privacy/access/{site.ada.subject_id}/{task}"
    assert client_of("alan").get(address).status_code == 404
    assert client_of("alice").get(office).status_code == 404, "she has not asked for this one"
    for login in ("bob", "charlie", "dora", "alan"):
        client = client_of(login)
        assert client.get(office).status_code in {403, 404}
        assert client.get(f"/privacy/access/{site.ada.subject_id}").status_code == 403
        assert client.post(f"/privacy/access/{site.ada.subject_id}").status_code == 403
        assert client.post(f"/privacy/erase/{site.ada.subject_id}").status_code == 403
    assert client_of(None).get(address).status_code == 302
    other = f"/privacy/access/{site.people[1].subject_id}/{task}"
    assert client_of("alice").get(other).status_code == 404


def test_the_office_makes_it_for_who_has_no_account(site: Site, client_of: ClientOf) -> None:
    alice, who = client_of("alice"), site.people[1]
    assert who.name in alice.get("/privacy/access?q=turing").text
    page = f"/privacy/access/{who.subject_id}"
    assert alice.post(page).status_code == 303
    assert site.parts.tasks.run_one()
    file = f"{page}/{task_of(site, who.subject_id, 'alice')}"
    assert file in alice.get(page).text
    assert alice.get(f"{page}/progress").json["over"] is True
    with zipfile.ZipFile(io.BytesIO(alice.get(file).data)) as archive:
        assert who.name in archive.read("index.html").decode()


@pytest.mark.parametrize("path", ["erase", "access"])
def test_an_old_sign_in_has_to_be_renewed(site: Site, client_of: ClientOf, path: str) -> None:
    client = client_of("alice")
    site.clock.at += timedelta(hours=3)
    address = f"/privacy/{path}/{site.ada.subject_id}"
    assert client.get(address).status_code == 303
    assert client.post(address, data={"name": site.ada.name}).status_code == 303
    with site.parts.uow() as uow:
        assert uow.subjects.get(site.ada.subject_id) == site.ada


def test_erasing_needs_the_name_and_leads_to_the_receipt(site: Site, client_of: ClientOf) -> None:
    alice, ada = client_of("alice"), site.ada
    assert "Erase Ada Lovelace" in alice.get("/privacy/erase?q=ada").text
    page = f"/privacy/erase/{ada.subject_id}"
    assert alice.post(page, data={"name": "Alan Turing"}).status_code == 400
    own = client_of("ada")
    assert own.get("/me").status_code == 200
    answer = alice.post(page, data={"name": "ada lovelace"}, follow_redirects=True)
    assert "The person was erased. This is the receipt." in answer.text
    assert "Ada" not in answer.text
    with site.parts.uow() as uow:
        (receipt,) = uow.receipts.all([ReceiptKind.ERASURE])
    assert receipt.body["by"] == f"administrator {site.users['alice'].user_id}"
    assert own.get("/me").status_code in {302, 401}, "their browser is signed out at once"
    assert alice.get(page).status_code == 404


def test_registers_totals_and_pages_hold_with_an_erased_person(
    site: Site, client_of: ClientOf
) -> None:
    keeper, who = site.parts.register, site.ada.subject_id
    seen_at = site.session.starts_at + timedelta(minutes=3)
    for session, person in ((site.session, site.ada), (site.session, site.people[1])):
        keeper.sight(session.session_id, person.subject_id, seen_at, Method.FACE)
    site.clock.at = seen_at + timedelta(minutes=1)
    asked = (who, site.session.session_id, Status.EXCUSED, "I was there")
    site.parts.request_desk.dispute(*asked)
    month = Month(2026, 3)

    def shown() -> list[tuple[str, str]]:
        records = keeper.records(site.session.session_id)
        return sorted((one.subject_id, one.status.value) for one in records)

    before = shown()
    alice = client_of("alice")
    form = {"name": site.ada.name}
    assert alice.post(f"/privacy/erase/{who}", data=form).status_code == 303
    assert shown() == before, "while the session is open"
    keeper.close_session(site.session.session_id)
    assert [one[0] for one in shown()] == [one[0] for one in before]
    for kind in ("csv", "pdf", "xlsx"):
        made = site.parts.exporter.export(month, kind, [site.group.name], by="unknown")
        assert made.data and b"Lovelace" not in made.data
        if kind == "csv":
            assert who in made.data.decode() or "erased" in made.data.decode().lower()
    pages = ["/audit", "/review", "/sessions", f"/sessions/{site.session.session_id}", "/board"]
    pages += ["/privacy/erase", "/people", f"/sessions/{site.session.session_id}/history"]
    for login, paths in (("alice", pages), ("bob", pages[1:4]), ("dora", ["/audit"])):
        client = client_of(login)
        for path in paths:
            answer = client.get(path)
            assert answer.status_code in {200, 404}, path
            assert "Lovelace" not in answer.text, path
    with site.parts.uow() as uow:
        assert uow.register.verify().holds
        assert uow.requests.waiting() == []
