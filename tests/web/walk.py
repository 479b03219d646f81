"""What can be changed through routes, done once in the full school: by forms and by programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from rollbook.bootstrap import App
from rollbook.domain.access import Role
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Subject
from rollbook.services.accounts import NewAccount
from rollbook.services.engine_pool import EnginePool
from rollbook.testing import YELLOW
from web.accounts import read
from web.desk import Desk, png
from web.pages import routes
from web.programs import make_token
from web.samples import UNKNOWN
from web.school import Site, sign_in
from web.test_class_photo import calibrations

Told = list[tuple[str, str]]


class Walk:
    """The full school, in which one thing after the other is done."""

    def __init__(self, site: Site, app: Flask) -> None:
        self.site, self.app = site, app
        self.kept: dict[str, str] = {}
        self.desk = Desk(site, self.client)
        site.parts.engines = EnginePool(self._worker, workers=1)
        add = site.parts.accounts.add
        self.spare = add(NewAccount("eve", Role.FACULTY, "Eve"), "test").user

    def _worker(self) -> App:
        app = self.desk._worker()
        app.calibrations = calibrations()
        return app

    @property
    def parts(self) -> App:
        return self.site.parts

    def client(self, login: str | None) -> FlaskClient:
        client = self.app.test_client()
        if login is not None:
            self.site.users[login] = read(self.site, login)  # a new password ends what was
            client.set_cookie("rollbook", sign_in(self.site, login))
        return client

    def person(self, number: int) -> Subject:
        """Return somebody of 5b; 0 is Ada, and the last have neither marks nor samples."""
        return self.site.people[number]

    def address(self, endpoint: str, method: str, values: Mapping[str, str]) -> str:
        """Return where this route is, for the things of the school or for `values`."""
        from web.samples import DEFAULTS, SAMPLES

        rule = next(
            rule for rule, one in routes(self.app) if rule.endpoint == endpoint and one == method
        )
        found = {name: UNKNOWN for name in rule.arguments}
        found |= {name: make(self.site) for name, make in DEFAULTS.items() if name in found}
        if endpoint in SAMPLES:
            found |= SAMPLES[endpoint](self.site)
        found |= {name: ids[0] for name, ids in self.site.ids.items() if name in found and ids}
        with self.app.test_request_context():
            return str(self.app.url_map.bind("localhost").build(endpoint, {**found, **values}))

    def count(self) -> int:
        with self.parts.uow() as uow:
            return uow.register.count()

    def told(self, after: int) -> Told:
        """Return the event of each entry since, with who is said to have done it."""
        with self.parts.uow() as uow:
            entries = uow.register.entries(limit=100, down_to=after + 1)
        return [
            (
                "exported"
                if entry.kind is EntryKind.EXPORT
                else str(entry.body.get("event", entry.body.get("kind"))),
                str(entry.body.get("by")),
            )
            for entry in entries
        ]


Given = Mapping[str, Any] | Callable[[Walk], Mapping[str, Any]]
Before = Callable[[Walk, FlaskClient], object]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done through a route."""

    endpoint: str
    login: str | None = "alice"
    data: Given = field(default_factory=dict)
    values: Given = field(default_factory=dict)  # of the address
    before: Before | None = None  # what has to be so
    method: str = "POST"
    as_json: bool = False
    by_task: bool = False  # a task writes the entry
    by_other: bool = False  # the entry is not about the account that is signed in

    def do(self, walk: Walk) -> TestResponse:
        by_program = self.endpoint.startswith("api.") and not self.endpoint.endswith("_token")
        client = walk.client(None if by_program else self.login)
        if self.before is not None:
            self.before(walk, client)
        values = _of(self.values, walk)
        where, sent = walk.address(self.endpoint, self.method, values), _of(self.data, walk)
        if by_program:
            assert self.login is not None
            headers = {"Authorization": f"Bearer {make_token(walk.site, self.login)}"}
            body = {"json": sent} if sent else {}
            return client.open(where, method=self.method, headers=headers, **body)
        if self.as_json:
            return client.post(where, json=sent)
        return client.post(where, data=sent)


def _of(given: Given, walk: Walk) -> dict[str, Any]:
    return dict(given(walk) if callable(given) else given)


def file(data: bytes, name: str) -> tuple[BytesIO, str]:
    return BytesIO(data), name


def picture(step: int) -> bytes:
    """Return a picture of somebody who is not enrolled yet."""
    return png(YELLOW, step)
