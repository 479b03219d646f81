"""Every address with an id, asked by somebody to whom the id belongs not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from flask import Flask

from outboxes import given_up
from rollbook.domain.access import Actor, Role
from rollbook.domain.attendance import Status
from rollbook.domain.identification import Doubt
from rollbook.domain.ports import ReviewItem
from rollbook.domain.subjects import new_id
from rollbook.domain.timetable import Series
from rollbook.services.cameras import CameraDraft
from rollbook.services.devices import DevicePlan
from rollbook.web.api.operations import OPERATIONS, Operation
from web.programs import Program, make_token
from web.school import Site

WITH_IDS = [one for one in OPERATIONS if "<" in one.path]


def ids(site: Site) -> dict[str, str]:
    """Return one thing of class 5b for every name of an id."""
    parts, group_id = site.parts, site.group.group_id
    ada = site.ada.subject_id
    series = Series(
        "",
        site.group.group_id,
        "Art",
        time(10),
        time(11),
        date(2026, 3, 3),
        weekdays=frozenset({1}),
    )
    planned, _ = parts.timetable.add(series, "test")
    told = parts.absences.tell([ada], date(2026, 3, 9), date(2026, 3, 9), "ill", "test")
    asked = parts.request_desk.dispute(ada, site.session.session_id, Status.PRESENT, "here")
    review_id = new_id()
    body: dict[str, object] = {
        "subject_id": ada,
        "doubt": Doubt.TOO_FEW_FRAMES.value,
        "candidates": [[ada, 0.5]],
        "seen_at": datetime(2026, 3, 2, 7, tzinfo=UTC).isoformat(),
    }
    with parts.uow() as uow:
        uow.reviews.add(ReviewItem(review_id, site.session.session_id, body, site.clock.now()))
        uow.commit()
    alice = Actor("test", Role.ADMINISTRATOR, group_ids=None)
    draft = CameraDraft("Door", "rtsp://eve:secret@10.0.0.9/door", "", frozenset({group_id}))
    pairing = parts.devices.add(DevicePlan("Door", "", (group_id,)), "test")
    return {
        "camera_id": parts.cameras.add(draft, alice).camera_id,
        "device_id": pairing.device.device_id,
        "reference_id": new_id(),
        "subject_id": ada,
        "group_id": site.group.group_id,
        "session_id": site.session.session_id,
        "user_id": site.users["bob"].user_id,
        "series_id": planned.series_id,
        "absence_id": told.absences[0].absence_id,
        "request_id": asked.request_id,
        "review_id": review_id,
        "message_id": given_up(parts.uow, site.clock.now(), ada),
    }


def path_of(operation: Operation, known: dict[str, str]) -> str:
    path = operation.path.replace("<string(length=32):", "{").replace(">", "}")
    return path.format(**known)


BODIES: dict[str, object] = {
    "rename_person": {"name": "Eve"},
    "record_consent": {"text_id": "v1", "given_by": "Eve"},
    "rename_group": {"name": "Eve's"},
    "mark": {"changes": [{"subject_id": "0" * 32, "status": "present"}]},
    "end_series": {"last_day": "2026-03-03"},
    "change_series": {"title": "Eve"},
    "set_series_date": {"day": "2026-03-03", "meets": False},
    "add_samples": {"pictures": [{"data": "aGVsbG8="}]},
    "change_camera": {"name": "Eve"},
    "rename_user": {"name": "Eve"},
    "set_user_role": {"role": "auditor"},
    "set_user_active": {"active": False},
    "decide_review": {"subject_id": None},
    "decide_request": {"grant": True},
}


@pytest.mark.parametrize("login", ["charlie", "ada", "dora", None], ids=str)
def test_nothing_of_5b_is_read_or_changed_by_others(
    login: str | None, site: Site, web_app: Flask
) -> None:
    known = ids(site)
    program = Program(web_app, None if login is None else make_token(site, login))
    with site.parts.uow() as uow:
        before = [entry.body.get("event") for entry in uow.register.entries()]
    reads = {"group", "members", "group_staff", "session", "records", "series"}  # of an auditor
    for operation in WITH_IDS:
        if login == "dora" and operation.name in reads:
            continue
        answer = program.ask(
            operation.method, path_of(operation, known), BODIES.get(operation.name, {})
        )
        assert answer.status_code in {401, 403, 404, 422}, (operation.name, answer.status_code)
        if operation.name in BODIES:
            assert answer.status_code != 422, operation.name
        assert "Ada" not in answer.text
    with site.parts.uow() as uow:
        after = [entry.body.get("event") for entry in uow.register.entries()]
    assert [event for event in after if event != "refused"] == before


def test_ids_in_bodies_are_asked_for_too(site: Site, web_app: Flask) -> None:
    """Charlie names people and groups of 5b in what he sends."""
    charlie = Program(web_app, make_token(site, "charlie"))
    ada, group = site.ada.subject_id, site.group.group_id
    own = f"/sessions/{site.other_session.session_id}/marks"
    span = {"starts_at": "2026-03-02T10:00:00Z", "ends_at": "2026-03-02T11:00:00Z"}
    absence = {"first_day": "2026-03-02", "last_day": "2026-03-02", "reason": "ill"}
    for path, body in (
        (own, {"changes": [{"subject_id": ada, "status": "present"}]}),
        ("/sessions", {"group_id": group, **span}),
        ("/absences", {"subject_ids": [ada], **absence}),
        ("/people", {"name": "Eve", "group_ids": [group]}),
        ("/exports", {"month": "2026-03", "format": "csv", "group_ids": [group]}),
    ):
        assert charlie.post(path, body).status_code == 404, path
    for path in ("/people", "/sessions", "/timetable/series"):
        assert charlie.get(f"{path}?group_id={group}").status_code == 404


def test_ids_that_nobody_has_are_not_found(site: Site, web_app: Flask) -> None:
    alice = Program(web_app, make_token(site, "alice"))
    nobody = dict.fromkeys(ids(site), "0" * 32)
    for operation in WITH_IDS:
        if operation.body is not None and operation.name not in BODIES:
            continue
        answer = alice.ask(
            operation.method, path_of(operation, nobody), BODIES.get(operation.name, {})
        )
        wanted = {403, 404} if operation.path.startswith("/me") else {404}
        assert answer.status_code in wanted, (operation.name, answer.status_code)
