"""The description of the interface is true, whatever is sent by whomever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from rollbook.domain.access import Actor, Role
from rollbook.domain.subjects import new_id
from rollbook.domain.timetable import Series
from rollbook.domain.tokens import Scope
from rollbook.services.cameras import CameraDraft
from rollbook.services.devices import DevicePlan
from rollbook.web.api.openapi import TEXTS, document
from rollbook.web.api.operations import OPERATIONS
from web.programs import API, Program, make_token
from web.school import Site

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = 12  # of each operation, kind of data and role


def real_ids(site: Site) -> dict[str, str]:
    """Return ids that are there, by the names of parameters and fields."""
    group_id = site.group.group_id
    monday = Series("", group_id, "Art", time(10), time(11), date(2026, 3, 2), None, frozenset({0}))
    draft = CameraDraft("Door", "rtsp://10.0.0.9/door")
    device = site.parts.devices.add(DevicePlan("Door"), "test").device
    return {
        "series_id": site.parts.timetable.add(monday, "test")[0].series_id,
        "camera_id": site.parts.cameras.add(draft, Actor("test", Role.ADMINISTRATOR)).camera_id,
        "device_id": device.device_id,
        "group_id": site.group.group_id,
        "session_id": site.session.session_id,
        "subject_id": site.people[1].subject_id,
        "user_id": site.users["bob"].user_id,
        "account_id": site.users["bob"].user_id,
    }


NEAR = {
    "starts_at": "2026-03-02T10:00:00Z",
    "ends_at": "2026-03-02T11:00:00Z",
    "first_day": "2026-03-02",
    "last_day": "2026-03-03",
    "since": "2026-03-02",
    "reason": "ill",
}


def with_ids(value: Any, known: dict[str, str]) -> Any:
    """Return a body in which ids are those of things that are there, and days are near."""
    if isinstance(value, list):
        return [with_ids(one, known) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: with_ids(one, known) for name, one in value.items()}
    found |= {name: known[name] for name in known.keys() & found.keys()}
    if isinstance(found.get("subject_ids"), list):
        found["subject_ids"] = [known["subject_id"]]
    if isinstance(found.get("group_ids"), list):
        found["group_ids"] = [known["group_id"]]
    return found


def operations(app: Flask, mode: GenerationMode) -> Iterator[Any]:
    config = SchemathesisConfig()
    config.projects.default.generation.update(modes=[mode])
    schema = schemathesis.openapi.from_wsgi(f"{API}/openapi.json", app, config=config)
    for result in schema.get_all_operations():
        yield result.ok()


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
@pytest.mark.parametrize("login", ["alice", "bob", "dora", "ada", None], ids=str)
def test_nothing_fails_and_every_answer_is_described(
    login: str | None, mode: GenerationMode, site: Site, web_app: Flask
) -> None:
    headers = {} if login is None else {"Authorization": f"Bearer {make_token(site, login)}"}
    known = real_ids(site)

    for operation in operations(web_app, mode):

        @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any, real: bool) -> None:
            if real and mode is GenerationMode.POSITIVE:
                case.path_parameters = {**(case.path_parameters or {})}
                there = set() if case.method.upper() == "DELETE" else known.keys()
                for name in case.path_parameters.keys() & there:
                    case.path_parameters[name] = known[name]
                case.body = with_ids(case.body, known | NEAR)
            case.headers = {**(case.headers or {}), **headers}
            case.call_and_validate(checks=CHECKS)

        ask()


def test_the_description_is_a_valid_one(web_app: Flask) -> None:
    answer = web_app.test_client().get(f"{API}/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    said = answer.get_json()
    assert said["openapi"].startswith("3.1")
    schema = schemathesis.openapi.from_dict(said)
    schema.validate()


def test_the_description_covers_every_route(web_app: Flask) -> None:
    described = {
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method in methods
    }
    served = {
        (method, rule.rule.removeprefix(API).replace("<string(length=32):", "{").replace(">", "}"))
        for rule in web_app.url_map.iter_rules()
        if rule.rule.startswith(API)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served - {("GET", "/openapi.json"), ("GET", "/docs")}
    assert {scope for one in OPERATIONS if (scope := one.scope)} == set(Scope)


def test_nothing_of_the_site_is_in_the_description(site: Site, web_app: Flask) -> None:
    said = web_app.test_client().get(f"{API}/openapi.json").text
    page = web_app.test_client().get(f"{API}/docs").text
    for name in (site.ada.name, site.ada.subject_id, site.group.group_id, "Hill School"):
        assert name not in said
    assert site.ada.name not in page
    assert all(f"/{one.tag}" in page for one in OPERATIONS)


def test_refusals_are_described_once() -> None:
    responses = document()["components"]["responses"]
    assert set(responses) == {f"Refused{status}" for status in TEXTS}


@pytest.mark.slow
@given(size=st.integers(1, 200), people=st.integers(0, 12))
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_pages_hold_everybody_once(size: int, people: int, site: Site, web_app: Flask) -> None:
    alice = Program(web_app, make_token(site, "alice", [Scope.PEOPLE_READ, Scope.AUDIT_READ]))
    for number in range(people):
        site.parts.people.add(f"Extra {number}", new_id())
    first = alice.get(f"/people?size={size}").get_json()
    pages = [
        alice.get(f"/people?size={size}&page={page}").get_json()["items"]
        for page in range(1, first["pages"] + 2)
    ]
    ids = [one["id"] for page in pages for one in page]
    assert len(ids) == len(set(ids)) == first["total"]
    assert all(len(page) == size for page in pages[: first["pages"] - 1])
    assert pages[-1] == []
