"""The REST interface: what the pages do, for programs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from rollbook.domain.accounts import Staff
from rollbook.domain.register import EntryKind
from rollbook.domain.tokens import Scope
from rollbook.web.app import create_app
from rollbook.web.parts import WebOptions
from web.programs import API, Program, make_token
from web.school import Site, sign_in

ProgramOf = Callable[..., Program]


@pytest.fixture
def program_of(site: Site, web_app: Flask) -> ProgramOf:
    def make(login: str | None, *scopes: Scope) -> Program:
        token = None if login is None else make_token(site, login, scopes or None)
        return Program(web_app, token)

    return make


def is_problem(answer: TestResponse, status: int) -> bool:
    said = answer.get_json()
    kind = answer.mimetype == "application/problem+json"
    return (answer.status_code, said["status"], kind) == (status, status, True)


def test_a_program_is_told_who_it_acts_for(site: Site, program_of: ProgramOf) -> None:
    said = program_of("bob", Scope.PEOPLE_READ).get("/me").get_json()
    assert (said["id"], said["role"], said["scopes"]) == (
        site.users["bob"].user_id,
        "faculty",
        ["people:read"],
    )
    assert said["group_ids"] == [site.group.group_id]


def test_people_are_listed_by_page_and_found(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    said = alice.get("/people?size=2").get_json()
    assert (said["total"], said["pages"], len(said["items"])) == (5, 3, 2)
    assert alice.get("/people?page=9").get_json()["items"] == []
    assert [one["name"] for one in alice.get("/people?q=hop").get_json()["items"]] == [
        "Grace Hopper"
    ]
    bob = program_of("bob").get("/people").get_json()
    assert {one["name"] for one in bob["items"]} == {person.name for person in site.people}
    assert program_of("bob").get(f"/people?group_id={site.other_group.group_id}").status_code == 404


def test_a_minor_of_a_program_needs_a_guardian_too(site: Site, program_of: ProgramOf) -> None:
    bob = program_of("bob")
    new = {"name": "Mary", "group_ids": [site.group.group_id], "minor": True}
    consent = {"text_id": "v1", "given_by": "herself", "language": "en", "crops": False}
    answer = bob.post("/people", {**new, "consent": consent})
    assert answer.status_code in (400, 422) and "guardian" in answer.text
    made = bob.post("/people", {**new, "consent": {**consent, "guardian": "Ella"}}).get_json()
    assert made["minor"] is True
    (kept,) = bob.get(f"/people/{made['id']}/consents").get_json()["items"]
    assert (kept["guardian"], kept["scopes"], kept["language"]) == ("Ella", ["face"], "en")
    changed = bob.ask("PATCH", f"/people/{made['id']}", {"name": "Mary", "minor": False})
    assert changed.get_json()["minor"] is False


def test_somebody_is_added_renamed_and_removed(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    made = alice.post(
        "/people",
        {
            "name": "Mary Shelley",
            "external_id": "7",
            "group_ids": [site.group.group_id],
            "consent": {"text_id": "v1", "given_by": "herself"},
        },
    )
    assert made.status_code == 201
    one = made.get_json()
    assert (one["name"], one["consent"], one["group_ids"]) == (
        "Mary Shelley",
        True,
        [site.group.group_id],
    )
    path = f"/people/{one['id']}"
    assert alice.ask("PATCH", path, {"name": "Mary Godwin"}).get_json()["name"] == "Mary Godwin"
    assert is_problem(alice.post("/people", {"name": "X", "external_id": "7"}), 409)
    (consent,) = alice.get(f"{path}/consents").get_json()["items"]
    assert (consent["text_id"], consent["covers_now"]) == ("v1", True)
    assert alice.ask("DELETE", f"{path}/consents").get_json() == {"consents": 1, "samples": 0}
    assert is_problem(alice.ask("DELETE", f"{path}/consents"), 404)
    assert alice.ask("DELETE", path).status_code == 204
    assert is_problem(alice.get(path), 404)
    with site.parts.uow() as uow:
        told = [e.body for e in uow.register.entries([EntryKind.SUBJECT])]
    by = site.users["alice"].user_id
    assert {body["by"] for body in told[:3]} == {f"administrator {by}"}


def test_a_teacher_adds_people_to_an_own_group_alone(site: Site, program_of: ProgramOf) -> None:
    bob = program_of("bob")
    assert is_problem(bob.post("/people", {"name": "Nobody's"}), 422)
    foreign = {"name": "X", "group_ids": [site.other_group.group_id]}
    assert is_problem(bob.post("/people", foreign), 404)
    own = {"name": "Mary", "group_ids": [site.group.group_id]}
    assert bob.post("/people", own).status_code == 201


def test_groups_are_kept(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    made = alice.post("/groups", {"name": "7c"}).get_json()
    path = f"/groups/{made['id']}"
    assert alice.ask("PATCH", path, {"name": "7d"}).get_json() == {**made, "name": "7d"}
    ada = site.ada.subject_id
    assert alice.post(f"{path}/members", {"subject_ids": [ada]}).get_json() == {"count": 1}
    said = alice.get(f"{path}/members").get_json()
    assert [(m["subject_id"], m["name"]) for m in said["items"]] == [(ada, "Ada Lovelace")]
    left = alice.post(f"{path}/members/leave", {"subject_ids": [ada], "last_day": "2026-03-03"})
    assert left.get_json() == {"count": 1}
    bob = site.users["bob"].user_id
    assert alice.post(f"{path}/staff", {"user_id": bob}).status_code == 201
    (staff,) = alice.ask("DELETE", f"{path}/staff/{bob}").get_json()["items"]
    assert staff["until"] == "2026-03-02"
    rows = alice.get("/groups").get_json()
    assert [row["name"] for row in rows["items"]] == ["5b", "6a", "7d"]
    assert [r["name"] for r in program_of("charlie").get("/groups").get_json()["items"]] == ["6a"]


def test_a_session_is_opened_marked_and_closed(site: Site, program_of: ProgramOf) -> None:
    bob = program_of("bob")
    body = {
        "group_id": site.group.group_id,
        "starts_at": "2026-03-02T09:00:00+01:00",
        "ends_at": "2026-03-02T08:45:00Z",
        "title": "Art",
    }
    one = bob.post("/sessions", body).get_json()
    assert (one["state"], one["business_date"], one["policy"]) == (
        "open",
        "2026-03-02",
        "school lesson",
    )
    path = f"/sessions/{one['id']}"
    ada, alan, _ = (person.subject_id for person in site.people)
    changes = [
        {"subject_id": ada, "status": "late", "reason": "bus"},
        {"subject_id": alan, "status": "open"},
    ]
    done = bob.post(f"{path}/marks", {"changes": changes}).get_json()
    assert [w["subject_id"] for w in done["written"]] == [ada]
    assert done["unchanged"] == [alan]
    records = {r["subject_id"]: r for r in bob.get(f"{path}/records").get_json()["items"]}
    assert (records[ada]["status"], records[ada]["reason"]) == ("late", "bus")
    assert records[ada]["name"] == "Ada Lovelace"
    assert "bus" in records[ada]["explanation"]
    outrun = {"subject_id": ada, "status": "present", "seen": "older"}
    assert bob.post(f"{path}/marks", {"changes": [outrun]}).get_json()["outrun"] == [ada]
    assert bob.post(f"{path}/close").get_json()["state"] == "closed"
    assert is_problem(bob.post(f"{path}/close"), 409)
    silent = {"changes": [{"subject_id": ada, "status": "present"}]}
    assert is_problem(bob.post(f"{path}/marks", silent), 400)


def test_an_auditor_reads_registers_without_names(site: Site, program_of: ProgramOf) -> None:
    dora = program_of("dora")
    said = dora.get(f"/sessions/{site.session.session_id}/records").get_json()
    assert said["total"] == 3
    assert {record["name"] for record in said["items"]} == {None}
    members = dora.get(f"/groups/{site.group.group_id}/members").get_json()
    assert {member["name"] for member in members["items"]} == {None}


def test_sessions_are_listed_by_day(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    assert alice.get("/sessions").get_json()["total"] == 2
    assert alice.get("/sessions?first_day=2026-02-01&last_day=2026-02-28").get_json()["total"] == 0
    assert is_problem(alice.get("/sessions?first_day=2026-02-02&last_day=2026-02-01"), 422)
    assert is_problem(alice.get("/sessions?first_day=2020-02-02&last_day=2026-02-01"), 422)
    assert program_of("bob").get("/sessions").get_json()["total"] == 1


def test_the_timetable_and_absences_are_kept(site: Site, program_of: ProgramOf) -> None:
    alice, bob = program_of("alice"), program_of("bob")
    body = {
        "group_id": site.group.group_id,
        "title": "Art",
        "start": "10:00",
        "end": "10:45:00",
        "first_day": "2026-03-03",
        "weekdays": [1, 3],
    }
    made = alice.post("/timetable/series", body)
    assert made.status_code == 201, made.get_json()
    one = made.get_json()
    assert (one["start"], one["weekdays"]) == ("10:00:00", [1, 3])
    assert bob.get("/timetable/series").get_json()["total"] == 1
    assert program_of("charlie").get("/timetable/series").get_json()["total"] == 0
    path = f"/timetable/series/{one['id']}"
    assert bob.get(path).get_json() == one
    assert is_problem(program_of("charlie").get(path), 404)
    assert alice.post(f"{path}/end", {"last_day": "2026-03-10"}).status_code == 204
    ada = site.ada.subject_id
    told = bob.post(
        "/absences",
        {
            "subject_ids": [ada],
            "first_day": "2026-03-02",
            "last_day": "2026-03-06",
            "reason": "ill",
        },
    ).get_json()
    assert told["marks"] == 1
    assert program_of("charlie").get("/absences").get_json()["total"] == 0
    (kept,) = bob.get("/absences").get_json()["items"]
    assert kept["subject_id"] == ada
    gone = f"/absences/{kept['id']}"
    assert is_problem(program_of("charlie").ask("DELETE", gone), 404)
    assert bob.ask("DELETE", gone).status_code == 204


def test_a_person_reads_and_disputes_the_own_record(site: Site, program_of: ProgramOf) -> None:
    ada, bob = program_of("ada"), program_of("bob")
    month = ada.get("/me/record?month=2026-03").get_json()
    (line,) = month["items"]
    assert (line["group"], line["record"]["status"]) == ("5b", "open")
    asked = {
        "session_id": site.session.session_id,
        "wanted": "present",
        "text": "I was there",
    }
    made = ada.post("/me/requests", asked)
    assert made.status_code == 201
    assert is_problem(ada.post("/me/requests", asked), 409)
    assert is_problem(ada.post("/me/requests", {"text": "neither"}), 422)
    foreign = {**asked, "session_id": site.other_session.session_id}
    assert is_problem(ada.post("/me/requests", foreign), 404)
    (waiting,) = bob.get("/requests").get_json()["items"]
    assert waiting["name"] == "Ada Lovelace"
    path = f"/requests/{waiting['id']}"
    assert is_problem(program_of("charlie").post(path, {"grant": True}), 404)
    done = bob.post(path, {"grant": True}).get_json()
    assert done["request"]["state"] == "granted"
    assert is_problem(bob.post(path, {"grant": True}), 409)
    assert [one["state"] for one in ada.get("/me/requests").get_json()["items"]] == ["granted"]
    days = {"first_day": "2026-03-09", "last_day": "2026-03-10", "text": "wedding"}
    own = ada.post("/me/requests", days).get_json()
    assert ada.ask("DELETE", f"/me/requests/{own['id']}").get_json()["state"] == "recalled"
    assert is_problem(program_of("alice").get("/me/record?month=2026-03"), 403)


def test_what_only_administrators_read(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    users = alice.get("/users").get_json()
    assert {user["login"] for user in users["items"]} == set(site.users)
    assert "password" not in str(users)
    assert alice.get("/cameras").get_json()["items"] == []
    for login in ("bob", "dora", "ada"):
        assert program_of(login).get("/users").status_code == 403


@pytest.mark.parametrize(
    ("kind", "start"), [("csv", b"\xef\xbb\xbf"), ("pdf", b"%PDF"), ("xlsx", b"PK")]
)
def test_a_month_is_exported_of_own_groups(
    kind: str, start: bytes, site: Site, program_of: ProgramOf
) -> None:
    bob = program_of("bob")
    done = bob.post("/exports", {"month": "2026-03", "format": kind})
    assert done.status_code == 200
    assert done.data.startswith(start)
    foreign = {"month": "2026-03", "format": kind, "group_ids": [site.other_group.group_id]}
    assert is_problem(bob.post("/exports", foreign), 404)
    with site.parts.uow() as uow:
        (entry,) = uow.register.entries([EntryKind.EXPORT])
    assert entry.body["group_ids"] == [site.group.group_id]


def test_other_days_hours_one_person_and_signed_files(site: Site, program_of: ProgramOf) -> None:
    bob = program_of("bob")
    days = {"first_day": "2026-03-01", "last_day": "2026-03-31", "format": "csv"}
    ada = bob.post("/exports", {**days, "subject_id": site.ada.subject_id}).data.decode("utf-8-sig")
    assert "Ada Lovelace" in ada and "Alan Turing" not in ada
    hours = bob.post("/exports", {**days, "hours": True})
    assert "Hours_2026-03-01_2026-03-31.csv" in hours.headers["Content-Disposition"]
    signed = bob.post("/exports", {**days, "sign": True})
    assert (signed.mimetype, signed.data[:2]) == ("application/zip", b"PK")
    for odd in ({"format": "csv"}, {**days, "month": "2026-03"}, {**days, "last_day": None}):
        assert is_problem(bob.post("/exports", odd), 422)
    for last in ("2026-02-01", "2027-03-02"):
        assert is_problem(bob.post("/exports", {**days, "last_day": last}), 400)


def test_who_has_no_group_exports_nothing(site: Site, program_of: ProgramOf) -> None:
    charlie = site.users["charlie"].user_id
    with site.parts.uow() as uow:
        uow.staff.leave(site.other_group.group_id, charlie, site.parts.today() - timedelta(days=1))
        uow.commit()
    order = {"month": "2026-03", "format": "csv"}
    assert is_problem(program_of("charlie").post("/exports", order), 404)


def test_the_audit_is_paged_by_number(site: Site, program_of: ProgramOf) -> None:
    dora = program_of("dora")
    numbers: list[int] = []
    before: int | None = None
    while True:
        said = dora.get(
            "/audit/entries?size=3" + (f"&before={before}" if before else "")
        ).get_json()
        numbers += [entry["number"] for entry in said["items"]]
        before = said["before"]
        if before is None:
            break
    assert numbers == list(range(said["total"], 0, -1))
    assert "Ada" not in dora.get("/audit/entries?size=200").text
    assert is_problem(program_of("bob").get("/audit/entries"), 403)


def test_every_scope_opens_its_part_and_no_other(site: Site, program_of: ProgramOf) -> None:
    """A token of Alice, who may do nearly everything, is held to what it was made for."""
    reads = {
        "/people": Scope.PEOPLE_READ,
        "/groups": Scope.GROUPS_READ,
        "/sessions": Scope.SESSIONS_READ,
        "/timetable/series": Scope.TIMETABLE_READ,
        "/absences": Scope.ABSENCES_READ,
        "/reviews": Scope.REVIEWS_READ,
        "/requests": Scope.REVIEWS_READ,
        "/cameras": Scope.CAMERAS_READ,
        "/users": Scope.USERS_READ,
        "/messages": Scope.MESSAGES_READ,
        "/messages/channels": Scope.MESSAGES_READ,
        "/audit/entries": Scope.AUDIT_READ,
    }
    for scope in sorted(
        {*reads.values(), Scope.EXPORTS_READ, Scope.MARKS_WRITE, Scope.MESSAGES_WRITE}
    ):
        program = program_of("alice", scope)
        opened = {path for path in reads if program.get(path).status_code == 200}
        assert opened == {path for path, wanted in reads.items() if wanted is scope}
    marks = f"/sessions/{site.session.session_id}/marks"
    reader = program_of("alice", Scope.SESSIONS_READ)
    assert is_problem(reader.post(marks, {"changes": []}), 403)
    # marks:write and sessions:write need the same permission, and are yet two scopes
    writer = program_of("alice", Scope.SESSIONS_WRITE)
    assert is_problem(writer.post(marks, {"changes": []}), 403)


def test_a_token_is_cut_when_the_account_loses_a_group(site: Site, program_of: ProgramOf) -> None:
    bob = program_of("bob")
    path = f"/groups/{site.group.group_id}"
    assert bob.get(path).status_code == 200
    with site.parts.uow() as uow:
        uow.staff.leave(
            site.group.group_id,
            site.users["bob"].user_id,
            site.parts.today() - timedelta(days=1),
        )
        uow.commit()
    assert is_problem(bob.get(path), 404)
    with site.parts.uow() as uow:
        uow.staff.add(Staff(site.group.group_id, site.users["bob"].user_id, site.parts.today()))
        uow.commit()
    assert bob.get(path).status_code == 200


@pytest.mark.parametrize("end", ["revoked", "expired", "disabled", "removed"])
def test_a_token_that_ended_is_refused_at_once(end: str, site: Site, program_of: ProgramOf) -> None:
    bob = program_of("bob")
    assert bob.get("/me").status_code == 200
    with site.parts.uow() as uow:
        (token,) = uow.tokens.all()
        if end == "revoked":
            uow.tokens.update(replace(token, revoked_at=site.clock.now()))
        elif end == "disabled":
            uow.users.update(replace(site.users["bob"], active=False))
        elif end == "removed":
            uow.users.remove(site.users["bob"].user_id)
        uow.commit()
    if end == "expired":
        site.clock.at += timedelta(days=7)
    answer = bob.get("/me")
    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic YTpi", "bearer rollbook_"])
def test_a_wrong_token_never_falls_back_to_a_session(
    header: str, client_of: Callable[[str | None], FlaskClient]
) -> None:
    browser = client_of("alice")
    answer = browser.get(f"{API}/me", headers={"Authorization": header})
    assert is_problem(answer, 401)


def test_nobody_is_let_in_without_a_token(program_of: ProgramOf) -> None:
    answer = program_of(None).get("/people")
    assert is_problem(answer, 401)
    assert "WWW-Authenticate" in answer.headers


def test_a_token_opens_no_page(site: Site, web_app: Flask) -> None:
    client = web_app.test_client()
    headers = {"Authorization": f"Bearer {make_token(site, 'alice')}"}
    for path in ("/people", "/account", "/account/tokens", "/users"):
        assert client.get(path, headers=headers).status_code in {302, 401, 404}


def test_a_signed_in_browser_reads(client_of: Callable[[str | None], FlaskClient]) -> None:
    said = client_of("bob").get(f"{API}/me").get_json()
    assert (said["role"], said["scopes"]) == ("faculty", None)


def test_a_signed_in_browser_changes_with_the_token_of_its_page(site: Site) -> None:
    app = create_app(site.parts, WebOptions(testing=True, csrf=True, limits=False))
    browser = app.test_client()
    browser.set_cookie("rollbook", sign_in(site, "bob"))
    path = f"{API}/sessions/{site.session.session_id}/close"
    assert is_problem(browser.post(path), 400)
    page = browser.get(f"{API}/docs").text
    csrf = page.partition('<meta name="csrf" content="')[2].partition('"')[0]
    assert browser.post(path, headers={"X-CSRFToken": csrf}).status_code == 200
    # a program needs none
    body = {"changes": [{"subject_id": site.ada.subject_id, "status": "late", "reason": "bus"}]}
    marks = f"/sessions/{site.session.session_id}/marks"
    assert Program(app, make_token(site, "bob")).post(marks, body).status_code == 200


def test_what_asks_for_a_fresh_sign_in_takes_a_token(
    site: Site, client_of: Callable[[str | None], FlaskClient]
) -> None:
    alice = client_of("alice")
    order = {"month": "2026-03", "format": "csv"}
    assert is_problem(alice.post(f"{API}/exports", json=order), 403)
    assert is_problem(alice.delete(f"{API}/people/{site.ada.subject_id}"), 403)


def test_the_same_key_makes_a_change_once(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    first = alice.post("/groups", {"name": "7c"}, Idempotency_Key="k1")
    again = alice.post("/groups", {"name": "7c"}, Idempotency_Key="k1")
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert is_problem(alice.post("/groups", {"name": "7d"}, Idempotency_Key="k1"), 422)
    assert is_problem(
        alice.ask("PATCH", f"/groups/{site.group.group_id}", {"name": "7c"}, Idempotency_Key="k1"),
        422,
    )
    assert alice.get("/groups").get_json()["total"] == 3
    # the key belongs to the account
    assert (
        program_of("bob")
        .post(f"/sessions/{site.session.session_id}/close", Idempotency_Key="k1")
        .status_code
        == 200
    )


def test_a_refused_change_leaves_its_key_free(program_of: ProgramOf) -> None:
    alice = program_of("alice")
    assert is_problem(alice.post("/groups", {"name": "5b"}, Idempotency_Key="k"), 409)
    assert is_problem(alice.post("/groups", {"nam": "7c"}, Idempotency_Key="k"), 422)
    assert alice.post("/groups", {"name": "7c"}, Idempotency_Key="k").status_code == 201


def test_a_key_that_is_being_worked_on_waits(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    with site.parts.uow() as uow:
        uow.replies.claim(f"api {site.users['alice'].user_id} k", site.clock.now())
        uow.commit()
    answer = alice.post("/groups", {"name": "7c"}, Idempotency_Key="k")
    assert is_problem(answer, 409)
    assert answer.headers["Retry-After"] == "1"


def test_one_key_sent_many_times_at_once_makes_one_change(
    site: Site, program_of: ProgramOf
) -> None:
    alice = program_of("alice")

    def send(_number: int) -> int:
        return alice.post(
            "/people", {"name": "Mary", "external_id": "7"}, Idempotency_Key="k"
        ).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(send, range(6)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert alice.get("/people?q=mary").get_json()["total"] == 1
    assert send(7) == 201


@pytest.mark.parametrize("key", ["", " ", "\xe4", "x" * 201])
def test_an_odd_key_is_refused(key: str, program_of: ProgramOf) -> None:
    assert is_problem(program_of("alice").post("/groups", {"name": "7c"}, Idempotency_Key=key), 422)


HOSTILE = [
    (b"", 400),
    (b"{", 400),
    (b"\xff\xfe", 400),
    (b'{"name": "\\ud800"}', 400),
    (b"[" * 100_000, 400),
    (b"null", 422),
    (b"[]", 422),
    (b'{"name": 5}', 422),
    (b'{"name": ["x"]}', 422),
    (b'{"name": ""}', 422),
    (b'{"name": "x", "more": 1}', 422),
    (b'{"name": "\\u0000\\u202e"}', 400),  # nothing visible is left
    (b'{"name": "' + b"x" * 300 + b'"}', 422),
    (b'{"name": "' + b"x" * 1_100_000 + b'"}', 413),
]


@pytest.mark.parametrize(("raw", "status"), HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.slow
def test_hostile_bodies_are_refused_in_words(
    raw: bytes, status: int, program_of: ProgramOf
) -> None:
    answer = program_of("alice").post("/groups", raw, Content_Type="application/json")
    assert is_problem(answer, status)
    assert len(answer.data) < 2_000


def test_names_may_hold_anything_visible(program_of: ProgramOf) -> None:
    alice = program_of("alice")
    odd = "\u0000O'Brien; DROP TABLE groups --<b>\U0001f469\u200d\U0001f680"
    made = alice.post("/groups", {"name": odd}).get_json()
    assert made["name"] == odd[1:]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "a;b;;="])
def test_other_content_types_are_refused(kind: str, program_of: ProgramOf) -> None:
    assert is_problem(program_of("alice").post("/groups", b"name=x", Content_Type=kind), 415)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=99999999999999999999",
        "size=201",
        "size=-1",
        "more=1",
        "page=1&page=2",
        "q=" + "x" * 201,
        "show=%00",
        "group_id=5b",
        "order=",
        "group_id=" + "A" * 32,
    ],
)
@pytest.mark.slow
def test_odd_queries_are_refused(query: str, program_of: ProgramOf) -> None:
    assert is_problem(program_of("alice").get(f"/people?{query}"), 422)


@pytest.mark.parametrize("subject_id", ["0" * 32, "x", "%00" * 32, "../people", "A" * 32, "a" * 31])
def test_ids_that_name_nobody_are_not_found(subject_id: str, program_of: ProgramOf) -> None:
    assert program_of("alice").get(f"/people/{subject_id}").status_code in {401, 404}


def test_what_is_not_there_is_a_problem_too(program_of: ProgramOf) -> None:
    alice = program_of("alice")
    assert is_problem(alice.get("/nothing"), 404)
    refused = alice.ask("PUT", "/people")
    assert is_problem(refused, 405)
    assert "GET" in refused.headers["Allow"]


def test_an_answer_is_kept_nowhere(program_of: ProgramOf) -> None:
    assert "no-store" in program_of("alice").get("/people").headers["Cache-Control"]
