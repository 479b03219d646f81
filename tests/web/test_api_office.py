"""What the interface does beside the register: series, accounts, cameras, kiosks and samples."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from outboxes import given_up
from rollbook.domain.access import Actor, Role
from rollbook.domain.attendance import SCHOOL_LESSON
from rollbook.domain.register import EntryKind
from rollbook.services.devices import DevicePlan
from rollbook.testing import RED
from web.desk import Desk, png
from web.programs import Program, make_token
from web.school import Site

ProgramOf = Callable[[str], Program]


@pytest.fixture
def program_of(site: Site, web_app: Flask) -> ProgramOf:
    return lambda login: Program(web_app, make_token(site, login))


def events(site: Site, kind: EntryKind) -> list[object]:
    with site.parts.uow() as uow:
        return [entry.body.get("event") for entry in uow.register.entries() if entry.kind is kind]


def test_a_series_is_changed_and_loses_and_gains_dates(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    own = replace(SCHOOL_LESSON, late_after=timedelta(minutes=3), name="school lesson, changed")
    site.parts.site.set_policy("test", own)
    new = {
        "group_id": site.group.group_id,
        "start": "10:00",
        "end": "10:45",
        "first_day": "2026-03-03",
        "weekdays": [1],
    }
    made = alice.post("/timetable/series", new)
    assert made.status_code == 201
    series = made.get_json()
    assert series["policy"] == own.name
    path = f"/timetable/series/{series['id']}"
    changed = alice.ask("PATCH", path, {"title": "Art", "policy": "office day"}).get_json()
    assert (changed["title"], changed["policy"], changed["start"]) == (
        "Art",
        "office day",
        "10:00:00",
    )
    off = alice.post(f"{path}/dates", {"day": "2026-03-10", "meets": False}).get_json()
    assert off["days_off"] == ["2026-03-10"]
    alice.post(f"{path}/dates", {"day": "2026-03-10", "meets": True})
    also = alice.post(f"{path}/dates", {"day": "2026-03-12", "meets": True}).get_json()
    assert (also["days_off"], also["extra_days"]) == ([], ["2026-03-10", "2026-03-12"])
    query = "first_day=2026-03-09&last_day=2026-03-15"
    days = [
        one["business_date"]
        for one in alice.get(f"/sessions?{query}").get_json()["items"]
        if one["title"] == "Art"
    ]
    assert days == ["2026-03-10", "2026-03-12"]
    wrong = {"weekdays": [], "extra_days": []}
    assert alice.ask("PATCH", path, wrong).status_code == 400
    assert alice.ask("PATCH", path, {"term_id": "0" * 32}).status_code == 404
    assert program_of("bob").ask("PATCH", path, {"title": "Eve"}).status_code == 403


def test_terms_holidays_and_policies_are_read(site: Site, program_of: ProgramOf) -> None:
    first, last = site.parts.today(), site.parts.today() + timedelta(days=90)
    term = site.parts.calendars.add_term("Spring", first, last, "test")
    bob = program_of("bob")
    found = bob.get("/timetable/calendar").get_json()
    assert [one["id"] for one in found["terms"]] == [term.term_id]
    names = [one["name"] for one in bob.get("/timetable/policies").get_json()["items"]]
    assert names == ["school lesson", "office day"]


def test_accounts_are_changed_and_no_secret_is_answered(site: Site, program_of: ProgramOf) -> None:
    alice = program_of("alice")
    made = alice.post("/users", {"login": "emil", "role": "faculty", "name": "Emil"})
    assert made.status_code == 201
    assert set(made.get_json()) == {"id", "login", "name", "role", "active", "subject_id"}
    path = f"/users/{made.get_json()['id']}"
    assert alice.ask("PATCH", path, {"name": "Emil B"}).get_json()["login"] == "emil"
    assert alice.post(f"{path}/role", {"role": "auditor"}).get_json()["role"] == "auditor"
    assert alice.post(f"{path}/active", {"active": False}).get_json()["active"] is False
    assert alice.post(f"{path}/sessions/end").get_json() == {"count": 0}
    assert alice.post("/users", {"login": "EMIL", "role": "faculty"}).status_code == 409
    for wrong in ({"role": "kiosk"}, {"role": "subject"}):
        assert alice.post(f"{path}/role", wrong).status_code == 400, wrong
    own = f"/users/{site.users['alice'].user_id}/active"
    assert alice.post(own, {"active": False}).status_code == 400, "the last administrator"
    assert {"added", "renamed", "role changed", "disabled"} <= set(events(site, EntryKind.ACCOUNT))
    assert program_of("bob").post("/users", {"login": "x", "role": "faculty"}).status_code == 403


def test_a_browser_alone_changes_no_account(
    site: Site, client_of: Callable[[str | None], FlaskClient]
) -> None:
    body = {"login": "emil", "role": "faculty"}
    answer = client_of("alice").post("/api/v1/users", json=body)
    assert answer.status_code == 403


def test_a_camera_s_credentials_are_written_and_never_read(
    site: Site, program_of: ProgramOf
) -> None:
    alice = program_of("alice")
    body = {
        "name": "Door",
        "source": "rtsp://eve:secret@10.0.0.9/door?key=hidden",
        "group_ids": [site.group.group_id],
        "direction": "in",
    }
    made = alice.post("/cameras", body)
    assert made.status_code == 201
    path = f"/cameras/{made.get_json()['id']}"
    changed = alice.ask("PATCH", path, {"room": "101", "enabled": False})
    assert (changed.get_json()["room"], changed.get_json()["enabled"]) == ("101", False)
    for text in (made.text, changed.text, alice.get(path).text, alice.get("/cameras").text):
        assert "secret" not in text and "hidden" not in text and "eve" not in text
    everything = Actor("test", Role.ADMINISTRATOR, group_ids=None)
    kept = site.parts.cameras.get(made.get_json()["id"], everything)
    assert kept.source == body["source"]
    assert alice.post("/cameras", {**body, "source": "ftp://x"}).status_code == 400
    bob, charlie = program_of("bob"), program_of("charlie")
    assert bob.get(path).status_code == 200
    assert charlie.get(path).status_code == 404
    assert bob.ask("PATCH", path, {"room": "1"}).status_code == 403
    assert alice.ask("DELETE", path).status_code == 204
    assert alice.get(path).status_code == 404


def test_a_kiosk_is_shut_out(site: Site, program_of: ProgramOf) -> None:
    pairing = site.parts.devices.add(DevicePlan("Door"), "test")
    paired = site.parts.devices.pair(pairing.code, place="test")
    alice, path = program_of("alice"), f"/devices/{pairing.device.device_id}"
    listed = alice.get("/devices")
    assert listed.get_json()["items"][0]["state"] == "paired"
    assert paired.key not in listed.text  # type: ignore[union-attr]
    assert alice.post(f"{path}/revoke").get_json()["state"] == "revoked"
    assert site.parts.devices.of_key(paired.key) is None  # type: ignore[union-attr]
    assert alice.ask("DELETE", path).status_code == 204
    assert program_of("bob").get("/devices").status_code == 403


def _picture() -> str:
    return b64encode(png(RED)).decode()


def test_pictures_are_enrolled_with_consent_alone(
    site: Site, program_of: ProgramOf, client_of: Callable[[str | None], FlaskClient]
) -> None:
    desk = Desk(site, client_of)
    newcomer = desk.newcomer()
    bob, path = program_of("bob"), f"/people/{newcomer}/samples"
    sent = {"pictures": [{"name": "one.png", "data": _picture()}]}
    refused = bob.post(path, sent)
    assert refused.status_code == 409
    assert bob.get(path).get_json() == {"items": []}
    desk.agree(newcomer)
    added = bob.post(path, sent)
    assert added.status_code == 200 and added.get_json()["added"] == 1, added.text
    assert bob.post(path, sent).get_json()["already"] == 1
    (kept,) = bob.get(path).get_json()["items"]
    assert set(kept) == {"id", "quality", "pose", "added_at", "crop"}
    blind = {"pictures": [{"data": b64encode(b"no picture").decode()}]}
    assert len(bob.post(path, blind).get_json()["refused"]) == 1
    assert bob.post(path, {"pictures": [{"data": "%%%"}]}).status_code == 400
    assert program_of("charlie").get(path).status_code == 404
    assert bob.ask("DELETE", f"{path}/{kept['id']}").status_code == 204
    assert bob.get(path).get_json() == {"items": []}
    other = f"/people/{site.ada.subject_id}/samples/{kept['id']}"
    assert bob.ask("DELETE", other).status_code == 404
    site.parts.engines.close()
    busy = bob.post(path, {"pictures": [{"data": b64encode(png(RED, 1)).decode()}]})
    assert (busy.status_code, busy.mimetype) == (503, "application/problem+json")


def test_messages_come_in_pages_newest_first(site: Site, program_of: ProgramOf) -> None:
    alice, now = program_of("alice"), site.clock.now()
    written = [given_up(site.parts.uow, now, site.ada.subject_id) for _ in range(3)]
    pages = [alice.get(f"/messages?size=2&page={page}").get_json()["items"] for page in (1, 2, 3)]
    found = [[one["id"] for one in page] for page in pages]
    assert found == [[written[2], written[1]], [written[0]], []]


def test_messages_are_told_without_names_and_sent_again_once(
    site: Site, program_of: ProgramOf
) -> None:
    parts, alice, now = site.parts, program_of("alice"), site.clock.now()
    channel = parts.message_settings.add_channel("E-mail", "mailtos://a:secret@b.example", "test")
    message_id = given_up(parts.uow, now, site.ada.subject_id)
    answer = alice.get("/messages?state=failed")
    assert answer.get_json()["items"] == [
        {
            "id": message_id,
            "kind": "absent",
            "state": "failed",
            "happened_at": now.isoformat().replace("+00:00", "Z"),
            "due_at": now.isoformat().replace("+00:00", "Z"),
            "over_at": now.isoformat().replace("+00:00", "Z"),
            "attempts": 1,
        }
    ]
    assert alice.get("/messages?state=sent").get_json()["total"] == 0
    assert alice.get("/messages?page=2").get_json()["items"] == []
    channels = alice.get("/messages/channels")
    assert channels.get_json()["items"] == [{"id": channel.channel_id, "name": "E-mail"}]
    assert "Ada" not in answer.text and "secret" not in channels.text
    again = f"/messages/{message_id}/again"
    assert [alice.post(again, Idempotency_Key="once").status_code for _ in range(2)] == [204, 204]
    assert alice.get("/messages").get_json()["items"][0]["state"] == "waiting"
    assert alice.post(again).status_code == 404, "it waits already"
    assert events(site, EntryKind.SETTING).count("message tried again") == 1
    assert program_of("bob").get("/messages").status_code == 403
