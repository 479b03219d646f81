"""The audit page: who did what, when, to whom, in sentences."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from rollbook.domain.attendance import Method, Status
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import TaskState
from rollbook.services.account_entries import access_entry, account_entry
from rollbook.web.audit.sentences import BY_KIND
from web.school import DAY, Site

ClientOf = Callable[[str | None], FlaskClient]


def by(site: Site, login: str) -> str:
    user = site.users[login]
    return f"{user.role.value} {user.user_id}"


@pytest.fixture
def told(site: Site) -> Site:
    """Return the site with some things that happened in it."""
    alan = site.people[1].subject_id
    session = site.session.session_id
    site.parts.register.sight(session, alan, site.clock.now(), Method.FACE, camera_id="Door")
    site.parts.register.mark_by_hand(
        session, site.ada.subject_id, Status.LATE, "overslept", by(site, "bob")
    )
    site.parts.register.close_session(session, by(site, "bob"))
    with site.parts.uow() as uow:
        uow.register.append(access_entry("signed in", by(site, "alice"), site.clock))
        ada = site.users["ada"].user_id
        uow.register.append(access_entry("sign-in failed", "nobody", site.clock, user_id=ada))
        uow.commit()
    return site


def test_entries_are_told_in_sentences(told: Site, client_of: ClientOf) -> None:
    said = client_of("alice").get("/audit").text
    for sentence in (
        "Alan Turing arrived in Mathematics of 5b: recognised at the camera.",
        "Bob (Teacher or team lead) set Ada Lovelace to “late” in Mathematics of 5b.",
        "Bob (Teacher or team lead) closed Mathematics of 5b.",
        "Alice (Administrator) signed in.",
        "Somebody tried to sign in as Ada Lovelace with a wrong password.",
    ):
        assert sentence in said
    assert "overslept" not in said  # what was said about somebody is sealed under their key


def test_an_auditor_reads_who_acted_and_people_by_id(told: Site, client_of: ClientOf) -> None:
    said = client_of("dora").get("/audit").text
    assert "Bob (Teacher or team lead) set person" in said
    assert told.ada.subject_id[:8] in said
    for person in told.people:
        assert person.name not in said
        assert f"/people/{person.subject_id}" not in said


def test_only_those_who_may_read_it(told: Site, client_of: ClientOf) -> None:
    for login in ("bob", "ada"):
        client = client_of(login)
        assert client.get("/audit").status_code == 403
        assert client.post("/audit/csv").status_code == 403
        assert client.post("/audit/check").status_code == 403


def test_entries_are_filtered(told: Site, client_of: ClientOf) -> None:
    dora = client_of("dora")
    marks = dora.get("/audit?kind=mark").text
    assert "arrived in" in marks and "closed Mathematics" not in marks
    bob = told.users["bob"].user_id
    assert "signed in" not in dora.get(f"/audit?account={bob}").text
    alan = told.people[1].subject_id
    about = dora.get(f"/audit?person={alan}").text
    assert "arrived in" in about and "to “late”" not in about
    assert "There are no such entries" in dora.get("/audit?last_day=2026-03-01").text
    assert "arrived in" in dora.get(f"/audit?first_day={DAY}&last_day={DAY}").text
    second = dora.get("/audit?before=3").text
    assert "what they are now was noted" in second and "arrived" not in second
    assert "There are no such entries" in dora.get("/audit?before=1").text


@pytest.mark.parametrize(
    "query",
    [
        "kind=x",
        "account=../..",
        "person=%00",
        "first_day=0001-01-01",
        "last_day=9999-12-31",
        "last_day=x",
        "before=-1",
        "before=99999999999999999999999999",
        "before=%C2%B2",
        "kind=" + "x" * 5000,
    ],
)
def test_odd_filters_are_passed_over(query: str, told: Site, client_of: ClientOf) -> None:
    answer = client_of("dora").get(f"/audit?{query}")
    assert answer.status_code == 200
    assert "signed in" in answer.text


def test_a_person_is_found_by_name_and_stands_in_no_address(
    told: Site, client_of: ClientOf
) -> None:
    alice, dora = client_of("alice"), client_of("dora")
    found = alice.post("/audit/person", data={"text": "turing", "kind": "mark"})
    alan = told.people[1].subject_id
    assert found.location == f"/audit?kind=mark&person={alan}"
    many = alice.post("/audit/person", data={"text": "a"}).text
    assert "Who is meant?" in many and "Alan Turing" in many
    assert "Nobody was found" in alice.post("/audit/person", data={"text": "zzz"}).text
    # an auditor looks for people by their ids, and gets no names
    assert "Nobody was found" in dora.post("/audit/person", data={"text": "turing"}).text
    by_id = dora.post("/audit/person", data={"text": alan[:6]})
    assert by_id.location == f"/audit?person={alan}"


def test_the_shown_part_is_exported_and_that_is_written_down(
    told: Site, client_of: ClientOf
) -> None:
    with told.parts.uow() as uow:
        uow.register.append(NewEntry(EntryKind.SETTING, {"event": "=1+1", "by": "=cmd"}))
        uow.commit()
    answer = client_of("dora").post("/audit/csv", data={"kind": "setting"})
    assert answer.mimetype == "text/csv"
    head, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert head[0] == "number"
    assert row[3] == "'=cmd: =1+1."
    with told.parts.uow() as uow:
        newest = uow.register.entries(limit=1)[0]
    assert newest.body["event"] == "audit exported"
    assert newest.body["by"] == by(told, "dora")
    assert "exported a part of the register" in client_of("dora").get("/audit").text


def test_the_book_is_checked_as_a_task(told: Site, client_of: ClientOf) -> None:
    dora = client_of("dora")
    assert "Check now" in dora.get("/audit/check").text
    assert dora.get("/audit/check/progress").get_json()["over"] is True
    assert dora.post("/audit/check").location == "/audit/check"
    dora.post("/audit/check")
    with told.parts.uow() as uow:
        assert len(uow.tasks.all()) == 1
    assert "The check is running" in dora.get("/audit/check").text
    assert dora.get("/audit/check/progress").get_json()["over"] is False
    assert told.parts.tasks.run_one()
    said = dora.get("/audit/check").text
    assert "The register holds" in said
    assert "checked the register: 0 faults" in dora.get("/audit").text


def test_a_changed_entry_is_named(told: Site, client_of: ClientOf) -> None:
    with told.parts.database.engine.begin() as connection:
        connection.execute(text("UPDATE ledger SET content = link WHERE number = 4"))
    dora = client_of("dora")
    dora.post("/audit/check")
    assert told.parts.tasks.run_one()
    said = dora.get("/audit/check").text
    assert "The register does not hold" in said
    assert "The digest of entry 4 was altered." in said
    latest = told.parts.register_check.latest()
    assert latest is not None and latest.state is TaskState.DONE


def test_every_sentence_can_be_said_and_none_is_empty(site: Site, client_of: ClientOf) -> None:
    """Entries of every event, with and without what the sentences speak of."""
    more = {
        "subject_id": site.ada.subject_id,
        "group_id": site.group.group_id,
        "user_id": site.users["bob"].user_id,
        "camera_id": new_id(),
        "device_id": new_id(),
        "role": "faculty",
        "status": "late",
        "method": "face",
    }
    with site.parts.uow() as uow:
        for kind, sentences in BY_KIND.items():
            for event in sentences:
                told = {"kind" if kind is EntryKind.MARK else "event": event}
                at = site.clock.now().isoformat()
                for body in ({**told, **more, "by": by(site, "alice"), "at": at}, told):
                    uow.register.append(NewEntry(kind, body, site.session.session_id))
        uow.register.append(NewEntry(EntryKind.EXPORT, {"month": "2026-03", "format": "pdf"}))
        uow.register.append(NewEntry(EntryKind.ACCESS, {"event": "of tomorrow", "by": "robot x"}))
        uow.commit()
        count = uow.register.count()
    alice, before, said = client_of("alice"), count + 1, ""
    while before > 1:
        said += alice.get(f"/audit?before={before}").text
        before -= 50
    assert "%(" not in said
    assert "x (None)" not in said
    assert "of tomorrow" in said
    assert "Alice (Administrator) recorded a consent of Ada Lovelace." in said


def test_changes_of_accounts_are_told(site: Site, client_of: ClientOf) -> None:
    with site.parts.uow() as uow:
        who = by(site, "alice")
        uow.register.append(account_entry("renamed", site.users["bob"].user_id, who, site.clock))
        uow.commit()
    said = client_of("dora").get("/audit?kind=account").text
    assert "Alice (Administrator) renamed the account Bob." in said
